/* What the helper's errors say, in the person's language.
 *
 * The engine speaks English and brings the format of its sentence with it, which is in the catalogue of translations. What
 * it says may be anything, and so nothing of it goes to printf().
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "services/local/sfumato-local-private.h"

#include <glib/gi18n-lib.h>
#include <langinfo.h>
#include <string.h>

#include "domain/sfumato-error.h"
#include "services/sfumato-json.h"

#define SENTENCE_MAX 1000    /* characters */

/* Names of a model's parts are translated as well, and a fraction has the locale's point. */
static gboolean
add_argument (GString   *text,
              JsonArray *arguments,
              guint      i,
              gboolean   fraction)
{
  JsonNode *node = i < json_array_get_length (arguments) ? json_array_get_element (arguments, i) : NULL;
  const char *word = node != NULL && JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_STRING
                       ? json_node_get_string (node) : NULL;
  const char *point = fraction && word != NULL ? strchr (word, '.') : NULL;

  if (word == NULL)
    return FALSE;
  if (point != NULL)
    g_string_append_printf (text, "%.*s%s%s", (int) (point - word), word, nl_langinfo (RADIXCHAR), point + 1);
  else
    g_string_append (text, *word != '\0' ? g_dpgettext2 (GETTEXT_PACKAGE, "engine", word) : word);
  return TRUE;
}

/* NULL where there are not as many arguments as places. */
static char *
fill_in (const char *format,
         JsonArray  *arguments)
{
  g_autoptr (GString) text = g_string_new (NULL);
  guint n = 0;

  for (;;)
    {
      gsize length = strcspn (format, "%");

      g_string_append_len (text, format, length);
      format += length;
      if (*format == '\0')
        break;
      length = 1 + strspn (format + 1, "0123456789.lz");
      if (format[length] == '%')
        g_string_append_c (text, '%');
      else if (format[length] == '\0' || !add_argument (text, arguments, n++, format[length] == 'f'))
        return NULL;
      format += length + 1;
    }
  return n == json_array_get_length (arguments) ? g_string_free (g_steal_pointer (&text), FALSE) : NULL;
}

/* NULL where there is nothing but the English sentence. */
static char *
translate (JsonObject *object)
{
  const char *format = sfumato_json_get_string (object, "format");
  const char *translated = format != NULL && *format != '\0' ? g_dgettext (GETTEXT_PACKAGE, format) : NULL;
  JsonNode *arguments = json_object_get_member (object, "arguments");

  if (translated == NULL || strcmp (translated, format) == 0 || arguments == NULL || !JSON_NODE_HOLDS_ARRAY (arguments))
    return NULL;
  return fill_in (translated, json_node_get_array (arguments));
}

static GError *
explain (const char *kind,
         const char *text,
         const char *model)
{
  if (g_str_equal (kind, "cancelled"))
    return sfumato_error_new (SFUMATO_ERROR_CANCELLED, _("Cancelled"), _("Cancelled. Nothing of the picture is kept."));
  if (g_str_equal (kind, "memory"))
    return sfumato_error_new (SFUMATO_ERROR_ENGINE, _("Not Enough Memory"),
                              _("There is not enough memory for this picture. Choose a smaller size, or close other "
                                "programs. %s"), text);
  if (g_str_equal (kind, "model"))
    return sfumato_error_new (SFUMATO_ERROR_ENGINE, _("Model Cannot Be Used"), _("“%s” cannot be used: %s"), model, text);
  if (g_str_equal (kind, "request"))
    return sfumato_error_new (SFUMATO_ERROR_INVALID, _("Settings Not Accepted"), _("%s does not take these settings: %s"),
                              model, text);
  if (g_str_equal (kind, "numbers"))
    return sfumato_error_new (SFUMATO_ERROR_ENGINE, _("Picture Did Not Come Out"),
                              _("The numbers of this picture ran away while it was made. Try another seed, or a file with "
                                "more exact weights. %s"), text);
  return sfumato_error_new (SFUMATO_ERROR_ENGINE, _("The Engine Failed"), _("The picture could not be made: %s"), text);
}

GError *
sfumato_local_hear_error (JsonObject *object,
                          const char *model)
{
  const char *kind = sfumato_json_get_string (object, "kind");
  const char *text = sfumato_json_get_string (object, "text");
  g_autofree char *translated = translate (object);
  g_autofree char *clean = NULL;

  if (g_strcmp0 (sfumato_json_get_string (object, "type"), "error") != 0 || kind == NULL || text == NULL)
    return NULL;
  clean = sfumato_clean_text (translated != NULL ? translated : text, -1, SENTENCE_MAX);
  return explain (kind, clean, model);
}
