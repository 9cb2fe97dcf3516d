/* What the two files of the form share: sfumato-form.c is the object and its properties, sfumato-form-request.c what
 * is asked for with it.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include "ui/sfumato-form.h"

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
  char          *seed;            /* owned */
  int            count;
  double         guidance;
  double         strength;
  SfumatoInput  *input;           /* owned, nullable */
  gboolean       key_missing;
  gint64         last_seed;       /* -1: none yet */
};

G_END_DECLS
