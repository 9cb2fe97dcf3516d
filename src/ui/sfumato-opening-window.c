/* What is shown while the gallery opens.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "ui/sfumato-opening-window.h"

#include "domain/sfumato-error.h"

struct _SfumatoOpeningWindow
{
  AdwApplicationWindow  parent_instance;

  GtkStack             *stack;
  AdwStatusPage        *failed_page;
};

G_DEFINE_FINAL_TYPE (SfumatoOpeningWindow, sfumato_opening_window, ADW_TYPE_APPLICATION_WINDOW)

static void
sfumato_opening_window_dispose (GObject *object)
{
  gtk_widget_dispose_template (GTK_WIDGET (object), SFUMATO_TYPE_OPENING_WINDOW);

  G_OBJECT_CLASS (sfumato_opening_window_parent_class)->dispose (object);
}

static void
sfumato_opening_window_class_init (SfumatoOpeningWindowClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = sfumato_opening_window_dispose;

  gtk_widget_class_set_template_from_resource (widget_class, SFUMATO_RESOURCES "sfumato-opening-window.ui");
  gtk_widget_class_bind_template_child (widget_class, SfumatoOpeningWindow, stack);
  gtk_widget_class_bind_template_child (widget_class, SfumatoOpeningWindow, failed_page);
}

static void
sfumato_opening_window_init (SfumatoOpeningWindow *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

GtkWindow *
sfumato_opening_window_new (AdwApplication *application)
{
  return g_object_new (SFUMATO_TYPE_OPENING_WINDOW, "application", application, NULL);
}

void
sfumato_opening_window_show_error (SfumatoOpeningWindow *self,
                                   const GError         *error)
{
  g_autofree char *title = g_markup_escape_text (sfumato_error_get_title (error), -1);
  g_autofree char *message = g_markup_escape_text (error->message, -1);

  g_return_if_fail (SFUMATO_IS_OPENING_WINDOW (self));

  adw_status_page_set_title (self->failed_page, title);
  adw_status_page_set_description (self->failed_page, message);
  gtk_stack_set_visible_child_name (self->stack, "failed");
}
