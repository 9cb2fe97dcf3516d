/* Errors as sentences.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "domain/sfumato-error.h"

#include <glib/gi18n-lib.h>
#include <string.h>

typedef struct
{
  char             *title;       /* owned, nullable */
  char             *details;     /* owned, nullable */
  char             *field;       /* owned, nullable */
  GBytes           *remains;     /* owned, nullable */
  SfumatoCharge     charge;
  SfumatoErrorHelp  help;
  guint             retry_after; /* seconds */
} SfumatoErrorPrivate;

static void
sfumato_error_private_init (SfumatoErrorPrivate *priv)
{
}

static void
sfumato_error_private_copy (const SfumatoErrorPrivate *from,
                            SfumatoErrorPrivate       *to)
{
  *to = *from;
  to->title = g_strdup (from->title);
  to->details = g_strdup (from->details);
  to->field = g_strdup (from->field);
  to->remains = from->remains != NULL ? g_bytes_ref (from->remains) : NULL;
}

static void
sfumato_error_private_clear (SfumatoErrorPrivate *priv)
{
  g_free (priv->title);
  g_free (priv->details);
  g_free (priv->field);
  g_clear_pointer (&priv->remains, g_bytes_unref);
}

G_DEFINE_EXTENDED_ERROR (SfumatoError, sfumato_error)

static const char * const code_words[] = {
  [SFUMATO_ERROR_NETWORK] = "network",
  [SFUMATO_ERROR_UNAUTHORISED] = "unauthorised",
  [SFUMATO_ERROR_PAYMENT] = "payment",
  [SFUMATO_ERROR_REFUSED] = "refused",
  [SFUMATO_ERROR_RATE] = "rate",
  [SFUMATO_ERROR_INVALID] = "invalid",
  [SFUMATO_ERROR_SERVICE] = "service",
  [SFUMATO_ERROR_STORAGE] = "storage",
  [SFUMATO_ERROR_ENGINE] = "engine",
  [SFUMATO_ERROR_CANCELLED] = "cancelled",
};

static const char * const charge_words[] = {
  [SFUMATO_CHARGE_NONE] = "no",
  [SFUMATO_CHARGE_MAYBE] = "maybe",
  [SFUMATO_CHARGE_YES] = "yes",
};

const char *
sfumato_error_code_to_string (SfumatoErrorCode code)
{
  g_return_val_if_fail (code < G_N_ELEMENTS (code_words), NULL);

  return code_words[code];
}

const char *
sfumato_charge_to_string (SfumatoCharge charge)
{
  g_return_val_if_fail (charge < G_N_ELEMENTS (charge_words), NULL);

  return charge_words[charge];
}

gboolean
sfumato_charge_from_string (const char    *word,
                            SfumatoCharge *charge)
{
  for (guint i = 0; i < G_N_ELEMENTS (charge_words); i++)
    if (g_strcmp0 (charge_words[i], word) == 0)
      {
        *charge = i;
        return TRUE;
      }
  return FALSE;
}

GError *
sfumato_error_new (SfumatoErrorCode  code,
                   const char       *title,
                   const char       *format,
                   ...)
{
  va_list args;
  GError *error;

  va_start (args, format);
  error = sfumato_error_new_valist (code, title, format, args);
  va_end (args);
  return error;
}

GError *
sfumato_error_new_valist (SfumatoErrorCode  code,
                          const char       *title,
                          const char       *format,
                          va_list           args)
{
  GError *error = g_error_new_valist (SFUMATO_ERROR, code, format, args);

  sfumato_error_get_private (error)->title = g_strdup (title);
  return error;
}

static SfumatoErrorPrivate *
writable (GError *error)
{
  g_return_val_if_fail (error != NULL && error->domain == SFUMATO_ERROR, NULL);

  return sfumato_error_get_private (error);
}

void
sfumato_error_set_charge (GError        *error,
                          SfumatoCharge  charge)
{
  SfumatoErrorPrivate *priv = writable (error);

  if (priv != NULL)
    priv->charge = charge;
}

void
sfumato_error_set_help (GError           *error,
                        SfumatoErrorHelp  help)
{
  SfumatoErrorPrivate *priv = writable (error);

  if (priv != NULL)
    priv->help = help;
}

void
sfumato_error_set_details (GError     *error,
                           const char *details)
{
  SfumatoErrorPrivate *priv = writable (error);

  if (priv != NULL)
    g_set_str (&priv->details, details);
}

void
sfumato_error_set_field (GError     *error,
                         const char *field)
{
  SfumatoErrorPrivate *priv = writable (error);

  if (priv != NULL)
    g_set_str (&priv->field, field);
}

void
sfumato_error_set_remains (GError *error,
                           GBytes *remains)
{
  SfumatoErrorPrivate *priv = writable (error);

  if (priv == NULL)
    return;
  g_clear_pointer (&priv->remains, g_bytes_unref);
  priv->remains = remains != NULL ? g_bytes_ref (remains) : NULL;
}

void
sfumato_error_set_retry_after (GError *error,
                               guint   seconds)
{
  SfumatoErrorPrivate *priv = writable (error);

  if (priv != NULL)
    priv->retry_after = seconds;
}

static const SfumatoErrorPrivate *
readable (const GError *error)
{
  static const SfumatoErrorPrivate nothing = { .charge = SFUMATO_CHARGE_NONE };

  return error != NULL && error->domain == SFUMATO_ERROR ? sfumato_error_get_private (error) : &nothing;
}

const char *
sfumato_error_get_title (const GError *error)
{
  const char *title = readable (error)->title;

  return title != NULL ? title : _("That Did Not Work");
}

SfumatoCharge
sfumato_error_get_charge (const GError *error)
{
  return readable (error)->charge;
}

SfumatoErrorHelp
sfumato_error_get_help (const GError *error)
{
  return readable (error)->help;
}

const char *
sfumato_error_get_details (const GError *error)
{
  return readable (error)->details;
}

GBytes *
sfumato_error_get_remains (const GError *error)
{
  return readable (error)->remains;
}

const char *
sfumato_error_get_field (const GError *error)
{
  return readable (error)->field;
}

guint
sfumato_error_get_retry_after (const GError *error)
{
  return readable (error)->retry_after;
}

/* Control characters, and the invisible ones that turn the direction of the text around them. */
static gboolean
is_harmful (gunichar c)
{
  if (c == '\n' || c == '\t')
    return FALSE;
  return g_unichar_iscntrl (c) || (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

char *
sfumato_clean_text (const char *text,
                    gssize      length,
                    guint       max_chars)
{
  g_autofree char *valid = NULL;
  g_autoptr (GString) clean = g_string_new (NULL);
  gsize size = length < 0 ? strlen (text) : strnlen (text, length);
  guint n = 0;

  /* Four bytes are the most a character takes: no more is ever looked at. */
  valid = g_utf8_make_valid (text, MIN (size, (gsize) max_chars * 4 + 4));
  for (const char *p = valid; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      if (is_harmful (c))
        continue;
      if (n++ == max_chars)
        {
          g_string_append (clean, "…");
          break;
        }
      g_string_append_unichar (clean, c);
    }
  return g_strstrip (g_string_free (g_steal_pointer (&clean), FALSE));
}

char *
sfumato_redact (const char *text,
                const char *secret)
{
  g_autoptr (GString) clean = NULL;

  if (text == NULL || secret == NULL || *secret == '\0')
    return g_strdup (text);
  clean = g_string_new (text);
  g_string_replace (clean, secret, "[key]", 0);
  return g_string_free (g_steal_pointer (&clean), FALSE);
}
