/* Strict JSON (RFC 8259) with limits, for headers and configurations of model files: UTF-8 only, no key twice in an
 * object, no NUL, at most 8 levels and two million values. The tree lives until sd3_json_free().
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include "engine/error.h"

#include <stddef.h>
#include <stdint.h>

typedef enum
{
  SD3_JSON_NULL,
  SD3_JSON_BOOLEAN,
  SD3_JSON_NUMBER,
  SD3_JSON_STRING,
  SD3_JSON_ARRAY,
  SD3_JSON_OBJECT,
} sd3_json_type;

typedef struct sd3_json_node sd3_json_node;

struct sd3_json_node
{
  sd3_json_type  type;
  bool           truth;      /* of a boolean */
  bool           is_index;   /* the number is an integer from 0 to 2⁵³ */
  uint32_t       n;          /* members of an array or object; bytes of a string */
  double         number;
  uint64_t       index;      /* when is_index */
  const char    *key;        /* in an object */
  const char    *string;     /* NUL-terminated UTF-8 */
  sd3_json_node *child;      /* first member */
  sd3_json_node *next;       /* sibling */
};

typedef struct sd3_json sd3_json;

/* Returns NULL and says why when the text is not strict JSON; @name is its file's. */
sd3_json *sd3_json_parse (const char *text,
                          size_t      length,
                          const char *name,
                          sd3_error  *error);

/* The same for a line of the protocol, which needs no more than a hundred values. */
sd3_json *sd3_json_parse_line (const char *text,
                               size_t      length,
                               sd3_error  *error);

void sd3_json_free (sd3_json *json);

const sd3_json_node *sd3_json_root (const sd3_json *json);

/* The member of an object, or NULL: also when @node is NULL or no object. */
const sd3_json_node *sd3_json_get (const sd3_json_node *node,
                                   const char          *key);

/* Like sd3_json_get() where the member must have a type. */
const sd3_json_node *sd3_json_get_type (const sd3_json_node *node,
                                        const char          *key,
                                        sd3_json_type        type);
