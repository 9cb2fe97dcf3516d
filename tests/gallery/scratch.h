/* What the gallery's tests share: folders of their own, files as bytes, and children that die.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* A new empty folder; removed with everything in it by scratch_remove(), which also frees the path. */
char       *scratch_make     (void);
void        scratch_remove   (char         *path);
typedef char ScratchDir;
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ScratchDir, scratch_remove)

GBytes     *scratch_read     (const char   *folder,
                              const char   *name);
void        scratch_write    (const char   *folder,
                              const char   *name,
                              const void   *data,
                              gsize         size);
/* Names in the folder that begin with prefix and end with suffix, sorted. */
GPtrArray  *scratch_list     (const char   *folder,
                              const char   *prefix,
                              const char   *suffix);

/* Both texts are the same; tells the first line where they are not. */
void        scratch_compare  (const char   *a,
                              const char   *b);

typedef void (*ScratchChild) (gpointer data);

/* Runs a function in a forked child, which exits with 0 when the function returns. */
pid_t       scratch_fork     (ScratchChild  child,
                              gpointer      data);
/* The wait status of the child. */
int         scratch_wait     (pid_t         pid);
/* scratch_fork() and scratch_wait(), and the child has to end well. */
void        scratch_in_child (ScratchChild  child,
                              gpointer      data);

G_END_DECLS
