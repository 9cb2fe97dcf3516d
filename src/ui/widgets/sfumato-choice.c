/* One entry of a drop-down.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "ui/widgets/sfumato-choice.h"

enum
{
  PROP_0,
  PROP_ID,
  PROP_NAME,
  PROP_DETAIL,
  PROP_VALUE,
  N_PROPS,
};

struct _SfumatoChoice
{
  GObject  parent_instance;

  char    *texts[N_PROPS]; /* owned; by property */
};

G_DEFINE_FINAL_TYPE (SfumatoChoice, sfumato_choice, G_TYPE_OBJECT)

static GParamSpec *properties[N_PROPS];

static void
sfumato_choice_get_property (GObject    *object,
                             guint       id,
                             GValue     *value,
                             GParamSpec *pspec)
{
  g_value_set_string (value, SFUMATO_CHOICE (object)->texts[id]);
}

static void
sfumato_choice_set_property (GObject      *object,
                             guint         id,
                             const GValue *value,
                             GParamSpec   *pspec)
{
  SFUMATO_CHOICE (object)->texts[id] = g_value_dup_string (value);
}

static void
sfumato_choice_finalize (GObject *object)
{
  for (guint id = PROP_ID; id < N_PROPS; id++)
    g_free (SFUMATO_CHOICE (object)->texts[id]);

  G_OBJECT_CLASS (sfumato_choice_parent_class)->finalize (object);
}

static void
sfumato_choice_class_init (SfumatoChoiceClass *klass)
{
  static const char * const names[] = {
    [PROP_ID] = "id", [PROP_NAME] = "name", [PROP_DETAIL] = "detail", [PROP_VALUE] = "value",
  };
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = sfumato_choice_get_property;
  object_class->set_property = sfumato_choice_set_property;
  object_class->finalize = sfumato_choice_finalize;

  for (guint id = PROP_ID; id < N_PROPS; id++)
    properties[id] = g_param_spec_string (names[id], NULL, NULL, NULL, G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY |
                                          G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
sfumato_choice_init (SfumatoChoice *self)
{
}

SfumatoChoice *
sfumato_choice_new (const char *id,
                    const char *name,
                    const char *detail,
                    const char *value)
{
  return g_object_new (SFUMATO_TYPE_CHOICE, "id", id, "name", name, "detail", detail, "value", value, NULL);
}

const char *
sfumato_choice_get_id (SfumatoChoice *self)
{
  g_return_val_if_fail (SFUMATO_IS_CHOICE (self), NULL);

  return self->texts[PROP_ID];
}
