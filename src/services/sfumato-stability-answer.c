/* Reads what the service answered: a picture as bytes, a picture inside JSON, or something else that says 200.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "services/sfumato-stability-private.h"

#include <glib/gi18n-lib.h>
#include <math.h>
#include <string.h>

#include "services/sfumato-json.h"

#define WORD_MAX    64
#define FEW_BYTES   16
#define WORDS_MAX   2000 /* bytes of JSON: more than that is a picture */
#define CREDITS_MAX 1e12

/* "image" is what the document says, "result" what some hosts send. */
static const char * const image_names[] = { "image", "result", NULL };

/* A picture and the facts that came with it, from whatever form of answer. */
typedef struct
{
  GBytes *bytes;       /* owned, nullable */
  gint64  seed;        /* -1: not said, or not to be believed */
  char   *finish;      /* owned, nullable */
  char   *request_id;  /* owned, nullable */
} Found;

static void
found_clear (Found *found)
{
  g_clear_pointer (&found->bytes, g_bytes_unref);
  g_clear_pointer (&found->finish, g_free);
  g_clear_pointer (&found->request_id, g_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Found, found_clear)

/* A word of the server that will be kept beside the picture. */
static char *
dup_word (const SfumatoStabilityCall *call,
          const char                 *text)
{
  g_autofree char *clean = text == NULL ? NULL : sfumato_clean_text (text, -1, 4 * WORD_MAX);
  g_autofree char *safe = sfumato_redact (clean, call->key);
  g_autofree char *word = safe == NULL ? NULL : sfumato_clean_text (safe, -1, WORD_MAX);

  return word == NULL || *word == '\0' ? NULL : g_steal_pointer (&word);
}

/* A seed of 0 asks for a random one, so that 0 cannot be the one that was used. */
static gint64
believable_seed (gint64 seed)
{
  return seed > 0 ? seed : -1;
}

/* A word about the picture that means it is not what was asked for; hosts spell it in several ways. */
static gboolean
is_filtered (const char *finish)
{
  return finish != NULL && strcasestr (finish, "FILTER") != NULL;
}

/* A header that was sent several times counts as once where all say the same, and as their list where not. */
static char *
dup_header (const SfumatoStabilityCall *call,
            SoupMessageHeaders         *headers,
            const char                 *name)
{
  g_autofree char *list = dup_word (call, soup_message_headers_get_list (headers, name));
  g_auto (GStrv) words = g_strsplit (list != NULL ? list : "", ", ", -1);

  for (guint i = 1; words[0] != NULL && words[i] != NULL; i++)
    if (g_ascii_strcasecmp (words[0], words[i]) != 0)
      return g_steal_pointer (&list);
  return g_strdup (words[0]);
}

static void
read_headers (const SfumatoStabilityCall *call,
              const SfumatoHttpAnswer    *answer,
              Found                      *found)
{
  SoupMessageHeaders *headers = answer->headers;
  g_autofree char *seed = dup_header (call, headers, "seed");

  found->seed = believable_seed (sfumato_parse_count (seed, call->model->seed_max));
  found->finish = dup_header (call, headers, "finish-reason");
  found->request_id = dup_word (call, soup_message_headers_get_one (headers, "x-request-id"));
}

static void
read_json (const SfumatoStabilityCall *call,
           JsonObject                 *json,
           Found                      *found)
{
  gint64 seed = believable_seed (sfumato_json_get_count (json, "seed", call->model->seed_max));
  const char *word = sfumato_json_get_string (json, "finish_reason") ?: sfumato_json_get_string (json, "finishReason");
  g_autofree char *finish = dup_word (call, word);

  if (seed > 0)
    found->seed = seed;
  if (finish != NULL && !is_filtered (found->finish))
    {
      g_free (found->finish);
      found->finish = g_steal_pointer (&finish);
    }
}

/* Fills found, and json where the answer is an object. */
static void
find_picture (const SfumatoStabilityCall  *call,
              const SfumatoHttpAnswer     *answer,
              Found                       *found,
              JsonObject                 **json)
{
  gsize size;
  const char *data = g_bytes_get_data (answer->body, &size);
  const char *image = NULL;
  gsize image_size = 0;

  read_headers (call, answer, found);
  if (sfumato_image_sniff ((const guint8 *) data, size) != SFUMATO_IMAGE_UNKNOWN)
    found->bytes = g_bytes_ref (answer->body);
  else if (sfumato_json_begins (data, size))
    {
      /* A picture that is whole counts, whatever is wrong with the JSON around it: it was paid for. */
      *json = sfumato_json_parse_image (data, size, image_names, &image, &image_size);
      if (*json != NULL)
        read_json (call, *json, found);
      else if (image != NULL && g_strstr_len (data, size, "CONTENT_FILTERED") != NULL)
        g_set_str (&found->finish, "CONTENT_FILTERED");
      if (image != NULL)
        found->bytes = sfumato_json_decode (image, image_size);
    }
}

static SfumatoResult *
make_result (const SfumatoStabilityCall  *call,
             const Found                 *found,
             GError                     **error)
{
  const char *asked = sfumato_request_get_fields (call->request)->model;
  gboolean filtered = is_filtered (found->finish);
  gboolean usual = found->finish == NULL || g_ascii_strcasecmp (found->finish, "SUCCESS") == 0;
  SfumatoResultFields fields = {
    .bytes = found->bytes,
    .seed_used = found->seed,
    .finish = filtered ? SFUMATO_FINISH_FILTERED : usual ? SFUMATO_FINISH_SUCCESS : SFUMATO_FINISH_OTHER,
    .finish_word = usual || filtered ? NULL : found->finish,
    .request_id = found->request_id,
    .model = g_strcmp0 (asked, call->model->id) == 0 ? NULL : call->model->id,
    .charge = usual ? SFUMATO_CHARGE_YES : SFUMATO_CHARGE_MAYBE,
    .price = call->model->price,
  };

  return sfumato_result_new (&fields, error);
}

/* A sign-in page or a proxy that answers in the service's place: a web page without a word the service adds. */
static gboolean
is_foreign_page (const SfumatoHttpAnswer *answer)
{
  static const char * const own[] = { "finish-reason", "seed", "x-request-id" };
  g_autofree char *media = sfumato_http_answer_dup_media_type (answer);
  gsize size;
  const char *text = g_bytes_get_data (answer->body, &size);

  for (guint i = 0; i < G_N_ELEMENTS (own); i++)
    if (soup_message_headers_get_one (answer->headers, own[i]) != NULL)
      return FALSE;
  if (strcmp (media, "text/html") == 0 || strcmp (media, "application/xhtml+xml") == 0)
    return TRUE;
  return *media == '\0' && size > 0 && text[0] == '<';
}

static GError *
foreign_page (const SfumatoStabilityCall *call,
              const SfumatoHttpAnswer    *answer)
{
  GError *error = sfumato_stability_error (call, answer, NULL, SFUMATO_ERROR_NETWORK, SFUMATO_CHARGE_NONE,
                                           _("Another Page Answered"),
                                           _("Something between this computer and the service answered in its place, "
                                             "such as a sign-in page or a proxy."),
                                           _("Open a web page in your browser to sign in, or check the address in "
                                             "Preferences."));

  sfumato_error_set_help (error, SFUMATO_ERROR_HELP_TRY_AGAIN);
  return error;
}

static GError *
unusable (const SfumatoStabilityCall *call,
          const SfumatoHttpAnswer    *answer,
          JsonObject                 *json,
          const char                 *title,
          const char                 *what)
{
  GError *error = sfumato_stability_error (call, answer, json, SFUMATO_ERROR_SERVICE, SFUMATO_CHARGE_MAYBE, title,
                                           what, NULL);

  sfumato_error_set_help (error, SFUMATO_ERROR_HELP_TRY_AGAIN);
  return error;
}

static GError *
withheld (const SfumatoStabilityCall *call,
          const SfumatoHttpAnswer    *answer,
          JsonObject                 *json)
{
  GError *error = sfumato_stability_error (call, answer, json, SFUMATO_ERROR_REFUSED, SFUMATO_CHARGE_MAYBE,
                                           _("Declined by Moderation"),
                                           _("The service did not send the picture because of its content rules."),
                                           _("Change the prompt or the reference picture."));

  sfumato_error_set_help (error, SFUMATO_ERROR_HELP_EDIT_PROMPT);
  sfumato_error_set_field (error, "prompt");
  return error;
}

static gboolean
has_error (JsonObject *json)
{
  static const char * const names[] = { "name", "errors", "error" };

  for (guint i = 0; json != NULL && i < G_N_ELEMENTS (names); i++)
    if (json_object_has_member (json, names[i]) && !json_object_get_null_member (json, names[i]))
      return TRUE;
  return FALSE;
}

/* It says 200, and there is no picture in it. */
static GError *
no_picture (const SfumatoStabilityCall *call,
            const SfumatoHttpAnswer    *answer,
            const Found                *found,
            JsonObject                 *json)
{
  if (has_error (json))
    return sfumato_stability_refusal (call, answer, json);
  if (is_filtered (found->finish))
    return withheld (call, answer, json);
  if (json != NULL && sfumato_json_get_string (json, "id") != NULL)
    return unusable (call, answer, json, _("Unexpected Answer"),
                     _("The service did not send a picture but the number of a task; it stands in the details."));
  if (json != NULL && sfumato_json_get_string (json, "message") != NULL)
    return sfumato_stability_refusal (call, answer, json);
  if (json == NULL && is_foreign_page (answer))
    return foreign_page (call, answer);
  if (g_bytes_get_size (answer->body) == 0)
    return unusable (call, answer, json, _("Empty Answer"), _("The service’s answer is empty."));
  return unusable (call, answer, json, _("Not a Picture"), _("The service’s answer is not a picture."));
}

/* Whether the bytes that are there can be trusted although something went wrong behind them: a picture that was
 * paid for and is whole is not thrown away because the connection ended badly. */
static gboolean
is_readable (const SfumatoHttpAnswer *answer)
{
  return answer->problem != SFUMATO_HTTP_TOO_LARGE;
}

/* There is no answer of the service's own: none at all, or one of a proxy that let nothing through. */
static GError *
no_answer (const SfumatoStabilityCall *call,
           const SfumatoHttpAnswer    *answer,
           const SfumatoHttpLimits    *limits)
{
  if (answer->headers != NULL && answer->status == SOUP_STATUS_PROXY_AUTHENTICATION_REQUIRED)
    return sfumato_stability_refusal (call, answer, NULL);
  return sfumato_stability_transport_error (call, answer, limits);
}

/* Whether somebody may have paid for these bytes: a picture, or part of one, or what is said to be one and cannot be
 * opened here. */
static gboolean
is_worth_keeping (const SfumatoHttpAnswer *answer)
{
  g_autofree char *media = sfumato_http_answer_dup_media_type (answer);
  gsize size;
  const char *data = g_bytes_get_data (answer->body, &size);

  if (sfumato_image_sniff ((const guint8 *) data, size) != SFUMATO_IMAGE_UNKNOWN)
    return TRUE;
  if (!SOUP_STATUS_IS_SUCCESSFUL (answer->status))
    return FALSE;
  if (sfumato_json_begins (data, size))
    return size > WORDS_MAX;
  return g_str_has_prefix (media, "image/") && size > FEW_BYTES && *data != '<';
}

/* Half a picture may show what a whole one would have; whoever paid for it decides. */
static void
keep_remains (const SfumatoHttpAnswer *answer,
              GError                  *error)
{
  if (answer->problem == SFUMATO_HTTP_CANCELLED || sfumato_error_get_charge (error) == SFUMATO_CHARGE_NONE)
    return;
  if (is_worth_keeping (answer))
    sfumato_error_set_remains (error, answer->body);
}

static GError *
explain_failure (const SfumatoStabilityCall *call,
                 const SfumatoHttpAnswer    *answer,
                 const SfumatoHttpLimits    *limits,
                 const Found                *found,
                 JsonObject                 *json,
                 const GError               *problem)
{
  if (answer->problem != SFUMATO_HTTP_DONE)
    return sfumato_stability_transport_error (call, answer, limits);
  if (problem != NULL)
    return unusable (call, answer, json, sfumato_error_get_title (problem), problem->message);
  return no_picture (call, answer, found, json);
}

SfumatoResult *
sfumato_stability_read_picture (const SfumatoStabilityCall  *call,
                                const SfumatoHttpAnswer     *answer,
                                const SfumatoHttpLimits     *limits,
                                GError                     **error)
{
  g_auto (Found) found = { .seed = -1 };
  g_autoptr (JsonObject) json = NULL;
  g_autoptr (GError) problem = NULL;
  GError *failure;
  SfumatoResult *result = NULL;

  if (answer->headers == NULL || !answer->sent)
    {
      g_propagate_error (error, no_answer (call, answer, limits));
      return NULL;
    }
  if (!SOUP_STATUS_IS_SUCCESSFUL (answer->status))
    {
      json = sfumato_json_parse (g_bytes_get_data (answer->body, NULL), g_bytes_get_size (answer->body));
      failure = sfumato_stability_refusal (call, answer, json);
      keep_remains (answer, failure);
      g_propagate_error (error, failure);
      return NULL;
    }
  if (is_readable (answer))
    find_picture (call, answer, &found, &json);
  if (found.bytes != NULL)
    result = make_result (call, &found, &problem);
  if (result != NULL)
    return result;
  failure = explain_failure (call, answer, limits, &found, json, problem);
  keep_remains (answer, failure);
  g_propagate_error (error, failure);
  return NULL;
}

/* NaN where it is no number, or none that an account can have. */
static double
read_credits (JsonNode *node)
{
  GType type = JSON_NODE_HOLDS_VALUE (node) ? json_node_get_value_type (node) : G_TYPE_INVALID;
  const char *text = type == G_TYPE_STRING ? json_node_get_string (node) : NULL;
  char *end = NULL;
  double credits = NAN;

  if (type == G_TYPE_INT64 || type == G_TYPE_DOUBLE)
    credits = json_node_get_double (node);
  else if (text != NULL && *text != '\0')
    credits = g_ascii_strtod (text, &end);
  return (end == NULL || *end == '\0') && fabs (credits) < CREDITS_MAX ? credits : NAN;
}

gboolean
sfumato_stability_read_balance (const SfumatoStabilityCall  *call,
                                const SfumatoHttpAnswer     *answer,
                                const SfumatoHttpLimits     *limits,
                                SfumatoAccount              *account,
                                GError                     **error)
{
  g_autoptr (JsonObject) json = NULL;
  JsonNode *credits;

  if (answer->headers == NULL || !answer->sent ||
      (SOUP_STATUS_IS_SUCCESSFUL (answer->status) && answer->problem != SFUMATO_HTTP_DONE))
    {
      g_propagate_error (error, no_answer (call, answer, limits));
      return FALSE;
    }
  json = sfumato_json_parse (g_bytes_get_data (answer->body, NULL), g_bytes_get_size (answer->body));
  if (!SOUP_STATUS_IS_SUCCESSFUL (answer->status))
    {
      g_propagate_error (error, sfumato_stability_refusal (call, answer, json));
      return FALSE;
    }
  credits = json == NULL ? NULL : json_object_get_member (json, "credits");
  if (credits == NULL)
    {
      g_propagate_error (error, json == NULL && is_foreign_page (answer)
                                  ? foreign_page (call, answer)
                                  : unusable (call, answer, json, _("Unexpected Answer"),
                                              _("The service’s answer says nothing about the account.")));
      return FALSE;
    }
  account->credits = read_credits (credits);
  return TRUE;
}
