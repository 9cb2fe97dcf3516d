/* What the window says of what happens in the background: announcements for the screen reader, toasts for what is not
 * in view, the strip of the queue and the banner.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include <glib/gi18n-lib.h>

#include "ui/queue/sfumato-job-words.h"
#include "ui/sfumato-window-private.h"

/* Whether what happens to a job is seen, so that it need not be said elsewhere. A page that goes is mapped until its
 * transition ends, so that is not asked. */
static gboolean
is_in_view (SfumatoWindow *self,
            SfumatoJob    *job)
{
  return adw_navigation_view_get_visible_page (self->navigation_view) == self->main_page &&
         adw_view_stack_get_visible_child (self->view_stack) == GTK_WIDGET (self->create_page) &&
         sfumato_create_page_shows (self->create_page, job);
}

/* ---- toasts and the screen reader ---- */

/* Of the bars at the bottom of whatever is inside. */
static int
measure_bars (GtkWidget *widget)
{
  int height = ADW_IS_TOOLBAR_VIEW (widget) ? adw_toolbar_view_get_bottom_bar_height (ADW_TOOLBAR_VIEW (widget)) : 0;

  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL; child = gtk_widget_get_next_sibling (child))
    height += measure_bars (child);
  return height;
}

static int
measure_bars_in_view (SfumatoWindow *self)
{
  AdwNavigationPage *page = adw_navigation_view_get_visible_page (self->navigation_view);
  int below = adw_toolbar_view_get_bottom_bar_height (self->main_view);

  if (page != self->main_page)
    return measure_bars (GTK_WIDGET (page));
  if (adw_bottom_sheet_get_open (self->queue_sheet))
    return below;
  return below + adw_bottom_sheet_get_bottom_bar_height (self->queue_sheet) +
         measure_bars (adw_view_stack_get_visible_child (self->view_stack));
}

/* No toast lies over the tools of the page it is seen with. */
void
_sfumato_window_place_toasts (SfumatoWindow *self)
{
  int height = measure_bars_in_view (self);
  GtkWidget *child = gtk_widget_get_first_child (GTK_WIDGET (self->toast_overlay));

  for (; child != NULL; child = gtk_widget_get_next_sibling (child))
    if (child != GTK_WIDGET (self->navigation_view))
      gtk_widget_set_margin_bottom (child, height);
}

void
sfumato_window_add_toast (SfumatoWindow *self,
                          AdwToast      *toast)
{
  g_return_if_fail (SFUMATO_IS_WINDOW (self));

  if (!gtk_widget_get_mapped (GTK_WIDGET (self->create_page)) || adw_bottom_sheet_get_open (self->queue_sheet))
    {
      adw_toast_overlay_add_toast (self->toast_overlay, toast);
      return;
    }
  /* There it is above the tools that are no bar, too, and alone. */
  adw_toast_overlay_dismiss_all (self->toast_overlay);
  sfumato_create_page_add_toast (self->create_page, toast);
}

void
sfumato_window_announce (SfumatoWindow *self,
                         const char    *text,
                         gboolean       urgent)
{
  g_return_if_fail (SFUMATO_IS_WINDOW (self));

  gtk_accessible_announce (GTK_ACCESSIBLE (self), text, urgent ? GTK_ACCESSIBLE_ANNOUNCEMENT_PRIORITY_HIGH
                                                               : GTK_ACCESSIBLE_ANNOUNCEMENT_PRIORITY_MEDIUM);
}

/* ---- a job is over ---- */

/* Of one press of Generate: how many pictures there are to be seen, and whether any is still to come. */
static guint
count_batch (SfumatoWindow *self,
             SfumatoJob    *job,
             gboolean      *complete)
{
  GListModel *queue = G_LIST_MODEL (sfumato_studio_get_queue (self->studio));
  guint pictures = 0;

  *complete = TRUE;
  for (guint i = 0; i < g_list_model_get_n_items (queue); i++)
    {
      g_autoptr (SfumatoJob) other = g_list_model_get_item (queue, i);
      SfumatoJobState state = sfumato_job_get_state (other);

      if (g_strcmp0 (sfumato_job_get_batch (other), sfumato_job_get_batch (job)) != 0)
        continue;
      pictures += state == SFUMATO_JOB_DONE && !sfumato_job_is_filtered (other);
      if (state == SFUMATO_JOB_WAITING || state == SFUMATO_JOB_RUNNING)
        *complete = FALSE;
    }
  return pictures;
}

static void
add_job_toast (SfumatoWindow *self,
               SfumatoJob    *job,
               const char    *title)
{
  AdwToast *toast = adw_toast_new (title);

  adw_toast_set_use_markup (toast, FALSE);
  adw_toast_set_button_label (toast, _("_Show"));
  adw_toast_set_action_name (toast, "win.show-job");
  adw_toast_set_action_target (toast, "s", sfumato_job_get_id (job));
  sfumato_window_add_toast (self, toast);
}

static void
say (SfumatoWindow *self,
     SfumatoJob    *job,
     const char    *words,
     gboolean       urgent)
{
  if (is_in_view (self, job))
    sfumato_window_announce (self, words, urgent);
  else
    add_job_toast (self, job, words);
}

/* In view there is more than what went wrong to be read. */
static void
say_problem (SfumatoWindow *self,
             SfumatoJob    *job)
{
  const char *text;
  const char *title = sfumato_job_get_problem (job, &text);
  g_autofree char *all = g_strdup_printf ("%s. %s", title, text);

  say (self, job, is_in_view (self, job) ? all : title, TRUE);
}

/* It stopped because the person wanted that; what it may have cost is to be said all the same. */
static void
say_cancelled (SfumatoWindow *self,
               SfumatoJob    *job)
{
  const char *text;

  sfumato_job_get_problem (job, &text);
  sfumato_window_announce (self, text, FALSE);
}

static void
job_over_cb (SfumatoWindow *self,
             SfumatoJob    *job)
{
  gboolean complete;
  guint pictures = count_batch (self, job, &complete);
  g_autofree char *ready = g_strdup_printf (ngettext ("Picture ready", "%u pictures ready", pictures), pictures);

  switch (sfumato_job_get_state (job))
    {
    case SFUMATO_JOB_DONE:
      if (sfumato_job_is_filtered (job))
        say_problem (self, job);
      if (complete && pictures > 0)
        say (self, job, ready, FALSE);
      break;
    case SFUMATO_JOB_FAILED:
    case SFUMATO_JOB_UNSAVED:
      say_problem (self, job);
      break;
    case SFUMATO_JOB_CANCELLED:
      say_cancelled (self, job);
      break;
    default:
      break;
    }
}

/* ---- the strip ---- */

/* It says what moves and is not in view anyway; what waits for the person is the banner's. Under the open queue it
 * stays: see the action "win.queue". */
void
_sfumato_window_update_strip (SfumatoWindow *self)
{
  SfumatoQueue *queue = sfumato_studio_get_queue (self->studio);
  gboolean held_back = sfumato_queue_get_held_back (queue) > 0;
  gboolean reveal = FALSE;

  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (queue)) && !reveal; i++)
    {
      g_autoptr (SfumatoJob) job = g_list_model_get_item (G_LIST_MODEL (queue), i);
      SfumatoJobState state = sfumato_job_get_state (job);

      if (state == SFUMATO_JOB_RUNNING || (state == SFUMATO_JOB_WAITING && !held_back))
        reveal = !is_in_view (self, job);
    }
  if (reveal || !adw_bottom_sheet_get_open (self->queue_sheet))
    adw_bottom_sheet_set_reveal_bottom_bar (self->queue_sheet, reveal);
}

/* ---- the banner: one at a time, the most important first ---- */

static void
show_banner (SfumatoWindow *self,
             const char    *title,
             const char    *button,
             const char    *action)
{
  self->banner_action = action;
  adw_banner_set_title (self->banner, title);
  adw_banner_set_button_label (self->banner, button);
  adw_banner_set_revealed (self->banner, TRUE);
}

static void
update_banner (SfumatoWindow *self)
{
  SfumatoQueueSummary summary;
  g_autofree char *held = NULL;
  g_autofree char *attention = NULL;

  sfumato_queue_summarize (sfumato_studio_get_queue (self->studio), &summary);
  held = g_strdup_printf (ngettext ("%u picture of last time is waiting", "%u pictures of last time are waiting",
                                    summary.held_back), summary.held_back);
  attention = g_strdup_printf (ngettext ("%u picture needs your attention", "%u pictures need your attention",
                                         summary.attention), summary.attention);
  if (!sfumato_gallery_is_available (sfumato_studio_get_gallery (self->studio)))
    show_banner (self, _("The folder of your pictures is not available"), _("_Choose Folder…"), "win.change-folder");
  else if (summary.attention > 0)
    show_banner (self, attention, _("_Show"), "win.queue");
  else if (summary.held_back > 0)
    show_banner (self, held, _("Con_tinue"), "win.continue-queue");
  else if (self->key_state == SFUMATO_KEY_HELD)
    show_banner (self, _("No keyring: the key is kept for this run only"), NULL, NULL);
  else
    adw_banner_set_revealed (self->banner, FALSE);
}

/* ---- the key ---- */

static void
ask_key_state (GTask        *task,
               gpointer      source,
               gpointer      task_data,
               GCancellable *cancellable)
{
  SfumatoStudio *studio = SFUMATO_STUDIO (source);

  /* What went wrong is said when the key is needed; until then nobody asked. */
  g_task_return_int (task, sfumato_studio_get_key_state (studio, task_data, FALSE, cancellable, NULL));
}

static void
key_state_known_cb (GObject      *source,
                    GAsyncResult *result,
                    gpointer      user_data)
{
  g_autoptr (SfumatoWindow) self = user_data;
  g_autoptr (GError) error = NULL;
  int state = g_task_propagate_int (G_TASK (result), &error);

  if (error != NULL)
    return; /* the window is gone */
  self->key_state = state;
  g_object_set (sfumato_create_page_get_form (self->create_page), "key-missing", state == SFUMATO_KEY_NONE, NULL);
  update_banner (self);
}

void
_sfumato_window_update_key (SfumatoWindow *self)
{
  g_autofree char *service = g_settings_get_string (sfumato_studio_get_settings (self->studio), "service");
  g_autoptr (SfumatoService) known = sfumato_studio_find_service (self->studio, service);
  g_autoptr (GTask) task = NULL;

  if (known == NULL || !sfumato_service_get_needs_key (known))
    return;
  task = g_task_new (self->studio, self->cancellable, key_state_known_cb, g_object_ref (self));
  g_task_set_task_data (task, g_steal_pointer (&service), g_free);
  g_task_run_in_thread (task, ask_key_state);
}

/* ---- following ---- */

static void
queue_changed_cb (SfumatoWindow *self)
{
  _sfumato_window_update_strip (self);
  update_banner (self);
}

static void
follow_gallery (SfumatoWindow *self)
{
  g_signal_connect_object (sfumato_studio_get_gallery (self->studio), "changed",
                           G_CALLBACK (update_banner), self, G_CONNECT_SWAPPED);
  update_banner (self);
}

void
_sfumato_window_news_follow (SfumatoWindow *self)
{
  SfumatoQueue *queue = sfumato_studio_get_queue (self->studio);

  g_signal_connect_object (self->toasts, "items-changed", G_CALLBACK (_sfumato_window_place_toasts), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (queue, "job-over", G_CALLBACK (job_over_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (queue, "notify", G_CALLBACK (queue_changed_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (queue, "items-changed", G_CALLBACK (queue_changed_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->studio, "notify::gallery", G_CALLBACK (follow_gallery), self, G_CONNECT_SWAPPED);
  follow_gallery (self);
  queue_changed_cb (self);
}
