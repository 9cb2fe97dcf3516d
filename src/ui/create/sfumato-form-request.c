/* What is asked for with the form.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "ui/create/sfumato-form-private.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "domain/sfumato-error.h"

static const char *
first_of (const char * const *list)
{
  return list != NULL && list[0] != NULL ? list[0] : "";
}

/* The seed as a number; FALSE where the text is none. What does not fit becomes too large for any model. */
static gboolean
parse_seed (SfumatoForm *self,
            gint64      *seed)
{
  g_autofree char *text = g_strstrip (g_strdup (self->seed));

  *seed = SFUMATO_SEED_RANDOM;
  if (*text == '\0')
    return TRUE;
  if (strspn (text, "0123456789") != strlen (text))
    return FALSE;
  if (!g_ascii_string_to_signed (text, 10, 0, G_MAXINT64, seed, NULL))
    *seed = G_MAXINT64;
  return TRUE;
}

static guint
parse_size (SfumatoForm *self)
{
  guint64 size;

  return g_ascii_string_to_unsigned (self->size, 10, 0, G_MAXINT, &size, NULL) ? size : 0;
}

static void
fill_fields (SfumatoForm          *self,
             SfumatoRequestFields *fields)
{
  const SfumatoModel *model = sfumato_form_get_model (self);

  *fields = (SfumatoRequestFields) {
    .service = model->service,
    .model = model->id,
    .prompt = self->prompt,
    .negative_prompt = self->negative_prompt,
    .aspect_ratio = self->aspect_ratio,
    .style = self->style,
    .format = self->format,
    .guidance = self->guidance,
    .steps = self->steps,
    .sampler = self->sampler,
    .size = parse_size (self),
    .count = self->count,
    .input = self->input,
    .strength = self->strength,
  };
  parse_seed (self, &fields->seed);
}

/* Drops what the model does not take, so that a picture never claims to be made with something it was not. */
static void
keep_what_counts (SfumatoForm          *self,
                  SfumatoRequestFields *fields)
{
  const SfumatoModel *model = sfumato_form_get_model (self);

  if (!model->negative_prompt || sfumato_prompt_is_blank (self->negative_prompt))
    fields->negative_prompt = NULL;
  if (!sfumato_model_has_aspect (model, self->aspect_ratio))
    fields->aspect_ratio = first_of (model->aspect_ratios);
  if (!sfumato_model_has_style (model, self->style))
    fields->style = NULL;
  if (!sfumato_model_has_format (model, self->format))
    fields->format = first_of (model->formats);
  if (!sfumato_model_has_sampler (model, self->sampler))
    fields->sampler = model->samplers != NULL ? model->samplers[0].id : NULL;
  if (!sfumato_model_has_size (model, fields->size))
    fields->size = model->size_default;
  fields->steps = sfumato_form_get_steps (self);
  fields->guidance = sfumato_form_get_guidance (self);
  if (!sfumato_form_uses_input (self))
    fields->input = NULL;
  else if (model->input_keeps_shape)
    fields->aspect_ratio = NULL;
  fields->strength = fields->input != NULL ? sfumato_form_get_strength (self) : -1;
}

void
_sfumato_form_fill_fields (SfumatoForm          *self,
                           SfumatoRequestFields *fields)
{
  fill_fields (self, fields);
  keep_what_counts (self, fields);
}

SfumatoRequest *
sfumato_form_to_draft (SfumatoForm *self)
{
  SfumatoRequestFields fields;

  g_return_val_if_fail (SFUMATO_IS_FORM (self), NULL);

  fill_fields (self, &fields);
  return sfumato_request_new (&fields);
}

static GError *
check_model (SfumatoForm *self)
{
  GError *error;

  if (sfumato_form_get_model (self)->id != NULL)
    return NULL;
  error = sfumato_error_new (SFUMATO_ERROR_INVALID, _("Model Not There"), _("There is no model yet."));
  sfumato_error_set_field (error, "model");
  return error;
}

SfumatoRequest *
sfumato_form_to_request (SfumatoForm  *self,
                         GError      **error)
{
  g_autoptr (SfumatoRequest) request = NULL;
  SfumatoRequestFields fields;
  GError *problem;

  g_return_val_if_fail (SFUMATO_IS_FORM (self), NULL);

  problem = check_model (self);
  if (problem != NULL)
    {
      g_propagate_error (error, problem);
      return NULL;
    }
  _sfumato_form_fill_fields (self, &fields);
  if (!parse_seed (self, &fields.seed))
    fields.seed = G_MAXINT64; /* not a number: refused below, with the words for the seed */
  request = sfumato_request_new (&fields);
  if (!sfumato_request_validate (request, sfumato_form_get_model (self), error))
    return NULL;
  return g_steal_pointer (&request);
}

/* Where pictures are made is a decision of its own: a draft or an old picture does not make it. */
static void
load_model (SfumatoForm                *self,
            const SfumatoRequestFields *fields)
{
  const SfumatoModel *model = sfumato_studio_find_model (self->studio, fields->service, fields->model);

  if (model != NULL && *self->service != '\0')
    g_object_set (self, "service", model->service, NULL);
  if (model != NULL)
    g_object_set (self, "model", model->id, NULL);
}

/* A guidance that is the model's own stays so when another model is chosen. */
static double
own_guidance (SfumatoForm *self,
              double       guidance)
{
  return guidance == sfumato_form_get_model (self)->guidance_default ? 0 : guidance;
}

static int
own_steps (SfumatoForm *self,
           guint        steps)
{
  return steps == sfumato_form_get_model (self)->steps_default ? 0 : MIN (steps, G_MAXINT);
}

void
sfumato_form_load (SfumatoForm    *self,
                   SfumatoRequest *request)
{
  const SfumatoRequestFields *fields = sfumato_request_get_fields (request);
  gboolean known = fields->input != NULL && fields->input->bytes != NULL;
  g_autofree char *seed = NULL;
  g_autofree char *size = fields->size > 0 ? g_strdup_printf ("%u", fields->size) : NULL;

  g_return_if_fail (SFUMATO_IS_FORM (self));

  if (!sfumato_request_is_seed_random (request))
    seed = g_strdup_printf ("%" G_GINT64_FORMAT, fields->seed);

  g_object_freeze_notify (G_OBJECT (self));
  load_model (self, fields);
  if (fields->format != NULL)
    g_object_set (self, "format", fields->format, NULL);
  g_object_set (self,
                "prompt", fields->prompt,
                "negative-prompt", fields->negative_prompt,
                "aspect-ratio", fields->aspect_ratio,
                "style", fields->style,
                "seed", seed,
                "count", CLAMP (fields->count, 1, SFUMATO_COUNT_MAX),
                "sampler", fields->sampler,
                "size", size,
                "steps", own_steps (self, fields->steps),
                "guidance", own_guidance (self, fields->guidance),
                "strength", fields->strength,
                NULL);
  sfumato_form_set_input (self, known ? fields->input : NULL);
  g_object_thaw_notify (G_OBJECT (self));
}

int
sfumato_form_get_price (SfumatoForm *self)
{
  return sfumato_form_get_model (self)->price * self->count;
}

guint
sfumato_form_get_overflow (SfumatoForm *self)
{
  glong length = g_utf8_strlen (self->prompt, -1);
  guint most = sfumato_form_get_model (self)->prompt_max;

  return length > most ? length - most : 0;
}

static char *
describe_overflow (guint overflow)
{
  return g_strdup_printf (ngettext ("The prompt is %u character too long.", "The prompt is %u characters too long.",
                                    overflow), overflow);
}

static SfumatoFormNeed
check_content (SfumatoForm  *self,
               char        **reason)
{
  g_autoptr (SfumatoRequest) request = NULL;
  g_autoptr (GError) error = NULL;
  guint overflow = sfumato_form_get_overflow (self);

  if (sfumato_prompt_is_blank (self->prompt))
    *reason = g_strdup (_("Describe a picture first."));
  else if (overflow > 0)
    *reason = describe_overflow (overflow);
  else if ((request = sfumato_form_to_request (self, &error)) == NULL)
    *reason = g_strdup (error->message);
  return *reason != NULL ? SFUMATO_FORM_NEEDS_CHANGE : SFUMATO_FORM_NEEDS_NOTHING;
}

SfumatoFormNeed
sfumato_form_get_need (SfumatoForm  *self,
                       char        **reason)
{
  g_autoptr (SfumatoService) service = NULL;
  g_autoptr (GError) error = NULL;

  g_return_val_if_fail (SFUMATO_IS_FORM (self), SFUMATO_FORM_NEEDS_NOTHING);

  *reason = NULL;
  service = sfumato_form_dup_service (self);
  if (*self->service == '\0')
    {
      *reason = g_strdup (_("Choose where pictures are made."));
      return SFUMATO_FORM_NEEDS_SERVICE;
    }
  if (self->key_missing && sfumato_service_get_needs_key (service))
    {
      /* Translators: %s is the name of a service */
      *reason = g_strdup_printf (_("%s needs a key."), sfumato_service_get_name (service));
      return SFUMATO_FORM_NEEDS_KEY;
    }
  error = check_model (self);
  if (error != NULL)
    {
      *reason = g_strdup (error->message);
      return SFUMATO_FORM_NEEDS_MODEL;
    }
  return check_content (self, reason);
}
