/* The gallery's grid.
 *
 *   sfumato_gallery_search() ──► GtkMultiSelection ──► GtkGridView
 *        (pages of the index)          │
 *                                      └──► GtkSelectionFilterModel: the chosen ones
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "ui/gallery/sfumato-gallery-grid.h"

#include "ui/gallery/sfumato-gallery-cell.h"
#include "ui/gallery/sfumato-picture-actions.h"
#include "ui/gallery/sfumato-picture-content.h"
#include "ui/widgets/sfumato-touch.h"

struct _SfumatoGalleryGrid
{
  AdwBin             parent_instance;

  GtkWidget         *grid;
  GtkMultiSelection *selection;

  SfumatoGallery    *gallery;    /* owned, nullable */
  GListModel        *chosen;     /* owned: the selected pictures */
  GtkWidget         *dragged;    /* borrowed, nullable: the cell a drag began on */
  gboolean           selecting;
};

G_DEFINE_FINAL_TYPE (SfumatoGalleryGrid, sfumato_gallery_grid, ADW_TYPE_BIN)

enum
{
  PROP_0,
  PROP_SELECTING,
  N_PROPS,
};

static GParamSpec *properties[N_PROPS];

enum
{
  SIGNAL_OPEN,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

/* ---- cells ----------------------------------------------------------------------------------------------- */


static void
cell_setup_cb (SfumatoGalleryGrid *self,
               GtkListItem        *item)
{
  SfumatoGalleryCell *cell = sfumato_gallery_cell_new (item);

  g_object_bind_property (self, "selecting", cell, "selecting", G_BINDING_SYNC_CREATE);
  gtk_list_item_set_child (item, GTK_WIDGET (cell));
}

static void
cell_bound_cb (SfumatoGalleryGrid *self,
               GtkListItem        *item)
{
  sfumato_gallery_cell_bind (SFUMATO_GALLERY_CELL (gtk_list_item_get_child (item)), self->gallery);
}

static void
cell_unbound_cb (SfumatoGalleryGrid *self,
                 GtkListItem        *item)
{
  sfumato_gallery_cell_unbind (SFUMATO_GALLERY_CELL (gtk_list_item_get_child (item)));
}

static void
activated_cb (SfumatoGalleryGrid *self,
              guint               position)
{
  g_signal_emit (self, signals[SIGNAL_OPEN], 0, position);
}

/* The cell at a place in the grid, or the one around or inside a widget. */
static SfumatoGalleryCell *
cell_of (GtkWidget *widget)
{
  GtkWidget *cell = widget ? gtk_widget_get_ancestor (widget, SFUMATO_TYPE_GALLERY_CELL) : NULL;

  if (!cell && widget)
    cell = gtk_widget_get_first_child (widget);
  return SFUMATO_IS_GALLERY_CELL (cell) ? SFUMATO_GALLERY_CELL (cell) : NULL;
}

static SfumatoGalleryCell *
pick_cell (SfumatoGalleryGrid *self,
           double              x,
           double              y)
{
  return cell_of (gtk_widget_pick (self->grid, x, y, GTK_PICK_DEFAULT));
}

static void
toggle (SfumatoGalleryGrid *self,
        guint               position)
{
  GtkSelectionModel *selection = GTK_SELECTION_MODEL (self->selection);

  if (gtk_selection_model_is_selected (selection, position))
    gtk_selection_model_unselect_item (selection, position);
  else
    gtk_selection_model_select_item (selection, position, FALSE);
}

static void
clicked_cb (SfumatoGalleryGrid *self,
            int                 n_press,
            double              x,
            double              y,
            GtkGesture         *gesture)
{
  SfumatoGalleryCell *cell = pick_cell (self, x, y);

  if (!cell)
    return;
  if (self->selecting)
    {
      /* Before the grid selects this one alone. */
      gtk_gesture_set_state (gesture, GTK_EVENT_SEQUENCE_CLAIMED);
      toggle (self, sfumato_gallery_cell_get_position (cell));
    }
  else if (sfumato_is_touch (gesture))
    g_signal_emit (self, signals[SIGNAL_OPEN], 0, sfumato_gallery_cell_get_position (cell));
}

/* ---- the menu -------------------------------------------------------------------------------------------- */

static void
popup (SfumatoGalleryGrid *self,
       SfumatoGalleryCell *cell,
       double              x,
       double              y)
{
  GtkSelectionModel *selection = GTK_SELECTION_MODEL (self->selection);
  guint position = cell ? sfumato_gallery_cell_get_position (cell) : GTK_INVALID_LIST_POSITION;

  if (position == GTK_INVALID_LIST_POSITION)
    return;
  if (!gtk_selection_model_is_selected (selection, position))
    gtk_selection_model_select_item (selection, position, !self->selecting);
  sfumato_picture_actions_popup (self->grid, x, y);
}

static void
menu_clicked_cb (SfumatoGalleryGrid *self,
                 int                 n_press,
                 double              x,
                 double              y,
                 GtkGesture         *gesture)
{
  gtk_gesture_set_state (gesture, GTK_EVENT_SEQUENCE_CLAIMED);
  popup (self, pick_cell (self, x, y), x, y);
}

static void
long_pressed_cb (SfumatoGalleryGrid *self,
                 double              x,
                 double              y,
                 GtkGesture         *gesture)
{
  gtk_gesture_set_state (gesture, GTK_EVENT_SEQUENCE_CLAIMED);
  popup (self, pick_cell (self, x, y), x, y);
}

static void
menu_at_focus (GtkWidget  *widget,
               const char *name,
               GVariant   *target)
{
  SfumatoGalleryGrid *self = SFUMATO_GALLERY_GRID (widget);
  SfumatoGalleryCell *cell = cell_of (gtk_root_get_focus (gtk_widget_get_root (widget)));
  graphene_rect_t bounds;

  if (cell && gtk_widget_compute_bounds (GTK_WIDGET (cell), self->grid, &bounds))
    popup (self, cell, bounds.origin.x + bounds.size.width / 2, bounds.origin.y + bounds.size.height / 2);
}

/* ---- dragging out ---------------------------------------------------------------------------------------- */

static GdkContentProvider *
drag_prepared_cb (SfumatoGalleryGrid *self,
                  double              x,
                  double              y,
                  GtkDragSource      *source)
{
  SfumatoGalleryCell *cell = pick_cell (self, x, y);
  g_autoptr (GListStore) single = NULL;
  g_autoptr (SfumatoPicture) picture = NULL;
  guint position = cell ? sfumato_gallery_cell_get_position (cell) : GTK_INVALID_LIST_POSITION;

  /* A finger scrolls. */
  if (position == GTK_INVALID_LIST_POSITION || sfumato_is_touch (source))
    return NULL;
  self->dragged = GTK_WIDGET (cell);
  if (gtk_selection_model_is_selected (GTK_SELECTION_MODEL (self->selection), position))
    return sfumato_picture_content_new (self->gallery, self->chosen);
  single = g_list_store_new (SFUMATO_TYPE_PICTURE);
  picture = g_list_model_get_item (G_LIST_MODEL (self->selection), position);
  g_list_store_append (single, picture);
  return sfumato_picture_content_new (self->gallery, G_LIST_MODEL (single));
}

static void
drag_begun_cb (SfumatoGalleryGrid *self,
               GdkDrag            *drag,
               GtkDragSource      *source)
{
  g_autoptr (GdkPaintable) live = gtk_widget_paintable_new (self->dragged);
  g_autoptr (GdkPaintable) icon = gdk_paintable_get_current_image (live);

  gtk_drag_source_set_icon (source, icon, gtk_widget_get_width (self->dragged) / 2,
                            gtk_widget_get_height (self->dragged) / 2);
  self->dragged = NULL;
}

/* ---- overrides ------------------------------------------------------------------------------------------- */

static gboolean
sfumato_gallery_grid_grab_focus (GtkWidget *widget)
{
  return gtk_widget_grab_focus (SFUMATO_GALLERY_GRID (widget)->grid);
}

static void
sfumato_gallery_grid_get_property (GObject    *object,
                                   guint       id,
                                   GValue     *value,
                                   GParamSpec *pspec)
{
  if (id == PROP_SELECTING)
    g_value_set_boolean (value, SFUMATO_GALLERY_GRID (object)->selecting);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
sfumato_gallery_grid_set_property (GObject      *object,
                                   guint         id,
                                   const GValue *value,
                                   GParamSpec   *pspec)
{
  if (id == PROP_SELECTING)
    SFUMATO_GALLERY_GRID (object)->selecting = g_value_get_boolean (value);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
sfumato_gallery_grid_dispose (GObject *object)
{
  SfumatoGalleryGrid *self = SFUMATO_GALLERY_GRID (object);

  gtk_widget_dispose_template (GTK_WIDGET (self), SFUMATO_TYPE_GALLERY_GRID);
  g_clear_object (&self->chosen);
  g_clear_object (&self->gallery);

  G_OBJECT_CLASS (sfumato_gallery_grid_parent_class)->dispose (object);
}

static void
sfumato_gallery_grid_class_init (SfumatoGalleryGridClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->dispose = sfumato_gallery_grid_dispose;
  object_class->get_property = sfumato_gallery_grid_get_property;
  object_class->set_property = sfumato_gallery_grid_set_property;
  widget_class->grab_focus = sfumato_gallery_grid_grab_focus;

  properties[PROP_SELECTING] =
    g_param_spec_boolean ("selecting", NULL, NULL, FALSE, G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);
  signals[SIGNAL_OPEN] = g_signal_new ("open", SFUMATO_TYPE_GALLERY_GRID, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                       G_TYPE_NONE, 1, G_TYPE_UINT);

  gtk_widget_class_set_template_from_resource (widget_class, SFUMATO_RESOURCES "sfumato-gallery-grid.ui");
  gtk_widget_class_bind_template_child (widget_class, SfumatoGalleryGrid, grid);
  gtk_widget_class_bind_template_child (widget_class, SfumatoGalleryGrid, selection);
  gtk_widget_class_bind_template_callback (widget_class, cell_setup_cb);
  gtk_widget_class_bind_template_callback (widget_class, cell_bound_cb);
  gtk_widget_class_bind_template_callback (widget_class, cell_unbound_cb);
  gtk_widget_class_bind_template_callback (widget_class, activated_cb);
  gtk_widget_class_bind_template_callback (widget_class, clicked_cb);
  gtk_widget_class_bind_template_callback (widget_class, menu_clicked_cb);
  gtk_widget_class_bind_template_callback (widget_class, long_pressed_cb);
  gtk_widget_class_bind_template_callback (widget_class, drag_prepared_cb);
  gtk_widget_class_bind_template_callback (widget_class, drag_begun_cb);
  gtk_widget_class_install_action (widget_class, "grid.menu", NULL, menu_at_focus);
}

static void
sfumato_gallery_grid_init (SfumatoGalleryGrid *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));

  self->chosen = G_LIST_MODEL (gtk_selection_filter_model_new (GTK_SELECTION_MODEL (self->selection)));
  sfumato_picture_actions_add_shortcuts (self->grid);
}

void
sfumato_gallery_grid_show (SfumatoGalleryGrid *self,
                           SfumatoGallery     *gallery,
                           GListModel         *pictures)
{
  g_return_if_fail (SFUMATO_IS_GALLERY_GRID (self));

  g_set_object (&self->gallery, gallery);
  /* Emptied first: otherwise GTK reads every picture of the new model to find those of the old one again. */
  gtk_multi_selection_set_model (self->selection, NULL);
  gtk_multi_selection_set_model (self->selection, pictures);
  if (g_list_model_get_n_items (pictures) > 0)
    gtk_grid_view_scroll_to (GTK_GRID_VIEW (self->grid), 0, GTK_LIST_SCROLL_NONE, NULL);
}

GtkSelectionModel *
sfumato_gallery_grid_get_selection (SfumatoGalleryGrid *self)
{
  g_return_val_if_fail (SFUMATO_IS_GALLERY_GRID (self), NULL);

  return GTK_SELECTION_MODEL (self->selection);
}

GListModel *
sfumato_gallery_grid_get_chosen (SfumatoGalleryGrid *self)
{
  g_return_val_if_fail (SFUMATO_IS_GALLERY_GRID (self), NULL);

  return self->chosen;
}

void
sfumato_gallery_grid_follow (SfumatoGalleryGrid *self)
{
  g_autoptr (GtkBitset) selected = NULL;

  g_return_if_fail (SFUMATO_IS_GALLERY_GRID (self));

  selected = gtk_selection_model_get_selection (GTK_SELECTION_MODEL (self->selection));
  if (gtk_bitset_get_size (selected) == 1)
    gtk_grid_view_scroll_to (GTK_GRID_VIEW (self->grid), gtk_bitset_get_minimum (selected),
                             GTK_LIST_SCROLL_FOCUS, NULL);
}
