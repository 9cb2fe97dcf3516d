/* Controls that are at fault.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "ui/create/sfumato-fault.h"

static gboolean
is_at_fault (const SfumatoFault *control,
             GStrv               faults)
{
  return g_strv_contains ((const char * const *) faults, control->field);
}

static void
mark (GtkWidget *widget,
      gboolean   at_fault)
{
  if (gtk_widget_has_css_class (widget, "error") == at_fault)
    return;
  if (at_fault)
    gtk_widget_add_css_class (widget, "error");
  else
    gtk_widget_remove_css_class (widget, "error");
  gtk_accessible_update_state (GTK_ACCESSIBLE (widget), GTK_ACCESSIBLE_STATE_INVALID,
                               at_fault ? GTK_ACCESSIBLE_INVALID_TRUE : GTK_ACCESSIBLE_INVALID_FALSE, -1);
}

void
sfumato_fault_mark (const SfumatoFault *controls,
                    guint               n_controls,
                    GStrv               faults)
{
  for (guint i = 0; i < n_controls; i++)
    mark (controls[i].widget, is_at_fault (&controls[i], faults));
}

static void
uncover (GtkWidget *widget)
{
  GtkWidget *expander = gtk_widget_get_ancestor (widget, ADW_TYPE_EXPANDER_ROW);

  if (expander != NULL)
    adw_expander_row_set_expanded (ADW_EXPANDER_ROW (expander), TRUE);
}

gboolean
sfumato_fault_focus (const SfumatoFault *controls,
                     guint               n_controls,
                     GStrv               faults)
{
  for (guint i = 0; i < n_controls; i++)
    {
      GtkWidget *widget = controls[i].widget;

      if (!is_at_fault (&controls[i], faults) || !gtk_widget_is_visible (widget))
        continue;
      uncover (widget);
      return gtk_widget_grab_focus (widget) || gtk_widget_child_focus (widget, GTK_DIR_TAB_FORWARD);
    }
  return FALSE;
}
