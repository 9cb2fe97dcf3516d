/* sfumato-cli: what its commands share. A command is a row of the table in sfumato-cli.c: its options, its words for
 * --help, and a function that does it and returns an exit status.
 *
 * Standard output carries the answer and nothing else: text, one JSON object, or the bytes of a picture. Everything
 * said to the person goes to standard error.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include <json-glib/json-glib.h>

#include "studio/sfumato-studio.h"

G_BEGIN_DECLS

/**
 * SfumatoExit:
 *
 * The exit statuses. They never change their meaning; new ones may come.
 */
typedef enum
{
  SFUMATO_EXIT_DONE = 0,
  SFUMATO_EXIT_FAILED = 1,         /* anything without a status of its own */
  SFUMATO_EXIT_MISUSE = 2,         /* the command line was not understood */
  SFUMATO_EXIT_NETWORK = 3,
  SFUMATO_EXIT_UNAUTHORISED = 4,   /* no key, or it was not accepted */
  SFUMATO_EXIT_PAYMENT = 5,
  SFUMATO_EXIT_REFUSED = 6,        /* declined, or made and blurred */
  SFUMATO_EXIT_RATE = 7,
  SFUMATO_EXIT_INVALID = 8,        /* the model or the service does not take this request */
  SFUMATO_EXIT_SERVICE = 9,
  SFUMATO_EXIT_STORAGE = 10,
  SFUMATO_EXIT_ENGINE = 11,        /* the engine on this computer */
  SFUMATO_EXIT_CANCELLED = 130,    /* as shells say it of a program that was ended with Ctrl+C */
} SfumatoExit;

typedef struct
{
  gboolean       json;
  const char    *url;        /* nullable, borrowed */
  gboolean       key_stdin;  /* the key comes from standard input, for this run */
  SfumatoStudio *studio;     /* owned, nullable: see sfumato_cli_open() */
} SfumatoCli;

/**
 * SfumatoCommand:
 * @usage: what follows the name, untranslated words in capitals: "PROMPT"
 * @description: (translatable): what it does, in a paragraph or two
 * @examples: lines without the program's name, ended by NULL
 * @options: (nullable): besides --json, --url and --help
 * @wants_url: it speaks to the service, and takes --url and --key-stdin
 */
typedef struct
{
  const char         *name;
  const char         *usage;
  const char         *summary;
  const char         *description;
  const char * const *examples;
  const GOptionEntry *options;
  gboolean            wants_url;
  SfumatoExit       (*run) (SfumatoCli  *cli,
                            char       **arguments);
} SfumatoCommand;

extern const SfumatoCommand sfumato_command_generate;
extern const SfumatoCommand sfumato_command_list;
extern const SfumatoCommand sfumato_command_search;
extern const SfumatoCommand sfumato_command_show;
extern const SfumatoCommand sfumato_command_delete;
extern const SfumatoCommand sfumato_command_queue;
extern const SfumatoCommand sfumato_command_key;
extern const SfumatoCommand sfumato_command_balance;
extern const SfumatoCommand sfumato_command_models;

/* argv as main() got it. */
SfumatoExit  sfumato_cli_main         (char          **argv);
/* The studio, opened at the first call. NULL and an error of SFUMATO_ERROR. (transfer none) */
SfumatoStudio *sfumato_cli_open       (SfumatoCli     *cli,
                                       GError        **error);

/* ---- saying it: sfumato-cli-output.c ---- */

/* error: of any domain; (transfer full). Says it in the way that was asked for, and returns the status for it. */
SfumatoExit  sfumato_cli_fail         (SfumatoCli     *cli,
                                       GError         *error);
/* The command line was not understood. */
SfumatoExit  sfumato_cli_misuse       (SfumatoCli     *cli,
                                       const char     *format,
                                       ...) G_GNUC_PRINTF (2, 3);
SfumatoExit  sfumato_cli_exit_for     (const GError   *error);
/* To the person. */
void         sfumato_cli_say          (const char     *format,
                                       ...) G_GNUC_PRINTF (1, 2);
/* An error in words: what happened, then its details. */
void         sfumato_cli_say_error    (const GError   *error);
/* A line of a name and a value; none where value is NULL or empty. */
void         sfumato_cli_add_fact     (GString        *text,
                                       const char     *name,
                                       const char     *value);
/* The answer; DONE, or FAILED where standard output does not take it. */
SfumatoExit  sfumato_cli_print        (const char     *text,
                                       gssize          length);
/* As one line. object: (transfer full) */
SfumatoExit  sfumato_cli_print_json   (JsonObject     *object);
/* The same without a word about it: FALSE and an error of SFUMATO_ERROR. */
gboolean     sfumato_cli_write_stdout (const char     *data,
                                       gsize           length,
                                       GError        **error);

/* ---- JSON: sfumato-cli-json.c; all (transfer full) ---- */

JsonObject  *sfumato_cli_picture_json (SfumatoCli     *cli,
                                       SfumatoPicture *picture);
/* price: hundredths of a credit that may have been charged; said where that is so. */
JsonObject  *sfumato_cli_error_json   (const GError   *error,
                                       int             price);
/* What model made of it, before it is a picture of the gallery. */
JsonObject  *sfumato_cli_result_json  (SfumatoResult  *result,
                                       SfumatoRequest *request);
JsonObject  *sfumato_cli_job_json     (SfumatoJob     *job);
JsonObject  *sfumato_cli_model_json   (const SfumatoModel *model);
const char  *sfumato_cli_state_word   (SfumatoJobState state);

/* ---- what was typed: sfumato-cli-input.c, sfumato-cli-provide-key.c; errors of SFUMATO_ERROR ---- */

/* A number as people and programs write it, with a point; field: for the error. */
gboolean     sfumato_cli_parse_number (const char     *text,
                                       const char     *field,
                                       double         *number,
                                       GError        **error);
/* A whole number of digits only. */
gboolean     sfumato_cli_parse_count  (const char     *text,
                                       const char     *field,
                                       gint64          min,
                                       gint64          max,
                                       gint64         *count,
                                       GError        **error);
/* FALSE with SFUMATO_ERROR_INVALID where text (nullable) is not UTF-8. */
gboolean     sfumato_cli_check_text   (const char     *text,
                                       const char     *field,
                                       GError        **error);
/* All of standard input, without the line break at its end. (transfer full) */
char        *sfumato_cli_read_stdin   (gsize           max,
                                       GError        **error);
/* A line typed without being shown, or all of standard input where that is no terminal. Wipe it with
 * sfumato_cli_wipe(). (transfer full) */
char        *sfumato_cli_read_secret  (const char     *prompt,
                                       GError        **error);
void         sfumato_cli_wipe         (char           *secret);
/* The key of a service, as sfumato_cli_read_secret() gives it. */
char        *sfumato_cli_ask_for_key  (SfumatoService *service,
                                       GError        **error);
/* Before service is asked for something, so that nothing fails for want of a key that a person is there to type: takes
 * the key for this run from standard input where --key-stdin says so; where the keyring does not give it, asks on the
 * terminal. FALSE where the keyring fails and nobody can be asked. */
gboolean     sfumato_cli_provide_key  (SfumatoCli     *cli,
                                       SfumatoService *service,
                                       GError        **error);
/* A picture file of any type that can be converted, made to fit the model. (transfer full) */
SfumatoInput *sfumato_cli_load_input  (const char         *path,
                                       const SfumatoModel *model,
                                       const char         *prompt,
                                       GError            **error);

/* ---- waiting for jobs: sfumato-cli-follow.c ---- */

/* Until each of jobs (element-type SfumatoJob) has ended, with a progress line where a person sees it. Ctrl+C cancels
 * them, a second one ends the program. */
void         sfumato_cli_follow       (SfumatoCli     *cli,
                                       GPtrArray      *jobs);

/* Calls callback for Ctrl+C and for being asked to end, except where the program was told not to hear of that. */
#define SFUMATO_CLI_SIGNALS 3
void         sfumato_cli_watch_signals   (guint          sources[SFUMATO_CLI_SIGNALS],
                                          GSourceFunc    callback,
                                          gpointer       user_data);
void         sfumato_cli_unwatch_signals (guint          sources[SFUMATO_CLI_SIGNALS]);

/* ---- writing pictures elsewhere: sfumato-cli-save.c; errors of SFUMATO_ERROR ---- */

/* Whether a picture could be written there: asked before it is paid for. */
gboolean     sfumato_cli_check_output (const char     *path,
                                       gboolean        force,
                                       GError        **error);
/* Durably. An existing file is an error unless force is set; a device or a pipe is written into. */
gboolean     sfumato_cli_save         (const char     *path,
                                       GBytes         *bytes,
                                       gboolean        force,
                                       GError        **error);
/* Somewhere, where nothing else took it: (transfer full), NULL where really nothing does. */
char        *sfumato_cli_save_anywhere (GBytes        *bytes,
                                        SfumatoImageType type);

/* ---- how a generation is reported: sfumato-cli-report.c ---- */

/**
 * SfumatoOutput:
 * @path: (nullable): a file, a folder, or "-" for standard output, besides the gallery
 * @force: an existing file is overwritten
 */
typedef struct
{
  const char *path;
  gboolean    force;
} SfumatoOutput;

/* The path of picture number n of count; name: the gallery's file name. (transfer full) */
char        *sfumato_cli_output_path  (const SfumatoOutput *output,
                                       const char          *name,
                                       guint                n,
                                       guint                count);
/* Writes what came of the jobs where it was asked for, and says so. */
SfumatoExit  sfumato_cli_report       (SfumatoCli          *cli,
                                       GPtrArray           *jobs,
                                       const SfumatoOutput *output);

G_END_DECLS
