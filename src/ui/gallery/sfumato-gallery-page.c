/* The gallery: what is searched for, what is found, and the bar of selection mode.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "ui/gallery/sfumato-gallery-page.h"

#include <glib/gi18n-lib.h>

#include "ui/gallery/sfumato-gallery-blank.h"
#include "ui/gallery/sfumato-gallery-grid.h"
#include "ui/gallery/sfumato-picture-actions.h"

/* A screen reader is told how many are selected, or found, when the person pauses. */
#define ANNOUNCE_AFTER_MS 500

struct _SfumatoGalleryPage
{
  AdwBin               parent_instance;

  GtkWidget           *toolbar;
  GtkWidget           *search_entry;
  GtkWidget           *select_button;
  GtkStack            *stack;
  SfumatoGalleryGrid  *grid;
  SfumatoGalleryBlank *blank;
  GtkLabel            *selection_label;

  SfumatoStudio       *studio;            /* owned */
  SfumatoGallery      *gallery;           /* owned, nullable */
  GSignalGroup        *follow_gallery;    /* owned */
  GtkSelectionModel   *selection;         /* owned: what is found, and selected */
  GListModel          *chosen;            /* owned: the selected ones, which the actions are about */
  guint                announce_source;
  guint                follow_source;
  gboolean             favorites_only;
  gboolean             selecting;
  gboolean             opened;            /* a picture was opened from here: follow where the viewer went */
};

static void picture_holder_iface_init (SfumatoPictureHolderInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (SfumatoGalleryPage, sfumato_gallery_page, ADW_TYPE_BIN,
  G_IMPLEMENT_INTERFACE (SFUMATO_TYPE_PICTURE_HOLDER, picture_holder_iface_init))

enum
{
  PROP_0,
  PROP_STUDIO,
  PROP_FAVORITES_ONLY,
  PROP_SELECTING,
  N_PROPS,
};

static GParamSpec *properties[N_PROPS];

/* ---- what is shown --------------------------------------------------------------------------------------- */

static const char *
get_text (SfumatoGalleryPage *self)
{
  return gtk_editable_get_text (GTK_EDITABLE (self->search_entry));
}

static gboolean
is_filtered (SfumatoGalleryPage *self)
{
  return self->favorites_only || *get_text (self) != '\0';
}

static void
set_selecting (SfumatoGalleryPage *self,
               gboolean            selecting)
{
  if (self->selecting == selecting)
    return;
  self->selecting = selecting;
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "gallery.stop-selecting", selecting);
  if (!selecting)
    gtk_selection_model_unselect_all (self->selection);
  else
    gtk_widget_grab_focus (GTK_WIDGET (self->grid));
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_SELECTING]);
}

static void
update_view (SfumatoGalleryPage *self)
{
  gboolean found;

  if (!self->gallery)
    return;
  found = sfumato_gallery_is_available (self->gallery) &&
          g_list_model_get_n_items (G_LIST_MODEL (self->selection)) > 0;
  if (!found)
    {
      sfumato_gallery_blank_explain (self->blank, self->gallery, get_text (self), self->favorites_only);
      set_selecting (self, FALSE);
    }
  gtk_widget_set_sensitive (self->select_button, found);
  gtk_stack_set_visible_child_name (self->stack, found ? "grid" : "blank");
  gtk_widget_set_visible (self->toolbar, found || is_filtered (self));
}

static void
search (SfumatoGalleryPage *self)
{
  g_autoptr (GListModel) found = NULL;

  if (!self->gallery)
    return;
  found = sfumato_gallery_search (self->gallery, get_text (self), self->favorites_only);
  sfumato_gallery_grid_show (self->grid, self->gallery, found);
  update_view (self);
}

static guint
count_selected (SfumatoGalleryPage *self)
{
  return g_list_model_get_n_items (self->chosen);
}

/* ---- announcements --------------------------------------------------------------------------------------- */

static void
announce_cb (gpointer user_data)
{
  SfumatoGalleryPage *self = user_data;
  GtkRoot *root = gtk_widget_get_root (GTK_WIDGET (self));
  guint selected = count_selected (self);
  guint shown = g_list_model_get_n_items (G_LIST_MODEL (self->selection));
  g_autofree char *text = NULL;

  self->announce_source = 0;
  if (self->selecting || selected > 0)
    text = g_strdup_printf (ngettext ("%u picture selected", "%u pictures selected", selected), selected);
  else
    text = g_strdup_printf (ngettext ("%u picture found", "%u pictures found", shown), shown);
  if (SFUMATO_IS_WINDOW (root))
    sfumato_window_announce (SFUMATO_WINDOW (root), text, FALSE);
}

static void
announce_soon (SfumatoGalleryPage *self)
{
  g_clear_handle_id (&self->announce_source, g_source_remove);
  if (gtk_widget_get_mapped (GTK_WIDGET (self)))
    self->announce_source = g_timeout_add_once (ANNOUNCE_AFTER_MS, announce_cb, self);
}

/* ---- searching ------------------------------------------------------------------------------------------- */

static void
search_changed_cb (SfumatoGalleryPage *self)
{
  search (self);
  announce_soon (self);
}

/* Typing searches. GtkSearchEntry's own key capture would take Ctrl+V and Shift+F10 too. */
static gboolean
key_pressed_cb (SfumatoGalleryPage *self,
                guint               key,
                guint               code,
                GdkModifierType     state,
                GtkEventController *controller)
{
  GtkEditable *text = gtk_editable_get_delegate (GTK_EDITABLE (self->search_entry));

  if ((state & (GDK_CONTROL_MASK | GDK_ALT_MASK | GDK_SUPER_MASK | GDK_META_MASK)) ||
      !g_unichar_isgraph (gdk_keyval_to_unicode (key)))
    return GDK_EVENT_PROPAGATE;
  gtk_text_grab_focus_without_selecting (GTK_TEXT (text));
  return gtk_event_controller_key_forward (GTK_EVENT_CONTROLLER_KEY (controller), GTK_WIDGET (text));
}

static void
search_stopped_cb (SfumatoGalleryPage *self)
{
  gtk_editable_set_text (GTK_EDITABLE (self->search_entry), "");
  gtk_widget_grab_focus (GTK_WIDGET (self->grid));
}

static void
set_favorites_only (SfumatoGalleryPage *self,
                    gboolean            favorites_only)
{
  if (self->favorites_only == favorites_only)
    return;
  self->favorites_only = favorites_only;
  search (self);
  announce_soon (self);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_FAVORITES_ONLY]);
}

/* ---- selecting ------------------------------------------------------------------------------------------- */

static void
update_selection (SfumatoGalleryPage *self)
{
  guint selected = count_selected (self);
  g_autofree char *text = g_strdup_printf (ngettext ("%u selected", "%u selected", selected), selected);

  gtk_label_set_label (self->selection_label, text);
  sfumato_picture_actions_update (SFUMATO_PICTURE_HOLDER (self));
}

/* The model of the selected ones tells this: at the selection's own signal it is not up to date yet. */
static void
chosen_changed_cb (SfumatoGalleryPage *self)
{
  update_selection (self);
  if (self->selecting || count_selected (self) > 1)
    announce_soon (self);
}

static void
open_cb (SfumatoGalleryPage *self,
         guint               position)
{
  self->opened = TRUE;
  sfumato_window_open_picture (SFUMATO_WINDOW (gtk_widget_get_root (GTK_WIDGET (self))),
                               G_LIST_MODEL (self->selection), position);
}

/* ---- actions --------------------------------------------------------------------------------------------- */

static void
show_all (GtkWidget  *widget,
          const char *name,
          GVariant   *target)
{
  SfumatoGalleryPage *self = SFUMATO_GALLERY_PAGE (widget);

  gtk_editable_set_text (GTK_EDITABLE (self->search_entry), "");
  set_favorites_only (self, FALSE);
  gtk_widget_grab_focus (self->search_entry);
}

static void
select_all (GtkWidget  *widget,
            const char *name,
            GVariant   *target)
{
  gtk_selection_model_select_all (SFUMATO_GALLERY_PAGE (widget)->selection);
}

static void
stop_selecting (GtkWidget  *widget,
                const char *name,
                GVariant   *target)
{
  set_selecting (SFUMATO_GALLERY_PAGE (widget), FALSE);
}

static GListModel *
holder_get_pictures (SfumatoPictureHolder *holder)
{
  return SFUMATO_GALLERY_PAGE (holder)->chosen;
}

static void
holder_open (SfumatoPictureHolder *holder)
{
  SfumatoGalleryPage *self = SFUMATO_GALLERY_PAGE (holder);
  g_autoptr (GtkBitset) selected = gtk_selection_model_get_selection (self->selection);

  open_cb (self, gtk_bitset_get_minimum (selected));
}

static void
picture_holder_iface_init (SfumatoPictureHolderInterface *iface)
{
  iface->get_pictures = holder_get_pictures;
  iface->open = holder_open;
}

/* ---- the studio ------------------------------------------------------------------------------------------ */

static void
take_gallery (SfumatoGalleryPage *self)
{
  g_set_object (&self->gallery, sfumato_studio_get_gallery (self->studio));
  g_signal_group_set_target (self->follow_gallery, self->gallery);
  search (self);
}

static void
set_studio (SfumatoGalleryPage *self,
            SfumatoStudio      *studio)
{
  if (!g_set_object (&self->studio, studio) || !studio)
    return;
  g_signal_connect_object (studio, "notify::gallery", G_CALLBACK (take_gallery), self, G_CONNECT_SWAPPED);
  take_gallery (self);
}

/* ---- overrides ------------------------------------------------------------------------------------------- */

static void
follow_viewer_cb (gpointer user_data)
{
  SfumatoGalleryPage *self = user_data;

  self->follow_source = 0;
  if (gtk_widget_get_mapped (GTK_WIDGET (self->grid)))
    sfumato_gallery_grid_follow (self->grid);
  else
    gtk_widget_grab_focus (GTK_WIDGET (self)); /* the last picture was deleted */
}

/* Back from the viewer: to the picture it went to, once the navigation view has put the keyboard where it was. */
static void
sfumato_gallery_page_map (GtkWidget *widget)
{
  SfumatoGalleryPage *self = SFUMATO_GALLERY_PAGE (widget);

  GTK_WIDGET_CLASS (sfumato_gallery_page_parent_class)->map (widget);

  if (self->opened && self->follow_source == 0)
    self->follow_source = g_idle_add_once (follow_viewer_cb, self);
  self->opened = FALSE;
}

static gboolean
sfumato_gallery_page_grab_focus (GtkWidget *widget)
{
  SfumatoGalleryPage *self = SFUMATO_GALLERY_PAGE (widget);

  if (gtk_widget_get_mapped (GTK_WIDGET (self->grid)) && gtk_widget_grab_focus (GTK_WIDGET (self->grid)))
    return TRUE;
  /* Not the stack, which would lead back to where the keyboard was before. */
  return gtk_widget_child_focus (gtk_stack_get_visible_child (self->stack), GTK_DIR_TAB_FORWARD);
}

static void
sfumato_gallery_page_get_property (GObject    *object,
                                   guint       id,
                                   GValue     *value,
                                   GParamSpec *pspec)
{
  SfumatoGalleryPage *self = SFUMATO_GALLERY_PAGE (object);

  switch (id)
    {
    case PROP_STUDIO:
      g_value_set_object (value, self->studio);
      break;
    case PROP_FAVORITES_ONLY:
      g_value_set_boolean (value, self->favorites_only);
      break;
    case PROP_SELECTING:
      g_value_set_boolean (value, self->selecting);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
sfumato_gallery_page_set_property (GObject      *object,
                                   guint         id,
                                   const GValue *value,
                                   GParamSpec   *pspec)
{
  SfumatoGalleryPage *self = SFUMATO_GALLERY_PAGE (object);

  switch (id)
    {
    case PROP_STUDIO:
      set_studio (self, g_value_get_object (value));
      break;
    case PROP_FAVORITES_ONLY:
      set_favorites_only (self, g_value_get_boolean (value));
      break;
    case PROP_SELECTING:
      set_selecting (self, g_value_get_boolean (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
sfumato_gallery_page_dispose (GObject *object)
{
  SfumatoGalleryPage *self = SFUMATO_GALLERY_PAGE (object);

  g_clear_handle_id (&self->announce_source, g_source_remove);
  g_clear_handle_id (&self->follow_source, g_source_remove);
  g_clear_object (&self->follow_gallery);
  gtk_widget_dispose_template (GTK_WIDGET (self), SFUMATO_TYPE_GALLERY_PAGE);
  g_clear_object (&self->selection);
  g_clear_object (&self->chosen);
  g_clear_object (&self->gallery);
  g_clear_object (&self->studio);

  G_OBJECT_CLASS (sfumato_gallery_page_parent_class)->dispose (object);
}

static void
bind_template (GtkWidgetClass *widget_class)
{
  gtk_widget_class_set_template_from_resource (widget_class, SFUMATO_RESOURCES "sfumato-gallery-page.ui");
  gtk_widget_class_bind_template_child (widget_class, SfumatoGalleryPage, toolbar);
  gtk_widget_class_bind_template_child (widget_class, SfumatoGalleryPage, search_entry);
  gtk_widget_class_bind_template_child (widget_class, SfumatoGalleryPage, select_button);
  gtk_widget_class_bind_template_child (widget_class, SfumatoGalleryPage, stack);
  gtk_widget_class_bind_template_child (widget_class, SfumatoGalleryPage, grid);
  gtk_widget_class_bind_template_child (widget_class, SfumatoGalleryPage, blank);
  gtk_widget_class_bind_template_child (widget_class, SfumatoGalleryPage, selection_label);
  gtk_widget_class_bind_template_callback (widget_class, search_changed_cb);
  gtk_widget_class_bind_template_callback (widget_class, search_stopped_cb);
  gtk_widget_class_bind_template_callback (widget_class, key_pressed_cb);
  gtk_widget_class_bind_template_callback (widget_class, open_cb);
}

static void
sfumato_gallery_page_class_init (SfumatoGalleryPageClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->dispose = sfumato_gallery_page_dispose;
  object_class->get_property = sfumato_gallery_page_get_property;
  object_class->set_property = sfumato_gallery_page_set_property;
  widget_class->map = sfumato_gallery_page_map;
  widget_class->grab_focus = sfumato_gallery_page_grab_focus;

  properties[PROP_STUDIO] =
    g_param_spec_object ("studio", NULL, NULL, SFUMATO_TYPE_STUDIO, G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS);
  properties[PROP_FAVORITES_ONLY] =
    g_param_spec_boolean ("favorites-only", NULL, NULL, FALSE,
                          G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY);
  properties[PROP_SELECTING] =
    g_param_spec_boolean ("selecting", NULL, NULL, FALSE,
                          G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  g_type_ensure (SFUMATO_TYPE_GALLERY_BLANK);
  g_type_ensure (SFUMATO_TYPE_GALLERY_GRID);
  bind_template (widget_class);
  sfumato_picture_actions_install (widget_class);
  gtk_widget_class_install_action (widget_class, "gallery.show-all", NULL, show_all);
  gtk_widget_class_install_action (widget_class, "gallery.select-all", NULL, select_all);
  gtk_widget_class_install_action (widget_class, "gallery.stop-selecting", NULL, stop_selecting);
}

static void
sfumato_gallery_page_init (SfumatoGalleryPage *self)
{
  self->follow_gallery = g_signal_group_new (SFUMATO_TYPE_GALLERY);
  g_signal_group_connect_swapped (self->follow_gallery, "changed", G_CALLBACK (update_view), self);

  gtk_widget_init_template (GTK_WIDGET (self));

  self->selection = g_object_ref (sfumato_gallery_grid_get_selection (self->grid));
  self->chosen = g_object_ref (sfumato_gallery_grid_get_chosen (self->grid));
  g_signal_connect_object (self->selection, "items-changed", G_CALLBACK (update_view), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->chosen, "items-changed", G_CALLBACK (chosen_changed_cb), self, G_CONNECT_SWAPPED);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "gallery.stop-selecting", FALSE);
  update_selection (self);
}

void
sfumato_gallery_page_start_search (SfumatoGalleryPage *self)
{
  g_return_if_fail (SFUMATO_IS_GALLERY_PAGE (self));

  /* Where there is nothing to search, the entry is not there either. */
  gtk_widget_grab_focus (gtk_widget_get_mapped (self->search_entry) ? self->search_entry : GTK_WIDGET (self));
}
