/* Awake while a picture is on its way: see the header.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "ui/queue/sfumato-awake.h"

#include <glib/gi18n-lib.h>

#include "ui/queue/sfumato-job-words.h"

typedef struct
{
  GtkApplication *application; /* not owned */
  guint           cookie;      /* 0: the computer may sleep, or cannot be asked not to */
} Awake;

static void
active_changed_cb (SfumatoQueue *queue,
                   GParamSpec   *pspec,
                   gpointer      user_data)
{
  Awake *awake = user_data;
  SfumatoQueueSummary summary;

  sfumato_queue_summarize (queue, &summary);
  if (summary.running > 0 && awake->cookie == 0)
    awake->cookie = gtk_application_inhibit (awake->application,
                                             gtk_application_get_active_window (awake->application),
                                             GTK_APPLICATION_INHIBIT_SUSPEND, _("A picture is being made"));
  else if (summary.running == 0 && awake->cookie != 0)
    {
      gtk_application_uninhibit (awake->application, awake->cookie);
      awake->cookie = 0;
    }
}

static void
awake_free (gpointer  data,
            GClosure *closure)
{
  g_free (data);
}

void
sfumato_awake_follow (GtkApplication *application,
                      SfumatoQueue   *queue)
{
  Awake *awake = g_new0 (Awake, 1);

  awake->application = application;
  g_signal_connect_data (queue, "notify::active", G_CALLBACK (active_changed_cb), awake, awake_free, 0);
}
