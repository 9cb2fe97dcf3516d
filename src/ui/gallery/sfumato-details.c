/* Everything that is known of one picture. Each fact is a function from the picture to its words, NULL where there is
 * nothing to say; the template binds the rows to them.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "ui/gallery/sfumato-details.h"

#include <glib/gi18n-lib.h>

#include "ui/gallery/sfumato-fact-row.h"

struct _SfumatoDetails
{
  AdwBin          parent_instance;

  SfumatoStudio  *studio;   /* owned, nullable */
  SfumatoPicture *picture;  /* owned, nullable */
};

G_DEFINE_FINAL_TYPE (SfumatoDetails, sfumato_details, ADW_TYPE_BIN)

enum
{
  PROP_0,
  PROP_STUDIO,
  PROP_PICTURE,
  N_PROPS,
};

static GParamSpec *properties[N_PROPS];

static const SfumatoPictureFields *
fields_of (SfumatoPicture *picture)
{
  static const SfumatoPictureFields nothing = { .seed_used = -1 };

  return picture ? sfumato_picture_get_fields (picture) : &nothing;
}

static const SfumatoRequestFields *
request_of (SfumatoPicture *picture)
{
  static const SfumatoRequestFields nothing = { 0 };
  SfumatoRequest *request = fields_of (picture)->request;

  return request ? sfumato_request_get_fields (request) : &nothing;
}

/* ---- what was asked for ---------------------------------------------------------------------------------- */

static gboolean
has_request (SfumatoDetails *self,
             SfumatoPicture *picture)
{
  return fields_of (picture)->request != NULL;
}

static char *
fact_prompt (SfumatoDetails *self,
             SfumatoPicture *picture)
{
  return g_strdup (request_of (picture)->prompt);
}

static char *
fact_negative_prompt (SfumatoDetails *self,
                      SfumatoPicture *picture)
{
  return g_strdup (request_of (picture)->negative_prompt);
}

static char *
fact_reference (SfumatoDetails *self,
                SfumatoPicture *picture)
{
  const SfumatoRequestFields *request = request_of (picture);

  if (!request->input)
    return NULL;
  if (request->strength < 0)
    return g_strdup (request->input->name);
  /* Translators: the file name of a reference picture, and the strength from 0 to 1 with which it was changed. */
  return g_strdup_printf (_("%s, strength %.2f"), request->input->name, request->strength);
}

static const SfumatoModel *
find_model (SfumatoDetails *self,
            SfumatoPicture *picture)
{
  const SfumatoPictureFields *fields = fields_of (picture);

  return self->studio && fields->model ? sfumato_studio_find_model (self->studio, fields->service, fields->model)
                                       : NULL;
}

static char *
fact_style (SfumatoDetails *self,
            SfumatoPicture *picture)
{
  const SfumatoModel *model = find_model (self, picture);
  const char *style = request_of (picture)->style;

  for (const SfumatoStyle *known = style && model ? model->styles : NULL; known && known->id; known++)
    if (g_str_equal (known->id, style))
      return g_strdup (g_dgettext (GETTEXT_PACKAGE, known->name));
  return g_strdup (style);
}

static char *
fact_guidance (SfumatoDetails *self,
               SfumatoPicture *picture)
{
  double guidance = request_of (picture)->guidance;

  return guidance > 0 ? g_strdup_printf ("%g", guidance) : NULL;
}

static char *
fact_steps (SfumatoDetails *self,
            SfumatoPicture *picture)
{
  guint steps = request_of (picture)->steps;

  return steps > 0 ? g_strdup_printf ("%u", steps) : NULL;
}

static char *
fact_sampler (SfumatoDetails *self,
              SfumatoPicture *picture)
{
  const SfumatoModel *model = find_model (self, picture);
  const char *sampler = request_of (picture)->sampler;

  for (const SfumatoSampler *known = sampler && model ? model->samplers : NULL; known && known->id; known++)
    if (g_str_equal (known->id, sampler))
      return g_strdup (known->name);
  return g_strdup (sampler);
}

static char *
fact_seed_asked (SfumatoDetails *self,
                 SfumatoPicture *picture)
{
  if (!has_request (self, picture))
    return NULL;
  if (sfumato_request_is_seed_random (fields_of (picture)->request))
    return g_strdup (_("Random"));
  return g_strdup_printf ("%" G_GINT64_FORMAT, request_of (picture)->seed);
}

/* ---- how it was made ------------------------------------------------------------------------------------- */

static char *
fact_seed_used (SfumatoDetails *self,
                SfumatoPicture *picture)
{
  gint64 seed = fields_of (picture)->seed_used;

  return seed >= 0 ? g_strdup_printf ("%" G_GINT64_FORMAT, seed) : NULL;
}

static char *
fact_model (SfumatoDetails *self,
            SfumatoPicture *picture)
{
  const SfumatoModel *model = find_model (self, picture);
  const char *id = fields_of (picture)->model;

  if (!model)
    return g_strdup (id);
  if (g_str_equal (model->id, id))
    return g_strdup (model->name);
  /* Translators: the name of a model, and the older id by which it was asked for. */
  return g_strdup_printf (_("%s, asked for as “%s”"), model->name, id);
}

static char *
fact_service (SfumatoDetails *self,
              SfumatoPicture *picture)
{
  const char *id = fields_of (picture)->service;
  g_autoptr (SfumatoService) service = self->studio && id ? sfumato_studio_find_service (self->studio, id) : NULL;

  return g_strdup (service ? sfumato_service_get_name (service) : id);
}

static char *
fact_price (SfumatoDetails *self,
            SfumatoPicture *picture)
{
  const SfumatoPictureFields *fields = fields_of (picture);
  g_autofree char *price = sfumato_price_format (fields->price);

  if (!fields->service)
    return NULL;
  switch (fields->charge)
    {
    case SFUMATO_CHARGE_YES:
      return g_steal_pointer (&price);
    case SFUMATO_CHARGE_MAYBE:
      /* Translators: %s is a price, such as "6.5 credits". */
      return g_strdup_printf (_("%s may have been charged"), price);
    default:
      return g_strdup (_("Nothing was charged"));
    }
}

static char *
fact_date (SfumatoDetails *self,
           SfumatoPicture *picture)
{
  GDateTime *created = fields_of (picture)->created;
  g_autoptr (GDateTime) local = created ? g_date_time_to_local (created) : NULL;

  return local ? g_date_time_format (local, "%c") : NULL;
}

static char *
fact_duration (SfumatoDetails *self,
               SfumatoPicture *picture)
{
  gint64 duration = fields_of (picture)->duration;
  guint seconds = (duration + G_USEC_PER_SEC / 2) / G_USEC_PER_SEC;

  if (duration <= 0)
    return NULL;
  if (seconds < 10)
    /* Translators: how long a picture took to make, in seconds with one decimal. */
    return g_strdup_printf (_("%.1f seconds"), duration / (double) G_USEC_PER_SEC);
  if (seconds < 60)
    return g_strdup_printf (ngettext ("%u second", "%u seconds", seconds), seconds);
  /* Translators: how long a picture took to make, in minutes and seconds. */
  return g_strdup_printf (_("%u min %u s"), seconds / 60, seconds % 60);
}

static char *
fact_finish (SfumatoDetails *self,
             SfumatoPicture *picture)
{
  gboolean filtered = fields_of (picture)->finish == SFUMATO_FINISH_FILTERED;

  return filtered ? g_strdup (_("Filtered by the service")) : NULL;
}

/* What the service had to say about it. */
static char *
fact_note (SfumatoDetails *self,
           SfumatoPicture *picture)
{
  return g_strdup (fields_of (picture)->finish_word);
}

static char *
fact_request_id (SfumatoDetails *self,
                 SfumatoPicture *picture)
{
  return g_strdup (fields_of (picture)->request_id);
}

/* ---- the file -------------------------------------------------------------------------------------------- */

static char *
fact_file_name (SfumatoDetails *self,
                SfumatoPicture *picture)
{
  return g_strdup (fields_of (picture)->file_name);
}

static char *
fact_size (SfumatoDetails *self,
           SfumatoPicture *picture)
{
  const SfumatoPictureFields *fields = fields_of (picture);

  /* Translators: width and height of a picture. */
  return fields->width ? g_strdup_printf (_("%u × %u pixels"), fields->width, fields->height) : NULL;
}

static char *
fact_format (SfumatoDetails *self,
             SfumatoPicture *picture)
{
  const SfumatoPictureFields *fields = fields_of (picture);
  g_autofree char *size = g_format_size (fields->size);
  const char *format = sfumato_image_type_format (fields->type);
  g_autofree char *shown = format ? g_ascii_strup (format, -1) : NULL;

  /* Translators: a file format such as PNG, and the size of the file. */
  return shown ? g_strdup_printf (_("%s, %s"), shown, size) : NULL;
}

static char *
fact_provenance (SfumatoDetails *self,
                 SfumatoPicture *picture)
{
  if (fields_of (picture)->content_credentials)
    return g_strdup (_("Content Credentials in the file"));
  return has_request (self, picture) ? g_strdup (_("Marked as AI-generated in the file beside it")) : NULL;
}

/* ---- overrides ------------------------------------------------------------------------------------------- */

static void
sfumato_details_get_property (GObject    *object,
                              guint       id,
                              GValue     *value,
                              GParamSpec *pspec)
{
  SfumatoDetails *self = SFUMATO_DETAILS (object);

  switch (id)
    {
    case PROP_STUDIO:
      g_value_set_object (value, self->studio);
      break;
    case PROP_PICTURE:
      g_value_set_object (value, self->picture);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
sfumato_details_set_property (GObject      *object,
                              guint         id,
                              const GValue *value,
                              GParamSpec   *pspec)
{
  SfumatoDetails *self = SFUMATO_DETAILS (object);

  switch (id)
    {
    case PROP_STUDIO:
      g_set_object (&self->studio, g_value_get_object (value));
      break;
    case PROP_PICTURE:
      if (g_set_object (&self->picture, g_value_get_object (value)))
        g_object_notify_by_pspec (object, pspec);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
sfumato_details_dispose (GObject *object)
{
  SfumatoDetails *self = SFUMATO_DETAILS (object);

  gtk_widget_dispose_template (GTK_WIDGET (self), SFUMATO_TYPE_DETAILS);
  g_clear_object (&self->picture);
  g_clear_object (&self->studio);

  G_OBJECT_CLASS (sfumato_details_parent_class)->dispose (object);
}

static void
bind_template (GtkWidgetClass *widget_class)
{
  gtk_widget_class_set_template_from_resource (widget_class, SFUMATO_RESOURCES "sfumato-details.ui");
  gtk_widget_class_bind_template_callback (widget_class, has_request);
  gtk_widget_class_bind_template_callback (widget_class, fact_prompt);
  gtk_widget_class_bind_template_callback (widget_class, fact_negative_prompt);
  gtk_widget_class_bind_template_callback (widget_class, fact_reference);
  gtk_widget_class_bind_template_callback (widget_class, fact_style);
  gtk_widget_class_bind_template_callback (widget_class, fact_guidance);
  gtk_widget_class_bind_template_callback (widget_class, fact_seed_asked);
  gtk_widget_class_bind_template_callback (widget_class, fact_seed_used);
  gtk_widget_class_bind_template_callback (widget_class, fact_model);
  gtk_widget_class_bind_template_callback (widget_class, fact_service);
  gtk_widget_class_bind_template_callback (widget_class, fact_price);
  gtk_widget_class_bind_template_callback (widget_class, fact_date);
  gtk_widget_class_bind_template_callback (widget_class, fact_duration);
  gtk_widget_class_bind_template_callback (widget_class, fact_finish);
  gtk_widget_class_bind_template_callback (widget_class, fact_note);
  gtk_widget_class_bind_template_callback (widget_class, fact_steps);
  gtk_widget_class_bind_template_callback (widget_class, fact_sampler);
  gtk_widget_class_bind_template_callback (widget_class, fact_request_id);
  gtk_widget_class_bind_template_callback (widget_class, fact_file_name);
  gtk_widget_class_bind_template_callback (widget_class, fact_size);
  gtk_widget_class_bind_template_callback (widget_class, fact_format);
  gtk_widget_class_bind_template_callback (widget_class, fact_provenance);
}

static void
sfumato_details_class_init (SfumatoDetailsClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = sfumato_details_dispose;
  object_class->get_property = sfumato_details_get_property;
  object_class->set_property = sfumato_details_set_property;

  properties[PROP_STUDIO] =
    g_param_spec_object ("studio", NULL, NULL, SFUMATO_TYPE_STUDIO, G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS);
  properties[PROP_PICTURE] =
    g_param_spec_object ("picture", NULL, NULL, SFUMATO_TYPE_PICTURE,
                         G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  g_type_ensure (SFUMATO_TYPE_FACT_ROW);
  bind_template (GTK_WIDGET_CLASS (klass));
}

static void
sfumato_details_init (SfumatoDetails *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}
