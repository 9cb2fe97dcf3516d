/* The queue as a list that slides up.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "ui/queue/sfumato-queue-sheet.h"

#include <glib/gi18n-lib.h>

#include "ui/queue/sfumato-queue-row.h"

struct _SfumatoQueueSheet
{
  AdwBin           parent_instance;

  GtkToggleButton *pause_button;
  GtkWidget       *clear_button;
  AdwBanner       *held_banner;
  GtkStack        *stack;
  GtkListBox      *list_box;

  SfumatoStudio   *studio;       /* owned */
  SfumatoQueue    *queue;        /* borrowed from the studio */
  SfumatoJob      *left;         /* owned, nullable: its row had the keyboard when it went */
};

G_DEFINE_FINAL_TYPE (SfumatoQueueSheet, sfumato_queue_sheet, ADW_TYPE_BIN)

enum
{
  PROP_0,
  PROP_STUDIO,
  N_PROPS,
};

static GParamSpec *properties[N_PROPS];

static gboolean
has_over (SfumatoQueueSheet *self)
{
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (self->queue)); i++)
    {
      g_autoptr (SfumatoJob) job = g_list_model_get_item (G_LIST_MODEL (self->queue), i);

      if (sfumato_job_is_over (job))
        return TRUE;
    }
  return FALSE;
}

static void
update (SfumatoQueueSheet *self)
{
  guint held = sfumato_queue_get_held_back (self->queue);
  g_autofree char *title = g_strdup_printf (ngettext ("%u picture of last time is waiting",
                                                      "%u pictures of last time are waiting", held), held);

  gtk_stack_set_visible_child_name (self->stack,
                                    g_list_model_get_n_items (G_LIST_MODEL (self->queue)) > 0 ? "list" : "empty");
  adw_banner_set_title (self->held_banner, title);
  adw_banner_set_revealed (self->held_banner, held > 0);
  gtk_widget_set_sensitive (self->clear_button, has_over (self));
  gtk_toggle_button_set_active (self->pause_button, sfumato_queue_get_paused (self->queue));
}

/* Whose row has the keyboard, if it goes. */
static void
rows_going_cb (SfumatoQueueSheet *self,
               guint              at,
               guint              removed)
{
  GtkRoot *root = gtk_widget_get_root (GTK_WIDGET (self));
  GtkWidget *focus = root != NULL ? gtk_root_get_focus (root) : NULL;
  GtkWidget *row = focus != NULL ? gtk_widget_get_ancestor (focus, SFUMATO_TYPE_QUEUE_ROW) : NULL;
  guint index = row != NULL ? (guint) gtk_list_box_row_get_index (GTK_LIST_BOX_ROW (row)) : G_MAXUINT;

  if (removed > 0)
    g_clear_object (&self->left);
  if (index >= at && index < at + removed)
    g_object_get (row, "job", &self->left, NULL);
}

static gboolean
is_left (SfumatoQueueSheet *self,
         guint              at)
{
  g_autoptr (SfumatoJob) job = g_list_model_get_item (G_LIST_MODEL (self->queue), at);

  return job == self->left;
}

/* The next row has the keyboard then. A row that moves goes and comes again, and so does one that is taken back: it gets
 * the keyboard back. */
static void
rows_changed_cb (SfumatoQueueSheet *self,
                 guint              at,
                 guint              removed,
                 guint              added)
{
  guint rows = g_list_model_get_n_items (G_LIST_MODEL (self->queue));

  if (self->left == NULL || rows == 0 || !gtk_widget_get_mapped (GTK_WIDGET (self->list_box)))
    return;
  if (removed > 0 || (added == 1 && is_left (self, at)))
    gtk_widget_grab_focus (GTK_WIDGET (gtk_list_box_get_row_at_index (self->list_box, MIN (at, rows - 1))));
}

static GtkWidget *
create_row_cb (gpointer item,
               gpointer user_data)
{
  return sfumato_queue_row_new (SFUMATO_QUEUE_SHEET (user_data)->studio, item);
}

static void
pause_toggled_cb (SfumatoQueueSheet *self)
{
  sfumato_queue_set_paused (self->queue, gtk_toggle_button_get_active (self->pause_button));
}

static void
clear_clicked_cb (SfumatoQueueSheet *self)
{
  sfumato_queue_clear_over (self->queue);
}

static void
continue_clicked_cb (SfumatoQueueSheet *self)
{
  sfumato_queue_resume (self->queue);
}

static void
set_studio (SfumatoQueueSheet *self,
            SfumatoStudio     *studio)
{
  if (studio == NULL)
    return;
  g_return_if_fail (self->studio == NULL);

  self->studio = g_object_ref (studio);
  self->queue = sfumato_studio_get_queue (studio);
  /* Before and after the list hears of it. */
  g_signal_connect_object (self->queue, "items-changed", G_CALLBACK (rows_going_cb), self, G_CONNECT_SWAPPED);
  gtk_list_box_bind_model (self->list_box, G_LIST_MODEL (self->queue), create_row_cb, self, NULL);
  g_signal_connect_object (self->queue, "items-changed", G_CALLBACK (rows_changed_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->queue, "notify", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->queue, "items-changed", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->queue, "job-over", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  update (self);
}

/* On a row, not on a button of it: nothing that costs is one key away. */
static gboolean
sfumato_queue_sheet_grab_focus (GtkWidget *widget)
{
  SfumatoQueueSheet *self = SFUMATO_QUEUE_SHEET (widget);
  GtkListBoxRow *first = gtk_list_box_get_row_at_index (self->list_box, 0);

  if (first != NULL)
    return gtk_widget_grab_focus (GTK_WIDGET (first));
  return gtk_widget_child_focus (widget, GTK_DIR_TAB_FORWARD);
}

static void
sfumato_queue_sheet_get_property (GObject    *object,
                                  guint       id,
                                  GValue     *value,
                                  GParamSpec *pspec)
{
  switch (id)
    {
    case PROP_STUDIO: g_value_set_object (value, SFUMATO_QUEUE_SHEET (object)->studio); break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
sfumato_queue_sheet_set_property (GObject      *object,
                                  guint         id,
                                  const GValue *value,
                                  GParamSpec   *pspec)
{
  switch (id)
    {
    case PROP_STUDIO: set_studio (SFUMATO_QUEUE_SHEET (object), g_value_get_object (value)); break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
sfumato_queue_sheet_dispose (GObject *object)
{
  SfumatoQueueSheet *self = SFUMATO_QUEUE_SHEET (object);

  gtk_widget_dispose_template (GTK_WIDGET (self), SFUMATO_TYPE_QUEUE_SHEET);
  g_clear_object (&self->left);
  g_clear_object (&self->studio);

  G_OBJECT_CLASS (sfumato_queue_sheet_parent_class)->dispose (object);
}

static void
sfumato_queue_sheet_class_init (SfumatoQueueSheetClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->get_property = sfumato_queue_sheet_get_property;
  object_class->set_property = sfumato_queue_sheet_set_property;
  object_class->dispose = sfumato_queue_sheet_dispose;
  widget_class->grab_focus = sfumato_queue_sheet_grab_focus;

  properties[PROP_STUDIO] = g_param_spec_object ("studio", NULL, NULL, SFUMATO_TYPE_STUDIO,
                                                 G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  gtk_widget_class_set_template_from_resource (widget_class, SFUMATO_RESOURCES "sfumato-queue-sheet.ui");
  gtk_widget_class_bind_template_child (widget_class, SfumatoQueueSheet, pause_button);
  gtk_widget_class_bind_template_child (widget_class, SfumatoQueueSheet, clear_button);
  gtk_widget_class_bind_template_child (widget_class, SfumatoQueueSheet, held_banner);
  gtk_widget_class_bind_template_child (widget_class, SfumatoQueueSheet, stack);
  gtk_widget_class_bind_template_child (widget_class, SfumatoQueueSheet, list_box);
  gtk_widget_class_bind_template_callback (widget_class, pause_toggled_cb);
  gtk_widget_class_bind_template_callback (widget_class, clear_clicked_cb);
  gtk_widget_class_bind_template_callback (widget_class, continue_clicked_cb);
}

static void
sfumato_queue_sheet_init (SfumatoQueueSheet *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}
