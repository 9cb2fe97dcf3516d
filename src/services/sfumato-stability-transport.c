/* There is no whole answer: why, and whether the request may have arrived.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "services/sfumato-stability-private.h"

#include <glib/gi18n-lib.h>

#include "domain/sfumato-error.h"

static const struct
{
  GTlsCertificateFlags  flag;
  const char           *reason;
} tls_reasons[] = {
  { G_TLS_CERTIFICATE_REVOKED, N_("Its certificate has been revoked.") },
  { G_TLS_CERTIFICATE_BAD_IDENTITY, N_("Its certificate is for another name.") },
  { G_TLS_CERTIFICATE_EXPIRED, N_("Its certificate has expired, or this computer’s clock is wrong.") },
  { G_TLS_CERTIFICATE_NOT_ACTIVATED, N_("Its certificate is not valid yet, or this computer’s clock is wrong.") },
  { G_TLS_CERTIFICATE_UNKNOWN_CA, N_("Nobody this computer trusts vouches for its certificate.") },
  { G_TLS_CERTIFICATE_INSECURE, N_("Its certificate is too weak to be trusted.") },
};

static char *
dup_tls_what (const SfumatoStabilityCall *call,
              const SfumatoHttpAnswer    *answer)
{
  GString *what = g_string_new (NULL);
  gboolean named = FALSE;

  g_string_printf (what, _("No secure connection to “%s” could be made."), call->host);
  for (guint i = 0; i < G_N_ELEMENTS (tls_reasons); i++)
    if (answer->tls_errors & tls_reasons[i].flag)
      {
        g_string_append_printf (what, " %s", g_dgettext (GETTEXT_PACKAGE, tls_reasons[i].reason));
        named = TRUE;
      }
  if (!named)
    g_string_append_printf (what, " %s", answer->tls_errors != 0
                                           ? _("Its certificate is not valid, or it did not prove that it has not been "
                                               "revoked.")
                                           : _("It speaks no encryption that Sfumato trusts, or something in between "
                                               "interferes."));
  return g_string_free (what, FALSE);
}

static char *
dup_silent_what (guint milliseconds)
{
  guint seconds = MAX (milliseconds / 1000, 1);

  return g_strdup_printf (g_dngettext (GETTEXT_PACKAGE,
                                       "Nothing came from the service for %u second, and Sfumato stopped waiting.",
                                       "Nothing came from the service for %u seconds, and Sfumato stopped waiting.",
                                       seconds), seconds);
}

/* What happened, for every problem. */
static char *
dup_what (const SfumatoStabilityCall *call,
          const SfumatoHttpAnswer    *answer,
          const SfumatoHttpLimits    *limits)
{
  switch (answer->problem)
    {
    case SFUMATO_HTTP_CANCELLED:
      return g_strdup (answer->sent && call->request != NULL
                         ? _("Stopped. The service has no way to cancel a picture it has begun.") : _("Stopped."));
    case SFUMATO_HTTP_NO_HOST:
      return g_strdup_printf (_("The host “%s” could not be found."), call->host);
    case SFUMATO_HTTP_NO_CONNECTION:
      return g_strdup_printf (_("“%s” could not be reached."), call->host);
    case SFUMATO_HTTP_NO_PROXY:
      return g_strdup (_("The proxy this computer is set to use could not be reached, or did not let the request "
                         "through."));
    case SFUMATO_HTTP_NO_TLS:
      return dup_tls_what (call, answer);
    case SFUMATO_HTTP_OLD_TLS:
      return g_strdup_printf (_("“%s” encrypts in a way that is no longer safe (older than TLS 1.2)."), call->host);
    case SFUMATO_HTTP_SLOW_CONNECT:
      return g_strdup_printf (_("“%s” took too long to answer the connection."), call->host);
    case SFUMATO_HTTP_SILENT:
      return dup_silent_what (limits->idle_time);
    case SFUMATO_HTTP_TOO_LONG:
      return g_strdup (_("The service took too long, and Sfumato stopped waiting."));
    case SFUMATO_HTTP_LOST:
      return g_strdup (call->request != NULL ? _("The connection broke before the whole picture had arrived.")
                                             : _("The connection broke before the answer had arrived."));
    case SFUMATO_HTTP_TOO_LARGE:
      return g_strdup (_("The service’s answer is larger than any picture Sfumato takes, and was not read to its "
                         "end."));
    case SFUMATO_HTTP_GARBAGE:
    case SFUMATO_HTTP_DONE:
    default:
      return g_strdup (_("The service’s answer cannot be understood."));
    }
}

static const struct
{
  SfumatoErrorCode  code;
  SfumatoErrorHelp  help;
  const char       *title;
  const char       *todo; /* nullable */
} kinds[] = {
  [SFUMATO_HTTP_CANCELLED] = { SFUMATO_ERROR_CANCELLED, SFUMATO_ERROR_HELP_TRY_AGAIN, N_("Stopped"), NULL },
  [SFUMATO_HTTP_NO_HOST] = { SFUMATO_ERROR_NETWORK, SFUMATO_ERROR_HELP_TRY_AGAIN, N_("Service Not Found"),
                             N_("Check the connection to the internet, and the address in Preferences.") },
  [SFUMATO_HTTP_NO_CONNECTION] = { SFUMATO_ERROR_NETWORK, SFUMATO_ERROR_HELP_TRY_AGAIN, N_("Service Not Reached"),
                                   N_("Check the connection to the internet, and the address in Preferences.") },
  [SFUMATO_HTTP_NO_PROXY] = { SFUMATO_ERROR_NETWORK, SFUMATO_ERROR_HELP_TRY_AGAIN, N_("Proxy Not Reached"),
                              N_("Check the proxy in the system’s network settings.") },
  [SFUMATO_HTTP_NO_TLS] = { SFUMATO_ERROR_NETWORK, SFUMATO_ERROR_HELP_TRY_AGAIN, N_("Connection Not Secure"),
                            N_("The key was not sent.") },
  [SFUMATO_HTTP_OLD_TLS] = { SFUMATO_ERROR_NETWORK, SFUMATO_ERROR_HELP_TRY_AGAIN, N_("Connection Not Secure"),
                             N_("The key was not sent.") },
  [SFUMATO_HTTP_SLOW_CONNECT] = { SFUMATO_ERROR_NETWORK, SFUMATO_ERROR_HELP_TRY_AGAIN, N_("Service Not Reached"),
                                  N_("Try again later.") },
  [SFUMATO_HTTP_SILENT] = { SFUMATO_ERROR_NETWORK, SFUMATO_ERROR_HELP_TRY_AGAIN, N_("No Answer"), NULL },
  [SFUMATO_HTTP_TOO_LONG] = { SFUMATO_ERROR_NETWORK, SFUMATO_ERROR_HELP_TRY_AGAIN, N_("Took Too Long"), NULL },
  [SFUMATO_HTTP_LOST] = { SFUMATO_ERROR_NETWORK, SFUMATO_ERROR_HELP_TRY_AGAIN, N_("Connection Lost"), NULL },
  [SFUMATO_HTTP_GARBAGE] = { SFUMATO_ERROR_SERVICE, SFUMATO_ERROR_HELP_TRY_AGAIN, N_("Answer Not Understood"), NULL },
  [SFUMATO_HTTP_TOO_LARGE] = { SFUMATO_ERROR_SERVICE, SFUMATO_ERROR_HELP_TRY_AGAIN, N_("Answer Too Large"), NULL },
};

GError *
sfumato_stability_transport_error (const SfumatoStabilityCall *call,
                                   const SfumatoHttpAnswer    *answer,
                                   const SfumatoHttpLimits    *limits)
{
  SfumatoHttpProblem problem = answer->problem != SFUMATO_HTTP_DONE ? answer->problem : SFUMATO_HTTP_GARBAGE;
  g_autofree char *what = dup_what (call, answer, limits);
  const char *todo = kinds[problem].todo;
  GError *error = sfumato_stability_error (call, answer, NULL, kinds[problem].code,
                                           answer->sent ? SFUMATO_CHARGE_MAYBE : SFUMATO_CHARGE_NONE,
                                           g_dgettext (GETTEXT_PACKAGE, kinds[problem].title), what,
                                           todo != NULL ? g_dgettext (GETTEXT_PACKAGE, todo) : NULL);

  sfumato_error_set_help (error, kinds[problem].help);
  return error;
}
