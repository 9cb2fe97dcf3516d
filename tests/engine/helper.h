/* The real helper process at the other end of two pipes. Every line it writes must be one JSON object; waiting for one
 * has an end.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include <gio/gio.h>
#include <json-glib/json-glib.h>

/* Members of a picture that "all.safetensors" of whole.h makes at once, and of one that takes as long as it is let. */
#define HELPER_SMALL "\"prompt\":\"a lighthouse in the fog\",\"negative\":\"glass\",\"width\":64,\"height\":64,\"steps\":2,\"guidance\":3,\"seed\":\"7\""
#define HELPER_LONG "\"prompt\":\"a lighthouse in the fog\",\"width\":192,\"height\":192,\"steps\":1000,\"seed\":\"7\""

typedef struct
{
  GPid     pid;
  int      in, out; /* its standard input and output; -1 once closed */
  GString *read;    /* what came and is not looked at yet */
} Helper;

/* Starts it and takes its first line. */
Helper *helper_new (void);

/* With a program and arguments that start it. */
Helper *helper_new_by (const char *const *arguments,
                       GSpawnFlags        flags);

/* Kills it if need be. */
void helper_free (Helper *helper);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Helper, helper_free)

void helper_send (Helper     *helper,
                  const char *format,
                  ...) G_GNUC_PRINTF (2, 3);
void helper_send_bytes (Helper     *helper,
                        const char *bytes,
                        gsize       size);
void helper_close_input (Helper *helper);
void helper_close_output (Helper *helper);

/* The next line; NULL when it wrote its last. */
JsonObject *helper_next (Helper *helper);

/* The next line but those of the types "progress" and "preview"; it must be of @type. */
JsonObject *helper_expect (Helper     *helper,
                           const char *type);

/* Reads up to the start of a phase. */
void helper_wait_for (Helper     *helper,
                      const char *phase);

/* Waits at most @seconds for its end: the exit status, or minus the signal. */
int helper_end (Helper *helper,
                double  seconds);

/* Loads "all.safetensors" of whole.h. */
void helper_load (Helper *helper);

/* The bytes of a member in base64. */
GBytes *helper_bytes (JsonObject *line,
                      const char *member);

/* The next line, which is an error that has these words in it. */
void helper_expect_error (Helper     *helper,
                          const char *id,
                          const char *kind,
                          const char *says);

/* The pixels of the next line, which is the result for @id and as large as what HELPER_SMALL asks for. */
GBytes *helper_picture (Helper     *helper,
                        const char *id);

/* What the engine makes in this process of HELPER_SMALL; and asking @helper for the same. */
GBytes *helper_expected_picture (void);
void helper_expect_picture (Helper *helper,
                            GBytes *expected);
