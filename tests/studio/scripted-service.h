/* A service for tests that does what it is told: each generate() waits until the test lets it answer, so that a test
 * knows at every moment what is on its way.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include "services/sfumato-service.h"

#define SCRIPTED_TYPE_SERVICE (scripted_service_get_type ())
G_DECLARE_FINAL_TYPE (ScriptedService, scripted_service, SCRIPTED, SERVICE, SfumatoService)

#define SCRIPTED_PRICE      650
#define SCRIPTED_CONCURRENT 3

ScriptedService *scripted_service_new         (void);
/* Lets one call answer: with a picture, or with error (transfer full). */
void             scripted_service_answer      (ScriptedService *self,
                                               GError          *error);
/* Blocks until n calls are being made at once, at most some seconds. */
gboolean         scripted_service_wait_active (ScriptedService *self,
                                               guint            n);
/* Calls begun so far: what would have been POSTs. */
guint            scripted_service_get_calls   (ScriptedService *self);
/* Prompts in the order they were asked for, with "|" between; (transfer full). */
char            *scripted_service_dup_prompts (ScriptedService *self);
guint            scripted_service_get_most    (ScriptedService *self);
/* Whether the last call brought its input picture's bytes. */
gboolean         scripted_service_had_input   (ScriptedService *self);

/* A whole PNG of 1 × 1 pixel; (transfer full). */
GBytes          *scripted_png                 (void);
