/* What the files of the form share: sfumato-form.c is the object and its properties, sfumato-form-request.c what is
 * asked for with it, sfumato-form-faults.c what is wrong with it.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include "ui/create/sfumato-form.h"

G_BEGIN_DECLS

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
  char          *sampler;         /* owned */
  char          *size;            /* owned */
  char          *seed;            /* owned */
  int            count;
  double         guidance;
  int            steps;
  double         strength;
  SfumatoInput  *input;           /* owned, nullable */
  gboolean       key_missing;
  gint64         last_seed;       /* -1: none yet */
  GStrv          refused;         /* owned, nullable: fields that the service found fault with */
};

/* sfumato-form-faults.c: a field that is changed is not at fault any more. */
void _sfumato_form_forgive (SfumatoForm *self,
                            GParamSpec  *changed);

/* What would be asked for, with what the model does not take left out. Borrowed from the form. */
void _sfumato_form_fill_fields (SfumatoForm          *self,
                                SfumatoRequestFields *fields);

G_END_DECLS
