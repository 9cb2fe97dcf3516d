/* A picture that can be zoomed and panned.
 *
 * Two scales meet here: zoom counts pixels of the screen, so that 1 is sharp on every display, and step() counts the
 * widget's units, so many of the screen's pixels each. The picture's point in the middle of the view is what is
 * remembered while zooming, panning and resizing.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "ui/gallery/sfumato-picture-view.h"

#include <math.h>

#include "ui/widgets/sfumato-touch.h"

#define ZOOM_MAX   16.0
#define ZOOM_STEP  1.25
/* From here on single pixels are what a person wants to see. */
#define ZOOM_CRISP 2.0
/* How far a finger moves until it has swiped. */
#define SWIPE      48.0
/* A notch of a wheel, in the widget's units. */
#define NOTCH      64.0

struct _SfumatoPictureView
{
  GtkWidget   parent_instance;

  GdkTexture *texture;      /* owned, nullable */
  int         width;        /* pixels of the picture */
  int         height;
  double      zoom;         /* 0: fitted */
  double      middle_x;     /* the picture's point in the middle of the view, in its pixels */
  double      middle_y;
  double      pointer_x;    /* of the last motion, in widget units */
  double      pointer_y;
  double      begin_zoom;   /* when a pinch began */
  double      begin_x;      /* middle when a drag began */
  double      begin_y;
  guint       notify_tick;
};

G_DEFINE_FINAL_TYPE (SfumatoPictureView, sfumato_picture_view, GTK_TYPE_WIDGET)

enum
{
  PROP_0,
  PROP_ZOOM,
  PROP_FITTED,
  N_PROPS,
};

static GParamSpec *properties[N_PROPS];

enum
{
  SIGNAL_SWIPED,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

/* ---- geometry -------------------------------------------------------------------------------------------- */

static double
surface_scale (SfumatoPictureView *self)
{
  GtkNative *native = gtk_widget_get_native (GTK_WIDGET (self));
  GdkSurface *surface = native ? gtk_native_get_surface (native) : NULL;

  return surface ? gdk_surface_get_scale (surface) : gtk_widget_get_scale_factor (GTK_WIDGET (self));
}

static double
fitted_zoom (SfumatoPictureView *self)
{
  double across = gtk_widget_get_width (GTK_WIDGET (self)) / (double) MAX (self->width, 1);
  double down = gtk_widget_get_height (GTK_WIDGET (self)) / (double) MAX (self->height, 1);

  return MIN (across, down) * surface_scale (self);
}

/* Widget units for a pixel of the picture. */
static double
step (SfumatoPictureView *self)
{
  return sfumato_picture_view_get_zoom (self) / surface_scale (self);
}

/* The middle so that no edge of the picture comes further in than it must. */
static double
clamp_middle (double middle,
              int    picture,
              int    view,
              double unit)
{
  double half = unit > 0 ? view / unit / 2 : picture;

  return half >= picture / 2.0 ? picture / 2.0 : CLAMP (middle, half, picture - half);
}

static void
settle (SfumatoPictureView *self)
{
  double unit = step (self);

  self->middle_x = clamp_middle (self->middle_x, self->width, gtk_widget_get_width (GTK_WIDGET (self)), unit);
  self->middle_y = clamp_middle (self->middle_y, self->height, gtk_widget_get_height (GTK_WIDGET (self)), unit);
}

static gboolean
can_pan (SfumatoPictureView *self)
{
  double unit = step (self);

  return self->width * unit > gtk_widget_get_width (GTK_WIDGET (self)) + 1 ||
         self->height * unit > gtk_widget_get_height (GTK_WIDGET (self)) + 1;
}

static void
update_cursor (SfumatoPictureView *self)
{
  gtk_widget_set_cursor_from_name (GTK_WIDGET (self), can_pan (self) ? "grab" : NULL);
}

static gboolean
move_middle (SfumatoPictureView *self,
             double              x,
             double              y)
{
  double old_x = self->middle_x, old_y = self->middle_y;

  self->middle_x = x;
  self->middle_y = y;
  settle (self);
  gtk_widget_queue_draw (GTK_WIDGET (self));
  return self->middle_x != old_x || self->middle_y != old_y;
}

static void
set_zoom (SfumatoPictureView *self,
          double              zoom)
{
  double fitted = fitted_zoom (self);

  /* Nobody wants a picture smaller than it fits, unless that is its own size. */
  self->zoom = zoom <= MIN (fitted, 1) ? 0 : MIN (zoom, MAX (ZOOM_MAX, fitted));
}

static void
zoom_changed (SfumatoPictureView *self)
{
  settle (self);
  update_cursor (self);
  gtk_widget_queue_draw (GTK_WIDGET (self));
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_ZOOM]);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_FITTED]);
}

/* What is under (x, y) stays there. */
static void
zoom_at (SfumatoPictureView *self,
         double              zoom,
         double              x,
         double              y)
{
  double from_middle_x = x - gtk_widget_get_width (GTK_WIDGET (self)) / 2.0;
  double from_middle_y = y - gtk_widget_get_height (GTK_WIDGET (self)) / 2.0;
  double old = step (self);

  if (!self->texture || old <= 0)
    return;
  set_zoom (self, zoom);
  self->middle_x += from_middle_x / old - from_middle_x / step (self);
  self->middle_y += from_middle_y / old - from_middle_y / step (self);
  zoom_changed (self);
}

/* A step does not jump over the picture's own size. */
static double
next_zoom (double zoom,
           double factor)
{
  double next = zoom * factor;

  return (zoom < 0.999 && next > 1) || (zoom > 1.001 && next < 1) ? 1 : next;
}

/* ---- gestures -------------------------------------------------------------------------------------------- */

static void
pointer_moved_cb (SfumatoPictureView *self,
                  double              x,
                  double              y)
{
  self->pointer_x = x;
  self->pointer_y = y;
}

static gboolean
scrolled_cb (SfumatoPictureView       *self,
             double                    dx,
             double                    dy,
             GtkEventControllerScroll *scroll)
{
  GdkModifierType state = gtk_event_controller_get_current_event_state (GTK_EVENT_CONTROLLER (scroll));
  double unit = gtk_event_controller_scroll_get_unit (scroll) == GDK_SCROLL_UNIT_WHEEL ? NOTCH : 1;

  if (state & GDK_CONTROL_MASK)
    {
      zoom_at (self, sfumato_picture_view_get_zoom (self) * pow (ZOOM_STEP, -dy * unit / NOTCH),
               self->pointer_x, self->pointer_y);
      return GDK_EVENT_STOP;
    }
  if (!can_pan (self))
    return GDK_EVENT_PROPAGATE;
  move_middle (self, self->middle_x + dx * unit / step (self), self->middle_y + dy * unit / step (self));
  return GDK_EVENT_STOP;
}

static void
pinch_begun_cb (SfumatoPictureView *self)
{
  self->begin_zoom = sfumato_picture_view_get_zoom (self);
}

static void
pinched_cb (SfumatoPictureView *self,
            double              scale,
            GtkGesture         *gesture)
{
  double x, y;

  if (gtk_gesture_get_bounding_box_center (gesture, &x, &y))
    zoom_at (self, self->begin_zoom * scale, x, y);
}

static void
pressed_cb (SfumatoPictureView *self,
            int                 n_press,
            double              x,
            double              y)
{
  gtk_widget_grab_focus (GTK_WIDGET (self));
  if (n_press != 2)
    return;
  if (sfumato_picture_view_is_fitted (self))
    zoom_at (self, 1, x, y);
  else
    sfumato_picture_view_fit (self);
}

static void
drag_begun_cb (SfumatoPictureView *self,
               double              x,
               double              y,
               GtkGesture         *gesture)
{
  self->begin_x = self->middle_x;
  self->begin_y = self->middle_y;
  /* Left to whoever drags the picture itself away. */
  if (!can_pan (self) && !sfumato_is_touch (gesture))
    gtk_gesture_set_state (gesture, GTK_EVENT_SEQUENCE_DENIED);
}

static void
dragged_cb (SfumatoPictureView *self,
            double              x,
            double              y,
            GtkGesture         *gesture)
{
  GdkEventSequence *sequence = gtk_gesture_get_last_updated_sequence (gesture);

  if (gtk_gesture_get_sequence_state (gesture, sequence) != GTK_EVENT_SEQUENCE_CLAIMED)
    {
      if (!gtk_drag_check_threshold (GTK_WIDGET (self), 0, 0, x, y) || (!can_pan (self) && fabs (y) > fabs (x)))
        return;
      gtk_gesture_set_state (gesture, GTK_EVENT_SEQUENCE_CLAIMED);
    }
  if (!can_pan (self))
    return;
  gtk_widget_set_cursor_from_name (GTK_WIDGET (self), "grabbing");
  move_middle (self, self->begin_x - x / step (self), self->begin_y - y / step (self));
}

static void
drag_ended_cb (SfumatoPictureView *self,
               double              x,
               double              y)
{
  gboolean mirrored = gtk_widget_get_direction (GTK_WIDGET (self)) == GTK_TEXT_DIR_RTL;

  update_cursor (self);
  if (!can_pan (self) && fabs (x) > SWIPE && fabs (x) > fabs (y))
    g_signal_emit (self, signals[SIGNAL_SWIPED], 0, (x < 0) != mirrored ? 1 : -1);
}

/* ---- overrides ------------------------------------------------------------------------------------------- */

static void
sfumato_picture_view_snapshot (GtkWidget   *widget,
                               GtkSnapshot *snapshot)
{
  SfumatoPictureView *self = SFUMATO_PICTURE_VIEW (widget);
  int view_width = gtk_widget_get_width (widget), view_height = gtk_widget_get_height (widget);
  double unit = step (self), scale = surface_scale (self), zoom = sfumato_picture_view_get_zoom (self);
  GskScalingFilter filter = zoom >= ZOOM_CRISP ? GSK_SCALING_FILTER_NEAREST
                            : zoom < 1 ? GSK_SCALING_FILTER_TRILINEAR : GSK_SCALING_FILTER_LINEAR;
  graphene_rect_t place;

  if (!self->texture || unit <= 0)
    return;
  /* On whole pixels of the screen: sharp at 100 %. */
  graphene_rect_init (&place,
                      round ((view_width / 2.0 - self->middle_x * unit) * scale) / scale,
                      round ((view_height / 2.0 - self->middle_y * unit) * scale) / scale,
                      self->width * unit, self->height * unit);
  gtk_snapshot_push_clip (snapshot, &GRAPHENE_RECT_INIT (0, 0, view_width, view_height));
  gtk_snapshot_append_scaled_texture (snapshot, self->texture, filter, &place);
  gtk_snapshot_pop (snapshot);
}

static gboolean
notify_zoom_cb (GtkWidget     *widget,
                GdkFrameClock *clock,
                gpointer       user_data)
{
  SFUMATO_PICTURE_VIEW (widget)->notify_tick = 0;
  g_object_notify_by_pspec (G_OBJECT (widget), properties[PROP_ZOOM]);
  return G_SOURCE_REMOVE;
}

static void
sfumato_picture_view_size_allocate (GtkWidget *widget,
                                    int        width,
                                    int        height,
                                    int        baseline)
{
  SfumatoPictureView *self = SFUMATO_PICTURE_VIEW (widget);

  settle (self);
  /* Not from here: whoever shows the zoom in words would ask for another size. */
  if (sfumato_picture_view_is_fitted (self) && self->notify_tick == 0)
    self->notify_tick = gtk_widget_add_tick_callback (widget, notify_zoom_cb, NULL, NULL);
}

static void
sfumato_picture_view_get_property (GObject    *object,
                                   guint       id,
                                   GValue     *value,
                                   GParamSpec *pspec)
{
  SfumatoPictureView *self = SFUMATO_PICTURE_VIEW (object);

  switch (id)
    {
    case PROP_ZOOM:
      g_value_set_double (value, sfumato_picture_view_get_zoom (self));
      break;
    case PROP_FITTED:
      g_value_set_boolean (value, sfumato_picture_view_is_fitted (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
sfumato_picture_view_dispose (GObject *object)
{
  SfumatoPictureView *self = SFUMATO_PICTURE_VIEW (object);

  g_clear_object (&self->texture);
  gtk_widget_dispose_template (GTK_WIDGET (self), SFUMATO_TYPE_PICTURE_VIEW);

  G_OBJECT_CLASS (sfumato_picture_view_parent_class)->dispose (object);
}

static void
sfumato_picture_view_class_init (SfumatoPictureViewClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->dispose = sfumato_picture_view_dispose;
  object_class->get_property = sfumato_picture_view_get_property;
  widget_class->snapshot = sfumato_picture_view_snapshot;
  widget_class->size_allocate = sfumato_picture_view_size_allocate;

  properties[PROP_ZOOM] = g_param_spec_double ("zoom", NULL, NULL, 0, G_MAXDOUBLE, 0,
                                               G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  properties[PROP_FITTED] = g_param_spec_boolean ("fitted", NULL, NULL, TRUE,
                                                  G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  signals[SIGNAL_SWIPED] = g_signal_new ("swiped", SFUMATO_TYPE_PICTURE_VIEW, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                         G_TYPE_NONE, 1, G_TYPE_INT);

  gtk_widget_class_set_template_from_resource (widget_class, SFUMATO_RESOURCES "sfumato-picture-view.ui");
  gtk_widget_class_bind_template_callback (widget_class, pointer_moved_cb);
  gtk_widget_class_bind_template_callback (widget_class, scrolled_cb);
  gtk_widget_class_bind_template_callback (widget_class, pinch_begun_cb);
  gtk_widget_class_bind_template_callback (widget_class, pinched_cb);
  gtk_widget_class_bind_template_callback (widget_class, pressed_cb);
  gtk_widget_class_bind_template_callback (widget_class, drag_begun_cb);
  gtk_widget_class_bind_template_callback (widget_class, dragged_cb);
  gtk_widget_class_bind_template_callback (widget_class, drag_ended_cb);
  gtk_widget_class_set_css_name (widget_class, "pictureview");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_IMG);
}

static void
sfumato_picture_view_init (SfumatoPictureView *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

void
sfumato_picture_view_set_texture (SfumatoPictureView *self,
                                  GdkTexture         *texture,
                                  int                 width,
                                  int                 height)
{
  g_return_if_fail (SFUMATO_IS_PICTURE_VIEW (self));

  g_set_object (&self->texture, texture);
  if (self->width != width || self->height != height)
    {
      self->width = width;
      self->height = height;
      self->middle_x = width / 2.0;
      self->middle_y = height / 2.0;
    }
  settle (self);
  update_cursor (self);
  gtk_widget_queue_draw (GTK_WIDGET (self));
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_ZOOM]);
}

double
sfumato_picture_view_get_zoom (SfumatoPictureView *self)
{
  g_return_val_if_fail (SFUMATO_IS_PICTURE_VIEW (self), 0);

  return self->zoom > 0 ? self->zoom : fitted_zoom (self);
}

gboolean
sfumato_picture_view_is_fitted (SfumatoPictureView *self)
{
  g_return_val_if_fail (SFUMATO_IS_PICTURE_VIEW (self), TRUE);

  return self->zoom <= 0;
}

void
sfumato_picture_view_zoom_to (SfumatoPictureView *self,
                              double              zoom)
{
  g_return_if_fail (SFUMATO_IS_PICTURE_VIEW (self));

  zoom_at (self, zoom, gtk_widget_get_width (GTK_WIDGET (self)) / 2.0,
           gtk_widget_get_height (GTK_WIDGET (self)) / 2.0);
}

void
sfumato_picture_view_zoom_in (SfumatoPictureView *self)
{
  sfumato_picture_view_zoom_to (self, next_zoom (sfumato_picture_view_get_zoom (self), ZOOM_STEP));
}

void
sfumato_picture_view_zoom_out (SfumatoPictureView *self)
{
  sfumato_picture_view_zoom_to (self, next_zoom (sfumato_picture_view_get_zoom (self), 1 / ZOOM_STEP));
}

void
sfumato_picture_view_fit (SfumatoPictureView *self)
{
  g_return_if_fail (SFUMATO_IS_PICTURE_VIEW (self));

  self->zoom = 0;
  zoom_changed (self);
}

gboolean
sfumato_picture_view_pan (SfumatoPictureView *self,
                          double              across,
                          double              down)
{
  g_return_val_if_fail (SFUMATO_IS_PICTURE_VIEW (self), FALSE);

  if (!can_pan (self))
    return FALSE;
  return move_middle (self, self->middle_x + across * gtk_widget_get_width (GTK_WIDGET (self)) / step (self),
                      self->middle_y + down * gtk_widget_get_height (GTK_WIDGET (self)) / step (self));
}
