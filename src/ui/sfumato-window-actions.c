/* The verbs of the window, in one table.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include <glib/gi18n-lib.h>

#include "ui/preferences/sfumato-preferences.h"
#include "ui/sfumato-window-private.h"

/* ---- making pictures ---- */

static void
generate_now (SfumatoWindow *self,
              gboolean       in_front)
{
  g_autofree char *price = NULL;
  g_autofree char *words = NULL;

  price = sfumato_price_format (sfumato_form_get_price (sfumato_create_page_get_form (self->create_page)));
  if (!sfumato_create_page_generate (self->create_page, in_front))
    return;
  sfumato_window_show_page (self, "create");
  _sfumato_window_update_strip (self);
  /* Translators: %s is a price */
  words = g_strdup_printf (_("Added to the queue, %s"), price);
  sfumato_window_announce (self, words, FALSE);
}

static void
generate (GtkWidget  *widget,
          const char *name,
          GVariant   *parameter)
{
  generate_now (SFUMATO_WINDOW (widget), FALSE);
}

static void
generate_front (GtkWidget  *widget,
                const char *name,
                GVariant   *parameter)
{
  generate_now (SFUMATO_WINDOW (widget), TRUE);
}

/* What is in view first; otherwise what runs. */
static void
cancel (GtkWidget  *widget,
        const char *name,
        GVariant   *parameter)
{
  SfumatoWindow *self = SFUMATO_WINDOW (widget);
  SfumatoQueue *queue = sfumato_studio_get_queue (self->studio);

  if (sfumato_create_page_cancel (self->create_page))
    return;
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (queue)); i++)
    {
      g_autoptr (SfumatoJob) job = g_list_model_get_item (G_LIST_MODEL (queue), i);

      if (sfumato_job_get_state (job) != SFUMATO_JOB_RUNNING)
        continue;
      sfumato_queue_cancel (queue, job);
      return;
    }
}

static void
focus_prompt (GtkWidget  *widget,
              const char *name,
              GVariant   *parameter)
{
  SfumatoWindow *self = SFUMATO_WINDOW (widget);

  sfumato_window_show_page (self, "create");
  sfumato_create_page_focus_prompt (self->create_page);
}

/* parameter: as sfumato_error_get_field() has it. */
static void
show_fault (GtkWidget  *widget,
            const char *name,
            GVariant   *parameter)
{
  SfumatoWindow *self = SFUMATO_WINDOW (widget);

  sfumato_window_show_page (self, "create");
  sfumato_create_page_show_fault (self->create_page, g_variant_get_string (parameter, NULL));
}

static void
new_form (GtkWidget  *widget,
          const char *name,
          GVariant   *parameter)
{
  SfumatoWindow *self = SFUMATO_WINDOW (widget);
  const SfumatoModel *model = sfumato_form_get_model (sfumato_create_page_get_form (self->create_page));
  const SfumatoRequestFields fields = { .service = model->service, .model = model->id, .seed = SFUMATO_SEED_RANDOM,
                                        .strength = -1 };
  g_autoptr (SfumatoRequest) empty = sfumato_request_new (&fields);

  focus_prompt (widget, NULL, NULL);
  sfumato_window_load_form (self, empty, _("Form cleared"));
}

SfumatoRequest *
_sfumato_window_make_example (SfumatoWindow *self)
{
  const SfumatoModel *model = sfumato_form_get_model (sfumato_create_page_get_form (self->create_page));
  gboolean few = model->vocabulary != NULL;
  const SfumatoRequestFields fields = {
    .service = model->service,
    .model = model->id,
    /* Translators: a prompt; services understand English best, so leave it in English where that is so */
    .prompt = few ? sfumato_vocabulary_get_example (model->vocabulary)
              : _("A lighthouse on a cliff at dusk, waves breaking below, warm light in the windows, oil painting"),
    .aspect_ratio = !few && sfumato_model_has_aspect (model, "3:2") ? "3:2" : NULL,
    .seed = SFUMATO_SEED_RANDOM,
    .strength = -1,
  };

  return sfumato_request_new (&fields);
}

static void
show_example (GtkWidget  *widget,
              const char *name,
              GVariant   *parameter)
{
  SfumatoWindow *self = SFUMATO_WINDOW (widget);
  g_autoptr (SfumatoRequest) example = _sfumato_window_make_example (self);

  focus_prompt (widget, NULL, NULL);
  sfumato_window_load_form (self, example, _("Example shown"));
}

static void
restore_form (GtkWidget  *widget,
              const char *name,
              GVariant   *parameter)
{
  SfumatoWindow *self = SFUMATO_WINDOW (widget);

  if (self->form_before != NULL)
    sfumato_form_load (sfumato_create_page_get_form (self->create_page), self->form_before);
  g_clear_object (&self->form_before);
  self->undo_action = NULL;
}

/* ---- the reference picture ---- */

static void
reference_chosen_cb (GObject      *source,
                     GAsyncResult *result,
                     gpointer      user_data)
{
  g_autoptr (SfumatoWindow) self = user_data;
  g_autoptr (GFile) file = gtk_file_dialog_open_finish (GTK_FILE_DIALOG (source), result, NULL);

  if (file != NULL)
    sfumato_create_page_load_reference (self->create_page, file);
}

static void
choose_reference (GtkWidget  *widget,
                  const char *name,
                  GVariant   *parameter)
{
  SfumatoWindow *self = SFUMATO_WINDOW (widget);
  g_autoptr (GtkFileDialog) dialog = gtk_file_dialog_new ();
  g_autoptr (GtkFileFilter) filter = gtk_file_filter_new ();

  gtk_file_filter_add_mime_type (filter, "image/*");
  gtk_file_filter_set_name (filter, _("Pictures"));
  gtk_file_dialog_set_title (dialog, _("Choose a Reference Picture"));
  gtk_file_dialog_set_default_filter (dialog, filter);
  sfumato_window_show_page (self, "create");
  gtk_file_dialog_open (dialog, GTK_WINDOW (self), self->cancellable, reference_chosen_cb, g_object_ref (self));
}

static void
remove_reference (GtkWidget  *widget,
                  const char *name,
                  GVariant   *parameter)
{
  sfumato_form_set_input (sfumato_create_page_get_form (SFUMATO_WINDOW (widget)->create_page), NULL);
}

static void
paste_reference (GtkWidget  *widget,
                 const char *name,
                 GVariant   *parameter)
{
  sfumato_create_page_paste_reference (SFUMATO_WINDOW (widget)->create_page);
}

/* ---- going somewhere ---- */

static void
show_create (GtkWidget  *widget,
             const char *name,
             GVariant   *parameter)
{
  sfumato_window_show_page (SFUMATO_WINDOW (widget), "create");
}

static void
show_gallery (GtkWidget  *widget,
              const char *name,
              GVariant   *parameter)
{
  sfumato_window_show_page (SFUMATO_WINDOW (widget), "gallery");
}

static void
search (GtkWidget  *widget,
        const char *name,
        GVariant   *parameter)
{
  SfumatoWindow *self = SFUMATO_WINDOW (widget);

  sfumato_window_show_page (self, "gallery");
  sfumato_gallery_page_start_search (self->gallery_page);
}

static void
toggle_queue (GtkWidget  *widget,
              const char *name,
              GVariant   *parameter)
{
  SfumatoWindow *self = SFUMATO_WINDOW (widget);
  gboolean open = !adw_bottom_sheet_get_open (self->queue_sheet) ||
                  adw_navigation_view_get_visible_page (self->navigation_view) != self->main_page;

  adw_navigation_view_pop_to_page (self->navigation_view, self->main_page);
  /* libadwaita 1.7 to 1.9 hide a sheet that opens in the frame in which its bar has gone. Here the bar stays meanwhile. */
  if (open && gtk_widget_get_mapped (GTK_WIDGET (self->strip)))
    adw_bottom_sheet_set_reveal_bottom_bar (self->queue_sheet, TRUE);
  adw_bottom_sheet_set_open (self->queue_sheet, open);
}

static void
show_job (GtkWidget  *widget,
          const char *name,
          GVariant   *parameter)
{
  SfumatoWindow *self = SFUMATO_WINDOW (widget);
  GListModel *queue = G_LIST_MODEL (sfumato_studio_get_queue (self->studio));

  for (guint i = 0; i < g_list_model_get_n_items (queue); i++)
    {
      g_autoptr (SfumatoJob) job = g_list_model_get_item (queue, i);

      if (g_strcmp0 (sfumato_job_get_id (job), g_variant_get_string (parameter, NULL)) == 0)
        sfumato_window_show_job (self, job);
    }
}

static void
restore_job (GtkWidget  *widget,
             const char *name,
             GVariant   *parameter)
{
  SfumatoWindow *self = SFUMATO_WINDOW (widget);

  sfumato_queue_unremove (sfumato_studio_get_queue (self->studio));
  self->undo_action = NULL;
}

static void
continue_queue (GtkWidget  *widget,
                const char *name,
                GVariant   *parameter)
{
  sfumato_queue_resume (sfumato_studio_get_queue (SFUMATO_WINDOW (widget)->studio));
}

static void
undo_deletion (GtkWidget  *widget,
               const char *name,
               GVariant   *parameter)
{
  sfumato_deletions_undo (SFUMATO_WINDOW (widget)->deletions);
}

static void
undo (GtkWidget  *widget,
      const char *name,
      GVariant   *parameter)
{
  const char *action = g_steal_pointer (&SFUMATO_WINDOW (widget)->undo_action);

  gtk_widget_activate_action (widget, action != NULL ? action : "win.undo-deletion", NULL);
}

static void
set_up (GtkWidget  *widget,
        const char *name,
        GVariant   *parameter)
{
  _sfumato_window_welcome (SFUMATO_WINDOW (widget), TRUE);
}

/* ---- preferences, and what errors lead to ---- */

static SfumatoPreferences *
present_preferences (SfumatoWindow *self)
{
  SfumatoPreferences *preferences = sfumato_preferences_new (self->studio);

  g_signal_connect_object (preferences, "closed", G_CALLBACK (_sfumato_window_update_key), self, G_CONNECT_SWAPPED);
  adw_dialog_present (ADW_DIALOG (preferences), GTK_WIDGET (self));
  return preferences;
}

static void
preferences (GtkWidget  *widget,
             const char *name,
             GVariant   *parameter)
{
  present_preferences (SFUMATO_WINDOW (widget));
}

static void
add_key (GtkWidget  *widget,
         const char *name,
         GVariant   *parameter)
{
  sfumato_preferences_show_key (present_preferences (SFUMATO_WINDOW (widget)));
}

static void
add_model (GtkWidget  *widget,
           const char *name,
           GVariant   *parameter)
{
  sfumato_preferences_show_models (present_preferences (SFUMATO_WINDOW (widget)));
}

static void
change_address (GtkWidget  *widget,
                const char *name,
                GVariant   *parameter)
{
  sfumato_preferences_show_address (present_preferences (SFUMATO_WINDOW (widget)));
}

static void
change_folder (GtkWidget  *widget,
               const char *name,
               GVariant   *parameter)
{
  sfumato_preferences_show_folder (present_preferences (SFUMATO_WINDOW (widget)));
}

static void
buy_credits (GtkWidget  *widget,
             const char *name,
             GVariant   *parameter)
{
  SfumatoWindow *self = SFUMATO_WINDOW (widget);
  g_autoptr (SfumatoService) service = sfumato_form_dup_service (sfumato_create_page_get_form (self->create_page));
  const char *url = sfumato_service_get_credits_url (service);
  g_autoptr (GtkUriLauncher) launcher = gtk_uri_launcher_new (url);

  if (url != NULL)
    gtk_uri_launcher_launch (launcher, GTK_WINDOW (self), self->cancellable, NULL, NULL);
}

static const struct
{
  const char                  *name;
  GtkWidgetActionActivateFunc  activate;
  const char                  *parameter;
} actions[] = {
  { "win.generate", generate },
  { "win.generate-front", generate_front },
  { "win.cancel", cancel },
  { "win.focus-prompt", focus_prompt },
  { "win.show-fault", show_fault, "s" },
  { "win.new", new_form },
  { "win.show-example", show_example },
  { "win.restore-form", restore_form },
  { "win.choose-reference", choose_reference },
  { "win.remove-reference", remove_reference },
  { "win.paste-reference", paste_reference },
  { "win.create", show_create },
  { "win.gallery", show_gallery },
  { "win.search", search },
  { "win.queue", toggle_queue },
  { "win.show-job", show_job, "s" },
  { "win.restore-job", restore_job },
  { "win.continue-queue", continue_queue },
  { "win.undo-deletion", undo_deletion },
  { "win.undo", undo },
  { "win.set-up", set_up },
  { "win.preferences", preferences },
  { "win.add-key", add_key },
  { "win.add-model", add_model },
  { "win.change-address", change_address },
  { "win.change-folder", change_folder },
  { "win.buy-credits", buy_credits },
};

void
_sfumato_window_actions_install (GtkWidgetClass *widget_class)
{
  for (guint i = 0; i < G_N_ELEMENTS (actions); i++)
    gtk_widget_class_install_action (widget_class, actions[i].name, actions[i].parameter, actions[i].activate);
  gtk_widget_class_install_property_action (widget_class, "win.settings-pane", "settings-shown");
  gtk_widget_class_install_property_action (widget_class, "win.fullscreen", "fullscreened");
  /* No accelerator of the application's, which would come before a text that has something to undo itself. */
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_z, GDK_CONTROL_MASK, "win.undo", NULL);
}

/* Nothing is bought, or changed, that is not in view; and the first choice is not passed by. */
void
_sfumato_window_actions_update (SfumatoWindow *self)
{
  static const char * const lead_somewhere[] = { "win.focus-prompt", "win.new", "win.choose-reference", "win.create",
                                                 "win.gallery", "win.search", "win.queue" };
  AdwNavigationPage *page = adw_navigation_view_get_visible_page (self->navigation_view);
  gboolean create = page == self->main_page &&
                    g_strcmp0 (adw_view_stack_get_visible_child_name (self->view_stack), "create") == 0;
  gboolean can_generate;

  g_object_get (self->create_page, "can-generate", &can_generate, NULL);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "win.generate", create && can_generate);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "win.generate-front", create && can_generate);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "win.settings-pane", create);
  for (guint i = 0; i < G_N_ELEMENTS (lead_somewhere); i++)
    gtk_widget_action_set_enabled (GTK_WIDGET (self), lead_somewhere[i],
                                   page == NULL || adw_navigation_page_get_can_pop (page));
  gtk_widget_set_visible (self->settings_button, create);
}
