/* A request as the multipart form the service takes: one part a field, in a fixed order, so that what goes out can
 * be compared byte by byte.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "services/sfumato-stability-private.h"

#include <glib/gi18n-lib.h>
#include <string.h>

static void
add (SoupMultipart *form,
     const char    *name,
     const char    *value)
{
  if (value != NULL)
    soup_multipart_append_form_string (form, name, value);
}

/* Four decimals at most, a point whatever the locale, no exponent and no zeros at the end. */
static void
add_number (SoupMultipart *form,
            const char    *name,
            double         value)
{
  char text[64];
  gsize length;

  g_ascii_formatd (text, sizeof text, "%.4f", value);
  length = strlen (text);
  while (text[length - 1] == '0')
    text[--length] = '\0';
  if (text[length - 1] == '.')
    text[--length] = '\0';
  add (form, name, text);
}

static void
add_seed (SoupMultipart  *form,
          SfumatoRequest *request)
{
  g_autofree char *text = NULL;

  if (sfumato_request_is_seed_random (request))
    return;
  text = g_strdup_printf ("%" G_GINT64_FORMAT, sfumato_request_get_fields (request)->seed);
  add (form, "seed", text);
}

static void
add_shape (SoupMultipart              *form,
           const SfumatoRequestFields *fields,
           const SfumatoModel         *model)
{
  if (fields->input == NULL)
    add (form, "aspect_ratio", fields->aspect_ratio != NULL ? fields->aspect_ratio : model->aspect_ratios[0]);
  else if (!model->input_keeps_shape)
    add (form, "aspect_ratio", fields->aspect_ratio);
}

/* The file's name stays here: it is nobody else's business. */
static void
add_input (SoupMultipart      *form,
           const SfumatoInput *input)
{
  g_autofree char *name = g_strconcat ("image.", sfumato_image_type_extension (input->type), NULL);

  soup_multipart_append_form_file (form, "image", name, sfumato_image_type_media (input->type), input->bytes);
}

static SoupMultipart *
make_form (SfumatoRequest     *request,
           const SfumatoModel *model)
{
  const SfumatoRequestFields *fields = sfumato_request_get_fields (request);
  SoupMultipart *form = soup_multipart_new ("multipart/form-data");
  gboolean sd3 = g_str_has_suffix (sfumato_stability_model_path (model), "/sd3");

  add (form, "prompt", fields->prompt);
  if (model->negative_prompt)
    add (form, "negative_prompt", fields->negative_prompt);
  if (sd3)
    {
      add (form, "model", model->id);
      add (form, "mode", fields->input != NULL ? "image-to-image" : "text-to-image");
    }
  add_shape (form, fields, model);
  add_seed (form, request);
  add (form, "style_preset", fields->style);
  /* What the model does by itself is not sent, though a request may say it. */
  if (fields->guidance != 0 && fields->guidance != model->guidance_default)
    add_number (form, "cfg_scale", fields->guidance);
  if (fields->input != NULL)
    add_number (form, "strength", fields->strength >= 0 ? fields->strength : model->strength_default);
  add (form, "output_format", fields->format != NULL ? fields->format : model->formats[0]);
  if (fields->input != NULL)
    add_input (form, fields->input);
  return form;
}

static GError *
too_large (gsize size,
           gsize limit)
{
  g_autofree char *size_text = g_format_size_full (size, G_FORMAT_SIZE_IEC_UNITS);
  g_autofree char *limit_text = g_format_size_full (limit, G_FORMAT_SIZE_IEC_UNITS);
  GError *error = sfumato_error_new (SFUMATO_ERROR_INVALID, _("Picture Too Large"),
                                     _("With this reference picture the request has %s; the service takes at most "
                                       "%s. Nothing was sent. Use a smaller picture, or one saved as JPEG."),
                                     size_text, limit_text);

  sfumato_error_set_field (error, "input");
  return error;
}

GBytes *
sfumato_stability_encode (SfumatoRequest      *request,
                          const SfumatoModel  *model,
                          char               **content_type,
                          GError             **error)
{
  g_autoptr (SoupMultipart) form = make_form (request, model);
  g_autoptr (SoupMessageHeaders) headers = soup_message_headers_new (SOUP_MESSAGE_HEADERS_MULTIPART);
  g_autoptr (GBytes) body = NULL;

  soup_multipart_to_message (form, headers, &body);
  if (g_bytes_get_size (body) > model->request_bytes_max)
    {
      g_propagate_error (error, too_large (g_bytes_get_size (body), model->request_bytes_max));
      return NULL;
    }
  *content_type = g_strdup (soup_message_headers_get_one (headers, "Content-Type"));
  return g_steal_pointer (&body);
}
