/* A generation that did not end as wished, said in its place.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "ui/queue/sfumato-failure-view.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "domain/sfumato-error.h"
#include "ui/queue/sfumato-job-words.h"
#include "ui/sfumato-window.h"

/* Sfumato's own sentences are shorter than this. Of a longer message so much is shown; the whole is among the details. */
#define LONG_CHARS 480
#define SHOWN_CHARS 240

struct _SfumatoFailureView
{
  AdwBin         parent_instance;

  AdwStatusPage *page;
  GtkWidget     *charge_box;
  GtkImage      *charge_icon;
  GtkLabel      *charge_label;
  GtkButton     *help_button;
  GtkButton     *again_button;
  GtkExpander   *details_expander;
  GtkLabel      *details_label;
};

G_DEFINE_FINAL_TYPE (SfumatoFailureView, sfumato_failure_view, ADW_TYPE_BIN)

/* A service may have much to say. What is to be read at once is how it begins, and what to do about it, which comes
 * last. */
static char *
shorten (const char *text)
{
  glong length = g_utf8_strlen (text, -1);
  g_autofree char *head = NULL;
  const char *tail, *gap;

  if (length <= LONG_CHARS)
    return g_strdup (text);
  head = g_utf8_substring (text, 0, SHOWN_CHARS / 2);
  tail = g_utf8_offset_to_pointer (text, length - SHOWN_CHARS / 2);
  gap = strpbrk (tail, " \n");
  return g_strdup_printf ("%s … %s", g_strchomp (head), gap != NULL ? gap + 1 : tail);
}

/* A status page reads markup; nothing that comes from a server may be taken for it. */
static void
set_words (SfumatoFailureView *self,
           const char         *title,
           const char         *text)
{
  g_autofree char *safe_title = g_markup_escape_text (title, -1);
  g_autofree char *shown_text = shorten (text);
  g_autofree char *safe_text = g_markup_escape_text (shown_text, -1);

  adw_status_page_set_title (self->page, safe_title);
  adw_status_page_set_description (self->page, safe_text);
}

static void
set_button (GtkButton  *button,
            const char *label,
            const char *action,
            GVariant   *target)
{
  gtk_widget_set_visible (GTK_WIDGET (button), label != NULL);
  gtk_actionable_set_action_name (GTK_ACTIONABLE (button), NULL); /* a target has to fit the action at any moment */
  gtk_actionable_set_action_target_value (GTK_ACTIONABLE (button), target);
  if (label == NULL)
    return;
  gtk_button_set_label (button, label);
  gtk_actionable_set_action_name (GTK_ACTIONABLE (button), action);
}

/* What helps stands out; what only tidies up does not. */
static void
suggest (GtkButton *button,
         gboolean   suggested)
{
  if (suggested)
    gtk_widget_add_css_class (GTK_WIDGET (button), "suggested-action");
  else
    gtk_widget_remove_css_class (GTK_WIDGET (button), "suggested-action");
}

static void
show_charge (SfumatoFailureView *self,
             SfumatoJob         *job)
{
  g_autofree char *words = sfumato_job_dup_charge_words (job);
  gboolean none = sfumato_job_find_charge (job) == SFUMATO_CHARGE_NONE;

  gtk_widget_set_visible (self->charge_box, words != NULL);
  gtk_label_set_label (self->charge_label, words != NULL ? words : "");
  gtk_image_set_from_icon_name (self->charge_icon, none ? "object-select-symbolic" : "dialog-warning-symbolic");
  gtk_widget_remove_css_class (self->charge_box, none ? "warning" : "success");
  gtk_widget_add_css_class (self->charge_box, none ? "success" : "warning");
}

static void
show_help (SfumatoFailureView *self,
           SfumatoErrorHelp    help)
{
  switch (help)
    {
    case SFUMATO_ERROR_HELP_CHANGE_KEY:
      set_button (self->help_button, _("Enter _Key…"), "win.add-key", NULL); /* the first one, or another */
      break;
    case SFUMATO_ERROR_HELP_UNLOCK:
      set_button (self->help_button, _("_Unlock…"), "win.add-key", NULL);
      break;
    case SFUMATO_ERROR_HELP_BUY_CREDITS:
      set_button (self->help_button, _("_Buy Credits"), "win.buy-credits", NULL);
      break;
    case SFUMATO_ERROR_HELP_EDIT_PROMPT:
      set_button (self->help_button, _("_Edit Prompt"), "win.focus-prompt", NULL);
      break;
    case SFUMATO_ERROR_HELP_CHANGE_ADDRESS:
      set_button (self->help_button, _("Change _Address…"), "win.change-address", NULL);
      break;
    case SFUMATO_ERROR_HELP_SAVE_ELSEWHERE:
      set_button (self->help_button, _("_Save Elsewhere…"), "job.save-elsewhere", NULL);
      break;
    case SFUMATO_ERROR_HELP_NONE:
    case SFUMATO_ERROR_HELP_TRY_AGAIN:
    default:
      set_button (self->help_button, NULL, NULL, NULL);
    }
}

/* Where the service named what it does not take, that is where to go. */
static void
lead_to_fields (SfumatoFailureView *self,
                const GError       *error)
{
  const char *fields = sfumato_error_get_field (error);

  if (fields == NULL || sfumato_error_get_help (error) != SFUMATO_ERROR_HELP_NONE)
    return;
  set_button (self->help_button, _("_Show"), "win.show-fault", g_variant_new_string (fields));
}

/* Asking again costs again, and the button says so. */
static char *
label_again (SfumatoJob *job)
{
  g_autofree char *price = sfumato_price_format (sfumato_job_get_price (job));

  if (sfumato_job_get_state (job) == SFUMATO_JOB_UNKNOWN)
    /* Translators: %s is a price */
    return g_strdup_printf (_("_Send Again · %s"), price);
  if (sfumato_job_get_price (job) == 0)
    return g_strdup (_("_Try Again"));
  /* Translators: %s is a price */
  return g_strdup_printf (_("_Try Again · %s"), price);
}

static void
show_again (SfumatoFailureView *self,
            SfumatoJob         *job)
{
  const GError *error = sfumato_job_get_error (job);
  SfumatoErrorHelp help = sfumato_error_get_help (error);
  g_autofree char *label = label_again (job);

  if (sfumato_job_get_state (job) == SFUMATO_JOB_DONE)
    set_button (self->again_button, _("_Open"), "picture.open", NULL);
  else if (sfumato_job_get_state (job) == SFUMATO_JOB_UNSAVED)
    set_button (self->again_button, _("_Try Saving Again"), "job.save-again", NULL);
  else if (help == SFUMATO_ERROR_HELP_EDIT_PROMPT || g_error_matches (error, SFUMATO_ERROR, SFUMATO_ERROR_INVALID))
    set_button (self->again_button, NULL, NULL, NULL); /* the same would be declined again */
  else
    set_button (self->again_button, label, "job.send-again", NULL);
}

static SfumatoErrorHelp
choose_help (SfumatoJob *job)
{
  if (sfumato_job_get_state (job) == SFUMATO_JOB_DONE)
    return SFUMATO_ERROR_HELP_EDIT_PROMPT;
  return sfumato_error_get_help (sfumato_job_get_error (job));
}

static const char *
choose_icon (SfumatoJob *job)
{
  switch (sfumato_job_get_state (job))
    {
    case SFUMATO_JOB_DONE: return "view-conceal-symbolic";
    case SFUMATO_JOB_CANCELLED: return "process-stop-symbolic";
    case SFUMATO_JOB_UNSAVED: return "drive-harddisk-symbolic";
    case SFUMATO_JOB_UNKNOWN: return "dialog-question-symbolic";
    default: return "dialog-error-symbolic";
    }
}

static void
copy_clicked_cb (SfumatoFailureView *self)
{
  gdk_clipboard_set_text (gtk_widget_get_clipboard (GTK_WIDGET (self)), gtk_label_get_label (self->details_label));
  sfumato_window_add_toast (SFUMATO_WINDOW (gtk_widget_get_root (GTK_WIDGET (self))), adw_toast_new (_("Details copied")));
}

static void
sfumato_failure_view_dispose (GObject *object)
{
  adw_bin_set_child (ADW_BIN (object), NULL);
  gtk_widget_dispose_template (GTK_WIDGET (object), SFUMATO_TYPE_FAILURE_VIEW);

  G_OBJECT_CLASS (sfumato_failure_view_parent_class)->dispose (object);
}

static void
sfumato_failure_view_class_init (SfumatoFailureViewClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = sfumato_failure_view_dispose;

  gtk_widget_class_set_template_from_resource (widget_class, SFUMATO_RESOURCES "sfumato-failure-view.ui");
  gtk_widget_class_bind_template_child (widget_class, SfumatoFailureView, page);
  gtk_widget_class_bind_template_child (widget_class, SfumatoFailureView, charge_box);
  gtk_widget_class_bind_template_child (widget_class, SfumatoFailureView, charge_icon);
  gtk_widget_class_bind_template_child (widget_class, SfumatoFailureView, charge_label);
  gtk_widget_class_bind_template_child (widget_class, SfumatoFailureView, help_button);
  gtk_widget_class_bind_template_child (widget_class, SfumatoFailureView, again_button);
  gtk_widget_class_bind_template_child (widget_class, SfumatoFailureView, details_expander);
  gtk_widget_class_bind_template_child (widget_class, SfumatoFailureView, details_label);
  gtk_widget_class_bind_template_callback (widget_class, copy_clicked_cb);
}

static void
sfumato_failure_view_init (SfumatoFailureView *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

static void
show_details (SfumatoFailureView *self,
              const GError       *error)
{
  gboolean was_cut = error != NULL && g_utf8_strlen (error->message, -1) > LONG_CHARS;
  const char *details = sfumato_error_get_details (error);
  g_autofree char *all = g_strjoin ("\n\n", was_cut ? error->message : details, was_cut ? details : NULL, NULL);

  gtk_widget_set_visible (GTK_WIDGET (self->details_expander), *all != '\0');
  gtk_label_set_label (self->details_label, all);
}

void
sfumato_failure_view_show (SfumatoFailureView *self,
                           SfumatoJob         *job)
{
  const GError *error = sfumato_job_get_error (job);
  const char *title, *text;

  g_return_if_fail (SFUMATO_IS_FAILURE_VIEW (self));

  title = sfumato_job_get_problem (job, &text);
  set_words (self, title, text);
  adw_status_page_set_icon_name (self->page, choose_icon (job));
  show_charge (self, job);
  show_help (self, choose_help (job));
  lead_to_fields (self, error);
  suggest (self->help_button, sfumato_job_get_state (job) != SFUMATO_JOB_UNKNOWN);
  if (sfumato_job_get_state (job) == SFUMATO_JOB_UNKNOWN)
    set_button (self->help_button, _("_Remove"), "job.remove", NULL);
  show_again (self, job);
  show_details (self, error);
}

void
sfumato_failure_view_show_error (SfumatoFailureView *self,
                                 const GError       *error)
{
  g_return_if_fail (SFUMATO_IS_FAILURE_VIEW (self));

  set_words (self, sfumato_error_get_title (error), error->message);
  adw_status_page_set_icon_name (self->page, "dialog-error-symbolic");
  gtk_widget_set_visible (self->charge_box, FALSE);
  show_help (self, sfumato_error_get_help (error));
  lead_to_fields (self, error);
  set_button (self->again_button, NULL, NULL, NULL);
  show_details (self, error);
}
