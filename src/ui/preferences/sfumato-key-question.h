/* One question about a key, to the keyring or to the service, on a worker thread. A key that was typed is copied for as
 * long as that takes, and wiped.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include "studio/sfumato-studio.h"

G_BEGIN_DECLS

/**
 * SfumatoKeyAsk:
 * @SFUMATO_KEY_ASK_STATE: what the keyring has, without a prompt
 * @SFUMATO_KEY_ASK_UNLOCK: the same, with one
 * @SFUMATO_KEY_ASK_CHECK: the service for the account; a typed key is kept if that goes well
 * @SFUMATO_KEY_ASK_KEEP: the keyring to keep the typed key
 * @SFUMATO_KEY_ASK_FORGET: the keyring to forget it
 */
typedef enum
{
  SFUMATO_KEY_ASK_STATE,
  SFUMATO_KEY_ASK_UNLOCK,
  SFUMATO_KEY_ASK_CHECK,
  SFUMATO_KEY_ASK_KEEP,
  SFUMATO_KEY_ASK_FORGET,
} SfumatoKeyAsk;

/**
 * SfumatoKeyAnswer:
 * @state: of the key, after it
 * @state_error: why the state is not known, or NULL
 * @held_reason: why the keyring does not have what was typed, or NULL
 * @credits: of the account; NaN: not known
 */
typedef struct
{
  SfumatoKeyAsk    asked;
  SfumatoKeyState  state;
  GError          *state_error;
  char            *held_reason;
  double           credits;
} SfumatoKeyAnswer;

/* text: the key that was typed, or NULL for the one that is kept. */
void                    sfumato_key_question_ask    (SfumatoStudio        *studio,
                                                     const char           *service,
                                                     SfumatoKeyAsk         ask,
                                                     const char           *text,
                                                     GCancellable         *cancellable,
                                                     GAsyncReadyCallback   callback,
                                                     gpointer              user_data);
/* The answer, which is there also where *error says what went wrong, belongs to the result. */
const SfumatoKeyAnswer *sfumato_key_question_finish (GAsyncResult         *result,
                                                     GError              **error);

G_END_DECLS
