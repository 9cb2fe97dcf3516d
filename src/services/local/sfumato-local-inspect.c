/* What the person shows: which of these files are a model, and what model that is; and what the helper can compute on.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "services/local/sfumato-local-private.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "domain/sfumato-error.h"

static gboolean
is_t5_vocabulary (const char *path)
{
  g_autofree char *base = g_path_get_basename (path);

  return g_str_equal (base, "spiece.model") || g_str_equal (base, "tokenizer.json");
}

/* Beside the file, as it comes from where people get it. */
static char *
find_t5_vocabulary (const char *path)
{
  static const char * const names[] = { "spiece.model", "tokenizer.json" };
  g_autofree char *folder = g_path_get_dirname (path);

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *there = g_build_filename (folder, names[i], NULL);

      if (g_file_test (there, G_FILE_TEST_IS_REGULAR))
        return g_steal_pointer (&there);
    }
  return NULL;
}

static GError * G_GNUC_PRINTF (1, 2)
bad_paths (const char *format,
           ...)
{
  va_list args;
  GError *error;

  va_start (args, format);
  error = sfumato_error_new_valist (SFUMATO_ERROR_INVALID, _("Model Cannot Be Used"), format, args);
  va_end (args);
  sfumato_error_set_field (error, "paths");
  return error;
}

static GError *
take_paths (SfumatoLocalModel  *model,
            const char * const *paths)
{
  g_autoptr (GStrvBuilder) kept = g_strv_builder_new ();

  for (guint i = 0; paths[i] != NULL; i++)
    {
      g_autofree char *path = g_canonicalize_filename (paths[i], NULL);
      g_autofree char *shown = g_filename_display_name (path);

      if (!g_utf8_validate (path, -1, NULL))
        return bad_paths (_("“%s” has a name that is no text. Rename it, and add it again."), shown);
      if (!g_file_test (path, G_FILE_TEST_EXISTS))
        return bad_paths (_("“%s” is not there."), shown);
      if (is_t5_vocabulary (path))
        g_set_str (&model->t5_vocabulary, path);
      else
        g_strv_builder_add (kept, path);
    }
  model->paths = g_strv_builder_end (kept);
  if (model->paths[0] == NULL)
    return bad_paths (_("There is no model among these files."));
  for (guint i = 0; model->t5_vocabulary == NULL && model->paths[i] != NULL; i++)
    model->t5_vocabulary = g_file_test (model->paths[i], G_FILE_TEST_IS_DIR) ? NULL : find_t5_vocabulary (model->paths[i]);
  return NULL;
}

void
sfumato_local_name_model (SfumatoLocalModel *model)
{
  const char *variant = sfumato_local_variant_name (model->variant);

  if (variant != NULL)
    g_set_str (&model->name, variant);
}

SfumatoLocalModel *
sfumato_local_service_inspect (SfumatoLocalService  *self,
                               const char * const   *paths,
                               GCancellable         *cancellable,
                               GError              **error)
{
  g_autoptr (SfumatoLocalModel) model = sfumato_local_model_new ();
  g_autoptr (SfumatoLocalProcess) process = NULL;
  g_autofree char *base = NULL;
  GError *problem;
  char *dot;

  g_return_val_if_fail (SFUMATO_IS_LOCAL_SERVICE (self), NULL);

  problem = take_paths (model, paths);
  if (problem != NULL)
    {
      g_propagate_error (error, problem);
      return NULL;
    }
  base = g_path_get_basename (model->paths[0]);
  dot = strrchr (base, '.');
  if (dot != NULL && dot != base && !g_file_test (model->paths[0], G_FILE_TEST_IS_DIR))
    *dot = '\0';
  model->name = sfumato_clean_text (base, -1, 120);
  process = sfumato_local_keeper_start (self->keeper, error);
  if (process == NULL || !sfumato_local_talk_load (self, process, model, model, cancellable, error))
    return NULL;
  sfumato_local_name_model (model);
  return g_steal_pointer (&model);
}

GPtrArray *
sfumato_local_service_list_devices (SfumatoLocalService  *self,
                                    GCancellable         *cancellable,
                                    GError              **error)
{
  g_autoptr (GPtrArray) devices = g_ptr_array_new_with_free_func ((GDestroyNotify) sfumato_local_device_free);
  g_autoptr (SfumatoLocalProcess) process = NULL;

  g_return_val_if_fail (SFUMATO_IS_LOCAL_SERVICE (self), NULL);

  process = sfumato_local_keeper_start (self->keeper, error);
  if (process == NULL || !sfumato_local_talk_hello (self, process, cancellable, devices, error))
    return NULL;
  return g_steal_pointer (&devices);
}
