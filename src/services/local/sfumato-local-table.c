/* What each installed model can do, in the words of the house. A table never changes: another list makes another one.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "services/local/sfumato-local-private.h"

#include <glib/gi18n-lib.h>

#define PROMPT_MAX       10000
#define SEED_MAX         (G_MAXINT64 - 1)
#define GUIDANCE_MAX     20
#define STEPS_MAX        100
#define STRENGTH_DEFAULT 0.6
#define INPUT_SIDE_MIN   16
/* Stability-AI/stable-diffusion-3.5-large-turbo, model card: four steps, and no guidance, which is 1 here. */
#define TURBO_STEPS      4
#define TURBO_GUIDANCE   1

static const char * const aspects[] = { "1:1", "21:9", "16:9", "3:2", "5:4", "4:5", "2:3", "9:16", "9:21", NULL };
static const char * const formats[] = { "png", NULL };
/* The models are made for about a megapixel; SD 3.5 Medium goes further (its model card: up to 1440 × 1440). */
static const guint sides[] = { 512, 768, 1024, 1280, 1408 };
#define SIDE_USUAL 512
static const SfumatoSampler samplers[] = {
  { "euler", "Euler" },
  { "heun", "Heun" },
  { "dpmpp-2m", "DPM++ 2M" },
  { NULL, NULL }
};

struct _SfumatoLocalTable
{
  GPtrArray    *kept;   /* owned: the strings and lists that rows point to */
  SfumatoModel *rows;   /* owned, ended by one with a NULL id */
};

static const char *
keep (SfumatoLocalTable *self,
      const char        *text)
{
  char *copy = g_strdup (text);

  g_ptr_array_add (self->kept, copy);
  return copy;
}

/* The model's own default comes first. */
static const SfumatoSampler *
keep_samplers (SfumatoLocalTable *self,
               const char        *first)
{
  SfumatoSampler *sorted = g_new0 (SfumatoSampler, G_N_ELEMENTS (samplers));
  guint n = 0;

  for (int pass = 0; pass < 2; pass++)
    for (guint i = 0; samplers[i].id != NULL; i++)
      if ((g_strcmp0 (samplers[i].id, first) == 0) == (pass == 0))
        sorted[n++] = samplers[i];
  g_ptr_array_add (self->kept, sorted);
  return sorted;
}

static const guint *
keep_sizes (SfumatoLocalTable       *self,
            const SfumatoLocalModel *model)
{
  guint most = g_str_equal (model->variant, "sd3.5-medium") ? model->side_max : MIN (model->side_max, 1024);
  guint *sizes = g_new0 (guint, G_N_ELEMENTS (sides) + 2);
  guint n = 0;

  /* A small model knows the size it learnt from, and no other. */
  for (guint i = 0; model->side_default >= SIDE_USUAL && i < G_N_ELEMENTS (sides) && sides[i] <= most; i++)
    {
      if (sides[i] > model->side_default && (n == 0 || sizes[n - 1] < model->side_default))
        sizes[n++] = model->side_default;
      sizes[n++] = sides[i];
    }
  if (n == 0 || sizes[n - 1] < model->side_default)
    sizes[n++] = model->side_default;
  g_ptr_array_add (self->kept, sizes);
  return sizes;
}

static const char *
describe (const SfumatoLocalModel *model)
{
  if (model->vocabulary != NULL)
    return N_("Simple picture-book scenes, in a few words of English");
  if (model->turbo)
    return N_("Made in four steps");
  if (!model->t5)
    return N_("Without T5: best for short prompts");
  return N_("Follows long prompts");
}

static void
fill_row (SfumatoLocalTable       *self,
          const SfumatoLocalModel *model,
          SfumatoModel            *row)
{
  *row = (SfumatoModel) {
    .id = keep (self, model->id),
    .service = SFUMATO_LOCAL_ID,
    .name = keep (self, model->name),
    .summary = describe (model),
    .prompt_max = PROMPT_MAX,
    .vocabulary = model->vocabulary,
    .negative_prompt = !model->turbo,
    .aspect_ratios = aspects,
    .seed_max = SEED_MAX,
    .formats = formats,
    .guidance_min = 1,
    .guidance_max = GUIDANCE_MAX,
    .guidance_default = model->turbo ? TURBO_GUIDANCE : CLAMP (model->guidance, 1, GUIDANCE_MAX),
    .steps_min = 1,
    .steps_max = STEPS_MAX,
    .steps_default = model->turbo ? TURBO_STEPS : CLAMP (model->steps, 1, STEPS_MAX),
    .samplers = keep_samplers (self, model->sampler),
    .sizes = keep_sizes (self, model),
    .size_default = model->side_default,
    .side_max = model->side_max,
    .input_picture = model->encoder,
    .strength_default = model->encoder ? STRENGTH_DEFAULT : 0,
    .input_side_min = INPUT_SIDE_MIN,
    .input_keeps_shape = TRUE,
  };
}

SfumatoLocalTable *
sfumato_local_table_new (GPtrArray *models)
{
  SfumatoLocalTable *self = g_new0 (SfumatoLocalTable, 1);

  self->kept = g_ptr_array_new_with_free_func (g_free);
  self->rows = g_new0 (SfumatoModel, models->len + 1);
  for (guint i = 0; i < models->len; i++)
    fill_row (self, g_ptr_array_index (models, i), &self->rows[i]);
  /* The end is what a form shows while there is no model. */
  self->rows[models->len] = (SfumatoModel) { .service = SFUMATO_LOCAL_ID, .name = "", .summary = "",
                                             .prompt_max = PROMPT_MAX };
  return self;
}

void
sfumato_local_table_free (SfumatoLocalTable *self)
{
  g_ptr_array_unref (self->kept);
  g_free (self->rows);
  g_free (self);
}

const SfumatoModel *
sfumato_local_table_get (SfumatoLocalTable *self)
{
  return self->rows;
}
