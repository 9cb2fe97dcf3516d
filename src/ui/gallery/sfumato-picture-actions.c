/* What can be done with pictures.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "ui/gallery/sfumato-picture-actions.h"

#include <glib/gi18n-lib.h>

#include "ui/gallery/sfumato-picture-content.h"
#include "ui/gallery/sfumato-picture-save.h"
#include "ui/widgets/sfumato-error-dialog.h"

G_DEFINE_INTERFACE (SfumatoPictureHolder, sfumato_picture_holder, GTK_TYPE_WIDGET)

/* More are not looked at to tell whether something can be done with any of them. */
#define LOOK_AT_MAX 50

static void
sfumato_picture_holder_default_init (SfumatoPictureHolderInterface *iface)
{
}

/* ---- what is meant --------------------------------------------------------------------------------------- */

static GListModel *
get_pictures (GtkWidget *holder)
{
  return SFUMATO_PICTURE_HOLDER_GET_IFACE (holder)->get_pictures (SFUMATO_PICTURE_HOLDER (holder));
}

static SfumatoWindow *
get_window (GtkWidget *holder)
{
  return SFUMATO_WINDOW (gtk_widget_get_root (holder));
}

static SfumatoGallery *
get_gallery (GtkWidget *holder)
{
  return sfumato_studio_get_gallery (sfumato_window_get_studio (get_window (holder)));
}

static SfumatoPicture *
dup_first (GtkWidget *holder)
{
  return g_list_model_get_item (get_pictures (holder), 0);
}

static GPtrArray *
copy_pictures (GListModel *pictures)
{
  guint count = g_list_model_get_n_items (pictures);
  GPtrArray *copy = g_ptr_array_new_full (count, g_object_unref);

  for (guint i = 0; i < count; i++)
    g_ptr_array_add (copy, g_list_model_get_item (pictures, i));
  return copy;
}

static gboolean
any_with_favorite (GListModel *pictures,
                   gboolean    favorite)
{
  guint count = MIN (g_list_model_get_n_items (pictures), LOOK_AT_MAX);

  for (guint i = 0; i < count; i++)
    {
      g_autoptr (SfumatoPicture) picture = g_list_model_get_item (pictures, i);

      if (sfumato_picture_get_fields (picture)->favorite == favorite)
        return TRUE;
    }
  return FALSE;
}

/* ---- favorites, on a worker thread ------------------------------------------------------------------------ */

typedef struct
{
  GWeakRef        window;    /* SfumatoWindow */
  SfumatoGallery *gallery;   /* owned */
  GPtrArray      *pictures;  /* owned */
  gboolean        favorite;
} Marking;

static void
marking_free (Marking *marking)
{
  g_weak_ref_clear (&marking->window);
  g_object_unref (marking->gallery);
  g_ptr_array_unref (marking->pictures);
  g_free (marking);
}

static void
mark_thread (GTask        *task,
             gpointer      source,
             gpointer      task_data,
             GCancellable *cancellable)
{
  Marking *marking = task_data;
  GError *error = NULL;

  for (guint i = 0; i < marking->pictures->len; i++)
    if (!sfumato_gallery_set_favorite (marking->gallery, marking->pictures->pdata[i], marking->favorite, &error))
      {
        g_task_return_error (task, error);
        return;
      }
  g_task_return_boolean (task, TRUE);
}

static void
marked_cb (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  Marking *marking = g_task_get_task_data (G_TASK (result));
  g_autoptr (SfumatoWindow) window = g_weak_ref_get (&marking->window);
  g_autoptr (GError) error = NULL;
  gboolean marked = g_task_propagate_boolean (G_TASK (result), &error);

  if (!window)
    return;
  if (marked)
    sfumato_window_announce (window, marking->favorite ? _("Added to favorites") : _("Removed from favorites"),
                             FALSE);
  else
    sfumato_error_dialog_present (GTK_WIDGET (window), error);
}

static void
mark (GtkWidget *holder,
      gboolean   favorite)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, marked_cb, NULL);
  Marking *marking = g_new0 (Marking, 1);

  g_weak_ref_init (&marking->window, get_window (holder));
  marking->gallery = g_object_ref (get_gallery (holder));
  marking->pictures = copy_pictures (get_pictures (holder));
  marking->favorite = favorite;
  g_task_set_source_tag (task, mark);
  g_task_set_task_data (task, marking, (GDestroyNotify) marking_free);
  g_task_run_in_thread (task, mark_thread);
}

/* ---- the verbs ------------------------------------------------------------------------------------------- */

static void
open_it (GtkWidget  *holder,
         const char *name,
         GVariant   *target)
{
  SFUMATO_PICTURE_HOLDER_GET_IFACE (holder)->open (SFUMATO_PICTURE_HOLDER (holder));
}

static void
add_favorite (GtkWidget  *holder,
              const char *name,
              GVariant   *target)
{
  mark (holder, TRUE);
}

static void
remove_favorite (GtkWidget  *holder,
                 const char *name,
                 GVariant   *target)
{
  mark (holder, FALSE);
}

static void
toggle_favorite (GtkWidget  *holder,
                 const char *name,
                 GVariant   *target)
{
  mark (holder, any_with_favorite (get_pictures (holder), FALSE));
}

static void
reuse (GtkWidget  *holder,
       const char *name,
       GVariant   *target)
{
  static const struct { const char *word; SfumatoReuse parts; } words[] = {
    { "all", SFUMATO_REUSE_ALL },
    { "prompt", SFUMATO_REUSE_PROMPT },
    { "seed", SFUMATO_REUSE_SEED },
    { "all-but-seed", SFUMATO_REUSE_ALL_BUT_SEED },
  };
  g_autoptr (SfumatoPicture) picture = dup_first (holder);

  for (guint i = 0; i < G_N_ELEMENTS (words); i++)
    if (g_str_equal (words[i].word, g_variant_get_string (target, NULL)))
      sfumato_window_reuse (get_window (holder), picture, words[i].parts);
}

static void
use_as_reference (GtkWidget  *holder,
                  const char *name,
                  GVariant   *target)
{
  g_autoptr (SfumatoPicture) picture = dup_first (holder);

  sfumato_window_use_as_reference (get_window (holder), picture);
}

static void
copy (GtkWidget  *holder,
      const char *name,
      GVariant   *target)
{
  GListModel *pictures = get_pictures (holder);
  g_autoptr (GdkContentProvider) content = sfumato_picture_content_new (get_gallery (holder), pictures);
  guint count = g_list_model_get_n_items (pictures);
  g_autofree char *text = g_strdup_printf (ngettext ("Picture copied", "%u pictures copied", count), count);

  gdk_clipboard_set_content (gtk_widget_get_clipboard (holder), content);
  sfumato_window_add_toast (get_window (holder), adw_toast_new (text));
}

static void
copy_prompt (GtkWidget  *holder,
             const char *name,
             GVariant   *target)
{
  g_autoptr (SfumatoPicture) picture = dup_first (holder);
  SfumatoRequest *request = sfumato_picture_get_fields (picture)->request;

  gdk_clipboard_set_text (gtk_widget_get_clipboard (holder), sfumato_request_get_prompt (request));
  sfumato_window_add_toast (get_window (holder), adw_toast_new (_("Prompt copied")));
}

static void
save_as (GtkWidget  *holder,
         const char *name,
         GVariant   *target)
{
  sfumato_picture_save_as (get_window (holder), get_pictures (holder));
}

static void
shown_in_files_cb (GObject      *source,
                   GAsyncResult *result,
                   gpointer      user_data)
{
  g_autoptr (GtkWidget) window = user_data;
  g_autoptr (GError) error = NULL;

  if (!gtk_file_launcher_open_containing_folder_finish (GTK_FILE_LAUNCHER (source), result, &error) &&
      !g_error_matches (error, GTK_DIALOG_ERROR, GTK_DIALOG_ERROR_DISMISSED) && gtk_widget_get_mapped (window))
    sfumato_window_add_toast (SFUMATO_WINDOW (window), adw_toast_new (_("The folder could not be opened")));
}

static void
show_in_files (GtkWidget  *holder,
               const char *name,
               GVariant   *target)
{
  g_autoptr (SfumatoPicture) picture = dup_first (holder);
  g_autofree char *path = sfumato_gallery_dup_path (get_gallery (holder), picture);
  g_autoptr (GFile) file = g_file_new_for_path (path);
  g_autoptr (GtkFileLauncher) launcher = gtk_file_launcher_new (file);
  SfumatoWindow *window = get_window (holder);

  gtk_file_launcher_open_containing_folder (launcher, GTK_WINDOW (window), NULL, shown_in_files_cb,
                                            g_object_ref (window));
}

static void
delete_them (GtkWidget  *holder,
             const char *name,
             GVariant   *target)
{
  g_autoptr (GPtrArray) pictures = copy_pictures (get_pictures (holder));

  sfumato_window_delete (get_window (holder), pictures);
}

/* ---- the table ------------------------------------------------------------------------------------------- */

typedef enum
{
  NEEDS_ONE          = 1 << 0,  /* exactly one picture; without it, one or more */
  NEEDS_FILE         = 1 << 1,  /* its file is there */
  NEEDS_REQUEST      = 1 << 2,  /* it is known what was asked for */
  NEEDS_OPEN         = 1 << 3,  /* the holder can open pictures */
  NEEDS_FAVORITE     = 1 << 4,  /* one that is a favorite */
  NEEDS_NOT_FAVORITE = 1 << 5,  /* one that is not */
} Needs;

static const struct
{
  const char                  *name;
  const char                  *parameter;  /* nullable: type */
  GtkWidgetActionActivateFunc  run;
  Needs                        needs;
} verbs[] = {
  { "picture.open", NULL, open_it, NEEDS_ONE | NEEDS_OPEN },
  { "picture.toggle-favorite", NULL, toggle_favorite, 0 },
  { "picture.add-favorite", NULL, add_favorite, NEEDS_NOT_FAVORITE },
  { "picture.remove-favorite", NULL, remove_favorite, NEEDS_FAVORITE },
  { "picture.reuse", "s", reuse, NEEDS_ONE | NEEDS_REQUEST },
  { "picture.use-as-reference", NULL, use_as_reference, NEEDS_ONE | NEEDS_FILE },
  { "picture.copy", NULL, copy, NEEDS_FILE },
  { "picture.copy-prompt", NULL, copy_prompt, NEEDS_ONE | NEEDS_REQUEST },
  { "picture.save-as", NULL, save_as, NEEDS_FILE },
  { "picture.show-in-files", NULL, show_in_files, NEEDS_ONE | NEEDS_FILE },
  { "picture.delete", NULL, delete_them, 0 },
};

/* Of two for the same verb, menus show the one added last. */
static const struct
{
  guint            key;
  GdkModifierType  modifiers;
  const char      *action;
  const char      *target;  /* nullable */
} shortcuts[] = {
  { GDK_KEY_d, GDK_CONTROL_MASK, "picture.toggle-favorite", NULL },
  { GDK_KEY_r, GDK_CONTROL_MASK, "picture.reuse", "all" },
  { GDK_KEY_i, GDK_CONTROL_MASK, "picture.use-as-reference", NULL },
  { GDK_KEY_Insert, GDK_CONTROL_MASK, "picture.copy", NULL },
  { GDK_KEY_c, GDK_CONTROL_MASK, "picture.copy", NULL },
  { GDK_KEY_c, GDK_CONTROL_MASK | GDK_SHIFT_MASK, "picture.copy-prompt", NULL },
  { GDK_KEY_s, GDK_CONTROL_MASK, "picture.save-as", NULL },
  { GDK_KEY_KP_Delete, 0, "picture.delete", NULL },
  { GDK_KEY_Delete, 0, "picture.delete", NULL },
};

static gboolean
is_possible (GtkWidget  *holder,
             GListModel *pictures,
             Needs       needs)
{
  g_autoptr (SfumatoPicture) first = g_list_model_get_item (pictures, 0);
  const SfumatoPictureFields *fields = first ? sfumato_picture_get_fields (first) : NULL;

  return fields &&
         (!(needs & NEEDS_ONE) || g_list_model_get_n_items (pictures) == 1) &&
         (!(needs & NEEDS_FILE) || !fields->missing || g_list_model_get_n_items (pictures) > 1) &&
         (!(needs & NEEDS_REQUEST) || fields->request) &&
         (!(needs & NEEDS_OPEN) || SFUMATO_PICTURE_HOLDER_GET_IFACE (holder)->open) &&
         (!(needs & NEEDS_FAVORITE) || any_with_favorite (pictures, TRUE)) &&
         (!(needs & NEEDS_NOT_FAVORITE) || any_with_favorite (pictures, FALSE));
}

/* ---- the menu -------------------------------------------------------------------------------------------- */

static void
unparent_popover (gpointer popover)
{
  if (gtk_widget_get_parent (popover))
    gtk_widget_unparent (popover);
}

static gboolean
unparent_idle_cb (gpointer popover)
{
  unparent_popover (popover);
  return G_SOURCE_REMOVE;
}

static void
popover_closed_cb (GtkWidget *popover)
{
  /* Not yet: the item that was chosen is still to be activated through it. */
  g_idle_add_full (G_PRIORITY_DEFAULT, unparent_idle_cb, g_object_ref (popover), g_object_unref);
}

/* ---- public ---------------------------------------------------------------------------------------------- */

void
sfumato_picture_actions_install (GtkWidgetClass *widget_class)
{
  for (guint i = 0; i < G_N_ELEMENTS (verbs); i++)
    gtk_widget_class_install_action (widget_class, verbs[i].name, verbs[i].parameter, verbs[i].run);
}

void
sfumato_picture_actions_add_shortcuts (GtkWidget *widget)
{
  GtkEventController *controller = gtk_shortcut_controller_new ();

  for (guint i = 0; i < G_N_ELEMENTS (shortcuts); i++)
    {
      GtkShortcut *shortcut = gtk_shortcut_new (gtk_keyval_trigger_new (shortcuts[i].key, shortcuts[i].modifiers),
                                                gtk_named_action_new (shortcuts[i].action));

      if (shortcuts[i].target)
        gtk_shortcut_set_arguments (shortcut, g_variant_new_string (shortcuts[i].target));
      gtk_shortcut_controller_add_shortcut (GTK_SHORTCUT_CONTROLLER (controller), shortcut);
    }
  gtk_widget_add_controller (widget, controller);
}

static gboolean
run_for_holder_cb (GtkWidget *widget,
                   GVariant  *args,
                   gpointer   holder)
{
  const char *action, *target;

  g_variant_get (args, "(&s&s)", &action, &target);
  return gtk_widget_activate_action_variant (holder, action, *target ? g_variant_new_string (target) : NULL);
}

void
sfumato_picture_actions_add_shortcuts_for (GtkWidget            *widget,
                                           SfumatoPictureHolder *holder)
{
  GtkEventController *controller = gtk_shortcut_controller_new ();

  for (guint i = 0; i < G_N_ELEMENTS (shortcuts); i++)
    {
      const char *target = shortcuts[i].target ? shortcuts[i].target : "";
      GtkShortcut *shortcut;

      if (!shortcuts[i].modifiers)
        continue; /* nobody deletes a picture that does not have the keyboard */
      shortcut = gtk_shortcut_new (gtk_keyval_trigger_new (shortcuts[i].key, shortcuts[i].modifiers),
                                   gtk_callback_action_new (run_for_holder_cb, holder, NULL));
      gtk_shortcut_set_arguments (shortcut, g_variant_new ("(ss)", shortcuts[i].action, target));
      gtk_shortcut_controller_add_shortcut (GTK_SHORTCUT_CONTROLLER (controller), shortcut);
    }
  gtk_widget_add_controller (widget, controller);
}

void
sfumato_picture_actions_update (SfumatoPictureHolder *holder)
{
  GtkWidget *widget = GTK_WIDGET (holder);
  GListModel *pictures = get_pictures (widget);

  for (guint i = 0; i < G_N_ELEMENTS (verbs); i++)
    gtk_widget_action_set_enabled (widget, verbs[i].name, is_possible (widget, pictures, verbs[i].needs));
}

void
sfumato_picture_actions_popup (GtkWidget *widget,
                               double     x,
                               double     y)
{
  g_autoptr (GtkBuilder) builder = gtk_builder_new_from_resource (SFUMATO_RESOURCES "sfumato-picture-menu.ui");
  GMenuModel *menu = G_MENU_MODEL (gtk_builder_get_object (builder, "picture_menu"));
  GtkWidget *popover = gtk_popover_menu_new_from_model_full (menu, GTK_POPOVER_MENU_NESTED);

  gtk_popover_set_has_arrow (GTK_POPOVER (popover), FALSE);
  gtk_popover_set_position (GTK_POPOVER (popover), GTK_POS_BOTTOM);
  gtk_widget_set_halign (popover, GTK_ALIGN_START);
  gtk_popover_set_pointing_to (GTK_POPOVER (popover), &(GdkRectangle) { x, y, 1, 1 });
  gtk_widget_set_parent (popover, widget);
  g_signal_connect_object (widget, "destroy", G_CALLBACK (unparent_popover), popover, G_CONNECT_SWAPPED);
  g_signal_connect (popover, "closed", G_CALLBACK (popover_closed_cb), NULL);
  gtk_popover_popup (GTK_POPOVER (popover));
}
