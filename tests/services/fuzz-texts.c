/* What reads texts and pictures from outside, on any bytes: the first byte chooses the parser, the rest is what came.
 * The entry is libFuzzer's; without it tests/support/fuzz-main.c drives it.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include <stdint.h>
#include <string.h>

#include "domain/sfumato-image-header.h"
#include "domain/sfumato-picture.h"
#include "domain/sfumato-request-foreign.h"
#include "services/sfumato-json.h"

int LLVMFuzzerTestOneInput (const uint8_t *data,
                            size_t         size);

/* What a service answered. */
static void
fuzz_answer (const char *text,
             gsize       size)
{
  static const char * const names[] = { "image", "result", NULL };
  const char *image = NULL;
  gsize image_size = 0;
  g_autoptr (JsonObject) plain = sfumato_json_parse (text, size);
  g_autoptr (JsonObject) json = sfumato_json_parse_image (text, size, names, &image, &image_size);
  g_autoptr (GBytes) bytes = image != NULL ? sfumato_json_decode (image, image_size) : NULL;

  if (image != NULL)
    g_assert_true (image >= text && image + image_size <= text + size);
  if (json == NULL)
    return;
  sfumato_json_get_string (json, "finish_reason");
  g_assert_cmpint (sfumato_json_get_count (json, "seed", 4294967294), >=, -1);
}

/* A draft, a job of the queue, or a request that somebody wrote. What is understood says the same again. */
static void
fuzz_request (const char *text,
              gsize       size)
{
  g_autofree char *copy = g_strndup (text, size);
  g_autoptr (SfumatoRequest) request = sfumato_request_from_text (copy, NULL);
  g_autoptr (JsonNode) again = request != NULL ? sfumato_request_to_json (request) : NULL;
  g_autoptr (SfumatoRequest) same = again != NULL ? sfumato_request_from_json (again, NULL) : NULL;

  if (request != NULL)
    g_assert_cmpstr (sfumato_request_get_prompt (same), ==, sfumato_request_get_prompt (request));
}

/* What another program wrote into its picture. */
static void
fuzz_foreign (const char *text,
              gsize       size)
{
  g_autofree char *copy = g_strndup (text, size);
  gint64 seeds[2];
  g_autoptr (SfumatoRequest) request = sfumato_request_from_parameters (copy, &seeds[0]);
  g_autoptr (SfumatoRequest) graph = sfumato_request_from_graph (copy, &seeds[1]);

  g_assert_true (seeds[0] >= -1 && seeds[1] >= -1);
  g_assert_true (g_utf8_validate (sfumato_request_get_prompt (request), -1, NULL));
  g_assert_true (graph == NULL || g_utf8_validate (sfumato_request_get_prompt (graph), -1, NULL));
}

static void
fuzz_sidecar (const char *text,
              gsize       size)
{
  const SfumatoImageHeader header = { .type = SFUMATO_IMAGE_PNG, .width = 64, .height = 64 };
  g_autoptr (SfumatoPicture) picture = sfumato_picture_from_xmp (text, size, "a.png", 100, &header, NULL);
  g_autofree char *again = picture != NULL ? sfumato_picture_to_xmp (picture) : NULL;
  g_autoptr (SfumatoPicture) same =
    again != NULL ? sfumato_picture_from_xmp (again, strlen (again), "a.png", 100, &header, NULL) : NULL;

  if (picture != NULL)
    g_assert_cmpstr (sfumato_picture_get_fields (same)->id, ==, sfumato_picture_get_fields (picture)->id);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data,
                        size_t         size)
{
  /* A copy of the exact size, so that one byte too far is found. */
  g_autofree char *bytes = size > 1 ? g_memdup2 (data + 1, size - 1) : NULL;
  SfumatoImageHeader header;

  if (bytes == NULL)
    return 0;
  switch (data[0])
    {
    case 'a':
      fuzz_answer (bytes, size - 1);
      break;
    case 'r':
      fuzz_request (bytes, size - 1);
      break;
    case 'p':
      fuzz_foreign (bytes, size - 1);
      break;
    case 'x':
      fuzz_sidecar (bytes, size - 1);
      break;
    case 'i':
      if (sfumato_image_header_read ((const guint8 *) bytes, size - 1, &header))
        sfumato_image_header_is_safe (&header, size - 1);
      break;
    default:
      break;
    }
  return 0;
}
