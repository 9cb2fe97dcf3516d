/* The pictures a search finds, as a list model.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "gallery/sfumato-gallery-model.h"

struct _SfumatoGalleryModel
{
  GObject             parent_instance;

  GObject            *owner;    /* owned */
  SfumatoIndex       *index;    /* borrowed from owner */
  SfumatoReadPicture  read;
  SfumatoSearch      *search;   /* owned */
  GArray             *rows;     /* owned: gint64, highest first */

  /* While changes are told, one after the other, the list is the begin of the new rows and the rest of the old. */
  GArray             *old;      /* owned, nullable */
  guint               n_new;    /* how many of rows are in the list already */
  guint               n_old;    /* how many of old are not any more */
  gboolean            again;    /* somebody who was told turned the main loop, and it came by here */
};

static void list_model_init (GListModelInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (SfumatoGalleryModel, sfumato_gallery_model, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL, list_model_init))

static guint
get_length (SfumatoGalleryModel *self)
{
  return self->old == NULL ? self->rows->len : self->n_new + self->old->len - self->n_old;
}

static gint64
get_row (SfumatoGalleryModel *self,
         guint                position)
{
  if (self->old == NULL || position < self->n_new)
    return g_array_index (self->rows, gint64, position);
  return g_array_index (self->old, gint64, position - self->n_new + self->n_old);
}

static GType
sfumato_gallery_model_get_item_type (GListModel *model)
{
  return SFUMATO_TYPE_PICTURE;
}

static guint
sfumato_gallery_model_get_n_items (GListModel *model)
{
  return get_length (SFUMATO_GALLERY_MODEL (model));
}

static gpointer
sfumato_gallery_model_get_item (GListModel *model,
                                guint       position)
{
  SfumatoGalleryModel *self = SFUMATO_GALLERY_MODEL (model);

  if (position >= get_length (self))
    return NULL;
  return self->read (get_row (self, position), self->owner);
}

static void
list_model_init (GListModelInterface *iface)
{
  iface->get_item_type = sfumato_gallery_model_get_item_type;
  iface->get_n_items = sfumato_gallery_model_get_n_items;
  iface->get_item = sfumato_gallery_model_get_item;
}

static void
sfumato_gallery_model_finalize (GObject *object)
{
  SfumatoGalleryModel *self = SFUMATO_GALLERY_MODEL (object);

  g_clear_object (&self->owner);
  g_clear_pointer (&self->search, sfumato_search_free);
  g_clear_pointer (&self->rows, g_array_unref);

  G_OBJECT_CLASS (sfumato_gallery_model_parent_class)->finalize (object);
}

static void
sfumato_gallery_model_class_init (SfumatoGalleryModelClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = sfumato_gallery_model_finalize;
}

static void
sfumato_gallery_model_init (SfumatoGalleryModel *self)
{
}

SfumatoGalleryModel *
sfumato_gallery_model_new (GObject            *owner,
                           SfumatoIndex       *index,
                           SfumatoReadPicture  read,
                           SfumatoSearch      *search)
{
  SfumatoGalleryModel *self = g_object_new (SFUMATO_TYPE_GALLERY_MODEL, NULL);

  self->owner = g_object_ref (owner);
  self->index = index;
  self->read = read;
  self->search = search;
  self->rows = sfumato_index_search (index, search);
  if (self->rows == NULL)
    self->rows = g_array_new (FALSE, FALSE, sizeof (gint64));
  return self;
}

/* Tells of the next run of rows that came or went; both lists are sorted, so that comparing them is walking. */
static gboolean
tell_next_change (SfumatoGalleryModel *self)
{
  guint i = self->n_old, j = self->n_new;
  guint removed = 0, added = 0;

#define OLD(n) g_array_index (self->old, gint64, n)
#define NEW(n) g_array_index (self->rows, gint64, n)
  while (i < self->old->len && j < self->rows->len && OLD (i) == NEW (j))
    i++, j++;
  for (;; removed++, i++)
    {
      for (; j < self->rows->len && (i == self->old->len || NEW (j) > OLD (i)); j++)
        added++;
      if (i == self->old->len || (j < self->rows->len && NEW (j) == OLD (i)))
        break;
    }
#undef OLD
#undef NEW
  self->n_old = i;
  self->n_new = j;
  if (removed == 0 && added == 0)
    return FALSE;
  g_list_model_items_changed (G_LIST_MODEL (self), j - added, removed, added);
  return TRUE;
}

static void
update_once (SfumatoGalleryModel *self)
{
  GArray *rows = sfumato_index_search (self->index, self->search);

  if (rows == NULL)
    return;
  self->old = self->rows;
  self->rows = rows;
  self->n_old = self->n_new = 0;
  while (tell_next_change (self))
    ;
  g_clear_pointer (&self->old, g_array_unref);
}

void
sfumato_gallery_model_update (SfumatoGalleryModel *self)
{
  self->again = TRUE;
  if (self->old != NULL)
    return;
  g_object_ref (self);
  while (self->again)
    {
      self->again = FALSE;
      update_once (self);
    }
  g_object_unref (self);
}
