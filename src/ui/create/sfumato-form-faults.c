/* What is wrong with the form, field by field.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "ui/create/sfumato-form-private.h"

#include "domain/sfumato-error.h"

void
_sfumato_form_forgive (SfumatoForm *self,
                       GParamSpec  *changed)
{
  g_autofree char *field = g_strdelimit (g_strdup (changed->name), "-", '_');
  g_autoptr (GStrvBuilder) rest = NULL;

  if (self->refused == NULL || !g_strv_contains ((const char * const *) self->refused, field))
    return;
  rest = g_strv_builder_new ();
  for (guint i = 0; self->refused[i] != NULL; i++)
    if (!g_str_equal (self->refused[i], field))
      g_strv_builder_add (rest, self->refused[i]);
  g_strfreev (self->refused);
  self->refused = g_strv_builder_end (rest);
}

void
sfumato_form_set_refused (SfumatoForm *self,
                          const char  *fields)
{
  g_return_if_fail (SFUMATO_IS_FORM (self));

  g_clear_pointer (&self->refused, g_strfreev);
  self->refused = fields != NULL ? g_strsplit (fields, ",", -1) : NULL;
  g_object_notify (G_OBJECT (self), "faults");
}

/* An empty prompt is no fault: it is where everybody begins. */
GStrv
sfumato_form_dup_faults (SfumatoForm *self)
{
  g_autoptr (GStrvBuilder) faults = g_strv_builder_new ();
  g_autoptr (SfumatoRequest) request = NULL;
  g_autoptr (GError) error = NULL;
  const char *field;

  g_return_val_if_fail (SFUMATO_IS_FORM (self), NULL);

  if (self->refused != NULL)
    g_strv_builder_addv (faults, (const char **) self->refused);
  request = sfumato_form_to_request (self, &error);
  field = error != NULL ? sfumato_error_get_field (error) : NULL;
  if (field != NULL && (!g_str_equal (field, "prompt") || sfumato_form_get_overflow (self) > 0))
    g_strv_builder_add (faults, field);
  return g_strv_builder_end (faults);
}
