/* The pictures that somebody holds.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "gallery/sfumato-shelf.h"

#define KEPT      1024 /* pictures that stay alive by themselves: a few screens of a grid */
#define SWEEP_MIN 4096 /* entries before dead ones are looked for */

struct _SfumatoShelf
{
  GMutex          lock;
  GHashTable     *by_row;      /* owned: gint64 → GWeakRef, both owned */
  SfumatoPicture *kept[KEPT];  /* owned, nullable: a ring */
  guint           next;
  guint           sweep_at;    /* size of by_row at which dead entries are dropped */
};

static void
free_weak (gpointer data)
{
  g_weak_ref_clear (data);
  g_free (data);
}

SfumatoShelf *
sfumato_shelf_new (void)
{
  SfumatoShelf *self = g_new0 (SfumatoShelf, 1);

  g_mutex_init (&self->lock);
  self->by_row = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, free_weak);
  self->sweep_at = SWEEP_MIN;
  return self;
}

void
sfumato_shelf_free (SfumatoShelf *self)
{
  for (guint i = 0; i < KEPT; i++)
    g_clear_object (&self->kept[i]);
  g_hash_table_unref (self->by_row);
  g_mutex_clear (&self->lock);
  g_free (self);
}

static SfumatoPicture *
look_up (SfumatoShelf *self,
         gint64        row)
{
  GWeakRef *weak = g_hash_table_lookup (self->by_row, &row);

  return weak != NULL ? g_weak_ref_get (weak) : NULL;
}

SfumatoPicture *
sfumato_shelf_get (SfumatoShelf *self,
                   gint64        row)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  return look_up (self, row);
}

static gboolean
is_dead (gpointer key,
         gpointer value,
         gpointer data)
{
  g_autoptr (SfumatoPicture) picture = g_weak_ref_get (value);

  return picture == NULL;
}

SfumatoPicture *
sfumato_shelf_put (SfumatoShelf   *self,
                   gint64          row,
                   SfumatoPicture *picture)
{
  /* Whatever is dropped here is dropped after the lock, since that may run other people's code. */
  g_autoptr (SfumatoPicture) given = picture;
  g_autoptr (SfumatoPicture) oldest = NULL;
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  SfumatoPicture *there = look_up (self, row);
  GWeakRef *weak;

  if (there != NULL)
    return there;
  if (g_hash_table_size (self->by_row) >= self->sweep_at)
    {
      g_hash_table_foreach_remove (self->by_row, is_dead, NULL);
      self->sweep_at = MAX (SWEEP_MIN, 2 * g_hash_table_size (self->by_row));
    }
  weak = g_new0 (GWeakRef, 1);
  g_weak_ref_init (weak, picture);
  g_hash_table_replace (self->by_row, g_memdup2 (&row, sizeof row), weak);
  oldest = self->kept[self->next];
  self->kept[self->next] = g_object_ref (picture);
  self->next = (self->next + 1) % KEPT;
  return g_steal_pointer (&given);
}

void
sfumato_shelf_visit (SfumatoShelf      *self,
                     SfumatoShelfVisit  visit,
                     gpointer           data)
{
  g_autoptr (GPtrArray) pictures = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GArray) rows = g_array_new (FALSE, FALSE, sizeof (gint64));
  GHashTableIter iter;
  gpointer key, value;

  g_mutex_lock (&self->lock);
  g_hash_table_iter_init (&iter, self->by_row);
  while (g_hash_table_iter_next (&iter, &key, &value))
    {
      SfumatoPicture *picture = g_weak_ref_get (value);

      if (picture != NULL)
        {
          g_ptr_array_add (pictures, picture);
          g_array_append_val (rows, *(gint64 *) key);
        }
    }
  g_mutex_unlock (&self->lock);
  for (guint i = 0; i < pictures->len; i++)
    visit (g_array_index (rows, gint64, i), g_ptr_array_index (pictures, i), data);
}
