/* One picture, large.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "ui/sfumato-image-page.h"

#include <glib/gi18n-lib.h>
#include <math.h>

#include "ui/sfumato-details.h"
#include "ui/sfumato-picture-actions.h"
#include "ui/sfumato-picture-content.h"
#include "ui/sfumato-picture-view.h"
#include "ui/sfumato-preloader.h"
#include "ui/sfumato-texture.h"

/* A spinner that only flashes is worse than none. */
#define SPINNER_AFTER_MS 300
#define TITLE_CHARS_MAX  80
/* How far around its old place a picture is looked for after the model has changed. */
#define LOOK_AROUND      20

struct _SfumatoImagePage
{
  AdwNavigationPage   parent_instance;

  AdwWindowTitle     *window_title;
  SfumatoDetails     *details;
  AdwOverlaySplitView *split;
  GtkStack           *stack;
  SfumatoPictureView *view;
  AdwStatusPage      *hidden_status;
  AdwStatusPage      *missing_status;
  AdwStatusPage      *broken_status;
  GtkToggleButton    *favorite_button;

  SfumatoStudio      *studio;          /* owned */
  GListModel         *pictures;        /* owned */
  guint               position;        /* in pictures */
  SfumatoPicture     *picture;         /* owned, nullable: the one at position */
  GListStore         *current;         /* owned: just that one, for the actions */
  GSignalGroup       *follow_picture;  /* owned */
  SfumatoPreloader   *preloader;       /* owned */
  guint               spinner_source;
  gboolean            revealed;        /* the person wants to see this filtered picture */
};

static void picture_holder_iface_init (SfumatoPictureHolderInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (SfumatoImagePage, sfumato_image_page, ADW_TYPE_NAVIGATION_PAGE,
  G_IMPLEMENT_INTERFACE (SFUMATO_TYPE_PICTURE_HOLDER, picture_holder_iface_init))

static const SfumatoPictureFields *
fields_of (SfumatoImagePage *self)
{
  return sfumato_picture_get_fields (self->picture);
}

/* ---- words ----------------------------------------------------------------------------------------------- */

static char *
make_title (SfumatoImagePage *self)
{
  SfumatoRequest *request = fields_of (self)->request;
  const char *prompt = request ? sfumato_request_get_prompt (request) : NULL;

  return prompt && *prompt ? sfumato_clean_text (prompt, -1, TITLE_CHARS_MAX) : g_strdup (fields_of (self)->file_name);
}

static void
update_title (SfumatoImagePage *self)
{
  g_autofree char *title = make_title (self);
  g_autofree char *alt = sfumato_picture_dup_alt_text (self->picture);
  /* Translators: which picture of how many is shown. */
  g_autofree char *place = g_strdup_printf (_("%u of %u"), self->position + 1,
                                            g_list_model_get_n_items (self->pictures));

  g_strdelimit (title, "\n\t", ' ');
  adw_navigation_page_set_title (ADW_NAVIGATION_PAGE (self), title);
  adw_window_title_set_title (self->window_title, title);
  adw_window_title_set_subtitle (self->window_title, place);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->view), GTK_ACCESSIBLE_PROPERTY_LABEL, alt, -1);
}

static void
set_description (AdwStatusPage *status,
                 const char    *text)
{
  g_autofree char *escaped = g_markup_escape_text (text, -1);

  adw_status_page_set_description (status, escaped);
}

static void
explain_hidden (SfumatoImagePage *self)
{
  g_autofree char *price = sfumato_price_format (fields_of (self)->price);
  g_autofree char *text = NULL;

  if (fields_of (self)->charge == SFUMATO_CHARGE_NONE)
    text = g_strdup (_("The service’s content filter objected to this picture and blurred it. You were not charged."));
  else
    /* Translators: %s is a price, such as "6.5 credits". */
    text = g_strdup_printf (_("The service’s content filter objected to this picture and blurred it. It was made, "
                              "and counts as a picture: %s."), price);
  set_description (self->hidden_status, text);
}

static void
explain_missing (SfumatoImagePage *self)
{
  const char *folder = sfumato_gallery_get_folder (sfumato_studio_get_gallery (self->studio));
  /* Translators: the first %s is a file, the second one a folder. */
  g_autofree char *text = g_strdup_printf (_("“%s” is not in %s. It may have been moved or deleted by another "
                                             "program, or be on a removed drive."), fields_of (self)->file_name, folder);

  set_description (self->missing_status, text);
}

/* ---- what is shown --------------------------------------------------------------------------------------- */

static void
spinner_due_cb (gpointer user_data)
{
  SfumatoImagePage *self = user_data;

  self->spinner_source = 0;
  gtk_stack_set_visible_child_name (self->stack, "loading");
}

static GdkTexture *
dup_stand_in (SfumatoPicture *picture)
{
  GdkTexture *kept = sfumato_texture_peek (picture, 512);

  return kept ? kept : sfumato_texture_peek (picture, 256);
}

static void
show_texture (SfumatoImagePage *self,
              GdkTexture       *texture)
{
  sfumato_picture_view_set_texture (self->view, texture, fields_of (self)->width, fields_of (self)->height);
  gtk_stack_set_visible_child_name (self->stack, "picture");
}

static void
show_readable (SfumatoImagePage *self)
{
  const GError *error = NULL;
  GdkTexture *texture = sfumato_preloader_get (self->preloader, self->picture, &error);
  g_autoptr (GdkTexture) stand_in = NULL;

  if (texture)
    {
      show_texture (self, texture);
      return;
    }
  if (error)
    {
      set_description (self->broken_status, error->message);
      gtk_stack_set_visible_child_name (self->stack, "broken");
      return;
    }
  stand_in = dup_stand_in (self->picture);
  if (stand_in)
    {
      show_texture (self, stand_in);
      return;
    }
  gtk_stack_set_visible_child_name (self->stack, "nothing");
  self->spinner_source = g_timeout_add_once (SPINNER_AFTER_MS, spinner_due_cb, self);
}

static void
show_picture (SfumatoImagePage *self)
{
  g_clear_handle_id (&self->spinner_source, g_source_remove);
  if (fields_of (self)->missing)
    {
      explain_missing (self);
      gtk_stack_set_visible_child_name (self->stack, "missing");
    }
  else if (fields_of (self)->finish == SFUMATO_FINISH_FILTERED && !self->revealed)
    {
      explain_hidden (self);
      gtk_stack_set_visible_child_name (self->stack, "hidden");
    }
  else
    show_readable (self);
}

static void
update_actions (SfumatoImagePage *self)
{
  GtkWidget *widget = GTK_WIDGET (self);
  guint count = g_list_model_get_n_items (self->pictures);
  gboolean zoomable = g_strcmp0 (gtk_stack_get_visible_child_name (self->stack), "picture") == 0;

  gtk_widget_action_set_enabled (widget, "image.previous", self->position > 0);
  gtk_widget_action_set_enabled (widget, "image.first", self->position > 0);
  gtk_widget_action_set_enabled (widget, "image.next", self->position + 1 < count);
  gtk_widget_action_set_enabled (widget, "image.last", self->position + 1 < count);
  gtk_widget_action_set_enabled (widget, "image.zoom-in", zoomable);
  gtk_widget_action_set_enabled (widget, "image.zoom-out",
                                 zoomable && !sfumato_picture_view_is_fitted (self->view));
  gtk_widget_action_set_enabled (widget, "image.zoom-fit", zoomable);
  gtk_widget_action_set_enabled (widget, "image.zoom-original", zoomable);
  gtk_widget_action_set_enabled (widget, "image.zoom-double", zoomable);
  gtk_toggle_button_set_active (self->favorite_button, fields_of (self)->favorite);
  sfumato_picture_actions_update (SFUMATO_PICTURE_HOLDER (self));
}

static void
update (SfumatoImagePage *self)
{
  show_picture (self);
  update_actions (self);
}

static void
picture_loaded_cb (SfumatoImagePage *self,
                   SfumatoPicture   *picture)
{
  if (self->picture && g_str_equal (sfumato_picture_get_fields (picture)->id, fields_of (self)->id))
    update (self);
}

/* ---- going on -------------------------------------------------------------------------------------------- */

static void
take_picture (SfumatoImagePage *self,
              SfumatoPicture   *picture)
{
  gpointer only[] = { picture };

  self->revealed = FALSE;
  g_set_object (&self->picture, picture);
  g_signal_group_set_target (self->follow_picture, picture);
  g_list_store_splice (self->current, 0, g_list_model_get_n_items (G_LIST_MODEL (self->current)), only, 1);
  g_object_set (self->details, "picture", picture, NULL);
  sfumato_picture_view_fit (self->view);
}

static void
go (SfumatoImagePage *self,
    guint             position)
{
  g_autoptr (SfumatoPicture) picture = g_list_model_get_item (self->pictures, position);

  if (!picture)
    return;
  self->position = position;
  if (picture != self->picture)
    take_picture (self, picture);
  if (GTK_IS_SELECTION_MODEL (self->pictures))
    gtk_selection_model_select_item (GTK_SELECTION_MODEL (self->pictures), position, TRUE);
  sfumato_preloader_center (self->preloader, sfumato_studio_get_gallery (self->studio), self->pictures, position);
  update_title (self);
  update (self);
}

/* Said as well as shown, for the keyboard stays where it is. */
static void
go_and_say (SfumatoImagePage *self,
            guint             position)
{
  GtkRoot *root = gtk_widget_get_root (GTK_WIDGET (self));
  g_autofree char *alt = NULL;

  if (position == self->position || position >= g_list_model_get_n_items (self->pictures))
    return;
  go (self, position);
  alt = sfumato_picture_dup_alt_text (self->picture);
  if (SFUMATO_IS_WINDOW (root))
    sfumato_window_announce (SFUMATO_WINDOW (root), alt, FALSE);
}

static gboolean
is_at (SfumatoImagePage *self,
       guint             position)
{
  g_autoptr (SfumatoPicture) picture = g_list_model_get_item (self->pictures, position);

  return picture && g_str_equal (sfumato_picture_get_fields (picture)->id, fields_of (self)->id);
}

/* Where our picture is after the model has changed; where it is gone, the one that took its place. */
static guint
find_again (SfumatoImagePage *self,
            guint             guess)
{
  for (guint distance = 0; distance <= LOOK_AROUND; distance++)
    {
      if (is_at (self, guess + distance))
        return guess + distance;
      if (distance > 0 && distance <= guess && is_at (self, guess - distance))
        return guess - distance;
    }
  return MIN (self->position, g_list_model_get_n_items (self->pictures) - 1);
}

static void
pictures_changed_cb (SfumatoImagePage *self,
                     guint             position,
                     guint             removed,
                     guint             added)
{
  guint guess = self->position;

  if (g_list_model_get_n_items (self->pictures) == 0)
    {
      gtk_widget_activate_action (GTK_WIDGET (self), "navigation.pop", NULL);
      return;
    }
  if (position + removed <= guess)
    guess += added - removed;
  go (self, find_again (self, guess));
}

static void
swiped_cb (SfumatoImagePage *self,
           int               direction)
{
  go_and_say (self, self->position + direction);
}

static gboolean
go_sideways (GtkWidget *widget,
             GVariant  *args,
             gpointer   user_data)
{
  SfumatoImagePage *self = SFUMATO_IMAGE_PAGE (widget);
  int towards_right = g_variant_get_int32 (args);
  gboolean mirrored = gtk_widget_get_direction (widget) == GTK_TEXT_DIR_RTL;

  go_and_say (self, self->position + (mirrored ? -towards_right : towards_right));
  return GDK_EVENT_STOP;
}

static gboolean
pan (GtkWidget *widget,
     GVariant  *args,
     gpointer   user_data)
{
  double across, down;

  g_variant_get (args, "(dd)", &across, &down);
  sfumato_picture_view_pan (SFUMATO_IMAGE_PAGE (widget)->view, across, down);
  return GDK_EVENT_STOP;
}

/* ---- actions --------------------------------------------------------------------------------------------- */

static void
run_action (GtkWidget  *widget,
            const char *name,
            GVariant   *target)
{
  SfumatoImagePage *self = SFUMATO_IMAGE_PAGE (widget);

  if (g_str_equal (name, "image.previous"))
    go_and_say (self, self->position - 1);
  else if (g_str_equal (name, "image.next"))
    go_and_say (self, self->position + 1);
  else if (g_str_equal (name, "image.first"))
    go_and_say (self, 0);
  else if (g_str_equal (name, "image.last"))
    go_and_say (self, g_list_model_get_n_items (self->pictures) - 1);
  else if (g_str_equal (name, "image.zoom-in"))
    sfumato_picture_view_zoom_in (self->view);
  else if (g_str_equal (name, "image.zoom-out"))
    sfumato_picture_view_zoom_out (self->view);
  else if (g_str_equal (name, "image.zoom-fit"))
    sfumato_picture_view_fit (self->view);
  else if (g_str_equal (name, "image.zoom-original"))
    sfumato_picture_view_zoom_to (self->view, 1);
  else if (g_str_equal (name, "image.zoom-double"))
    sfumato_picture_view_zoom_to (self->view, 2);
}

static void
reveal (GtkWidget  *widget,
        const char *name,
        GVariant   *target)
{
  SfumatoImagePage *self = SFUMATO_IMAGE_PAGE (widget);

  self->revealed = TRUE;
  update (self);
  gtk_widget_grab_focus (GTK_WIDGET (self->view));
}

static void
toggle_details (GtkWidget  *widget,
                const char *name,
                GVariant   *target)
{
  SfumatoImagePage *self = SFUMATO_IMAGE_PAGE (widget);

  adw_overlay_split_view_set_show_sidebar (self->split, !adw_overlay_split_view_get_show_sidebar (self->split));
}

static void
open_menu (GtkWidget  *widget,
           const char *name,
           GVariant   *target)
{
  GtkWidget *view = GTK_WIDGET (SFUMATO_IMAGE_PAGE (widget)->stack);

  sfumato_picture_actions_popup (view, gtk_widget_get_width (view) / 2.0, gtk_widget_get_height (view) / 2.0);
}

static void
menu_clicked_cb (SfumatoImagePage *self,
                 int               n_press,
                 double            x,
                 double            y)
{
  sfumato_picture_actions_popup (GTK_WIDGET (self->view), x, y);
}

static void
long_pressed_cb (SfumatoImagePage *self,
                 double            x,
                 double            y)
{
  sfumato_picture_actions_popup (GTK_WIDGET (self->view), x, y);
}

static void
favorite_clicked_cb (SfumatoImagePage *self)
{
  /* Pressed again only once the gallery has it. */
  gtk_toggle_button_set_active (self->favorite_button, fields_of (self)->favorite);
  gtk_widget_activate_action (GTK_WIDGET (self), "picture.toggle-favorite", NULL);
}

static char *
zoom_words (SfumatoImagePage *self,
            double            zoom)
{
  /* Translators: a zoom factor, such as "63 %". */
  return g_strdup_printf (_("%d %%"), (int) round (zoom * 100));
}

/* ---- dragging out ---------------------------------------------------------------------------------------- */

static GdkContentProvider *
drag_prepared_cb (SfumatoImagePage *self,
                  double            x,
                  double            y,
                  GtkDragSource    *source)
{
  GdkDevice *device = gtk_event_controller_get_current_event_device (GTK_EVENT_CONTROLLER (source));

  /* A finger swipes, and a zoomed picture is moved inside its frame. */
  if (!sfumato_picture_view_is_fitted (self->view) ||
      (device && gdk_device_get_source (device) == GDK_SOURCE_TOUCHSCREEN))
    return NULL;
  return sfumato_picture_content_new (sfumato_studio_get_gallery (self->studio), G_LIST_MODEL (self->current));
}

static void
drag_begun_cb (SfumatoImagePage *self,
               GdkDrag          *drag,
               GtkDragSource    *source)
{
  g_autoptr (GdkTexture) icon = dup_stand_in (self->picture);

  if (icon)
    gtk_drag_source_set_icon (source, GDK_PAINTABLE (icon), 0, 0);
}

/* ---- the holder of one picture ---------------------------------------------------------------------------- */

static GListModel *
holder_get_pictures (SfumatoPictureHolder *holder)
{
  return G_LIST_MODEL (SFUMATO_IMAGE_PAGE (holder)->current);
}

static void
picture_holder_iface_init (SfumatoPictureHolderInterface *iface)
{
  iface->get_pictures = holder_get_pictures;
}

/* ---- overrides ------------------------------------------------------------------------------------------- */

static void
sfumato_image_page_shown (AdwNavigationPage *page)
{
  gtk_widget_grab_focus (GTK_WIDGET (SFUMATO_IMAGE_PAGE (page)->view));
}

static void
sfumato_image_page_dispose (GObject *object)
{
  SfumatoImagePage *self = SFUMATO_IMAGE_PAGE (object);

  g_clear_handle_id (&self->spinner_source, g_source_remove);
  g_clear_object (&self->follow_picture);
  g_clear_object (&self->preloader);
  gtk_widget_dispose_template (GTK_WIDGET (self), SFUMATO_TYPE_IMAGE_PAGE);
  g_clear_object (&self->current);
  g_clear_object (&self->picture);
  g_clear_object (&self->pictures);
  g_clear_object (&self->studio);

  G_OBJECT_CLASS (sfumato_image_page_parent_class)->dispose (object);
}

static void
bind_keys (GtkWidgetClass *widget_class)
{
  static const struct { guint key; const char *action; } keys[] = {
    { GDK_KEY_Home, "image.first" }, { GDK_KEY_End, "image.last" },
    { GDK_KEY_plus, "image.zoom-in" }, { GDK_KEY_equal, "image.zoom-in" }, { GDK_KEY_KP_Add, "image.zoom-in" },
    { GDK_KEY_minus, "image.zoom-out" }, { GDK_KEY_KP_Subtract, "image.zoom-out" },
    { GDK_KEY_0, "image.zoom-fit" }, { GDK_KEY_KP_0, "image.zoom-fit" },
    { GDK_KEY_1, "image.zoom-original" }, { GDK_KEY_KP_1, "image.zoom-original" },
    { GDK_KEY_2, "image.zoom-double" }, { GDK_KEY_KP_2, "image.zoom-double" },
  };
  static const struct { guint key; int right; double across; double down; } arrows[] = {
    { GDK_KEY_Left, -1, -0.2, 0 }, { GDK_KEY_KP_Left, -1, -0.2, 0 },
    { GDK_KEY_Right, 1, 0.2, 0 }, { GDK_KEY_KP_Right, 1, 0.2, 0 },
    { GDK_KEY_Up, 0, 0, -0.2 }, { GDK_KEY_KP_Up, 0, 0, -0.2 },
    { GDK_KEY_Down, 0, 0, 0.2 }, { GDK_KEY_KP_Down, 0, 0, 0.2 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    {
      gtk_widget_class_add_binding_action (widget_class, keys[i].key, 0, keys[i].action, NULL);
      gtk_widget_class_add_binding_action (widget_class, keys[i].key, GDK_CONTROL_MASK, keys[i].action, NULL);
    }
  for (guint i = 0; i < G_N_ELEMENTS (arrows); i++)
    {
      if (arrows[i].right)
        gtk_widget_class_add_binding (widget_class, arrows[i].key, 0, go_sideways, "i", arrows[i].right);
      gtk_widget_class_add_binding (widget_class, arrows[i].key, GDK_CONTROL_MASK, pan, "(dd)", arrows[i].across,
                                    arrows[i].down);
    }
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_F9, 0, "image.details", NULL);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Return, GDK_ALT_MASK, "image.details", NULL);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Menu, 0, "image.menu", NULL);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_F10, GDK_SHIFT_MASK, "image.menu", NULL);
}

static void
bind_template (GtkWidgetClass *widget_class)
{
  gtk_widget_class_set_template_from_resource (widget_class, SFUMATO_RESOURCES "sfumato-image-page.ui");
  gtk_widget_class_bind_template_child (widget_class, SfumatoImagePage, window_title);
  gtk_widget_class_bind_template_child (widget_class, SfumatoImagePage, details);
  gtk_widget_class_bind_template_child (widget_class, SfumatoImagePage, split);
  gtk_widget_class_bind_template_child (widget_class, SfumatoImagePage, stack);
  gtk_widget_class_bind_template_child (widget_class, SfumatoImagePage, view);
  gtk_widget_class_bind_template_child (widget_class, SfumatoImagePage, hidden_status);
  gtk_widget_class_bind_template_child (widget_class, SfumatoImagePage, missing_status);
  gtk_widget_class_bind_template_child (widget_class, SfumatoImagePage, broken_status);
  gtk_widget_class_bind_template_child (widget_class, SfumatoImagePage, favorite_button);
  gtk_widget_class_bind_template_callback (widget_class, swiped_cb);
  gtk_widget_class_bind_template_callback (widget_class, menu_clicked_cb);
  gtk_widget_class_bind_template_callback (widget_class, long_pressed_cb);
  gtk_widget_class_bind_template_callback (widget_class, drag_prepared_cb);
  gtk_widget_class_bind_template_callback (widget_class, drag_begun_cb);
  gtk_widget_class_bind_template_callback (widget_class, favorite_clicked_cb);
  gtk_widget_class_bind_template_callback (widget_class, zoom_words);
}

static void
sfumato_image_page_class_init (SfumatoImagePageClass *klass)
{
  static const char * const actions[] = {
    "image.previous", "image.next", "image.first", "image.last",
    "image.zoom-in", "image.zoom-out", "image.zoom-fit", "image.zoom-original", "image.zoom-double",
  };
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = sfumato_image_page_dispose;
  ADW_NAVIGATION_PAGE_CLASS (klass)->shown = sfumato_image_page_shown;

  g_type_ensure (SFUMATO_TYPE_DETAILS);
  g_type_ensure (SFUMATO_TYPE_PICTURE_VIEW);
  bind_template (widget_class);
  for (guint i = 0; i < G_N_ELEMENTS (actions); i++)
    gtk_widget_class_install_action (widget_class, actions[i], NULL, run_action);
  gtk_widget_class_install_action (widget_class, "image.reveal", NULL, reveal);
  gtk_widget_class_install_action (widget_class, "image.details", NULL, toggle_details);
  gtk_widget_class_install_action (widget_class, "image.menu", NULL, open_menu);
  sfumato_picture_actions_install (widget_class);
  bind_keys (widget_class);
}

static void
sfumato_image_page_init (SfumatoImagePage *self)
{
  self->current = g_list_store_new (SFUMATO_TYPE_PICTURE);
  self->preloader = sfumato_preloader_new ();
  g_signal_connect_swapped (self->preloader, "loaded", G_CALLBACK (picture_loaded_cb), self);
  self->follow_picture = g_signal_group_new (SFUMATO_TYPE_PICTURE);
  g_signal_group_connect_swapped (self->follow_picture, "notify", G_CALLBACK (update), self);

  gtk_widget_init_template (GTK_WIDGET (self));

  g_signal_connect_object (self->view, "notify::fitted", G_CALLBACK (update_actions), self, G_CONNECT_SWAPPED);
  sfumato_picture_actions_add_shortcuts (GTK_WIDGET (self));
}

SfumatoImagePage *
sfumato_image_page_new (SfumatoStudio *studio,
                        GListModel    *pictures,
                        guint          position)
{
  SfumatoImagePage *self = g_object_new (SFUMATO_TYPE_IMAGE_PAGE, NULL);

  self->studio = g_object_ref (studio);
  self->pictures = g_object_ref (pictures);
  g_object_set (self->details, "studio", studio, NULL);
  g_signal_connect_object (pictures, "items-changed", G_CALLBACK (pictures_changed_cb), self, G_CONNECT_SWAPPED);
  go (self, MIN (position, MAX (g_list_model_get_n_items (pictures), 1) - 1));
  return self;
}

SfumatoPicture *
sfumato_image_page_get_picture (SfumatoImagePage *self)
{
  g_return_val_if_fail (SFUMATO_IS_IMAGE_PAGE (self), NULL);

  return self->picture;
}
