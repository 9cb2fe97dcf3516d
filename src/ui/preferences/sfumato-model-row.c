/* A model on this computer as a row.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "ui/preferences/sfumato-model-row.h"

#include <glib/gi18n-lib.h>

struct _SfumatoModelRow
{
  AdwActionRow       parent_instance;

  GtkWidget         *scarce_image;
  GtkWidget         *remove_button;

  SfumatoLocalModel *model;        /* owned */
  guint64            memory_free;  /* bytes; 0: not known */
};

G_DEFINE_FINAL_TYPE (SfumatoModelRow, sfumato_model_row, ADW_TYPE_ACTION_ROW)

enum
{
  REMOVE,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

static void
update (SfumatoModelRow *self)
{
  const char *variant = sfumato_local_variant_name (self->model->variant);
  gboolean named = variant != NULL && g_str_equal (variant, self->model->name);
  gboolean scarce = self->memory_free > 0 && self->model->memory_needed > self->memory_free;
  g_autofree char *size = g_format_size (self->model->file_size);
  g_autofree char *memory = g_format_size_full (self->model->memory_needed, G_FORMAT_SIZE_IEC_UNITS);
  g_autofree char *remove = NULL;
  g_autoptr (GString) words = g_string_new (NULL);

  if (variant != NULL && !named)
    g_string_append_printf (words, "%s · ", variant);
  /* Translators: the first %s is a file's size, the second one of memory */
  g_string_append_printf (words, scarce ? _("%s on disk · needs %s of memory, more than is free")
                                        : _("%s on disk · needs %s of memory"), size, memory);
  if (!self->model->t5 && !self->model->builtin)
    g_string_append_printf (words, " · %s", _("without T5"));
  if (self->model->builtin)
    g_string_append_printf (words, " · %s", _("comes with Sfumato, GPL-3.0-or-later"));
  gtk_widget_set_visible (self->remove_button, !self->model->builtin);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (self), self->model->name);
  adw_action_row_set_subtitle (ADW_ACTION_ROW (self), words->str);
  gtk_widget_set_visible (self->scarce_image, scarce);
  /* Translators: %s is the name of a model */
  remove = g_strdup_printf (_("Remove %s From the List"), self->model->name);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->remove_button), GTK_ACCESSIBLE_PROPERTY_LABEL, remove, -1);
}

static void
remove_clicked_cb (SfumatoModelRow *self)
{
  g_signal_emit (self, signals[REMOVE], 0);
}

static void
sfumato_model_row_dispose (GObject *object)
{
  SfumatoModelRow *self = SFUMATO_MODEL_ROW (object);

  gtk_widget_dispose_template (GTK_WIDGET (self), SFUMATO_TYPE_MODEL_ROW);
  g_clear_pointer (&self->model, sfumato_local_model_unref);

  G_OBJECT_CLASS (sfumato_model_row_parent_class)->dispose (object);
}

static void
sfumato_model_row_class_init (SfumatoModelRowClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = sfumato_model_row_dispose;

  signals[REMOVE] = g_signal_new ("remove", SFUMATO_TYPE_MODEL_ROW, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                  G_TYPE_NONE, 0);

  gtk_widget_class_set_template_from_resource (widget_class, SFUMATO_RESOURCES "sfumato-model-row.ui");
  gtk_widget_class_bind_template_child (widget_class, SfumatoModelRow, scarce_image);
  gtk_widget_class_bind_template_child (widget_class, SfumatoModelRow, remove_button);
  gtk_widget_class_bind_template_callback (widget_class, remove_clicked_cb);
}

static void
sfumato_model_row_init (SfumatoModelRow *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

GtkWidget *
sfumato_model_row_new (SfumatoLocalModel *model)
{
  SfumatoModelRow *self = g_object_new (SFUMATO_TYPE_MODEL_ROW, NULL);

  self->model = sfumato_local_model_ref (model);
  update (self);
  return GTK_WIDGET (self);
}

SfumatoLocalModel *
sfumato_model_row_get_model (SfumatoModelRow *self)
{
  g_return_val_if_fail (SFUMATO_IS_MODEL_ROW (self), NULL);

  return self->model;
}

void
sfumato_model_row_set_free (SfumatoModelRow *self,
                            guint64          memory_free)
{
  g_return_if_fail (SFUMATO_IS_MODEL_ROW (self));

  self->memory_free = memory_free;
  update (self);
}
