/* The service on this computer with a stand-in for its helper and one model.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include "domain/sfumato-error.h"
#include "services/local/sfumato-local.h"

G_BEGIN_DECLS

/* Longer than anything here takes. */
#define LOCAL_TIME (20 * G_USEC_PER_SEC)

typedef struct
{
  char                *folder;  /* owned: of everything */
  char                *list;    /* owned: the file of the models */
  char                *log;     /* owned: what the stand-in wrote */
  char                *model;   /* owned: id of the one that pictures are made with */
  SfumatoService      *service; /* owned */
  SfumatoLocalService *local;   /* the same */
} LocalFixture;

void           local_fixture_set_up           (LocalFixture               *fixture);
void           local_fixture_tear_down        (LocalFixture               *fixture);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (LocalFixture, local_fixture_tear_down)

/* A file in the folder; its path, or for add the id of the model on the list (transfer full). The log begins anew with
 * an added one. */
char          *local_fixture_write            (LocalFixture               *fixture,
                                               const char                 *name,
                                               const char                 *text);
char          *local_fixture_add_model        (LocalFixture               *fixture,
                                               const char                 *file,
                                               const char                 *text,
                                               const char                 *name);
SfumatoResult *local_fixture_generate_with    (LocalFixture               *fixture,
                                               const SfumatoRequestFields *fields,
                                               SfumatoProgressFunc         progress,
                                               gpointer                    user_data,
                                               GCancellable               *cancellable,
                                               GError                    **error);
SfumatoResult *local_fixture_generate         (LocalFixture               *fixture,
                                               const char                 *prompt,
                                               GCancellable               *cancellable,
                                               GError                    **error);
/* The same where it must succeed and nobody looks at the picture. */
void           local_fixture_make             (LocalFixture               *fixture,
                                               const char                 *prompt);

/* Lines of the stand-in's log that begin with word. */
guint          local_fixture_count            (LocalFixture               *fixture,
                                               const char                 *word);
void           local_fixture_wait             (LocalFixture               *fixture,
                                               const char                 *word,
                                               guint                       n);
void           local_fixture_assert_log       (LocalFixture               *fixture,
                                               const char                 *words);
int            local_fixture_last_pid         (LocalFixture               *fixture);
/* Ends the helper that is kept. */
void           local_fixture_end_all          (LocalFixture               *fixture);
/* None of the helpers that were ever started is there, as a zombie neither. */
void           local_fixture_assert_none_left (LocalFixture               *fixture);

G_END_DECLS
