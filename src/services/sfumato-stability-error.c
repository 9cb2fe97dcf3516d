/* What went wrong, as a sentence: what happened, whether it may have cost money, what to do.
 *
 * What costs: failed generations are not charged, says the service's document, and neither is what it refuses. But
 * only the service itself can say that one failed; a gateway in front of it, a lost connection or an answer that
 * cannot be read leave open what it did.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "services/sfumato-stability-private.h"

#include <glib/gi18n-lib.h>

#include "domain/sfumato-error.h"
#include "services/sfumato-json.h"

#define SERVER_TEXT_MAX   500 /* characters */
#define SERVER_WORD_MAX   200
#define DEPTH_MAX         4
#define SIGN_IN_FIRST     511 /* RFC 6585: said by what stands in between, never by a service */
#define RETRY_DEFAULT     60  /* seconds: how long Stability locks out who asked too often */
#define RETRY_MAX         120

/* Text of the server, safe to show. The key is looked for before and behind the cleaning, so that neither characters
 * that vanish nor the cut at the end can hide it. */
static char *
clean (const SfumatoStabilityCall *call,
       const char                 *text,
       guint                       max_chars)
{
  g_autofree char *redacted = sfumato_redact (text, call->key);
  g_autofree char *whole = sfumato_clean_text (redacted, -1, 16 * max_chars);
  g_autofree char *safe = sfumato_redact (whole, call->key);

  return sfumato_clean_text (safe, -1, max_chars);
}

/* ---- details ---- */

static void
append_detail (const SfumatoStabilityCall *call,
               GString                    *details,
               const char                 *name,
               const char                 *value)
{
  g_autofree char *safe = value == NULL ? NULL : clean (call, value, SERVER_WORD_MAX);

  if (safe != NULL && *safe != '\0')
    g_string_append_printf (details, "%s: %s\n", name, safe);
}

static const char *
get_header (const SfumatoHttpAnswer *answer,
            const char              *name)
{
  return answer->headers == NULL ? NULL : soup_message_headers_get_one (answer->headers, name);
}

/* For a support desk, and so not translated. */
static char *
dup_details (const SfumatoStabilityCall *call,
             const SfumatoHttpAnswer    *answer,
             JsonObject                 *body)
{
  GString *details = g_string_new (NULL);
  g_autofree char *words = sfumato_stability_dup_words (body);
  g_autofree char *status = g_strdup_printf ("%u %s", answer->status, answer->reason != NULL ? answer->reason : "");

  append_detail (call, details, "host", call->host);
  append_detail (call, details, "path", call->path);
  append_detail (call, details, "status", answer->headers != NULL ? status : NULL);
  append_detail (call, details, "name", body != NULL ? sfumato_json_get_string (body, "name") : NULL);
  append_detail (call, details, "id", body != NULL ? sfumato_json_get_string (body, "id") : NULL);
  append_detail (call, details, "x-request-id", get_header (answer, "x-request-id"));
  append_detail (call, details, "content-type", get_header (answer, "content-type"));
  append_detail (call, details, "finish-reason", get_header (answer, "finish-reason"));
  append_detail (call, details, "location", get_header (answer, "location"));
  append_detail (call, details, "retry-after", get_header (answer, "retry-after"));
  append_detail (call, details, "problem", answer->message);
  if (*words != '\0')
    {
      g_autofree char *safe = clean (call, words, 8 * SERVER_TEXT_MAX);

      g_string_append_printf (details, "\n%s\n", safe);
    }
  return g_strchomp (g_string_free (details, FALSE));
}

static const char *
money_sentence (const SfumatoStabilityCall *call,
                const SfumatoHttpAnswer    *answer,
                SfumatoCharge               charge)
{
  if (call->request == NULL)
    return NULL;
  if (charge == SFUMATO_CHARGE_MAYBE)
    return _("It may have been charged: check your balance before you ask again.");
  return answer->sent ? _("Nothing was charged.") : _("Nothing was sent or charged.");
}

/* Sentences follow each other with a space, unless a line has ended. */
static void
append_sentence (GString    *text,
                 const char *sentence)
{
  if (sentence == NULL)
    return;
  if (text->len > 0 && text->str[text->len - 1] != '\n')
    g_string_append_c (text, ' ');
  g_string_append (text, sentence);
}

GError *
sfumato_stability_error (const SfumatoStabilityCall *call,
                         const SfumatoHttpAnswer    *answer,
                         JsonObject                 *body,
                         SfumatoErrorCode            code,
                         SfumatoCharge               charge,
                         const char                 *title,
                         const char                 *what,
                         const char                 *todo)
{
  g_autoptr (GString) sentences = g_string_new (NULL);
  g_autofree char *message = NULL;
  g_autofree char *details = dup_details (call, answer, body);
  GError *error;

  append_sentence (sentences, what);
  append_sentence (sentences, money_sentence (call, answer, charge));
  /* What may have been charged is advice enough. */
  if (todo == NULL && call->request == NULL && code != SFUMATO_ERROR_CANCELLED)
    todo = _("Try again later.");
  append_sentence (sentences, todo);
  message = sfumato_redact (g_strchomp (sentences->str), call->key);
  error = sfumato_error_new (code, title, "%s", message);
  sfumato_error_set_charge (error, call->request != NULL ? charge : SFUMATO_CHARGE_NONE);
  sfumato_error_set_details (error, details);
  return error;
}

/* ---- refusals ---- */

typedef struct
{
  guint             status; /* 0: only by name */
  const char       *name;   /* nullable: only by status */
  SfumatoErrorCode  code;
  SfumatoErrorHelp  help;
  const char       *field;  /* nullable */
  gboolean          quote;  /* whether the service's words say more than ours */
  const char       *title;
  const char       *what;   /* NULL: it names the address */
  const char       *todo;   /* nullable */
} Refusal;

/* A name decides before a status does; the first row that fits is taken. */
static const Refusal refusals[] = {
  { 400, "bad_request", SFUMATO_ERROR_INVALID, SFUMATO_ERROR_HELP_NONE, NULL, TRUE, N_("Request Not Accepted"),
    N_("The service did not accept the request."), N_("Change the prompt or the settings.") },
  { 401, "unauthorized", SFUMATO_ERROR_UNAUTHORISED, SFUMATO_ERROR_HELP_CHANGE_KEY, NULL, FALSE,
    N_("Key Not Accepted"), N_("The service did not accept the key."),
    N_("Enter the key again, or make a new one on the service’s website.") },
  { 402, "payment_required", SFUMATO_ERROR_PAYMENT, SFUMATO_ERROR_HELP_BUY_CREDITS, NULL, FALSE,
    N_("Not Enough Credits"), N_("The account has too few credits for this picture."),
    N_("Buy credits, or choose a less expensive model.") },
  { 0, "content_moderation", SFUMATO_ERROR_REFUSED, SFUMATO_ERROR_HELP_EDIT_PROMPT, "prompt", FALSE,
    N_("Declined by Moderation"), N_("The service’s moderation declined this request."),
    N_("Change the prompt or the reference picture.") },
  { 0, "permission_denied", SFUMATO_ERROR_UNAUTHORISED, SFUMATO_ERROR_HELP_CHANGE_KEY, NULL, TRUE,
    N_("Not Allowed With This Key"), N_("The service does not allow this with the key in use."),
    N_("Use another key.") },
  { 403, NULL, SFUMATO_ERROR_REFUSED, SFUMATO_ERROR_HELP_NONE, NULL, TRUE, N_("Refused"),
    N_("The service, or something in between, refused the request."),
    N_("Change the prompt, or look into your account on the service’s website.") },
  { 404, "not_found", SFUMATO_ERROR_SERVICE, SFUMATO_ERROR_HELP_CHANGE_ADDRESS, NULL, FALSE, N_("Wrong Address"),
    NULL, N_("Check the address in Preferences.") },
  { 405, NULL, SFUMATO_ERROR_SERVICE, SFUMATO_ERROR_HELP_CHANGE_ADDRESS, NULL, FALSE, N_("Wrong Address"),
    NULL, N_("Check the address in Preferences.") },
  { 410, NULL, SFUMATO_ERROR_SERVICE, SFUMATO_ERROR_HELP_CHANGE_ADDRESS, NULL, FALSE, N_("Wrong Address"),
    NULL, N_("Check the address in Preferences.") },
  { 407, NULL, SFUMATO_ERROR_NETWORK, SFUMATO_ERROR_HELP_NONE, NULL, FALSE, N_("Proxy Wants a Password"),
    N_("The proxy between this computer and the service wants a name and a password."),
    N_("Set them in the system’s network settings.") },
  { 421, NULL, SFUMATO_ERROR_SERVICE, SFUMATO_ERROR_HELP_CHANGE_ADDRESS, NULL, FALSE, N_("Wrong Address"),
    NULL, N_("Check the address in Preferences.") },
  { 451, NULL, SFUMATO_ERROR_REFUSED, SFUMATO_ERROR_HELP_NONE, NULL, TRUE, N_("Refused"),
    N_("The service, or something in between, refused the request."), NULL },
  { 511, NULL, SFUMATO_ERROR_NETWORK, SFUMATO_ERROR_HELP_TRY_AGAIN, NULL, FALSE, N_("Another Page Answered"),
    N_("Something between this computer and the service answered in its place, such as a sign-in page or a proxy."),
    N_("Open a web page in your browser to sign in, or check the address in Preferences.") },
  { 413, "payload_too_large", SFUMATO_ERROR_INVALID, SFUMATO_ERROR_HELP_NONE, "input", FALSE,
    N_("Picture Too Large"), N_("The request is larger than the service takes."),
    N_("Use a smaller reference picture.") },
  { 0, "invalid_language", SFUMATO_ERROR_REFUSED, SFUMATO_ERROR_HELP_EDIT_PROMPT, "prompt", FALSE,
    N_("English Only"), N_("The service takes prompts in English only."), N_("Write the prompt in English.") },
  { 0, "public_figure", SFUMATO_ERROR_REFUSED, SFUMATO_ERROR_HELP_NONE, "input", FALSE, N_("Picture Declined"),
    N_("The service found the likeness of a public figure in the picture."), N_("Use another picture.") },
  { 422, NULL, SFUMATO_ERROR_INVALID, SFUMATO_ERROR_HELP_NONE, NULL, TRUE, N_("Request Not Accepted"),
    N_("The service did not accept the request."), N_("Change the prompt or the settings.") },
  { 429, "rate_limit_exceeded", SFUMATO_ERROR_RATE, SFUMATO_ERROR_HELP_TRY_AGAIN, NULL, FALSE,
    N_("Too Many Requests"), N_("The service asks to wait: too many requests came in a short time."), NULL },
  { 500, "internal_error", SFUMATO_ERROR_SERVICE, SFUMATO_ERROR_HELP_TRY_AGAIN, NULL, FALSE, N_("Service Failed"),
    N_("The service had a problem of its own."), N_("Try again later.") },
  { 502, NULL, SFUMATO_ERROR_SERVICE, SFUMATO_ERROR_HELP_TRY_AGAIN, NULL, FALSE, N_("Service Not Reached"),
    N_("A gateway in front of the service got no good answer from it."), N_("Try again later.") },
  { 503, NULL, SFUMATO_ERROR_SERVICE, SFUMATO_ERROR_HELP_TRY_AGAIN, NULL, FALSE, N_("Service Not Available"),
    N_("The service is not available at the moment."), N_("Try again later.") },
  { 504, NULL, SFUMATO_ERROR_SERVICE, SFUMATO_ERROR_HELP_TRY_AGAIN, NULL, FALSE, N_("Service Not Reached"),
    N_("A gateway in front of the service waited too long for it."), N_("Try again later.") },
  { 408, NULL, SFUMATO_ERROR_SERVICE, SFUMATO_ERROR_HELP_TRY_AGAIN, NULL, FALSE, N_("Service Not Reached"),
    N_("The service, or a gateway in front of it, waited too long for the request."), N_("Try again later.") },
};

static const Refusal other_refusal = {
  0, NULL, SFUMATO_ERROR_INVALID, SFUMATO_ERROR_HELP_NONE, NULL, TRUE, N_("Refused"),
  N_("The service refused the request."), N_("Change the settings, or check the address in Preferences.")
};
static const Refusal other_failure = {
  0, NULL, SFUMATO_ERROR_SERVICE, SFUMATO_ERROR_HELP_TRY_AGAIN, NULL, TRUE, N_("Service Failed"),
  N_("The service, or a gateway in front of it, had a problem."), N_("Try again later.")
};

/* (nullable) */
static const Refusal *
find_named (const char *name)
{
  for (guint i = 0; name != NULL && i < G_N_ELEMENTS (refusals); i++)
    if (refusals[i].name != NULL && g_ascii_strcasecmp (refusals[i].name, name) == 0)
      return &refusals[i];
  return NULL;
}

static const char *find_known_name (JsonObject *body,
                                    guint       depth);

/* (nullable) */
static const char *
find_known_name_in (JsonNode *node,
                    guint     depth)
{
  JsonArray *list = JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;

  if (list != NULL && json_array_get_length (list) > 0)
    node = json_array_get_element (list, 0);
  return JSON_NODE_HOLDS_OBJECT (node) ? find_known_name (json_node_get_object (node), depth) : NULL;
}

/* The name of an error that is known here, where the service puts it or where others would. (nullable) */
static const char *
find_known_name (JsonObject *body,
                 guint       depth)
{
  static const char * const members[] = { "name", "code", "type", "error", "detail", "errors" };
  const char *found = NULL;

  for (guint i = 0; depth > 0 && found == NULL && i < G_N_ELEMENTS (members); i++)
    {
      JsonNode *node = json_object_get_member (body, members[i]);
      const char *text = sfumato_json_get_string (body, members[i]);

      if (find_named (text) != NULL)
        found = text;
      else if (node != NULL)
        found = find_known_name_in (node, depth - 1);
    }
  return found;
}

static const char *
find_name (JsonObject *body)
{
  const char *known = body != NULL ? find_known_name (body, DEPTH_MAX) : NULL;

  return known != NULL || body == NULL ? known : sfumato_json_get_string (body, "name");
}

static const Refusal *
find_refusal (guint       status,
              const char *name)
{
  if (find_named (name) != NULL)
    return find_named (name);
  for (guint i = 0; i < G_N_ELEMENTS (refusals); i++)
    if (refusals[i].status == status)
      return &refusals[i];
  return status >= 500 || status < 400 ? &other_failure : &other_refusal;
}

/* Whether a refusal may have cost money; see the head of this file. name: nullable. */
static SfumatoCharge
charge_of (const SfumatoHttpAnswer *answer,
           const char              *name)
{
  guint status = answer->status;

  if (find_named (name) != NULL || status == SIGN_IN_FIRST)
    return SFUMATO_CHARGE_NONE;
  if (status == 408 || status == 502 || status == 504 || status < 300)
    return SFUMATO_CHARGE_MAYBE;
  if (status < 500 || name != NULL || (status == 503 && get_header (answer, "Retry-After") != NULL))
    return SFUMATO_CHARGE_NONE;
  return SFUMATO_CHARGE_MAYBE;
}

/* How long to wait: seconds or a date, within reason; the usual time for anything else. */
static guint
read_retry_after (const SfumatoHttpAnswer *answer)
{
  const char *text = get_header (answer, "Retry-After");
  gint64 seconds = sfumato_parse_count (text, G_MAXINT32);
  g_autoptr (GDateTime) date = seconds < 0 && text != NULL ? soup_date_time_new_from_http_string (text) : NULL;
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();

  if (date != NULL)
    seconds = MAX (g_date_time_difference (date, now) / G_TIME_SPAN_SECOND, 0);
  return seconds < 0 ? RETRY_DEFAULT : CLAMP (seconds, 1, RETRY_MAX);
}

/* Where somebody wants to send us: scheme, host and port, never a key. */
static char *
dup_target (const SfumatoStabilityCall *call,
            const char                 *location)
{
  g_autoptr (GUri) base = g_uri_parse (call->base, SOUP_HTTP_URI_FLAGS, NULL);
  g_autoptr (GUri) target = location != NULL && base != NULL
                              ? g_uri_parse_relative (base, location, SOUP_HTTP_URI_FLAGS, NULL) : NULL;
  const char *host = target != NULL ? g_uri_get_host (target) : NULL;
  g_autofree char *origin = host == NULL || *host == '\0' ? NULL
                            : g_uri_join (G_URI_FLAGS_NONE, g_uri_get_scheme (target), NULL, host,
                                          g_uri_get_port (target), "", NULL, NULL);

  return origin != NULL ? clean (call, origin, 100) : g_strdup (_("an unknown place"));
}

static GError *
redirect (const SfumatoStabilityCall *call,
          const SfumatoHttpAnswer    *answer,
          JsonObject                 *body)
{
  g_autofree char *safe = dup_target (call, get_header (answer, "Location"));
  g_autofree char *what = g_strdup_printf (_("The service has moved, or a proxy interferes: “%s” pointed to %s. "
                                             "Sfumato did not go there with your key."), call->host, safe);
  GError *error = sfumato_stability_error (call, answer, body, SFUMATO_ERROR_NETWORK, SFUMATO_CHARGE_NONE,
                                           _("Sent Elsewhere"), what, _("Check the address in Preferences."));

  sfumato_error_set_help (error, SFUMATO_ERROR_HELP_CHANGE_ADDRESS);
  return error;
}

static char *
dup_what (const SfumatoStabilityCall *call,
          const SfumatoHttpAnswer    *answer,
          const Refusal              *row,
          const char                 *words)
{
  g_autofree char *safe = clean (call, words, SERVER_TEXT_MAX);

  if (row->what == NULL)
    return g_strdup_printf (_("There is no such service at %s."), call->base);
  if (row->quote && *safe != '\0')
    return g_strdup_printf ("%s\n%s\n", g_dgettext (GETTEXT_PACKAGE, row->what), safe);
  if (row->code == SFUMATO_ERROR_SERVICE || row->quote)
    return g_strdup_printf (_("%s It answered with status %u."), g_dgettext (GETTEXT_PACKAGE, row->what),
                            answer->status);
  return g_strdup (g_dgettext (GETTEXT_PACKAGE, row->what));
}

static char *
dup_todo (const Refusal *row,
          guint          pause)
{
  if (pause > 0)
    return g_strdup_printf (g_dngettext (GETTEXT_PACKAGE, "Wait %u second, then try again.",
                                         "Wait %u seconds, then try again.", pause), pause);
  return row->todo != NULL ? g_strdup (g_dgettext (GETTEXT_PACKAGE, row->todo)) : NULL;
}

GError *
sfumato_stability_refusal (const SfumatoStabilityCall *call,
                           const SfumatoHttpAnswer    *answer,
                           JsonObject                 *body)
{
  const char *name = find_name (body);
  const Refusal *row = find_refusal (answer->status, name);
  g_autofree char *words = sfumato_stability_dup_words (body);
  g_autofree char *fields = sfumato_stability_dup_fields (words);
  gboolean waits = row->code == SFUMATO_ERROR_RATE || (answer->status == 503 && get_header (answer, "Retry-After") != NULL);
  guint pause = waits ? read_retry_after (answer) : 0;
  g_autofree char *todo = dup_todo (row, pause);
  g_autofree char *what = NULL;
  GError *error;

  if (answer->status >= 300 && answer->status < 400)
    return redirect (call, answer, body);
  what = dup_what (call, answer, row, words);
  error = sfumato_stability_error (call, answer, body, row->code, charge_of (answer, name),
                                   g_dgettext (GETTEXT_PACKAGE, row->title), what, todo);
  sfumato_error_set_help (error, row->help);
  sfumato_error_set_field (error, row->field != NULL ? row->field : fields);
  if (pause > 0)
    sfumato_error_set_retry_after (error, pause);
  return error;
}
