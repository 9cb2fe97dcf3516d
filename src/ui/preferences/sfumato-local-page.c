/* Preferences for pictures made on this computer.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "ui/preferences/sfumato-local-page.h"

#include <glib/gi18n-lib.h>

#include "ui/preferences/sfumato-device-group.h"
#include "ui/preferences/sfumato-model-row.h"
#include "ui/widgets/sfumato-error-dialog.h"

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
  SfumatoDeviceGroup  *device_group;

  SfumatoStudio       *studio;       /* owned */
  GCancellable        *cancellable;  /* owned: ends with the page */
  GPtrArray           *rows;         /* owned, of SfumatoModelRow: borrowed from the group */
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

      sfumato_model_row_set_free (SFUMATO_MODEL_ROW (row), sfumato_device_group_get_memory_free (self->device_group));
      g_signal_connect_object (row, "remove", G_CALLBACK (remove_cb), self, G_CONNECT_SWAPPED);
      adw_preferences_group_add (self->models_group, row);
      g_ptr_array_add (self->rows, row);
    }
  gtk_widget_set_visible (self->empty_row, models->len == 0);
}

static void
memory_known_cb (SfumatoLocalPage *self)
{
  guint64 memory_free = sfumato_device_group_get_memory_free (self->device_group);

  for (guint i = 0; i < self->rows->len; i++)
    sfumato_model_row_set_free (g_ptr_array_index (self->rows, i), memory_free);
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
  char               **paths;  /* owned */
} Question;

static void
question_free (Question *question)
{
  g_object_unref (question->local);
  g_strfreev (question->paths);
  g_free (question);
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
  gtk_widget_grab_focus (self->add_files_row);
  if (model == NULL)
    sfumato_error_dialog_present (GTK_WIDGET (self), error);
  else if (model->may_be_turbo)
    ask_turbo (self, model);
  else
    add_model (self, model, FALSE);
}

static void
files_chosen_cb (GObject      *source,
                 GAsyncResult *result,
                 gpointer      user_data)
{
  g_autoptr (SfumatoLocalPage) self = user_data;
  g_autoptr (GListModel) files = gtk_file_dialog_open_multiple_finish (GTK_FILE_DIALOG (source), result, NULL);
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_auto (GStrv) paths = NULL;

  if (files == NULL || self->studio == NULL)
    return;
  for (guint i = 0; i < g_list_model_get_n_items (files); i++)
    {
      g_autoptr (GFile) file = g_list_model_get_item (files, i);

      if (g_file_peek_path (file) != NULL)
        g_strv_builder_add (builder, g_file_peek_path (file));
    }
  paths = g_strv_builder_end (builder);
  sfumato_local_page_add (self, (const char * const *) paths);
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
  const char *path = folder != NULL ? g_file_peek_path (folder) : NULL;

  if (path != NULL && self->studio != NULL)
    sfumato_local_page_add (self, (const char *[]) { path, NULL });
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

/* ---- the object ---- */

static void
set_studio (SfumatoLocalPage *self,
            SfumatoStudio    *studio)
{
  if (studio == NULL)
    return;
  g_return_if_fail (self->studio == NULL);

  self->studio = g_object_ref (studio);
  g_object_set (self->device_group, "studio", studio, NULL);
  g_signal_connect_object (sfumato_studio_get_local (studio), "models-changed", G_CALLBACK (show_models), self,
                           G_CONNECT_SWAPPED);
  show_models (self);
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

  g_cancellable_cancel (self->cancellable);
  g_ptr_array_set_size (self->rows, 0);
  gtk_widget_dispose_template (GTK_WIDGET (self), SFUMATO_TYPE_LOCAL_PAGE);
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

/* Where a model is added. */
static gboolean
sfumato_local_page_grab_focus (GtkWidget *widget)
{
  return gtk_widget_grab_focus (SFUMATO_LOCAL_PAGE (widget)->add_files_row);
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
  gtk_widget_class_bind_template_child (widget_class, SfumatoLocalPage, device_group);
  gtk_widget_class_bind_template_callback (widget_class, add_files_cb);
  gtk_widget_class_bind_template_callback (widget_class, add_folder_cb);
  gtk_widget_class_bind_template_callback (widget_class, get_models_cb);
  gtk_widget_class_bind_template_callback (widget_class, read_license_cb);
  gtk_widget_class_bind_template_callback (widget_class, memory_known_cb);
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
  widget_class->grab_focus = sfumato_local_page_grab_focus;

  properties[PROP_STUDIO] = g_param_spec_object ("studio", NULL, NULL, SFUMATO_TYPE_STUDIO,
                                                 G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  g_type_ensure (SFUMATO_TYPE_DEVICE_GROUP);
  bind_template (widget_class);
}

static void
sfumato_local_page_init (SfumatoLocalPage *self)
{
  self->cancellable = g_cancellable_new ();
  self->rows = g_ptr_array_new ();
  gtk_widget_init_template (GTK_WIDGET (self));
}

/* On a worker thread; the page stays until it has answered. */
void
sfumato_local_page_add (SfumatoLocalPage   *self,
                        const char * const *paths)
{
  g_autoptr (GTask) task = NULL;
  Question *question;

  g_return_if_fail (SFUMATO_IS_LOCAL_PAGE (self));
  g_return_if_fail (self->studio != NULL);

  set_busy (self, TRUE);
  task = g_task_new (self, self->cancellable, inspected_cb, NULL);
  question = g_new (Question, 1);
  *question = (Question) { g_object_ref (sfumato_studio_get_local (self->studio)), g_strdupv ((char **) paths) };
  g_task_set_task_data (task, question, (GDestroyNotify) question_free);
  g_task_run_in_thread (task, inspect_thread);
}
