/* The reference picture of a form, in a strip.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "ui/create/sfumato-reference-strip.h"

#include <glib/gi18n-lib.h>

#include "ui/widgets/sfumato-texture.h"

/* On the screen; loaded twice as large for displays that have the pixels. */
#define PICTURE_SIDE 48

struct _SfumatoReferenceStrip
{
  AdwBin        parent_instance;

  GtkRevealer  *revealer;
  GtkImage     *picture;
  GtkLabel     *name_label;
  GtkLabel     *note_label;

  SfumatoForm  *form;         /* owned */
  SfumatoInput *shown_input;  /* owned, nullable: the one in the picture */
  GCancellable *loading;      /* owned, nullable */
};

G_DEFINE_FINAL_TYPE (SfumatoReferenceStrip, sfumato_reference_strip, ADW_TYPE_BIN)

enum
{
  PROP_0,
  PROP_FORM,
  N_PROPS,
};

static GParamSpec *properties[N_PROPS];

static void
texture_loaded_cb (GObject      *source,
                   GAsyncResult *result,
                   gpointer      user_data)
{
  g_autoptr (SfumatoReferenceStrip) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GdkTexture) texture = sfumato_texture_from_bytes_finish (result, &error);

  if (texture != NULL)
    gtk_image_set_from_paintable (self->picture, GDK_PAINTABLE (texture));
  else if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    g_debug ("no thumbnail of the reference picture: %s", error->message);
}

static void
show_input (SfumatoReferenceStrip *self,
            SfumatoInput          *input)
{
  if (self->shown_input == input)
    return;
  g_cancellable_cancel (self->loading);
  g_clear_object (&self->loading);
  g_clear_pointer (&self->shown_input, sfumato_input_unref);
  gtk_image_clear (self->picture);
  if (input == NULL)
    return;
  self->shown_input = sfumato_input_ref (input);
  self->loading = g_cancellable_new ();
  sfumato_texture_from_bytes_async (input->bytes, PICTURE_SIDE * 2, self->loading, texture_loaded_cb, g_object_ref (self));
}

static void
update (SfumatoReferenceStrip *self)
{
  const SfumatoModel *model = sfumato_form_get_model (self->form);
  SfumatoInput *input = sfumato_form_get_input (self->form);
  g_autofree char *note = NULL;

  show_input (self, input);
  gtk_revealer_set_reveal_child (self->revealer, input != NULL);
  if (input == NULL)
    return;
  if (model->input_picture)
    note = g_strdup_printf (_("Reference picture · strength %.2f"), sfumato_form_get_strength (self->form));
  else
    note = g_strdup_printf (_("%s ignores the reference picture."), model->name);
  gtk_label_set_label (self->name_label, input->name);
  gtk_label_set_label (self->note_label, note);
}

static void
set_form (SfumatoReferenceStrip *self,
          SfumatoForm           *form)
{
  if (form == NULL)
    return;
  g_return_if_fail (self->form == NULL);

  self->form = g_object_ref (form);
  g_signal_connect_object (form, "notify", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  update (self);
}

static void
sfumato_reference_strip_get_property (GObject    *object,
                                      guint       id,
                                      GValue     *value,
                                      GParamSpec *pspec)
{
  switch (id)
    {
    case PROP_FORM: g_value_set_object (value, SFUMATO_REFERENCE_STRIP (object)->form); break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
sfumato_reference_strip_set_property (GObject      *object,
                                      guint         id,
                                      const GValue *value,
                                      GParamSpec   *pspec)
{
  switch (id)
    {
    case PROP_FORM: set_form (SFUMATO_REFERENCE_STRIP (object), g_value_get_object (value)); break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
sfumato_reference_strip_dispose (GObject *object)
{
  SfumatoReferenceStrip *self = SFUMATO_REFERENCE_STRIP (object);

  g_cancellable_cancel (self->loading);
  g_clear_object (&self->loading);
  adw_bin_set_child (ADW_BIN (object), NULL);
  gtk_widget_dispose_template (GTK_WIDGET (self), SFUMATO_TYPE_REFERENCE_STRIP);
  g_clear_pointer (&self->shown_input, sfumato_input_unref);
  g_clear_object (&self->form);

  G_OBJECT_CLASS (sfumato_reference_strip_parent_class)->dispose (object);
}

static void
sfumato_reference_strip_class_init (SfumatoReferenceStripClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->get_property = sfumato_reference_strip_get_property;
  object_class->set_property = sfumato_reference_strip_set_property;
  object_class->dispose = sfumato_reference_strip_dispose;

  properties[PROP_FORM] = g_param_spec_object ("form", NULL, NULL, SFUMATO_TYPE_FORM,
                                               G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  gtk_widget_class_set_template_from_resource (widget_class, SFUMATO_RESOURCES "sfumato-reference-strip.ui");
  gtk_widget_class_bind_template_child (widget_class, SfumatoReferenceStrip, revealer);
  gtk_widget_class_bind_template_child (widget_class, SfumatoReferenceStrip, picture);
  gtk_widget_class_bind_template_child (widget_class, SfumatoReferenceStrip, name_label);
  gtk_widget_class_bind_template_child (widget_class, SfumatoReferenceStrip, note_label);
}

static void
sfumato_reference_strip_init (SfumatoReferenceStrip *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}
