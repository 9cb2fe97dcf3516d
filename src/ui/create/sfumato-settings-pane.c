/* The settings beside the result.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "ui/create/sfumato-settings-pane.h"

#include <glib/gi18n-lib.h>

#include "ui/create/sfumato-fault.h"
#include "ui/create/sfumato-form.h"
#include "ui/widgets/sfumato-choices.h"
#include "ui/widgets/sfumato-shape.h"

/* The controls that a service may find fault with. */
#define N_CONTROLS 9

struct _SfumatoSettingsPane
{
  AdwBin              parent_instance;

  AdwComboRow        *service_row;
  AdwComboRow        *model_row;
  GtkWidget          *add_model_row;
  GtkWidget          *picture_group;
  AdwComboRow        *shape_row;
  AdwComboRow        *size_row;
  GtkWidget          *count_button;
  GtkWidget          *seed_row;
  GtkWidget          *seed_entry;
  GtkToggleButton    *keep_button;
  GtkWidget          *output_group;
  AdwComboRow        *style_row;
  AdwComboRow        *format_row;
  GtkWidget          *reference_group;
  AdwActionRow       *reference_row;
  GtkWidget          *remove_button;
  GtkWidget          *reference_button;
  GtkWidget          *strength_row;
  GtkWidget          *strength_scale;
  GtkLabel           *strength_label;
  GtkWidget          *advanced_group;
  GtkWidget          *guidance_button;
  GtkWidget          *steps_row;
  AdwComboRow        *sampler_row;
  GtkWidget          *guidance_row;
  GListStore         *services;
  GListStore         *models;
  GListStore         *shapes;
  GListStore         *sizes;
  GListStore         *samplers;
  GListStore         *styles;
  GListStore         *formats;
  GtkAdjustment      *strength;
  GtkAdjustment      *steps;
  GtkAdjustment      *guidance;

  SfumatoForm        *form;        /* owned */
  const SfumatoModel *offered;     /* the models in the list */
  const SfumatoModel *shown;       /* the model the rows are for */
  gboolean            updating;    /* what the rows say comes from the form, not from the person */
};

G_DEFINE_FINAL_TYPE (SfumatoSettingsPane, sfumato_settings_pane, ADW_TYPE_BIN)

enum
{
  PROP_0,
  PROP_FORM,
  N_PROPS,
};

static GParamSpec *properties[N_PROPS];

/* Only for another service: a list is not changed while a person chooses from it. */
static void
fill_models (SfumatoSettingsPane *self)
{
  g_autoptr (SfumatoService) service = sfumato_form_dup_service (self->form);
  const SfumatoModel *models = sfumato_service_get_models (service);

  if (self->offered == models)
    return;
  self->offered = models;
  sfumato_choices_fill_models (self->models, models);
}

/* A row with a choice of one is no row. */
static void
show_choices (AdwComboRow *row)
{
  gtk_widget_set_visible (GTK_WIDGET (row), g_list_model_get_n_items (adw_combo_row_get_model (row)) > 1);
}

static void
show_advanced (SfumatoSettingsPane *self)
{
  const SfumatoModel *model = self->shown;

  show_choices (self->sampler_row);
  gtk_widget_set_visible (self->steps_row, model->steps_max > 0);
  gtk_widget_set_visible (self->guidance_row, model->guidance_max > 0);
  gtk_widget_set_visible (self->advanced_group, model->guidance_max > 0 || model->steps_max > 0);
  gtk_adjustment_set_lower (self->steps, model->steps_min);
  gtk_adjustment_set_upper (self->steps, model->steps_max);
  gtk_adjustment_set_lower (self->guidance, model->guidance_min);
  gtk_adjustment_set_upper (self->guidance, model->guidance_max);
}

/* Rows exist for what the model offers a choice of. */
static void
show_model (SfumatoSettingsPane *self)
{
  const SfumatoModel *model = sfumato_form_get_model (self->form);

  fill_models (self);
  if (self->shown == model)
    return;
  self->shown = model;
  sfumato_choices_fill_shapes (self->shapes, model);
  sfumato_choices_fill_sizes (self->sizes, model);
  sfumato_choices_fill_styles (self->styles, model);
  sfumato_choices_fill_formats (self->formats, model);
  sfumato_choices_fill_samplers (self->samplers, model);
  show_choices (self->shape_row);
  show_choices (self->size_row);
  show_choices (self->style_row);
  show_choices (self->format_row);
  gtk_widget_set_visible (self->output_group, gtk_widget_get_visible (GTK_WIDGET (self->style_row)) ||
                                              gtk_widget_get_visible (GTK_WIDGET (self->format_row)));
  show_advanced (self);
  gtk_widget_set_visible (GTK_WIDGET (self->model_row), model->id != NULL);
  gtk_widget_set_visible (self->add_model_row, model->id == NULL || model->vocabulary != NULL);
  gtk_widget_set_visible (self->picture_group, model->id != NULL);
  gtk_widget_set_visible (self->seed_row, model->seed_max > 0);
}

static void
select_choice (SfumatoSettingsPane *self,
               AdwComboRow         *row)
{
  g_autofree char *wanted = NULL;

  g_object_get (self->form, gtk_widget_get_name (GTK_WIDGET (row)), &wanted, NULL);
  sfumato_choices_select (row, wanted);
}

/* The model's own size need not be its first one; and what it comes to in the shape that is chosen. */
static void
update_size (SfumatoSettingsPane *self)
{
  g_autofree char *chosen = NULL;
  g_autofree char *own = g_strdup_printf ("%u", self->shown->size_default);
  g_autofree char *pixels = NULL;
  guint width, height;

  g_object_get (self->form, "size", &chosen, NULL);
  sfumato_choices_select (self->size_row, sfumato_model_has_size (self->shown, atoi (chosen)) ? chosen : own);
  if (sfumato_form_get_pixels (self->form, &width, &height))
    /* Translators: width and height of a picture */
    pixels = g_strdup_printf (_("%u × %u pixels"), width, height);
  adw_action_row_set_subtitle (ADW_ACTION_ROW (self->size_row), pixels != NULL ? pixels : "");
}

static void
update_shape (SfumatoSettingsPane *self)
{
  gboolean follows = sfumato_form_uses_input (self->form) && self->shown->input_keeps_shape;

  gtk_widget_set_sensitive (GTK_WIDGET (self->shape_row), !follows);
  adw_action_row_set_subtitle (ADW_ACTION_ROW (self->shape_row), follows ? _("As the reference picture") : "");
}

static void
describe_reference (SfumatoSettingsPane *self)
{
  SfumatoInput *input = sfumato_form_get_input (self->form);
  g_autofree char *subtitle = NULL;

  if (input != NULL && !self->shown->input_picture)
    /* Translators: %s is the name of a model */
    subtitle = g_strdup_printf (_("%s ignores it"), self->shown->name);
  else if (input != NULL)
    subtitle = g_strdup (input->name);
  else
    subtitle = g_strdup (_("Start from a picture"));
  adw_action_row_set_subtitle (self->reference_row, subtitle);
}

static void
update_reference (SfumatoSettingsPane *self)
{
  gboolean there = sfumato_form_get_input (self->form) != NULL;
  double strength = sfumato_form_get_strength (self->form);
  g_autofree char *text = g_strdup_printf ("%.2f", strength);

  gtk_widget_set_visible (self->reference_group, there || self->shown->input_picture);
  gtk_widget_set_visible (self->remove_button, there);
  gtk_widget_set_visible (self->strength_row, sfumato_form_uses_input (self->form));
  gtk_adjustment_set_value (self->strength, strength);
  gtk_label_set_label (self->strength_label, text);
  describe_reference (self);
}

static void
update_seed (SfumatoSettingsPane *self)
{
  g_autofree char *seed = NULL;

  g_object_get (self->form, "seed", &seed, NULL);
  gtk_toggle_button_set_active (self->keep_button, *seed != '\0');
}

static void
list_controls (SfumatoSettingsPane *self,
               SfumatoFault         controls[N_CONTROLS])
{
  const SfumatoFault all[N_CONTROLS] = {
    { "model", GTK_WIDGET (self->model_row) },
    { "aspect_ratio", GTK_WIDGET (self->shape_row) },
    { "count", self->count_button },
    { "seed", self->seed_entry },
    { "style", GTK_WIDGET (self->style_row) },
    { "format", GTK_WIDGET (self->format_row) },
    { "input", self->reference_button },
    { "strength", self->strength_scale },
    { "guidance", self->guidance_button },
  };

  memcpy (controls, all, sizeof all);
}

static void
mark_faults (SfumatoSettingsPane *self)
{
  g_auto (GStrv) faults = sfumato_form_dup_faults (self->form);
  SfumatoFault controls[N_CONTROLS];

  list_controls (self, controls);
  sfumato_fault_mark (controls, N_CONTROLS, faults);
}

static void
update (SfumatoSettingsPane *self)
{
  self->updating = TRUE;
  show_model (self);
  select_choice (self, self->service_row);
  select_choice (self, self->model_row);
  select_choice (self, self->shape_row);
  select_choice (self, self->style_row);
  select_choice (self, self->format_row);
  select_choice (self, self->sampler_row);
  update_size (self);
  update_shape (self);
  update_reference (self);
  update_seed (self);
  gtk_adjustment_set_value (self->steps, sfumato_form_get_steps (self->form));
  gtk_adjustment_set_value (self->guidance, sfumato_form_get_guidance (self->form));
  mark_faults (self);
  self->updating = FALSE;
}

static void
form_notify_cb (SfumatoSettingsPane *self,
                GParamSpec          *pspec)
{
  if (g_str_has_suffix (pspec->name, "prompt"))
    return; /* nothing here depends on the words */
  update (self);
}

static void
choice_selected_cb (SfumatoSettingsPane *self,
                    GParamSpec          *pspec,
                    AdwComboRow         *row)
{
  SfumatoChoice *choice = adw_combo_row_get_selected_item (row);

  if (!self->updating && choice != NULL)
    g_object_set (self->form, gtk_widget_get_name (GTK_WIDGET (row)), sfumato_choice_get_id (choice), NULL);
}

static void
roll_clicked_cb (SfumatoSettingsPane *self)
{
  sfumato_form_roll_seed (self->form);
}

static void
keep_toggled_cb (SfumatoSettingsPane *self)
{
  if (!self->updating)
    sfumato_form_keep_seed (self->form, gtk_toggle_button_get_active (self->keep_button));
}

static void
strength_changed_cb (SfumatoSettingsPane *self)
{
  if (!self->updating)
    g_object_set (self->form, "strength", gtk_adjustment_get_value (self->strength), NULL);
}

static void
steps_changed_cb (SfumatoSettingsPane *self)
{
  if (!self->updating)
    g_object_set (self->form, "steps", (int) gtk_adjustment_get_value (self->steps), NULL);
}

static void
guidance_changed_cb (SfumatoSettingsPane *self)
{
  if (!self->updating)
    g_object_set (self->form, "guidance", gtk_adjustment_get_value (self->guidance), NULL);
}

static void
set_form (SfumatoSettingsPane *self,
          SfumatoForm         *form)
{
  if (form == NULL)
    return;
  g_return_if_fail (self->form == NULL);

  self->form = g_object_ref (form);
  sfumato_choices_fill_services (self->services, sfumato_studio_get_services (sfumato_form_get_studio (form)));
  g_object_bind_property (form, "count", self->count_button, "value", G_BINDING_BIDIRECTIONAL | G_BINDING_SYNC_CREATE);
  g_object_bind_property (form, "seed", self->seed_entry, "text", G_BINDING_BIDIRECTIONAL | G_BINDING_SYNC_CREATE);
  g_signal_connect_object (form, "notify", G_CALLBACK (form_notify_cb), self, G_CONNECT_SWAPPED);
  update (self);
}

static void
sfumato_settings_pane_get_property (GObject    *object,
                                    guint       id,
                                    GValue     *value,
                                    GParamSpec *pspec)
{
  switch (id)
    {
    case PROP_FORM: g_value_set_object (value, SFUMATO_SETTINGS_PANE (object)->form); break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
sfumato_settings_pane_set_property (GObject      *object,
                                    guint         id,
                                    const GValue *value,
                                    GParamSpec   *pspec)
{
  switch (id)
    {
    case PROP_FORM: set_form (SFUMATO_SETTINGS_PANE (object), g_value_get_object (value)); break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
sfumato_settings_pane_dispose (GObject *object)
{
  SfumatoSettingsPane *self = SFUMATO_SETTINGS_PANE (object);

  self->updating = TRUE; /* rows that lose their lists have nothing to say */
  gtk_widget_dispose_template (GTK_WIDGET (self), SFUMATO_TYPE_SETTINGS_PANE);
  g_clear_object (&self->form);

  G_OBJECT_CLASS (sfumato_settings_pane_parent_class)->dispose (object);
}

static void
bind_template (GtkWidgetClass *widget_class)
{
  gtk_widget_class_set_template_from_resource (widget_class, SFUMATO_RESOURCES "sfumato-settings-pane.ui");
  gtk_widget_class_bind_template_child (widget_class, SfumatoSettingsPane, service_row);
  gtk_widget_class_bind_template_child (widget_class, SfumatoSettingsPane, model_row);
  gtk_widget_class_bind_template_child (widget_class, SfumatoSettingsPane, add_model_row);
  gtk_widget_class_bind_template_child (widget_class, SfumatoSettingsPane, picture_group);
  gtk_widget_class_bind_template_child (widget_class, SfumatoSettingsPane, shape_row);
  gtk_widget_class_bind_template_child (widget_class, SfumatoSettingsPane, size_row);
  gtk_widget_class_bind_template_child (widget_class, SfumatoSettingsPane, count_button);
  gtk_widget_class_bind_template_child (widget_class, SfumatoSettingsPane, seed_row);
  gtk_widget_class_bind_template_child (widget_class, SfumatoSettingsPane, seed_entry);
  gtk_widget_class_bind_template_child (widget_class, SfumatoSettingsPane, keep_button);
  gtk_widget_class_bind_template_child (widget_class, SfumatoSettingsPane, output_group);
  gtk_widget_class_bind_template_child (widget_class, SfumatoSettingsPane, style_row);
  gtk_widget_class_bind_template_child (widget_class, SfumatoSettingsPane, format_row);
  gtk_widget_class_bind_template_child (widget_class, SfumatoSettingsPane, reference_group);
  gtk_widget_class_bind_template_child (widget_class, SfumatoSettingsPane, reference_row);
  gtk_widget_class_bind_template_child (widget_class, SfumatoSettingsPane, reference_button);
  gtk_widget_class_bind_template_child (widget_class, SfumatoSettingsPane, remove_button);
  gtk_widget_class_bind_template_child (widget_class, SfumatoSettingsPane, strength_row);
  gtk_widget_class_bind_template_child (widget_class, SfumatoSettingsPane, strength_scale);
  gtk_widget_class_bind_template_child (widget_class, SfumatoSettingsPane, strength_label);
  gtk_widget_class_bind_template_child (widget_class, SfumatoSettingsPane, advanced_group);
  gtk_widget_class_bind_template_child (widget_class, SfumatoSettingsPane, guidance_button);
  gtk_widget_class_bind_template_child (widget_class, SfumatoSettingsPane, steps_row);
  gtk_widget_class_bind_template_child (widget_class, SfumatoSettingsPane, sampler_row);
  gtk_widget_class_bind_template_child (widget_class, SfumatoSettingsPane, guidance_row);
  gtk_widget_class_bind_template_child (widget_class, SfumatoSettingsPane, services);
  gtk_widget_class_bind_template_child (widget_class, SfumatoSettingsPane, models);
  gtk_widget_class_bind_template_child (widget_class, SfumatoSettingsPane, shapes);
  gtk_widget_class_bind_template_child (widget_class, SfumatoSettingsPane, sizes);
  gtk_widget_class_bind_template_child (widget_class, SfumatoSettingsPane, samplers);
  gtk_widget_class_bind_template_child (widget_class, SfumatoSettingsPane, steps);
  gtk_widget_class_bind_template_child (widget_class, SfumatoSettingsPane, styles);
  gtk_widget_class_bind_template_child (widget_class, SfumatoSettingsPane, formats);
  gtk_widget_class_bind_template_child (widget_class, SfumatoSettingsPane, strength);
  gtk_widget_class_bind_template_child (widget_class, SfumatoSettingsPane, guidance);
  gtk_widget_class_bind_template_callback (widget_class, choice_selected_cb);
  gtk_widget_class_bind_template_callback (widget_class, roll_clicked_cb);
  gtk_widget_class_bind_template_callback (widget_class, keep_toggled_cb);
  gtk_widget_class_bind_template_callback (widget_class, strength_changed_cb);
  gtk_widget_class_bind_template_callback (widget_class, steps_changed_cb);
  gtk_widget_class_bind_template_callback (widget_class, guidance_changed_cb);
}

static void
sfumato_settings_pane_class_init (SfumatoSettingsPaneClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = sfumato_settings_pane_get_property;
  object_class->set_property = sfumato_settings_pane_set_property;
  object_class->dispose = sfumato_settings_pane_dispose;

  properties[PROP_FORM] = g_param_spec_object ("form", NULL, NULL, SFUMATO_TYPE_FORM,
                                               G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  g_type_ensure (SFUMATO_TYPE_CHOICE);
  g_type_ensure (SFUMATO_TYPE_SHAPE);
  bind_template (GTK_WIDGET_CLASS (klass));
}

static void
sfumato_settings_pane_init (SfumatoSettingsPane *self)
{
  self->updating = TRUE; /* until there is a form, what the rows say is nobody's choice */
  gtk_widget_init_template (GTK_WIDGET (self));
}

gboolean
sfumato_settings_pane_focus_fault (SfumatoSettingsPane *self)
{
  g_auto (GStrv) faults = NULL;
  SfumatoFault controls[N_CONTROLS];

  g_return_val_if_fail (SFUMATO_IS_SETTINGS_PANE (self), FALSE);

  faults = sfumato_form_dup_faults (self->form);
  list_controls (self, controls);
  return sfumato_fault_focus (controls, N_CONTROLS, faults);
}
