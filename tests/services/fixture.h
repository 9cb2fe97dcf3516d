/* A service at a stand-in, and what the tests of this folder ask it.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include "domain/sfumato-error.h"
#include "services/sfumato-stability-private.h"
#include "stand-in.h"

G_BEGIN_DECLS

/* A sanitizer's own memory makes figures of memory meaningless. */
#ifdef __SANITIZE_ADDRESS__
#define RUNNING_ON_SANITIZER 1
#else
#define RUNNING_ON_SANITIZER 0
#endif

/**
 * Fixture:
 *
 * A fresh server and a service that is pointed at it, with limits short enough to be reached in a test.
 */
typedef struct
{
  StandIn           *server;
  SfumatoService    *service;
  SfumatoHttpLimits  limits; /* as set, its database owned; change and call fixture_apply_limits() */
} Fixture;

void            fixture_set_up       (Fixture                    *fixture);
void            fixture_tear_down    (Fixture                    *fixture);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Fixture, fixture_tear_down)
void            fixture_apply_limits (Fixture                    *fixture);

/* Makes one picture; prompt and model are filled in where fields leave them out. NULL for fields: all defaults. */
SfumatoResult  *fixture_generate     (Fixture                    *fixture,
                                      const SfumatoRequestFields *fields,
                                      GCancellable               *cancellable,
                                      GError                    **error);
/* The same where it must fail; returns the error. */
GError         *fixture_fail         (Fixture                    *fixture,
                                      const SfumatoRequestFields *fields);

/* What holds for every error: a title, sentences, no key anywhere, text a label can show. */
void            check_error          (const GError               *error);
/* A small picture of that format. */
GBytes         *make_picture         (const char                 *format);
/* A picture of this size as an input. */
SfumatoInput   *make_input           (int                         width,
                                      int                         height,
                                      const char                 *format);

G_END_DECLS
