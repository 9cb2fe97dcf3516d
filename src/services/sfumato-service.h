/* A service makes pictures. The abstract class owns the policy: worker thread, progress on the caller's main
 * context, finishing exactly once, "not supported" as an error. A service owns the work: generate() is a blocking
 * function that reads from top to bottom.
 *
 * A service never sees a keyring or a database: the key is an argument, without anything around it, as a SfumatoSecret
 * has it.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include "domain/sfumato-request.h"
#include "domain/sfumato-result.h"

G_BEGIN_DECLS

/**
 * SfumatoStage:
 * @SFUMATO_STAGE_SENDING: the request is on its way; fraction says how much of it
 * @SFUMATO_STAGE_MAKING: the service has all of it and is at work; fraction where it tells
 * @SFUMATO_STAGE_RECEIVING: the picture is arriving; fraction where the length is known
 * @SFUMATO_STAGE_PREPARING: the model is being loaded, or the prompt read, on this computer
 * @SFUMATO_STAGE_FINISHING: the steps are done and the picture is being put together, on this computer
 */
typedef enum
{
  SFUMATO_STAGE_SENDING,
  SFUMATO_STAGE_MAKING,
  SFUMATO_STAGE_RECEIVING,
  SFUMATO_STAGE_PREPARING,
  SFUMATO_STAGE_FINISHING,
} SfumatoStage;

/**
 * SfumatoPreview:
 * @rgb: width × height × 3 bytes, without gaps
 *
 * A small picture of what is being made.
 */
typedef struct
{
  GBytes *rgb;
  guint   width;   /* pixels */
  guint   height;
} SfumatoPreview;

/**
 * SfumatoProgress:
 * @fraction: 0 to 1, or negative where it is not known
 * @step: of n_steps, in SFUMATO_STAGE_MAKING
 * @n_steps: 0 where it is not made in steps, or they are not told
 * @seconds_left: until the picture is there; negative where it is not known
 * @preview: its rgb is NULL where there is none yet
 */
typedef struct
{
  SfumatoStage   stage;
  double         fraction;
  guint          step;
  guint          n_steps;
  int            seconds_left;
  SfumatoPreview preview;
} SfumatoProgress;

/* progress: borrowed, for the time of the call. */
typedef void (*SfumatoProgressFunc) (const SfumatoProgress *progress,
                                     gpointer               user_data);

/**
 * SfumatoAccount:
 * @credits: NaN where the service did not say
 */
typedef struct
{
  double credits;
} SfumatoAccount;

#define SFUMATO_TYPE_SERVICE (sfumato_service_get_type ())
G_DECLARE_DERIVABLE_TYPE (SfumatoService, sfumato_service, SFUMATO, SERVICE, GObject)

struct _SfumatoServiceClass
{
  GObjectClass parent_class;

  const char *id;             /* "stability" */
  const char *name;           /* "Stability AI"; translatable */
  const char *key_url;        /* nullable: where a person gets a key */
  const char *credits_url;    /* nullable: where a person buys credits */
  gboolean    needs_key;
  guint       max_concurrent; /* jobs at once, over all processes */
  guint       max_per_10s;    /* requests in any ten seconds; 0: no limit */

  /* Required. The models, terminated by one with a NULL id. A service whose models come and go emits
   * SfumatoService::models-changed on the main thread and keeps the old ones for those who hold on to them. */
  const SfumatoModel *(*get_models)    (SfumatoService *self);
  /* Optional: an id that the service once had, as the one that answers today; NULL if it knows it not. */
  const char         *(*current_model) (SfumatoService *self,
                                        const char     *id);
  /* Required; blocking, on a worker thread. Must return an error with a true sfumato_error_get_charge(). */
  SfumatoResult      *(*generate)      (SfumatoService      *self,
                                        SfumatoRequest      *request,
                                        const char          *key,
                                        SfumatoProgressFunc  progress,
                                        gpointer             user_data,
                                        GCancellable        *cancellable,
                                        GError             **error);
  /* Optional; blocking. Asks for the account behind a key, which costs nothing. */
  gboolean            (*check)         (SfumatoService      *self,
                                        const char          *key,
                                        SfumatoAccount      *account,
                                        GCancellable        *cancellable,
                                        GError             **error);
};

const char         *sfumato_service_get_id             (SfumatoService       *self);
const char         *sfumato_service_get_name           (SfumatoService       *self);
const char         *sfumato_service_get_key_url        (SfumatoService       *self);
const char         *sfumato_service_get_credits_url    (SfumatoService       *self);
gboolean            sfumato_service_get_needs_key      (SfumatoService       *self);
guint               sfumato_service_get_max_concurrent (SfumatoService       *self);
guint               sfumato_service_get_max_per_10s    (SfumatoService       *self);
const SfumatoModel *sfumato_service_get_models         (SfumatoService       *self);
const SfumatoModel *sfumato_service_find_model         (SfumatoService       *self,
                                                        const char           *id);

/* The one of that id in a list of services. (transfer full) (nullable) */
SfumatoService     *sfumato_service_find               (GListModel           *services,
                                                        const char           *id);
/* For services, any thread: emits SfumatoService::models-changed on the main thread. */
void                sfumato_service_models_changed     (SfumatoService       *self);

/* The blocking forms: for the command line, tests and worker threads. progress is called on this thread. */
SfumatoResult      *sfumato_service_generate           (SfumatoService       *self,
                                                        SfumatoRequest       *request,
                                                        const char           *key,
                                                        SfumatoProgressFunc   progress,
                                                        gpointer              user_data,
                                                        GCancellable         *cancellable,
                                                        GError              **error);
gboolean            sfumato_service_check              (SfumatoService       *self,
                                                        const char           *key,
                                                        SfumatoAccount       *account,
                                                        GCancellable         *cancellable,
                                                        GError              **error);

G_END_DECLS
