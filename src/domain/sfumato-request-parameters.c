/* A request as the text "parameters" in a picture, which Stable Diffusion web UI made up and most others write and read.
 *
 * The prompt in any lines; "Negative prompt: …", likewise; at the end one line "Steps: 20, Sampler: Euler, CFG scale: 7,
 * Seed: 1, …", where a value with commas stands in quotes. Files come from anywhere: what is out of range is left out.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "domain/sfumato-request-foreign.h"

#include <inttypes.h>
#include <string.h>

#include "domain/sfumato-error.h"

static const char *
sampler_name (const SfumatoRequestFields *fields,
              const SfumatoModel         *model)
{
  for (const SfumatoSampler *sampler = model->samplers; sampler != NULL && sampler->id != NULL; sampler++)
    if (fields->sampler == NULL || g_str_equal (sampler->id, fields->sampler))
      return sampler->name;
  return fields->sampler;
}

char *
sfumato_request_to_parameters (SfumatoRequest     *self,
                               const SfumatoModel *model,
                               gint64              seed_used,
                               guint               width,
                               guint               height)
{
  const SfumatoRequestFields *fields = sfumato_request_get_fields (self);
  double guidance = fields->guidance != 0 ? fields->guidance : model->guidance_default;
  double strength = fields->strength >= 0 ? fields->strength : model->strength_default;
  const char *sampler = sampler_name (fields, model);
  char number[G_ASCII_DTOSTR_BUF_SIZE];
  GString *text = g_string_new (fields->prompt);

  if (fields->negative_prompt != NULL && model->negative_prompt)
    g_string_append_printf (text, "\nNegative prompt: %s", fields->negative_prompt);
  g_string_append_printf (text, "\nSteps: %u", fields->steps != 0 ? fields->steps : model->steps_default);
  if (sampler != NULL)
    g_string_append_printf (text, ", Sampler: %s", sampler);
  if (guidance != 0)
    g_string_append_printf (text, ", CFG scale: %s", g_ascii_formatd (number, sizeof number, "%g", guidance));
  if (seed_used >= 0)
    g_string_append_printf (text, ", Seed: %" PRId64, seed_used);
  g_string_append_printf (text, ", Size: %ux%u, Model: %s", width, height, model->name);
  if (fields->input != NULL)
    g_string_append_printf (text, ", Denoising strength: %s", g_ascii_formatd (number, sizeof number, "%g", strength));
  return g_string_free (text, FALSE);
}

/* ---- back ---- */

const char *
sfumato_foreign_sampler (const char *name)
{
  static const char * const known[][2] = {
    { "Euler", "euler" }, { "Heun", "heun" }, { "DPM++ 2M", "dpmpp-2m" }, { "dpmpp_2m", "dpmpp-2m" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (known); i++)
    if (g_str_equal (name, known[i][0]))
      return known[i][1];
  return name;
}

static gint64
read_whole (const char *text,
            gint64      max)
{
  char *end;
  gint64 value = g_ascii_strtoll (text, &end, 10);

  return g_ascii_isdigit (*text) && *end == '\0' && value <= max ? value : -1;
}

static double
read_guidance (const char *text)
{
  char *end;
  double value = g_ascii_strtod (text, &end);

  return end > text && *end == '\0' && value > 0 && value <= SFUMATO_FOREIGN_GUIDANCE_MAX ? value : 0;
}

static void
take_setting (SfumatoRequestFields *fields,
              const char           *name,
              const char           *value,
              gint64               *seed)
{
  if (g_str_equal (name, "Steps"))
    fields->steps = MAX (read_whole (value, SFUMATO_FOREIGN_STEPS_MAX), 0);
  else if (g_str_equal (name, "Sampler"))
    fields->sampler = sfumato_foreign_sampler (value);
  else if (g_str_equal (name, "CFG scale"))
    fields->guidance = read_guidance (value);
  else if (g_str_equal (name, "Seed"))
    *seed = read_whole (value, G_MAXINT64 - 1);
}

/* Ends where the next setting begins: at a comma that is not in quotes. */
static char *
end_of_setting (char *at)
{
  gboolean quoted = FALSE;

  for (; *at != '\0' && (quoted || *at != ','); at++)
    if (*at == '\\' && at[1] != '\0')
      at++;
    else if (*at == '"')
      quoted = !quoted;
  return at;
}

/* The texts of fields point into line. */
static void
take_settings (SfumatoRequestFields *fields,
               char                 *line,
               gint64               *seed)
{
  for (char *next; *line != '\0'; line = next)
    {
      char *end = end_of_setting (line), *colon;

      next = *end == ',' ? end + 1 : end;
      *end = '\0';
      colon = strchr (line, ':');
      if (colon == NULL)
        continue;
      *colon = '\0';
      take_setting (fields, g_strstrip (line), g_strstrip (colon + 1), seed);
    }
}

/* Cuts text before the last or first line that begins like this. */
static char *
cut_line (char       *text,
          const char *begin,
          gboolean    last)
{
  char *line = last ? g_strrstr (text, begin) : strstr (text, begin);

  if (line == NULL)
    return NULL;
  *line = '\0';
  return line + strlen (begin);
}

SfumatoRequest *
sfumato_request_from_parameters (const char *parameters,
                                 gint64     *seed_used)
{
  g_autofree char *clean = sfumato_clean_text (parameters, -1, SFUMATO_FOREIGN_TEXT_MAX);
  g_autofree char *text = g_strconcat ("\n", clean, NULL);
  char *settings = cut_line (text, "\nSteps: ", TRUE), *negative = cut_line (text, "\nNegative prompt:", FALSE);
  g_autofree char *line = g_strconcat ("Steps: ", settings, NULL);
  SfumatoRequestFields fields = {
    .prompt = g_strstrip (text), .negative_prompt = negative != NULL ? g_strstrip (negative) : NULL, .strength = -1,
  };

  *seed_used = -1;
  if (settings != NULL)
    take_settings (&fields, line, seed_used);
  return sfumato_request_new (&fields);
}
