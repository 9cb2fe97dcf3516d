/* Deleting pictures so that it can be taken back.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "ui/gallery/sfumato-deletions.h"

#include <glib/gi18n-lib.h>

#include "ui/widgets/sfumato-error-dialog.h"

/* One step back: everything deleted while one toast was up. */
typedef struct
{
  SfumatoGallery *gallery;  /* owned */
  GPtrArray      *tokens;   /* owned, of char*: for sfumato_gallery_restore(), in order of deletion */
  guint           count;    /* pictures */
} Step;

struct _SfumatoDeletions
{
  GObject        parent_instance;

  SfumatoWindow *window;   /* weak, nullable */
  AdwToast      *toast;    /* owned, nullable: while it is up, for the last step */
  GPtrArray     *steps;    /* owned, of Step; the last is the first to take back */
};

G_DEFINE_FINAL_TYPE (SfumatoDeletions, sfumato_deletions, G_TYPE_OBJECT)

static Step *
step_new (SfumatoGallery *gallery)
{
  Step *step = g_new0 (Step, 1);

  step->gallery = g_object_ref (gallery);
  step->tokens = g_ptr_array_new_with_free_func (g_free);
  return step;
}

static void
step_free (Step *step)
{
  g_object_unref (step->gallery);
  g_ptr_array_unref (step->tokens);
  g_free (step);
}

/* ---- the toast ------------------------------------------------------------------------------------------- */

static void
toast_dismissed_cb (SfumatoDeletions *self)
{
  g_clear_object (&self->toast);
}

static void
undo_clicked_cb (SfumatoDeletions *self)
{
  sfumato_deletions_undo (self);
}

static void
hide_toast (SfumatoDeletions *self)
{
  g_autoptr (AdwToast) toast = g_steal_pointer (&self->toast);

  if (toast)
    adw_toast_dismiss (toast);
}

static void
make_toast (SfumatoDeletions *self,
            const char       *title)
{
  self->toast = adw_toast_new (title);
  adw_toast_set_button_label (self->toast, _("_Undo"));
  adw_toast_set_priority (self->toast, ADW_TOAST_PRIORITY_HIGH);
  g_signal_connect_object (self->toast, "dismissed", G_CALLBACK (toast_dismissed_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->toast, "button-clicked", G_CALLBACK (undo_clicked_cb), self, G_CONNECT_SWAPPED);
}

static void
show_count (SfumatoDeletions *self,
            guint             count)
{
  g_autofree char *title = g_strdup_printf (ngettext ("Picture deleted", "%u pictures deleted", count), count);

  /* Not the one before with another title: that may be up over another page, and would not be read out again. */
  hide_toast (self);
  make_toast (self, title);
  sfumato_window_add_toast (self->window, g_object_ref (self->toast));
}

/* ---- deleting and restoring, on a worker thread ----------------------------------------------------------- */

typedef struct
{
  GWeakRef        owner;     /* SfumatoDeletions */
  SfumatoGallery *gallery;   /* owned */
  GPtrArray      *pictures;  /* owned, nullable: to delete */
  char           *token;     /* owned, nullable: of what was deleted */
  Step           *step;      /* owned, nullable: to restore */
} Work;

static void
work_free (Work *work)
{
  g_weak_ref_clear (&work->owner);
  g_object_unref (work->gallery);
  g_clear_pointer (&work->pictures, g_ptr_array_unref);
  g_clear_pointer (&work->step, step_free);
  g_free (work->token);
  g_free (work);
}

static void
start (SfumatoDeletions    *self,
       Work                *work,
       GTaskThreadFunc      thread,
       GAsyncReadyCallback  done)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, done, NULL);

  g_weak_ref_init (&work->owner, self);
  g_task_set_source_tag (task, start);
  g_task_set_task_data (task, work, (GDestroyNotify) work_free);
  g_task_run_in_thread (task, thread);
}

static void
show_error (SfumatoDeletions *self,
            const GError     *error)
{
  if (self && self->window)
    sfumato_error_dialog_present (GTK_WIDGET (self->window), error);
}

static void
trash_thread (GTask        *task,
              gpointer      source,
              gpointer      task_data,
              GCancellable *cancellable)
{
  Work *work = task_data;
  GError *error = NULL;

  if (sfumato_gallery_trash (work->gallery, work->pictures, &work->token, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
trashed_cb (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  Work *work = g_task_get_task_data (G_TASK (result));
  g_autoptr (SfumatoDeletions) self = g_weak_ref_get (&work->owner);
  g_autoptr (GError) error = NULL;
  Step *step;

  if (!g_task_propagate_boolean (G_TASK (result), &error))
    {
      show_error (self, error);
      return;
    }
  if (!self || !self->window)
    return;
  if (!self->toast || self->steps->len == 0)
    g_ptr_array_add (self->steps, step_new (work->gallery));
  step = g_ptr_array_index (self->steps, self->steps->len - 1);
  g_ptr_array_add (step->tokens, g_steal_pointer (&work->token));
  step->count += work->pictures->len;
  show_count (self, step->count);
}

static void
restore_thread (GTask        *task,
                gpointer      source,
                gpointer      task_data,
                GCancellable *cancellable)
{
  Work *work = task_data;
  GPtrArray *tokens = work->step->tokens;
  GError *error = NULL;

  while (tokens->len > 0)
    {
      if (!sfumato_gallery_restore (work->gallery, g_ptr_array_index (tokens, tokens->len - 1), &error))
        {
          g_task_return_error (task, error);
          return;
        }
      g_ptr_array_remove_index (tokens, tokens->len - 1);
    }
  g_task_return_boolean (task, TRUE);
}

static void
restored_cb (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  Work *work = g_task_get_task_data (G_TASK (result));
  g_autoptr (SfumatoDeletions) self = g_weak_ref_get (&work->owner);
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;

  if (!g_task_propagate_boolean (G_TASK (result), &error))
    {
      show_error (self, error);
      return;
    }
  if (!self || !self->window)
    return;
  text = g_strdup_printf (ngettext ("Picture restored", "%u pictures restored", work->step->count),
                          work->step->count);
  sfumato_window_announce (self->window, text, FALSE);
}

/* Nobody can ask for them any more. */
static void
forget_steps (SfumatoDeletions *self)
{
  for (guint i = 0; i < self->steps->len; i++)
    {
      Step *step = g_ptr_array_index (self->steps, i);

      for (guint j = 0; j < step->tokens->len; j++)
        sfumato_gallery_forget_trash (step->gallery, g_ptr_array_index (step->tokens, j));
    }
  g_ptr_array_set_size (self->steps, 0);
}

/* ---- overrides ------------------------------------------------------------------------------------------- */

static void
sfumato_deletions_dispose (GObject *object)
{
  SfumatoDeletions *self = SFUMATO_DELETIONS (object);

  g_clear_weak_pointer (&self->window);
  g_clear_object (&self->toast);
  forget_steps (self);

  G_OBJECT_CLASS (sfumato_deletions_parent_class)->dispose (object);
}

static void
sfumato_deletions_finalize (GObject *object)
{
  g_ptr_array_unref (SFUMATO_DELETIONS (object)->steps);

  G_OBJECT_CLASS (sfumato_deletions_parent_class)->finalize (object);
}

static void
sfumato_deletions_class_init (SfumatoDeletionsClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = sfumato_deletions_dispose;
  G_OBJECT_CLASS (klass)->finalize = sfumato_deletions_finalize;
}

static void
sfumato_deletions_init (SfumatoDeletions *self)
{
  self->steps = g_ptr_array_new_with_free_func ((GDestroyNotify) step_free);
}

SfumatoDeletions *
sfumato_deletions_new (SfumatoWindow *window)
{
  SfumatoDeletions *self = g_object_new (SFUMATO_TYPE_DELETIONS, NULL);

  g_set_weak_pointer (&self->window, window);
  return self;
}

void
sfumato_deletions_delete (SfumatoDeletions *self,
                          GPtrArray        *pictures)
{
  Work *work;

  g_return_if_fail (SFUMATO_IS_DELETIONS (self) && self->window);

  if (pictures->len == 0)
    return;
  work = g_new0 (Work, 1);
  work->gallery = g_object_ref (sfumato_studio_get_gallery (sfumato_window_get_studio (self->window)));
  work->pictures = g_ptr_array_copy (pictures, (GCopyFunc) (GCallback) g_object_ref, NULL);
  g_ptr_array_set_free_func (work->pictures, g_object_unref);
  start (self, work, trash_thread, trashed_cb);
}

gboolean
sfumato_deletions_undo (SfumatoDeletions *self)
{
  Work *work;

  g_return_val_if_fail (SFUMATO_IS_DELETIONS (self), FALSE);

  if (self->steps->len == 0)
    return FALSE;
  hide_toast (self);
  work = g_new0 (Work, 1);
  work->step = g_ptr_array_steal_index (self->steps, self->steps->len - 1);
  work->gallery = g_object_ref (work->step->gallery);
  start (self, work, restore_thread, restored_cb);
  return TRUE;
}
