/* The model that comes with Sfumato: data/starter-model makes it. What the engine says of it, and its words, are in a
 * file beside it, so that nothing needs to be started to know them.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "services/local/sfumato-local-private.h"

#include <glib/gi18n-lib.h>

#include "services/sfumato-json.h"

static SfumatoLocalModel *
read_starter (const char *folder,
              const char *text,
              gsize       size)
{
  g_autoptr (JsonObject) object = sfumato_json_parse (text, size);
  g_autoptr (SfumatoLocalModel) model = NULL;
  JsonArray *paths;

  if (object == NULL)
    return NULL;
  paths = json_array_new ();
  json_array_add_string_element (paths, folder);
  json_object_set_array_member (object, "paths", paths);
  json_object_set_string_member (object, "id", SFUMATO_LOCAL_STARTER_ID);
  json_object_set_string_member (object, "name", _("Starter (picture-book scenes)"));
  model = sfumato_local_model_from_json (object);
  if (model == NULL)
    return NULL;
  model->builtin = TRUE;
  model->vocabulary = sfumato_vocabulary_new (object);
  return model->vocabulary != NULL ? g_steal_pointer (&model) : NULL;
}

SfumatoLocalModel *
sfumato_local_starter_new (void)
{
  const char *chosen = DEVELOPMENT ? g_getenv ("SFUMATO_STARTER_MODEL") : NULL;
  const char *folder = chosen != NULL ? chosen : PKGDATADIR "/starter-model";
  g_autofree char *path = g_build_filename (folder, "sfumato.json", NULL);
  g_autofree char *text = NULL;
  SfumatoLocalModel *model;
  gsize size;

  if (!g_path_is_absolute (path) || !g_file_get_contents (path, &text, &size, NULL))
    return NULL;
  model = read_starter (folder, text, size);
  if (model == NULL)
    g_message ("“%s” is damaged. Install Sfumato again to have its starter model.", path);
  return model;
}
