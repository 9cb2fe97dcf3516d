/* One fact of a picture as a row.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "ui/gallery/sfumato-fact-row.h"

#include <glib/gi18n-lib.h>

#include "ui/sfumato-window.h"

struct _SfumatoFactRow
{
  AdwActionRow  parent_instance;

  char         *value;  /* owned, nullable */
};

G_DEFINE_FINAL_TYPE (SfumatoFactRow, sfumato_fact_row, ADW_TYPE_ACTION_ROW)

enum
{
  PROP_0,
  PROP_VALUE,
  N_PROPS,
};

static GParamSpec *properties[N_PROPS];

static void
set_value (SfumatoFactRow *self,
           const char     *value)
{
  if (!g_set_str (&self->value, value))
    return;
  adw_action_row_set_subtitle (ADW_ACTION_ROW (self), value ? value : "");
  gtk_widget_set_visible (GTK_WIDGET (self), value && *value);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_VALUE]);
}

static void
activated_cb (SfumatoFactRow *self)
{
  GtkRoot *root = gtk_widget_get_root (GTK_WIDGET (self));
  const char *title = adw_preferences_row_get_title (ADW_PREFERENCES_ROW (self));
  /* Translators: %s is the name of a fact about a picture, such as Seed. */
  g_autofree char *text = g_strdup_printf (_("%s copied"), title);
  AdwToast *toast = adw_toast_new (text);

  gdk_clipboard_set_text (gtk_widget_get_clipboard (GTK_WIDGET (self)), self->value);
  adw_toast_set_use_markup (toast, FALSE);
  sfumato_window_add_toast (SFUMATO_WINDOW (root), toast);
}

static void
sfumato_fact_row_get_property (GObject    *object,
                               guint       id,
                               GValue     *value,
                               GParamSpec *pspec)
{
  if (id == PROP_VALUE)
    g_value_set_string (value, SFUMATO_FACT_ROW (object)->value);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
sfumato_fact_row_set_property (GObject      *object,
                               guint         id,
                               const GValue *value,
                               GParamSpec   *pspec)
{
  if (id == PROP_VALUE)
    set_value (SFUMATO_FACT_ROW (object), g_value_get_string (value));
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
sfumato_fact_row_dispose (GObject *object)
{
  gtk_widget_dispose_template (GTK_WIDGET (object), SFUMATO_TYPE_FACT_ROW);

  G_OBJECT_CLASS (sfumato_fact_row_parent_class)->dispose (object);
}

static void
sfumato_fact_row_finalize (GObject *object)
{
  g_free (SFUMATO_FACT_ROW (object)->value);

  G_OBJECT_CLASS (sfumato_fact_row_parent_class)->finalize (object);
}

static void
sfumato_fact_row_class_init (SfumatoFactRowClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->dispose = sfumato_fact_row_dispose;
  object_class->finalize = sfumato_fact_row_finalize;
  object_class->get_property = sfumato_fact_row_get_property;
  object_class->set_property = sfumato_fact_row_set_property;

  properties[PROP_VALUE] =
    g_param_spec_string ("value", NULL, NULL, NULL,
                         G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  gtk_widget_class_set_template_from_resource (widget_class, SFUMATO_RESOURCES "sfumato-fact-row.ui");
  gtk_widget_class_bind_template_callback (widget_class, activated_cb);
}

static void
sfumato_fact_row_init (SfumatoFactRow *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}
