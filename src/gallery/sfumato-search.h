/* What a person types into the search field, taken apart; and text made ready for the full-text index, so that both
 * sides agree. Knows nothing of SQL beyond FTS5's query language.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  char     *match;      /* owned, nullable: an FTS5 expression over prompt, negative, name, model, service */
  gint64    seed;       /* -1: any */
  gint64    from;       /* microseconds since 1970: not before this */
  gint64    until;      /* before this */
  gboolean  favorites;  /* only these */
} SfumatoSearch;

/* text: as sfumato_gallery_search() describes it; nullable. Nothing is ever an error: what cannot be understood is
 * searched for as words. */
SfumatoSearch *sfumato_search_new    (const char    *text,
                                      gboolean       favorites);
void           sfumato_search_free   (SfumatoSearch *search);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SfumatoSearch, sfumato_search_free)

/**
 * sfumato_search_spread:
 *
 * The tokenizer of FTS5, unicode61, takes a run of letters for a word, which is wrong where words are written
 * without spaces, and drops emoji. So each character of such scripts (Chinese, Japanese, Thai, Lao, Khmer, Burmese)
 * is made a word of its own: whoever searches for some of them in a row searches for a phrase, which finds them
 * anywhere. An emoji becomes a word made of its number. Compatibility forms and letter case are folded.
 *
 * Returns: (transfer full): text for FTS5
 */
char          *sfumato_search_spread (const char    *text);

G_END_DECLS
