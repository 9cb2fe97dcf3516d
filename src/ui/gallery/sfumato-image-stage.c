/* A picture of a list, in whichever state it is.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "ui/gallery/sfumato-image-stage.h"

#include <glib/gi18n-lib.h>

#include "ui/gallery/sfumato-picture-actions.h"
#include "ui/gallery/sfumato-picture-content.h"
#include "ui/gallery/sfumato-preloader.h"
#include "ui/widgets/sfumato-texture.h"
#include "ui/widgets/sfumato-touch.h"

/* A spinner that only flashes is worse than none. */
#define SPINNER_AFTER_MS 300

struct _SfumatoImageStage
{
  AdwBin              parent_instance;

  GtkStack           *stack;
  SfumatoPictureView *view;
  AdwStatusPage      *hidden_status;
  AdwStatusPage      *missing_status;
  AdwStatusPage      *broken_status;

  SfumatoGallery     *gallery;         /* owned, nullable */
  SfumatoPicture     *picture;         /* owned, nullable */
  SfumatoPreloader   *preloader;       /* owned */
  guint               spinner_source;
  gboolean            revealed;        /* the person wants to see this filtered picture */
};

G_DEFINE_FINAL_TYPE (SfumatoImageStage, sfumato_image_stage, ADW_TYPE_BIN)

enum
{
  PROP_0,
  PROP_VIEW,
  PROP_SHOWS_PICTURE,
  N_PROPS,
};

static GParamSpec *properties[N_PROPS];

static const SfumatoPictureFields *
fields_of (SfumatoImageStage *self)
{
  return sfumato_picture_get_fields (self->picture);
}

/* ---- words ----------------------------------------------------------------------------------------------- */

static void
set_description (AdwStatusPage *status,
                 const char    *text)
{
  g_autofree char *escaped = g_markup_escape_text (text, -1);

  adw_status_page_set_description (status, escaped);
}

static void
explain_hidden (SfumatoImageStage *self)
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
explain_missing (SfumatoImageStage *self)
{
  g_autofree char *folder = sfumato_gallery_dup_shown_folder (self->gallery);
  /* Translators: the first %s is a file, the second one a folder. */
  g_autofree char *text = g_strdup_printf (_("“%s” is not in %s. It may have been moved or deleted by another "
                                             "program, or be on a removed drive."), fields_of (self)->file_name, folder);

  set_description (self->missing_status, text);
}

/* ---- what is shown --------------------------------------------------------------------------------------- */

static gboolean
has_focus (SfumatoImageStage *self)
{
  GtkRoot *root = gtk_widget_get_root (GTK_WIDGET (self));
  GtkWidget *focus = root != NULL ? gtk_root_get_focus (root) : NULL;

  return focus != NULL && gtk_widget_is_ancestor (focus, GTK_WIDGET (self));
}

/* The keyboard stays here whatever is shown, for the keys that go on to the next picture are heard from here. */
static void
show_child (SfumatoImageStage *self,
            const char        *name)
{
  gboolean focused = has_focus (self);

  gtk_widget_set_focusable (GTK_WIDGET (self->stack), !g_str_equal (name, "picture"));
  gtk_stack_set_visible_child_name (self->stack, name);
  if (focused)
    gtk_widget_grab_focus (GTK_WIDGET (self));
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_SHOWS_PICTURE]);
}

static void
spinner_due_cb (gpointer user_data)
{
  SfumatoImageStage *self = user_data;

  self->spinner_source = 0;
  show_child (self, "loading");
}

static GdkTexture *
dup_stand_in (SfumatoPicture *picture)
{
  GdkTexture *kept = sfumato_texture_peek (picture, 512);

  return kept ? kept : sfumato_texture_peek (picture, 256);
}

static void
show_texture (SfumatoImageStage *self,
              GdkTexture        *texture)
{
  sfumato_picture_view_set_texture (self->view, texture, fields_of (self)->width, fields_of (self)->height);
  show_child (self, "picture");
}

static void
show_readable (SfumatoImageStage *self)
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
      show_child (self, "broken");
      return;
    }
  stand_in = dup_stand_in (self->picture);
  if (stand_in)
    {
      show_texture (self, stand_in);
      return;
    }
  show_child (self, "nothing");
  self->spinner_source = g_timeout_add_once (SPINNER_AFTER_MS, spinner_due_cb, self);
}

static void
show (SfumatoImageStage *self)
{
  g_clear_handle_id (&self->spinner_source, g_source_remove);
  if (fields_of (self)->missing)
    {
      explain_missing (self);
      show_child (self, "missing");
    }
  else if (fields_of (self)->finish == SFUMATO_FINISH_FILTERED && !self->revealed)
    {
      explain_hidden (self);
      show_child (self, "hidden");
    }
  else
    show_readable (self);
}

static void
picture_loaded_cb (SfumatoImageStage *self,
                   SfumatoPicture    *picture)
{
  if (self->picture && g_str_equal (sfumato_picture_get_fields (picture)->id, fields_of (self)->id))
    show (self);
}

/* ---- pointers -------------------------------------------------------------------------------------------- */

static void
swiped_cb (SfumatoImageStage *self,
           int                direction)
{
  gtk_widget_activate_action (GTK_WIDGET (self), direction > 0 ? "image.next" : "image.previous", NULL);
}

static void
menu_clicked_cb (SfumatoImageStage *self,
                 int                n_press,
                 double             x,
                 double             y)
{
  sfumato_picture_actions_popup (GTK_WIDGET (self->view), x, y);
}

static void
long_pressed_cb (SfumatoImageStage *self,
                 double             x,
                 double             y)
{
  sfumato_picture_actions_popup (GTK_WIDGET (self->view), x, y);
}

static GdkContentProvider *
drag_prepared_cb (SfumatoImageStage *self,
                  double             x,
                  double             y,
                  GtkDragSource     *source)
{
  g_autoptr (GListStore) only = g_list_store_new (SFUMATO_TYPE_PICTURE);

  /* A finger swipes, and a zoomed picture is moved inside its frame. */
  if (!sfumato_picture_view_is_fitted (self->view) || sfumato_is_touch (source))
    return NULL;
  g_list_store_append (only, self->picture);
  return sfumato_picture_content_new (self->gallery, G_LIST_MODEL (only));
}

static void
drag_begun_cb (SfumatoImageStage *self,
               GdkDrag           *drag,
               GtkDragSource     *source)
{
  g_autoptr (GdkTexture) icon = dup_stand_in (self->picture);

  if (icon)
    gtk_drag_source_set_icon (source, GDK_PAINTABLE (icon), 0, 0);
}

/* ---- the object ------------------------------------------------------------------------------------------ */

static gboolean
sfumato_image_stage_grab_focus (GtkWidget *widget)
{
  SfumatoImageStage *self = SFUMATO_IMAGE_STAGE (widget);

  if (gtk_widget_get_focusable (GTK_WIDGET (self->stack)))
    return gtk_widget_grab_focus (GTK_WIDGET (self->stack));
  return gtk_widget_grab_focus (GTK_WIDGET (self->view));
}

static void
sfumato_image_stage_get_property (GObject    *object,
                                  guint       id,
                                  GValue     *value,
                                  GParamSpec *pspec)
{
  SfumatoImageStage *self = SFUMATO_IMAGE_STAGE (object);

  switch (id)
    {
    case PROP_VIEW: g_value_set_object (value, self->view); break;
    case PROP_SHOWS_PICTURE: g_value_set_boolean (value, sfumato_image_stage_shows_picture (self)); break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
sfumato_image_stage_dispose (GObject *object)
{
  SfumatoImageStage *self = SFUMATO_IMAGE_STAGE (object);

  g_clear_handle_id (&self->spinner_source, g_source_remove);
  g_clear_object (&self->preloader);
  adw_bin_set_child (ADW_BIN (object), NULL);
  gtk_widget_dispose_template (GTK_WIDGET (self), SFUMATO_TYPE_IMAGE_STAGE);
  g_clear_object (&self->picture);
  g_clear_object (&self->gallery);

  G_OBJECT_CLASS (sfumato_image_stage_parent_class)->dispose (object);
}

static void
bind_template (GtkWidgetClass *widget_class)
{
  gtk_widget_class_set_template_from_resource (widget_class, SFUMATO_RESOURCES "sfumato-image-stage.ui");
  gtk_widget_class_bind_template_child (widget_class, SfumatoImageStage, stack);
  gtk_widget_class_bind_template_child (widget_class, SfumatoImageStage, view);
  gtk_widget_class_bind_template_child (widget_class, SfumatoImageStage, hidden_status);
  gtk_widget_class_bind_template_child (widget_class, SfumatoImageStage, missing_status);
  gtk_widget_class_bind_template_child (widget_class, SfumatoImageStage, broken_status);
  gtk_widget_class_bind_template_callback (widget_class, swiped_cb);
  gtk_widget_class_bind_template_callback (widget_class, menu_clicked_cb);
  gtk_widget_class_bind_template_callback (widget_class, long_pressed_cb);
  gtk_widget_class_bind_template_callback (widget_class, drag_prepared_cb);
  gtk_widget_class_bind_template_callback (widget_class, drag_begun_cb);
}

static void
sfumato_image_stage_class_init (SfumatoImageStageClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = sfumato_image_stage_get_property;
  object_class->dispose = sfumato_image_stage_dispose;
  GTK_WIDGET_CLASS (klass)->grab_focus = sfumato_image_stage_grab_focus;

  properties[PROP_VIEW] = g_param_spec_object ("view", NULL, NULL, SFUMATO_TYPE_PICTURE_VIEW,
                                               G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  properties[PROP_SHOWS_PICTURE] = g_param_spec_boolean ("shows-picture", NULL, NULL, FALSE,
                                                         G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  g_type_ensure (SFUMATO_TYPE_PICTURE_VIEW);
  bind_template (GTK_WIDGET_CLASS (klass));
}

static void
sfumato_image_stage_init (SfumatoImageStage *self)
{
  self->preloader = sfumato_preloader_new ();
  g_signal_connect_object (self->preloader, "loaded", G_CALLBACK (picture_loaded_cb), self, G_CONNECT_SWAPPED);
  gtk_widget_init_template (GTK_WIDGET (self));
}

void
sfumato_image_stage_show (SfumatoImageStage *self,
                          SfumatoGallery    *gallery,
                          GListModel        *pictures,
                          guint              position)
{
  g_autoptr (SfumatoPicture) picture = g_list_model_get_item (pictures, position);
  g_autofree char *alt = NULL;

  g_return_if_fail (SFUMATO_IS_IMAGE_STAGE (self));
  g_return_if_fail (picture != NULL);

  if (g_set_object (&self->picture, picture))
    self->revealed = FALSE;
  g_set_object (&self->gallery, gallery);
  alt = sfumato_picture_dup_alt_text (picture);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->view), GTK_ACCESSIBLE_PROPERTY_LABEL, alt, -1);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->stack), GTK_ACCESSIBLE_PROPERTY_LABEL, alt, -1);
  sfumato_preloader_center (self->preloader, gallery, pictures, position);
  show (self);
}

void
sfumato_image_stage_update (SfumatoImageStage *self)
{
  g_return_if_fail (SFUMATO_IS_IMAGE_STAGE (self));

  show (self);
}

void
sfumato_image_stage_reveal (SfumatoImageStage *self)
{
  g_return_if_fail (SFUMATO_IS_IMAGE_STAGE (self));

  self->revealed = TRUE;
  show (self);
}

SfumatoPictureView *
sfumato_image_stage_get_view (SfumatoImageStage *self)
{
  g_return_val_if_fail (SFUMATO_IS_IMAGE_STAGE (self), NULL);

  return self->view;
}

gboolean
sfumato_image_stage_shows_picture (SfumatoImageStage *self)
{
  g_return_val_if_fail (SFUMATO_IS_IMAGE_STAGE (self), FALSE);

  return g_strcmp0 (gtk_stack_get_visible_child_name (self->stack), "picture") == 0;
}
