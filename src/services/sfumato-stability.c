/* Stability AI's Developer Platform.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "services/sfumato-stability-private.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "domain/sfumato-error.h"

#define BALANCE_PATH "/v1/user/balance"
/* 150 requests in ten seconds are allowed; the next one locks the key out for a minute. */
#define MAX_PER_10S  150

struct _SfumatoStability
{
  SfumatoService     parent_instance;

  char              *base;        /* owned: normal form */
  char              *host;        /* owned: for people */
  gint               accept_json; /* atomic: a setting that may change while pictures are made */
  SfumatoHttpLimits  limits;      /* its database owned */
};

G_DEFINE_FINAL_TYPE (SfumatoStability, sfumato_stability, SFUMATO_TYPE_SERVICE)

/* ---- the address ---- */

static GError * G_GNUC_PRINTF (1, 2)
bad_address (const char *format,
             ...)
{
  va_list args;
  GError *error;

  va_start (args, format);
  error = sfumato_error_new_valist (SFUMATO_ERROR_INVALID, _("Address Not Accepted"), format, args);
  va_end (args);
  sfumato_error_set_help (error, SFUMATO_ERROR_HELP_CHANGE_ADDRESS);
  return error;
}

/* The host as it goes on the wire; NULL where no computer can have that name. (transfer full) */
static char *
dup_host (GUri *uri)
{
  g_autofree char *host = g_uri_get_host (uri) != NULL ? g_hostname_to_ascii (g_uri_get_host (uri)) : NULL;

  /* Nor an address that means something on this computer alone, "fe80::1%eth0". */
  if (host == NULL || *host == '\0' || strchr (host, '%') != NULL)
    return NULL;
  if (!g_hostname_is_ip_address (host) && strspn (host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                                        "0123456789-._") != strlen (host))
    return NULL;
  return g_ascii_strdown (host, -1);
}

/* uri: nullable, of text that cannot be read as one. */
static GError *
check_address (GUri       *uri,
               const char *text)
{
  const char *scheme = uri != NULL ? g_uri_get_scheme (uri) : "";
  g_autofree char *host = uri != NULL ? dup_host (uri) : NULL;

  if (uri == NULL && g_ascii_strncasecmp (text, "http", 4) == 0)
    return bad_address (_("This is not an address; one looks like %s."), SFUMATO_STABILITY_URL);
  if (g_strcmp0 (scheme, "https") != 0 && g_strcmp0 (scheme, "http") != 0)
    return bad_address (_("The address must begin with https://, such as %s."), SFUMATO_STABILITY_URL);
  if (host == NULL || g_uri_get_port (uri) == 0)
    return bad_address (_("The address names no computer."));
  if (g_uri_get_userinfo (uri) != NULL)
    return bad_address (_("The address must not contain a user name or a password."));
  if (g_uri_get_query (uri) != NULL || g_uri_get_fragment (uri) != NULL)
    return bad_address (_("The address must not contain “?” or “#”."));
  if (strcmp (scheme, "http") == 0 && !sfumato_http_is_loopback (host))
    return bad_address (_("The address must begin with https://: with http:// anybody on the way to “%s” could read "
                          "your key."), host);
  return NULL;
}

static char *
format_address (GUri *uri)
{
  g_autofree char *host = dup_host (uri);
  g_autofree char *path = g_strdup (g_uri_get_path (uri));
  gsize length = strlen (path);
  int usual = strcmp (g_uri_get_scheme (uri), "https") == 0 ? 443 : 80;
  int port = g_uri_get_port (uri) == usual ? -1 : g_uri_get_port (uri);

  while (length > 0 && path[length - 1] == '/')
    path[--length] = '\0';
  return g_uri_join (G_URI_FLAGS_ENCODED, g_uri_get_scheme (uri), NULL, host, port, path, NULL, NULL);
}

char *
sfumato_stability_normalize_url (const char  *base_url,
                                 GError     **error)
{
  g_autofree char *text = g_strdup (base_url != NULL ? base_url : "");
  g_autoptr (GUri) uri = NULL;
  GError *problem;

  g_strstrip (text);
  if (*text == '\0')
    return g_strdup (SFUMATO_STABILITY_URL);
  if (strpbrk (text, " \t\r\n\\") == NULL)
    uri = g_uri_parse (text, SOUP_HTTP_URI_FLAGS, NULL);
  problem = check_address (uri, text);
  if (problem != NULL)
    {
      g_propagate_error (error, problem);
      return NULL;
    }
  return format_address (uri);
}

/* ---- the key ---- */

/* What stands in a header must be plain; anything else in a key is a mistake of copying. */
static GError *
check_plain (const char *key)
{
  gboolean plain = *key != '\0';
  GError *error;

  for (const char *p = key; *p != '\0'; p++)
    plain = plain && g_ascii_isgraph (*p);
  if (plain)
    return NULL;
  error = sfumato_error_new (SFUMATO_ERROR_UNAUTHORISED, _("Key Not Usable"),
                             _("This is not a whole key, or there are characters in it that no key has, such as a "
                               "space. Nothing was sent. Copy it again from the service’s website."));
  sfumato_error_set_help (error, SFUMATO_ERROR_HELP_CHANGE_KEY);
  return error;
}

/* ---- the calls ---- */

static void
exchange (SfumatoStability     *self,
          SfumatoStabilityCall *call,
          SfumatoHttpRequest   *http,
          GCancellable         *cancellable,
          SfumatoHttpAnswer    *answer)
{
  g_autofree char *address = g_strconcat (self->base, call->path, NULL);
  g_autoptr (GUri) uri = g_uri_parse (address, SOUP_HTTP_URI_FLAGS, NULL);

  call->base = self->base;
  call->host = self->host;
  http->uri = uri;
  http->key = call->key;
  sfumato_http_exchange (http, &self->limits, cancellable, answer);
}

static SfumatoResult *
sfumato_stability_generate (SfumatoService       *service,
                            SfumatoRequest       *request,
                            const char           *key,
                            SfumatoProgressFunc   progress,
                            gpointer              user_data,
                            GCancellable         *cancellable,
                            GError              **error)
{
  SfumatoStability *self = SFUMATO_STABILITY (service);
  const SfumatoModel *model = sfumato_service_find_model (service, sfumato_request_get_fields (request)->model);
  g_autofree char *content_type = NULL;
  g_autoptr (GBytes) body = NULL;
  g_auto (SfumatoHttpAnswer) answer = { 0 };
  GError *problem = check_plain (key);
  SfumatoStabilityCall call = {
    .path = sfumato_stability_model_path (model), .key = key, .request = request, .model = model,
  };
  SfumatoHttpRequest http = {
    .method = "POST", .accept = g_atomic_int_get (&self->accept_json) ? "application/json" : "image/*",
    .total_time = self->limits.total_time, .progress = progress, .user_data = user_data,
  };

  if (problem != NULL)
    {
      g_propagate_error (error, problem);
      return NULL;
    }
  http.body = body = sfumato_stability_encode (request, model, &content_type, error);
  http.content_type = content_type;
  if (body == NULL)
    return NULL;
  exchange (self, &call, &http, cancellable, &answer);
  return sfumato_stability_read_picture (&call, &answer, &self->limits, error);
}

static gboolean
sfumato_stability_check (SfumatoService  *service,
                         const char      *key,
                         SfumatoAccount  *account,
                         GCancellable    *cancellable,
                         GError         **error)
{
  SfumatoStability *self = SFUMATO_STABILITY (service);
  g_auto (SfumatoHttpAnswer) answer = { 0 };
  GError *problem = check_plain (key);
  SfumatoStabilityCall call = { .path = BALANCE_PATH, .key = key };
  SfumatoHttpRequest http = {
    .method = "GET", .accept = "application/json", .total_time = self->limits.check_time,
  };

  if (problem != NULL)
    {
      g_propagate_error (error, problem);
      return FALSE;
    }
  exchange (self, &call, &http, cancellable, &answer);
  return sfumato_stability_read_balance (&call, &answer, &self->limits, account, error);
}

static const SfumatoModel *
sfumato_stability_get_models (SfumatoService *service)
{
  return sfumato_stability_get_table ();
}

static const char *
sfumato_stability_find_current_model (SfumatoService *service,
                                      const char     *id)
{
  return sfumato_stability_current_model (id);
}

/* ---- the object ---- */

static void
sfumato_stability_finalize (GObject *object)
{
  SfumatoStability *self = SFUMATO_STABILITY (object);

  g_free (self->base);
  g_free (self->host);
  g_clear_object (&self->limits.tls_database);

  G_OBJECT_CLASS (sfumato_stability_parent_class)->finalize (object);
}

static void
sfumato_stability_class_init (SfumatoStabilityClass *klass)
{
  SfumatoServiceClass *service_class = SFUMATO_SERVICE_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = sfumato_stability_finalize;
  service_class->id = "stability";
  service_class->name = "Stability AI";
  service_class->key_url = "https://platform.stability.ai/account/keys";
  service_class->credits_url = "https://platform.stability.ai/account/credits";
  service_class->needs_key = TRUE;
  service_class->max_concurrent = 4;
  service_class->max_per_10s = MAX_PER_10S;
  service_class->get_models = sfumato_stability_get_models;
  service_class->current_model = sfumato_stability_find_current_model;
  service_class->generate = sfumato_stability_generate;
  service_class->check = sfumato_stability_check;
}

static void
sfumato_stability_init (SfumatoStability *self)
{
  self->limits = sfumato_http_limits;
}

SfumatoService *
sfumato_stability_new (const char  *base_url,
                       GError     **error)
{
  g_autofree char *base = sfumato_stability_normalize_url (base_url, error);
  SfumatoStability *self;

  if (base == NULL)
    return NULL;
  self = g_object_new (SFUMATO_TYPE_STABILITY, NULL);
  self->host = g_strndup (strstr (base, "://") + 3, strcspn (strstr (base, "://") + 3, "/"));
  self->base = g_steal_pointer (&base);
  return SFUMATO_SERVICE (self);
}

void
sfumato_stability_set_limits (SfumatoStability        *self,
                              const SfumatoHttpLimits *limits)
{
  g_return_if_fail (SFUMATO_IS_STABILITY (self));

  g_set_object (&self->limits.tls_database, limits->tls_database);
  self->limits = *limits;
}

void
sfumato_stability_set_accept_json (SfumatoStability *self,
                                   gboolean          accept_json)
{
  g_return_if_fail (SFUMATO_IS_STABILITY (self));

  g_atomic_int_set (&self->accept_json, accept_json);
}
