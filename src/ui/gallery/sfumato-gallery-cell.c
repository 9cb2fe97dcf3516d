/* A cell of the gallery's grid.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "ui/gallery/sfumato-gallery-cell.h"

#include <glib/gi18n-lib.h>

#include "ui/widgets/sfumato-thumbnail.h"

struct _SfumatoGalleryCell
{
  AdwBin            parent_instance;

  SfumatoThumbnail *thumbnail;
  GtkListItem      *list_item;  /* borrowed: it owns this widget */
  GSignalGroup     *follow;     /* owned: the picture's notifications */
  gboolean          selecting;
};

G_DEFINE_FINAL_TYPE (SfumatoGalleryCell, sfumato_gallery_cell, ADW_TYPE_BIN)

enum
{
  PROP_0,
  PROP_LIST_ITEM,
  PROP_SELECTING,
  N_PROPS,
};

static GParamSpec *properties[N_PROPS];

/* The item, not the picture in it, is what a screen reader lands on. */
static void
update_name (SfumatoGalleryCell *self)
{
  SfumatoPicture *picture = gtk_list_item_get_item (self->list_item);
  const SfumatoPictureFields *fields = sfumato_picture_get_fields (picture);
  g_autofree char *alt = sfumato_picture_dup_alt_text (picture);
  g_autofree char *date = g_date_time_format (fields->created, "%x");
  g_autofree char *name = NULL;

  if (fields->favorite)
    /* Translators: the name of a picture for a screen reader: what it shows, and when it was made. */
    name = g_strdup_printf (_("%s, favorite, %s"), alt, date);
  else
    /* Translators: the name of a picture for a screen reader: what it shows, and when it was made. */
    name = g_strdup_printf (_("%s, %s"), alt, date);
  gtk_list_item_set_accessible_label (self->list_item, name);
}

static void
sfumato_gallery_cell_get_property (GObject    *object,
                                   guint       id,
                                   GValue     *value,
                                   GParamSpec *pspec)
{
  SfumatoGalleryCell *self = SFUMATO_GALLERY_CELL (object);

  switch (id)
    {
    case PROP_LIST_ITEM:
      g_value_set_object (value, self->list_item);
      break;
    case PROP_SELECTING:
      g_value_set_boolean (value, self->selecting);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
sfumato_gallery_cell_set_property (GObject      *object,
                                   guint         id,
                                   const GValue *value,
                                   GParamSpec   *pspec)
{
  SfumatoGalleryCell *self = SFUMATO_GALLERY_CELL (object);

  switch (id)
    {
    case PROP_LIST_ITEM:
      self->list_item = g_value_get_object (value);
      break;
    case PROP_SELECTING:
      self->selecting = g_value_get_boolean (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
sfumato_gallery_cell_dispose (GObject *object)
{
  SfumatoGalleryCell *self = SFUMATO_GALLERY_CELL (object);

  g_clear_object (&self->follow);
  gtk_widget_dispose_template (GTK_WIDGET (self), SFUMATO_TYPE_GALLERY_CELL);

  G_OBJECT_CLASS (sfumato_gallery_cell_parent_class)->dispose (object);
}

static void
sfumato_gallery_cell_class_init (SfumatoGalleryCellClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->dispose = sfumato_gallery_cell_dispose;
  object_class->get_property = sfumato_gallery_cell_get_property;
  object_class->set_property = sfumato_gallery_cell_set_property;

  properties[PROP_LIST_ITEM] =
    g_param_spec_object ("list-item", NULL, NULL, GTK_TYPE_LIST_ITEM,
                         G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);
  properties[PROP_SELECTING] =
    g_param_spec_boolean ("selecting", NULL, NULL, FALSE, G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  g_type_ensure (SFUMATO_TYPE_THUMBNAIL);
  gtk_widget_class_set_template_from_resource (widget_class, SFUMATO_RESOURCES "sfumato-gallery-cell.ui");
  gtk_widget_class_bind_template_child (widget_class, SfumatoGalleryCell, thumbnail);
}

static void
sfumato_gallery_cell_init (SfumatoGalleryCell *self)
{
  self->follow = g_signal_group_new (SFUMATO_TYPE_PICTURE);
  g_signal_group_connect_swapped (self->follow, "notify::favorite", G_CALLBACK (update_name), self);

  gtk_widget_init_template (GTK_WIDGET (self));
}

SfumatoGalleryCell *
sfumato_gallery_cell_new (GtkListItem *list_item)
{
  return g_object_new (SFUMATO_TYPE_GALLERY_CELL, "list-item", list_item, NULL);
}

void
sfumato_gallery_cell_bind (SfumatoGalleryCell *self,
                           SfumatoGallery     *gallery)
{
  SfumatoPicture *picture;

  g_return_if_fail (SFUMATO_IS_GALLERY_CELL (self));

  picture = gtk_list_item_get_item (self->list_item);
  sfumato_thumbnail_set_gallery (self->thumbnail, gallery);
  sfumato_thumbnail_set_picture (self->thumbnail, picture);
  g_signal_group_set_target (self->follow, picture);
  update_name (self);
}

void
sfumato_gallery_cell_unbind (SfumatoGalleryCell *self)
{
  g_return_if_fail (SFUMATO_IS_GALLERY_CELL (self));

  g_signal_group_set_target (self->follow, NULL);
  sfumato_thumbnail_set_picture (self->thumbnail, NULL);
}

guint
sfumato_gallery_cell_get_position (SfumatoGalleryCell *self)
{
  g_return_val_if_fail (SFUMATO_IS_GALLERY_CELL (self), GTK_INVALID_LIST_POSITION);

  return gtk_list_item_get_position (self->list_item);
}
