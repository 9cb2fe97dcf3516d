/* "On This Computer": pictures made by sfumato-engine, a helper process of our own, with models the person has. Free,
 * private, one at a time.
 *
 * The helper is started when a picture is asked for, kept for some minutes after the last one, and given back earlier
 * when memory runs short. Whatever happens to it is one error and never more: the next picture starts another one.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include "services/local/sfumato-local-models.h"
#include "services/sfumato-service.h"

G_BEGIN_DECLS

#define SFUMATO_TYPE_LOCAL_SERVICE (sfumato_local_service_get_type ())
G_DECLARE_FINAL_TYPE (SfumatoLocalService, sfumato_local_service, SFUMATO, LOCAL_SERVICE, SfumatoService)

/* list: the file with the installed models. program: (nullable): the helper; NULL is the one that is installed, or in
 * development builds what SFUMATO_ENGINE in the environment names. Starts nothing. */
SfumatoService *sfumato_local_service_new              (const char           *list,
                                                        const char           *program);

/* Minutes for which the helper stays after a picture; 0: it ends at once. */
void            sfumato_local_service_set_keep_minutes (SfumatoLocalService  *self,
                                                        guint                 minutes);
/* Where it computes: an id of sfumato_local_service_list_devices(), or NULL or "auto" for the best there is. */
void            sfumato_local_service_set_device       (SfumatoLocalService  *self,
                                                        const char           *device);
/* For a program that stays: gives memory back when the system runs short of it, saves power when it is told to, and
 * notices when another process changes the list of models. */
void            sfumato_local_service_follow           (SfumatoLocalService  *self);

/**
 * SfumatoLocalDevice:
 *
 * What the engine can compute on.
 */
typedef struct
{
  char     *id;           /* owned: "cpu", "vulkan0" */
  char     *name;         /* owned: for people, as the driver says it */
  gboolean  gpu;
  guint64   memory;       /* bytes */
  guint64   memory_free;
} SfumatoLocalDevice;

void               sfumato_local_device_free           (SfumatoLocalDevice   *device);

/* Asks a helper. Blocking; (transfer full) (element-type SfumatoLocalDevice), NULL and SFUMATO_ERROR_ENGINE. */
GPtrArray         *sfumato_local_service_list_devices  (SfumatoLocalService  *self,
                                                        GCancellable         *cancellable,
                                                        GError              **error);

/* The installed models: (transfer container) (element-type SfumatoLocalModel). */
GPtrArray         *sfumato_local_service_list          (SfumatoLocalService  *self);
/* By id, or else by name; (transfer full) (nullable). */
SfumatoLocalModel *sfumato_local_service_find          (SfumatoLocalService  *self,
                                                        const char           *name);
/**
 * sfumato_local_service_inspect:
 * @paths: files that are one model together, or one folder in the layout of diffusers
 *
 * Has a helper look at the headers of the files; blocking, some seconds at most. What stands beside them is found: the
 * vocabulary of T5.
 *
 * Returns: (transfer full): what it is, with a name of its own, not on the list yet; NULL and an error that names what
 *   is missing or damaged
 */
SfumatoLocalModel *sfumato_local_service_inspect       (SfumatoLocalService  *self,
                                                        const char * const   *paths,
                                                        GCancellable         *cancellable,
                                                        GError              **error);
/* Puts it on the list; name: (nullable): instead of its own. turbo is what the person said where may_be_turbo asks.
 * model's id and name are set. */
gboolean           sfumato_local_service_add           (SfumatoLocalService  *self,
                                                        SfumatoLocalModel    *model,
                                                        const char           *name,
                                                        gboolean              turbo,
                                                        GError              **error);
/* Takes it off the list; its files stay. */
gboolean           sfumato_local_service_remove        (SfumatoLocalService  *self,
                                                        const char           *id,
                                                        GError              **error);

/* ---- for tests ---- */

/* Microseconds: until the helper answers a question, the longest silence before the first step of a picture is done on a card
 * (a sixth of it afterwards, or ten of its steps; a tenth of it on the processor), and what it is given to obey a cancel. */
void               sfumato_local_service_set_times     (SfumatoLocalService  *self,
                                                        gint64                answer,
                                                        gint64                silence,
                                                        gint64                grace);

G_END_DECLS
