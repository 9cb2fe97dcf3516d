/* The textures of one picture and of its neighbours.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "ui/gallery/sfumato-preloader.h"

#include "ui/widgets/sfumato-texture.h"

/* Three of these are 200 MB; larger ones are decoded only when they are looked at. */
#define NEIGHBOUR_PIXELS_MAX (16u * 1000 * 1000)

typedef struct
{
  SfumatoPreloader *owner;        /* borrowed; valid unless cancellable is cancelled */
  SfumatoPicture   *picture;      /* owned */
  GCancellable     *cancellable;  /* owned */
  GdkTexture       *texture;      /* owned, nullable: not yet, or failed */
  GError           *error;        /* owned, nullable */
} Slot;

struct _SfumatoPreloader
{
  GObject    parent_instance;

  GPtrArray *slots;  /* owned, of Slot */
};

enum
{
  SIGNAL_LOADED,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (SfumatoPreloader, sfumato_preloader, G_TYPE_OBJECT)

static void
slot_free (Slot *slot)
{
  g_cancellable_cancel (slot->cancellable);
  g_object_unref (slot->cancellable);
  g_object_unref (slot->picture);
  g_clear_object (&slot->texture);
  g_clear_error (&slot->error);
  g_free (slot);
}

static void
loaded_cb (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  Slot *slot = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GdkTexture) texture = sfumato_texture_load_finish (result, &error);

  /* A cancelled request's slot is gone. */
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  slot->texture = g_steal_pointer (&texture);
  slot->error = g_steal_pointer (&error);
  g_signal_emit (slot->owner, signals[SIGNAL_LOADED], 0, slot->picture);
}

/* By id: a model may hand out a new object for the same picture. */
static gboolean
is_same (SfumatoPicture *one,
         SfumatoPicture *other)
{
  return g_str_equal (sfumato_picture_get_fields (one)->id, sfumato_picture_get_fields (other)->id);
}

static Slot *
find (SfumatoPreloader *self,
      SfumatoPicture   *picture)
{
  for (guint i = 0; i < self->slots->len; i++)
    {
      Slot *slot = g_ptr_array_index (self->slots, i);

      if (is_same (slot->picture, picture))
        return slot;
    }
  return NULL;
}

static void
begin (SfumatoPreloader *self,
       SfumatoGallery   *gallery,
       SfumatoPicture   *picture)
{
  Slot *slot = g_new0 (Slot, 1);

  slot->owner = self;
  slot->picture = g_object_ref (picture);
  slot->cancellable = g_cancellable_new ();
  g_ptr_array_add (self->slots, slot);
  sfumato_texture_load_async (gallery, picture, 0, slot->cancellable, loaded_cb, slot);
}

static gboolean
is_wanted (SfumatoPicture *picture,
           gboolean        neighbour)
{
  const SfumatoPictureFields *fields = picture ? sfumato_picture_get_fields (picture) : NULL;

  return fields && !fields->missing &&
         (!neighbour || (guint64) fields->width * fields->height <= NEIGHBOUR_PIXELS_MAX);
}

static void
sfumato_preloader_finalize (GObject *object)
{
  g_ptr_array_unref (SFUMATO_PRELOADER (object)->slots);

  G_OBJECT_CLASS (sfumato_preloader_parent_class)->finalize (object);
}

static void
sfumato_preloader_class_init (SfumatoPreloaderClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = sfumato_preloader_finalize;

  signals[SIGNAL_LOADED] = g_signal_new ("loaded", SFUMATO_TYPE_PRELOADER, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                         G_TYPE_NONE, 1, SFUMATO_TYPE_PICTURE);
}

static void
sfumato_preloader_init (SfumatoPreloader *self)
{
  self->slots = g_ptr_array_new_with_free_func ((GDestroyNotify) slot_free);
}

SfumatoPreloader *
sfumato_preloader_new (void)
{
  return g_object_new (SFUMATO_TYPE_PRELOADER, NULL);
}

void
sfumato_preloader_center (SfumatoPreloader *self,
                          SfumatoGallery   *gallery,
                          GListModel       *pictures,
                          guint             position)
{
  const guint order[] = { position, position + 1, position - 1 };
  g_autoptr (GPtrArray) old = g_steal_pointer (&self->slots);

  self->slots = g_ptr_array_new_with_free_func ((GDestroyNotify) slot_free);
  for (guint i = 0; i < G_N_ELEMENTS (order); i++)
    {
      /* One before the first wraps around to where no item is. */
      g_autoptr (SfumatoPicture) picture = g_list_model_get_item (pictures, order[i]);
      gboolean kept = FALSE;

      if (!is_wanted (picture, order[i] != position))
        continue;
      for (guint j = 0; j < old->len && !kept; j++)
        if (is_same (((Slot *) old->pdata[j])->picture, picture))
          {
            g_ptr_array_add (self->slots, g_ptr_array_steal_index_fast (old, j));
            kept = TRUE;
          }
      if (!kept)
        begin (self, gallery, picture);
    }
}

GdkTexture *
sfumato_preloader_get (SfumatoPreloader  *self,
                       SfumatoPicture    *picture,
                       const GError     **error)
{
  Slot *slot = find (self, picture);

  if (error)
    *error = slot ? slot->error : NULL;
  return slot ? slot->texture : NULL;
}
