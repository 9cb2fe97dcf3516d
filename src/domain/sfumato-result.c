/* What a service answered.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "domain/sfumato-result.h"

#include <glib/gi18n-lib.h>

struct _SfumatoResult
{
  GObject              parent_instance;

  SfumatoResultFields  fields;       /* its bytes and strings owned */
  SfumatoImageHeader   header;
};

G_DEFINE_FINAL_TYPE (SfumatoResult, sfumato_result, G_TYPE_OBJECT)

static void
sfumato_result_finalize (GObject *object)
{
  SfumatoResult *self = SFUMATO_RESULT (object);

  g_clear_pointer (&self->fields.bytes, g_bytes_unref);
  g_free ((char *) self->fields.finish_word);
  g_free ((char *) self->fields.request_id);
  g_free ((char *) self->fields.model);

  G_OBJECT_CLASS (sfumato_result_parent_class)->finalize (object);
}

static void
sfumato_result_class_init (SfumatoResultClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = sfumato_result_finalize;
}

static void
sfumato_result_init (SfumatoResult *self)
{
}

static GError *
check_bytes (GBytes             *bytes,
             SfumatoImageHeader *header)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (bytes, &size);

  if (!sfumato_image_header_read (data, size, header))
    return sfumato_error_new (SFUMATO_ERROR_SERVICE, _("Not a Picture"),
                              _("The service’s answer is not a picture."));
  if (!sfumato_image_header_is_safe (header, size))
    return sfumato_error_new (SFUMATO_ERROR_SERVICE, _("Picture Too Large"),
                              _("The service’s answer is larger than any picture Sfumato opens."));
  if (!header->complete)
    return sfumato_error_new (SFUMATO_ERROR_SERVICE, _("Picture Incomplete"),
                              _("The picture did not arrive whole."));
  return NULL;
}

SfumatoResult *
sfumato_result_new (const SfumatoResultFields  *fields,
                    GError                    **error)
{
  SfumatoResult *self;
  SfumatoImageHeader header;
  GError *problem;

  g_return_val_if_fail (fields != NULL && fields->bytes != NULL, NULL);

  problem = check_bytes (fields->bytes, &header);
  if (problem != NULL)
    {
      sfumato_error_set_charge (problem, fields->charge);
      g_propagate_error (error, problem);
      return NULL;
    }
  self = g_object_new (SFUMATO_TYPE_RESULT, NULL);
  self->header = header;
  self->fields = *fields;
  g_bytes_ref (self->fields.bytes);
  self->fields.finish_word = g_strdup (fields->finish_word);
  self->fields.request_id = g_strdup (fields->request_id);
  self->fields.model = g_strdup (fields->model);
  return self;
}

const SfumatoResultFields *
sfumato_result_get_fields (SfumatoResult *self)
{
  g_return_val_if_fail (SFUMATO_IS_RESULT (self), NULL);

  return &self->fields;
}

const SfumatoImageHeader *
sfumato_result_get_header (SfumatoResult *self)
{
  g_return_val_if_fail (SFUMATO_IS_RESULT (self), NULL);

  return &self->header;
}
