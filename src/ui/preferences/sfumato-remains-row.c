/* What arrived of pictures that broke off on their way, as a row.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "ui/preferences/sfumato-remains-row.h"

#include <glib/gi18n-lib.h>

#include "ui/widgets/sfumato-error-dialog.h"

struct _SfumatoRemainsRow
{
  AdwActionRow   parent_instance;

  GtkWidget     *buttons;

  SfumatoStudio *studio;  /* owned */
  gboolean       busy;    /* moving to the trash */
};

G_DEFINE_FINAL_TYPE (SfumatoRemainsRow, sfumato_remains_row, ADW_TYPE_ACTION_ROW)

enum
{
  PROP_0,
  PROP_STUDIO,
  N_PROPS,
};

static GParamSpec *properties[N_PROPS];

typedef struct
{
  guint   count;
  guint64 bytes;
} Measure;

/* On a worker thread; the row stays until it has answered. */
static void
ask (SfumatoRemainsRow   *self,
     GTaskThreadFunc      thread,
     GAsyncReadyCallback  answered)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, answered, NULL);

  g_task_set_task_data (task, sfumato_studio_dup_remains_folder (self->studio), g_free);
  g_task_run_in_thread (task, thread);
}

/* ---- how many ---- */

static void
measure_thread (GTask        *task,
                gpointer      source,
                gpointer      task_data,
                GCancellable *cancellable)
{
  Measure *measure = g_new (Measure, 1);

  measure->count = sfumato_remains_measure (task_data, &measure->bytes);
  g_task_return_pointer (task, measure, g_free);
}

static void
measured_cb (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  g_autofree Measure *measure = g_task_propagate_pointer (G_TASK (result), NULL);
  g_autofree char *size = g_format_size (measure->bytes);
  g_autofree char *count = NULL;
  g_autofree char *words = NULL;

  count = g_strdup_printf (ngettext ("%u picture broke off on its way", "%u pictures broke off on their way",
                                     measure->count), measure->count);
  /* Translators: the first %s is "2 pictures broke off on their way", the second one a size. */
  words = g_strdup_printf (ngettext ("%s: %s. What arrived is kept for %u day.",
                                     "%s: %s. What arrived is kept for %u days.", SFUMATO_REMAINS_DAYS),
                           count, size, SFUMATO_REMAINS_DAYS);
  adw_action_row_set_subtitle (ADW_ACTION_ROW (source), words);
  gtk_widget_set_visible (GTK_WIDGET (source), measure->count > 0);
}

/* ---- what can be done ---- */

static void
trash_thread (GTask        *task,
              gpointer      source,
              gpointer      task_data,
              GCancellable *cancellable)
{
  GError *error = NULL;

  if (sfumato_remains_trash (task_data, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

/* The row stays, to say so and to keep the keyboard that its button had. A toast would take the next Escape. */
static void
show_trashed (SfumatoRemainsRow *self)
{
  const char *words = _("Moved to the trash");

  adw_action_row_set_subtitle (ADW_ACTION_ROW (self), words);
  gtk_widget_set_focusable (GTK_WIDGET (self), TRUE);
  gtk_widget_grab_focus (GTK_WIDGET (self));
  gtk_widget_set_visible (self->buttons, FALSE);
  gtk_accessible_announce (GTK_ACCESSIBLE (self), words, GTK_ACCESSIBLE_ANNOUNCEMENT_PRIORITY_MEDIUM);
}

static void
trashed_cb (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  SfumatoRemainsRow *self = SFUMATO_REMAINS_ROW (source);
  g_autoptr (GError) error = NULL;

  if (self->studio == NULL || gtk_widget_get_root (GTK_WIDGET (self)) == NULL)
    return; /* the row is gone */
  self->busy = FALSE;
  if (g_task_propagate_boolean (G_TASK (result), &error))
    show_trashed (self);
  else
    sfumato_error_dialog_present (GTK_WIDGET (self), error);
}

static void
delete_cb (SfumatoRemainsRow *self)
{
  /* An insensitive button would lose the keyboard. */
  if (self->busy)
    return;
  self->busy = TRUE;
  ask (self, trash_thread, trashed_cb);
}

static void
open_cb (SfumatoRemainsRow *self)
{
  g_autofree char *path = sfumato_studio_dup_remains_folder (self->studio);
  g_autoptr (GFile) folder = g_file_new_for_path (path);
  g_autoptr (GtkFileLauncher) launcher = gtk_file_launcher_new (folder);

  gtk_file_launcher_launch (launcher, GTK_WINDOW (gtk_widget_get_root (GTK_WIDGET (self))), NULL, NULL, NULL);
}

/* ---- the object ---- */

static void
set_studio (SfumatoRemainsRow *self,
            SfumatoStudio     *studio)
{
  if (g_set_object (&self->studio, studio) && studio != NULL)
    ask (self, measure_thread, measured_cb);
}

static void
sfumato_remains_row_get_property (GObject    *object,
                                  guint       id,
                                  GValue     *value,
                                  GParamSpec *pspec)
{
  switch (id)
    {
    case PROP_STUDIO: g_value_set_object (value, SFUMATO_REMAINS_ROW (object)->studio); break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
sfumato_remains_row_set_property (GObject      *object,
                                  guint         id,
                                  const GValue *value,
                                  GParamSpec   *pspec)
{
  switch (id)
    {
    case PROP_STUDIO: set_studio (SFUMATO_REMAINS_ROW (object), g_value_get_object (value)); break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
sfumato_remains_row_dispose (GObject *object)
{
  SfumatoRemainsRow *self = SFUMATO_REMAINS_ROW (object);

  gtk_widget_dispose_template (GTK_WIDGET (self), SFUMATO_TYPE_REMAINS_ROW);
  g_clear_object (&self->studio);

  G_OBJECT_CLASS (sfumato_remains_row_parent_class)->dispose (object);
}

static void
sfumato_remains_row_class_init (SfumatoRemainsRowClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->get_property = sfumato_remains_row_get_property;
  object_class->set_property = sfumato_remains_row_set_property;
  object_class->dispose = sfumato_remains_row_dispose;

  properties[PROP_STUDIO] = g_param_spec_object ("studio", NULL, NULL, SFUMATO_TYPE_STUDIO,
                                                 G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  gtk_widget_class_set_template_from_resource (widget_class, SFUMATO_RESOURCES "sfumato-remains-row.ui");
  gtk_widget_class_bind_template_child (widget_class, SfumatoRemainsRow, buttons);
  gtk_widget_class_bind_template_callback (widget_class, delete_cb);
  gtk_widget_class_bind_template_callback (widget_class, open_cb);
}

static void
sfumato_remains_row_init (SfumatoRemainsRow *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}
