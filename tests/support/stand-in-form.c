/* Reads a multipart form as strictly as RFC 7578 and RFC 2046 allow.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include <string.h>

#include "stand-in-private.h"

/* The value behind key in a header's parameters, unquoted: name="a \"b\"". */
static char *
dup_parameter (const char *line,
               const char *key)
{
  g_autofree char *start = g_strdup_printf ("; %s=\"", key);
  const char *at = strstr (line, start);
  g_autoptr (GString) value = NULL;

  if (at == NULL)
    return NULL;
  value = g_string_new (NULL);
  for (at += strlen (start); *at != '\0' && *at != '"'; at++)
    {
      if (*at == '\\' && at[1] != '\0')
        at++;
      g_string_append_c (value, *at);
    }
  return *at == '"' ? g_string_free (g_steal_pointer (&value), FALSE) : NULL;
}

static void
parse_part_head (StandInRequest *request,
                 StandInPart    *part,
                 const char     *head)
{
  g_auto (GStrv) lines = g_strsplit (head, "\r\n", -1);

  for (int i = 0; lines[i] != NULL; i++)
    {
      if (g_str_has_prefix (lines[i], "Content-Disposition: form-data; "))
        {
          part->name = dup_parameter (lines[i], "name");
          part->file_name = dup_parameter (lines[i], "filename");
        }
      else if (g_str_has_prefix (lines[i], "Content-Type: "))
        part->content_type = g_strdup (lines[i] + strlen ("Content-Type: "));
      else
        stand_in_request_violate (request, "a part with the header: %s", lines[i]);
    }
  if (part->name == NULL)
    {
      part->name = g_strdup ("");
      stand_in_request_violate (request, "a part without a name: %s", head);
    }
  else if (stand_in_request_part (request, part->name) != NULL)
    stand_in_request_violate (request, "%s: is there twice", part->name);
}

static GBytes *
bytes_with_a_zero (const char *data,
                   gsize       size)
{
  char *copy = g_malloc (size + 1);

  memcpy (copy, data, size);
  copy[size] = '\0';
  return g_bytes_new_take (copy, size);
}

void
stand_in_request_parse_form (StandInRequest *request,
                             const char     *boundary)
{
  g_autofree char *first = g_strdup_printf ("--%s\r\n", boundary);
  g_autofree char *next = g_strdup_printf ("\r\n--%s", boundary);
  gsize size;
  const char *at = g_bytes_get_data (request->body, &size);
  const char *end = at + size;

  if (size < strlen (first) || memcmp (at, first, strlen (first)) != 0)
    {
      stand_in_request_violate (request, "the form does not begin with its boundary");
      return;
    }
  at += strlen (first);
  while (TRUE)
    {
      const char *blank = memmem (at, end - at, "\r\n\r\n", 4);
      const char *close = blank == NULL ? NULL : memmem (blank + 4, end - blank - 4, next, strlen (next));
      StandInPart *part;
      g_autofree char *head = NULL;

      if (close == NULL)
        break;
      head = g_strndup (at, blank - at);
      part = g_new0 (StandInPart, 1);
      part->body = bytes_with_a_zero (blank + 4, close - blank - 4);
      parse_part_head (request, part, head);
      g_ptr_array_add (request->parts, part);
      at = close + strlen (next);
      if ((end - at == 2 && memcmp (at, "--", 2) == 0) || (end - at == 4 && memcmp (at, "--\r\n", 4) == 0))
        return;
      if (end - at < 2 || memcmp (at, "\r\n", 2) != 0)
        break;
      at += 2;
    }
  stand_in_request_violate (request, "the form does not end as it should");
}
