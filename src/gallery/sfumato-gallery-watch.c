/* Notices what other programs do in the pictures folder: names are gathered for a moment, then looked at on a worker
 * thread. While the folder is away it is looked for every few seconds, since nothing tells of a drive that comes
 * back under the same path; and so is what is in it where nobody tells of that.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "gallery/sfumato-gallery-private.h"

#include <linux/magic.h>
#include <sys/vfs.h>

#define GATHER_MS    250  /* of quiet before names are looked at */
#define GATHER_MAX   2000 /* ms that somebody who never pauses can put it off */
#define NAMES_MAX    2000 /* above this the whole folder is looked through instead */
#define LOOK_AGAIN_S 3

struct _SfumatoWatch
{
  SfumatoGallery *gallery;  /* borrowed: it owns us */
  GFileMonitor   *monitor;  /* owned, nullable while the folder is away or nobody tells */
  GHashTable     *names;    /* owned: set of owned file names; empty with "everything" */
  gboolean        everything;
  gint64          since;    /* monotonic time of the first name gathered; 0: none */
  guint           timer;
  gboolean        working;  /* a worker looks at names */
};

static void begin (SfumatoWatch *self);
static void work  (SfumatoWatch *self);

/* ---- on the worker ---- */

typedef struct
{
  SfumatoGallery *gallery; /* owned; let go on the main thread, where it may be the last reference */
  GPtrArray      *names;   /* owned, nullable: everything */
} Work;

static void
work_free (gpointer data)
{
  Work *given = data;

  g_clear_object (&given->gallery);
  g_clear_pointer (&given->names, g_ptr_array_unref);
  g_free (given);
}

static void
work_thread (GTask        *task,
             gpointer      source,
             gpointer      data,
             GCancellable *cancellable)
{
  Work *given = data;
  g_autoptr (GError) error = NULL;

  if (given->names == NULL || !_sfumato_gallery_scan_names (given->gallery, given->names, &error))
    {
      g_clear_error (&error);
      sfumato_gallery_scan (given->gallery, NULL, &error);
    }
  if (error != NULL)
    g_debug ("The pictures folder cannot be read: %s", error->message);
  g_task_return_boolean (task, TRUE);
}

static void
work_done_cb (GObject      *source,
              GAsyncResult *result,
              gpointer      data)
{
  Work *given = g_task_get_task_data (G_TASK (result));
  g_autoptr (SfumatoGallery) gallery = g_steal_pointer (&given->gallery);
  SfumatoWatch *self = gallery->watch;

  self->working = FALSE;
  if (self->monitor == NULL || !sfumato_gallery_is_available (self->gallery))
    begin (self);
  else if (self->since != 0)
    work (self);
}

static void
work (SfumatoWatch *self)
{
  g_autoptr (GTask) task = NULL;
  Work *given;

  if (self->working)
    return;
  given = g_new0 (Work, 1);
  given->gallery = g_object_ref (self->gallery);
  if (!self->everything)
    given->names = g_hash_table_steal_all_keys (self->names);
  else
    g_hash_table_remove_all (self->names);
  self->everything = FALSE;
  self->since = 0;
  self->working = TRUE;
  task = g_task_new (NULL, NULL, work_done_cb, NULL);
  g_task_set_task_data (task, given, work_free);
  g_task_run_in_thread (task, work_thread);
}

/* ---- on the main thread ---- */

static gboolean
gathered_cb (gpointer data)
{
  SfumatoWatch *self = data;

  self->timer = 0;
  work (self);
  return G_SOURCE_REMOVE;
}

static void
gather (SfumatoWatch *self,
        GFile        *file)
{
  gint64 now = g_get_monotonic_time ();

  if (file == NULL || g_hash_table_size (self->names) >= NAMES_MAX)
    self->everything = TRUE;
  else
    {
      g_autofree char *name = g_file_get_basename (file);

      if (*name == '.')
        return;
      g_hash_table_add (self->names, g_steal_pointer (&name));
    }
  if (self->since == 0)
    self->since = now;
  if (self->timer != 0 && now - self->since > GATHER_MAX * G_TIME_SPAN_MILLISECOND)
    return;
  g_clear_handle_id (&self->timer, g_source_remove);
  self->timer = g_timeout_add (GATHER_MS, gathered_cb, self);
}

static void
changed_cb (GFileMonitor      *monitor,
            GFile             *file,
            GFile             *other,
            GFileMonitorEvent  event,
            gpointer           data)
{
  SfumatoWatch *self = data;
  g_autofree char *path = g_file_get_path (file);

  if (event == G_FILE_MONITOR_EVENT_UNMOUNTED || g_strcmp0 (path, sfumato_gallery_get_folder (self->gallery)) == 0)
    {
      /* The folder itself went; the monitor does not follow one that takes its place. */
      g_clear_object (&self->monitor);
      gather (self, NULL);
      return;
    }
  gather (self, file);
  if (other != NULL)
    gather (self, other);
}

static gboolean
look_again_cb (gpointer data)
{
  SfumatoWatch *self = data;

  self->timer = 0;
  self->everything = TRUE;
  work (self);
  return G_SOURCE_REMOVE;
}

/* Of a file system in user space, such as a sandbox's document portal, the kernel tells only what went through it, and not
 * what others do in the folder behind it. */
static gboolean
tells (const char *folder)
{
  struct statfs info;

  return statfs (folder, &info) != 0 || info.f_type != FUSE_SUPER_MAGIC;
}

/* With a monitor where the folder is there, looking for it where it is not. */
static void
begin (SfumatoWatch *self)
{
  const char *path = sfumato_gallery_get_folder (self->gallery);
  g_autoptr (GFile) folder = g_file_new_for_path (path);

  g_clear_handle_id (&self->timer, g_source_remove);
  g_clear_object (&self->monitor);
  if (sfumato_gallery_is_available (self->gallery) && tells (path))
    self->monitor = g_file_monitor_directory (folder, G_FILE_MONITOR_WATCH_MOVES, NULL, NULL);
  if (self->monitor == NULL)
    {
      self->timer = g_timeout_add_seconds (LOOK_AGAIN_S, look_again_cb, self);
      return;
    }
  g_signal_connect (self->monitor, "changed", G_CALLBACK (changed_cb), self);
  /* Whatever happened before the monitor was there. */
  self->everything = TRUE;
  work (self);
}

SfumatoWatch *
_sfumato_watch_new (SfumatoGallery *gallery)
{
  SfumatoWatch *self = g_new0 (SfumatoWatch, 1);

  self->gallery = gallery;
  self->names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  return self;
}

void
_sfumato_watch_begin (SfumatoWatch *self)
{
  begin (self);
}

void
_sfumato_watch_free (SfumatoWatch *self)
{
  g_clear_handle_id (&self->timer, g_source_remove);
  if (self->monitor != NULL)
    g_signal_handlers_disconnect_by_data (self->monitor, self);
  g_clear_object (&self->monitor);
  g_hash_table_unref (self->names);
  g_free (self);
}
