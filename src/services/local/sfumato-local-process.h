/* The helper sfumato-engine as a process: it starts, it is spoken to in lines, and it ends. One JSON object a line, and
 * nothing in what it says is believed: a line has a greatest length, has to be an object, and has to come in time.
 *
 * It may crash, hang, be killed or write anything. All of that ends in one sentence, and with the process.
 *
 * Private to the local service. Blocking; one thread at a time.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include <gio/gio.h>
#include <json-glib/json-glib.h>

G_BEGIN_DECLS

typedef struct _SfumatoLocalProcess SfumatoLocalProcess;

/**
 * SfumatoLocalLine:
 * @object: what was said, without its picture
 * @rgb: (nullable): the base64 of the member "rgb", as it stands in the line; valid until the next one is read
 */
typedef struct
{
  JsonObject *object;    /* owned */
  const char *rgb;
  gsize       rgb_size;
} SfumatoLocalLine;

void                 sfumato_local_line_clear    (SfumatoLocalLine     *line);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (SfumatoLocalLine, sfumato_local_line_clear)

/* On a thread that lives as long as the process has to: the helper ends with the thread that started it. */
SfumatoLocalProcess *sfumato_local_process_start (const char           *program,
                                                  GError              **error);
/* Whether it can still be spoken to; it may have ended by itself in the meantime. */
gboolean             sfumato_local_process_lives (SfumatoLocalProcess  *self);
/* Whether an error of send or read was that it had ended by itself. */
gboolean             sfumato_local_process_is_gone (SfumatoLocalProcess *self);
/* Whether it tells every few seconds that it works, as it said when it opened its model. */
gboolean             sfumato_local_process_get_steady (const SfumatoLocalProcess *self);
void                 sfumato_local_process_set_steady (SfumatoLocalProcess  *self,
                                                       gboolean              steady);
/* line: with its line end. Takes at most time (microseconds); SFUMATO_ERROR_ENGINE where it does not get through. */
gboolean             sfumato_local_process_send  (SfumatoLocalProcess  *self,
                                                  const char           *line,
                                                  gsize                 size,
                                                  gint64                time,
                                                  GError              **error);
/* The next line, within time (microseconds). SFUMATO_ERROR_ENGINE where none comes, what comes is no object, or the
 * process has ended; G_IO_ERROR_CANCELLED where cancellable was first, and then the process goes on. */
gboolean             sfumato_local_process_read  (SfumatoLocalProcess  *self,
                                                  gint64                time,
                                                  GCancellable         *cancellable,
                                                  SfumatoLocalLine     *line,
                                                  GError              **error);
/* For what is an object but not what was agreed: ends it, and says so. (transfer full) */
GError              *sfumato_local_process_distrust (SfumatoLocalProcess *self);
/* Kills it, whatever it does, and waits for that. */
void                 sfumato_local_process_end   (SfumatoLocalProcess  *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SfumatoLocalProcess, sfumato_local_process_end)

G_END_DECLS
