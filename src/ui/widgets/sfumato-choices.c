/* What there is to choose from.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "ui/widgets/sfumato-choices.h"

#include <glib/gi18n-lib.h>

static void
add (GListStore *list,
     const char *id,
     const char *name,
     const char *detail,
     const char *value)
{
  g_autoptr (SfumatoChoice) choice = sfumato_choice_new (id, name, detail, value);

  g_list_store_append (list, choice);
}

void
sfumato_choices_fill_services (GListStore *list,
                               GListModel *services)
{
  g_list_store_remove_all (list);
  for (guint i = 0; i < g_list_model_get_n_items (services); i++)
    {
      g_autoptr (SfumatoService) service = g_list_model_get_item (services, i);

      add (list, sfumato_service_get_id (service), sfumato_service_get_name (service), NULL, NULL);
    }
}

void
sfumato_choices_fill_models (GListStore         *list,
                             const SfumatoModel *models)
{
  g_list_store_remove_all (list);
  for (const SfumatoModel *model = models; model->id != NULL; model++)
    {
      g_autofree char *price = sfumato_price_format (model->price);

      add (list, model->id, model->name, _(model->summary), price);
    }
}

void
sfumato_choices_fill_shapes (GListStore         *list,
                             const SfumatoModel *model)
{
  const char * const *ratios = model->aspect_ratios;

  g_list_store_remove_all (list);
  for (guint i = 0; ratios != NULL && ratios[i] != NULL; i++)
    {
      const SfumatoAspect *aspect = sfumato_aspect_find (ratios[i]);

      add (list, ratios[i], aspect != NULL ? _(aspect->name) : ratios[i], NULL, NULL);
    }
}

/* How many pixels that is, in words a person knows from cameras. */
static char *
describe_size (guint side)
{
  /* Translators: a picture's number of pixels, in millions */
  return g_strdup_printf (_("%.1f megapixels"), side / 1e6 * side);
}

void
sfumato_choices_fill_sizes (GListStore         *list,
                            const SfumatoModel *model)
{
  g_list_store_remove_all (list);
  for (const guint *size = model->sizes; size != NULL && *size != 0; size++)
    {
      g_autofree char *id = g_strdup_printf ("%u", *size);
      g_autofree char *detail = describe_size (*size);

      add (list, id, id, detail, NULL);
    }
}

void
sfumato_choices_fill_samplers (GListStore         *list,
                               const SfumatoModel *model)
{
  g_list_store_remove_all (list);
  for (const SfumatoSampler *sampler = model->samplers; sampler != NULL && sampler->id != NULL; sampler++)
    add (list, sampler->id, sampler->name, NULL, NULL);
}

void
sfumato_choices_fill_styles (GListStore         *list,
                             const SfumatoModel *model)
{
  g_list_store_remove_all (list);
  add (list, "", C_("style", "None"), NULL, NULL);
  for (const SfumatoStyle *style = model->styles; style != NULL && style->id != NULL; style++)
    add (list, style->id, _(style->name), NULL, NULL);
}

void
sfumato_choices_fill_formats (GListStore         *list,
                              const SfumatoModel *model)
{
  const char * const *formats = model->formats;

  g_list_store_remove_all (list);
  for (guint i = 0; formats != NULL && formats[i] != NULL; i++)
    {
      g_autofree char *name = g_ascii_strup (formats[i], -1);

      add (list, formats[i], name, NULL, NULL);
    }
}

void
sfumato_choices_select (AdwComboRow *row,
                        const char  *id)
{
  GListModel *choices = adw_combo_row_get_model (row);
  guint position = 0;

  for (guint i = 0; i < g_list_model_get_n_items (choices); i++)
    {
      g_autoptr (SfumatoChoice) choice = g_list_model_get_item (choices, i);

      if (g_strcmp0 (sfumato_choice_get_id (choice), id) == 0)
        position = i;
    }
  adw_combo_row_set_selected (row, position);
}
