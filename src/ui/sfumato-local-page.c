/* Preferences for pictures made on this computer.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "ui/sfumato-local-page.h"

#include <glib/gi18n-lib.h>

#include "domain/sfumato-error.h"
#include "ui/sfumato-choice.h"
#include "ui/sfumato-error-dialog.h"
#include "ui/sfumato-model-row.h"

#define MODELS_URL  "https://huggingface.co/stabilityai"
#define LICENSE_URL "https://stability.ai/license"

struct _SfumatoLocalPage
{
  AdwPreferencesPage   parent_instance;

  AdwPreferencesGroup *models_group;
  GtkWidget           *empty_row;
  GtkWidget           *busy_row;
  GtkWidget           *add_files_row;
  GtkWidget           *add_folder_row;
  AdwComboRow         *device_row;
  GListStore          *devices;
  AdwActionRow        *memory_row;
  GtkWidget           *keep_button;

  SfumatoStudio       *studio;        /* owned */
  GCancellable        *cancellable;   /* owned: ends with the page */
  GPtrArray           *rows;          /* owned, of SfumatoModelRow: borrowed from the group */
  GPtrArray           *found;         /* owned, nullable: the engine's devices */
  guint64              memory_free;   /* bytes; 0: not known */
  gboolean             updating;      /* what the row says comes from the settings, not from the person */
};

G_DEFINE_FINAL_TYPE (SfumatoLocalPage, sfumato_local_page, ADW_TYPE_PREFERENCES_PAGE)

enum
{
  PROP_0,
  PROP_STUDIO,
  N_PROPS,
};

static GParamSpec *properties[N_PROPS];

/* ---- the models ---- */

/* A toast of the dialog around, or nothing where the page is by itself. */
static void
add_toast (SfumatoLocalPage *self,
           AdwToast         *toast)
{
  GtkWidget *dialog = gtk_widget_get_ancestor (GTK_WIDGET (self), ADW_TYPE_PREFERENCES_DIALOG);

  adw_toast_set_use_markup (toast, FALSE);
  if (dialog != NULL)
    adw_preferences_dialog_add_toast (ADW_PREFERENCES_DIALOG (dialog), toast);
  else
    g_object_unref (g_object_ref_sink (toast));
}

static void
restore_cb (AdwToast         *toast,
            SfumatoLocalPage *self)
{
  SfumatoLocalModel *model = g_object_get_data (G_OBJECT (toast), "model");
  g_autoptr (GError) error = NULL;

  if (!sfumato_local_service_add (sfumato_studio_get_local (self->studio), model, NULL, model->turbo, &error))
    sfumato_error_dialog_present (GTK_WIDGET (self), error);
}

static void
remove_cb (SfumatoLocalPage *self,
           SfumatoModelRow  *row)
{
  g_autoptr (SfumatoLocalModel) model = sfumato_local_model_ref (sfumato_model_row_get_model (row));
  g_autoptr (GError) error = NULL;
  AdwToast *toast;

  if (!sfumato_local_service_remove (sfumato_studio_get_local (self->studio), model->id, &error))
    {
      sfumato_error_dialog_present (GTK_WIDGET (self), error);
      return;
    }
  toast = adw_toast_new_format (_("%s removed. Its files are where they were."), model->name);
  adw_toast_set_button_label (toast, _("_Undo"));
  adw_toast_set_priority (toast, ADW_TOAST_PRIORITY_HIGH);
  g_object_set_data_full (G_OBJECT (toast), "model", g_steal_pointer (&model), (GDestroyNotify) sfumato_local_model_unref);
  g_signal_connect_object (toast, "button-clicked", G_CALLBACK (restore_cb), self, G_CONNECT_DEFAULT);
  add_toast (self, toast);
}

static void
show_models (SfumatoLocalPage *self)
{
  g_autoptr (GPtrArray) models = sfumato_local_service_list (sfumato_studio_get_local (self->studio));

  for (guint i = 0; i < self->rows->len; i++)
    adw_preferences_group_remove (self->models_group, g_ptr_array_index (self->rows, i));
  g_ptr_array_set_size (self->rows, 0);
  for (guint i = 0; i < models->len; i++)
    {
      GtkWidget *row = sfumato_model_row_new (g_ptr_array_index (models, i));

      sfumato_model_row_set_free (SFUMATO_MODEL_ROW (row), self->memory_free);
      g_signal_connect_object (row, "remove", G_CALLBACK (remove_cb), self, G_CONNECT_SWAPPED);
      adw_preferences_group_add (self->models_group, row);
      g_ptr_array_add (self->rows, row);
    }
  gtk_widget_set_visible (self->empty_row, models->len == 0);
}

/* ---- adding one ---- */

static void
set_busy (SfumatoLocalPage *self,
          gboolean          busy)
{
  gtk_widget_set_visible (self->busy_row, busy);
  gtk_widget_set_sensitive (self->add_files_row, !busy);
  gtk_widget_set_sensitive (self->add_folder_row, !busy);
}

static void
add_model (SfumatoLocalPage  *self,
           SfumatoLocalModel *model,
           gboolean           turbo)
{
  g_autoptr (GError) error = NULL;
  AdwToast *toast;

  if (!sfumato_local_service_add (sfumato_studio_get_local (self->studio), model, NULL, turbo, &error))
    {
      sfumato_error_dialog_present (GTK_WIDGET (self), error);
      return;
    }
  toast = adw_toast_new_format (_("%s added"), model->name);
  add_toast (self, toast);
}

typedef struct
{
  SfumatoLocalPage  *page;   /* owned */
  SfumatoLocalModel *model;  /* owned */
} Asked;

static void
turbo_answered_cb (GObject      *source,
                   GAsyncResult *result,
                   gpointer      user_data)
{
  Asked *asked = user_data;
  const char *answer = adw_alert_dialog_choose_finish (ADW_ALERT_DIALOG (source), result);

  if (asked->page->studio != NULL && !g_str_equal (answer, "cancel"))
    add_model (asked->page, asked->model, g_str_equal (answer, "turbo"));
  sfumato_local_model_unref (asked->model);
  g_object_unref (asked->page);
  g_free (asked);
}

static void
ask_turbo (SfumatoLocalPage  *self,
           SfumatoLocalModel *model)
{
  /* Short: libadwaita 1.7 warns of an alert that has to break its lines. */
  AdwAlertDialog *alert = ADW_ALERT_DIALOG (adw_alert_dialog_new (_("Is It Turbo?"), NULL));
  Asked *asked = g_new (Asked, 1);

  *asked = (Asked) { g_object_ref (self), sfumato_local_model_ref (model) };
  adw_alert_dialog_set_body (alert, _("SD 3.5 Large or Turbo? Only the name tells."));
  adw_alert_dialog_add_responses (alert, "large", _("_Large"), "turbo", _("Large _Turbo"), NULL);
  adw_alert_dialog_set_close_response (alert, "cancel");
  adw_alert_dialog_choose (alert, GTK_WIDGET (self), NULL, turbo_answered_cb, asked);
}

typedef struct
{
  SfumatoLocalService *local;  /* owned */
  char               **paths;  /* owned, nullable */
} Question;

static void
question_free (Question *question)
{
  g_object_unref (question->local);
  g_strfreev (question->paths);
  g_free (question);
}

/* On a worker thread; the page stays until it has answered. */
static void
ask (SfumatoLocalPage    *self,
     char               **paths,
     GTaskThreadFunc      thread,
     GAsyncReadyCallback  answered)
{
  g_autoptr (GTask) task = g_task_new (self, self->cancellable, answered, NULL);
  Question *question = g_new (Question, 1);

  *question = (Question) { g_object_ref (sfumato_studio_get_local (self->studio)), paths };
  g_task_set_task_data (task, question, (GDestroyNotify) question_free);
  g_task_run_in_thread (task, thread);
}

static void
inspect_thread (GTask        *task,
                gpointer      source,
                gpointer      task_data,
                GCancellable *cancellable)
{
  Question *question = task_data;
  GError *error = NULL;
  SfumatoLocalModel *model = sfumato_local_service_inspect (question->local, (const char * const *) question->paths,
                                                            cancellable, &error);

  if (model != NULL)
    g_task_return_pointer (task, model, (GDestroyNotify) sfumato_local_model_unref);
  else
    g_task_return_error (task, error);
}

static void
inspected_cb (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  SfumatoLocalPage *self = SFUMATO_LOCAL_PAGE (source);
  g_autoptr (GError) error = NULL;
  g_autoptr (SfumatoLocalModel) model = g_task_propagate_pointer (G_TASK (result), &error);

  if (self->studio == NULL)
    return; /* the page is gone */
  set_busy (self, FALSE);
  /* The row that had the keyboard was out of use meanwhile. */
  sfumato_local_page_focus_add (self);
  if (model == NULL)
    sfumato_error_dialog_present (GTK_WIDGET (self), error);
  else if (model->may_be_turbo)
    ask_turbo (self, model);
  else
    add_model (self, model, FALSE);
}

static void
inspect (SfumatoLocalPage *self,
         char            **paths)
{
  set_busy (self, TRUE);
  ask (self, paths, inspect_thread, inspected_cb);
}

static void
files_chosen_cb (GObject      *source,
                 GAsyncResult *result,
                 gpointer      user_data)
{
  g_autoptr (SfumatoLocalPage) self = user_data;
  g_autoptr (GListModel) files = gtk_file_dialog_open_multiple_finish (GTK_FILE_DIALOG (source), result, NULL);
  g_autoptr (GStrvBuilder) paths = g_strv_builder_new ();

  if (files == NULL || self->studio == NULL)
    return;
  for (guint i = 0; i < g_list_model_get_n_items (files); i++)
    {
      g_autoptr (GFile) file = g_list_model_get_item (files, i);

      if (g_file_peek_path (file) != NULL)
        g_strv_builder_add (paths, g_file_peek_path (file));
    }
  inspect (self, g_strv_builder_end (paths));
}

static void
add_files_cb (SfumatoLocalPage *self)
{
  g_autoptr (GtkFileDialog) dialog = gtk_file_dialog_new ();
  g_autoptr (GListStore) filters = g_list_store_new (GTK_TYPE_FILE_FILTER);
  g_autoptr (GtkFileFilter) models = gtk_file_filter_new ();
  g_autoptr (GtkFileFilter) all = gtk_file_filter_new ();

  gtk_file_filter_set_name (models, _("Models"));
  gtk_file_filter_add_suffix (models, "safetensors");
  gtk_file_filter_add_suffix (models, "gguf");
  gtk_file_filter_set_name (all, _("All Files"));
  gtk_file_filter_add_pattern (all, "*");
  g_list_store_append (filters, models);
  g_list_store_append (filters, all);
  gtk_file_dialog_set_filters (dialog, G_LIST_MODEL (filters));
  gtk_file_dialog_set_title (dialog, _("Files of One Model"));
  gtk_file_dialog_set_accept_label (dialog, _("_Add"));
  gtk_file_dialog_open_multiple (dialog, GTK_WINDOW (gtk_widget_get_root (GTK_WIDGET (self))), self->cancellable,
                                 files_chosen_cb, g_object_ref (self));
}

static void
folder_chosen_cb (GObject      *source,
                  GAsyncResult *result,
                  gpointer      user_data)
{
  g_autoptr (SfumatoLocalPage) self = user_data;
  g_autoptr (GFile) folder = gtk_file_dialog_select_folder_finish (GTK_FILE_DIALOG (source), result, NULL);
  char **paths;

  if (folder == NULL || g_file_peek_path (folder) == NULL || self->studio == NULL)
    return;
  paths = g_new0 (char *, 2);
  paths[0] = g_file_get_path (folder);
  inspect (self, paths);
}

static void
add_folder_cb (SfumatoLocalPage *self)
{
  g_autoptr (GtkFileDialog) dialog = gtk_file_dialog_new ();

  gtk_file_dialog_set_title (dialog, _("Folder of a Model"));
  gtk_file_dialog_set_accept_label (dialog, _("_Add"));
  gtk_file_dialog_select_folder (dialog, GTK_WINDOW (gtk_widget_get_root (GTK_WIDGET (self))), self->cancellable,
                                 folder_chosen_cb, g_object_ref (self));
}

static void
launch (SfumatoLocalPage *self,
        const char       *url)
{
  g_autoptr (GtkUriLauncher) launcher = gtk_uri_launcher_new (url);

  gtk_uri_launcher_launch (launcher, GTK_WINDOW (gtk_widget_get_root (GTK_WIDGET (self))), NULL, NULL, NULL);
}

static void
get_models_cb (SfumatoLocalPage *self)
{
  launch (self, MODELS_URL);
}

static void
read_license_cb (SfumatoLocalPage *self)
{
  launch (self, LICENSE_URL);
}

/* ---- what computes ---- */

static void
append_choice (SfumatoLocalPage *self,
               const char       *id,
               const char       *name)
{
  g_autoptr (SfumatoChoice) choice = sfumato_choice_new (id, name, NULL, NULL);

  g_list_store_append (self->devices, choice);
}

/* The one that was chosen; the first of the list, which is the best there is, where it is not there any more. */
static void
select_device (SfumatoLocalPage *self)
{
  g_autofree char *device = g_settings_get_string (sfumato_studio_get_settings (self->studio), "device");

  self->updating = TRUE;
  adw_combo_row_set_selected (self->device_row, 0);
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (self->devices)); i++)
    {
      g_autoptr (SfumatoChoice) choice = g_list_model_get_item (G_LIST_MODEL (self->devices), i);

      if (g_strcmp0 (sfumato_choice_get_id (choice), device) == 0)
        adw_combo_row_set_selected (self->device_row, i);
    }
  self->updating = FALSE;
}

/* Of the device that is chosen, or of the computer itself. */
static void
show_memory (SfumatoLocalPage *self)
{
  SfumatoChoice *choice = adw_combo_row_get_selected_item (self->device_row);
  const SfumatoLocalDevice *shown = NULL;
  g_autofree char *free_words = NULL;
  g_autofree char *all_words = NULL;
  g_autofree char *words = NULL;

  for (guint i = 0; self->found != NULL && i < self->found->len; i++)
    {
      const SfumatoLocalDevice *device = g_ptr_array_index (self->found, i);
      gboolean chosen = choice != NULL && g_str_equal (sfumato_choice_get_id (choice), device->id);

      if (chosen || (shown == NULL && !device->gpu))
        shown = device;
    }
  gtk_widget_set_visible (GTK_WIDGET (self->memory_row), shown != NULL);
  if (shown == NULL)
    return;
  free_words = g_format_size_full (shown->memory_free, G_FORMAT_SIZE_IEC_UNITS);
  all_words = g_format_size_full (shown->memory, G_FORMAT_SIZE_IEC_UNITS);
  /* Translators: sizes of memory, the free and all of it */
  words = g_strdup_printf (_("%s of %s"), free_words, all_words);
  adw_action_row_set_subtitle (self->memory_row, words);
}

static void
show_devices (SfumatoLocalPage *self)
{
  self->updating = TRUE;
  g_list_store_remove_all (self->devices);
  append_choice (self, "", _("The Best There Is"));
  for (guint i = 0; self->found != NULL && i < self->found->len; i++)
    {
      const SfumatoLocalDevice *device = g_ptr_array_index (self->found, i);

      append_choice (self, device->id, device->name);
      if (!device->gpu)
        self->memory_free = device->memory_free;
    }
  self->updating = FALSE;
  select_device (self);
  show_memory (self);
  for (guint i = 0; i < self->rows->len; i++)
    sfumato_model_row_set_free (g_ptr_array_index (self->rows, i), self->memory_free);
}

static void
devices_thread (GTask        *task,
                gpointer      source,
                gpointer      task_data,
                GCancellable *cancellable)
{
  Question *question = task_data;
  GError *error = NULL;
  GPtrArray *devices = sfumato_local_service_list_devices (question->local, cancellable, &error);

  if (devices != NULL)
    g_task_return_pointer (task, devices, (GDestroyNotify) g_ptr_array_unref);
  else
    g_task_return_error (task, error);
}

static void
devices_found_cb (GObject      *source,
                  GAsyncResult *result,
                  gpointer      user_data)
{
  SfumatoLocalPage *self = SFUMATO_LOCAL_PAGE (source);
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) devices = g_task_propagate_pointer (G_TASK (result), &error);

  if (self->studio == NULL)
    return; /* the page is gone */
  if (devices == NULL)
    {
      adw_action_row_set_subtitle (ADW_ACTION_ROW (self->device_row), error->message);
      return;
    }
  g_clear_pointer (&self->found, g_ptr_array_unref);
  self->found = g_steal_pointer (&devices);
  show_devices (self);
}

static void
device_selected_cb (SfumatoLocalPage *self)
{
  SfumatoChoice *choice = adw_combo_row_get_selected_item (self->device_row);

  if (self->updating || choice == NULL || self->studio == NULL)
    return;
  g_settings_set_string (sfumato_studio_get_settings (self->studio), "device", sfumato_choice_get_id (choice));
  show_memory (self);
}

/* ---- the object ---- */

static void
set_studio (SfumatoLocalPage *self,
            SfumatoStudio    *studio)
{
  if (studio == NULL)
    return;
  g_return_if_fail (self->studio == NULL);

  self->studio = g_object_ref (studio);
  g_settings_bind (sfumato_studio_get_settings (studio), "keep-minutes", self->keep_button, "value",
                   G_SETTINGS_BIND_DEFAULT);
  g_signal_connect_object (sfumato_studio_get_local (studio), "models-changed", G_CALLBACK (show_models), self,
                           G_CONNECT_SWAPPED);
  show_models (self);
  show_devices (self);
}

static void
sfumato_local_page_map (GtkWidget *widget)
{
  SfumatoLocalPage *self = SFUMATO_LOCAL_PAGE (widget);

  GTK_WIDGET_CLASS (sfumato_local_page_parent_class)->map (widget);

  if (self->studio != NULL)
    ask (self, NULL, devices_thread, devices_found_cb);
}

static void
sfumato_local_page_get_property (GObject    *object,
                                 guint       id,
                                 GValue     *value,
                                 GParamSpec *pspec)
{
  switch (id)
    {
    case PROP_STUDIO: g_value_set_object (value, SFUMATO_LOCAL_PAGE (object)->studio); break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
sfumato_local_page_set_property (GObject      *object,
                                 guint         id,
                                 const GValue *value,
                                 GParamSpec   *pspec)
{
  switch (id)
    {
    case PROP_STUDIO: set_studio (SFUMATO_LOCAL_PAGE (object), g_value_get_object (value)); break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
sfumato_local_page_dispose (GObject *object)
{
  SfumatoLocalPage *self = SFUMATO_LOCAL_PAGE (object);

  self->updating = TRUE; /* a row that loses its list has nothing to say */
  g_cancellable_cancel (self->cancellable);
  g_ptr_array_set_size (self->rows, 0);
  gtk_widget_dispose_template (GTK_WIDGET (self), SFUMATO_TYPE_LOCAL_PAGE);
  g_clear_pointer (&self->found, g_ptr_array_unref);
  g_clear_object (&self->studio);

  G_OBJECT_CLASS (sfumato_local_page_parent_class)->dispose (object);
}

static void
sfumato_local_page_finalize (GObject *object)
{
  SfumatoLocalPage *self = SFUMATO_LOCAL_PAGE (object);

  g_ptr_array_unref (self->rows);
  g_object_unref (self->cancellable);

  G_OBJECT_CLASS (sfumato_local_page_parent_class)->finalize (object);
}

static void
bind_template (GtkWidgetClass *widget_class)
{
  gtk_widget_class_set_template_from_resource (widget_class, SFUMATO_RESOURCES "sfumato-local-page.ui");
  gtk_widget_class_bind_template_child (widget_class, SfumatoLocalPage, models_group);
  gtk_widget_class_bind_template_child (widget_class, SfumatoLocalPage, empty_row);
  gtk_widget_class_bind_template_child (widget_class, SfumatoLocalPage, busy_row);
  gtk_widget_class_bind_template_child (widget_class, SfumatoLocalPage, add_files_row);
  gtk_widget_class_bind_template_child (widget_class, SfumatoLocalPage, add_folder_row);
  gtk_widget_class_bind_template_child (widget_class, SfumatoLocalPage, device_row);
  gtk_widget_class_bind_template_child (widget_class, SfumatoLocalPage, devices);
  gtk_widget_class_bind_template_child (widget_class, SfumatoLocalPage, memory_row);
  gtk_widget_class_bind_template_child (widget_class, SfumatoLocalPage, keep_button);
  gtk_widget_class_bind_template_callback (widget_class, add_files_cb);
  gtk_widget_class_bind_template_callback (widget_class, add_folder_cb);
  gtk_widget_class_bind_template_callback (widget_class, get_models_cb);
  gtk_widget_class_bind_template_callback (widget_class, read_license_cb);
  gtk_widget_class_bind_template_callback (widget_class, device_selected_cb);
}

static void
sfumato_local_page_class_init (SfumatoLocalPageClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->get_property = sfumato_local_page_get_property;
  object_class->set_property = sfumato_local_page_set_property;
  object_class->dispose = sfumato_local_page_dispose;
  object_class->finalize = sfumato_local_page_finalize;
  widget_class->map = sfumato_local_page_map;

  properties[PROP_STUDIO] = g_param_spec_object ("studio", NULL, NULL, SFUMATO_TYPE_STUDIO,
                                                 G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  g_type_ensure (SFUMATO_TYPE_CHOICE);
  bind_template (widget_class);
}

static void
sfumato_local_page_init (SfumatoLocalPage *self)
{
  self->updating = TRUE; /* until there is a studio, what the row says is nobody's choice */
  self->cancellable = g_cancellable_new ();
  self->rows = g_ptr_array_new ();
  gtk_widget_init_template (GTK_WIDGET (self));
}

void
sfumato_local_page_focus_add (SfumatoLocalPage *self)
{
  g_return_if_fail (SFUMATO_IS_LOCAL_PAGE (self));

  gtk_widget_grab_focus (self->add_files_row);
}
