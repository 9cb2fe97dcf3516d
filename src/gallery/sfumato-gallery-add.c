/* The person's pictures: keeping a new one, and stars.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "gallery/sfumato-gallery-private.h"

#include "domain/sfumato-error.h"
#include "gallery/sfumato-scan.h"
#include "gallery/sfumato-sidecar-file.h"
#include "gallery/sfumato-store.h"

#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>

/* ---- adding ---- */

/* Everything but its name, which is known only when the file has it. */
static SfumatoPictureFields
describe (SfumatoResult  *result,
          SfumatoRequest *request,
          gint64          duration,
          GDateTime      *created,
          const char     *id)
{
  const SfumatoResultFields *answer = sfumato_result_get_fields (result);
  const SfumatoRequestFields *asked = sfumato_request_get_fields (request);
  const SfumatoImageHeader *header = sfumato_result_get_header (result);

  return (SfumatoPictureFields) {
    .id = id,
    .file_name = "",
    .request = request,
    .seed_used = answer->seed_used,
    .service = asked->service,
    .model = answer->model != NULL ? answer->model : asked->model,
    .width = header->width,
    .height = header->height,
    .type = header->type,
    .size = g_bytes_get_size (answer->bytes),
    .created = created,
    .duration = duration,
    .finish = answer->finish,
    .finish_word = answer->finish_word,
    .charge = answer->charge,
    .price = answer->price,
    .request_id = answer->request_id,
    .content_credentials = header->content_credentials,
  };
}

/* The files are safe already, so that what fails here is only put right by the next scan. */
static gint64
index_added (SfumatoGallery             *self,
             int                         fd,
             const SfumatoPictureFields *fields)
{
  g_autoptr (GError) error = NULL;
  SfumatoStamp stamp;
  gint64 row = 0;

  if (sfumato_scan_stamp (fd, fields->file_name, &stamp) && sfumato_index_begin (self->index, &error))
    {
      row = sfumato_index_put (self->index, fields, &stamp, &error);
      if (row == 0)
        sfumato_index_rollback (self->index);
      else if (sfumato_index_commit (self->index, &error))
        return row;
    }
  g_message ("A picture was saved but not indexed yet: %s", error != NULL ? error->message : fields->file_name);
  return 0;
}

static SfumatoPicture *
add_to_folder (SfumatoGallery  *self,
               int              fd,
               SfumatoResult   *result,
               SfumatoRequest  *request,
               const char      *id,
               gint64           duration,
               GError         **error)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_local ();
  g_autofree char *file_name = NULL;
  SfumatoPictureFields fields = describe (result, request, duration, now, id);
  g_autofree char *stem = sfumato_picture_make_name (sfumato_request_get_prompt (request), fields.seed_used, now,
                                                     SFUMATO_STORE_STEM_MAX);
  g_autoptr (SfumatoPicture) nameless = sfumato_picture_new (&fields);
  g_autofree char *sidecar = sfumato_picture_to_xmp (nameless);
  gint64 row;

  if (!sfumato_store_add (self->folder, stem, sfumato_image_type_extension (fields.type),
                          sfumato_result_get_fields (result)->bytes, sidecar, &file_name, error))
    return NULL;
  fields.file_name = file_name;
  row = index_added (self, fd, &fields);
  _sfumato_gallery_refresh (self);
  return row != 0 ? sfumato_shelf_put (self->shelf, row, sfumato_picture_new (&fields)) : sfumato_picture_new (&fields);
}

static SfumatoPicture *
find_added (SfumatoGallery *self,
            int             fd,
            const char     *id)
{
  g_autoptr (SfumatoIndexEntry) entry = sfumato_index_get_by_id (self->index, id);
  SfumatoStamp stamp;

  if (entry == NULL || entry->state != SFUMATO_INDEX_HERE || !sfumato_scan_stamp (fd, entry->file_name, &stamp))
    return NULL;
  return _sfumato_gallery_read (self, entry->row);
}

SfumatoPicture *
sfumato_gallery_add (SfumatoGallery  *self,
                     SfumatoResult   *result,
                     SfumatoRequest  *request,
                     const char      *id,
                     gint64           duration,
                     GError         **error)
{
  g_autoptr (GMutexLocker) locker = NULL;
  g_autofree char *new_id = id == NULL ? g_uuid_string_random () : g_strdup (id);
  GError *problem = NULL;
  SfumatoPicture *picture = NULL;
  int fd;

  g_return_val_if_fail (SFUMATO_IS_GALLERY (self) && SFUMATO_IS_RESULT (result), NULL);
  g_return_val_if_fail (SFUMATO_IS_REQUEST (request), NULL);
  g_return_val_if_fail (id == NULL || g_uuid_string_is_valid (id), NULL);

  locker = g_mutex_locker_new (&self->changing);
  fd = sfumato_store_open (self->folder, &problem);
  if (fd >= 0)
    {
      picture = id != NULL ? find_added (self, fd, id) : NULL;
      if (picture == NULL)
        picture = add_to_folder (self, fd, result, request, new_id, duration, &problem);
      g_close (fd, NULL);
    }
  if (picture == NULL)
    {
      sfumato_error_set_charge (problem, sfumato_result_get_fields (result)->charge);
      sfumato_error_set_help (problem, SFUMATO_ERROR_HELP_SAVE_ELSEWHERE);
      g_propagate_error (error, problem);
    }
  return picture;
}

gboolean
sfumato_gallery_check (SfumatoGallery  *self,
                       GError         **error)
{
  g_return_val_if_fail (SFUMATO_IS_GALLERY (self), FALSE);

  return sfumato_store_check (self->folder, error);
}

/* ---- favorites ---- */

static gboolean
write_favorite (SfumatoGallery     *self,
                int                 fd,
                SfumatoIndexEntry  *entry,
                gboolean            favorite,
                GError            **error)
{
  g_autoptr (SfumatoPicture) picture = sfumato_index_get_picture (self->index, entry->row);
  SfumatoStamp stamp;

  if (picture == NULL || !sfumato_sidecar_set_favorite (self->folder, fd, picture, favorite, error))
    return FALSE;
  if (!sfumato_scan_stamp (fd, entry->file_name, &stamp) || !sfumato_index_begin (self->index, error))
    return FALSE;
  if (!sfumato_index_set_favorite (self->index, entry->row, favorite, &stamp, error))
    {
      sfumato_index_rollback (self->index);
      return FALSE;
    }
  return sfumato_index_commit (self->index, error);
}

gboolean
sfumato_gallery_set_favorite (SfumatoGallery  *self,
                              SfumatoPicture  *picture,
                              gboolean         favorite,
                              GError         **error)
{
  g_autoptr (GMutexLocker) locker = NULL;
  g_autoptr (SfumatoIndexEntry) entry = NULL;
  gboolean done;
  int fd;

  g_return_val_if_fail (SFUMATO_IS_GALLERY (self) && SFUMATO_IS_PICTURE (picture), FALSE);

  locker = g_mutex_locker_new (&self->changing);
  entry = sfumato_index_get_by_id (self->index, sfumato_picture_get_fields (picture)->id);
  if (entry == NULL || entry->state != SFUMATO_INDEX_HERE)
    {
      g_propagate_error (error, sfumato_error_new (SFUMATO_ERROR_STORAGE, _("Picture Not There"),
                                                   _("This picture is not in the folder any more.")));
      return FALSE;
    }
  fd = sfumato_store_open (self->folder, error);
  if (fd < 0)
    return FALSE;
  done = write_favorite (self, fd, entry, favorite, error);
  g_close (fd, NULL);
  if (done)
    _sfumato_gallery_refresh (self);
  return done;
}
