/* The pictures of one press of Generate side by side.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "ui/create/sfumato-tiles.h"

#include "ui/queue/sfumato-job-view.h"

/* Pixels: below this the tiles scroll. */
#define TILE_HEIGHT_MIN 140

struct _SfumatoTiles
{
  AdwBin         parent_instance;

  GtkWidget     *scroller;
  GtkFlowBox    *flow;

  SfumatoStudio *studio;    /* owned */
  GListModel    *jobs;      /* owned */
  guint          rearrange; /* source, or 0 */
};

G_DEFINE_FINAL_TYPE (SfumatoTiles, sfumato_tiles, ADW_TYPE_BIN)

enum
{
  SELECTION_CHANGED,
  ACTIVATED,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

/* ---- how many are side by side ---- */

/* The ratio of the shown pictures, width to height; those of one batch share it. */
static double
get_ratio (SfumatoTiles *self)
{
  g_autoptr (SfumatoJob) job = g_list_model_get_item (self->jobs, 0);
  const SfumatoRequestFields *fields = sfumato_request_get_fields (sfumato_job_get_request (job));
  const SfumatoAspect *aspect = sfumato_aspect_find (fields->aspect_ratio);

  if (fields->input != NULL && fields->input->height > 0)
    return (double) fields->input->width / fields->input->height;
  return aspect != NULL ? (double) aspect->width / aspect->height : 1;
}

/* As many as make the tiles largest; the more the less there is to scroll. */
static guint
choose_columns (SfumatoTiles *self)
{
  const int width = gtk_widget_get_width (self->scroller);
  const int height = gtk_widget_get_height (self->scroller);
  guint n = g_list_model_get_n_items (self->jobs);
  double ratio = get_ratio (self);
  double largest = 0;
  guint best = 1;

  for (guint columns = 1; columns <= n; columns++)
    {
      guint rows = (n + columns - 1) / columns;
      double side = MIN ((double) width / columns, MAX ((double) height / rows, TILE_HEIGHT_MIN) * ratio);

      if (side < largest)
        continue;
      largest = side;
      best = columns;
    }
  return best;
}

static gboolean
rearrange_cb (gpointer user_data)
{
  SfumatoTiles *self = user_data;
  guint columns = g_list_model_get_n_items (self->jobs) > 1 ? choose_columns (self) : 1;

  self->rearrange = 0;
  gtk_flow_box_set_max_children_per_line (self->flow, columns);
  return G_SOURCE_REMOVE;
}

/* Later: not while sizes are being given out. */
static void
room_changed_cb (SfumatoTiles *self)
{
  if (self->jobs != NULL && g_list_model_get_n_items (self->jobs) > 1 && self->rearrange == 0)
    self->rearrange = g_idle_add (rearrange_cb, self);
}

/* ---- the tiles ---- */

static GtkWidget *
create_tile_cb (gpointer item,
                gpointer user_data)
{
  SfumatoTiles *self = user_data;

  return g_object_new (SFUMATO_TYPE_JOB_VIEW, "job", item, "gallery", sfumato_studio_get_gallery (self->studio),
                       "queue", sfumato_studio_get_queue (self->studio), "compact", TRUE,
                       "height-request", TILE_HEIGHT_MIN, NULL);
}

static gboolean
has_failed (SfumatoJob *job)
{
  SfumatoJobState state = sfumato_job_get_state (job);

  return state != SFUMATO_JOB_WAITING && state != SFUMATO_JOB_RUNNING && sfumato_job_get_picture (job) == NULL;
}

static void
select_tile (SfumatoTiles *self,
             guint         at)
{
  gtk_flow_box_select_child (self->flow, gtk_flow_box_get_child_at_index (self->flow, at));
}

static void
selection_changed_cb (SfumatoTiles *self)
{
  g_signal_emit (self, signals[SELECTION_CHANGED], 0);
}

static void
activated_cb (SfumatoTiles *self)
{
  g_signal_emit (self, signals[ACTIVATED], 0);
}

static void
sfumato_tiles_dispose (GObject *object)
{
  SfumatoTiles *self = SFUMATO_TILES (object);

  g_clear_handle_id (&self->rearrange, g_source_remove);
  adw_bin_set_child (ADW_BIN (object), NULL);
  gtk_widget_dispose_template (GTK_WIDGET (self), SFUMATO_TYPE_TILES);
  g_clear_object (&self->jobs);
  g_clear_object (&self->studio);

  G_OBJECT_CLASS (sfumato_tiles_parent_class)->dispose (object);
}

static void
sfumato_tiles_class_init (SfumatoTilesClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = sfumato_tiles_dispose;

  signals[SELECTION_CHANGED] = g_signal_new ("selection-changed", SFUMATO_TYPE_TILES, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                             NULL, G_TYPE_NONE, 0);
  signals[ACTIVATED] = g_signal_new ("activated", SFUMATO_TYPE_TILES, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                     G_TYPE_NONE, 0);

  gtk_widget_class_set_template_from_resource (widget_class, SFUMATO_RESOURCES "sfumato-tiles.ui");
  gtk_widget_class_bind_template_child (widget_class, SfumatoTiles, scroller);
  gtk_widget_class_bind_template_child (widget_class, SfumatoTiles, flow);
  gtk_widget_class_bind_template_callback (widget_class, room_changed_cb);
  gtk_widget_class_bind_template_callback (widget_class, selection_changed_cb);
  gtk_widget_class_bind_template_callback (widget_class, activated_cb);
}

static void
sfumato_tiles_init (SfumatoTiles *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

void
sfumato_tiles_bind (SfumatoTiles  *self,
                    SfumatoStudio *studio,
                    GListModel    *jobs)
{
  g_return_if_fail (SFUMATO_IS_TILES (self));
  g_return_if_fail (self->jobs == NULL);

  self->studio = g_object_ref (studio);
  self->jobs = g_object_ref (jobs);
  gtk_flow_box_bind_model (self->flow, jobs, create_tile_cb, self, NULL);
  g_signal_connect_object (jobs, "items-changed", G_CALLBACK (room_changed_cb), self, G_CONNECT_SWAPPED);
}

SfumatoJob *
sfumato_tiles_get_selected (SfumatoTiles *self)
{
  g_autoptr (SfumatoJob) job = NULL;
  GList *selected;

  g_return_val_if_fail (SFUMATO_IS_TILES (self), NULL);

  selected = gtk_flow_box_get_selected_children (self->flow);
  if (selected != NULL)
    job = g_list_model_get_item (self->jobs, gtk_flow_box_child_get_index (selected->data));
  g_list_free (selected);
  return job; /* the model keeps it */
}

void
sfumato_tiles_select_first (SfumatoTiles *self)
{
  gboolean all_failed = TRUE;

  g_return_if_fail (SFUMATO_IS_TILES (self));

  if (sfumato_tiles_get_selected (self) != NULL)
    return;
  for (guint i = 0; i < g_list_model_get_n_items (self->jobs); i++)
    {
      g_autoptr (SfumatoJob) job = g_list_model_get_item (self->jobs, i);

      all_failed = all_failed && has_failed (job);
      if (sfumato_job_get_picture (job) == NULL)
        continue;
      select_tile (self, i);
      return;
    }
  if (all_failed)
    select_tile (self, 0);
}
