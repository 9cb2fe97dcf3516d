/* One job as a row of the queue.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "ui/queue/sfumato-queue-row.h"

#include <glib/gi18n-lib.h>

#include "ui/queue/sfumato-job-actions.h"
#include "ui/queue/sfumato-job-words.h"
#include "ui/widgets/sfumato-shape.h"
#include "ui/widgets/sfumato-thumbnail.h"

struct _SfumatoQueueRow
{
  AdwActionRow      parent_instance;

  GtkStack         *prefix;
  SfumatoShape     *shape;
  SfumatoThumbnail *thumbnail;
  GtkWidget        *spinner;
  GtkWidget        *again_button;
  GtkWidget        *save_button;
  GtkWidget        *elsewhere_button;
  GtkWidget        *move_button;
  GtkWidget        *cancel_button;
  GtkWidget        *remove_button;
  GtkDropTarget    *drop_target;

  SfumatoStudio    *studio;      /* owned */
  SfumatoJob       *job;         /* owned */
  guint             clock;       /* source, or 0 */
};

G_DEFINE_FINAL_TYPE (SfumatoQueueRow, sfumato_queue_row, ADW_TYPE_ACTION_ROW)

enum
{
  PROP_0,
  PROP_JOB,
  N_PROPS,
};

static GParamSpec *properties[N_PROPS];

static char *
describe (SfumatoQueueRow *self)
{
  const SfumatoRequestFields *fields = sfumato_request_get_fields (sfumato_job_get_request (self->job));
  const SfumatoModel *model = sfumato_studio_find_model (self->studio, fields->service, fields->model);
  g_autofree char *state = sfumato_job_dup_state_words (self->job);
  g_autofree char *time = sfumato_job_dup_time_words (self->job, g_get_monotonic_time ());
  g_autofree char *charge = sfumato_job_dup_charge_words (self->job);
  g_autofree char *price = sfumato_price_format (sfumato_job_get_price (self->job));

  if (sfumato_job_get_state (self->job) == SFUMATO_JOB_UNKNOWN)
    return g_strdup (_("Needs attention: it had been sent when Sfumato stopped. It may have been charged."));
  return g_strdup_printf ("%s%s%s · %s · %s", state, *time != '\0' ? " · " : "", time,
                          model != NULL ? model->name : fields->model, charge != NULL ? charge : price);
}

static void
update_words (SfumatoQueueRow *self)
{
  g_autofree char *subtitle = describe (self);

  adw_action_row_set_subtitle (ADW_ACTION_ROW (self), subtitle);
}

static gboolean
second_passed_cb (gpointer user_data)
{
  update_words (user_data);
  return G_SOURCE_CONTINUE;
}

static void
update_clock (SfumatoQueueRow *self)
{
  SfumatoJobState state = sfumato_job_get_state (self->job);
  gboolean wanted = gtk_widget_get_mapped (GTK_WIDGET (self)) &&
                    (state == SFUMATO_JOB_RUNNING || sfumato_job_get_resume_at (self->job) > 0);

  if (wanted && self->clock == 0)
    self->clock = g_timeout_add_seconds (1, second_passed_cb, self);
  else if (!wanted)
    g_clear_handle_id (&self->clock, g_source_remove);
}

static void
label_again (SfumatoQueueRow *self)
{
  g_autofree char *price = sfumato_price_format (sfumato_job_get_price (self->job));
  g_autofree char *label = sfumato_job_get_price (self->job) > 0 ? g_strdup_printf (_("Send Again · %s"), price)
                                                                 : g_strdup (_("Try Again"));

  gtk_widget_set_tooltip_text (self->again_button, label);
}

static void
update (SfumatoQueueRow *self)
{
  SfumatoJobState state = sfumato_job_get_state (self->job);
  SfumatoPicture *picture = sfumato_job_get_picture (self->job);
  gboolean waiting = state == SFUMATO_JOB_WAITING;
  gboolean running = state == SFUMATO_JOB_RUNNING;

  sfumato_job_actions_update (GTK_WIDGET (self));
  sfumato_thumbnail_set_picture (self->thumbnail, picture);
  gtk_stack_set_visible_child_name (self->prefix, picture != NULL ? "picture" : "shape");
  gtk_widget_set_visible (self->spinner, running);
  gtk_widget_set_visible (self->again_button, state == SFUMATO_JOB_FAILED || state == SFUMATO_JOB_CANCELLED ||
                                              state == SFUMATO_JOB_UNKNOWN);
  gtk_widget_set_visible (self->save_button, state == SFUMATO_JOB_UNSAVED);
  gtk_widget_set_visible (self->elsewhere_button, state == SFUMATO_JOB_UNSAVED);
  gtk_widget_set_visible (self->move_button, waiting);
  gtk_widget_set_visible (self->cancel_button, running);
  gtk_widget_set_visible (self->remove_button, !running);
  update_words (self);
  update_clock (self);
}

/* ---- dragging ---- */

static GdkContentProvider *
drag_prepare_cb (SfumatoQueueRow *self)
{
  if (sfumato_job_get_state (self->job) != SFUMATO_JOB_WAITING)
    return NULL;
  return gdk_content_provider_new_typed (SFUMATO_TYPE_JOB, self->job);
}

static gboolean
dropped_cb (SfumatoQueueRow *self,
            const GValue    *value)
{
  sfumato_queue_move (sfumato_studio_get_queue (self->studio), g_value_get_object (value), self->job);
  return TRUE;
}

/* ---- the object ---- */

static void
sfumato_queue_row_map (GtkWidget *widget)
{
  GTK_WIDGET_CLASS (sfumato_queue_row_parent_class)->map (widget);

  update (SFUMATO_QUEUE_ROW (widget));
}

static void
sfumato_queue_row_unmap (GtkWidget *widget)
{
  g_clear_handle_id (&SFUMATO_QUEUE_ROW (widget)->clock, g_source_remove);

  GTK_WIDGET_CLASS (sfumato_queue_row_parent_class)->unmap (widget);
}

static void
sfumato_queue_row_get_property (GObject    *object,
                                guint       id,
                                GValue     *value,
                                GParamSpec *pspec)
{
  switch (id)
    {
    case PROP_JOB: g_value_set_object (value, SFUMATO_QUEUE_ROW (object)->job); break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
sfumato_queue_row_dispose (GObject *object)
{
  SfumatoQueueRow *self = SFUMATO_QUEUE_ROW (object);

  g_clear_handle_id (&self->clock, g_source_remove);
  gtk_widget_dispose_template (GTK_WIDGET (self), SFUMATO_TYPE_QUEUE_ROW);
  g_clear_object (&self->job);
  g_clear_object (&self->studio);

  G_OBJECT_CLASS (sfumato_queue_row_parent_class)->dispose (object);
}

static void
bind_template (GtkWidgetClass *widget_class)
{
  gtk_widget_class_set_template_from_resource (widget_class, SFUMATO_RESOURCES "sfumato-queue-row.ui");
  gtk_widget_class_bind_template_child (widget_class, SfumatoQueueRow, prefix);
  gtk_widget_class_bind_template_child (widget_class, SfumatoQueueRow, shape);
  gtk_widget_class_bind_template_child (widget_class, SfumatoQueueRow, thumbnail);
  gtk_widget_class_bind_template_child (widget_class, SfumatoQueueRow, spinner);
  gtk_widget_class_bind_template_child (widget_class, SfumatoQueueRow, again_button);
  gtk_widget_class_bind_template_child (widget_class, SfumatoQueueRow, save_button);
  gtk_widget_class_bind_template_child (widget_class, SfumatoQueueRow, elsewhere_button);
  gtk_widget_class_bind_template_child (widget_class, SfumatoQueueRow, move_button);
  gtk_widget_class_bind_template_child (widget_class, SfumatoQueueRow, cancel_button);
  gtk_widget_class_bind_template_child (widget_class, SfumatoQueueRow, remove_button);
  gtk_widget_class_bind_template_child (widget_class, SfumatoQueueRow, drop_target);
  gtk_widget_class_bind_template_callback (widget_class, drag_prepare_cb);
  gtk_widget_class_bind_template_callback (widget_class, dropped_cb);
}

static void
sfumato_queue_row_class_init (SfumatoQueueRowClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->get_property = sfumato_queue_row_get_property;
  object_class->dispose = sfumato_queue_row_dispose;
  widget_class->map = sfumato_queue_row_map;
  widget_class->unmap = sfumato_queue_row_unmap;

  properties[PROP_JOB] = g_param_spec_object ("job", NULL, NULL, SFUMATO_TYPE_JOB,
                                              G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  g_type_ensure (SFUMATO_TYPE_SHAPE);
  g_type_ensure (SFUMATO_TYPE_THUMBNAIL);
  sfumato_job_actions_install (widget_class);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Up, GDK_ALT_MASK, "job.move-up", NULL);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Down, GDK_ALT_MASK, "job.move-down", NULL);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Delete, 0, "job.remove", NULL);
  bind_template (widget_class);
}

static void
sfumato_queue_row_init (SfumatoQueueRow *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  gtk_drop_target_set_gtypes (self->drop_target, (GType[1]) { SFUMATO_TYPE_JOB }, 1);
}

GtkWidget *
sfumato_queue_row_new (SfumatoStudio *studio,
                       SfumatoJob    *job)
{
  SfumatoQueueRow *self = g_object_new (SFUMATO_TYPE_QUEUE_ROW, NULL);
  const SfumatoRequestFields *fields = sfumato_request_get_fields (sfumato_job_get_request (job));
  g_autofree char *title = sfumato_clean_text (fields->prompt, -1, 200);

  self->studio = g_object_ref (studio);
  self->job = g_object_ref (job);
  sfumato_thumbnail_set_gallery (self->thumbnail, sfumato_studio_get_gallery (studio));
  g_object_set (self->shape, "ratio", fields->aspect_ratio != NULL ? fields->aspect_ratio : "1:1", NULL);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (self), g_strdelimit (title, "\n\t", ' '));
  g_signal_connect_object (job, "notify", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  label_again (self);
  update (self);
  return GTK_WIDGET (self);
}
