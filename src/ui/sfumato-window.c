/* The main window: its life, and what its children ask of it.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include <glib/gi18n-lib.h>

#include "ui/gallery/sfumato-image-page.h"
#include "ui/sfumato-welcome-page.h"
#include "ui/sfumato-window-private.h"

G_DEFINE_FINAL_TYPE (SfumatoWindow, sfumato_window, ADW_TYPE_APPLICATION_WINDOW)

enum
{
  PROP_0,
  PROP_STUDIO,
  PROP_SETTINGS_SHOWN,
  N_PROPS,
};

static GParamSpec *properties[N_PROPS];

/* ---- what the template tells ---- */

static void
page_changed_cb (SfumatoWindow *self)
{
  if (self->studio == NULL)
    return;
  _sfumato_window_actions_update (self);
  _sfumato_window_update_strip (self);
  _sfumato_window_place_toasts (self);
}

static void
update_actions_cb (SfumatoWindow *self)
{
  if (self->studio != NULL)
    _sfumato_window_actions_update (self);
}

static void
settings_shown_cb (SfumatoWindow *self)
{
  gboolean shown;

  g_object_get (self->create_page, "settings-shown", &shown, NULL);
  if (self->settings_shown == shown)
    return;
  self->settings_shown = shown;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_SETTINGS_SHOWN]);
}

/* For the style sheet, which knows no widths. */
static void
became_cramped_cb (SfumatoWindow *self)
{
  gtk_widget_add_css_class (GTK_WIDGET (self), "cramped");
}

static void
became_roomy_cb (SfumatoWindow *self)
{
  gtk_widget_remove_css_class (GTK_WIDGET (self), "cramped");
}

static void
banner_clicked_cb (SfumatoWindow *self)
{
  if (self->banner_action != NULL)
    gtk_widget_activate_action (GTK_WIDGET (self), self->banner_action, NULL);
}

/* Escape, and the keyboard, go back to where they were. */
static void
sheet_opened_cb (SfumatoWindow *self)
{
  if (adw_bottom_sheet_get_open (self->queue_sheet))
    gtk_widget_grab_focus (GTK_WIDGET (self->sheet));
  else if (self->studio != NULL)
    _sfumato_window_update_strip (self);
}

/* What lies on top. */
static GtkWidget *
find_front (SfumatoWindow *self)
{
  AdwDialog *dialog = adw_application_window_get_visible_dialog (ADW_APPLICATION_WINDOW (self));
  AdwNavigationPage *page = adw_navigation_view_get_visible_page (self->navigation_view);

  if (dialog != NULL)
    return GTK_WIDGET (dialog);
  if (page != self->main_page)
    return GTK_WIDGET (page);
  if (adw_bottom_sheet_get_open (self->queue_sheet))
    return GTK_WIDGET (self->sheet);
  return adw_view_stack_get_visible_child (self->view_stack);
}

/* libadwaita 1.7 leaves the keyboard with a sheet that has gone where it had been outside of what the sheet covers. */
static gboolean
is_focus_lost (SfumatoWindow *self)
{
  GtkWidget *focus = gtk_window_get_focus (GTK_WINDOW (self));

  return focus == NULL ||
         (!gtk_widget_get_mapped (focus) && gtk_widget_is_ancestor (GTK_WIDGET (self->sheet), focus));
}

static void
refocus_cb (gpointer user_data)
{
  SfumatoWindow *self = user_data;
  GtkWidget *front = find_front (self);

  self->refocus_source = 0;
  if (is_focus_lost (self) && front != NULL && !gtk_widget_grab_focus (front))
    gtk_widget_child_focus (front, GTK_DIR_TAB_FORWARD);
}

/* What had the keyboard may go: a button that was pressed, a picture that was deleted. Then, once nobody else has taken
 * it, whatever lies on top does. */
static void
focus_changed_cb (SfumatoWindow *self)
{
  if (is_focus_lost (self) && self->refocus_source == 0)
    self->refocus_source = g_idle_add_once (refocus_cb, self);
}

static void
leave_welcome (SfumatoWindow *self,
               const char    *service)
{
  GSettings *settings = sfumato_studio_get_settings (self->studio);

  g_settings_set_boolean (settings, "welcomed", TRUE);
  if (service != NULL)
    g_settings_set_string (settings, "service", service);
  adw_navigation_view_pop (self->navigation_view);
  _sfumato_window_update_key (self);
  sfumato_create_page_focus_prompt (self->create_page);
}

static void
service_chosen_cb (SfumatoWindow *self,
                   const char    *service)
{
  g_autoptr (SfumatoService) chosen = service != NULL ? sfumato_studio_find_service (self->studio, service) : NULL;

  leave_welcome (self, service);
  if (chosen != NULL && chosen == SFUMATO_SERVICE (sfumato_studio_get_local (self->studio)) &&
      !sfumato_studio_has_own_models (self->studio))
    gtk_widget_activate_action (GTK_WIDGET (self), "win.add-model", NULL);
}

/* A first picture at once: what it is made of stands in the composer meanwhile. */
static void
tried_cb (SfumatoWindow *self)
{
  const SfumatoModel *starter = sfumato_studio_find_starter (self->studio);
  g_autoptr (SfumatoRequest) example = NULL;

  leave_welcome (self, starter->service);
  g_settings_set_string (sfumato_studio_get_settings (self->studio), "model", starter->id);
  example = _sfumato_window_make_example (self);
  sfumato_form_load (sfumato_create_page_get_form (self->create_page), example);
  gtk_widget_activate_action (GTK_WIDGET (self), "win.generate", NULL);
}

void
_sfumato_window_welcome (SfumatoWindow *self,
                         gboolean       can_pop)
{
  SfumatoWelcomePage *page = g_object_new (SFUMATO_TYPE_WELCOME_PAGE, "studio", self->studio, "can-pop", can_pop, NULL);

  g_signal_connect_object (page, "chosen", G_CALLBACK (service_chosen_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (page, "tried", G_CALLBACK (tried_cb), self, G_CONNECT_SWAPPED);
  adw_navigation_view_push (self->navigation_view, ADW_NAVIGATION_PAGE (page));
}

/* ---- overrides ---- */

static gboolean
sfumato_window_close_request (GtkWindow *window)
{
  if (!_sfumato_window_may_close (SFUMATO_WINDOW (window)))
    return GDK_EVENT_STOP;
  return GTK_WINDOW_CLASS (sfumato_window_parent_class)->close_request (window);
}

static void
sfumato_window_show (GtkWidget *widget)
{
  SFUMATO_WINDOW (widget)->waits_to_close = FALSE;

  GTK_WIDGET_CLASS (sfumato_window_parent_class)->show (widget);
}

/* ---- the object ---- */

static void
bind_settings (SfumatoWindow *self)
{
  GSettings *settings = sfumato_studio_get_settings (self->studio);

  g_settings_bind (settings, "window-width", self, "default-width", G_SETTINGS_BIND_DEFAULT);
  g_settings_bind (settings, "window-height", self, "default-height", G_SETTINGS_BIND_DEFAULT);
  g_settings_bind (settings, "window-maximized", self, "maximized", G_SETTINGS_BIND_DEFAULT);
}

static void
welcome (SfumatoWindow *self)
{
  GSettings *settings = sfumato_studio_get_settings (self->studio);

  if (g_settings_get_boolean (settings, "welcomed"))
    sfumato_create_page_focus_prompt (self->create_page);
  else
    _sfumato_window_welcome (self, FALSE);
}

static void
sfumato_window_constructed (GObject *object)
{
  SfumatoWindow *self = SFUMATO_WINDOW (object);

  G_OBJECT_CLASS (sfumato_window_parent_class)->constructed (object);

  bind_settings (self);
  g_object_set (self->create_page, "studio", self->studio, NULL);
  g_object_set (self->gallery_page, "studio", self->studio, NULL);
  g_object_set (self->sheet, "studio", self->studio, NULL);
  g_object_set (self->strip, "queue", sfumato_studio_get_queue (self->studio), NULL);
  g_signal_connect_object (sfumato_studio_get_queue (self->studio), "notify::active",
                           G_CALLBACK (_sfumato_window_close_when_idle), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (sfumato_studio_get_settings (self->studio), "changed::service",
                           G_CALLBACK (_sfumato_window_update_key), self, G_CONNECT_SWAPPED);
  _sfumato_window_news_follow (self);
  _sfumato_window_actions_update (self);
  _sfumato_window_update_key (self);
  welcome (self);
}

static void
sfumato_window_get_property (GObject    *object,
                             guint       id,
                             GValue     *value,
                             GParamSpec *pspec)
{
  SfumatoWindow *self = SFUMATO_WINDOW (object);

  switch (id)
    {
    case PROP_STUDIO: g_value_set_object (value, self->studio); break;
    case PROP_SETTINGS_SHOWN: g_value_set_boolean (value, self->settings_shown); break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
sfumato_window_set_property (GObject      *object,
                             guint         id,
                             const GValue *value,
                             GParamSpec   *pspec)
{
  SfumatoWindow *self = SFUMATO_WINDOW (object);

  switch (id)
    {
    case PROP_STUDIO: self->studio = g_value_dup_object (value); break;
    case PROP_SETTINGS_SHOWN:
      g_object_set (self->create_page, "settings-shown", g_value_get_boolean (value), NULL);
      break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
sfumato_window_dispose (GObject *object)
{
  SfumatoWindow *self = SFUMATO_WINDOW (object);

  g_cancellable_cancel (self->cancellable);
  g_clear_handle_id (&self->refocus_source, g_source_remove);
  g_signal_handlers_disconnect_by_func (self, focus_changed_cb, NULL);
  gtk_widget_dispose_template (GTK_WIDGET (self), SFUMATO_TYPE_WINDOW);
  g_clear_object (&self->toasts);
  g_clear_object (&self->deletions);
  g_clear_object (&self->form_before);
  g_clear_object (&self->studio);

  G_OBJECT_CLASS (sfumato_window_parent_class)->dispose (object);
}

static void
sfumato_window_finalize (GObject *object)
{
  g_clear_object (&SFUMATO_WINDOW (object)->cancellable);

  G_OBJECT_CLASS (sfumato_window_parent_class)->finalize (object);
}

static void
bind_template (GtkWidgetClass *widget_class)
{
  g_type_ensure (SFUMATO_TYPE_CREATE_PAGE);
  g_type_ensure (SFUMATO_TYPE_GALLERY_PAGE);
  g_type_ensure (SFUMATO_TYPE_QUEUE_SHEET);
  g_type_ensure (SFUMATO_TYPE_QUEUE_STRIP);
  gtk_widget_class_set_template_from_resource (widget_class, SFUMATO_RESOURCES "sfumato-window.ui");
  gtk_widget_class_bind_template_child (widget_class, SfumatoWindow, toast_overlay);
  gtk_widget_class_bind_template_child (widget_class, SfumatoWindow, navigation_view);
  gtk_widget_class_bind_template_child (widget_class, SfumatoWindow, main_page);
  gtk_widget_class_bind_template_child (widget_class, SfumatoWindow, main_view);
  gtk_widget_class_bind_template_child (widget_class, SfumatoWindow, banner);
  gtk_widget_class_bind_template_child (widget_class, SfumatoWindow, queue_sheet);
  gtk_widget_class_bind_template_child (widget_class, SfumatoWindow, view_stack);
  gtk_widget_class_bind_template_child (widget_class, SfumatoWindow, create_page);
  gtk_widget_class_bind_template_child (widget_class, SfumatoWindow, gallery_page);
  gtk_widget_class_bind_template_child (widget_class, SfumatoWindow, sheet);
  gtk_widget_class_bind_template_child (widget_class, SfumatoWindow, strip);
  gtk_widget_class_bind_template_child (widget_class, SfumatoWindow, settings_button);
  gtk_widget_class_bind_template_callback (widget_class, page_changed_cb);
  gtk_widget_class_bind_template_callback (widget_class, update_actions_cb);
  gtk_widget_class_bind_template_callback (widget_class, settings_shown_cb);
  gtk_widget_class_bind_template_callback (widget_class, became_cramped_cb);
  gtk_widget_class_bind_template_callback (widget_class, became_roomy_cb);
  gtk_widget_class_bind_template_callback (widget_class, banner_clicked_cb);
  gtk_widget_class_bind_template_callback (widget_class, sheet_opened_cb);
  gtk_widget_class_bind_template_callback (widget_class, focus_changed_cb);
}

static void
sfumato_window_class_init (SfumatoWindowClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->constructed = sfumato_window_constructed;
  object_class->get_property = sfumato_window_get_property;
  object_class->set_property = sfumato_window_set_property;
  object_class->dispose = sfumato_window_dispose;
  object_class->finalize = sfumato_window_finalize;
  widget_class->show = sfumato_window_show;
  GTK_WINDOW_CLASS (klass)->close_request = sfumato_window_close_request;

  properties[PROP_STUDIO] = g_param_spec_object ("studio", NULL, NULL, SFUMATO_TYPE_STUDIO, G_PARAM_READWRITE |
                                                 G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);
  properties[PROP_SETTINGS_SHOWN] = g_param_spec_boolean ("settings-shown", NULL, NULL, FALSE, G_PARAM_READWRITE |
                                                          G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  _sfumato_window_actions_install (widget_class);
  bind_template (widget_class);
}

static void
sfumato_window_init (SfumatoWindow *self)
{
  self->cancellable = g_cancellable_new ();
  self->deletions = sfumato_deletions_new (self);
  gtk_widget_init_template (GTK_WIDGET (self));
  self->toasts = gtk_widget_observe_children (GTK_WIDGET (self->toast_overlay));
  if (DEVELOPMENT)
    gtk_widget_add_css_class (GTK_WIDGET (self), "devel");
}

/* ---- public ---- */

SfumatoWindow *
sfumato_window_new (AdwApplication *application,
                    SfumatoStudio  *studio)
{
  return g_object_new (SFUMATO_TYPE_WINDOW, "application", application, "studio", studio, NULL);
}

SfumatoStudio *
sfumato_window_get_studio (SfumatoWindow *self)
{
  g_return_val_if_fail (SFUMATO_IS_WINDOW (self), NULL);

  return self->studio;
}

void
sfumato_window_open_picture (SfumatoWindow *self,
                             GListModel    *pictures,
                             guint          position)
{
  g_return_if_fail (SFUMATO_IS_WINDOW (self));

  adw_bottom_sheet_set_open (self->queue_sheet, FALSE);
  adw_navigation_view_push (self->navigation_view,
                            ADW_NAVIGATION_PAGE (sfumato_image_page_new (self->studio, pictures, position)));
}

void
sfumato_window_show_page (SfumatoWindow *self,
                          const char    *name)
{
  adw_bottom_sheet_set_open (self->queue_sheet, FALSE);
  adw_navigation_view_pop_to_page (self->navigation_view, self->main_page);
  adw_view_stack_set_visible_child_name (self->view_stack, name);
}

void
sfumato_window_show_job (SfumatoWindow *self,
                         SfumatoJob    *job)
{
  sfumato_window_show_page (self, "create");
  sfumato_create_page_show_job (self->create_page, job);
  _sfumato_window_update_strip (self);
}

void
sfumato_window_send_again (SfumatoWindow *self,
                           SfumatoJob    *job)
{
  sfumato_create_page_send_again (self->create_page, job);
  _sfumato_window_update_strip (self);
}

void
sfumato_window_remove_job (SfumatoWindow *self,
                           SfumatoJob    *job)
{
  AdwToast *toast = adw_toast_new (_("Removed from the queue"));

  sfumato_queue_remove (sfumato_studio_get_queue (self->studio), job);
  adw_toast_set_button_label (toast, _("_Undo"));
  adw_toast_set_action_name (toast, "win.restore-job");
  self->undo_action = "win.restore-job";
  sfumato_window_add_toast (self, toast);
}

void
sfumato_window_load_form (SfumatoWindow  *self,
                          SfumatoRequest *request,
                          const char     *words)
{
  SfumatoForm *form = sfumato_create_page_get_form (self->create_page);
  AdwToast *toast = adw_toast_new (words);

  g_clear_object (&self->form_before);
  self->form_before = sfumato_form_to_draft (form);
  sfumato_form_load (form, request);
  adw_toast_set_button_label (toast, _("_Undo"));
  adw_toast_set_action_name (toast, "win.restore-form");
  self->undo_action = "win.restore-form";
  sfumato_window_add_toast (self, toast);
}

void
sfumato_window_delete (SfumatoWindow *self,
                       GPtrArray     *pictures)
{
  g_return_if_fail (SFUMATO_IS_WINDOW (self));

  self->undo_action = NULL;
  sfumato_deletions_delete (self->deletions, pictures);
}
