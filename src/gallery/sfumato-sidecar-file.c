/* A picture's sidecar, changed in place.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "gallery/sfumato-sidecar-file.h"

#include "gallery/sfumato-store.h"

#include <string.h>

#define SIDECAR_MAX   (4 * 1024 * 1024)
#define XMP_NAMESPACE "http://ns.adobe.com/xap/1.0/"

/* Replaces the value, wherever it stands: as an element's text or as an attribute. NULL where it does not stand. */
static char *
replace_value (const char *xmp,
               const char *name,
               const char *value)
{
  g_autofree char *pattern = g_strdup_printf ("(<%s(?:\\s[^>]*)?>|\\s%s\\s*=\\s*[\"'])[^<\"']*", name, name);
  g_autofree char *replacement = g_strdup_printf ("\\g<1>%s", value);
  g_autoptr (GRegex) regex = g_regex_new (pattern, 0, 0, NULL);

  if (!g_regex_match (regex, xmp, 0, NULL))
    return NULL;
  return g_regex_replace (regex, xmp, -1, 0, replacement, 0, NULL);
}

/* Into the last description, which is opened where it is an empty element. The prefix may be unknown there, so the
 * namespace goes along. */
static char *
insert_value (const char *xmp,
              const char *name,
              const char *namespace,
              const char *value)
{
  const char *end = g_strrstr (xmp, "</rdf:Description>");
  const char *empty = g_strrstr (xmp, "<rdf:Description");
  g_autofree char *prefix = g_strndup (name, strchr (name, ':') - name);
  g_autofree char *element = g_strdup_printf ("   <%s xmlns:%s=\"%s\">%s</%s>\n", name, prefix, namespace, value, name);

  if (end != NULL)
    return g_strdup_printf ("%.*s%s%s", (int) (end - xmp), xmp, element, end);
  end = empty != NULL ? strchr (empty, '>') : NULL;
  if (end == NULL || end[-1] != '/')
    return NULL;
  return g_strdup_printf ("%.*s>\n%s</rdf:Description>%s", (int) (end - 1 - xmp), xmp, element, end + 1);
}

/* The text with this value, in place of the one that is there unless that is to be kept; NULL goes through. */
static char *
set_value (char       *xmp,
           const char *name,
           const char *namespace,
           const char *value,
           gboolean    keep)
{
  g_autofree char *text = xmp;
  g_autofree char *changed = text != NULL ? replace_value (text, name, value) : NULL;

  if (text == NULL)
    return NULL;
  if (changed == NULL)
    return insert_value (text, name, namespace, value);
  return keep ? g_steal_pointer (&text) : g_steal_pointer (&changed);
}

/* Whether it reads as it should: text is patched without understanding it, so the result is believed only then. */
static gboolean
is_right (const char     *xmp,
          SfumatoPicture *picture,
          gboolean        favorite)
{
  SfumatoImageHeader header = { 0 };
  g_autoptr (SfumatoPicture) read = sfumato_picture_from_xmp (xmp, strlen (xmp), "", 0, &header, NULL);

  return read != NULL && sfumato_picture_get_fields (read)->favorite == !!favorite;
}

/* The text with the picture's rating, id and date set; NULL where it is no XMP. */
static char *
patch (const char     *xmp,
       SfumatoPicture *picture,
       gboolean        favorite)
{
  const SfumatoPictureFields *fields = sfumato_picture_get_fields (picture);
  g_autofree char *created = g_date_time_format_iso8601 (fields->created);
  g_autofree char *patched = NULL;

  patched = set_value (g_strdup (xmp), "xmp:Rating", XMP_NAMESPACE, favorite ? "5" : "0", FALSE);
  patched = set_value (g_steal_pointer (&patched), "xmp:CreateDate", XMP_NAMESPACE, created, TRUE);
  patched = set_value (g_steal_pointer (&patched), "sfumato:Id", SFUMATO_XMP_NAMESPACE, fields->id, TRUE);
  return patched != NULL && is_right (patched, picture, favorite) ? g_steal_pointer (&patched) : NULL;
}

static char *
write_anew (SfumatoPicture *picture,
            gboolean        favorite)
{
  SfumatoPictureFields fields = *sfumato_picture_get_fields (picture);
  g_autoptr (SfumatoPicture) changed = NULL;

  fields.favorite = favorite;
  changed = sfumato_picture_new (&fields);
  return sfumato_picture_to_xmp (changed);
}

gboolean
sfumato_sidecar_set_favorite (const char      *folder,
                              int              folder_fd,
                              SfumatoPicture  *picture,
                              gboolean         favorite,
                              GError         **error)
{
  const char *file_name = sfumato_picture_get_fields (picture)->file_name;
  g_autofree char *sidecar = sfumato_store_sidecar (file_name);
  gsize length;
  g_autofree char *old = sfumato_store_read (folder_fd, sidecar, SIDECAR_MAX, &length);
  g_autofree char *text = NULL;

  if (old != NULL && strlen (old) == length)
    text = patch (old, picture, favorite);
  if (text == NULL)
    {
      /* What cannot be read may still be somebody's: it is kept beside. */
      if (old != NULL)
        sfumato_store_set_aside (folder_fd, sidecar);
      text = write_anew (picture, favorite);
    }
  return sfumato_store_replace (folder, sidecar, text, error);
}
