/* The key of one service as a group of rows.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "ui/preferences/sfumato-key-group.h"

#include <glib/gi18n-lib.h>
#include <math.h>

#include "ui/preferences/sfumato-key-question.h"

struct _SfumatoKeyGroup
{
  AdwPreferencesGroup  parent_instance;

  GtkEditable         *entry;
  AdwActionRow        *state_row;
  GtkImage            *state_icon;
  GtkWidget           *spinner;
  GtkWidget           *unlock_row;
  GtkWidget           *retry_row;
  GtkWidget           *check_row;
  GtkWidget           *keep_row;
  GtkWidget           *forget_row;
  GtkWidget           *get_row;
  AdwDialog           *forget_dialog;

  SfumatoStudio       *studio;       /* owned, nullable */
  char                *service;      /* owned, nullable: its id */
  GCancellable        *cancellable;  /* owned, nullable: while asking */
  SfumatoKeyAsk        asked;        /* what */
  gboolean             check_next;   /* Check was pressed before the state was known */

  SfumatoKeyState      state;
  GError              *state_error;  /* owned, nullable: why the state is not known */
  char                *held_reason;  /* owned, nullable: why the keyring does not have it */
  GError              *problem;      /* owned, nullable: of the last thing that was asked for */
  char                *success;      /* owned, nullable: or what it said */
  gboolean             answered;     /* the state has been told at least once */
};

G_DEFINE_FINAL_TYPE (SfumatoKeyGroup, sfumato_key_group, ADW_TYPE_PREFERENCES_GROUP)

enum
{
  PROP_0,
  PROP_STUDIO,
  PROP_SERVICE,
  PROP_HAS_KEY,
  N_PROPS,
};

static GParamSpec *properties[N_PROPS];

/* ---- what is shown --------------------------------------------------------------------------------------- */

static gboolean
is_typed (SfumatoKeyGroup *self)
{
  return *gtk_editable_get_text (self->entry) != '\0';
}

static gboolean
is_kept (SfumatoKeyGroup *self)
{
  return self->state == SFUMATO_KEY_STORED || self->state == SFUMATO_KEY_HELD;
}

static gboolean
is_locked (SfumatoKeyGroup *self)
{
  return sfumato_error_get_help (self->state_error) == SFUMATO_ERROR_HELP_UNLOCK;
}

static void
say (SfumatoKeyGroup *self,
     const char      *icon,
     const char      *title,
     const char      *subtitle)
{
  gtk_image_set_from_icon_name (self->state_icon, icon);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (self->state_row), title);
  adw_action_row_set_subtitle (self->state_row, subtitle);
}

static char *
held_words (SfumatoKeyGroup *self)
{
  if (!self->held_reason)
    return g_strdup (_("No keyring could keep it. It is forgotten when Sfumato is closed."));
  /* Translators: %s says what is wrong with the keyring, such as "No Keyring Found". */
  return g_strdup_printf (_("%s: the key is forgotten when Sfumato is closed."), self->held_reason);
}

static void
say_state (SfumatoKeyGroup *self)
{
  g_autofree char *held = held_words (self);

  switch (self->state)
    {
    case SFUMATO_KEY_STORED:
      say (self, "channel-secure-symbolic", self->success ? self->success : _("In your keyring"),
           self->success ? _("Kept in your keyring.") : "");
      break;
    case SFUMATO_KEY_HELD:
      say (self, "dialog-warning-symbolic", self->success ? self->success : _("For this run only"), held);
      break;
    case SFUMATO_KEY_UNKNOWN:
      say (self, is_locked (self) ? "changes-prevent-symbolic" : "dialog-warning-symbolic",
           sfumato_error_get_title (self->state_error),
           is_locked (self) ? _("Unlock it to use the key in it.")
                            : _("A key that is entered here is kept until Sfumato is closed."));
      break;
    default:
      say (self, "dialog-password-symbolic", _("No key yet"), _("It will be kept in your keyring."));
    }
}

static void
say_all (SfumatoKeyGroup *self)
{
  if (self->cancellable && !self->answered)
    say (self, "dialog-password-symbolic", _("Looking in the keyring…"), "");
  else if (self->problem)
    say (self, "dialog-error-symbolic", sfumato_error_get_title (self->problem), self->problem->message);
  else if (is_typed (self))
    say (self, "dialog-password-symbolic", _("Not checked yet"),
         _("Check asks the service for your account. It costs nothing."));
  else
    say_state (self);
}

/* Whether asking again, or asking nobody, could be better than the answer that came. */
static gboolean
may_keep_unchecked (SfumatoKeyGroup *self)
{
  return is_typed (self) && self->problem &&
         !g_error_matches (self->problem, SFUMATO_ERROR, SFUMATO_ERROR_UNAUTHORISED) &&
         !g_error_matches (self->problem, SFUMATO_ERROR, SFUMATO_ERROR_INVALID);
}

/* What can be done now. It stays in its place, and keeps the keyboard, while an answer is awaited. */
static void
offer (SfumatoKeyGroup *self)
{
  gboolean unknown = self->state == SFUMATO_KEY_UNKNOWN && !is_typed (self);

  gtk_widget_set_visible (self->unlock_row, unknown && is_locked (self));
  gtk_widget_set_visible (self->retry_row, unknown && !is_locked (self));
  gtk_widget_set_visible (self->check_row, is_typed (self) || is_kept (self));
  gtk_widget_set_visible (self->keep_row, may_keep_unchecked (self));
  gtk_widget_set_visible (self->forget_row, is_kept (self) && !is_typed (self));
  gtk_widget_set_visible (self->get_row, !is_kept (self));
}

static void
update (SfumatoKeyGroup *self)
{
  gboolean idle = self->cancellable == NULL;

  say_all (self);
  gtk_widget_set_visible (self->spinner, !idle);
  /* Not insensitive: GTK warns of a text that loses its focus that way, and the person would lose it too. While only the
   * state is asked for, which a keyring can take its time for, nothing that is typed may get lost. */
  gtk_editable_set_editable (GTK_EDITABLE (self->entry), idle || self->asked == SFUMATO_KEY_ASK_STATE);
  if (idle && self->answered)
    offer (self);
}

static void
announce (SfumatoKeyGroup *self)
{
  const char *title = adw_preferences_row_get_title (ADW_PREFERENCES_ROW (self->state_row));
  const char *subtitle = adw_action_row_get_subtitle (self->state_row);
  /* A title that is a sentence has its full stop. */
  g_autofree char *text = g_strdup_printf ("%s%s %s", title, g_str_has_suffix (title, ".") ? "" : ".",
                                           subtitle != NULL ? subtitle : "");

  gtk_accessible_announce (GTK_ACCESSIBLE (self), text, GTK_ACCESSIBLE_ANNOUNCEMENT_PRIORITY_MEDIUM);
}

/* ---- asking ---------------------------------------------------------------------------------------------- */

static char *
success_words (double credits)
{
  g_autofree char *balance = sfumato_credits_format (credits);

  if (isnan (credits))
    return g_strdup (_("Key works"));
  /* Translators: %s is an amount, such as "124 credits". */
  return g_strdup_printf (_("Key works. Balance: %s."), balance);
}

static void
take_answer (SfumatoKeyGroup        *self,
             const SfumatoKeyAnswer *answer,
             GError                 *problem)
{
  gboolean had_key = is_kept (self);
  gboolean was_tried = answer->asked == SFUMATO_KEY_ASK_CHECK || answer->asked == SFUMATO_KEY_ASK_KEEP;

  self->answered = TRUE;
  self->state = answer->state;
  g_clear_error (&self->state_error);
  self->state_error = answer->state_error != NULL ? g_error_copy (answer->state_error) : NULL;
  g_clear_error (&self->problem);
  self->problem = problem;
  g_clear_pointer (&self->success, g_free);
  if (was_tried)
    g_set_str (&self->held_reason, answer->held_reason);
  if (answer->asked == SFUMATO_KEY_ASK_CHECK && problem == NULL)
    self->success = success_words (answer->credits);
  if (was_tried && problem == NULL)
    gtk_editable_set_text (self->entry, "");
  update (self);
  if (had_key != is_kept (self))
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_HAS_KEY]);
}

static void check_cb (SfumatoKeyGroup *self);

static void
answered_cb (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  GWeakRef *asker = user_data;
  g_autoptr (SfumatoKeyGroup) self = g_weak_ref_get (asker);
  const SfumatoKeyAnswer *answer;
  GError *problem = NULL;

  g_weak_ref_clear (asker);
  g_free (asker);
  if (self == NULL || self->cancellable == NULL)
    return; /* the group is gone */
  answer = sfumato_key_question_finish (result, &problem);
  g_clear_object (&self->cancellable);
  take_answer (self, answer, problem);
  if (answer->asked != SFUMATO_KEY_ASK_STATE)
    announce (self);
  if (self->check_next)
    check_cb (self);
}

static void
ask (SfumatoKeyGroup *self,
     SfumatoKeyAsk    what)
{
  gboolean of_typed = what == SFUMATO_KEY_ASK_CHECK || what == SFUMATO_KEY_ASK_KEEP;
  GWeakRef *asker;

  if (self->cancellable || !self->studio || !self->service)
    return;
  self->cancellable = g_cancellable_new ();
  self->asked = what;
  asker = g_new (GWeakRef, 1);
  g_weak_ref_init (asker, self);
  sfumato_key_question_ask (self->studio, self->service, what,
                            of_typed && is_typed (self) ? gtk_editable_get_text (self->entry) : NULL,
                            self->cancellable, answered_cb, asker);
  update (self);
}

/* ---- callbacks ------------------------------------------------------------------------------------------- */

static void
entry_changed_cb (SfumatoKeyGroup *self)
{
  /* What was said was about another text. */
  if (is_typed (self))
    {
      g_clear_error (&self->problem);
      g_clear_pointer (&self->success, g_free);
    }
  update (self);
}

static void
check_cb (SfumatoKeyGroup *self)
{
  self->check_next = self->cancellable != NULL && self->asked == SFUMATO_KEY_ASK_STATE;
  if (is_typed (self) || is_kept (self))
    ask (self, SFUMATO_KEY_ASK_CHECK);
}

static void
keep_cb (SfumatoKeyGroup *self)
{
  ask (self, SFUMATO_KEY_ASK_KEEP);
}

static void
unlock_cb (SfumatoKeyGroup *self)
{
  ask (self, SFUMATO_KEY_ASK_UNLOCK);
}

static void
forget_cb (SfumatoKeyGroup *self)
{
  if (!self->cancellable)
    adw_dialog_present (self->forget_dialog, GTK_WIDGET (self));
}

static void
forget_answered_cb (SfumatoKeyGroup *self,
                    const char      *response)
{
  if (g_str_equal (response, "forget"))
    ask (self, SFUMATO_KEY_ASK_FORGET);
}

static void
get_key_cb (SfumatoKeyGroup *self)
{
  g_autoptr (SfumatoService) service = sfumato_studio_find_service (self->studio, self->service);
  g_autoptr (GtkUriLauncher) launcher = gtk_uri_launcher_new (sfumato_service_get_key_url (service));

  gtk_uri_launcher_launch (launcher, GTK_WINDOW (gtk_widget_get_root (GTK_WIDGET (self))), NULL, NULL, NULL);
}

/* ---- overrides ------------------------------------------------------------------------------------------- */

static void
sfumato_key_group_map (GtkWidget *widget)
{
  GTK_WIDGET_CLASS (sfumato_key_group_parent_class)->map (widget);

  ask (SFUMATO_KEY_GROUP (widget), SFUMATO_KEY_ASK_STATE);
}

static gboolean
sfumato_key_group_grab_focus (GtkWidget *widget)
{
  return gtk_widget_grab_focus (GTK_WIDGET (SFUMATO_KEY_GROUP (widget)->entry));
}

static void
sfumato_key_group_get_property (GObject    *object,
                                guint       id,
                                GValue     *value,
                                GParamSpec *pspec)
{
  SfumatoKeyGroup *self = SFUMATO_KEY_GROUP (object);

  switch (id)
    {
    case PROP_STUDIO:
      g_value_set_object (value, self->studio);
      break;
    case PROP_SERVICE:
      g_value_set_string (value, self->service);
      break;
    case PROP_HAS_KEY:
      g_value_set_boolean (value, is_kept (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
sfumato_key_group_set_property (GObject      *object,
                                guint         id,
                                const GValue *value,
                                GParamSpec   *pspec)
{
  SfumatoKeyGroup *self = SFUMATO_KEY_GROUP (object);

  switch (id)
    {
    case PROP_STUDIO:
      g_set_object (&self->studio, g_value_get_object (value));
      break;
    case PROP_SERVICE:
      g_set_str (&self->service, g_value_get_string (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
sfumato_key_group_dispose (GObject *object)
{
  SfumatoKeyGroup *self = SFUMATO_KEY_GROUP (object);

  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  gtk_widget_dispose_template (GTK_WIDGET (self), SFUMATO_TYPE_KEY_GROUP);
  g_clear_object (&self->studio);

  G_OBJECT_CLASS (sfumato_key_group_parent_class)->dispose (object);
}

static void
sfumato_key_group_finalize (GObject *object)
{
  SfumatoKeyGroup *self = SFUMATO_KEY_GROUP (object);

  g_free (self->service);
  g_free (self->held_reason);
  g_free (self->success);
  g_clear_error (&self->state_error);
  g_clear_error (&self->problem);

  G_OBJECT_CLASS (sfumato_key_group_parent_class)->finalize (object);
}

static void
bind_template (GtkWidgetClass *widget_class)
{
  gtk_widget_class_set_template_from_resource (widget_class, SFUMATO_RESOURCES "sfumato-key-group.ui");
  gtk_widget_class_bind_template_child (widget_class, SfumatoKeyGroup, entry);
  gtk_widget_class_bind_template_child (widget_class, SfumatoKeyGroup, state_row);
  gtk_widget_class_bind_template_child (widget_class, SfumatoKeyGroup, state_icon);
  gtk_widget_class_bind_template_child (widget_class, SfumatoKeyGroup, spinner);
  gtk_widget_class_bind_template_child (widget_class, SfumatoKeyGroup, unlock_row);
  gtk_widget_class_bind_template_child (widget_class, SfumatoKeyGroup, retry_row);
  gtk_widget_class_bind_template_child (widget_class, SfumatoKeyGroup, keep_row);
  gtk_widget_class_bind_template_child (widget_class, SfumatoKeyGroup, check_row);
  gtk_widget_class_bind_template_child (widget_class, SfumatoKeyGroup, forget_row);
  gtk_widget_class_bind_template_child (widget_class, SfumatoKeyGroup, get_row);
  gtk_widget_class_bind_template_child (widget_class, SfumatoKeyGroup, forget_dialog);
  gtk_widget_class_bind_template_callback (widget_class, entry_changed_cb);
  gtk_widget_class_bind_template_callback (widget_class, check_cb);
  gtk_widget_class_bind_template_callback (widget_class, keep_cb);
  gtk_widget_class_bind_template_callback (widget_class, unlock_cb);
  gtk_widget_class_bind_template_callback (widget_class, forget_cb);
  gtk_widget_class_bind_template_callback (widget_class, forget_answered_cb);
  gtk_widget_class_bind_template_callback (widget_class, get_key_cb);
}

static void
sfumato_key_group_class_init (SfumatoKeyGroupClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->dispose = sfumato_key_group_dispose;
  object_class->finalize = sfumato_key_group_finalize;
  object_class->get_property = sfumato_key_group_get_property;
  object_class->set_property = sfumato_key_group_set_property;
  widget_class->map = sfumato_key_group_map;
  widget_class->grab_focus = sfumato_key_group_grab_focus;

  properties[PROP_STUDIO] =
    g_param_spec_object ("studio", NULL, NULL, SFUMATO_TYPE_STUDIO, G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS);
  properties[PROP_SERVICE] =
    g_param_spec_string ("service", NULL, NULL, NULL, G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS);
  properties[PROP_HAS_KEY] =
    g_param_spec_boolean ("has-key", NULL, NULL, FALSE, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  bind_template (widget_class);
}

static void
sfumato_key_group_init (SfumatoKeyGroup *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  update (self);
}

gboolean
sfumato_key_group_get_has_key (SfumatoKeyGroup *self)
{
  g_return_val_if_fail (SFUMATO_IS_KEY_GROUP (self), FALSE);

  return is_kept (self);
}
