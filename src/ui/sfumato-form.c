/* The unfinished request.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "ui/sfumato-form.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "domain/sfumato-error.h"

struct _SfumatoForm
{
  GObject        parent_instance;

  SfumatoStudio *studio;          /* owned */
  char          *service;         /* owned */
  char          *model;           /* owned */
  char          *prompt;          /* owned */
  char          *negative_prompt; /* owned */
  char          *aspect_ratio;    /* owned */
  char          *style;           /* owned */
  char          *format;          /* owned */
  char          *seed;            /* owned */
  int            count;
  double         guidance;
  double         strength;
  SfumatoInput  *input;           /* owned, nullable */
  gboolean       key_missing;
  gint64         last_seed;       /* -1: none yet */
};

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
  PROP_SEED,
  PROP_COUNT,
  PROP_GUIDANCE,
  PROP_STRENGTH,
  PROP_KEY_MISSING,
  PROP_INPUT,
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

static const char *
first_of (const char * const *list)
{
  return list != NULL && list[0] != NULL ? list[0] : "";
}

static gboolean
is_blank (const char *text)
{
  for (; *text != '\0'; text = g_utf8_next_char (text))
    if (!g_unichar_isspace (g_utf8_get_char (text)))
      return FALSE;
  return TRUE;
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

  if (!model->negative_prompt || is_blank (self->negative_prompt))
    fields->negative_prompt = NULL;
  if (!sfumato_model_has_aspect (model, self->aspect_ratio))
    fields->aspect_ratio = first_of (model->aspect_ratios);
  if (!sfumato_model_has_style (model, self->style))
    fields->style = NULL;
  if (!sfumato_model_has_format (model, self->format))
    fields->format = first_of (model->formats);
  fields->guidance = sfumato_form_get_guidance (self);
  if (!sfumato_form_uses_input (self))
    fields->input = NULL;
  else if (model->input_keeps_shape)
    fields->aspect_ratio = NULL;
  fields->strength = fields->input != NULL ? sfumato_form_get_strength (self) : -1;
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
    case PROP_GUIDANCE: g_value_set_double (value, self->guidance); break;
    case PROP_STRENGTH: g_value_set_double (value, self->strength); break;
    case PROP_KEY_MISSING: g_value_set_boolean (value, self->key_missing); break;
    case PROP_INPUT: g_value_set_pointer (value, self->input); break;
    default:
      if (find_string (self, id) != NULL)
        g_value_set_string (value, *find_string (self, id));
      else
        G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
set_count (SfumatoForm *self,
           int          count)
{
  if (self->count == count)
    return;
  self->count = count;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_COUNT]);
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
    case PROP_COUNT: set_count (self, g_value_get_int (value)); break;
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
sfumato_form_finalize (GObject *object)
{
  SfumatoForm *self = SFUMATO_FORM (object);

  for (guint id = PROP_SERVICE; id <= PROP_SEED; id++)
    g_free (*find_string (self, id));
  g_clear_pointer (&self->input, sfumato_input_unref);
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
    [PROP_SEED] = "seed",
  };
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = sfumato_form_get_property;
  object_class->set_property = sfumato_form_set_property;
  object_class->finalize = sfumato_form_finalize;

  for (guint id = PROP_SERVICE; id <= PROP_SEED; id++)
    properties[id] = g_param_spec_string (strings[id], NULL, NULL, "", flags);
  properties[PROP_COUNT] = g_param_spec_int ("count", NULL, NULL, 1, SFUMATO_COUNT_MAX, 1, flags);
  properties[PROP_GUIDANCE] = g_param_spec_double ("guidance", NULL, NULL, 0, G_MAXDOUBLE, 0, flags);
  properties[PROP_STRENGTH] = g_param_spec_double ("strength", NULL, NULL, -1, 1, -1, flags);
  properties[PROP_KEY_MISSING] = g_param_spec_boolean ("key-missing", NULL, NULL, FALSE, flags);
  properties[PROP_INPUT] = g_param_spec_pointer ("input", NULL, NULL, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
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

SfumatoForm *
sfumato_form_new (SfumatoStudio *studio)
{
  SfumatoForm *self = g_object_new (SFUMATO_TYPE_FORM, NULL);

  self->studio = g_object_ref (studio);
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

SfumatoRequest *
sfumato_form_to_draft (SfumatoForm *self)
{
  SfumatoRequestFields fields;

  g_return_val_if_fail (SFUMATO_IS_FORM (self), NULL);

  fill_fields (self, &fields);
  return sfumato_request_new (&fields);
}

SfumatoRequest *
sfumato_form_to_request (SfumatoForm  *self,
                         GError      **error)
{
  g_autoptr (SfumatoRequest) request = NULL;
  SfumatoRequestFields fields;

  g_return_val_if_fail (SFUMATO_IS_FORM (self), NULL);

  fill_fields (self, &fields);
  keep_what_counts (self, &fields);
  if (!parse_seed (self, &fields.seed))
    fields.seed = G_MAXINT64; /* not a number: refused below, with the words for the seed */
  request = sfumato_request_new (&fields);
  if (!sfumato_request_validate (request, sfumato_form_get_model (self), error))
    return NULL;
  return g_steal_pointer (&request);
}

static void
load_model (SfumatoForm                *self,
            const SfumatoRequestFields *fields)
{
  const SfumatoModel *model = sfumato_studio_find_model (self->studio, fields->service, fields->model);

  if (model == NULL)
    return;
  /* Where pictures are made is a decision of its own: a draft or an old picture does not make it. */
  if (*self->service != '\0')
    set_string (self, PROP_SERVICE, model->service);
  set_string (self, PROP_MODEL, model->id);
}

/* A guidance that is the model's own stays so when another model is chosen. */
static double
own_guidance (SfumatoForm *self,
              double       guidance)
{
  return guidance == sfumato_form_get_model (self)->guidance_default ? 0 : guidance;
}

void
sfumato_form_load (SfumatoForm    *self,
                   SfumatoRequest *request)
{
  const SfumatoRequestFields *fields = sfumato_request_get_fields (request);
  g_autofree char *seed = NULL;

  g_return_if_fail (SFUMATO_IS_FORM (self));

  if (!sfumato_request_is_seed_random (request))
    seed = g_strdup_printf ("%" G_GINT64_FORMAT, fields->seed);

  g_object_freeze_notify (G_OBJECT (self));
  load_model (self, fields);
  set_string (self, PROP_PROMPT, fields->prompt);
  set_string (self, PROP_NEGATIVE_PROMPT, fields->negative_prompt);
  set_string (self, PROP_ASPECT_RATIO, fields->aspect_ratio);
  set_string (self, PROP_STYLE, fields->style);
  if (fields->format != NULL)
    set_string (self, PROP_FORMAT, fields->format);
  set_string (self, PROP_SEED, seed);
  set_count (self, CLAMP (fields->count, 1, SFUMATO_COUNT_MAX));
  set_double (self, PROP_GUIDANCE, &self->guidance, own_guidance (self, fields->guidance));
  set_double (self, PROP_STRENGTH, &self->strength, fields->strength);
  sfumato_form_set_input (self, fields->input != NULL && fields->input->bytes != NULL ? fields->input : NULL);
  g_object_thaw_notify (G_OBJECT (self));
}

void
sfumato_form_clear (SfumatoForm *self)
{
  const SfumatoModel *model = sfumato_form_get_model (self);
  const SfumatoRequestFields fields = { .service = model->service, .model = model->id, .strength = -1,
                                        .seed = SFUMATO_SEED_RANDOM };
  g_autoptr (SfumatoRequest) empty = sfumato_request_new (&fields);

  sfumato_form_load (self, empty);
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

  if (is_blank (self->prompt))
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
  return check_content (self, reason);
}
