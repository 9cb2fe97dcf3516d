/* Galleries for tests: in a scratch folder of their own, with pictures drawn on the spot.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include "gallery/sfumato-gallery.h"
#include "scratch.h"

G_BEGIN_DECLS

typedef struct
{
  ScratchDir     *top;     /* owned */
  char           *folder;  /* owned: the pictures */
  char           *index;   /* owned */
  char           *cache;   /* owned */
  SfumatoGallery *gallery; /* owned */
} Sample;

/* g_test_run() with a home folder, and so a trash, of its own. */
int             sample_run        (void);

Sample         *sample_new        (void);
void            sample_free       (Sample          *sample);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Sample, sample_free)
/* Closes the gallery, and opens it again: another start of the program. */
void            sample_close      (Sample          *sample);
void            sample_open       (Sample          *sample);
/* Deletes the index, which is to cost nothing. */
void            sample_lose_index (Sample          *sample);

GBytes         *sample_png        (guint            width,
                                   guint            height,
                                   guint32          color);
SfumatoResult  *sample_result     (gint64           seed);
SfumatoRequest *sample_request    (const char      *prompt);
/* Adds a picture, which has to go well. */
SfumatoPicture *sample_add        (SfumatoGallery  *gallery,
                                   const char      *prompt,
                                   gint64           seed);
/* Writes a picture and its sidecar as another Sfumato would have: made at that moment ("2026-01-31T10:00:00+01"). */
void            sample_put        (Sample          *sample,
                                   const char      *name,
                                   const char      *prompt,
                                   const char      *model,
                                   gint64           seed,
                                   const char      *moment,
                                   gboolean         favorite);
/* Looks through the folder, which has to go well. */
void            sample_scan       (Sample          *sample);
/* Runs the main loop until everything the gallery has to say is said. */
void            sample_settle     (Sample          *sample);
/* Runs the main loop until condition is true, at most ten seconds. */
typedef gboolean (*SampleCondition) (gpointer       data);
void            sample_wait       (SampleCondition  condition,
                                   gpointer         data);
guint           sample_count      (Sample          *sample,
                                   const char      *search);
/* Until the gallery has that many pictures. */
void            sample_wait_count (Sample          *sample,
                                   guint            count);
char           *sample_path       (Sample          *sample,
                                   const char      *name);
gboolean        sample_exists     (Sample          *sample,
                                   const char      *name);
/* Everything that is known of a picture, as one text to compare. */
char           *sample_describe   (SfumatoPicture  *picture);

G_END_DECLS
