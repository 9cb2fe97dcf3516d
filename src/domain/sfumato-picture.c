/* A picture of the gallery.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "domain/sfumato-picture.h"

#include <glib/gi18n-lib.h>
#include <string.h>

struct _SfumatoPicture
{
  GObject               parent_instance;

  SfumatoPictureFields  fields;   /* its strings and objects owned */
};

enum
{
  PROP_0,
  PROP_FAVORITE,
  PROP_MISSING,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (SfumatoPicture, sfumato_picture, G_TYPE_OBJECT)

static void
sfumato_picture_finalize (GObject *object)
{
  SfumatoPictureFields *fields = &SFUMATO_PICTURE (object)->fields;

  g_free ((char *) fields->id);
  g_free ((char *) fields->file_name);
  g_clear_object (&fields->request);
  g_free ((char *) fields->service);
  g_free ((char *) fields->model);
  g_clear_pointer (&fields->created, g_date_time_unref);
  g_free ((char *) fields->finish_word);
  g_free ((char *) fields->request_id);

  G_OBJECT_CLASS (sfumato_picture_parent_class)->finalize (object);
}

static void
sfumato_picture_get_property (GObject    *object,
                              guint       prop_id,
                              GValue     *value,
                              GParamSpec *pspec)
{
  SfumatoPicture *self = SFUMATO_PICTURE (object);

  switch (prop_id)
    {
    case PROP_FAVORITE:
      g_value_set_boolean (value, self->fields.favorite);
      break;
    case PROP_MISSING:
      g_value_set_boolean (value, self->fields.missing);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
sfumato_picture_class_init (SfumatoPictureClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = sfumato_picture_finalize;
  object_class->get_property = sfumato_picture_get_property;

  properties[PROP_FAVORITE] = g_param_spec_boolean ("favorite", NULL, NULL, FALSE,
                                                    G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  properties[PROP_MISSING] = g_param_spec_boolean ("missing", NULL, NULL, FALSE,
                                                   G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
sfumato_picture_init (SfumatoPicture *self)
{
}

SfumatoPicture *
sfumato_picture_new (const SfumatoPictureFields *fields)
{
  SfumatoPicture *self;

  g_return_val_if_fail (fields != NULL && fields->id != NULL && fields->file_name != NULL, NULL);
  g_return_val_if_fail (fields->created != NULL, NULL);

  self = g_object_new (SFUMATO_TYPE_PICTURE, NULL);
  self->fields = *fields;
  self->fields.id = g_strdup (fields->id);
  self->fields.file_name = g_strdup (fields->file_name);
  self->fields.request = fields->request != NULL ? g_object_ref (fields->request) : NULL;
  self->fields.service = g_strdup (fields->service);
  self->fields.model = g_strdup (fields->model);
  self->fields.created = g_date_time_ref (fields->created);
  self->fields.finish_word = g_strdup (fields->finish_word);
  self->fields.request_id = g_strdup (fields->request_id);
  return self;
}

const SfumatoPictureFields *
sfumato_picture_get_fields (SfumatoPicture *self)
{
  g_return_val_if_fail (SFUMATO_IS_PICTURE (self), NULL);

  return &self->fields;
}

static void
set_flag (SfumatoPicture *self,
          gboolean       *flag,
          gboolean        value,
          guint           prop_id)
{
  if (*flag == !!value)
    return;
  *flag = !!value;
  g_object_notify_by_pspec (G_OBJECT (self), properties[prop_id]);
}

void
sfumato_picture_set_favorite (SfumatoPicture *self,
                              gboolean        favorite)
{
  g_return_if_fail (SFUMATO_IS_PICTURE (self));

  set_flag (self, &self->fields.favorite, favorite, PROP_FAVORITE);
}

void
sfumato_picture_set_missing (SfumatoPicture *self,
                             gboolean        missing)
{
  g_return_if_fail (SFUMATO_IS_PICTURE (self));

  set_flag (self, &self->fields.missing, missing, PROP_MISSING);
}

char *
sfumato_picture_dup_alt_text (SfumatoPicture *self)
{
  g_autofree char *prompt = NULL;

  g_return_val_if_fail (SFUMATO_IS_PICTURE (self), NULL);

  if (self->fields.request == NULL)
    return g_strdup_printf (_("Picture: %s"), self->fields.file_name);
  prompt = sfumato_clean_text (sfumato_request_get_prompt (self->fields.request), -1, 160);
  return g_strdup_printf (_("Generated picture: %s"), prompt);
}

/* ---- file names ---- */

static gboolean
joins_previous (gunichar c)
{
  return g_unichar_ismark (c) || c == 0x200d || (c >= 0xfe00 && c <= 0xfe0f) || (c >= 0x1f3fb && c <= 0x1f3ff);
}

/* Cuts text to at most max bytes, between characters as people see them: never inside an emoji of several parts or
 * before an accent. */
static void
cut_text (GString *text,
          gsize    max)
{
  const char *end;

  if (text->len <= max)
    return;
  end = g_utf8_find_prev_char (text->str, text->str + max + 1);
  while (end != NULL && end > text->str)
    {
      const char *previous = g_utf8_find_prev_char (text->str, end);

      if (!joins_previous (g_utf8_get_char (end)) && previous != NULL && g_utf8_get_char (previous) != 0x200d)
        break;
      end = previous;
    }
  g_string_truncate (text, end != NULL ? end - text->str : 0);
}

static gboolean
is_unsafe_in_name (gunichar c)
{
  return c < 0x80 && strchr ("/\\:*?\"<>|", c) != NULL;
}

/* What of a prompt may stand in a file name, spaces collapsed, no dot, dash or space at either end. */
static GString *
name_from_prompt (const char *prompt)
{
  g_autofree char *clean = sfumato_clean_text (prompt, -1, 400);
  g_autofree char *normal = g_utf8_normalize (clean, -1, G_NORMALIZE_NFC);
  GString *name = g_string_new (NULL);
  gboolean space = FALSE;

  for (const char *p = normal; p != NULL && *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      if (g_unichar_isspace (c) || is_unsafe_in_name (c))
        {
          space = TRUE;
          continue;
        }
      if (name->len == 0 && (c == '.' || c == '-'))
        continue;
      if (space && name->len > 0)
        g_string_append_c (name, ' ');
      space = FALSE;
      g_string_append_unichar (name, c);
    }
  return name;
}

static void
trim_end (GString *text)
{
  while (text->len > 0 && strchr (" .-,;", text->str[text->len - 1]) != NULL)
    g_string_truncate (text, text->len - 1);
}

char *
sfumato_picture_make_name (const char *prompt,
                           gint64      seed_used,
                           GDateTime  *created,
                           gsize       max_bytes)
{
  g_autofree char *date = g_date_time_format (created, "%Y-%m-%d");
  g_autofree char *seed = seed_used >= 0 ? g_strdup_printf (" · %" G_GINT64_FORMAT, seed_used) : g_strdup ("");
  g_autoptr (GString) words = name_from_prompt (prompt != NULL ? prompt : "");
  gsize fixed = strlen (date) + 1 + strlen (seed);

  g_return_val_if_fail (max_bytes >= 48, NULL);

  cut_text (words, max_bytes - fixed);
  trim_end (words);
  return g_strdup_printf ("%s%s%s%s", date, words->len > 0 ? " " : "", words->str, seed);
}
