/* Errors as sentences: one GError domain, few codes, and with each error what a person has to know about it.
 *
 * The message says what happened, whether it may have cost money and what to do. What only a developer or a
 * support desk can read goes into the details, which are shown behind "Details" and can be copied. Neither may
 * ever hold a key: whoever fills them in passes them through sfumato_redact() first.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

#define SFUMATO_ERROR (sfumato_error_quark ())

/**
 * SfumatoErrorCode:
 * @SFUMATO_ERROR_NETWORK: the service could not be reached, or the connection broke
 * @SFUMATO_ERROR_UNAUTHORISED: there is no key, or it was not accepted
 * @SFUMATO_ERROR_PAYMENT: not enough credits
 * @SFUMATO_ERROR_REFUSED: the service declined this prompt or picture
 * @SFUMATO_ERROR_RATE: too many requests; see sfumato_error_get_retry_after()
 * @SFUMATO_ERROR_INVALID: the request is not one the model or the service takes
 * @SFUMATO_ERROR_SERVICE: the service failed, or answered something that is not a picture
 * @SFUMATO_ERROR_STORAGE: disk, folder or database
 * @SFUMATO_ERROR_ENGINE: the engine on this computer
 * @SFUMATO_ERROR_CANCELLED: the person stopped it
 */
typedef enum
{
  SFUMATO_ERROR_NETWORK,
  SFUMATO_ERROR_UNAUTHORISED,
  SFUMATO_ERROR_PAYMENT,
  SFUMATO_ERROR_REFUSED,
  SFUMATO_ERROR_RATE,
  SFUMATO_ERROR_INVALID,
  SFUMATO_ERROR_SERVICE,
  SFUMATO_ERROR_STORAGE,
  SFUMATO_ERROR_ENGINE,
  SFUMATO_ERROR_CANCELLED,
} SfumatoErrorCode;

/**
 * SfumatoCharge:
 * @SFUMATO_CHARGE_NONE: nothing was charged
 * @SFUMATO_CHARGE_MAYBE: it may have been charged; only the balance can tell
 * @SFUMATO_CHARGE_YES: the price was charged
 */
typedef enum
{
  SFUMATO_CHARGE_NONE,
  SFUMATO_CHARGE_MAYBE,
  SFUMATO_CHARGE_YES,
} SfumatoCharge;

/**
 * SfumatoErrorHelp:
 *
 * What can be done about an error beside changing the request; the window turns it into a button.
 */
typedef enum
{
  SFUMATO_ERROR_HELP_NONE,
  SFUMATO_ERROR_HELP_TRY_AGAIN,   /* the same request, as a new decision of the person */
  SFUMATO_ERROR_HELP_CHANGE_KEY,
  SFUMATO_ERROR_HELP_BUY_CREDITS,
  SFUMATO_ERROR_HELP_EDIT_PROMPT,
  SFUMATO_ERROR_HELP_CHANGE_ADDRESS,
  SFUMATO_ERROR_HELP_SAVE_ELSEWHERE,
  SFUMATO_ERROR_HELP_UNLOCK,      /* the keyring; then the same again */
} SfumatoErrorHelp;

GQuark           sfumato_error_quark           (void);

/* Building. Every setter works on an error of SFUMATO_ERROR only, takes effect in place, copies what it is given, and may
 * be left out: charge defaults to none, the rest to empty. title: a few words above the message; both are translated. */
GError          *sfumato_error_new             (SfumatoErrorCode  code,
                                                const char       *title,
                                                const char       *format,
                                                ...) G_GNUC_PRINTF (3, 4);
GError          *sfumato_error_new_valist      (SfumatoErrorCode  code,
                                                const char       *title,
                                                const char       *format,
                                                va_list           args) G_GNUC_PRINTF (3, 0);
void             sfumato_error_set_charge      (GError           *error,
                                                SfumatoCharge     charge);
void             sfumato_error_set_help        (GError           *error,
                                                SfumatoErrorHelp  help);
void             sfumato_error_set_details     (GError           *error,
                                                const char       *details);
/* The control the error is about, by the names of sfumato_request_validate(); several are separated by commas,
 * "prompt,aspect_ratio", where a service finds fault with more than one. */
void             sfumato_error_set_field       (GError           *error,
                                                const char       *field);
/* What arrived of a picture that may have been paid for, although it cannot be used. */
void             sfumato_error_set_remains     (GError           *error,
                                                GBytes           *remains);
void             sfumato_error_set_retry_after (GError           *error,
                                                guint             seconds);

/* Reading. All of these take any GError; what they return is the error's. One of another domain has a title that fits
 * anything, no charge, and nothing else. */
const char      *sfumato_error_get_title       (const GError     *error);
SfumatoCharge    sfumato_error_get_charge      (const GError     *error);
SfumatoErrorHelp sfumato_error_get_help        (const GError     *error);
const char      *sfumato_error_get_details     (const GError     *error);
const char      *sfumato_error_get_field       (const GError     *error);
GBytes          *sfumato_error_get_remains     (const GError     *error);
guint            sfumato_error_get_retry_after (const GError     *error); /* seconds; 0: it did not say */

/* Their words in the command line's JSON, in the journal and in sidecars. */
const char      *sfumato_error_code_to_string  (SfumatoErrorCode  code);
const char      *sfumato_charge_to_string      (SfumatoCharge     charge);
gboolean         sfumato_charge_from_string    (const char       *word,
                                                SfumatoCharge    *charge);

/* Text from outside (servers, files) made safe to show: valid UTF-8, no control characters beside newline and
 * tab, at most max_chars characters with "…" behind a cut. length: in bytes, or -1. (transfer full) */
char            *sfumato_clean_text            (const char       *text,
                                                gssize            length,
                                                guint             max_chars);
/* text with every occurrence of secret replaced by "[key]"; both may be NULL. (transfer full) */
char            *sfumato_redact                (const char       *text,
                                                const char       *secret);

G_END_DECLS
