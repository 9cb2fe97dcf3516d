/* What the files of the local service share.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include "services/local/sfumato-local-keeper.h"
#include "services/local/sfumato-local-models.h"
#include "services/local/sfumato-local-process.h"
#include "services/local/sfumato-local.h"

G_BEGIN_DECLS

#define SFUMATO_LOCAL_ID        "local"
#define SFUMATO_LOCAL_STARTER_ID "starter"
#define SFUMATO_LOCAL_SIDE_MAX  16384   /* pixels; beyond any model's */
#define SFUMATO_LOCAL_STEPS_MAX 1000

struct _SfumatoLocalService
{
  SfumatoService       parent_instance;

  SfumatoLocalKeeper  *keeper;    /* owned */
  SfumatoLocalModels  *models;    /* owned */
  char                *list;      /* owned: the file of the models */
  char                *merges;    /* owned, nullable: CLIP's, for models that bring none */
  GFileMonitor        *monitor;   /* owned, nullable */
  GMutex               lock;      /* for the device */
  char                *device;    /* owned, nullable */
  gint64               answer;    /* microseconds */
  gint64               silence;   /* before a step has shown how long one takes: see patience() */
  gint64               grace;
};

/* ---- one model: sfumato-local-model.c ---- */

/* As it is written in the list's file. (transfer full) */
JsonObject         *sfumato_local_model_to_json   (const SfumatoLocalModel *model);
/* NULL where any of it is not as it was written. (transfer full) */
SfumatoLocalModel  *sfumato_local_model_from_json (JsonObject *object);

/* ---- the model that comes with Sfumato: sfumato-local-starter.c ---- */

/* (transfer full) (nullable): NULL where Sfumato was installed without it. */
SfumatoLocalModel  *sfumato_local_starter_new     (void);

/* ---- what each model can do: sfumato-local-table.c ---- */

typedef struct _SfumatoLocalTable SfumatoLocalTable;

SfumatoLocalTable  *sfumato_local_table_new  (GPtrArray         *models);
void                sfumato_local_table_free (SfumatoLocalTable *self);
const SfumatoModel *sfumato_local_table_get  (SfumatoLocalTable *self);

/* ---- JSON that may be anything ---- */

/* FALSE where the member is absent or no boolean. */
gboolean            sfumato_local_get_boolean (JsonObject       *object,
                                               const char       *name);
/* NaN where the member is absent or no number. */
double              sfumato_local_get_number  (JsonObject       *object,
                                               const char       *name);

/* ---- the words of the protocol: sfumato-local-words.c ---- */

/**
 * SfumatoLocalTask:
 *
 * A picture to be made, and what is told while it is made.
 */
typedef struct
{
  const SfumatoLocalModel *model;
  const SfumatoModel      *table;      /* the same, as the house sees it */
  SfumatoRequest          *request;
  guint                    width;
  guint                    height;
  gint64                   seed;
  GBytes                  *picture;    /* nullable: RGB of width × height to start from */
  SfumatoProgressFunc      progress;   /* nullable */
  gpointer                 user_data;
  SfumatoProgress          told;       /* its preview owned */
  gint64                   stepping;   /* monotonic time of the first step's begin; 0: not there yet */
  gint64                   stepped;    /* and of the last one's end */
  gint64                   longest;    /* microseconds of the longest step so far; 0: none is done */
  gboolean                 heard;      /* the helper has answered something */
  GBytes                  *rgb;        /* owned: the picture, once there is one */
  guint                    clip_cut;   /* tokens of the prompt that found no room */
  guint                    t5_cut;
} SfumatoLocalTask;

void                sfumato_local_task_clear   (SfumatoLocalTask        *task);

/* Lines to the helper, with their line ends. (transfer full) */
GString            *sfumato_local_say_load     (const SfumatoLocalModel *model,
                                                const char              *merges,
                                                const char              *device,
                                                guint                    threads);
GString            *sfumato_local_say_generate (const SfumatoLocalTask  *task);
GString            *sfumato_local_say_cancel   (void);

/* Of the helper, strictly: what is not as agreed is FALSE, with nothing said about it. */
gboolean            sfumato_local_hear_hello   (JsonObject              *object,
                                                GPtrArray               *devices);
gboolean            sfumato_local_hear_loaded  (JsonObject              *object,
                                                SfumatoLocalModel       *model);
/* An event of a picture that is being made. done: the picture is in task. */
gboolean            sfumato_local_hear_event   (const SfumatoLocalLine  *line,
                                                SfumatoLocalTask        *task,
                                                gboolean                *done);
/* The error that object is, as a sentence; NULL where it is none. */
GError             *sfumato_local_hear_error   (JsonObject              *object,
                                                const char              *model);

/* ---- conversations: sfumato-local-talk.c ---- */

/* What a new process says of itself. */
gboolean            sfumato_local_talk_hello   (SfumatoLocalService     *self,
                                                SfumatoLocalProcess     *process,
                                                GCancellable            *cancellable,
                                                GPtrArray               *devices,
                                                GError                 **error);
/* Has a new process open a model. found: (nullable): filled in with what it is. */
gboolean            sfumato_local_talk_load    (SfumatoLocalService     *self,
                                                SfumatoLocalProcess     *process,
                                                const SfumatoLocalModel *model,
                                                SfumatoLocalModel       *found,
                                                GCancellable            *cancellable,
                                                GError                 **error);
/* Makes the picture, in the kept process where there is one. */
gboolean            sfumato_local_talk_make    (SfumatoLocalService     *self,
                                                SfumatoLocalTask        *task,
                                                GCancellable            *cancellable,
                                                GError                 **error);

/* ---- sfumato-local-inspect.c ---- */

/* Calls the model what its variant is called, where that is known. */
void                sfumato_local_name_model   (SfumatoLocalModel       *model);

G_END_DECLS
