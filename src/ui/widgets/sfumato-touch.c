/* Fingers.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "ui/widgets/sfumato-touch.h"

gboolean
sfumato_is_touch (gpointer controller)
{
  GdkDevice *device = gtk_event_controller_get_current_event_device (controller);

  return device && gdk_device_get_source (device) == GDK_SOURCE_TOUCHSCREEN;
}
