/* What a person asked for.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "domain/sfumato-request.h"

#include <glib/gi18n-lib.h>
#include <inttypes.h>

#include "domain/sfumato-error.h"

struct _SfumatoRequest
{
  GObject               parent_instance;

  SfumatoRequestFields  fields;   /* its strings and input owned */
};

G_DEFINE_FINAL_TYPE (SfumatoRequest, sfumato_request, G_TYPE_OBJECT)

/* ---- the input picture ---- */

SfumatoInput *
sfumato_input_new (GBytes      *bytes,
                   const char  *name,
                   GError     **error)
{
  g_autoptr (SfumatoInput) self = NULL;
  SfumatoImageHeader header;
  gsize size;
  const guint8 *data;
  GError *problem = NULL;

  g_return_val_if_fail (bytes != NULL, NULL);

  data = g_bytes_get_data (bytes, &size);
  if (!sfumato_image_header_read (data, size, &header))
    problem = sfumato_error_new (SFUMATO_ERROR_INVALID, _("Not a Picture"),
                                 _("The reference is not a PNG, JPEG or WebP picture."));
  else if (!sfumato_image_header_is_safe (&header, size))
    problem = sfumato_error_new (SFUMATO_ERROR_INVALID, _("Picture Too Large"),
                                 _("The reference picture has %u × %u pixels; at most %u a side and %u million "
                                   "in all can be used."),
                                 header.width, header.height, SFUMATO_IMAGE_SIDE_MAX,
                                 SFUMATO_IMAGE_PIXELS_MAX / 1000000);
  else if (!header.complete)
    problem = sfumato_error_new (SFUMATO_ERROR_INVALID, _("Picture Incomplete"),
                                 _("The reference picture is damaged: its end is missing."));
  if (problem != NULL)
    {
      sfumato_error_set_field (problem, "input");
      g_propagate_error (error, problem);
      return NULL;
    }

  self = g_atomic_rc_box_new0 (SfumatoInput);
  self->bytes = g_bytes_ref (bytes);
  self->type = header.type;
  self->width = header.width;
  self->height = header.height;
  self->sha256 = g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, bytes);
  self->name = name != NULL ? sfumato_clean_text (name, -1, 120) : g_strdup ("");
  return g_steal_pointer (&self);
}

SfumatoInput *
sfumato_input_ref (SfumatoInput *input)
{
  return g_atomic_rc_box_acquire (input);
}

static void
sfumato_input_clear (gpointer data)
{
  SfumatoInput *input = data;

  g_clear_pointer (&input->bytes, g_bytes_unref);
  g_free (input->sha256);
  g_free (input->name);
}

void
sfumato_input_unref (SfumatoInput *input)
{
  g_atomic_rc_box_release_full (input, sfumato_input_clear);
}

/* ---- the request ---- */

static void
sfumato_request_finalize (GObject *object)
{
  SfumatoRequestFields *fields = &SFUMATO_REQUEST (object)->fields;

  g_free ((char *) fields->service);
  g_free ((char *) fields->model);
  g_free ((char *) fields->prompt);
  g_free ((char *) fields->negative_prompt);
  g_free ((char *) fields->aspect_ratio);
  g_free ((char *) fields->style);
  g_free ((char *) fields->format);
  g_free ((char *) fields->sampler);
  g_clear_pointer (&fields->input, sfumato_input_unref);

  G_OBJECT_CLASS (sfumato_request_parent_class)->finalize (object);
}

static void
sfumato_request_class_init (SfumatoRequestClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = sfumato_request_finalize;
}

static void
sfumato_request_init (SfumatoRequest *self)
{
}

static char *
dup_unless_empty (const char *text)
{
  return text != NULL && *text != '\0' ? g_strdup (text) : NULL;
}

SfumatoRequest *
sfumato_request_new (const SfumatoRequestFields *fields)
{
  SfumatoRequest *self;

  g_return_val_if_fail (fields != NULL, NULL);

  self = g_object_new (SFUMATO_TYPE_REQUEST, NULL);
  self->fields = *fields;
  self->fields.service = g_strdup (fields->service != NULL ? fields->service : "");
  self->fields.model = g_strdup (fields->model != NULL ? fields->model : "");
  self->fields.prompt = g_strdup (fields->prompt != NULL ? fields->prompt : "");
  self->fields.negative_prompt = dup_unless_empty (fields->negative_prompt);
  self->fields.aspect_ratio = dup_unless_empty (fields->aspect_ratio);
  self->fields.style = dup_unless_empty (fields->style);
  self->fields.format = dup_unless_empty (fields->format);
  self->fields.sampler = dup_unless_empty (fields->sampler);
  self->fields.seed = fields->seed == 0 ? SFUMATO_SEED_RANDOM : fields->seed;
  self->fields.count = fields->count == 0 ? 1 : fields->count;
  self->fields.input = fields->input != NULL ? sfumato_input_ref (fields->input) : NULL;
  return self;
}

const SfumatoRequestFields *
sfumato_request_get_fields (SfumatoRequest *self)
{
  g_return_val_if_fail (SFUMATO_IS_REQUEST (self), NULL);

  return &self->fields;
}

const char *
sfumato_request_get_prompt (SfumatoRequest *self)
{
  return sfumato_request_get_fields (self)->prompt;
}

gboolean
sfumato_request_is_seed_random (SfumatoRequest *self)
{
  return sfumato_request_get_fields (self)->seed == SFUMATO_SEED_RANDOM;
}

SfumatoRequest *
sfumato_request_with_count (SfumatoRequest *self,
                            int             count)
{
  SfumatoRequestFields fields = *sfumato_request_get_fields (self);

  fields.count = count;
  return sfumato_request_new (&fields);
}

SfumatoRequest *
sfumato_request_with_seed (SfumatoRequest *self,
                           gint64          seed)
{
  SfumatoRequestFields fields = *sfumato_request_get_fields (self);

  fields.seed = seed;
  return sfumato_request_new (&fields);
}

SfumatoRequest *
sfumato_request_with_input_bytes (SfumatoRequest  *self,
                                  GBytes          *bytes,
                                  GError         **error)
{
  SfumatoRequestFields fields = *sfumato_request_get_fields (self);
  g_autoptr (SfumatoInput) input = NULL;

  g_return_val_if_fail (fields.input != NULL, NULL);

  input = sfumato_input_new (bytes, fields.input->name, error);
  if (input == NULL)
    return NULL;
  if (g_strcmp0 (input->sha256, fields.input->sha256) != 0)
    {
      g_propagate_error (error, sfumato_error_new (SFUMATO_ERROR_STORAGE, _("Reference Changed"),
                                                   _("The reference picture is not the one this request was "
                                                     "made with.")));
      return NULL;
    }
  fields.input = input;
  return sfumato_request_new (&fields);
}

/* ---- validation ---- */

static GError * G_GNUC_PRINTF (2, 3)
invalid (const char *field,
         const char *format,
         ...)
{
  va_list args;
  GError *error;

  va_start (args, format);
  error = sfumato_error_new_valist (SFUMATO_ERROR_INVALID, _("Settings Not Accepted"), format, args);
  va_end (args);
  sfumato_error_set_field (error, field);
  return error;
}

gboolean
sfumato_prompt_is_blank (const char *text)
{
  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);
      GUnicodeType type = g_unichar_type (c);

      /* What is unassigned may be a picture of a newer Unicode. */
      if (!g_unichar_isspace (c) && type != G_UNICODE_FORMAT && type != G_UNICODE_CONTROL)
        return FALSE;
    }
  return TRUE;
}

static GError *
check_prompt (const SfumatoRequestFields *fields,
              const SfumatoModel         *model)
{
  glong length;

  if (!g_utf8_validate (fields->prompt, -1, NULL))
    return invalid ("prompt", _("The prompt is not valid UTF-8 text."));
  if (sfumato_prompt_is_blank (fields->prompt))
    return invalid ("prompt", _("Describe the picture first: the prompt is empty."));
  length = g_utf8_strlen (fields->prompt, -1);
  if (length > model->prompt_max)
    return invalid ("prompt", _("The prompt has %ld characters; %s takes at most %u."), length, model->name,
                    model->prompt_max);
  return NULL;
}

static GError *
check_negative_prompt (const SfumatoRequestFields *fields,
                       const SfumatoModel         *model)
{
  glong length;

  if (fields->negative_prompt == NULL || !model->negative_prompt)
    return NULL;
  if (!g_utf8_validate (fields->negative_prompt, -1, NULL))
    return invalid ("negative_prompt", _("The negative prompt is not valid UTF-8 text."));
  length = g_utf8_strlen (fields->negative_prompt, -1);
  if (length > model->prompt_max)
    return invalid ("negative_prompt", _("The negative prompt has %ld characters; %s takes at most %u."), length,
                    model->name, model->prompt_max);
  return NULL;
}

static GError *
check_choices (const SfumatoRequestFields *fields,
               const SfumatoModel         *model)
{
  gboolean shape_from_input = fields->input != NULL && model->input_keeps_shape;

  if (fields->aspect_ratio != NULL && !shape_from_input && !sfumato_model_has_aspect (model, fields->aspect_ratio))
    return invalid ("aspect_ratio", _("%s has no aspect ratio “%s”."), model->name, fields->aspect_ratio);
  if (fields->style != NULL && !sfumato_model_has_style (model, fields->style))
    return invalid ("style", _("%s has no style “%s”."), model->name, fields->style);
  if (fields->format != NULL && !sfumato_model_has_format (model, fields->format))
    return invalid ("format", _("%s does not give pictures as “%s”."), model->name, fields->format);
  if (fields->sampler != NULL && !sfumato_model_has_sampler (model, fields->sampler))
    return invalid ("sampler", _("%s has no sampler “%s”."), model->name, fields->sampler);
  if (fields->size != 0 && !sfumato_model_has_size (model, fields->size))
    return invalid ("size", _("%s does not make pictures of the size %u."), model->name, fields->size);
  return NULL;
}

static GError *
check_numbers (const SfumatoRequestFields *fields,
               const SfumatoModel         *model)
{
  if (fields->seed < SFUMATO_SEED_RANDOM || fields->seed > model->seed_max)
    return invalid ("seed", _("The seed must be between 0 and %" PRId64 "."), model->seed_max);
  if (fields->count < 1 || fields->count > SFUMATO_COUNT_MAX)
    return invalid ("count", _("Between 1 and %d pictures can be asked for at once."), SFUMATO_COUNT_MAX);
  if (fields->guidance == 0)
    return NULL;
  if (model->guidance_max == 0)
    return invalid ("guidance", _("%s has no guidance to set."), model->name);
  if (!(fields->guidance >= model->guidance_min && fields->guidance <= model->guidance_max))
    return invalid ("guidance", _("The guidance must be between %g and %g."), model->guidance_min,
                    model->guidance_max);
  return NULL;
}

static GError *
check_steps (const SfumatoRequestFields *fields,
             const SfumatoModel         *model)
{
  if (fields->steps == 0)
    return NULL;
  if (model->steps_max == 0)
    return invalid ("steps", _("%s has no steps to set."), model->name);
  if (fields->steps < model->steps_min || fields->steps > model->steps_max)
    return invalid ("steps", _("The steps must be between %u and %u."), model->steps_min, model->steps_max);
  return NULL;
}

static GError *
check_input (const SfumatoRequestFields *fields,
             const SfumatoModel         *model)
{
  const SfumatoInput *input = fields->input;

  if (input == NULL)
    return NULL;
  if (!model->input_picture)
    return invalid ("input", _("%s cannot start from a reference picture."), model->name);
  if (input->bytes == NULL)
    return invalid ("input", _("The reference picture is not there any more."));
  if (MIN (input->width, input->height) < model->input_side_min ||
      (model->input_side_max > 0 && MAX (input->width, input->height) > model->input_side_max))
    return invalid ("input", _("The reference picture has %u × %u pixels; each side must have between %u and %u."),
                    input->width, input->height, model->input_side_min,
                    model->input_side_max > 0 ? model->input_side_max : SFUMATO_IMAGE_SIDE_MAX);
  if ((guint64) input->width * input->height < model->input_pixels_min)
    return invalid ("input", _("The reference picture has %u × %u pixels, which is too few."), input->width,
                    input->height);
  if (!(fields->strength <= 1)) /* negative is the default; NaN is neither */
    return invalid ("strength", _("The strength must be between 0 and 1."));
  return NULL;
}

gboolean
sfumato_request_validate (SfumatoRequest      *self,
                          const SfumatoModel  *model,
                          GError             **error)
{
  static GError *(* const checks[]) (const SfumatoRequestFields *, const SfumatoModel *) = {
    check_prompt, check_negative_prompt, check_choices, check_numbers, check_steps, check_input,
  };

  g_return_val_if_fail (SFUMATO_IS_REQUEST (self), FALSE);
  g_return_val_if_fail (model != NULL, FALSE);

  for (guint i = 0; i < G_N_ELEMENTS (checks); i++)
    {
      GError *problem = checks[i] (&self->fields, model);

      if (problem != NULL)
        {
          g_propagate_error (error, problem);
          return FALSE;
        }
    }
  return TRUE;
}

/* ---- what follows from it ---- */

GStrv
sfumato_request_find_unknown (SfumatoRequest     *self,
                              const SfumatoModel *model)
{
  g_autofree char *both = NULL;

  g_return_val_if_fail (SFUMATO_IS_REQUEST (self), NULL);

  if (model->vocabulary == NULL)
    return g_new0 (char *, 1);
  both = g_strconcat (self->fields.prompt != NULL ? self->fields.prompt : "", ". ",
                      self->fields.negative_prompt != NULL ? self->fields.negative_prompt : "", NULL);
  return sfumato_vocabulary_find_unknown (model->vocabulary, both);
}

gboolean
sfumato_request_compute_size (SfumatoRequest     *self,
                              const SfumatoModel *model,
                              guint              *width,
                              guint              *height)
{
  const SfumatoRequestFields *fields = sfumato_request_get_fields (self);
  guint ratio_width, ratio_height;

  g_return_val_if_fail (model != NULL, FALSE);

  sfumato_aspect_parse (fields->aspect_ratio != NULL ? fields->aspect_ratio
                        : model->aspect_ratios != NULL ? model->aspect_ratios[0] : NULL, &ratio_width, &ratio_height);
  if (fields->input != NULL && model->input_keeps_shape)
    {
      ratio_width = fields->input->width;
      ratio_height = fields->input->height;
    }
  return sfumato_model_compute_size (model, fields->size, ratio_width, ratio_height, width, height);
}
