/* One question about a key.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "ui/preferences/sfumato-key-question.h"

#include <math.h>
#include <string.h>

typedef struct
{
  SfumatoStudio    *studio;   /* owned */
  char             *service;  /* owned */
  char             *text;     /* owned, nullable: the typed key; wiped */
  SfumatoKeyAnswer  answer;
} Question;

static void
wipe (Question *question)
{
  if (question->text)
    explicit_bzero (question->text, strlen (question->text));
  g_clear_pointer (&question->text, g_free);
}

static void
question_free (Question *question)
{
  wipe (question);
  g_object_unref (question->studio);
  g_free (question->service);
  g_free (question->answer.held_reason);
  g_clear_error (&question->answer.state_error);
  g_free (question);
}

/* In the keyring, or, where that will not have it, for this run, remembering why. */
static gboolean
keep (Question      *question,
      GCancellable  *cancellable,
      GError       **error)
{
  g_autoptr (GError) problem = NULL;

  if (sfumato_studio_set_key (question->studio, question->service, question->text, FALSE, NULL, cancellable,
                              &problem))
    return TRUE;
  question->answer.held_reason = g_strdup (sfumato_error_get_title (problem));
  return sfumato_studio_set_key (question->studio, question->service, question->text, TRUE, NULL, cancellable,
                                 error);
}

static gboolean
find_answer (Question      *question,
             GCancellable  *cancellable,
             GError       **error)
{
  SfumatoAccount account = { .credits = NAN };

  switch (question->answer.asked)
    {
    case SFUMATO_KEY_ASK_CHECK:
      if (!sfumato_studio_check_key (question->studio, question->service, question->text, &account, cancellable,
                                     error))
        return FALSE;
      question->answer.credits = account.credits;
      return !question->text || keep (question, cancellable, error);
    case SFUMATO_KEY_ASK_KEEP:
      return keep (question, cancellable, error);
    case SFUMATO_KEY_ASK_FORGET:
      return sfumato_studio_forget_key (question->studio, question->service, cancellable, error);
    default:
      return TRUE;
    }
}

static void
ask_thread (GTask        *task,
            gpointer      source,
            gpointer      task_data,
            GCancellable *cancellable)
{
  Question *question = task_data;
  GError *error = NULL;
  gboolean answered = find_answer (question, cancellable, &error);

  wipe (question);
  question->answer.state = sfumato_studio_get_key_state (question->studio, question->service,
                                                         question->answer.asked == SFUMATO_KEY_ASK_UNLOCK,
                                                         cancellable, &question->answer.state_error);
  if (answered)
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

void
sfumato_key_question_ask (SfumatoStudio       *studio,
                          const char          *service,
                          SfumatoKeyAsk        ask,
                          const char          *text,
                          GCancellable        *cancellable,
                          GAsyncReadyCallback  callback,
                          gpointer             user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);
  Question *question = g_new (Question, 1);

  *question = (Question) {
    .studio = g_object_ref (studio),
    .service = g_strdup (service),
    .text = g_strdup (text),
    .answer = { .asked = ask, .credits = NAN },
  };
  g_task_set_check_cancellable (task, FALSE);
  g_task_set_source_tag (task, sfumato_key_question_ask);
  g_task_set_task_data (task, question, (GDestroyNotify) question_free);
  g_task_run_in_thread (task, ask_thread);
}

const SfumatoKeyAnswer *
sfumato_key_question_finish (GAsyncResult  *result,
                             GError       **error)
{
  Question *question = g_task_get_task_data (G_TASK (result));

  g_task_propagate_boolean (G_TASK (result), error);
  return &question->answer;
}
