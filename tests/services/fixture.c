/* A service at a stand-in.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "fixture.h"

#include <gdk-pixbuf/gdk-pixbuf.h>
#include <string.h>

void
fixture_set_up (Fixture *fixture)
{
  g_autoptr (GError) error = NULL;

  fixture->server = stand_in_new (0, NULL, &error);
  g_assert_no_error (error);
  stand_in_script (fixture->server, "{'scale':16,'rate_limit':0,'credits':1000000}");
  fixture->service = sfumato_stability_new (stand_in_get_url (fixture->server), &error);
  g_assert_no_error (error);
  fixture->limits = sfumato_http_limits;
  fixture->limits.connect_time = 10 * 1000;
  fixture->limits.idle_time = 20 * 1000;
  fixture->limits.total_time = 40 * 1000;
  fixture_apply_limits (fixture);
}

void
fixture_tear_down (Fixture *fixture)
{
  g_clear_object (&fixture->service);
  g_clear_object (&fixture->limits.tls_database);
  g_clear_pointer (&fixture->server, stand_in_free);
}

void
fixture_apply_limits (Fixture *fixture)
{
  sfumato_stability_set_limits (SFUMATO_STABILITY (fixture->service), &fixture->limits);
}

SfumatoResult *
fixture_generate (Fixture                     *fixture,
                  const SfumatoRequestFields  *fields,
                  GCancellable                *cancellable,
                  GError                     **error)
{
  SfumatoRequestFields filled = fields != NULL ? *fields : (SfumatoRequestFields) { .seed = SFUMATO_SEED_RANDOM };
  g_autoptr (SfumatoRequest) request = NULL;

  filled.service = "stability";
  filled.model = filled.model != NULL ? filled.model : "sd3.5-large";
  filled.prompt = filled.prompt != NULL ? filled.prompt : "a red fox";
  request = sfumato_request_new (&filled);
  return sfumato_service_generate (fixture->service, request, STAND_IN_KEY, NULL, NULL, cancellable, error);
}

GError *
fixture_fail (Fixture                    *fixture,
              const SfumatoRequestFields *fields)
{
  GError *error = NULL;
  g_autoptr (SfumatoResult) result = fixture_generate (fixture, fields, NULL, &error);

  g_assert_null (result);
  check_error (error);
  return error;
}

static void
check_text (const char *text)
{
  g_assert_true (g_utf8_validate (text, -1, NULL));
  g_assert_null (strstr (text, STAND_IN_KEY));
  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p))
    g_assert_true (*p == '\n' || *p == '\t' || !g_unichar_iscntrl (g_utf8_get_char (p)));
}

void
check_error (const GError *error)
{
  g_assert_nonnull (error);
  g_test_message ("%s: %s", sfumato_error_get_title (error), error->message);
  g_assert_cmpuint (error->domain, ==, SFUMATO_ERROR);
  g_assert_cmpuint (strlen (sfumato_error_get_title (error)), >, 3);
  check_text (sfumato_error_get_title (error));
  check_text (error->message);
  if (sfumato_error_get_details (error) != NULL)
    check_text (sfumato_error_get_details (error));
  /* Money is spoken of in words that fit the fact. */
  g_assert_cmpint (sfumato_error_get_charge (error) == SFUMATO_CHARGE_MAYBE, ==,
                   strstr (error->message, "may have been charged") != NULL);
}

static GdkPixbuf *
make_pixbuf (int width,
             int height)
{
  GdkPixbuf *pixbuf = gdk_pixbuf_new (GDK_COLORSPACE_RGB, FALSE, 8, width, height);

  gdk_pixbuf_fill (pixbuf, 0x7a5230ff);
  return pixbuf;
}

static GBytes *
save (GdkPixbuf  *pixbuf,
      const char *format)
{
  g_autoptr (GError) error = NULL;
  char *data;
  gsize size;

  gdk_pixbuf_save_to_buffer (pixbuf, &data, &size, format, &error, NULL);
  g_assert_no_error (error);
  return g_bytes_new_take (data, size);
}

GBytes *
make_picture (const char *format)
{
  g_autoptr (GdkPixbuf) pixbuf = make_pixbuf (96, 64);

  return save (pixbuf, format);
}

SfumatoInput *
make_input (int         width,
            int         height,
            const char *format)
{
  g_autoptr (GdkPixbuf) pixbuf = make_pixbuf (width, height);
  g_autoptr (GBytes) bytes = save (pixbuf, format);
  g_autoptr (GError) error = NULL;
  SfumatoInput *input = sfumato_input_new (bytes, "Bild ä\".png", &error);

  g_assert_no_error (error);
  return input;
}
