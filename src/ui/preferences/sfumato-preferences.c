/* Preferences.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "ui/preferences/sfumato-preferences.h"

#include <glib/gi18n-lib.h>
#include <math.h>

#include "ui/preferences/sfumato-key-group.h"
#include "ui/preferences/sfumato-local-page.h"
#include "ui/preferences/sfumato-remains-row.h"
#include "ui/widgets/sfumato-error-dialog.h"

/* The service that keys, address and costs are about; the only one that has any today. */
#define SERVICE "stability"

struct _SfumatoPreferences
{
  AdwPreferencesDialog  parent_instance;

  AdwPreferencesPage   *services_page;
  SfumatoKeyGroup      *key_group;
  GtkEditable          *address_row;
  GtkWidget            *default_button;
  AdwActionRow         *address_problem;
  SfumatoLocalPage     *local_page;
  AdwPreferencesPage   *pictures_page;
  AdwActionRow         *folder_row;
  GtkWidget            *change_folder_row;
  GtkWidget            *json_row;
  AdwComboRow          *format_row;
  SfumatoRemainsRow    *remains_row;
  AdwActionRow         *spent_row;
  AdwActionRow         *maybe_row;
  AdwActionRow         *balance_row;
  GtkWidget            *balance_spinner;
  GtkWidget            *balance_button;
  GtkWidget            *buy_row;

  SfumatoStudio        *studio;       /* owned */
  GCancellable         *cancellable;  /* owned: of everything that is asked for from here */
};

G_DEFINE_FINAL_TYPE (SfumatoPreferences, sfumato_preferences, ADW_TYPE_PREFERENCES_DIALOG)

/* A question on a worker thread: what it needs, and who wants to know. */
typedef struct
{
  GWeakRef       dialog;  /* SfumatoPreferences */
  SfumatoStudio *studio;  /* owned */
  char          *folder;  /* owned, nullable */
} Question;

static void
question_free (Question *question)
{
  g_weak_ref_clear (&question->dialog);
  g_object_unref (question->studio);
  g_free (question->folder);
  g_free (question);
}

static void
ask (SfumatoPreferences  *self,
     const char          *folder,
     GTaskThreadFunc      thread,
     GAsyncReadyCallback  answered)
{
  g_autoptr (GTask) task = g_task_new (NULL, self->cancellable, answered, NULL);
  Question *question = g_new0 (Question, 1);

  g_weak_ref_init (&question->dialog, self);
  question->studio = g_object_ref (self->studio);
  question->folder = g_strdup (folder);
  g_task_set_source_tag (task, ask);
  g_task_set_task_data (task, question, (GDestroyNotify) question_free);
  g_task_run_in_thread (task, thread);
}

static SfumatoPreferences *
dup_asker (GAsyncResult *result)
{
  Question *question = g_task_get_task_data (G_TASK (result));

  return g_weak_ref_get (&question->dialog);
}

/* ---- the address ----------------------------------------------------------------------------------------- */

static void
update_default_button (SfumatoPreferences *self)
{
  g_autofree char *own = g_settings_get_string (sfumato_studio_get_settings (self->studio), "stability-url");

  gtk_widget_set_visible (self->default_button, *own != '\0');
}

static void
show_address (SfumatoPreferences *self)
{
  g_autofree char *own = g_settings_get_string (sfumato_studio_get_settings (self->studio), "stability-url");

  gtk_editable_set_text (self->address_row, own);
  update_default_button (self);
}

static void
set_address (SfumatoPreferences *self,
             const char         *address)
{
  g_autoptr (GError) error = NULL;

  if (sfumato_studio_set_base_url (self->studio, address, &error))
    {
      gtk_widget_set_visible (GTK_WIDGET (self->address_problem), FALSE);
      gtk_widget_remove_css_class (GTK_WIDGET (self->address_row), "error");
      show_address (self);
      return;
    }
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (self->address_problem), sfumato_error_get_title (error));
  adw_action_row_set_subtitle (self->address_problem, error->message);
  gtk_widget_set_visible (GTK_WIDGET (self->address_problem), TRUE);
  gtk_widget_add_css_class (GTK_WIDGET (self->address_row), "error");
  gtk_accessible_announce (GTK_ACCESSIBLE (self), error->message, GTK_ACCESSIBLE_ANNOUNCEMENT_PRIORITY_MEDIUM);
}

static void
address_applied_cb (SfumatoPreferences *self)
{
  g_autofree char *address = g_strstrip (g_strdup (gtk_editable_get_text (self->address_row)));

  set_address (self, address);
}

static void
address_changed_cb (SfumatoPreferences *self)
{
  gtk_widget_set_visible (GTK_WIDGET (self->address_problem), FALSE);
  gtk_widget_remove_css_class (GTK_WIDGET (self->address_row), "error");
}

static void
default_address_cb (SfumatoPreferences *self)
{
  set_address (self, NULL);
}

/* ---- the folder ------------------------------------------------------------------------------------------ */

static void
show_folder (SfumatoPreferences *self)
{
  g_autofree char *folder = sfumato_gallery_dup_shown_folder (sfumato_studio_get_gallery (self->studio));

  adw_action_row_set_subtitle (self->folder_row, folder);
  gtk_widget_set_sensitive (self->change_folder_row, TRUE);
}

static void
set_folder_thread (GTask        *task,
                   gpointer      source,
                   gpointer      task_data,
                   GCancellable *cancellable)
{
  Question *question = task_data;
  GError *error = NULL;

  if (sfumato_studio_set_folder (question->studio, question->folder, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
folder_set_cb (GObject      *source,
               GAsyncResult *result,
               gpointer      user_data)
{
  g_autoptr (SfumatoPreferences) self = dup_asker (result);
  g_autoptr (GError) error = NULL;

  if (g_task_propagate_boolean (G_TASK (result), &error) || !self ||
      g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  show_folder (self);
  sfumato_error_dialog_present (GTK_WIDGET (self), error);
}

static void
folder_chosen_cb (GObject      *source,
                  GAsyncResult *result,
                  gpointer      user_data)
{
  g_autoptr (SfumatoPreferences) self = user_data;
  g_autoptr (GFile) folder = gtk_file_dialog_select_folder_finish (GTK_FILE_DIALOG (source), result, NULL);
  const char *path = folder ? g_file_peek_path (folder) : NULL;

  if (!path || !self->studio)
    return;
  gtk_widget_set_sensitive (self->change_folder_row, FALSE);
  ask (self, path, set_folder_thread, folder_set_cb);
}

static void
change_folder_cb (SfumatoPreferences *self)
{
  g_autoptr (GtkFileDialog) dialog = gtk_file_dialog_new ();
  g_autoptr (GFile) now = g_file_new_for_path (
    sfumato_gallery_get_folder (sfumato_studio_get_gallery (self->studio)));
  GtkRoot *root = gtk_widget_get_root (GTK_WIDGET (self));

  gtk_file_dialog_set_title (dialog, _("Folder for Pictures"));
  gtk_file_dialog_set_initial_folder (dialog, now);
  gtk_file_dialog_select_folder (dialog, GTK_WINDOW (root), self->cancellable, folder_chosen_cb,
                                 g_object_ref (self));
}

/* ---- the format ------------------------------------------------------------------------------------------ */

/* In the order of the row's list. */
static const char * const formats[] = { "png", "jpeg", "webp", NULL };

static gboolean
format_to_position (GValue   *value,
                    GVariant *setting,
                    gpointer  user_data)
{
  for (guint i = 0; formats[i]; i++)
    if (g_str_equal (formats[i], g_variant_get_string (setting, NULL)))
      g_value_set_uint (value, i);
  return TRUE;
}

static GVariant *
format_from_position (const GValue       *value,
                      const GVariantType *type,
                      gpointer            user_data)
{
  guint position = g_value_get_uint (value);

  return position < G_N_ELEMENTS (formats) - 1 ? g_variant_new_string (formats[position]) : NULL;
}

/* ---- costs ----------------------------------------------------------------------------------------------- */

static GDateTime *
first_of_month (void)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_local ();

  return g_date_time_new_local (g_date_time_get_year (now), g_date_time_get_month (now), 1, 0, 0, 0);
}

static void
show_costs (SfumatoPreferences *self)
{
  g_autoptr (GDateTime) since = first_of_month ();
  gint64 maybe = 0;
  gint64 spent = sfumato_studio_get_spent (self->studio, since, &maybe);
  g_autofree char *spent_words = sfumato_credits_format (spent / 100.0);
  g_autofree char *maybe_words = sfumato_credits_format (maybe / 100.0);

  adw_action_row_set_subtitle (self->spent_row, spent_words);
  adw_action_row_set_subtitle (self->maybe_row, maybe_words);
  gtk_widget_set_visible (GTK_WIDGET (self->maybe_row), maybe > 0);
}

static void
show_balance (SfumatoPreferences *self)
{
  double balance = sfumato_studio_get_balance (self->studio);
  g_autofree char *words = isnan (balance) ? g_strdup (_("Not asked yet")) : sfumato_credits_format (balance);

  adw_action_row_set_subtitle (self->balance_row, words);
}

static void
balance_thread (GTask        *task,
                gpointer      source,
                gpointer      task_data,
                GCancellable *cancellable)
{
  Question *question = task_data;
  SfumatoAccount account;
  GError *error = NULL;

  if (sfumato_studio_check_key (question->studio, SERVICE, NULL, &account, cancellable, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
balance_asked_cb (GObject      *source,
                  GAsyncResult *result,
                  gpointer      user_data)
{
  g_autoptr (SfumatoPreferences) self = dup_asker (result);
  g_autoptr (GError) error = NULL;
  gboolean answered = g_task_propagate_boolean (G_TASK (result), &error);

  if (!self || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  gtk_widget_set_visible (self->balance_spinner, FALSE);
  gtk_widget_set_sensitive (self->balance_button, TRUE);
  if (!answered)
    adw_action_row_set_subtitle (self->balance_row, error->message);
  gtk_accessible_announce (GTK_ACCESSIBLE (self), adw_action_row_get_subtitle (self->balance_row),
                           GTK_ACCESSIBLE_ANNOUNCEMENT_PRIORITY_MEDIUM);
}

static void
ask_balance_cb (SfumatoPreferences *self)
{
  gtk_widget_set_visible (self->balance_spinner, TRUE);
  gtk_widget_set_sensitive (self->balance_button, FALSE);
  ask (self, NULL, balance_thread, balance_asked_cb);
}

static void
buy_cb (SfumatoPreferences *self)
{
  g_autoptr (SfumatoService) service = sfumato_studio_find_service (self->studio, SERVICE);
  g_autoptr (GtkUriLauncher) launcher = gtk_uri_launcher_new (sfumato_service_get_credits_url (service));

  gtk_uri_launcher_launch (launcher, GTK_WINDOW (gtk_widget_get_root (GTK_WIDGET (self))), NULL, NULL, NULL);
}

/* ---- overrides ------------------------------------------------------------------------------------------- */

static void
sfumato_preferences_dispose (GObject *object)
{
  SfumatoPreferences *self = SFUMATO_PREFERENCES (object);

  g_cancellable_cancel (self->cancellable);
  gtk_widget_dispose_template (GTK_WIDGET (self), SFUMATO_TYPE_PREFERENCES);
  g_clear_object (&self->studio);

  G_OBJECT_CLASS (sfumato_preferences_parent_class)->dispose (object);
}

static void
sfumato_preferences_finalize (GObject *object)
{
  g_object_unref (SFUMATO_PREFERENCES (object)->cancellable);

  G_OBJECT_CLASS (sfumato_preferences_parent_class)->finalize (object);
}

static void
bind_template (GtkWidgetClass *widget_class)
{
  gtk_widget_class_set_template_from_resource (widget_class, SFUMATO_RESOURCES "sfumato-preferences.ui");
  gtk_widget_class_bind_template_child (widget_class, SfumatoPreferences, services_page);
  gtk_widget_class_bind_template_child (widget_class, SfumatoPreferences, key_group);
  gtk_widget_class_bind_template_child (widget_class, SfumatoPreferences, address_row);
  gtk_widget_class_bind_template_child (widget_class, SfumatoPreferences, default_button);
  gtk_widget_class_bind_template_child (widget_class, SfumatoPreferences, address_problem);
  gtk_widget_class_bind_template_child (widget_class, SfumatoPreferences, local_page);
  gtk_widget_class_bind_template_child (widget_class, SfumatoPreferences, pictures_page);
  gtk_widget_class_bind_template_child (widget_class, SfumatoPreferences, folder_row);
  gtk_widget_class_bind_template_child (widget_class, SfumatoPreferences, change_folder_row);
  gtk_widget_class_bind_template_child (widget_class, SfumatoPreferences, json_row);
  gtk_widget_class_bind_template_child (widget_class, SfumatoPreferences, format_row);
  gtk_widget_class_bind_template_child (widget_class, SfumatoPreferences, remains_row);
  gtk_widget_class_bind_template_child (widget_class, SfumatoPreferences, spent_row);
  gtk_widget_class_bind_template_child (widget_class, SfumatoPreferences, maybe_row);
  gtk_widget_class_bind_template_child (widget_class, SfumatoPreferences, balance_row);
  gtk_widget_class_bind_template_child (widget_class, SfumatoPreferences, balance_spinner);
  gtk_widget_class_bind_template_child (widget_class, SfumatoPreferences, balance_button);
  gtk_widget_class_bind_template_child (widget_class, SfumatoPreferences, buy_row);
  gtk_widget_class_bind_template_callback (widget_class, address_applied_cb);
  gtk_widget_class_bind_template_callback (widget_class, address_changed_cb);
  gtk_widget_class_bind_template_callback (widget_class, default_address_cb);
  gtk_widget_class_bind_template_callback (widget_class, change_folder_cb);
  gtk_widget_class_bind_template_callback (widget_class, ask_balance_cb);
  gtk_widget_class_bind_template_callback (widget_class, buy_cb);
}

static void
sfumato_preferences_class_init (SfumatoPreferencesClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = sfumato_preferences_dispose;
  object_class->finalize = sfumato_preferences_finalize;

  g_type_ensure (SFUMATO_TYPE_KEY_GROUP);
  g_type_ensure (SFUMATO_TYPE_LOCAL_PAGE);
  g_type_ensure (SFUMATO_TYPE_REMAINS_ROW);
  bind_template (GTK_WIDGET_CLASS (klass));
}

static void
sfumato_preferences_init (SfumatoPreferences *self)
{
  self->cancellable = g_cancellable_new ();

  gtk_widget_init_template (GTK_WIDGET (self));
}

SfumatoPreferences *
sfumato_preferences_new (SfumatoStudio *studio)
{
  SfumatoPreferences *self = g_object_new (SFUMATO_TYPE_PREFERENCES, NULL);

  self->studio = g_object_ref (studio);
  g_object_set (self->key_group, "studio", studio, "service", SERVICE, NULL);
  g_settings_bind (sfumato_studio_get_settings (studio), "stability-json", self->json_row, "active",
                   G_SETTINGS_BIND_DEFAULT);
  g_object_set (self->local_page, "studio", studio, NULL);
  g_object_set (self->remains_row, "studio", studio, NULL);
  g_settings_bind_with_mapping (sfumato_studio_get_settings (studio), "format", self->format_row, "selected",
                                G_SETTINGS_BIND_DEFAULT, format_to_position, format_from_position, NULL, NULL);
  g_signal_connect_object (studio, "notify::gallery", G_CALLBACK (show_folder), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (studio, "notify::balance", G_CALLBACK (show_balance), self, G_CONNECT_SWAPPED);
  show_address (self);
  show_folder (self);
  show_costs (self);
  show_balance (self);
  return self;
}

/* ---- going somewhere ------------------------------------------------------------------------------------- */

static gboolean
frame_cb (GtkWidget     *widget,
          GdkFrameClock *clock,
          gpointer       user_data)
{
  if (!gtk_widget_get_mapped (user_data))
    return G_SOURCE_CONTINUE;
  gtk_widget_grab_focus (user_data);
  return G_SOURCE_REMOVE;
}

/* Where the window is narrow the dialog is a sheet, and libadwaita 1.7 moves the keyboard one further when that opens.
 * So it is brought back. */
static void
go_to (SfumatoPreferences *self,
       AdwPreferencesPage *page,
       GtkWidget          *target)
{
  adw_preferences_dialog_set_visible_page (ADW_PREFERENCES_DIALOG (self), page);
  gtk_widget_grab_focus (target);
  gtk_widget_add_tick_callback (GTK_WIDGET (self), frame_cb, g_object_ref (target), g_object_unref);
}

void
sfumato_preferences_show_key (SfumatoPreferences *self)
{
  g_return_if_fail (SFUMATO_IS_PREFERENCES (self));

  go_to (self, self->services_page, GTK_WIDGET (self->key_group));
}

void
sfumato_preferences_show_address (SfumatoPreferences *self)
{
  g_return_if_fail (SFUMATO_IS_PREFERENCES (self));

  go_to (self, self->services_page, GTK_WIDGET (self->address_row));
}

void
sfumato_preferences_show_folder (SfumatoPreferences *self)
{
  g_return_if_fail (SFUMATO_IS_PREFERENCES (self));

  go_to (self, self->pictures_page, self->change_folder_row);
}

void
sfumato_preferences_show_models (SfumatoPreferences *self)
{
  g_return_if_fail (SFUMATO_IS_PREFERENCES (self));

  go_to (self, ADW_PREFERENCES_PAGE (self->local_page), GTK_WIDGET (self->local_page));
}
