/* The outline of an aspect ratio.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "ui/widgets/sfumato-shape.h"

struct _SfumatoShape
{
  GtkWidget  parent_instance;

  char      *ratio;      /* owned, nullable */
  int        pixel_size;
};

G_DEFINE_FINAL_TYPE (SfumatoShape, sfumato_shape, GTK_TYPE_WIDGET)

enum
{
  PROP_0,
  PROP_RATIO,
  PROP_PIXEL_SIZE,
  N_PROPS,
};

static GParamSpec *properties[N_PROPS];

/* The largest rectangle of the ratio in the middle of the widget; FALSE where the text is no ratio. */
static gboolean
get_outline (SfumatoShape    *self,
             graphene_rect_t *outline)
{
  const float width = gtk_widget_get_width (GTK_WIDGET (self));
  const float height = gtk_widget_get_height (GTK_WIDGET (self));
  const char *colon = self->ratio != NULL ? strchr (self->ratio, ':') : NULL;
  double across, down, scale;

  if (colon == NULL)
    return FALSE;
  across = g_ascii_strtod (self->ratio, NULL);
  down = g_ascii_strtod (colon + 1, NULL);
  if (!(across > 0 && down > 0))
    return FALSE;
  scale = MIN (width / across, height / down);
  graphene_rect_init (outline, (width - across * scale) / 2, (height - down * scale) / 2, across * scale, down * scale);
  graphene_rect_round_extents (outline, outline);
  return TRUE;
}

static void
sfumato_shape_snapshot (GtkWidget   *widget,
                        GtkSnapshot *snapshot)
{
  SfumatoShape *self = SFUMATO_SHAPE (widget);
  graphene_rect_t outline;
  GskRoundedRect rounded;
  GdkRGBA color;

  if (!get_outline (self, &outline))
    return;
  gtk_widget_get_color (widget, &color);
  gsk_rounded_rect_init_from_rect (&rounded, &outline, self->pixel_size > 0 ? 2 : 12);
  gtk_snapshot_append_border (snapshot, &rounded, (float[4]) { 2, 2, 2, 2 },
                              (GdkRGBA[4]) { color, color, color, color });
}

static void
sfumato_shape_measure (GtkWidget      *widget,
                       GtkOrientation  orientation,
                       int             for_size,
                       int            *minimum,
                       int            *natural,
                       int            *minimum_baseline,
                       int            *natural_baseline)
{
  *minimum = *natural = SFUMATO_SHAPE (widget)->pixel_size;
}

static void
sfumato_shape_get_property (GObject    *object,
                            guint       id,
                            GValue     *value,
                            GParamSpec *pspec)
{
  SfumatoShape *self = SFUMATO_SHAPE (object);

  switch (id)
    {
    case PROP_RATIO: g_value_set_string (value, self->ratio); break;
    case PROP_PIXEL_SIZE: g_value_set_int (value, self->pixel_size); break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
sfumato_shape_set_property (GObject      *object,
                            guint         id,
                            const GValue *value,
                            GParamSpec   *pspec)
{
  SfumatoShape *self = SFUMATO_SHAPE (object);

  switch (id)
    {
    case PROP_RATIO:
      if (g_set_str (&self->ratio, g_value_get_string (value)))
        gtk_widget_queue_draw (GTK_WIDGET (self));
      break;
    case PROP_PIXEL_SIZE:
      self->pixel_size = g_value_get_int (value);
      gtk_widget_queue_resize (GTK_WIDGET (self));
      break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
sfumato_shape_finalize (GObject *object)
{
  g_free (SFUMATO_SHAPE (object)->ratio);

  G_OBJECT_CLASS (sfumato_shape_parent_class)->finalize (object);
}

static void
sfumato_shape_class_init (SfumatoShapeClass *klass)
{
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS;
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->get_property = sfumato_shape_get_property;
  object_class->set_property = sfumato_shape_set_property;
  object_class->finalize = sfumato_shape_finalize;
  widget_class->snapshot = sfumato_shape_snapshot;
  widget_class->measure = sfumato_shape_measure;

  properties[PROP_RATIO] = g_param_spec_string ("ratio", NULL, NULL, NULL, flags);
  properties[PROP_PIXEL_SIZE] = g_param_spec_int ("pixel-size", NULL, NULL, 0, G_MAXINT, 0, flags);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  /* The name of the shape is beside it. */
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_PRESENTATION);
}

static void
sfumato_shape_init (SfumatoShape *self)
{
}
