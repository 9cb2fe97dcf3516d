/* The XMP sidecar of a picture, text in and text out.
 *
 * What other programs know is written in their words (Dublin Core, XMP basic, IPTC photo metadata 2023.1); the whole
 * request and what only Sfumato knows stand in a namespace of its own. Reading takes a property both as an attribute
 * and as an element, because programs that rewrite XMP turn one into the other.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "domain/sfumato-picture.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#define SIDECAR_BYTES_MAX (4 * 1024 * 1024)
#define IPTC_SOURCE       "http://cv.iptc.org/newscodes/digitalsourcetype/"

static const char * const finish_words[] = {
  [SFUMATO_FINISH_SUCCESS] = "success",
  [SFUMATO_FINISH_FILTERED] = "filtered",
  [SFUMATO_FINISH_OTHER] = "other",
};

/* ---- writing ---- */

static void
add_property (GString    *xmp,
              const char *name,
              const char *value)
{
  g_autofree char *escaped = NULL;

  if (value == NULL || *value == '\0')
    return;
  escaped = g_markup_escape_text (value, -1);
  g_string_append_printf (xmp, "   <%s>%s</%s>\n", name, escaped, name);
}

static void
add_int (GString    *xmp,
         const char *name,
         gint64      value)
{
  g_string_append_printf (xmp, "   <%s>%" G_GINT64_FORMAT "</%s>\n", name, value, name);
}

static void
add_alternative (GString    *xmp,
                 const char *name,
                 const char *value)
{
  g_autofree char *escaped = g_markup_escape_text (value, -1);

  g_string_append_printf (xmp, "   <%s><rdf:Alt><rdf:li xml:lang=\"x-default\">%s</rdf:li></rdf:Alt></%s>\n",
                          name, escaped, name);
}

static void
add_request (GString        *xmp,
             SfumatoRequest *request)
{
  g_autoptr (JsonNode) json = sfumato_request_to_json (request);
  g_autofree char *text = json_to_string (json, FALSE);
  g_autofree char *prompt = sfumato_clean_text (sfumato_request_get_prompt (request), -1, G_MAXINT / 8);
  gboolean from_picture = sfumato_request_get_fields (request)->input != NULL;

  add_property (xmp, "Iptc4xmpExt:DigitalSourceType",
                from_picture ? IPTC_SOURCE "compositeWithTrainedAlgorithmicMedia"
                             : IPTC_SOURCE "trainedAlgorithmicMedia");
  add_alternative (xmp, "dc:description", prompt);
  add_property (xmp, "sfumato:Request", text);
}

char *
sfumato_picture_to_xmp (SfumatoPicture *self)
{
  const SfumatoPictureFields *fields = sfumato_picture_get_fields (self);
  g_autofree char *alt = sfumato_picture_dup_alt_text (self);
  g_autofree char *created = g_date_time_format_iso8601 (fields->created);
  GString *xmp = g_string_new (
    "<?xpacket begin=\"\xef\xbb\xbf\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\n"
    "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\">\n"
    " <rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">\n"
    "  <rdf:Description rdf:about=\"\"\n"
    "    xmlns:dc=\"http://purl.org/dc/elements/1.1/\"\n"
    "    xmlns:xmp=\"http://ns.adobe.com/xap/1.0/\"\n"
    "    xmlns:Iptc4xmpCore=\"http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/\"\n"
    "    xmlns:Iptc4xmpExt=\"http://iptc.org/std/Iptc4xmpExt/2008-02-29/\"\n"
    "    xmlns:sfumato=\"" SFUMATO_XMP_NAMESPACE "\">\n");

  add_property (xmp, "xmp:CreatorTool", "Sfumato " VERSION);
  add_property (xmp, "xmp:CreateDate", created);
  if (fields->favorite)
    add_int (xmp, "xmp:Rating", 5);
  add_alternative (xmp, "Iptc4xmpCore:AltTextAccessibility", alt);
  add_property (xmp, "sfumato:Id", fields->id);
  if (fields->request != NULL)
    add_request (xmp, fields->request);
  if (fields->seed_used >= 0)
    add_int (xmp, "sfumato:SeedUsed", fields->seed_used);
  add_property (xmp, "sfumato:Service", fields->service);
  add_property (xmp, "sfumato:Model", fields->model);
  add_int (xmp, "sfumato:Duration", fields->duration);
  add_property (xmp, "sfumato:Finish", finish_words[fields->finish]);
  add_property (xmp, "sfumato:FinishWord", fields->finish_word);
  add_property (xmp, "sfumato:Charge", sfumato_charge_to_string (fields->charge));
  add_int (xmp, "sfumato:Price", fields->price);
  add_property (xmp, "sfumato:RequestId", fields->request_id);
  g_string_append (xmp, "  </rdf:Description>\n </rdf:RDF>\n</x:xmpmeta>\n<?xpacket end=\"w\"?>\n");
  return g_string_free (xmp, FALSE);
}

/* ---- reading ---- */

typedef struct
{
  GHashTable *properties; /* name with prefix → text, both owned */
  char       *current;    /* owned, nullable: the property whose text is being read */
} Reading;

static void
element_started (GMarkupParseContext  *context,
                 const char           *element,
                 const char          **names,
                 const char          **values,
                 gpointer              user_data,
                 GError              **error)
{
  Reading *reading = user_data;

  g_clear_pointer (&reading->current, g_free);
  if (strcmp (element, "rdf:Description") == 0)
    for (guint i = 0; names[i] != NULL; i++)
      g_hash_table_insert (reading->properties, g_strdup (names[i]), g_strdup (values[i]));
  else if (g_str_has_prefix (element, "sfumato:") || g_str_has_prefix (element, "xmp:"))
    reading->current = g_strdup (element);
}

static void
element_ended (GMarkupParseContext  *context,
               const char           *element,
               gpointer              user_data,
               GError              **error)
{
  g_clear_pointer (&((Reading *) user_data)->current, g_free);
}

static void
text_read (GMarkupParseContext  *context,
           const char           *text,
           gsize                 length,
           gpointer              user_data,
           GError              **error)
{
  Reading *reading = user_data;

  if (reading->current != NULL)
    g_hash_table_insert (reading->properties, g_strdup (reading->current), g_strndup (text, length));
}

static GHashTable *
read_properties (const char *xmp,
                 gsize       length)
{
  static const GMarkupParser parser = { element_started, element_ended, text_read, NULL, NULL };
  g_autoptr (GHashTable) properties = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_autoptr (GMarkupParseContext) context = NULL;
  Reading reading = { .properties = properties };
  gboolean good;

  if (length > SIDECAR_BYTES_MAX)
    return NULL;
  context = g_markup_parse_context_new (&parser, 0, &reading, NULL);
  good = g_markup_parse_context_parse (context, xmp, length, NULL) &&
         g_markup_parse_context_end_parse (context, NULL);
  g_free (reading.current);
  return good ? g_steal_pointer (&properties) : NULL;
}

static gint64
get_int (GHashTable *properties,
         const char *name,
         gint64      min,
         gint64      max,
         gint64      fallback)
{
  const char *text = g_hash_table_lookup (properties, name);
  gint64 value;

  return text != NULL && g_ascii_string_to_signed (text, 10, min, max, &value, NULL) ? value : fallback;
}

static SfumatoFinish
get_finish (GHashTable *properties)
{
  const char *word = g_hash_table_lookup (properties, "sfumato:Finish");

  for (guint i = 0; i < G_N_ELEMENTS (finish_words); i++)
    if (g_strcmp0 (word, finish_words[i]) == 0)
      return i;
  return SFUMATO_FINISH_SUCCESS;
}

static SfumatoRequest *
get_request (GHashTable *properties)
{
  return sfumato_request_from_text (g_hash_table_lookup (properties, "sfumato:Request"), NULL);
}

/* A date of XMP may end behind its year, month, day or minute (XMP specification part 1, 8.2.1.2), and other programs that
 * write into a sidecar make use of that. */
static char *
complete_date (const char *text)
{
  static const char whole[] = "0000-01-01T00:00:00";
  gsize length = strlen (text);

  if (length == strlen ("0000") || length == strlen ("0000-01") || length == strlen ("0000-01-01"))
    return g_strconcat (text, whole + length, NULL);
  if (length >= strlen ("0000-01-01T00:00") && text[16] != ':')
    return g_strdup_printf ("%.16s:00%s", text, text + 16);
  return g_strdup (text);
}

static GDateTime *
get_created (GHashTable *properties)
{
  const char *text = g_hash_table_lookup (properties, "xmp:CreateDate");
  g_autoptr (GTimeZone) here = g_time_zone_new_local ();
  g_autofree char *complete = text != NULL ? complete_date (text) : NULL;

  return complete != NULL ? g_date_time_new_from_iso8601 (complete, here) : NULL;
}

SfumatoPicture *
sfumato_picture_from_xmp (const char                *xmp,
                          gsize                      length,
                          const char                *file_name,
                          guint64                    size,
                          const SfumatoImageHeader  *header,
                          GError                   **error)
{
  g_autoptr (GHashTable) properties = read_properties (xmp, length);
  const char *id = properties != NULL ? g_hash_table_lookup (properties, "sfumato:Id") : NULL;
  g_autoptr (GDateTime) created = properties != NULL ? get_created (properties) : NULL;
  g_autoptr (SfumatoRequest) request = NULL;
  SfumatoCharge charge = SFUMATO_CHARGE_NONE;

  if (id == NULL || !g_uuid_string_is_valid (id) || created == NULL)
    {
      g_propagate_error (error, sfumato_error_new (SFUMATO_ERROR_STORAGE, _("Sidecar Not Readable"),
                                                   _("The file with the settings of “%s” is damaged or not one of "
                                                     "Sfumato’s."), file_name));
      return NULL;
    }
  request = get_request (properties);
  sfumato_charge_from_string (g_hash_table_lookup (properties, "sfumato:Charge"), &charge);
  return sfumato_picture_new (&(SfumatoPictureFields) {
    .id = id,
    .file_name = file_name,
    .request = request,
    .seed_used = get_int (properties, "sfumato:SeedUsed", 0, G_MAXINT64, -1),
    .service = g_hash_table_lookup (properties, "sfumato:Service"),
    .model = g_hash_table_lookup (properties, "sfumato:Model"),
    .width = header->width,
    .height = header->height,
    .type = header->type,
    .size = size,
    .created = created,
    .duration = get_int (properties, "sfumato:Duration", 0, G_MAXINT64, 0),
    .finish = get_finish (properties),
    .finish_word = g_hash_table_lookup (properties, "sfumato:FinishWord"),
    .charge = charge,
    .price = get_int (properties, "sfumato:Price", 0, G_MAXINT, 0),
    .request_id = g_hash_table_lookup (properties, "sfumato:RequestId"),
    .content_credentials = header->content_credentials,
    .favorite = get_int (properties, "xmp:Rating", -1, 5, 0) == 5,
  });
}
