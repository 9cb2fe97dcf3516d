/* Where a picture is asked for.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "ui/create/sfumato-composer.h"

#include <glib/gi18n-lib.h>

#include "ui/create/sfumato-fault.h"
#include "ui/create/sfumato-form.h"
#include "ui/create/sfumato-prompt-entry.h"
#include "ui/create/sfumato-reference-strip.h"
#include "ui/create/sfumato-words-button.h"

/* From this many characters before the limit on, the counter is shown. */
#define COUNTER_FROM 500

struct _SfumatoComposer
{
  AdwBin                 parent_instance;

  SfumatoPromptEntry    *prompt_entry;
  GtkRevealer           *negative_revealer;
  SfumatoPromptEntry    *negative_entry;
  GtkLabel              *ignored_label;
  SfumatoReferenceStrip *reference_strip;
  GtkLabel              *counter_label;
  GtkOrientable         *footer;
  GtkOrientable         *go_box;
  GtkWidget             *model_button;
  GtkLabel              *model_label;
  GtkToggleButton       *exclude_button;
  GtkWidget             *exclude_label;
  GtkWidget             *reference_button;
  SfumatoWordsButton    *words_button;
  GtkLabel              *hint_label;
  GtkWidget             *low_hint_label;
  GtkButton             *help_button;
  GtkWidget             *generate_button;
  GtkLabel              *generate_label;

  SfumatoForm           *form;      /* owned */
  char                  *excluded;  /* owned, nullable: the negative prompt that was switched off */
  gboolean               updating;
  gboolean               narrow;
  gboolean               low;
  gboolean               settings_shown;
};

G_DEFINE_FINAL_TYPE (SfumatoComposer, sfumato_composer, ADW_TYPE_BIN)

enum
{
  PROP_0,
  PROP_FORM,
  PROP_NARROW,
  PROP_LOW,
  PROP_SETTINGS_SHOWN,
  N_PROPS,
};

static GParamSpec *properties[N_PROPS];

/* ---- the button, and what is beside it ---- */

static char *
label_button (SfumatoComposer *self)
{
  int price = sfumato_form_get_price (self->form);
  g_autofree char *cost = sfumato_price_format (price);
  int count;

  g_object_get (self->form, "count", &count, NULL);
  if (price == 0 && count == 1)
    return g_strdup (_("_Generate"));
  if (price == 0)
    return g_strdup_printf (_("_Generate %d"), count);
  if (count == 1)
    /* Translators: %s is a price, such as "6.5 credits" */
    return g_strdup_printf (_("_Generate · %s"), cost);
  /* Translators: a number of pictures and their price together, such as "Generate 4 · 26 credits" */
  return g_strdup_printf (_("_Generate %d · %s"), count, cost);
}

/* What a screen reader says of the button before it is pressed: the price, where it goes, or why it cannot be. */
static char *
describe_button (SfumatoComposer *self,
                 const char      *hint)
{
  int price = sfumato_form_get_price (self->form);
  g_autofree char *cost = sfumato_price_format (price);

  if (price == 0 && *hint != '\0')
    return g_strdup (hint); /* which says that it is free, where it can be pressed */
  return *hint != '\0' ? g_strdup_printf (C_("price and hint", "%s. %s"), cost, hint) : g_steal_pointer (&cost);
}

static void
show_help (SfumatoComposer *self,
           SfumatoFormNeed  need)
{
  gtk_widget_set_visible (GTK_WIDGET (self->help_button),
                          need == SFUMATO_FORM_NEEDS_SERVICE || need == SFUMATO_FORM_NEEDS_KEY ||
                          need == SFUMATO_FORM_NEEDS_MODEL);
  if (need == SFUMATO_FORM_NEEDS_SERVICE)
    {
      gtk_button_set_label (self->help_button, _("_Set Up…"));
      gtk_actionable_set_action_name (GTK_ACTIONABLE (self->help_button), "win.set-up");
    }
  else if (need == SFUMATO_FORM_NEEDS_KEY)
    {
      gtk_button_set_label (self->help_button, _("Add _Key…"));
      gtk_actionable_set_action_name (GTK_ACTIONABLE (self->help_button), "win.add-key");
    }
  else if (need == SFUMATO_FORM_NEEDS_MODEL)
    {
      gtk_button_set_label (self->help_button, _("Add a _Model…"));
      gtk_actionable_set_action_name (GTK_ACTIONABLE (self->help_button), "win.add-model");
    }
}

static void
update_button (SfumatoComposer *self)
{
  g_autofree char *reason = NULL;
  g_autofree char *label = label_button (self);
  g_autofree char *where = NULL;
  g_autofree char *description = NULL;
  g_autoptr (SfumatoService) service = sfumato_form_dup_service (self->form);
  SfumatoFormNeed need = sfumato_form_get_need (self->form, &reason);
  const char *hint;

  if (sfumato_form_get_model (self->form)->leaves_computer)
    /* Translators: %s is the name of a service */
    where = g_strdup_printf (_("Sent to %s"), sfumato_service_get_name (service));
  else
    where = g_strdup (_("Free. Nothing leaves this computer."));
  hint = reason != NULL ? reason : where != NULL ? where : "";
  description = describe_button (self, hint);

  gtk_label_set_label (self->generate_label, label);
  gtk_label_set_label (self->hint_label, hint);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->generate_button), GTK_ACCESSIBLE_PROPERTY_DESCRIPTION,
                                  description, -1);
  show_help (self, need);
}

/* ---- the texts ---- */

static void
update_counter (SfumatoComposer *self)
{
  guint most = sfumato_form_get_model (self->form)->prompt_max;
  guint overflow = sfumato_form_get_overflow (self->form);
  g_autofree char *prompt = NULL;
  g_autofree char *text = NULL;
  glong length;

  g_object_get (self->form, "prompt", &prompt, NULL);
  length = g_utf8_strlen (prompt, -1);
  /* Translators: characters written, of as many as there may be */
  text = g_strdup_printf (_("%'ld of %'u"), length, most);
  gtk_label_set_label (self->counter_label, text);
  gtk_widget_set_visible (GTK_WIDGET (self->counter_label), length + COUNTER_FROM >= most);
  if (overflow > 0)
    gtk_widget_add_css_class (GTK_WIDGET (self->counter_label), "error");
  else
    gtk_widget_remove_css_class (GTK_WIDGET (self->counter_label), "error");
  g_object_set (self->prompt_entry, "maximum", most, NULL);
}

static void
update_negative (SfumatoComposer *self)
{
  const SfumatoModel *model = sfumato_form_get_model (self->form);
  g_autofree char *negative = NULL;
  g_autofree char *ignored = NULL;
  gboolean written;

  g_object_get (self->form, "negative-prompt", &negative, NULL);
  written = *negative != '\0';
  /* Translators: %s is the name of a model */
  ignored = g_strdup_printf (_("%s ignores the negative prompt."), model->name);

  gtk_label_set_label (self->ignored_label, ignored);
  gtk_widget_set_visible (GTK_WIDGET (self->ignored_label), !model->negative_prompt);
  gtk_widget_set_sensitive (GTK_WIDGET (self->exclude_button), model->negative_prompt || written);
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->exclude_button),
                               model->negative_prompt ? _("Say What Should Not Appear") : ignored);
  g_object_set (self->negative_entry, "maximum", model->prompt_max,
                "description", model->negative_prompt ? NULL : ignored, NULL);
  if (written)
    gtk_toggle_button_set_active (self->exclude_button, TRUE);
}

static void
exclude_toggled_cb (SfumatoComposer *self)
{
  gboolean on = gtk_toggle_button_get_active (self->exclude_button);
  g_autofree char *negative = NULL;

  gtk_revealer_set_reveal_child (self->negative_revealer, on);
  g_object_get (self->form, "negative-prompt", &negative, NULL);
  /* What cannot be seen is not sent; it comes back when it is wanted again. */
  if (!on && *negative != '\0')
    {
      g_free (self->excluded);
      self->excluded = g_steal_pointer (&negative);
      g_object_set (self->form, "negative-prompt", "", NULL);
    }
  else if (on && *negative == '\0' && self->excluded != NULL)
    {
      g_object_set (self->form, "negative-prompt", self->excluded, NULL);
      g_clear_pointer (&self->excluded, g_free);
    }
  if (on && !self->updating)
    gtk_widget_grab_focus (GTK_WIDGET (self->negative_entry));
}

/* ---- all of it ---- */

static void
name_model (SfumatoComposer *self)
{
  const SfumatoModel *model = sfumato_form_get_model (self->form);
  g_autoptr (SfumatoRequest) request = sfumato_form_to_draft (self->form);
  const char *ratio = sfumato_request_get_fields (request)->aspect_ratio;
  g_autofree char *label = NULL;

  if (!sfumato_model_has_aspect (model, ratio))
    ratio = model->aspect_ratios != NULL ? model->aspect_ratios[0] : NULL;
  if (sfumato_form_uses_input (self->form) && model->input_keeps_shape)
    ratio = NULL;
  label = ratio != NULL ? g_strdup_printf ("%s · %s", model->name, ratio) : g_strdup (model->name);
  gtk_label_set_label (self->model_label, label);
}

/* Where there is no model there is nothing they could say. */
static void
update_chips (SfumatoComposer *self)
{
  gboolean there = self->form != NULL && sfumato_form_get_model (self->form)->id != NULL;
  gboolean room = !self->narrow || !self->low;

  gtk_widget_set_visible (self->model_button, there && room && !self->settings_shown);
  gtk_widget_set_visible (GTK_WIDGET (self->exclude_button), there);
}

static void
list_controls (SfumatoComposer *self,
               SfumatoFault     controls[2])
{
  controls[0] = (SfumatoFault) { "prompt", sfumato_prompt_entry_get_view (self->prompt_entry) };
  controls[1] = (SfumatoFault) { "negative_prompt", sfumato_prompt_entry_get_view (self->negative_entry) };
}

static void
mark_faults (SfumatoComposer *self)
{
  g_auto (GStrv) faults = sfumato_form_dup_faults (self->form);
  SfumatoFault controls[2];

  list_controls (self, controls);
  sfumato_fault_mark (controls, G_N_ELEMENTS (controls), faults);
}

static void
update (SfumatoComposer *self)
{
  self->updating = TRUE;
  name_model (self);
  update_chips (self);
  update_counter (self);
  update_negative (self);
  gtk_widget_set_visible (self->reference_button, sfumato_form_get_model (self->form)->input_picture &&
                                                  sfumato_form_get_input (self->form) == NULL);
  sfumato_words_button_set_vocabulary (self->words_button, sfumato_form_get_model (self->form)->vocabulary);
  update_button (self);
  mark_faults (self);
  self->updating = FALSE;
}

/* Beside the buttons; above them where there is room for neither that nor a line for each. */
static void
place_hint (SfumatoComposer *self)
{
  gboolean above = self->narrow && self->low;

  gtk_widget_set_visible (GTK_WIDGET (self->hint_label), !above);
  gtk_widget_set_visible (self->low_hint_label, above);
  gtk_widget_set_hexpand (self->generate_button, above);
}

static void
word_chosen_cb (SfumatoComposer *self,
                const char      *word)
{
  sfumato_prompt_entry_insert (self->prompt_entry, word);
}

static void
update_layout (SfumatoComposer *self)
{
  gboolean tall = self->narrow && !self->low;
  GtkOrientation orientation = tall ? GTK_ORIENTATION_VERTICAL : GTK_ORIENTATION_HORIZONTAL;

  gtk_orientable_set_orientation (self->footer, orientation);
  gtk_orientable_set_orientation (self->go_box, orientation);
  gtk_label_set_xalign (self->hint_label, tall ? 0 : 1);
  place_hint (self);
  gtk_widget_set_visible (self->exclude_label, !self->narrow);
  update_chips (self);
  g_object_set (self->prompt_entry, "maximum-height", self->low ? 66 : self->narrow ? 132 : 220, NULL);
  g_object_set (self->negative_entry, "maximum-height", self->low ? 66 : 120, NULL);
}

static void
set_form (SfumatoComposer *self,
          SfumatoForm     *form)
{
  const GBindingFlags both = G_BINDING_BIDIRECTIONAL | G_BINDING_SYNC_CREATE;

  if (form == NULL)
    return;
  g_return_if_fail (self->form == NULL);

  self->form = g_object_ref (form);
  g_object_bind_property (form, "prompt", self->prompt_entry, "text", both);
  g_object_bind_property (form, "negative-prompt", self->negative_entry, "text", both);
  g_object_set (self->reference_strip, "form", form, NULL);
  g_signal_connect_object (form, "notify", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  update (self);
}

static void
set_flag (SfumatoComposer *self,
          gboolean        *flag,
          gboolean         value,
          GParamSpec      *pspec)
{
  if (*flag == value)
    return;
  *flag = value;
  update_layout (self);
  g_object_notify_by_pspec (G_OBJECT (self), pspec);
}

static gboolean
sfumato_composer_grab_focus (GtkWidget *widget)
{
  return gtk_widget_grab_focus (GTK_WIDGET (SFUMATO_COMPOSER (widget)->prompt_entry));
}

static void
sfumato_composer_get_property (GObject    *object,
                               guint       id,
                               GValue     *value,
                               GParamSpec *pspec)
{
  SfumatoComposer *self = SFUMATO_COMPOSER (object);

  switch (id)
    {
    case PROP_FORM: g_value_set_object (value, self->form); break;
    case PROP_NARROW: g_value_set_boolean (value, self->narrow); break;
    case PROP_LOW: g_value_set_boolean (value, self->low); break;
    case PROP_SETTINGS_SHOWN: g_value_set_boolean (value, self->settings_shown); break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
sfumato_composer_set_property (GObject      *object,
                               guint         id,
                               const GValue *value,
                               GParamSpec   *pspec)
{
  SfumatoComposer *self = SFUMATO_COMPOSER (object);

  switch (id)
    {
    case PROP_FORM: set_form (self, g_value_get_object (value)); break;
    case PROP_NARROW: set_flag (self, &self->narrow, g_value_get_boolean (value), pspec); break;
    case PROP_LOW: set_flag (self, &self->low, g_value_get_boolean (value), pspec); break;
    case PROP_SETTINGS_SHOWN: set_flag (self, &self->settings_shown, g_value_get_boolean (value), pspec); break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
sfumato_composer_dispose (GObject *object)
{
  SfumatoComposer *self = SFUMATO_COMPOSER (object);

  gtk_widget_dispose_template (GTK_WIDGET (self), SFUMATO_TYPE_COMPOSER);
  g_clear_object (&self->form);

  G_OBJECT_CLASS (sfumato_composer_parent_class)->dispose (object);
}

static void
sfumato_composer_finalize (GObject *object)
{
  SfumatoComposer *self = SFUMATO_COMPOSER (object);

  g_free (self->excluded);

  G_OBJECT_CLASS (sfumato_composer_parent_class)->finalize (object);
}

static void
bind_template (GtkWidgetClass *widget_class)
{
  gtk_widget_class_set_template_from_resource (widget_class, SFUMATO_RESOURCES "sfumato-composer.ui");
  gtk_widget_class_bind_template_child (widget_class, SfumatoComposer, prompt_entry);
  gtk_widget_class_bind_template_child (widget_class, SfumatoComposer, negative_revealer);
  gtk_widget_class_bind_template_child (widget_class, SfumatoComposer, negative_entry);
  gtk_widget_class_bind_template_child (widget_class, SfumatoComposer, ignored_label);
  gtk_widget_class_bind_template_child (widget_class, SfumatoComposer, reference_strip);
  gtk_widget_class_bind_template_child (widget_class, SfumatoComposer, counter_label);
  gtk_widget_class_bind_template_child (widget_class, SfumatoComposer, footer);
  gtk_widget_class_bind_template_child (widget_class, SfumatoComposer, go_box);
  gtk_widget_class_bind_template_child (widget_class, SfumatoComposer, model_button);
  gtk_widget_class_bind_template_child (widget_class, SfumatoComposer, model_label);
  gtk_widget_class_bind_template_child (widget_class, SfumatoComposer, exclude_button);
  gtk_widget_class_bind_template_child (widget_class, SfumatoComposer, exclude_label);
  gtk_widget_class_bind_template_child (widget_class, SfumatoComposer, reference_button);
  gtk_widget_class_bind_template_child (widget_class, SfumatoComposer, words_button);
  gtk_widget_class_bind_template_child (widget_class, SfumatoComposer, hint_label);
  gtk_widget_class_bind_template_child (widget_class, SfumatoComposer, low_hint_label);
  gtk_widget_class_bind_template_child (widget_class, SfumatoComposer, help_button);
  gtk_widget_class_bind_template_child (widget_class, SfumatoComposer, generate_button);
  gtk_widget_class_bind_template_child (widget_class, SfumatoComposer, generate_label);
  gtk_widget_class_bind_template_callback (widget_class, exclude_toggled_cb);
  gtk_widget_class_bind_template_callback (widget_class, word_chosen_cb);
}

static void
sfumato_composer_class_init (SfumatoComposerClass *klass)
{
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = sfumato_composer_get_property;
  object_class->set_property = sfumato_composer_set_property;
  object_class->dispose = sfumato_composer_dispose;
  object_class->finalize = sfumato_composer_finalize;
  GTK_WIDGET_CLASS (klass)->grab_focus = sfumato_composer_grab_focus;

  properties[PROP_FORM] = g_param_spec_object ("form", NULL, NULL, SFUMATO_TYPE_FORM, flags);
  properties[PROP_NARROW] = g_param_spec_boolean ("narrow", NULL, NULL, FALSE, flags);
  properties[PROP_LOW] = g_param_spec_boolean ("low", NULL, NULL, FALSE, flags);
  properties[PROP_SETTINGS_SHOWN] = g_param_spec_boolean ("settings-shown", NULL, NULL, FALSE, flags);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  g_type_ensure (SFUMATO_TYPE_PROMPT_ENTRY);
  g_type_ensure (SFUMATO_TYPE_REFERENCE_STRIP);
  g_type_ensure (SFUMATO_TYPE_WORDS_BUTTON);
  bind_template (GTK_WIDGET_CLASS (klass));
}

static void
sfumato_composer_init (SfumatoComposer *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  sfumato_words_button_set_text (self->words_button, GTK_WIDGET (self->prompt_entry));
  update_layout (self);
}

void
sfumato_composer_focus_prompt (SfumatoComposer *self)
{
  g_return_if_fail (SFUMATO_IS_COMPOSER (self));

  sfumato_prompt_entry_focus_end (self->prompt_entry);
}

gboolean
sfumato_composer_is_composing (SfumatoComposer *self)
{
  g_return_val_if_fail (SFUMATO_IS_COMPOSER (self), FALSE);

  return sfumato_prompt_entry_is_composing (self->prompt_entry) ||
         sfumato_prompt_entry_is_composing (self->negative_entry);
}

gboolean
sfumato_composer_focus_fault (SfumatoComposer *self)
{
  g_auto (GStrv) faults = NULL;
  SfumatoFault controls[2];

  g_return_val_if_fail (SFUMATO_IS_COMPOSER (self), FALSE);

  faults = sfumato_form_dup_faults (self->form);
  list_controls (self, controls);
  return sfumato_fault_focus (controls, G_N_ELEMENTS (controls), faults);
}
