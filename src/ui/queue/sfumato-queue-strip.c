/* The queue in one line.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "ui/queue/sfumato-queue-strip.h"

#include "ui/queue/sfumato-job-words.h"

struct _SfumatoQueueStrip
{
  AdwBin        parent_instance;

  GtkWidget    *spinner;
  GtkWidget    *attention;
  GtkLabel     *label;

  SfumatoQueue *queue;    /* owned */
  guint         clock;    /* source, or 0 */
};

G_DEFINE_FINAL_TYPE (SfumatoQueueStrip, sfumato_queue_strip, ADW_TYPE_BIN)

enum
{
  PROP_0,
  PROP_QUEUE,
  N_PROPS,
};

static GParamSpec *properties[N_PROPS];

static void
update (SfumatoQueueStrip *self)
{
  SfumatoQueueSummary summary;
  g_autofree char *words = NULL;

  sfumato_queue_summarize (self->queue, &summary);
  words = sfumato_queue_summary_dup_words (&summary, g_get_monotonic_time ());
  gtk_label_set_label (self->label, words);
  gtk_widget_set_visible (self->spinner, summary.running > 0);
  gtk_widget_set_visible (self->attention, summary.running == 0 && summary.attention > 0);
}

static gboolean
second_passed_cb (gpointer user_data)
{
  update (user_data);
  return G_SOURCE_CONTINUE;
}

static void
sfumato_queue_strip_map (GtkWidget *widget)
{
  SfumatoQueueStrip *self = SFUMATO_QUEUE_STRIP (widget);

  GTK_WIDGET_CLASS (sfumato_queue_strip_parent_class)->map (widget);

  update (self);
  self->clock = g_timeout_add_seconds (1, second_passed_cb, self);
}

static void
sfumato_queue_strip_unmap (GtkWidget *widget)
{
  g_clear_handle_id (&SFUMATO_QUEUE_STRIP (widget)->clock, g_source_remove);

  GTK_WIDGET_CLASS (sfumato_queue_strip_parent_class)->unmap (widget);
}

static void
set_queue (SfumatoQueueStrip *self,
           SfumatoQueue      *queue)
{
  if (queue == NULL)
    return;
  g_return_if_fail (self->queue == NULL);

  self->queue = g_object_ref (queue);
  g_signal_connect_object (queue, "notify", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (queue, "items-changed", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
}

static void
sfumato_queue_strip_get_property (GObject    *object,
                                  guint       id,
                                  GValue     *value,
                                  GParamSpec *pspec)
{
  switch (id)
    {
    case PROP_QUEUE: g_value_set_object (value, SFUMATO_QUEUE_STRIP (object)->queue); break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
sfumato_queue_strip_set_property (GObject      *object,
                                  guint         id,
                                  const GValue *value,
                                  GParamSpec   *pspec)
{
  switch (id)
    {
    case PROP_QUEUE: set_queue (SFUMATO_QUEUE_STRIP (object), g_value_get_object (value)); break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
sfumato_queue_strip_dispose (GObject *object)
{
  SfumatoQueueStrip *self = SFUMATO_QUEUE_STRIP (object);

  g_clear_handle_id (&self->clock, g_source_remove);
  gtk_widget_dispose_template (GTK_WIDGET (self), SFUMATO_TYPE_QUEUE_STRIP);
  g_clear_object (&self->queue);

  G_OBJECT_CLASS (sfumato_queue_strip_parent_class)->dispose (object);
}

static void
sfumato_queue_strip_class_init (SfumatoQueueStripClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->get_property = sfumato_queue_strip_get_property;
  object_class->set_property = sfumato_queue_strip_set_property;
  object_class->dispose = sfumato_queue_strip_dispose;
  widget_class->map = sfumato_queue_strip_map;
  widget_class->unmap = sfumato_queue_strip_unmap;

  properties[PROP_QUEUE] = g_param_spec_object ("queue", NULL, NULL, SFUMATO_TYPE_QUEUE,
                                                G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  gtk_widget_class_set_template_from_resource (widget_class, SFUMATO_RESOURCES "sfumato-queue-strip.ui");
  gtk_widget_class_bind_template_child (widget_class, SfumatoQueueStrip, spinner);
  gtk_widget_class_bind_template_child (widget_class, SfumatoQueueStrip, attention);
  gtk_widget_class_bind_template_child (widget_class, SfumatoQueueStrip, label);
}

static void
sfumato_queue_strip_init (SfumatoQueueStrip *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}
