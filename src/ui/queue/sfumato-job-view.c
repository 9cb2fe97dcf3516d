/* One job as a person follows it.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "ui/queue/sfumato-job-view.h"

#include <glib/gi18n-lib.h>

#include "domain/sfumato-error.h"
#include "ui/queue/sfumato-failure-view.h"
#include "ui/queue/sfumato-job-actions.h"
#include "ui/queue/sfumato-job-words.h"
#include "ui/sfumato-window.h"
#include "ui/widgets/sfumato-shape.h"
#include "ui/widgets/sfumato-thumbnail.h"

#define ANNOUNCE_AFTER_S 5

struct _SfumatoJobView
{
  AdwBin              parent_instance;

  GtkStack           *stack;
  GtkWidget          *progress_box;
  SfumatoShape       *shape;
  GtkPicture         *preview;
  GtkWidget          *spinner;
  GtkLabel           *state_label;
  GtkLabel           *time_label;
  GtkProgressBar     *progress_bar;
  GtkWidget          *full_box;
  GtkWidget          *charge_note;
  SfumatoThumbnail   *thumbnail;
  SfumatoFailureView *failure;
  GtkLabel           *tile_label;

  SfumatoJob         *job;        /* owned, nullable */
  SfumatoGallery     *gallery;    /* owned, nullable */
  SfumatoQueue       *queue;      /* owned, nullable */
  GSignalGroup       *signals;    /* owned: of the job */
  GBytes             *previewed;  /* borrowed: of the preview that is shown, only to be compared */
  guint               clock;      /* source, or 0 */
  int                 quarter;    /* of the picture, as far as it is */
  gint64              announced;  /* when one was said */
  gboolean            compact;
};

G_DEFINE_FINAL_TYPE (SfumatoJobView, sfumato_job_view, ADW_TYPE_BIN)

enum
{
  PROP_0,
  PROP_JOB,
  PROP_GALLERY,
  PROP_QUEUE,
  PROP_COMPACT,
  N_PROPS,
};

static GParamSpec *properties[N_PROPS];

static char *
describe_waiting (SfumatoJobView *self)
{
  if (self->queue == NULL)
    return g_strdup ("");
  if (sfumato_queue_get_paused (self->queue))
    return g_strdup (_("The queue is paused."));
  return sfumato_job_dup_place_words (self->job, self->queue);
}

static void
update_time (SfumatoJobView *self)
{
  gint64 now = g_get_monotonic_time ();
  g_autofree char *words = sfumato_job_dup_time_words (self->job, now);

  if (*words == '\0' && sfumato_job_get_state (self->job) == SFUMATO_JOB_WAITING)
    {
      g_free (words);
      words = describe_waiting (self);
    }
  gtk_label_set_label (self->time_label, words);
  gtk_widget_set_visible (GTK_WIDGET (self->time_label), *words != '\0');
}

static gboolean
second_passed_cb (gpointer user_data)
{
  update_time (user_data);
  return G_SOURCE_CONTINUE;
}

/* The clock runs while there is something to see on it. */
static void
update_clock (SfumatoJobView *self)
{
  gboolean wanted = self->job != NULL && gtk_widget_get_mapped (GTK_WIDGET (self)) &&
                    (sfumato_job_get_state (self->job) == SFUMATO_JOB_RUNNING ||
                     sfumato_job_get_state (self->job) == SFUMATO_JOB_WAITING);

  if (wanted && self->clock == 0)
    self->clock = g_timeout_add_seconds (1, second_passed_cb, self);
  else if (!wanted)
    g_clear_handle_id (&self->clock, g_source_remove);
}

/* The picture takes its place while it forms; until there is something to see, the place itself is shown. */
static void
show_preview (SfumatoJobView *self,
              GdkTexture     *texture)
{
  gtk_picture_set_paintable (self->preview, GDK_PAINTABLE (texture));
  gtk_widget_set_visible (GTK_WIDGET (self->preview), texture != NULL);
  gtk_widget_set_opacity (GTK_WIDGET (self->shape), texture != NULL ? 0 : 1);
}

static void
update_preview (SfumatoJobView *self)
{
  gboolean running = sfumato_job_get_state (self->job) == SFUMATO_JOB_RUNNING;
  const SfumatoPreview *preview = &sfumato_job_get_progress (self->job)->preview;
  GBytes *rgb = running ? preview->rgb : NULL;
  g_autoptr (GdkTexture) texture = NULL;

  if (self->previewed == rgb)
    return;
  self->previewed = rgb;
  if (rgb != NULL)
    texture = gdk_memory_texture_new (preview->width, preview->height, GDK_MEMORY_R8G8B8, rgb, preview->width * 3);
  show_preview (self, texture);
}

static void
update_bar (SfumatoJobView *self,
            double          fraction)
{
  g_autofree char *steps = sfumato_job_dup_step_words (self->job);

  gtk_widget_set_visible (GTK_WIDGET (self->progress_bar), fraction >= 0);
  gtk_progress_bar_set_fraction (self->progress_bar, MAX (fraction, 0));
  if (steps != NULL)
    gtk_accessible_update_property (GTK_ACCESSIBLE (self->progress_bar), GTK_ACCESSIBLE_PROPERTY_VALUE_TEXT, steps, -1);
  else
    gtk_accessible_reset_property (GTK_ACCESSIBLE (self->progress_bar), GTK_ACCESSIBLE_PROPERTY_VALUE_TEXT);
}

/* Whoever does not see the bar hears of each quarter that takes its time. */
static void
announce_progress (SfumatoJobView *self,
                   double          fraction)
{
  int quarter = CLAMP (fraction, 0, 1) * 4;
  gint64 now = g_get_monotonic_time ();
  gint64 last = MAX (self->announced, sfumato_job_get_started (self->job));
  GtkRoot *root = gtk_widget_get_root (GTK_WIDGET (self));
  g_autofree char *steps = sfumato_job_dup_step_words (self->job);

  if (quarter == self->quarter)
    return;
  self->quarter = quarter;
  if (steps == NULL || quarter == 0 || quarter == 4 || now - last < ANNOUNCE_AFTER_S * G_USEC_PER_SEC ||
      !gtk_widget_get_mapped (GTK_WIDGET (self)))
    return;
  self->announced = now;
  sfumato_window_announce (SFUMATO_WINDOW (root), steps, FALSE);
}

static void
update_progress (SfumatoJobView *self)
{
  gboolean running = sfumato_job_get_state (self->job) == SFUMATO_JOB_RUNNING;
  double fraction = running ? sfumato_job_get_fraction (self->job) : -1;
  g_autofree char *words = sfumato_job_dup_state_words (self->job);

  gtk_label_set_label (self->state_label, words);
  update_bar (self, fraction);
  announce_progress (self, fraction);
  update_preview (self);
  gtk_widget_set_visible (self->spinner, running && self->previewed == NULL);
  gtk_widget_set_visible (self->charge_note, running && sfumato_job_get_price (self->job) > 0 &&
                                             sfumato_job_get_stage (self->job) != SFUMATO_STAGE_SENDING);
  update_time (self);
}

static void
show_failure (SfumatoJobView *self)
{
  const GError *error = sfumato_job_get_error (self->job);
  g_autofree char *words = sfumato_job_dup_state_words (self->job);

  gtk_label_set_label (self->tile_label, error != NULL ? sfumato_error_get_title (error) : words);
  sfumato_failure_view_show (self->failure, self->job);
  gtk_stack_set_visible_child_name (self->stack, self->compact ? "failed-tile" : "failed");
}

static void
update (SfumatoJobView *self)
{
  sfumato_job_actions_update (GTK_WIDGET (self));
  update_clock (self);
  sfumato_thumbnail_set_picture (self->thumbnail, self->job != NULL ? sfumato_job_get_picture (self->job) : NULL);
  if (self->job == NULL)
    return;
  switch (sfumato_job_get_state (self->job))
    {
    case SFUMATO_JOB_WAITING:
    case SFUMATO_JOB_RUNNING:
      update_progress (self);
      gtk_stack_set_visible_child_name (self->stack, "progress");
      break;
    case SFUMATO_JOB_DONE:
      if (sfumato_job_is_filtered (self->job) && !self->compact)
        show_failure (self);
      else
        gtk_stack_set_visible_child_name (self->stack, "picture");
      break;
    case SFUMATO_JOB_UNSAVED:
    case SFUMATO_JOB_FAILED:
    case SFUMATO_JOB_CANCELLED:
    case SFUMATO_JOB_UNKNOWN:
    default:
      show_failure (self);
    }
}

/* The place the picture will take: its shape, where that is known. */
static void
show_shape (SfumatoJobView *self)
{
  const SfumatoRequestFields *fields = sfumato_request_get_fields (sfumato_job_get_request (self->job));
  g_autofree char *ratio = NULL;

  if (fields->input != NULL)
    ratio = g_strdup_printf ("%u:%u", fields->input->width, fields->input->height);
  else
    ratio = g_strdup (fields->aspect_ratio);
  g_object_set (self->shape, "ratio", ratio, NULL);
}

static void
set_job (SfumatoJobView *self,
         SfumatoJob     *job)
{
  if (!g_set_object (&self->job, job))
    return;
  self->previewed = NULL;
  self->quarter = 0;
  show_preview (self, NULL);
  g_signal_group_set_target (self->signals, job);
  if (job != NULL)
    show_shape (self);
  update (self);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_JOB]);
}

static void
set_compact (SfumatoJobView *self,
             gboolean        compact)
{
  if (self->compact == compact)
    return;
  self->compact = compact;
  gtk_widget_set_visible (self->full_box, !compact);
  update (self);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_COMPACT]);
}

static void
sfumato_job_view_map (GtkWidget *widget)
{
  GTK_WIDGET_CLASS (sfumato_job_view_parent_class)->map (widget);

  update (SFUMATO_JOB_VIEW (widget));
}

static void
sfumato_job_view_unmap (GtkWidget *widget)
{
  SfumatoJobView *self = SFUMATO_JOB_VIEW (widget);

  g_clear_handle_id (&self->clock, g_source_remove);

  GTK_WIDGET_CLASS (sfumato_job_view_parent_class)->unmap (widget);
}

static void
sfumato_job_view_get_property (GObject    *object,
                               guint       id,
                               GValue     *value,
                               GParamSpec *pspec)
{
  SfumatoJobView *self = SFUMATO_JOB_VIEW (object);

  switch (id)
    {
    case PROP_JOB: g_value_set_object (value, self->job); break;
    case PROP_GALLERY: g_value_set_object (value, self->gallery); break;
    case PROP_QUEUE: g_value_set_object (value, self->queue); break;
    case PROP_COMPACT: g_value_set_boolean (value, self->compact); break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
sfumato_job_view_set_property (GObject      *object,
                               guint         id,
                               const GValue *value,
                               GParamSpec   *pspec)
{
  SfumatoJobView *self = SFUMATO_JOB_VIEW (object);

  switch (id)
    {
    case PROP_JOB: set_job (self, g_value_get_object (value)); break;
    case PROP_GALLERY:
      if (g_set_object (&self->gallery, g_value_get_object (value)))
        g_object_notify_by_pspec (object, pspec);
      break;
    case PROP_QUEUE:
      if (g_set_object (&self->queue, g_value_get_object (value)))
        g_object_notify_by_pspec (object, pspec);
      break;
    case PROP_COMPACT: set_compact (self, g_value_get_boolean (value)); break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
sfumato_job_view_dispose (GObject *object)
{
  SfumatoJobView *self = SFUMATO_JOB_VIEW (object);

  g_clear_handle_id (&self->clock, g_source_remove);
  g_clear_object (&self->signals);
  adw_bin_set_child (ADW_BIN (object), NULL);
  gtk_widget_dispose_template (GTK_WIDGET (self), SFUMATO_TYPE_JOB_VIEW);
  g_clear_object (&self->job);
  g_clear_object (&self->gallery);
  g_clear_object (&self->queue);

  G_OBJECT_CLASS (sfumato_job_view_parent_class)->dispose (object);
}

static void
bind_template (GtkWidgetClass *widget_class)
{
  gtk_widget_class_set_template_from_resource (widget_class, SFUMATO_RESOURCES "sfumato-job-view.ui");
  gtk_widget_class_bind_template_child (widget_class, SfumatoJobView, stack);
  gtk_widget_class_bind_template_child (widget_class, SfumatoJobView, progress_box);
  gtk_widget_class_bind_template_child (widget_class, SfumatoJobView, shape);
  gtk_widget_class_bind_template_child (widget_class, SfumatoJobView, preview);
  gtk_widget_class_bind_template_child (widget_class, SfumatoJobView, spinner);
  gtk_widget_class_bind_template_child (widget_class, SfumatoJobView, state_label);
  gtk_widget_class_bind_template_child (widget_class, SfumatoJobView, time_label);
  gtk_widget_class_bind_template_child (widget_class, SfumatoJobView, progress_bar);
  gtk_widget_class_bind_template_child (widget_class, SfumatoJobView, full_box);
  gtk_widget_class_bind_template_child (widget_class, SfumatoJobView, charge_note);
  gtk_widget_class_bind_template_child (widget_class, SfumatoJobView, thumbnail);
  gtk_widget_class_bind_template_child (widget_class, SfumatoJobView, failure);
  gtk_widget_class_bind_template_child (widget_class, SfumatoJobView, tile_label);
}

static void
sfumato_job_view_class_init (SfumatoJobViewClass *klass)
{
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->get_property = sfumato_job_view_get_property;
  object_class->set_property = sfumato_job_view_set_property;
  object_class->dispose = sfumato_job_view_dispose;
  widget_class->map = sfumato_job_view_map;
  widget_class->unmap = sfumato_job_view_unmap;

  properties[PROP_JOB] = g_param_spec_object ("job", NULL, NULL, SFUMATO_TYPE_JOB, flags);
  properties[PROP_GALLERY] = g_param_spec_object ("gallery", NULL, NULL, SFUMATO_TYPE_GALLERY, flags);
  properties[PROP_QUEUE] = g_param_spec_object ("queue", NULL, NULL, SFUMATO_TYPE_QUEUE, flags);
  properties[PROP_COMPACT] = g_param_spec_boolean ("compact", NULL, NULL, FALSE, flags);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  g_type_ensure (SFUMATO_TYPE_FAILURE_VIEW);
  g_type_ensure (SFUMATO_TYPE_SHAPE);
  g_type_ensure (SFUMATO_TYPE_THUMBNAIL);
  sfumato_job_actions_install (widget_class);
  bind_template (widget_class);
}

static void
sfumato_job_view_init (SfumatoJobView *self)
{
  self->signals = g_signal_group_new (SFUMATO_TYPE_JOB);
  g_signal_group_connect_swapped (self->signals, "notify", G_CALLBACK (update), self);
  gtk_widget_init_template (GTK_WIDGET (self));
}
