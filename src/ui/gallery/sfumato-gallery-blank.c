/* What the gallery shows where there is no picture to show.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "ui/gallery/sfumato-gallery-blank.h"

#include <glib/gi18n-lib.h>

#include "ui/widgets/sfumato-error-dialog.h"

struct _SfumatoGalleryBlank
{
  AdwBin          parent_instance;

  GtkStack       *stack;
  AdwStatusPage  *no_results;
  AdwStatusPage  *missing_folder;

  SfumatoGallery *gallery;  /* owned, nullable: the one explained last */
};

G_DEFINE_FINAL_TYPE (SfumatoGalleryBlank, sfumato_gallery_blank, ADW_TYPE_BIN)

static const char *
choose_view (SfumatoGallery *gallery,
             const char     *text,
             gboolean        favorites_only)
{
  if (!sfumato_gallery_is_available (gallery))
    return "missing";
  if (*text != '\0')
    return "no-results";
  return favorites_only ? "no-favorites" : "empty";
}

static void
update_words (SfumatoGalleryBlank *self,
              const char          *text,
              gboolean             favorites_only)
{
  g_autofree char *quoted = g_markup_escape_text (text, -1);
  /* Translators: %s is what was searched for. */
  g_autofree char *searched = g_strdup_printf (favorites_only ? _("No favorite’s prompt contains “%s”.")
                                                              : _("No prompt contains “%s”."), quoted);
  g_autofree char *shown = sfumato_gallery_dup_shown_folder (self->gallery);
  g_autofree char *folder = g_markup_escape_text (shown, -1);
  /* Translators: %s is a folder. */
  g_autofree char *away = g_strdup_printf (_("%s is not available. It may be on a removed drive, or have been deleted."), folder);

  adw_status_page_set_description (self->no_results, searched);
  adw_status_page_set_description (self->missing_folder, away);
}

static void
folder_made_cb (GObject      *source,
                GAsyncResult *result,
                gpointer      user_data)
{
  g_autoptr (GtkWidget) blank = user_data;
  g_autoptr (GError) error = NULL;

  if (!sfumato_gallery_make_folder_finish (SFUMATO_GALLERY (source), result, &error) && gtk_widget_get_root (blank))
    sfumato_error_dialog_present (blank, error);
}

static void
make_folder (GtkWidget  *widget,
             const char *name,
             GVariant   *target)
{
  sfumato_gallery_make_folder_async (SFUMATO_GALLERY_BLANK (widget)->gallery, NULL, folder_made_cb,
                                     g_object_ref (widget));
}

static void
sfumato_gallery_blank_dispose (GObject *object)
{
  SfumatoGalleryBlank *self = SFUMATO_GALLERY_BLANK (object);

  adw_bin_set_child (ADW_BIN (object), NULL);
  gtk_widget_dispose_template (GTK_WIDGET (self), SFUMATO_TYPE_GALLERY_BLANK);
  g_clear_object (&self->gallery);

  G_OBJECT_CLASS (sfumato_gallery_blank_parent_class)->dispose (object);
}

static void
sfumato_gallery_blank_class_init (SfumatoGalleryBlankClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = sfumato_gallery_blank_dispose;

  gtk_widget_class_set_template_from_resource (widget_class, SFUMATO_RESOURCES "sfumato-gallery-blank.ui");
  gtk_widget_class_bind_template_child (widget_class, SfumatoGalleryBlank, stack);
  gtk_widget_class_bind_template_child (widget_class, SfumatoGalleryBlank, no_results);
  gtk_widget_class_bind_template_child (widget_class, SfumatoGalleryBlank, missing_folder);
  gtk_widget_class_install_action (widget_class, "blank.make-folder", NULL, make_folder);
}

static void
sfumato_gallery_blank_init (SfumatoGalleryBlank *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

void
sfumato_gallery_blank_explain (SfumatoGalleryBlank *self,
                               SfumatoGallery      *gallery,
                               const char          *text,
                               gboolean             favorites_only)
{
  g_return_if_fail (SFUMATO_IS_GALLERY_BLANK (self));

  g_set_object (&self->gallery, gallery);
  update_words (self, text, favorites_only);
  gtk_stack_set_visible_child_name (self->stack, choose_view (gallery, text, favorites_only));
}
