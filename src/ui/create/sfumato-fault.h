/* Marks a control of the form that is at fault, for the eye and for a screen reader, and leads to it.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

/**
 * SfumatoFault:
 * @field: as sfumato_error_get_field() names it
 * @widget: the control of that field
 */
typedef struct
{
  const char *field;
  GtkWidget  *widget;
} SfumatoFault;

/* faults: what is wrong, as sfumato_form_dup_faults() gives it. */
void     sfumato_fault_mark  (const SfumatoFault *controls,
                              guint               n_controls,
                              GStrv               faults);
/* Gives the focus to the first control that is at fault, opening what it lies in; FALSE where none is. */
gboolean sfumato_fault_focus (const SfumatoFault *controls,
                              guint               n_controls,
                              GStrv               faults);

G_END_DECLS
