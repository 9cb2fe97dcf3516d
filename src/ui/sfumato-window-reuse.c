/* Taking a picture's settings over into the form, and a picture as the reference of the next one.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include <glib/gi18n-lib.h>

#include "ui/sfumato-window-private.h"

typedef struct
{
  SfumatoPicture *picture; /* owned */
  SfumatoReuse    parts;
} Reuse;

static void
reuse_free (gpointer data)
{
  Reuse *reuse = data;

  g_object_unref (reuse->picture);
  g_free (reuse);
}

/* The seed that made the picture, not the one that was asked for. */
static gint64
seed_of (SfumatoPicture *picture)
{
  const SfumatoPictureFields *fields = sfumato_picture_get_fields (picture);

  if (fields->seed_used >= 0)
    return fields->seed_used;
  return fields->request != NULL ? sfumato_request_get_fields (fields->request)->seed : SFUMATO_SEED_RANDOM;
}

/* What the form shows now, with the parts that are wanted from the picture. complete: its request, with the bytes of
 * its reference picture where they were kept. */
static SfumatoRequest *
blend (SfumatoForm    *form,
       SfumatoRequest *complete,
       Reuse          *reuse)
{
  g_autoptr (SfumatoRequest) now = sfumato_form_to_draft (form);
  SfumatoRequestFields fields = *sfumato_request_get_fields (now);
  const SfumatoRequestFields *made = sfumato_request_get_fields (complete);

  switch (reuse->parts)
    {
    case SFUMATO_REUSE_PROMPT:
      fields.prompt = made->prompt;
      fields.negative_prompt = made->negative_prompt;
      break;
    case SFUMATO_REUSE_SEED:
      fields.seed = seed_of (reuse->picture);
      break;
    case SFUMATO_REUSE_ALL_BUT_SEED:
    case SFUMATO_REUSE_ALL:
    default:
      fields = *made;
      fields.seed = reuse->parts == SFUMATO_REUSE_ALL ? seed_of (reuse->picture) : SFUMATO_SEED_RANDOM;
    }
  return sfumato_request_new (&fields);
}

static void
complete_in_thread (GTask        *task,
                    gpointer      source,
                    gpointer      task_data,
                    GCancellable *cancellable)
{
  Reuse *reuse = task_data;
  SfumatoRequest *request = sfumato_picture_get_fields (reuse->picture)->request;
  SfumatoRequest *complete = sfumato_studio_complete_request (source, request, NULL);

  /* A reference picture that was not kept is missing in the form, where it can be seen. */
  g_task_return_pointer (task, complete != NULL ? complete : g_object_ref (request), g_object_unref);
}

static void
completed_cb (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  g_autoptr (SfumatoWindow) self = user_data;
  Reuse *reuse = g_task_get_task_data (G_TASK (result));
  g_autoptr (SfumatoRequest) complete = g_task_propagate_pointer (G_TASK (result), NULL);
  g_autoptr (SfumatoRequest) blended = NULL;

  if (complete == NULL)
    return; /* the window is gone */
  blended = blend (sfumato_create_page_get_form (self->create_page), complete, reuse);
  sfumato_window_show_page (self, "create");
  sfumato_window_load_form (self, blended, _("Settings taken over"));
  sfumato_create_page_focus_prompt (self->create_page);
}

void
sfumato_window_reuse (SfumatoWindow  *self,
                      SfumatoPicture *picture,
                      SfumatoReuse    parts)
{
  g_autoptr (GTask) task = NULL;
  Reuse *reuse;

  g_return_if_fail (SFUMATO_IS_WINDOW (self));
  g_return_if_fail (sfumato_picture_get_fields (picture)->request != NULL);

  reuse = g_new (Reuse, 1);
  *reuse = (Reuse) { .picture = g_object_ref (picture), .parts = parts };
  task = g_task_new (self->studio, self->cancellable, completed_cb, g_object_ref (self));
  g_task_set_task_data (task, reuse, reuse_free);
  g_task_run_in_thread (task, complete_in_thread);
}

void
sfumato_window_use_as_reference (SfumatoWindow  *self,
                                 SfumatoPicture *picture)
{
  g_autofree char *path = NULL;
  g_autoptr (GFile) file = NULL;

  g_return_if_fail (SFUMATO_IS_WINDOW (self));

  path = sfumato_gallery_dup_path (sfumato_studio_get_gallery (self->studio), picture);
  file = g_file_new_for_path (path);
  sfumato_window_show_page (self, "create");
  sfumato_create_page_load_reference (self->create_page, file);
}
