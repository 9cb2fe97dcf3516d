/* One picture, large.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "ui/gallery/sfumato-image-page.h"

#include <glib/gi18n-lib.h>
#include <math.h>

#include "ui/gallery/sfumato-details.h"
#include "ui/gallery/sfumato-image-stage.h"
#include "ui/gallery/sfumato-picture-actions.h"
#include "ui/gallery/sfumato-picture-view.h"

#define TITLE_CHARS_MAX 80
/* How far around its old place a picture is looked for after the model has changed. */
#define LOOK_AROUND     20

struct _SfumatoImagePage
{
  AdwNavigationPage    parent_instance;

  AdwWindowTitle      *window_title;
  SfumatoDetails      *details;
  AdwOverlaySplitView *split;
  SfumatoImageStage   *stage;
  GtkToggleButton     *favorite_button;

  SfumatoStudio       *studio;          /* owned */
  GListModel          *pictures;        /* owned */
  guint                position;        /* in pictures */
  SfumatoPicture      *picture;         /* owned, nullable: the one at position */
  GListStore          *current;         /* owned: just that one, for the actions */
  GSignalGroup        *follow_picture;  /* owned */
};

static void picture_holder_iface_init (SfumatoPictureHolderInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (SfumatoImagePage, sfumato_image_page, ADW_TYPE_NAVIGATION_PAGE,
  G_IMPLEMENT_INTERFACE (SFUMATO_TYPE_PICTURE_HOLDER, picture_holder_iface_init))

static const SfumatoPictureFields *
fields_of (SfumatoImagePage *self)
{
  return sfumato_picture_get_fields (self->picture);
}

static SfumatoPictureView *
get_view (SfumatoImagePage *self)
{
  return sfumato_image_stage_get_view (self->stage);
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
  /* Translators: which picture of how many is shown. */
  g_autofree char *place = g_strdup_printf (_("%u of %u"), self->position + 1,
                                            g_list_model_get_n_items (self->pictures));

  g_strdelimit (title, "\n\t", ' ');
  adw_navigation_page_set_title (ADW_NAVIGATION_PAGE (self), title);
  adw_window_title_set_title (self->window_title, title);
  adw_window_title_set_subtitle (self->window_title, place);
}

/* ---- what can be done ------------------------------------------------------------------------------------ */

static void
update_actions (SfumatoImagePage *self)
{
  GtkWidget *widget = GTK_WIDGET (self);
  guint count = g_list_model_get_n_items (self->pictures);
  gboolean zoomable = sfumato_image_stage_shows_picture (self->stage);

  gtk_widget_action_set_enabled (widget, "image.previous", self->position > 0);
  gtk_widget_action_set_enabled (widget, "image.first", self->position > 0);
  gtk_widget_action_set_enabled (widget, "image.next", self->position + 1 < count);
  gtk_widget_action_set_enabled (widget, "image.last", self->position + 1 < count);
  gtk_widget_action_set_enabled (widget, "image.zoom-in", zoomable);
  gtk_widget_action_set_enabled (widget, "image.zoom-out",
                                 zoomable && !sfumato_picture_view_is_fitted (get_view (self)));
  gtk_widget_action_set_enabled (widget, "image.zoom-fit", zoomable);
  gtk_widget_action_set_enabled (widget, "image.zoom-original", zoomable);
  gtk_widget_action_set_enabled (widget, "image.zoom-double", zoomable);
  gtk_toggle_button_set_active (self->favorite_button, fields_of (self)->favorite);
  sfumato_picture_actions_update (SFUMATO_PICTURE_HOLDER (self));
}

static void
update (SfumatoImagePage *self)
{
  sfumato_image_stage_update (self->stage);
  update_actions (self);
}

/* ---- going on -------------------------------------------------------------------------------------------- */

static void
take_picture (SfumatoImagePage *self,
              SfumatoPicture   *picture)
{
  gpointer only[] = { picture };

  g_set_object (&self->picture, picture);
  g_signal_group_set_target (self->follow_picture, picture);
  g_list_store_splice (self->current, 0, g_list_model_get_n_items (G_LIST_MODEL (self->current)), only, 1);
  g_object_set (self->details, "picture", picture, NULL);
  sfumato_picture_view_fit (get_view (self));
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
  sfumato_image_stage_show (self->stage, sfumato_studio_get_gallery (self->studio), self->pictures, position);
  update_title (self);
  update_actions (self);
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
  sfumato_picture_view_pan (get_view (SFUMATO_IMAGE_PAGE (widget)), across, down);
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
    sfumato_picture_view_zoom_in (get_view (self));
  else if (g_str_equal (name, "image.zoom-out"))
    sfumato_picture_view_zoom_out (get_view (self));
  else if (g_str_equal (name, "image.zoom-fit"))
    sfumato_picture_view_fit (get_view (self));
  else if (g_str_equal (name, "image.zoom-original"))
    sfumato_picture_view_zoom_to (get_view (self), 1);
  else if (g_str_equal (name, "image.zoom-double"))
    sfumato_picture_view_zoom_to (get_view (self), 2);
}

static void
reveal (GtkWidget  *widget,
        const char *name,
        GVariant   *target)
{
  SfumatoImagePage *self = SFUMATO_IMAGE_PAGE (widget);

  sfumato_image_stage_reveal (self->stage);
  gtk_widget_grab_focus (GTK_WIDGET (self->stage));
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
  GtkWidget *view = GTK_WIDGET (SFUMATO_IMAGE_PAGE (widget)->stage);

  sfumato_picture_actions_popup (view, gtk_widget_get_width (view) / 2.0, gtk_widget_get_height (view) / 2.0);
}

static char *
favorite_icon (SfumatoImagePage *self,
               gboolean          favorite)
{
  return g_strdup (favorite ? "starred-symbolic" : "non-starred-symbolic");
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
  gtk_widget_grab_focus (GTK_WIDGET (SFUMATO_IMAGE_PAGE (page)->stage));
}

static void
sfumato_image_page_dispose (GObject *object)
{
  SfumatoImagePage *self = SFUMATO_IMAGE_PAGE (object);

  g_clear_object (&self->follow_picture);
  gtk_widget_dispose_template (GTK_WIDGET (self), SFUMATO_TYPE_IMAGE_PAGE);
  g_clear_object (&self->current);
  g_clear_object (&self->picture);
  g_clear_object (&self->pictures);
  g_clear_object (&self->studio);

  G_OBJECT_CLASS (sfumato_image_page_parent_class)->dispose (object);
}

/* Only then the page. */
static gboolean
leave_fullscreen (GtkWidget *widget,
                  GVariant  *arguments,
                  gpointer   user_data)
{
  GtkWindow *window = GTK_WINDOW (gtk_widget_get_root (widget));

  if (!gtk_window_is_fullscreen (window))
    return FALSE;
  gtk_window_unfullscreen (window);
  return TRUE;
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
  gtk_widget_class_add_binding (widget_class, GDK_KEY_Escape, 0, leave_fullscreen, NULL);
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
  gtk_widget_class_bind_template_child (widget_class, SfumatoImagePage, stage);
  gtk_widget_class_bind_template_child (widget_class, SfumatoImagePage, favorite_button);
  gtk_widget_class_bind_template_callback (widget_class, update_actions);
  gtk_widget_class_bind_template_callback (widget_class, favorite_icon);
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
  g_type_ensure (SFUMATO_TYPE_IMAGE_STAGE);
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
  self->follow_picture = g_signal_group_new (SFUMATO_TYPE_PICTURE);
  g_signal_group_connect_swapped (self->follow_picture, "notify", G_CALLBACK (update), self);

  gtk_widget_init_template (GTK_WIDGET (self));

  g_signal_connect_object (get_view (self), "notify::fitted", G_CALLBACK (update_actions), self, G_CONNECT_SWAPPED);
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
