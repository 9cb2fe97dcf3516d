/* The result area.
 *
 *   jobs (of the batch) ──► shown: those whose picture was not deleted ──► single, or the tiles
 *                                    └──► pictures: what the image view walks through
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "ui/create/sfumato-result-view.h"

#include <glib/gi18n-lib.h>

#include "domain/sfumato-error.h"
#include "ui/create/sfumato-tiles.h"
#include "ui/gallery/sfumato-picture-actions.h"
#include "ui/queue/sfumato-failure-view.h"
#include "ui/queue/sfumato-job-view.h"
#include "ui/sfumato-window.h"

struct _SfumatoResultView
{
  AdwBin              parent_instance;

  AdwToastOverlay    *toast_overlay;
  GtkStack           *stack;
  GtkStack           *jobs_stack;
  SfumatoJobView     *single;
  SfumatoTiles       *tiles;
  SfumatoJobView     *problem;
  GtkLabel           *note_label;
  GtkWidget          *tools;
  GtkMenuButton      *more_button;
  SfumatoFailureView *refusal;

  SfumatoStudio      *studio;    /* owned */
  GListStore         *jobs;      /* owned, of SfumatoJob */
  GtkFilterListModel *shown;     /* owned */
  GListStore         *pictures;  /* owned, of SfumatoPicture */
  GListStore         *meant;     /* owned: at most one picture, the one the tools are about */
  SfumatoPicture     *picture;   /* owned, nullable: the same */
  SfumatoGallery     *gallery;   /* owned: whose changes are followed */
  gboolean            refused;   /* the last press of Generate made no jobs */
};

static void holder_init (SfumatoPictureHolderInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (SfumatoResultView, sfumato_result_view, ADW_TYPE_BIN,
                               G_IMPLEMENT_INTERFACE (SFUMATO_TYPE_PICTURE_HOLDER, holder_init))

enum
{
  PROP_0,
  PROP_STUDIO,
  PROP_PICTURE,
  N_PROPS,
};

static GParamSpec *properties[N_PROPS];

static guint
count_shown (SfumatoResultView *self)
{
  return g_list_model_get_n_items (G_LIST_MODEL (self->shown));
}

/* The job a person means: the only one, or the selected tile's. Borrowed. */
static SfumatoJob *
find_job (SfumatoResultView *self)
{
  g_autoptr (SfumatoJob) job = NULL;

  if (count_shown (self) > 1)
    return sfumato_tiles_get_selected (self->tiles);
  job = g_list_model_get_item (G_LIST_MODEL (self->shown), 0);
  return job; /* the list keeps it */
}

/* ---- what the tools are about ---- */

/* What the service here could not do of what was asked; what others have to say stands in the details. Borrowed. */
static const char *
find_note (SfumatoResultView *self)
{
  const SfumatoPictureFields *picture;
  const SfumatoModel *model;

  if (self->picture == NULL || self->refused)
    return NULL;
  picture = sfumato_picture_get_fields (self->picture);
  model = sfumato_studio_find_model (self->studio, picture->service, picture->model);
  return model != NULL && !model->leaves_computer ? picture->finish_word : NULL;
}

static void
show_note (SfumatoResultView *self)
{
  const char *note = find_note (self);

  gtk_label_set_label (self->note_label, note != NULL ? note : "");
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->note_label), note);
  gtk_widget_set_visible (GTK_WIDGET (self->note_label), note != NULL);
}

static void
set_picture (SfumatoResultView *self,
             SfumatoPicture    *picture)
{
  if (!g_set_object (&self->picture, picture))
    return;
  g_list_store_remove_all (self->meant);
  if (picture != NULL)
    g_list_store_append (self->meant, picture);
  sfumato_picture_actions_update (SFUMATO_PICTURE_HOLDER (self));
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_PICTURE]);
}

static gboolean
is_problem (SfumatoJob *job)
{
  return job != NULL && sfumato_job_get_picture (job) == NULL &&
         sfumato_job_get_state (job) != SFUMATO_JOB_WAITING && sfumato_job_get_state (job) != SFUMATO_JOB_RUNNING;
}

static void
update_meant (SfumatoResultView *self)
{
  SfumatoJob *job = find_job (self);
  gboolean problem = count_shown (self) > 1 && is_problem (job);

  set_picture (self, job != NULL ? sfumato_job_get_picture (job) : NULL);
  gtk_widget_set_visible (self->tools, self->picture != NULL && !self->refused);
  show_note (self);
  gtk_widget_set_visible (GTK_WIDGET (self->problem), problem);
  g_object_set (self->problem, "job", problem ? job : NULL, NULL);
}

static void
list_pictures (SfumatoResultView *self)
{
  g_autoptr (GPtrArray) pictures = g_ptr_array_new ();

  for (guint i = 0; i < count_shown (self); i++)
    {
      g_autoptr (SfumatoJob) job = g_list_model_get_item (G_LIST_MODEL (self->shown), i);

      if (sfumato_job_get_picture (job) != NULL)
        g_ptr_array_add (pictures, sfumato_job_get_picture (job));
    }
  g_list_store_splice (self->pictures, 0, g_list_model_get_n_items (G_LIST_MODEL (self->pictures)), pictures->pdata,
                       pictures->len);
}

/* ---- what is shown ---- */

static void
update (SfumatoResultView *self)
{
  guint n = count_shown (self);
  g_autoptr (SfumatoJob) first = g_list_model_get_item (G_LIST_MODEL (self->shown), 0);

  gtk_stack_set_visible_child_name (self->stack, self->refused ? "refused" : n > 0 ? "jobs" : "empty");
  gtk_stack_set_visible_child_name (self->jobs_stack, n > 1 ? "several" : "single");
  g_object_set (self->single, "job", n == 1 ? first : NULL, NULL);
  if (n > 1)
    sfumato_tiles_select_first (self->tiles);
  list_pictures (self);
  update_meant (self);
}

/* ---- following ---- */

static gboolean
is_queued (SfumatoResultView *self,
           SfumatoJob        *job)
{
  GListModel *queue = G_LIST_MODEL (sfumato_studio_get_queue (self->studio));

  for (guint i = 0; i < g_list_model_get_n_items (queue); i++)
    {
      g_autoptr (SfumatoJob) other = g_list_model_get_item (queue, i);

      if (other == job)
        return TRUE;
    }
  return FALSE;
}

/* A picture stays in view until it is deleted, what is none until it is taken off the queue. */
static gboolean
is_still_there (gpointer item,
                gpointer user_data)
{
  SfumatoResultView *self = user_data;
  SfumatoPicture *picture = sfumato_job_get_picture (item);
  g_autoptr (SfumatoPicture) found = NULL;

  if (picture == NULL)
    return is_queued (self, item);
  found = sfumato_gallery_find (self->gallery, sfumato_picture_get_fields (picture)->id);
  return found != NULL;
}

static void
things_changed_cb (SfumatoResultView *self)
{
  gtk_filter_changed (gtk_filter_list_model_get_filter (self->shown), GTK_FILTER_CHANGE_DIFFERENT);
  update (self);
}

static void
tile_activated_cb (SfumatoResultView *self)
{
  gtk_widget_activate_action (GTK_WIDGET (self), "picture.open", NULL);
}

static char *
favorite_icon (SfumatoResultView *self,
               gboolean           favorite)
{
  return g_strdup (favorite ? "starred-symbolic" : "non-starred-symbolic");
}

static char *
favorite_words (SfumatoResultView *self,
                gboolean           favorite)
{
  return g_strdup (favorite ? _("Remove from Favorites") : _("Add to Favorites"));
}

/* ---- the picture holder ---- */

static GListModel *
get_pictures (SfumatoPictureHolder *holder)
{
  return G_LIST_MODEL (SFUMATO_RESULT_VIEW (holder)->meant);
}

static void
open_picture (SfumatoPictureHolder *holder)
{
  SfumatoResultView *self = SFUMATO_RESULT_VIEW (holder);
  guint at;

  if (self->picture != NULL && g_list_store_find (self->pictures, self->picture, &at))
    sfumato_window_open_picture (SFUMATO_WINDOW (gtk_widget_get_root (GTK_WIDGET (self))),
                                 G_LIST_MODEL (self->pictures), at);
}

static void
holder_init (SfumatoPictureHolderInterface *iface)
{
  iface->get_pictures = get_pictures;
  iface->open = open_picture;
}

/* ---- the object ---- */

static void
follow_gallery (SfumatoResultView *self)
{
  SfumatoGallery *gallery = sfumato_studio_get_gallery (self->studio);

  if (self->gallery != NULL)
    g_signal_handlers_disconnect_by_func (self->gallery, things_changed_cb, self);
  g_set_object (&self->gallery, gallery);
  g_signal_connect_object (gallery, "changed", G_CALLBACK (things_changed_cb), self, G_CONNECT_SWAPPED);
  g_object_set (self->single, "gallery", gallery, NULL);
  g_object_set (self->problem, "gallery", gallery, NULL);
}

static void
set_studio (SfumatoResultView *self,
            SfumatoStudio     *studio)
{
  SfumatoQueue *queue;

  if (studio == NULL)
    return;
  g_return_if_fail (self->studio == NULL);

  self->studio = g_object_ref (studio);
  queue = sfumato_studio_get_queue (studio);
  g_object_set (self->single, "queue", queue, NULL);
  g_object_set (self->problem, "queue", queue, NULL);
  g_signal_connect_object (queue, "items-changed", G_CALLBACK (things_changed_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (studio, "notify::gallery", G_CALLBACK (follow_gallery), self, G_CONNECT_SWAPPED);
  follow_gallery (self);
  sfumato_tiles_bind (self->tiles, studio, G_LIST_MODEL (self->shown));
}

static void
sfumato_result_view_get_property (GObject    *object,
                                  guint       id,
                                  GValue     *value,
                                  GParamSpec *pspec)
{
  SfumatoResultView *self = SFUMATO_RESULT_VIEW (object);

  switch (id)
    {
    case PROP_STUDIO: g_value_set_object (value, self->studio); break;
    case PROP_PICTURE: g_value_set_object (value, self->picture); break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
sfumato_result_view_set_property (GObject      *object,
                                  guint         id,
                                  const GValue *value,
                                  GParamSpec   *pspec)
{
  switch (id)
    {
    case PROP_STUDIO: set_studio (SFUMATO_RESULT_VIEW (object), g_value_get_object (value)); break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
sfumato_result_view_dispose (GObject *object)
{
  SfumatoResultView *self = SFUMATO_RESULT_VIEW (object);

  adw_bin_set_child (ADW_BIN (object), NULL);
  gtk_widget_dispose_template (GTK_WIDGET (self), SFUMATO_TYPE_RESULT_VIEW);
  g_clear_object (&self->shown);
  g_clear_object (&self->jobs);
  g_clear_object (&self->pictures);
  g_clear_object (&self->meant);
  g_clear_object (&self->picture);
  g_clear_object (&self->gallery);
  g_clear_object (&self->studio);

  G_OBJECT_CLASS (sfumato_result_view_parent_class)->dispose (object);
}

static void
bind_template (GtkWidgetClass *widget_class)
{
  gtk_widget_class_set_template_from_resource (widget_class, SFUMATO_RESOURCES "sfumato-result-view.ui");
  gtk_widget_class_bind_template_child (widget_class, SfumatoResultView, toast_overlay);
  gtk_widget_class_bind_template_child (widget_class, SfumatoResultView, stack);
  gtk_widget_class_bind_template_child (widget_class, SfumatoResultView, jobs_stack);
  gtk_widget_class_bind_template_child (widget_class, SfumatoResultView, single);
  gtk_widget_class_bind_template_child (widget_class, SfumatoResultView, tiles);
  gtk_widget_class_bind_template_child (widget_class, SfumatoResultView, problem);
  gtk_widget_class_bind_template_child (widget_class, SfumatoResultView, note_label);
  gtk_widget_class_bind_template_child (widget_class, SfumatoResultView, tools);
  gtk_widget_class_bind_template_child (widget_class, SfumatoResultView, more_button);
  gtk_widget_class_bind_template_child (widget_class, SfumatoResultView, refusal);
  gtk_widget_class_bind_template_callback (widget_class, update_meant);
  gtk_widget_class_bind_template_callback (widget_class, tile_activated_cb);
  gtk_widget_class_bind_template_callback (widget_class, favorite_icon);
  gtk_widget_class_bind_template_callback (widget_class, favorite_words);
}

static void
sfumato_result_view_class_init (SfumatoResultViewClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->get_property = sfumato_result_view_get_property;
  object_class->set_property = sfumato_result_view_set_property;
  object_class->dispose = sfumato_result_view_dispose;

  properties[PROP_STUDIO] = g_param_spec_object ("studio", NULL, NULL, SFUMATO_TYPE_STUDIO,
                                                 G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS);
  properties[PROP_PICTURE] = g_param_spec_object ("picture", NULL, NULL, SFUMATO_TYPE_PICTURE,
                                                  G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  g_type_ensure (SFUMATO_TYPE_FAILURE_VIEW);
  g_type_ensure (SFUMATO_TYPE_JOB_VIEW);
  g_type_ensure (SFUMATO_TYPE_TILES);
  sfumato_picture_actions_install (widget_class);
  bind_template (widget_class);
}

static void
sfumato_result_view_init (SfumatoResultView *self)
{
  g_autoptr (GtkBuilder) menus = gtk_builder_new_from_resource (SFUMATO_RESOURCES "sfumato-picture-menu.ui");
  GtkFilter *filter = GTK_FILTER (gtk_custom_filter_new (is_still_there, self, NULL));

  self->jobs = g_list_store_new (SFUMATO_TYPE_JOB);
  self->shown = gtk_filter_list_model_new (G_LIST_MODEL (g_object_ref (self->jobs)), filter);
  self->pictures = g_list_store_new (SFUMATO_TYPE_PICTURE);
  self->meant = g_list_store_new (SFUMATO_TYPE_PICTURE);
  gtk_widget_init_template (GTK_WIDGET (self));
  gtk_menu_button_set_menu_model (self->more_button, G_MENU_MODEL (gtk_builder_get_object (menus, "picture_menu")));
  sfumato_picture_actions_add_shortcuts (GTK_WIDGET (self->tiles));
  sfumato_picture_actions_add_shortcuts (self->tools);
  sfumato_picture_actions_update (SFUMATO_PICTURE_HOLDER (self));
}

/* ---- public ---- */

static void
follow_job (SfumatoResultView *self,
            SfumatoJob        *job)
{
  g_signal_connect_object (job, "notify::state", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
}

static void
unfollow_job (SfumatoResultView *self,
              SfumatoJob        *job)
{
  g_signal_handlers_disconnect_by_func (job, update, self);
}

void
sfumato_result_view_show (SfumatoResultView *self,
                          GPtrArray         *jobs)
{
  g_return_if_fail (SFUMATO_IS_RESULT_VIEW (self));

  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (self->jobs)); i++)
    {
      g_autoptr (SfumatoJob) job = g_list_model_get_item (G_LIST_MODEL (self->jobs), i);

      unfollow_job (self, job);
    }
  for (guint i = 0; i < jobs->len; i++)
    follow_job (self, g_ptr_array_index (jobs, i));
  self->refused = FALSE;
  g_list_store_splice (self->jobs, 0, g_list_model_get_n_items (G_LIST_MODEL (self->jobs)), jobs->pdata, jobs->len);
  update (self);
}

void
sfumato_result_view_show_error (SfumatoResultView *self,
                                const GError      *error)
{
  g_autofree char *words = NULL;

  g_return_if_fail (SFUMATO_IS_RESULT_VIEW (self));

  self->refused = TRUE;
  sfumato_failure_view_show_error (self->refusal, error);
  update (self);
  words = g_strdup_printf ("%s. %s", sfumato_error_get_title (error), error->message);
  sfumato_window_announce (SFUMATO_WINDOW (gtk_widget_get_root (GTK_WIDGET (self))), words, TRUE);
}

void
sfumato_result_view_replace (SfumatoResultView *self,
                             SfumatoJob        *job,
                             SfumatoJob        *by)
{
  guint at;

  g_return_if_fail (SFUMATO_IS_RESULT_VIEW (self));

  if (!g_list_store_find (self->jobs, job, &at))
    return;
  unfollow_job (self, job);
  follow_job (self, by);
  g_list_store_splice (self->jobs, at, 1, (gpointer *) &by, 1);
  update (self);
}

void
sfumato_result_view_add_toast (SfumatoResultView *self,
                               AdwToast          *toast)
{
  g_return_if_fail (SFUMATO_IS_RESULT_VIEW (self));

  adw_toast_overlay_add_toast (self->toast_overlay, toast);
}

gboolean
sfumato_result_view_has (SfumatoResultView *self,
                         SfumatoJob        *job)
{
  g_return_val_if_fail (SFUMATO_IS_RESULT_VIEW (self), FALSE);

  return g_list_store_find (self->jobs, job, NULL);
}

gboolean
sfumato_result_view_cancel (SfumatoResultView *self)
{
  gboolean any = FALSE;

  g_return_val_if_fail (SFUMATO_IS_RESULT_VIEW (self), FALSE);

  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (self->jobs)); i++)
    {
      g_autoptr (SfumatoJob) job = g_list_model_get_item (G_LIST_MODEL (self->jobs), i);

      if (sfumato_job_is_over (job))
        continue;
      any = TRUE;
      sfumato_queue_cancel (sfumato_studio_get_queue (self->studio), job);
    }
  return any;
}
