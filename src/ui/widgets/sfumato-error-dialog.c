/* Says an error.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "ui/widgets/sfumato-error-dialog.h"

#include "domain/sfumato-error.h"

static void
response_cb (AdwAlertDialog *dialog,
             const char     *response,
             const char     *details)
{
  if (g_str_equal (response, "details"))
    gdk_clipboard_set_text (gtk_widget_get_clipboard (GTK_WIDGET (dialog)), details);
}

static void
free_details (gpointer  details,
              GClosure *closure)
{
  g_free (details);
}

void
sfumato_error_dialog_present (GtkWidget    *parent,
                              const GError *error)
{
  g_autoptr (GtkBuilder) builder = gtk_builder_new_from_resource (SFUMATO_RESOURCES "sfumato-error-dialog.ui");
  AdwAlertDialog *dialog = ADW_ALERT_DIALOG (gtk_builder_get_object (builder, "dialog"));
  const char *details = sfumato_error_get_details (error);

  adw_alert_dialog_set_heading (dialog, sfumato_error_get_title (error));
  adw_alert_dialog_set_body (dialog, error->message);
  if (!details || !*details)
    adw_alert_dialog_remove_response (dialog, "details");
  g_signal_connect_data (dialog, "response", G_CALLBACK (response_cb), g_strdup (details), free_details, 0);
  adw_dialog_present (ADW_DIALOG (dialog), parent);
}
