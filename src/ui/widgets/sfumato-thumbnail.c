/* One picture of the gallery at any size.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "ui/widgets/sfumato-thumbnail.h"

#include <glib/gi18n-lib.h>
#include <math.h>

#include "ui/widgets/sfumato-texture.h"

struct _SfumatoThumbnail
{
  GtkWidget               parent_instance;

  GtkWidget              *overlay;
  GtkWidget              *image;
  GtkWidget              *icon;
  GtkWidget              *badge;

  SfumatoGallery         *gallery;      /* owned, nullable */
  SfumatoPicture         *picture;      /* owned, nullable */
  GSignalGroup           *follow;       /* owned: the picture's notifications */
  GCancellable           *cancellable;  /* owned, nullable: while loading */
  SfumatoThumbnailStatus  status;
  GtkContentFit           content_fit;
  gboolean                show_favorite;
  gboolean                square;
  int                     side;         /* pixels of the longer side shown or being loaded; 0: none */
};

G_DEFINE_FINAL_TYPE (SfumatoThumbnail, sfumato_thumbnail, GTK_TYPE_WIDGET)

G_DEFINE_ENUM_TYPE (SfumatoThumbnailStatus, sfumato_thumbnail_status,
  G_DEFINE_ENUM_VALUE (SFUMATO_THUMBNAIL_EMPTY, "empty"),
  G_DEFINE_ENUM_VALUE (SFUMATO_THUMBNAIL_LOADING, "loading"),
  G_DEFINE_ENUM_VALUE (SFUMATO_THUMBNAIL_READY, "ready"),
  G_DEFINE_ENUM_VALUE (SFUMATO_THUMBNAIL_HIDDEN, "hidden"),
  G_DEFINE_ENUM_VALUE (SFUMATO_THUMBNAIL_MISSING, "missing"),
  G_DEFINE_ENUM_VALUE (SFUMATO_THUMBNAIL_BROKEN, "broken"))

enum
{
  PROP_0,
  PROP_GALLERY,
  PROP_PICTURE,
  PROP_STATUS,
  PROP_CONTENT_FIT,
  PROP_SHOW_FAVORITE,
  PROP_SQUARE,
  N_PROPS,
};

static GParamSpec *properties[N_PROPS];

/* ---- what is shown --------------------------------------------------------------------------------------- */

static const char *
status_icon (SfumatoThumbnailStatus status)
{
  switch (status)
    {
    case SFUMATO_THUMBNAIL_HIDDEN:
      return "view-conceal-symbolic";
    case SFUMATO_THUMBNAIL_MISSING:
    case SFUMATO_THUMBNAIL_BROKEN:
      return "image-missing-symbolic";
    default:
      return NULL;
    }
}

static const char *
status_words (SfumatoThumbnailStatus status)
{
  switch (status)
    {
    case SFUMATO_THUMBNAIL_HIDDEN:
      return _("Hidden, because the service filtered it");
    case SFUMATO_THUMBNAIL_MISSING:
      return _("The file is not there");
    case SFUMATO_THUMBNAIL_BROKEN:
      return _("The file cannot be read");
    default:
      return "";
    }
}

static void
set_status (SfumatoThumbnail       *self,
            SfumatoThumbnailStatus  status)
{
  gboolean explained = status_icon (self->status) != NULL;

  if (self->status == status)
    return;
  self->status = status;
  /* Most cells that are scrolled by never have anything to explain, and setting a tooltip asks the display server. */
  if (explained || status_icon (status))
    {
      gtk_image_set_from_icon_name (GTK_IMAGE (self->icon), status_icon (status));
      gtk_widget_set_visible (self->icon, status_icon (status) != NULL);
      gtk_widget_set_tooltip_text (GTK_WIDGET (self), status_icon (status) ? status_words (status) : NULL);
      gtk_accessible_update_property (GTK_ACCESSIBLE (self),
                                      GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, status_words (status), -1);
    }
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_STATUS]);
}

static void
update_favorite (SfumatoThumbnail *self)
{
  gboolean favorite = self->picture && sfumato_picture_get_fields (self->picture)->favorite;
  g_autofree char *alt = self->picture ? sfumato_picture_dup_alt_text (self->picture) : g_strdup ("");
  /* Translators: the name of a picture for a screen reader; %s is the picture's description. */
  g_autofree char *label = favorite ? g_strdup_printf (_("%s, favorite"), alt) : g_steal_pointer (&alt);

  gtk_widget_set_visible (self->badge, favorite && self->show_favorite);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL, label, -1);
}

static void
show_texture (SfumatoThumbnail *self,
              GdkTexture       *texture)
{
  gtk_picture_set_paintable (GTK_PICTURE (self->image), GDK_PAINTABLE (texture));
  set_status (self, SFUMATO_THUMBNAIL_READY);
}

/* ---- loading --------------------------------------------------------------------------------------------- */

static void
stop_loading (SfumatoThumbnail *self)
{
  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
}

static void
texture_loaded_cb (GObject      *source,
                   GAsyncResult *result,
                   gpointer      user_data)
{
  SfumatoThumbnail *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GdkTexture) texture = sfumato_texture_load_finish (result, &error);

  /* A cancelled request's widget may be gone. */
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  g_clear_object (&self->cancellable);
  if (texture)
    show_texture (self, texture);
  else if (self->status == SFUMATO_THUMBNAIL_LOADING)
    set_status (self, sfumato_picture_get_fields (self->picture)->missing ? SFUMATO_THUMBNAIL_MISSING
                                                                         : SFUMATO_THUMBNAIL_BROKEN);
}

static double
surface_scale (GtkWidget *widget)
{
  GtkNative *native = gtk_widget_get_native (widget);
  GdkSurface *surface = native ? gtk_native_get_surface (native) : NULL;

  return surface ? gdk_surface_get_scale (surface) : gtk_widget_get_scale_factor (widget);
}

/* How many of the picture's pixels, along its longer side, the widget can show. */
static int
needed_side (SfumatoThumbnail *self)
{
  const SfumatoPictureFields *fields = sfumato_picture_get_fields (self->picture);
  double across = gtk_widget_get_width (GTK_WIDGET (self)) / (double) MAX (fields->width, 1);
  double down = gtk_widget_get_height (GTK_WIDGET (self)) / (double) MAX (fields->height, 1);
  double zoom = self->content_fit == GTK_CONTENT_FIT_COVER ? MAX (across, down) : MIN (across, down);
  int longer = MAX (fields->width, fields->height);

  return MIN (longer, (int) ceil (longer * zoom * surface_scale (GTK_WIDGET (self))));
}

static void
load (SfumatoThumbnail *self,
      int               side)
{
  stop_loading (self);
  self->side = side;
  self->cancellable = g_cancellable_new ();
  sfumato_texture_load_async (self->gallery, self->picture, side, self->cancellable, texture_loaded_cb, self);
}

static gboolean
can_load (SfumatoThumbnail *self)
{
  return self->gallery && self->picture && gtk_widget_get_width (GTK_WIDGET (self)) > 0 &&
         self->status != SFUMATO_THUMBNAIL_HIDDEN && self->status != SFUMATO_THUMBNAIL_MISSING;
}

/* Begins again for another picture. What is kept is shown at once, so that scrolling back never blinks. */
static void
reload (SfumatoThumbnail *self)
{
  const SfumatoPictureFields *fields = self->picture ? sfumato_picture_get_fields (self->picture) : NULL;
  g_autoptr (GdkTexture) kept = NULL;

  stop_loading (self);
  self->side = 0;
  gtk_picture_set_paintable (GTK_PICTURE (self->image), NULL);
  if (!fields)
    set_status (self, SFUMATO_THUMBNAIL_EMPTY);
  else if (fields->missing)
    set_status (self, SFUMATO_THUMBNAIL_MISSING);
  else if (fields->finish == SFUMATO_FINISH_FILTERED)
    set_status (self, SFUMATO_THUMBNAIL_HIDDEN);
  else
    set_status (self, SFUMATO_THUMBNAIL_LOADING);
  if (!can_load (self))
    return;
  kept = sfumato_texture_peek (self->picture, needed_side (self));
  if (kept)
    {
      self->side = needed_side (self);
      show_texture (self, kept);
    }
  else
    load (self, needed_side (self));
}

static void
picture_changed_cb (SfumatoThumbnail *self,
                    GParamSpec       *pspec)
{
  update_favorite (self);
  if (g_str_equal (pspec->name, "missing"))
    reload (self);
}

/* ---- overrides ------------------------------------------------------------------------------------------- */

static GtkSizeRequestMode
sfumato_thumbnail_get_request_mode (GtkWidget *widget)
{
  return GTK_SIZE_REQUEST_HEIGHT_FOR_WIDTH;
}

static void
sfumato_thumbnail_measure (GtkWidget      *widget,
                           GtkOrientation  orientation,
                           int             for_size,
                           int            *minimum,
                           int            *natural,
                           int            *minimum_baseline,
                           int            *natural_baseline)
{
  SfumatoThumbnail *self = SFUMATO_THUMBNAIL (widget);

  /* The picture takes what it is given; it never asks for its own size. */
  *minimum = *natural = 0;
  if (self->square && orientation == GTK_ORIENTATION_VERTICAL)
    *minimum = *natural = MAX (for_size, 0);
  *minimum_baseline = *natural_baseline = -1;
}

static void
sfumato_thumbnail_size_allocate (GtkWidget *widget,
                                 int        width,
                                 int        height,
                                 int        baseline)
{
  SfumatoThumbnail *self = SFUMATO_THUMBNAIL (widget);

  gtk_widget_allocate (self->overlay, width, height, baseline, NULL);
  if (can_load (self) && needed_side (self) > self->side)
    load (self, needed_side (self));
}

static void
sfumato_thumbnail_get_property (GObject    *object,
                                guint       id,
                                GValue     *value,
                                GParamSpec *pspec)
{
  SfumatoThumbnail *self = SFUMATO_THUMBNAIL (object);

  switch (id)
    {
    case PROP_GALLERY:
      g_value_set_object (value, self->gallery);
      break;
    case PROP_PICTURE:
      g_value_set_object (value, self->picture);
      break;
    case PROP_STATUS:
      g_value_set_enum (value, self->status);
      break;
    case PROP_CONTENT_FIT:
      g_value_set_enum (value, self->content_fit);
      break;
    case PROP_SHOW_FAVORITE:
      g_value_set_boolean (value, self->show_favorite);
      break;
    case PROP_SQUARE:
      g_value_set_boolean (value, self->square);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
sfumato_thumbnail_set_property (GObject      *object,
                                guint         id,
                                const GValue *value,
                                GParamSpec   *pspec)
{
  SfumatoThumbnail *self = SFUMATO_THUMBNAIL (object);

  switch (id)
    {
    case PROP_GALLERY:
      sfumato_thumbnail_set_gallery (self, g_value_get_object (value));
      break;
    case PROP_PICTURE:
      sfumato_thumbnail_set_picture (self, g_value_get_object (value));
      break;
    case PROP_CONTENT_FIT:
      self->content_fit = g_value_get_enum (value);
      g_object_notify_by_pspec (object, pspec);
      gtk_widget_queue_resize (GTK_WIDGET (self));
      break;
    case PROP_SHOW_FAVORITE:
      self->show_favorite = g_value_get_boolean (value);
      g_object_notify_by_pspec (object, pspec);
      update_favorite (self);
      break;
    case PROP_SQUARE:
      self->square = g_value_get_boolean (value);
      g_object_notify_by_pspec (object, pspec);
      gtk_widget_queue_resize (GTK_WIDGET (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
sfumato_thumbnail_dispose (GObject *object)
{
  SfumatoThumbnail *self = SFUMATO_THUMBNAIL (object);

  stop_loading (self);
  g_clear_object (&self->follow);
  g_clear_object (&self->gallery);
  g_clear_object (&self->picture);
  gtk_widget_dispose_template (GTK_WIDGET (self), SFUMATO_TYPE_THUMBNAIL);

  G_OBJECT_CLASS (sfumato_thumbnail_parent_class)->dispose (object);
}

static void
sfumato_thumbnail_class_init (SfumatoThumbnailClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->dispose = sfumato_thumbnail_dispose;
  object_class->get_property = sfumato_thumbnail_get_property;
  object_class->set_property = sfumato_thumbnail_set_property;
  widget_class->get_request_mode = sfumato_thumbnail_get_request_mode;
  widget_class->measure = sfumato_thumbnail_measure;
  widget_class->size_allocate = sfumato_thumbnail_size_allocate;

  properties[PROP_GALLERY] =
    g_param_spec_object ("gallery", NULL, NULL, SFUMATO_TYPE_GALLERY,
                         G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY);
  properties[PROP_PICTURE] =
    g_param_spec_object ("picture", NULL, NULL, SFUMATO_TYPE_PICTURE,
                         G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY);
  properties[PROP_STATUS] =
    g_param_spec_enum ("status", NULL, NULL, SFUMATO_TYPE_THUMBNAIL_STATUS, SFUMATO_THUMBNAIL_EMPTY,
                       G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  properties[PROP_CONTENT_FIT] =
    g_param_spec_enum ("content-fit", NULL, NULL, GTK_TYPE_CONTENT_FIT, GTK_CONTENT_FIT_COVER,
                       G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY);
  properties[PROP_SHOW_FAVORITE] =
    g_param_spec_boolean ("show-favorite", NULL, NULL, TRUE,
                          G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY);
  properties[PROP_SQUARE] =
    g_param_spec_boolean ("square", NULL, NULL, FALSE,
                          G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  gtk_widget_class_set_template_from_resource (widget_class, SFUMATO_RESOURCES "sfumato-thumbnail.ui");
  gtk_widget_class_bind_template_child (widget_class, SfumatoThumbnail, overlay);
  gtk_widget_class_bind_template_child (widget_class, SfumatoThumbnail, image);
  gtk_widget_class_bind_template_child (widget_class, SfumatoThumbnail, icon);
  gtk_widget_class_bind_template_child (widget_class, SfumatoThumbnail, badge);
  gtk_widget_class_set_css_name (widget_class, "thumbnail");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_IMG);
}

static void
sfumato_thumbnail_init (SfumatoThumbnail *self)
{
  self->content_fit = GTK_CONTENT_FIT_COVER;
  self->show_favorite = TRUE;
  self->follow = g_signal_group_new (SFUMATO_TYPE_PICTURE);
  g_signal_group_connect_swapped (self->follow, "notify", G_CALLBACK (picture_changed_cb), self);

  gtk_widget_init_template (GTK_WIDGET (self));
}

GtkWidget *
sfumato_thumbnail_new (void)
{
  return g_object_new (SFUMATO_TYPE_THUMBNAIL, NULL);
}

void
sfumato_thumbnail_set_gallery (SfumatoThumbnail *self,
                               SfumatoGallery   *gallery)
{
  g_return_if_fail (SFUMATO_IS_THUMBNAIL (self));

  if (!g_set_object (&self->gallery, gallery))
    return;
  reload (self);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_GALLERY]);
}

void
sfumato_thumbnail_set_picture (SfumatoThumbnail *self,
                               SfumatoPicture   *picture)
{
  g_return_if_fail (SFUMATO_IS_THUMBNAIL (self));

  if (!g_set_object (&self->picture, picture))
    return;
  g_signal_group_set_target (self->follow, picture);
  update_favorite (self);
  reload (self);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_PICTURE]);
}

SfumatoThumbnailStatus
sfumato_thumbnail_get_status (SfumatoThumbnail *self)
{
  g_return_val_if_fail (SFUMATO_IS_THUMBNAIL (self), SFUMATO_THUMBNAIL_EMPTY);

  return self->status;
}
