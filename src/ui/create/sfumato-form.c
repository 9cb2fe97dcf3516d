/* The unfinished request.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "ui/create/sfumato-form-private.h"

G_DEFINE_FINAL_TYPE (SfumatoForm, sfumato_form, G_TYPE_OBJECT)

enum
{
  PROP_0,
  PROP_SERVICE,
  PROP_MODEL,
  PROP_PROMPT,
  PROP_NEGATIVE_PROMPT,
  PROP_ASPECT_RATIO,
  PROP_STYLE,
  PROP_FORMAT,
  PROP_SAMPLER,
  PROP_SIZE,
  PROP_SEED,
  PROP_COUNT,
  PROP_GUIDANCE,
  PROP_STEPS,
  PROP_STRENGTH,
  PROP_KEY_MISSING,
  PROP_INPUT,
  PROP_FAULTS,
  N_PROPS,
};

static GParamSpec *properties[N_PROPS];

static char **
find_string (SfumatoForm *self,
             guint        id)
{
  switch (id)
    {
    case PROP_SERVICE: return &self->service;
    case PROP_MODEL: return &self->model;
    case PROP_PROMPT: return &self->prompt;
    case PROP_NEGATIVE_PROMPT: return &self->negative_prompt;
    case PROP_ASPECT_RATIO: return &self->aspect_ratio;
    case PROP_STYLE: return &self->style;
    case PROP_FORMAT: return &self->format;
    case PROP_SAMPLER: return &self->sampler;
    case PROP_SIZE: return &self->size;
    case PROP_SEED: return &self->seed;
    default: return NULL;
    }
}

static void
set_string (SfumatoForm *self,
            guint        id,
            const char  *text)
{
  if (g_set_str (find_string (self, id), text != NULL ? text : ""))
    g_object_notify_by_pspec (G_OBJECT (self), properties[id]);
}

static void
set_double (SfumatoForm *self,
            guint        id,
            double      *field,
            double       value)
{
  if (*field == value)
    return;
  *field = value;
  g_object_notify_by_pspec (G_OBJECT (self), properties[id]);
}

static void
sfumato_form_get_property (GObject    *object,
                           guint       id,
                           GValue     *value,
                           GParamSpec *pspec)
{
  SfumatoForm *self = SFUMATO_FORM (object);

  switch (id)
    {
    case PROP_COUNT: g_value_set_int (value, self->count); break;
    case PROP_STEPS: g_value_set_int (value, self->steps); break;
    case PROP_GUIDANCE: g_value_set_double (value, self->guidance); break;
    case PROP_STRENGTH: g_value_set_double (value, self->strength); break;
    case PROP_KEY_MISSING: g_value_set_boolean (value, self->key_missing); break;
    case PROP_INPUT: g_value_set_pointer (value, self->input); break;
    case PROP_FAULTS: g_value_set_boxed (value, self->refused); break;
    default:
      if (find_string (self, id) != NULL)
        g_value_set_string (value, *find_string (self, id));
      else
        G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
set_int (SfumatoForm *self,
         guint        id,
         int         *field,
         int          value)
{
  if (*field == value)
    return;
  *field = value;
  g_object_notify_by_pspec (G_OBJECT (self), properties[id]);
}

static void
set_key_missing (SfumatoForm *self,
                 gboolean     key_missing)
{
  if (self->key_missing == key_missing)
    return;
  self->key_missing = key_missing;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_KEY_MISSING]);
}

static void
sfumato_form_set_property (GObject      *object,
                           guint         id,
                           const GValue *value,
                           GParamSpec   *pspec)
{
  SfumatoForm *self = SFUMATO_FORM (object);

  switch (id)
    {
    case PROP_COUNT: set_int (self, id, &self->count, g_value_get_int (value)); break;
    case PROP_STEPS: set_int (self, id, &self->steps, g_value_get_int (value)); break;
    case PROP_GUIDANCE: set_double (self, id, &self->guidance, g_value_get_double (value)); break;
    case PROP_STRENGTH: set_double (self, id, &self->strength, g_value_get_double (value)); break;
    case PROP_KEY_MISSING: set_key_missing (self, g_value_get_boolean (value)); break;
    default:
      if (find_string (self, id) != NULL)
        set_string (self, id, g_value_get_string (value));
      else
        G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
sfumato_form_notify (GObject    *object,
                     GParamSpec *pspec)
{
  _sfumato_form_forgive (SFUMATO_FORM (object), pspec);
}

static void
sfumato_form_finalize (GObject *object)
{
  SfumatoForm *self = SFUMATO_FORM (object);

  for (guint id = PROP_SERVICE; id <= PROP_SEED; id++)
    g_free (*find_string (self, id));
  g_clear_pointer (&self->input, sfumato_input_unref);
  g_clear_pointer (&self->refused, g_strfreev);
  g_clear_object (&self->studio);

  G_OBJECT_CLASS (sfumato_form_parent_class)->finalize (object);
}

static void
sfumato_form_class_init (SfumatoFormClass *klass)
{
  static const char * const strings[] = {
    [PROP_SERVICE] = "service",
    [PROP_MODEL] = "model",
    [PROP_PROMPT] = "prompt",
    [PROP_NEGATIVE_PROMPT] = "negative-prompt",
    [PROP_ASPECT_RATIO] = "aspect-ratio",
    [PROP_STYLE] = "style",
    [PROP_FORMAT] = "format",
    [PROP_SAMPLER] = "sampler",
    [PROP_SIZE] = "size",
    [PROP_SEED] = "seed",
  };
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = sfumato_form_get_property;
  object_class->set_property = sfumato_form_set_property;
  object_class->notify = sfumato_form_notify;
  object_class->finalize = sfumato_form_finalize;

  for (guint id = PROP_SERVICE; id <= PROP_SEED; id++)
    properties[id] = g_param_spec_string (strings[id], NULL, NULL, "", flags);
  properties[PROP_COUNT] = g_param_spec_int ("count", NULL, NULL, 1, SFUMATO_COUNT_MAX, 1, flags);
  properties[PROP_GUIDANCE] = g_param_spec_double ("guidance", NULL, NULL, 0, G_MAXDOUBLE, 0, flags);
  properties[PROP_STEPS] = g_param_spec_int ("steps", NULL, NULL, 0, G_MAXINT, 0, flags);
  properties[PROP_STRENGTH] = g_param_spec_double ("strength", NULL, NULL, -1, 1, -1, flags);
  properties[PROP_KEY_MISSING] = g_param_spec_boolean ("key-missing", NULL, NULL, FALSE, flags);
  properties[PROP_INPUT] = g_param_spec_pointer ("input", NULL, NULL, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  properties[PROP_FAULTS] = g_param_spec_boxed ("faults", NULL, NULL, G_TYPE_STRV,
                                                G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
sfumato_form_init (SfumatoForm *self)
{
  for (guint id = PROP_SERVICE; id <= PROP_SEED; id++)
    *find_string (self, id) = g_strdup ("");
  self->count = 1;
  self->strength = -1;
  self->last_seed = -1;
}

static void
models_changed_cb (SfumatoForm *self)
{
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_MODEL]);
}

SfumatoForm *
sfumato_form_new (SfumatoStudio *studio)
{
  SfumatoForm *self = g_object_new (SFUMATO_TYPE_FORM, NULL);

  self->studio = g_object_ref (studio);
  g_signal_connect_object (sfumato_studio_get_local (studio), "models-changed", G_CALLBACK (models_changed_cb), self,
                           G_CONNECT_SWAPPED);
  return self;
}

SfumatoStudio *
sfumato_form_get_studio (SfumatoForm *self)
{
  g_return_val_if_fail (SFUMATO_IS_FORM (self), NULL);

  return self->studio;
}

SfumatoService *
sfumato_form_dup_service (SfumatoForm *self)
{
  SfumatoService *chosen;

  g_return_val_if_fail (SFUMATO_IS_FORM (self), NULL);

  chosen = sfumato_studio_find_service (self->studio, self->service);
  return chosen != NULL ? chosen : g_list_model_get_item (sfumato_studio_get_services (self->studio), 0);
}

const SfumatoModel *
sfumato_form_get_model (SfumatoForm *self)
{
  g_autoptr (SfumatoService) service = NULL;
  const SfumatoModel *model;

  g_return_val_if_fail (SFUMATO_IS_FORM (self), NULL);

  service = sfumato_form_dup_service (self);
  model = sfumato_service_find_model (service, self->model);
  return model != NULL ? model : sfumato_service_get_models (service);
}

SfumatoInput *
sfumato_form_get_input (SfumatoForm *self)
{
  g_return_val_if_fail (SFUMATO_IS_FORM (self), NULL);

  return self->input;
}

void
sfumato_form_set_input (SfumatoForm  *self,
                        SfumatoInput *input)
{
  g_return_if_fail (SFUMATO_IS_FORM (self));

  if (self->input == input)
    return;
  g_clear_pointer (&self->input, sfumato_input_unref);
  self->input = input != NULL ? sfumato_input_ref (input) : NULL;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_INPUT]);
}

gboolean
sfumato_form_uses_input (SfumatoForm *self)
{
  return self->input != NULL && sfumato_form_get_model (self)->input_picture;
}

double
sfumato_form_get_strength (SfumatoForm *self)
{
  return self->strength < 0 ? sfumato_form_get_model (self)->strength_default : self->strength;
}

double
sfumato_form_get_guidance (SfumatoForm *self)
{
  const SfumatoModel *model = sfumato_form_get_model (self);

  if (model->guidance_max == 0)
    return 0;
  return self->guidance == 0 ? model->guidance_default : CLAMP (self->guidance, model->guidance_min, model->guidance_max);
}

guint
sfumato_form_get_steps (SfumatoForm *self)
{
  const SfumatoModel *model = sfumato_form_get_model (self);

  if (model->steps_max == 0)
    return 0;
  return self->steps == 0 ? model->steps_default : CLAMP ((guint) self->steps, model->steps_min, model->steps_max);
}

gboolean
sfumato_form_get_pixels (SfumatoForm *self,
                         guint       *width,
                         guint       *height)
{
  SfumatoRequestFields fields;
  g_autoptr (SfumatoRequest) request = NULL;

  g_return_val_if_fail (SFUMATO_IS_FORM (self), FALSE);

  _sfumato_form_fill_fields (self, &fields);
  request = sfumato_request_new (&fields);
  return sfumato_request_compute_size (request, sfumato_form_get_model (self), width, height);
}

static void
set_seed (SfumatoForm *self,
          gint64       seed)
{
  g_autofree char *text = g_strdup_printf ("%" G_GINT64_FORMAT, seed);

  set_string (self, PROP_SEED, text);
}

void
sfumato_form_roll_seed (SfumatoForm *self)
{
  gint64 most;

  g_return_if_fail (SFUMATO_IS_FORM (self));

  most = MAX (sfumato_form_get_model (self)->seed_max, 1);
  set_seed (self, 1 + g_random_int () % most);
}

void
sfumato_form_set_last_seed (SfumatoForm *self,
                            gint64       seed)
{
  g_return_if_fail (SFUMATO_IS_FORM (self));

  self->last_seed = seed;
}

void
sfumato_form_keep_seed (SfumatoForm *self,
                        gboolean     keep)
{
  g_return_if_fail (SFUMATO_IS_FORM (self));

  if (!keep)
    set_string (self, PROP_SEED, "");
  else if (*self->seed != '\0')
    return;
  else if (self->last_seed > 0)
    set_seed (self, self->last_seed);
  else
    sfumato_form_roll_seed (self);
}
