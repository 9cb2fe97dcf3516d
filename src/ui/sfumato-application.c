/* The program.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "ui/sfumato-application.h"

#include <glib/gi18n-lib.h>

#include "ui/queue/sfumato-awake.h"
#include "ui/sfumato-opening-window.h"
#include "ui/sfumato-window.h"
#include "ui/widgets/sfumato-error-dialog.h"

/* Opening takes a few milliseconds, unless the index has to be made again. Only then is there something to say. */
#define SAY_OPENING_AFTER_MS 400

struct _SfumatoApplication
{
  AdwApplication  parent_instance;

  SfumatoStudio  *studio;   /* owned, nullable: while it is opened */
  gboolean        opening;
  guint           patience; /* source, or 0 */
};

G_DEFINE_FINAL_TYPE (SfumatoApplication, sfumato_application, ADW_TYPE_APPLICATION)

static GtkWindow *
find_window (SfumatoApplication *self,
             GType               type)
{
  for (GList *l = gtk_application_get_windows (GTK_APPLICATION (self)); l != NULL; l = l->next)
    if (G_TYPE_CHECK_INSTANCE_TYPE (l->data, type))
      return l->data;
  return NULL;
}

/* ---- opening the studio, off the main thread ---- */

static void
present_opening (SfumatoApplication *self)
{
  GtkWindow *window = find_window (self, SFUMATO_TYPE_OPENING_WINDOW);

  if (window == NULL)
    window = sfumato_opening_window_new (ADW_APPLICATION (self));
  gtk_window_present (window);
}

static void
present_window (SfumatoApplication *self)
{
  GtkWindow *opening = find_window (self, SFUMATO_TYPE_OPENING_WINDOW);
  GtkWindow *window = find_window (self, SFUMATO_TYPE_WINDOW);

  if (window == NULL)
    window = GTK_WINDOW (sfumato_window_new (ADW_APPLICATION (self), self->studio));
  gtk_window_present (window);
  if (opening != NULL)
    gtk_window_destroy (opening);
}

static gboolean
patience_over_cb (gpointer user_data)
{
  SfumatoApplication *self = user_data;

  self->patience = 0;
  present_opening (self);
  return G_SOURCE_REMOVE;
}

static void
open_in_thread (GTask        *task,
                gpointer      source,
                gpointer      task_data,
                GCancellable *cancellable)
{
  GError *error = NULL;
  SfumatoStudio *studio = sfumato_studio_new (NULL, &error);

  if (studio != NULL)
    g_task_return_pointer (task, studio, g_object_unref);
  else
    g_task_return_error (task, error);
}

static void
say_loss (SfumatoApplication *self)
{
  const GError *loss = sfumato_studio_get_loss (self->studio);

  if (loss != NULL)
    sfumato_error_dialog_present (GTK_WIDGET (find_window (self, SFUMATO_TYPE_WINDOW)), loss);
}

static void
studio_opened_cb (GObject      *source,
                  GAsyncResult *result,
                  gpointer      user_data)
{
  SfumatoApplication *self = SFUMATO_APPLICATION (source);
  g_autoptr (GError) error = NULL;

  self->studio = g_task_propagate_pointer (G_TASK (result), &error);
  self->opening = FALSE;
  g_clear_handle_id (&self->patience, g_source_remove);
  if (self->studio == NULL)
    {
      present_opening (self);
      sfumato_opening_window_show_error (SFUMATO_OPENING_WINDOW (find_window (self, SFUMATO_TYPE_OPENING_WINDOW)),
                                         error);
    }
  else
    {
      sfumato_awake_follow (GTK_APPLICATION (self), sfumato_studio_get_queue (self->studio));
      sfumato_studio_inherit_queue (self->studio);
      sfumato_studio_follow (self->studio);
      present_window (self);
      say_loss (self);
    }
  g_application_release (G_APPLICATION (self));
}

static void
open_studio (SfumatoApplication *self)
{
  g_autoptr (GTask) task = NULL;

  if (self->opening)
    return;
  self->opening = TRUE;
  g_application_hold (G_APPLICATION (self));
  self->patience = g_timeout_add (SAY_OPENING_AFTER_MS, patience_over_cb, self);
  task = g_task_new (self, NULL, studio_opened_cb, NULL);
  g_task_run_in_thread (task, open_in_thread);
}

/* ---- verbs ---- */

static void
open_studio_activated_cb (GSimpleAction *action,
                          GVariant      *parameter,
                          gpointer       user_data)
{
  open_studio (user_data);
}

static void
about_activated_cb (GSimpleAction *action,
                    GVariant      *parameter,
                    gpointer       user_data)
{
  AdwDialog *dialog = adw_about_dialog_new_from_appdata (SFUMATO_RESOURCES "metainfo.xml", VERSION);
  AdwAboutDialog *about = ADW_ABOUT_DIALOG (dialog);

  adw_about_dialog_set_version (about, VERSION);
  adw_about_dialog_set_application_icon (about, APP_ID);
  /* Translators: your names, one a line */
  adw_about_dialog_set_translator_credits (about, _("translator-credits"));
  adw_dialog_present (dialog, GTK_WIDGET (gtk_application_get_active_window (user_data)));
}

static void
quit_activated_cb (GSimpleAction *action,
                   GVariant      *parameter,
                   gpointer       user_data)
{
  GtkWindow *window = find_window (user_data, SFUMATO_TYPE_WINDOW);

  /* The window knows whether something would be lost. */
  if (window != NULL)
    sfumato_window_quit (SFUMATO_WINDOW (window));
  else
    g_application_quit (user_data);
}

static void
set_accelerators (GtkApplication *application)
{
  static const struct
  {
    const char *action;
    const char *keys[3];
  } accelerators[] = {
    { "win.generate", { "<Control>Return", "<Control>KP_Enter" } },
    { "win.generate-front", { "<Control><Shift>Return" } },
    { "win.cancel", { "<Control><Shift>e" } },
    { "win.focus-prompt", { "<Control>l" } },
    { "win.new", { "<Control><Shift>n" } },
    { "win.choose-reference", { "<Control>o" } },
    { "win.create", { "<Control>Page_Up" } },
    { "win.gallery", { "<Control>Page_Down" } },
    { "win.search", { "<Control>f" } },
    { "win.queue", { "<Control>j" } },
    { "win.settings-pane", { "F9" } },
    { "win.fullscreen", { "F11" } },
    { "win.preferences", { "<Control>comma" } },
    { "window.close", { "<Control>w" } },
    { "app.quit", { "<Control>q" } },
  };

  for (guint i = 0; i < G_N_ELEMENTS (accelerators); i++)
    gtk_application_set_accels_for_action (application, accelerators[i].action,
                                           (const char **) accelerators[i].keys);
}

/* Popovers, dialogs and windows of GTK's own, such as the overview of shortcuts, have the keyboard to themselves, and
 * accelerators do not reach what they lie over. To leave is wanted from there too; and nothing in them has another use
 * for the keys. */
static gboolean
quit_cb (GtkWidget *widget,
         GVariant  *arguments,
         gpointer   user_data)
{
  /* A window over ours would hide what ours may have to ask. */
  if (GTK_IS_WINDOW (widget) && gtk_window_get_transient_for (GTK_WINDOW (widget)) != NULL)
    gtk_window_close (GTK_WINDOW (widget));
  g_action_group_activate_action (G_ACTION_GROUP (g_application_get_default ()), "quit", NULL);
  return TRUE;
}

static void
let_leave (GType type)
{
  g_autoptr (GTypeClass) klass = g_type_class_ref (type);

  gtk_widget_class_add_binding (GTK_WIDGET_CLASS (klass), GDK_KEY_q, GDK_CONTROL_MASK, quit_cb, NULL);
  /* Closes a dialog or a window; a popover leaves it to what it is in. */
  gtk_widget_class_add_binding_action (GTK_WIDGET_CLASS (klass), GDK_KEY_w, GDK_CONTROL_MASK, "window.close", NULL);
}

/* ---- the object ---- */

static void
sfumato_application_startup (GApplication *application)
{
  static const GActionEntry actions[] = {
    { "about", about_activated_cb },
    { "open-studio", open_studio_activated_cb },
    { "quit", quit_activated_cb },
  };

  G_APPLICATION_CLASS (sfumato_application_parent_class)->startup (application);

  g_action_map_add_action_entries (G_ACTION_MAP (application), actions, G_N_ELEMENTS (actions), application);
  set_accelerators (GTK_APPLICATION (application));
  let_leave (GTK_TYPE_POPOVER);
  let_leave (ADW_TYPE_DIALOG);
  let_leave (GTK_TYPE_WINDOW);
}

static void
sfumato_application_activate (GApplication *application)
{
  SfumatoApplication *self = SFUMATO_APPLICATION (application);

  if (self->studio != NULL)
    present_window (self);
  else
    open_studio (self);
}

static void
sfumato_application_shutdown (GApplication *application)
{
  SfumatoApplication *self = SFUMATO_APPLICATION (application);

  g_clear_handle_id (&self->patience, g_source_remove);
  if (self->studio != NULL)
    sfumato_studio_close (self->studio);
  g_clear_object (&self->studio);

  G_APPLICATION_CLASS (sfumato_application_parent_class)->shutdown (application);
}

static void
sfumato_application_class_init (SfumatoApplicationClass *klass)
{
  GApplicationClass *application_class = G_APPLICATION_CLASS (klass);

  application_class->startup = sfumato_application_startup;
  application_class->activate = sfumato_application_activate;
  application_class->shutdown = sfumato_application_shutdown;
}

static void
sfumato_application_init (SfumatoApplication *self)
{
}

SfumatoApplication *
sfumato_application_new (void)
{
  return g_object_new (SFUMATO_TYPE_APPLICATION,
                       "application-id", APP_ID,
                       "resource-base-path", SFUMATO_RESOURCE_BASE,
                       "version", VERSION,
                       NULL);
}
