/* What computes the pictures.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "ui/preferences/sfumato-device-group.h"

#include <glib/gi18n-lib.h>

#include "ui/widgets/sfumato-choices.h"

struct _SfumatoDeviceGroup
{
  AdwPreferencesGroup  parent_instance;

  AdwComboRow         *device_row;
  GListStore          *devices;
  AdwActionRow        *memory_row;
  GtkWidget           *keep_button;

  SfumatoStudio       *studio;        /* owned */
  GCancellable        *cancellable;   /* owned: ends with the group */
  GPtrArray           *found;         /* owned, nullable: the engine's devices */
  guint64              memory_free;   /* bytes; 0: not known */
  gboolean             updating;      /* what the row says comes from the settings, not from the person */
};

G_DEFINE_FINAL_TYPE (SfumatoDeviceGroup, sfumato_device_group, ADW_TYPE_PREFERENCES_GROUP)

enum
{
  PROP_0,
  PROP_STUDIO,
  PROP_MEMORY_FREE,
  N_PROPS,
};

static GParamSpec *properties[N_PROPS];

static void
append_choice (SfumatoDeviceGroup *self,
               const char         *id,
               const char         *name)
{
  g_autoptr (SfumatoChoice) choice = sfumato_choice_new (id, name, NULL, NULL);

  g_list_store_append (self->devices, choice);
}

/* The one that was chosen; the first of the list, which is the best there is, where it is not there any more. */
static void
select_device (SfumatoDeviceGroup *self)
{
  g_autofree char *device = g_settings_get_string (sfumato_studio_get_settings (self->studio), "device");

  self->updating = TRUE;
  sfumato_choices_select (self->device_row, device);
  self->updating = FALSE;
}

/* Of the device that is chosen, or of the computer itself. */
static void
show_memory (SfumatoDeviceGroup *self)
{
  SfumatoChoice *choice = adw_combo_row_get_selected_item (self->device_row);
  const SfumatoLocalDevice *shown = NULL;
  g_autofree char *free_words = NULL;
  g_autofree char *all_words = NULL;
  g_autofree char *words = NULL;

  for (guint i = 0; self->found != NULL && i < self->found->len; i++)
    {
      const SfumatoLocalDevice *device = g_ptr_array_index (self->found, i);
      gboolean chosen = choice != NULL && g_str_equal (sfumato_choice_get_id (choice), device->id);

      if (chosen || (shown == NULL && !device->gpu))
        shown = device;
    }
  gtk_widget_set_visible (GTK_WIDGET (self->memory_row), shown != NULL);
  if (shown == NULL)
    return;
  free_words = g_format_size_full (shown->memory_free, G_FORMAT_SIZE_IEC_UNITS);
  all_words = g_format_size_full (shown->memory, G_FORMAT_SIZE_IEC_UNITS);
  /* Translators: sizes of memory, the free and all of it */
  words = g_strdup_printf (_("%s of %s"), free_words, all_words);
  adw_action_row_set_subtitle (self->memory_row, words);
}

static void
show_devices (SfumatoDeviceGroup *self)
{
  self->updating = TRUE;
  g_list_store_remove_all (self->devices);
  append_choice (self, "", _("The Best There Is"));
  for (guint i = 0; self->found != NULL && i < self->found->len; i++)
    {
      const SfumatoLocalDevice *device = g_ptr_array_index (self->found, i);

      append_choice (self, device->id, device->name);
      if (!device->gpu)
        self->memory_free = device->memory_free;
    }
  self->updating = FALSE;
  select_device (self);
  show_memory (self);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_MEMORY_FREE]);
}

static void
devices_thread (GTask        *task,
                gpointer      source,
                gpointer      task_data,
                GCancellable *cancellable)
{
  GError *error = NULL;
  GPtrArray *devices = sfumato_local_service_list_devices (task_data, cancellable, &error);

  if (devices != NULL)
    g_task_return_pointer (task, devices, (GDestroyNotify) g_ptr_array_unref);
  else
    g_task_return_error (task, error);
}

static void
devices_found_cb (GObject      *source,
                  GAsyncResult *result,
                  gpointer      user_data)
{
  SfumatoDeviceGroup *self = SFUMATO_DEVICE_GROUP (source);
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) devices = g_task_propagate_pointer (G_TASK (result), &error);

  if (self->studio == NULL)
    return; /* the group is gone */
  if (devices == NULL)
    {
      adw_action_row_set_subtitle (ADW_ACTION_ROW (self->device_row), error->message);
      return;
    }
  g_clear_pointer (&self->found, g_ptr_array_unref);
  self->found = g_steal_pointer (&devices);
  show_devices (self);
}

static void
device_selected_cb (SfumatoDeviceGroup *self)
{
  SfumatoChoice *choice = adw_combo_row_get_selected_item (self->device_row);

  if (self->updating || choice == NULL || self->studio == NULL)
    return;
  g_settings_set_string (sfumato_studio_get_settings (self->studio), "device", sfumato_choice_get_id (choice));
  show_memory (self);
}

static void
set_studio (SfumatoDeviceGroup *self,
            SfumatoStudio      *studio)
{
  if (studio == NULL)
    return;
  g_return_if_fail (self->studio == NULL);

  self->studio = g_object_ref (studio);
  g_settings_bind (sfumato_studio_get_settings (studio), "keep-minutes", self->keep_button, "value",
                   G_SETTINGS_BIND_DEFAULT);
  show_devices (self);
}

static void
sfumato_device_group_map (GtkWidget *widget)
{
  SfumatoDeviceGroup *self = SFUMATO_DEVICE_GROUP (widget);
  g_autoptr (GTask) task = NULL;

  GTK_WIDGET_CLASS (sfumato_device_group_parent_class)->map (widget);

  if (self->studio == NULL)
    return;
  task = g_task_new (self, self->cancellable, devices_found_cb, NULL);
  g_task_set_task_data (task, g_object_ref (sfumato_studio_get_local (self->studio)), g_object_unref);
  g_task_run_in_thread (task, devices_thread);
}

static void
sfumato_device_group_get_property (GObject    *object,
                                   guint       id,
                                   GValue     *value,
                                   GParamSpec *pspec)
{
  switch (id)
    {
    case PROP_STUDIO: g_value_set_object (value, SFUMATO_DEVICE_GROUP (object)->studio); break;
    case PROP_MEMORY_FREE: g_value_set_uint64 (value, SFUMATO_DEVICE_GROUP (object)->memory_free); break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
sfumato_device_group_set_property (GObject      *object,
                                   guint         id,
                                   const GValue *value,
                                   GParamSpec   *pspec)
{
  switch (id)
    {
    case PROP_STUDIO: set_studio (SFUMATO_DEVICE_GROUP (object), g_value_get_object (value)); break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
sfumato_device_group_dispose (GObject *object)
{
  SfumatoDeviceGroup *self = SFUMATO_DEVICE_GROUP (object);

  self->updating = TRUE; /* a row that loses its list has nothing to say */
  g_cancellable_cancel (self->cancellable);
  gtk_widget_dispose_template (GTK_WIDGET (self), SFUMATO_TYPE_DEVICE_GROUP);
  g_clear_pointer (&self->found, g_ptr_array_unref);
  g_clear_object (&self->studio);

  G_OBJECT_CLASS (sfumato_device_group_parent_class)->dispose (object);
}

static void
sfumato_device_group_finalize (GObject *object)
{
  g_object_unref (SFUMATO_DEVICE_GROUP (object)->cancellable);

  G_OBJECT_CLASS (sfumato_device_group_parent_class)->finalize (object);
}

static void
bind_template (GtkWidgetClass *widget_class)
{
  gtk_widget_class_set_template_from_resource (widget_class, SFUMATO_RESOURCES "sfumato-device-group.ui");
  gtk_widget_class_bind_template_child (widget_class, SfumatoDeviceGroup, device_row);
  gtk_widget_class_bind_template_child (widget_class, SfumatoDeviceGroup, devices);
  gtk_widget_class_bind_template_child (widget_class, SfumatoDeviceGroup, memory_row);
  gtk_widget_class_bind_template_child (widget_class, SfumatoDeviceGroup, keep_button);
  gtk_widget_class_bind_template_callback (widget_class, device_selected_cb);
}

static void
sfumato_device_group_class_init (SfumatoDeviceGroupClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->get_property = sfumato_device_group_get_property;
  object_class->set_property = sfumato_device_group_set_property;
  object_class->dispose = sfumato_device_group_dispose;
  object_class->finalize = sfumato_device_group_finalize;
  widget_class->map = sfumato_device_group_map;

  properties[PROP_STUDIO] = g_param_spec_object ("studio", NULL, NULL, SFUMATO_TYPE_STUDIO,
                                                 G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS);
  properties[PROP_MEMORY_FREE] = g_param_spec_uint64 ("memory-free", NULL, NULL, 0, G_MAXUINT64, 0,
                                                      G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  g_type_ensure (SFUMATO_TYPE_CHOICE);
  bind_template (widget_class);
}

static void
sfumato_device_group_init (SfumatoDeviceGroup *self)
{
  self->updating = TRUE; /* until there is a studio, what the row says is nobody's choice */
  self->cancellable = g_cancellable_new ();
  gtk_widget_init_template (GTK_WIDGET (self));
}

guint64
sfumato_device_group_get_memory_free (SfumatoDeviceGroup *self)
{
  g_return_val_if_fail (SFUMATO_IS_DEVICE_GROUP (self), 0);

  return self->memory_free;
}
