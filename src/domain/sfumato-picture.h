/* A picture of the gallery: the file, the request it came from, and what is known of how it was made.
 * Immutable but for "favorite" and "missing", which only the gallery sets, on the main thread, with a notification.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include "domain/sfumato-request.h"
#include "domain/sfumato-result.h"

G_BEGIN_DECLS

typedef struct
{
  const char     *id;          /* a UUID that stays with the picture; in its sidecar too */
  const char     *file_name;   /* inside the gallery's folder */
  SfumatoRequest *request;     /* nullable: nothing is known of a picture that came from elsewhere */
  gint64          seed_used;   /* -1: unknown */
  const char     *service;     /* nullable */
  const char     *model;       /* nullable: the one that answered */
  guint           width;       /* pixels, as decoded */
  guint           height;
  SfumatoImageType type;
  guint64         size;        /* bytes */
  GDateTime      *created;     /* when it was received, with its time zone */
  gint64          duration;    /* microseconds from sending to received; 0: unknown */
  SfumatoFinish   finish;
  const char     *finish_word; /* nullable */
  SfumatoCharge   charge;
  int             price;       /* hundredths of a credit */
  const char     *request_id;  /* nullable */
  gboolean        content_credentials; /* the file carries a C2PA manifest */
  gboolean        favorite;
  gboolean        missing;     /* the file is not there at the moment */
} SfumatoPictureFields;

#define SFUMATO_TYPE_PICTURE (sfumato_picture_get_type ())
G_DECLARE_FINAL_TYPE (SfumatoPicture, sfumato_picture, SFUMATO, PICTURE, GObject)

SfumatoPicture             *sfumato_picture_new          (const SfumatoPictureFields *fields);
const SfumatoPictureFields *sfumato_picture_get_fields   (SfumatoPicture             *self);
void                        sfumato_picture_set_favorite (SfumatoPicture             *self,
                                                          gboolean                    favorite);
void                        sfumato_picture_set_missing  (SfumatoPicture             *self,
                                                          gboolean                    missing);

/* What a screen reader says for it: "Generated picture: " and the shortened prompt; (transfer full). */
char                       *sfumato_picture_dup_alt_text (SfumatoPicture             *self);
/* The name of a picture's file, without extension: "2026-11-22 a red fox in snow · 343940597"; any script, safe
 * on every file system, at most max_bytes bytes of whole characters. (transfer full) */
char                       *sfumato_picture_make_name    (const char                 *prompt,
                                                          gint64                      seed_used,
                                                          GDateTime                  *created,
                                                          gsize                       max_bytes);

/* Of the prefix "sfumato" in sidecars. */
#define SFUMATO_XMP_NAMESPACE "https://sfumato-app.github.io/ns/1.0/"

/* The XMP sidecar: the whole request and everything in the fields, readable by other programs where they know
 * the words (dc:description, xmp:CreateDate, xmp:Rating, Iptc4xmpExt:DigitalSourceType). */
char                       *sfumato_picture_to_xmp       (SfumatoPicture             *self);
/* A picture from a sidecar of ours; file_name, size, width, height and type come from the caller, who has looked
 * at the file. SFUMATO_ERROR_STORAGE where the text is not a sidecar of ours or is damaged. At most 4 MiB. */
SfumatoPicture             *sfumato_picture_from_xmp     (const char                 *xmp,
                                                          gsize                       length,
                                                          const char                 *file_name,
                                                          guint64                     size,
                                                          const SfumatoImageHeader   *header,
                                                          GError                    **error);

G_END_DECLS
