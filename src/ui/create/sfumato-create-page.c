/* The page where pictures are made.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "ui/create/sfumato-create-page.h"

#include "domain/sfumato-error.h"
#include "ui/create/sfumato-composer.h"
#include "ui/create/sfumato-reference-intake.h"
#include "ui/create/sfumato-result-view.h"
#include "ui/create/sfumato-settings-pane.h"
#include "ui/gallery/sfumato-picture-actions.h"
#include "ui/sfumato-window.h"

/* After the last change; a crash costs no more than this. */
#define DRAFT_DELAY_MS 500

struct _SfumatoCreatePage
{
  AdwBin                parent_instance;

  AdwOverlaySplitView  *split_view;
  SfumatoResultView    *result_view;
  SfumatoComposer      *composer;
  SfumatoSettingsPane  *settings_pane;
  GtkDropTarget        *drop_target;

  SfumatoStudio        *studio;        /* owned */
  SfumatoForm          *form;          /* owned */
  GCancellable         *cancellable;   /* owned: ends with the page */
  guint                 draft_timer;   /* source, or 0 */
  gboolean              collapsed;
  gboolean              narrow;
  gboolean              can_generate;
};

G_DEFINE_FINAL_TYPE (SfumatoCreatePage, sfumato_create_page, ADW_TYPE_BIN)

enum
{
  PROP_0,
  PROP_STUDIO,
  PROP_COLLAPSED,
  PROP_NARROW,
  PROP_SETTINGS_SHOWN,
  PROP_CAN_GENERATE,
  N_PROPS,
};

static GParamSpec *properties[N_PROPS];

/* ---- the draft ---- */

static gboolean
draft_due_cb (gpointer user_data)
{
  SfumatoCreatePage *self = user_data;
  g_autoptr (SfumatoRequest) draft = sfumato_form_to_draft (self->form);

  self->draft_timer = 0;
  sfumato_studio_save_draft (self->studio, draft);
  return G_SOURCE_REMOVE;
}

/* Instead of half a second after the last change. */
static void
save_draft_now (SfumatoCreatePage *self)
{
  if (self->draft_timer == 0)
    return;
  g_clear_handle_id (&self->draft_timer, g_source_remove);
  draft_due_cb (self);
}

static void
load_draft (SfumatoCreatePage *self)
{
  g_autoptr (SfumatoRequest) draft = sfumato_studio_load_draft (self->studio);

  if (draft != NULL)
    sfumato_form_load (self->form, draft);
}

/* ---- what the form says ---- */

static void
update_can_generate (SfumatoCreatePage *self)
{
  g_autofree char *reason = NULL;
  gboolean can = sfumato_form_get_need (self->form, &reason) == SFUMATO_FORM_NEEDS_NOTHING;

  if (self->can_generate == can)
    return;
  self->can_generate = can;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_CAN_GENERATE]);
}

static void
form_changed_cb (SfumatoCreatePage *self)
{
  update_can_generate (self);
  g_clear_handle_id (&self->draft_timer, g_source_remove);
  self->draft_timer = g_timeout_add (DRAFT_DELAY_MS, draft_due_cb, self);
}

static void
job_over_cb (SfumatoCreatePage *self,
             SfumatoJob        *job)
{
  SfumatoPicture *picture = sfumato_job_get_picture (job);
  const char *fields = sfumato_error_get_field (sfumato_job_get_error (job));

  if (picture != NULL)
    sfumato_form_set_last_seed (self->form, sfumato_picture_get_fields (picture)->seed_used);
  if (fields != NULL && sfumato_result_view_has (self->result_view, job))
    sfumato_form_set_refused (self->form, fields);
}

static gboolean
dropped_cb (SfumatoCreatePage *self,
            const GValue      *value)
{
  sfumato_reference_take_value (self->form, value, GTK_WIDGET (self), self->cancellable);
  return TRUE;
}

/* Why no picture can be asked for. It is to be seen in the composer anyway. */
static void
explain (GtkWidget  *widget,
         const char *name,
         GVariant   *parameter)
{
  g_autofree char *reason = NULL;

  sfumato_form_get_need (SFUMATO_CREATE_PAGE (widget)->form, &reason);
  if (reason != NULL)
    sfumato_window_announce (SFUMATO_WINDOW (gtk_widget_get_root (widget)), reason, TRUE);
}

/* For the style sheet, which knows no heights. */
static void
became_low_cb (SfumatoCreatePage *self)
{
  gtk_widget_add_css_class (GTK_WIDGET (self), "low");
}

static void
became_high_cb (SfumatoCreatePage *self)
{
  gtk_widget_remove_css_class (GTK_WIDGET (self), "low");
}

/* ---- the object ---- */

static void
bind_settings (SfumatoCreatePage *self)
{
  GSettings *settings = sfumato_studio_get_settings (self->studio);

  g_settings_bind (settings, "service", self->form, "service", G_SETTINGS_BIND_DEFAULT);
  g_settings_bind (settings, "model", self->form, "model", G_SETTINGS_BIND_DEFAULT);
  g_settings_bind (settings, "format", self->form, "format", G_SETTINGS_BIND_DEFAULT);
}

/* The settings lie beside the page as it was wished, and over it only when they are asked for. */
static void
place_settings (SfumatoCreatePage *self)
{
  adw_overlay_split_view_set_show_sidebar (self->split_view, !self->collapsed &&
                                           g_settings_get_boolean (sfumato_studio_get_settings (self->studio),
                                                                   "show-settings-pane"));
}

static void
sidebar_shown_cb (SfumatoCreatePage *self)
{
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_SETTINGS_SHOWN]);
}

static void
set_settings_shown (SfumatoCreatePage *self,
                    gboolean           shown)
{
  adw_overlay_split_view_set_show_sidebar (self->split_view, shown);
  if (!self->collapsed)
    g_settings_set_boolean (sfumato_studio_get_settings (self->studio), "show-settings-pane", shown);
}

static void
set_collapsed (SfumatoCreatePage *self,
               gboolean           collapsed)
{
  if (self->collapsed == collapsed)
    return;
  self->collapsed = collapsed;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_COLLAPSED]);
  if (self->studio != NULL)
    place_settings (self);
}

static void
set_studio (SfumatoCreatePage *self,
            SfumatoStudio     *studio)
{
  if (studio == NULL)
    return;
  g_return_if_fail (self->studio == NULL);

  self->studio = g_object_ref (studio);
  self->form = sfumato_form_new (studio);
  bind_settings (self);
  load_draft (self);
  g_signal_connect_object (self->form, "notify", G_CALLBACK (form_changed_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (sfumato_studio_get_queue (studio), "job-over", G_CALLBACK (job_over_cb), self,
                           G_CONNECT_SWAPPED);
  g_object_set (self->composer, "form", self->form, NULL);
  g_object_set (self->settings_pane, "form", self->form, NULL);
  place_settings (self);
  update_can_generate (self);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_STUDIO]);
}

static gboolean
sfumato_create_page_grab_focus (GtkWidget *widget)
{
  return gtk_widget_grab_focus (GTK_WIDGET (SFUMATO_CREATE_PAGE (widget)->composer));
}

static void
sfumato_create_page_get_property (GObject    *object,
                                  guint       id,
                                  GValue     *value,
                                  GParamSpec *pspec)
{
  SfumatoCreatePage *self = SFUMATO_CREATE_PAGE (object);

  switch (id)
    {
    case PROP_STUDIO: g_value_set_object (value, self->studio); break;
    case PROP_COLLAPSED: g_value_set_boolean (value, self->collapsed); break;
    case PROP_NARROW: g_value_set_boolean (value, self->narrow); break;
    case PROP_SETTINGS_SHOWN:
      g_value_set_boolean (value, adw_overlay_split_view_get_show_sidebar (self->split_view));
      break;
    case PROP_CAN_GENERATE: g_value_set_boolean (value, self->can_generate); break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
sfumato_create_page_set_property (GObject      *object,
                                  guint         id,
                                  const GValue *value,
                                  GParamSpec   *pspec)
{
  SfumatoCreatePage *self = SFUMATO_CREATE_PAGE (object);

  switch (id)
    {
    case PROP_STUDIO: set_studio (self, g_value_get_object (value)); break;
    case PROP_COLLAPSED: set_collapsed (self, g_value_get_boolean (value)); break;
    case PROP_NARROW:
      self->narrow = g_value_get_boolean (value);
      g_object_notify_by_pspec (object, pspec);
      break;
    case PROP_SETTINGS_SHOWN: set_settings_shown (self, g_value_get_boolean (value)); break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
sfumato_create_page_dispose (GObject *object)
{
  SfumatoCreatePage *self = SFUMATO_CREATE_PAGE (object);

  g_cancellable_cancel (self->cancellable);
  if (self->studio != NULL)
    save_draft_now (self);
  adw_bin_set_child (ADW_BIN (object), NULL);
  gtk_widget_dispose_template (GTK_WIDGET (self), SFUMATO_TYPE_CREATE_PAGE);
  g_clear_object (&self->form);
  g_clear_object (&self->studio);

  G_OBJECT_CLASS (sfumato_create_page_parent_class)->dispose (object);
}

static void
sfumato_create_page_finalize (GObject *object)
{
  g_clear_object (&SFUMATO_CREATE_PAGE (object)->cancellable);

  G_OBJECT_CLASS (sfumato_create_page_parent_class)->finalize (object);
}

static void
sfumato_create_page_class_init (SfumatoCreatePageClass *klass)
{
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->get_property = sfumato_create_page_get_property;
  object_class->set_property = sfumato_create_page_set_property;
  object_class->dispose = sfumato_create_page_dispose;
  object_class->finalize = sfumato_create_page_finalize;
  widget_class->grab_focus = sfumato_create_page_grab_focus;

  properties[PROP_STUDIO] = g_param_spec_object ("studio", NULL, NULL, SFUMATO_TYPE_STUDIO, flags);
  properties[PROP_COLLAPSED] = g_param_spec_boolean ("collapsed", NULL, NULL, FALSE, flags);
  properties[PROP_NARROW] = g_param_spec_boolean ("narrow", NULL, NULL, FALSE, flags);
  properties[PROP_SETTINGS_SHOWN] = g_param_spec_boolean ("settings-shown", NULL, NULL, FALSE, flags);
  properties[PROP_CAN_GENERATE] = g_param_spec_boolean ("can-generate", NULL, NULL, FALSE,
                                                        G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  g_type_ensure (SFUMATO_TYPE_COMPOSER);
  g_type_ensure (SFUMATO_TYPE_RESULT_VIEW);
  g_type_ensure (SFUMATO_TYPE_SETTINGS_PANE);
  gtk_widget_class_set_template_from_resource (widget_class, SFUMATO_RESOURCES "sfumato-create-page.ui");
  gtk_widget_class_bind_template_child (widget_class, SfumatoCreatePage, split_view);
  gtk_widget_class_bind_template_child (widget_class, SfumatoCreatePage, result_view);
  gtk_widget_class_bind_template_child (widget_class, SfumatoCreatePage, composer);
  gtk_widget_class_bind_template_child (widget_class, SfumatoCreatePage, settings_pane);
  gtk_widget_class_bind_template_child (widget_class, SfumatoCreatePage, drop_target);
  gtk_widget_class_install_action (widget_class, "create.explain", NULL, explain);
  gtk_widget_class_bind_template_callback (widget_class, dropped_cb);
  gtk_widget_class_bind_template_callback (widget_class, became_low_cb);
  gtk_widget_class_bind_template_callback (widget_class, became_high_cb);
}

static void
sfumato_create_page_init (SfumatoCreatePage *self)
{
  self->cancellable = g_cancellable_new ();
  gtk_widget_init_template (GTK_WIDGET (self));
  gtk_drop_target_set_gtypes (self->drop_target, (GType[2]) { G_TYPE_FILE, GDK_TYPE_TEXTURE }, 2);
  sfumato_picture_actions_add_shortcuts_for (GTK_WIDGET (self), SFUMATO_PICTURE_HOLDER (self->result_view));
  g_signal_connect_object (self->split_view, "notify::show-sidebar", G_CALLBACK (sidebar_shown_cb), self,
                           G_CONNECT_SWAPPED);
}

/* ---- public ---- */

SfumatoForm *
sfumato_create_page_get_form (SfumatoCreatePage *self)
{
  g_return_val_if_fail (SFUMATO_IS_CREATE_PAGE (self), NULL);

  return self->form;
}

void
sfumato_create_page_focus_prompt (SfumatoCreatePage *self)
{
  g_return_if_fail (SFUMATO_IS_CREATE_PAGE (self));

  sfumato_composer_focus_prompt (self->composer);
}

void
sfumato_create_page_add_toast (SfumatoCreatePage *self,
                               AdwToast          *toast)
{
  g_return_if_fail (SFUMATO_IS_CREATE_PAGE (self));

  sfumato_result_view_add_toast (self->result_view, toast);
}

gboolean
sfumato_create_page_generate (SfumatoCreatePage *self,
                              gboolean           in_front)
{
  g_autoptr (SfumatoRequest) request = NULL;
  g_autoptr (GPtrArray) jobs = NULL;
  g_autoptr (GError) error = NULL;

  g_return_val_if_fail (SFUMATO_IS_CREATE_PAGE (self), FALSE);

  /* The word an input method is still making is not in the prompt yet: paying for half a prompt helps nobody. */
  if (!self->can_generate || sfumato_composer_is_composing (self->composer))
    return FALSE;
  save_draft_now (self); /* not in half a second, which a crash may not wait for */
  request = sfumato_form_to_request (self->form, &error);
  if (request != NULL)
    jobs = sfumato_queue_add (sfumato_studio_get_queue (self->studio), request, in_front, &error);
  if (jobs == NULL)
    {
      sfumato_result_view_show_error (self->result_view, error);
      return FALSE;
    }
  sfumato_form_set_refused (self->form, NULL);
  sfumato_result_view_show (self->result_view, jobs);
  return TRUE;
}

gboolean
sfumato_create_page_cancel (SfumatoCreatePage *self)
{
  g_return_val_if_fail (SFUMATO_IS_CREATE_PAGE (self), FALSE);

  return sfumato_result_view_cancel (self->result_view);
}

void
sfumato_create_page_show_job (SfumatoCreatePage *self,
                              SfumatoJob        *job)
{
  GListModel *queue;
  g_autoptr (GPtrArray) batch = g_ptr_array_new_with_free_func (g_object_unref);

  g_return_if_fail (SFUMATO_IS_CREATE_PAGE (self));

  queue = G_LIST_MODEL (sfumato_studio_get_queue (self->studio));
  for (guint i = 0; i < g_list_model_get_n_items (queue); i++)
    {
      g_autoptr (SfumatoJob) other = g_list_model_get_item (queue, i);

      if (g_strcmp0 (sfumato_job_get_batch (other), sfumato_job_get_batch (job)) == 0)
        g_ptr_array_add (batch, g_steal_pointer (&other));
    }
  sfumato_result_view_show (self->result_view, batch);
}

gboolean
sfumato_create_page_shows (SfumatoCreatePage *self,
                           SfumatoJob        *job)
{
  g_return_val_if_fail (SFUMATO_IS_CREATE_PAGE (self), FALSE);

  return sfumato_result_view_has (self->result_view, job);
}

void
sfumato_create_page_send_again (SfumatoCreatePage *self,
                                SfumatoJob        *job)
{
  SfumatoQueue *queue;
  g_autoptr (SfumatoJob) again = NULL;
  g_autoptr (GError) error = NULL;

  g_return_if_fail (SFUMATO_IS_CREATE_PAGE (self));

  queue = sfumato_studio_get_queue (self->studio);
  if (!sfumato_queue_send_again (queue, job, &error))
    {
      sfumato_result_view_show_error (self->result_view, error);
      return;
    }
  again = g_list_model_get_item (G_LIST_MODEL (queue), g_list_model_get_n_items (G_LIST_MODEL (queue)) - 1);
  sfumato_result_view_replace (self->result_view, job, again);
}

void
sfumato_create_page_show_fault (SfumatoCreatePage *self,
                                const char        *fields)
{
  g_return_if_fail (SFUMATO_IS_CREATE_PAGE (self));

  sfumato_form_set_refused (self->form, fields);
  if (sfumato_composer_focus_fault (self->composer))
    return;
  adw_overlay_split_view_set_show_sidebar (self->split_view, TRUE);
  sfumato_settings_pane_focus_fault (self->settings_pane);
}

void
sfumato_create_page_load_reference (SfumatoCreatePage *self,
                                    GFile             *file)
{
  g_return_if_fail (SFUMATO_IS_CREATE_PAGE (self));

  sfumato_reference_take_file (self->form, file, GTK_WIDGET (self), self->cancellable);
}

void
sfumato_create_page_paste_reference (SfumatoCreatePage *self)
{
  g_return_if_fail (SFUMATO_IS_CREATE_PAGE (self));

  sfumato_reference_take_clipboard (self->form, GTK_WIDGET (self), self->cancellable);
}
