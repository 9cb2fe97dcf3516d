/* The page of the models on this computer, from where a dialog for files has answered: what is asked, said and added.
 * Without the dialog, because GTK 4.18 leaks one that it never shows, and leaks are looked for here.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include <adwaita.h>

#include "sample.h"
#include "scratch.h"
#include "ui/preferences/sfumato-local-page.h"
#include "ui/preferences/sfumato-model-row.h"

typedef struct
{
  SfumatoStudio    *studio;  /* owned */
  AdwWindow        *window;  /* owned */
  SfumatoLocalPage *page;    /* borrowed */
} Fixture;

static void
set_up (Fixture       *f,
        gconstpointer  data)
{
  g_autoptr (GError) error = NULL;

  f->studio = sfumato_studio_new (NULL, &error);
  g_assert_no_error (error);
  f->page = g_object_new (SFUMATO_TYPE_LOCAL_PAGE, "studio", f->studio, NULL);
  f->window = g_object_ref (ADW_WINDOW (adw_window_new ()));
  gtk_window_set_default_size (GTK_WINDOW (f->window), 700, 700);
  adw_window_set_content (f->window, GTK_WIDGET (f->page));
  gtk_window_present (GTK_WINDOW (f->window));
}

static void
tear_down (Fixture       *f,
           gconstpointer  data)
{
  SfumatoLocalService *local = sfumato_studio_get_local (f->studio);
  g_autoptr (GPtrArray) models = sfumato_local_service_list (local);

  for (guint i = 0; i < models->len; i++)
    sfumato_local_service_remove (local, ((SfumatoLocalModel *) g_ptr_array_index (models, i))->id, NULL);
  gtk_window_destroy (GTK_WINDOW (f->window));
  g_object_unref (f->window);
  sfumato_studio_close (f->studio);
  g_object_unref (f->studio);
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

static void
add_file (Fixture    *f,
          const char *name,
          const char *content)
{
  g_autofree char *path = g_build_filename (g_get_user_data_dir (), name, NULL);

  g_assert_cmpint (g_mkdir_with_parents (g_get_user_data_dir (), 0700), ==, 0);
  g_assert_true (g_file_set_contents (path, content, -1, NULL));
  sfumato_local_page_add (f->page, (const char *[]) { path, NULL });
}

static GtkWidget *
find (GtkWidget  *widget,
      GType       type,
      const char *label)
{
  GtkWidget *found = NULL;

  if (g_type_is_a (G_OBJECT_TYPE (widget), type) &&
      (label == NULL || g_strcmp0 (gtk_button_get_label (GTK_BUTTON (widget)), label) == 0))
    return widget;
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL && found == NULL;
       child = gtk_widget_get_next_sibling (child))
    found = find (child, type, label);
  return found;
}

static GtkWidget *
find_row (Fixture *f)
{
  return find (GTK_WIDGET (f->page), SFUMATO_TYPE_MODEL_ROW, NULL);
}

static gboolean
has_row (gpointer data)
{
  Fixture *f = data;

  return find_row (f) != NULL;
}

static gboolean
has_dialog (gpointer data)
{
  Fixture *f = data;

  return ADW_IS_ALERT_DIALOG (adw_window_get_visible_dialog (f->window));
}

static AdwAlertDialog *
wait_for_dialog (Fixture    *f,
                 const char *heading)
{
  AdwAlertDialog *dialog;

  sample_wait (has_dialog, f);
  dialog = ADW_ALERT_DIALOG (adw_window_get_visible_dialog (f->window));
  g_assert_cmpstr (adw_alert_dialog_get_heading (dialog), ==, heading);
  return dialog;
}

static void
assert_models (Fixture    *f,
               const char *only)
{
  g_autoptr (GPtrArray) models = sfumato_local_service_list (sfumato_studio_get_local (f->studio));

  g_assert_cmpuint (models->len, ==, only != NULL ? 1 : 0);
  if (only == NULL)
    return;
  g_assert_cmpstr (((SfumatoLocalModel *) g_ptr_array_index (models, 0))->name, ==, only);
  g_assert_cmpstr (adw_preferences_row_get_title (ADW_PREFERENCES_ROW (find_row (f))), ==, only);
}

static void
test_model (Fixture       *f,
            gconstpointer  data)
{
  add_file (f, "sd3.5_medium.safetensors", "{}");
  sample_wait (has_row, f);
  assert_models (f, "SD 3.5 Medium");
}

static void
test_turbo (Fixture       *f,
            gconstpointer  data)
{
  AdwAlertDialog *dialog;

  add_file (f, "large.safetensors", "{\"variant\":\"sd3.5-large\",\"may_be_turbo\":true}");
  dialog = wait_for_dialog (f, "Is It Turbo?");
  assert_models (f, NULL);
  g_signal_emit_by_name (find (GTK_WIDGET (dialog), GTK_TYPE_BUTTON, "Large _Turbo"), "clicked");
  sample_wait (has_row, f);
  assert_models (f, "SD 3.5 Large Turbo");
}

static void
test_no_model (Fixture       *f,
               gconstpointer  data)
{
  add_file (f, "broken.safetensors", "no JSON");
  sample_wait (has_dialog, f);
  g_assert_nonnull (strstr (adw_alert_dialog_get_body (ADW_ALERT_DIALOG (adw_window_get_visible_dialog (f->window))),
                            "This file is no model."));
  assert_models (f, NULL);
}

int
main (int   argc,
      char *argv[])
{
  ScratchDir *home = scratch_make ();
  int status;

  g_setenv ("HOME", home, TRUE);
  g_setenv ("XDG_DATA_HOME", home, TRUE);
  g_setenv ("XDG_CACHE_HOME", home, TRUE);
  g_setenv ("XDG_CONFIG_HOME", home, TRUE);
  g_setenv ("SFUMATO_ENGINE", ENGINE_STAND_IN, TRUE);
  g_test_init (&argc, &argv, NULL);
  adw_init ();
  g_test_add ("/local-page/model", Fixture, NULL, set_up, test_model, tear_down);
  g_test_add ("/local-page/turbo", Fixture, NULL, set_up, test_turbo, tear_down);
  g_test_add ("/local-page/no-model", Fixture, NULL, set_up, test_no_model, tear_down);
  status = g_test_run ();
  scratch_remove (home);
  return status;
}
