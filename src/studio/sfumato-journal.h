/* The journal: what was asked for and what became of it, on disk before anything happens and shared by all Sfumato
 * processes of this person. It is what makes "sent at most once" and "at most so many at once" true over crashes and
 * between the window and the command line; and it is the ledger.
 *
 * Each process owns the jobs it put in, for as long as it lives: it holds a lock on a file of its own, which ends
 * with the process however it ends. Private to the studio. Blocking, any thread.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include "studio/sfumato-job.h"

G_BEGIN_DECLS

typedef struct _SfumatoJournal SfumatoJournal;

/**
 * SfumatoEntry:
 *
 * A job as the journal knows it.
 */
typedef struct
{
  char            *id;       /* owned */
  char            *batch;    /* owned */
  SfumatoRequest  *request;  /* owned; its input without bytes */
  SfumatoJobState  state;
  double           place;    /* order in the queue */
  int              price;    /* hundredths of a credit */
  gboolean         inherited; /* put in by a process that has ended */
  char            *result;   /* owned, nullable: JSON of an unsaved result */
} SfumatoEntry;

void            sfumato_entry_free         (SfumatoEntry    *entry);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SfumatoEntry, sfumato_entry_free)

/* folder: where the database and the locks live. */
SfumatoJournal *sfumato_journal_open       (const char      *folder,
                                            GError         **error);
/* Whether its file was damaged, and is set aside: then everything that was in it is not in this one. */
gboolean        sfumato_journal_is_anew    (SfumatoJournal  *self);
void            sfumato_journal_close      (SfumatoJournal  *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SfumatoJournal, sfumato_journal_close)

/* Takes over what processes that have ended left behind: jobs that were sent become UNKNOWN. Returns every job that
 * is not over and not another living process's: (element-type SfumatoEntry), in order. */
GPtrArray      *sfumato_journal_inherit    (SfumatoJournal  *self,
                                            GError         **error);

/* Puts jobs in, all or none: id, batch, request, place and price are read. */
gboolean        sfumato_journal_add        (SfumatoJournal  *self,
                                            GPtrArray       *entries,
                                            GError         **error);
gboolean        sfumato_journal_set_place  (SfumatoJournal  *self,
                                            const char      *id,
                                            double           place,
                                            GError         **error);

/**
 * sfumato_journal_claim:
 * @max_concurrent: jobs of this service at once, over all processes
 * @max_per_10s: sent in any ten seconds; 0: no limit
 *
 * Marks a waiting job as sent, and as perhaps charged until somebody knows better. Only then may a byte of it leave.
 *
 * Returns: TRUE if it is to be sent now; FALSE without an error where it has to wait, or is not waiting any more
 */
gboolean        sfumato_journal_claim      (SfumatoJournal  *self,
                                            const char      *id,
                                            guint            max_concurrent,
                                            guint            max_per_10s,
                                            GError         **error);
/* How a job ended, or that it waits again; the charge goes into the ledger. result: JSON, for UNSAVED. */
gboolean        sfumato_journal_end        (SfumatoJournal  *self,
                                            const char      *id,
                                            SfumatoJobState  state,
                                            SfumatoCharge    charge,
                                            const char      *result,
                                            GError         **error);
/* Off the list for good, prompt and all; only the price stays, for the ledger. */
gboolean        sfumato_journal_remove     (SfumatoJournal  *self,
                                            const char      *id,
                                            GError         **error);
/* Takes that back. */
gboolean        sfumato_journal_restore    (SfumatoJournal  *self,
                                            const char      *id,
                                            SfumatoRequest  *request,
                                            SfumatoJobState  state,
                                            GError         **error);

/* Hundredths of a credit spent since a time (microseconds of Unix time). */
gint64          sfumato_journal_get_spent  (SfumatoJournal  *self,
                                            gint64           since,
                                            gint64          *maybe);

G_END_DECLS
