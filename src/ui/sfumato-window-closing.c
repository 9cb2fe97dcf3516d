/* Closing the window: not while something would be lost without a word.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include <glib/gi18n-lib.h>

#include "ui/sfumato-window-private.h"

/* price: of all that run. */
static guint
count_running (SfumatoWindow *self,
               int           *price)
{
  GListModel *queue = G_LIST_MODEL (sfumato_studio_get_queue (self->studio));
  guint n = 0;

  *price = 0;

  for (guint i = 0; i < g_list_model_get_n_items (queue); i++)
    {
      g_autoptr (SfumatoJob) job = g_list_model_get_item (queue, i);

      if (sfumato_job_get_state (job) != SFUMATO_JOB_RUNNING)
        continue;
      *price += sfumato_job_get_price (job);
      n++;
    }
  return n;
}

void
_sfumato_window_close_when_idle (SfumatoWindow *self)
{
  if (self->waits_to_close && sfumato_queue_get_active (sfumato_studio_get_queue (self->studio)) == 0)
    gtk_window_destroy (GTK_WINDOW (self));
}

static void
close_answered_cb (GObject      *source,
                   GAsyncResult *result,
                   gpointer      user_data)
{
  g_autoptr (SfumatoWindow) self = user_data;
  const char *answer = adw_alert_dialog_choose_finish (ADW_ALERT_DIALOG (source), result);

  self->asks_to_close = FALSE;
  if (g_str_equal (answer, "close"))
    gtk_window_destroy (GTK_WINDOW (self));
  else if (g_str_equal (answer, "finish"))
    {
      self->waits_to_close = TRUE;
      gtk_widget_set_visible (GTK_WIDGET (self), FALSE);
      _sfumato_window_close_when_idle (self);
    }
}

static char *
describe_close (guint running,
                int   price)
{
  if (price == 0)
    return g_strdup_printf (ngettext ("%u picture is being made. It is begun anew the next time, with what is waiting.",
                                      "%u pictures are being made. They are begun anew the next time, with what is "
                                      "waiting.", running), running);
  return g_strdup_printf (ngettext ("%u picture is being made. What has been sent may be charged although the "
                                    "picture does not arrive. What is waiting is kept for the next time.",
                                    "%u pictures are being made. What has been sent may be charged although the "
                                    "pictures do not arrive. What is waiting is kept for the next time.", running),
                          running);
}

static void
ask_to_close (SfumatoWindow *self,
              guint          running,
              int            price)
{
  g_autofree char *body = describe_close (running, price);
  /* Short: libadwaita 1.7 warns of a heading that does not fit on one line of a narrow alert. */
  AdwAlertDialog *alert = ADW_ALERT_DIALOG (adw_alert_dialog_new (_("Close Sfumato?"), NULL));

  self->asks_to_close = TRUE;
  adw_alert_dialog_set_body (alert, body);
  adw_alert_dialog_add_responses (alert, "cancel", _("_Keep Open"), "finish", _("_Finish in the Background"),
                                  "close", _("_Close Now"), NULL);
  adw_alert_dialog_set_response_appearance (alert, "close", ADW_RESPONSE_DESTRUCTIVE);
  adw_alert_dialog_set_default_response (alert, "cancel");
  adw_alert_dialog_set_close_response (alert, "cancel");
  adw_alert_dialog_choose (alert, GTK_WIDGET (self), NULL, close_answered_cb, g_object_ref (self));
}

gboolean
_sfumato_window_may_close (SfumatoWindow *self)
{
  int price;
  guint running = count_running (self, &price);

  if (running > 0 && !self->asks_to_close)
    ask_to_close (self, running, price);
  return running == 0;
}

void
sfumato_window_quit (SfumatoWindow *self)
{
  g_return_if_fail (SFUMATO_IS_WINDOW (self));

  /* Not gtk_window_close(), which closes an open dialog first. */
  if (_sfumato_window_may_close (self))
    gtk_window_destroy (GTK_WINDOW (self));
}
