/* The models that are installed for the engine on this computer: a list in a JSON file, shared by all Sfumato processes
 * of this person, and what the rest of the house gets to see of each.
 *
 * The list names files and never holds them: taking a model off it deletes nothing. Any thread.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include <gio/gio.h>
#include <json-glib/json-glib.h>

#include "domain/sfumato-model.h"

G_BEGIN_DECLS

/**
 * SfumatoLocalModel:
 * @paths: files, or one folder; absolute
 * @t5_vocabulary: (nullable): spiece.model or tokenizer.json of T5, where it stands beside the files
 * @variant: "sd3-medium", "sd3.5-medium", "sd3.5-large", "sd3.5-large-turbo" or "other"
 * @may_be_turbo: the files do not tell Large from Large Turbo: the person is asked
 * @turbo: it is one, by the files or by the person's word
 * @vocabulary: (nullable): the only words it knows
 * @builtin: it came with Sfumato and cannot be taken off the list
 * @memory_needed: peak bytes for a picture of the default size
 * @memory_available: when it was looked at; not kept
 *
 * One installed model. Immutable once it is on the list, reference counted.
 */
typedef struct
{
  char     *id;             /* owned: "local-sd-3.5-medium"; stays with it */
  char     *name;           /* owned: for people */
  char    **paths;          /* owned */
  char     *t5_vocabulary;  /* owned */
  char     *variant;        /* owned */
  gboolean  may_be_turbo;
  gboolean  turbo;
  gboolean  clip_l;
  gboolean  clip_g;
  gboolean  t5;
  gboolean  encoder;        /* can start from a picture */
  guint     side_max;       /* pixels */
  guint     side_default;
  guint     steps;
  char     *sampler;        /* owned */
  double    guidance;
  guint64   file_size;      /* bytes */
  guint64   memory_needed;
  guint64   memory_available;
  gboolean  builtin;
  SfumatoVocabulary *vocabulary; /* owned */
} SfumatoLocalModel;

SfumatoLocalModel *sfumato_local_model_new   (void);
SfumatoLocalModel *sfumato_local_model_ref   (SfumatoLocalModel *model);
void               sfumato_local_model_unref (SfumatoLocalModel *model);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SfumatoLocalModel, sfumato_local_model_unref)

/* "SD 3.5 Medium"; a brand name and so untranslated. NULL for "other". */
const char        *sfumato_local_variant_name (const char       *variant);

typedef struct _SfumatoLocalModels SfumatoLocalModels;

/* Reads the file, which may not be there yet. One that is damaged is put aside, and the list is empty. starter: (nullable)
 * (transfer full): is always there, behind the others. */
SfumatoLocalModels *sfumato_local_models_new   (const char          *path,
                                                SfumatoLocalModel   *starter);
void                sfumato_local_models_free  (SfumatoLocalModels  *self);

/* (transfer container) (element-type SfumatoLocalModel), as they were added. */
GPtrArray          *sfumato_local_models_list  (SfumatoLocalModels  *self);
/* (transfer full) (nullable) */
SfumatoLocalModel  *sfumato_local_models_find  (SfumatoLocalModels  *self,
                                                const char          *id);
/* As the house sees them, ended by one with a NULL id; stays valid until the list is freed. */
const SfumatoModel *sfumato_local_models_table (SfumatoLocalModels  *self);

/* Both are on disk before they return; SFUMATO_ERROR_STORAGE where that fails, and then nothing has changed. The id is
 * made here. */
gboolean            sfumato_local_models_add    (SfumatoLocalModels  *self,
                                                 SfumatoLocalModel   *model,
                                                 GError             **error);
gboolean            sfumato_local_models_remove (SfumatoLocalModels  *self,
                                                 const char          *id,
                                                 GError             **error);
/* Reads the file again, which another process may have written. Whether anything is different. */
gboolean            sfumato_local_models_reload (SfumatoLocalModels  *self);

G_END_DECLS
