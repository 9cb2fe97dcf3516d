/* Galleries for tests.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "sample.h"

#include <gdk-pixbuf/gdk-pixbuf.h>
#include <glib/gstdio.h>
#include <string.h>

int
sample_run (void)
{
  ScratchDir *home = scratch_make ();
  int status;

  g_setenv ("HOME", home, TRUE);
  g_setenv ("XDG_DATA_HOME", home, TRUE);
  status = g_test_run ();
  scratch_remove (home);
  return status;
}

Sample *
sample_new (void)
{
  Sample *sample = g_new0 (Sample, 1);

  sample->top = scratch_make ();
  sample->folder = g_build_filename (sample->top, "Pictures", "Sfumato", NULL);
  sample->index = g_build_filename (sample->top, "data", "gallery.db", NULL);
  sample->cache = g_build_filename (sample->top, "cache", NULL);
  sample_open (sample);
  return sample;
}

void
sample_open (Sample *sample)
{
  GError *error = NULL;

  sample->gallery = sfumato_gallery_open (sample->folder, sample->index, sample->cache, &error);
  g_assert_no_error (error);
}

static gboolean
is_gone (gpointer data)
{
  return *(gpointer *) data == NULL;
}

void
sample_close (Sample *sample)
{
  SfumatoGallery *gallery = g_steal_pointer (&sample->gallery);

  sample_settle (sample);
  g_object_add_weak_pointer (G_OBJECT (gallery), (gpointer *) &gallery);
  g_object_unref (gallery);
  sample_wait (is_gone, &gallery);
}

void
sample_free (Sample *sample)
{
  if (sample->gallery != NULL)
    sample_close (sample);
  g_free (sample->folder);
  g_free (sample->index);
  g_free (sample->cache);
  scratch_remove (sample->top);
  g_free (sample);
}

void
sample_lose_index (Sample *sample)
{
  const char *suffixes[] = { "", "-wal", "-shm" };

  for (guint i = 0; i < G_N_ELEMENTS (suffixes); i++)
    {
      g_autofree char *path = g_strconcat (sample->index, suffixes[i], NULL);

      g_unlink (path);
    }
}

GBytes *
sample_png (guint   width,
            guint   height,
            guint32 color)
{
  g_autoptr (GdkPixbuf) pixbuf = gdk_pixbuf_new (GDK_COLORSPACE_RGB, FALSE, 8, width, height);
  GError *error = NULL;
  char *data;
  gsize size;

  gdk_pixbuf_fill (pixbuf, color);
  gdk_pixbuf_save_to_buffer (pixbuf, &data, &size, "png", &error, NULL);
  g_assert_no_error (error);
  return g_bytes_new_take (data, size);
}

SfumatoResult *
sample_result (gint64 seed)
{
  g_autoptr (GBytes) bytes = sample_png (48, 32, (guint32) seed << 8 | 0xff);
  GError *error = NULL;
  SfumatoResult *result = sfumato_result_new (&(SfumatoResultFields) {
    .bytes = bytes,
    .seed_used = seed,
    .request_id = "r-1",
    .charge = SFUMATO_CHARGE_YES,
    .price = 650,
  }, &error);

  g_assert_no_error (error);
  return result;
}

SfumatoRequest *
sample_request (const char *prompt)
{
  return sfumato_request_new (&(SfumatoRequestFields) {
    .service = "stability",
    .model = "sd3.5-large",
    .prompt = prompt,
    .negative_prompt = "blurry hands",
    .aspect_ratio = "3:2",
    .seed = SFUMATO_SEED_RANDOM,
    .strength = -1,
  });
}

SfumatoPicture *
sample_add (SfumatoGallery *gallery,
            const char     *prompt,
            gint64          seed)
{
  g_autoptr (SfumatoResult) result = sample_result (seed);
  g_autoptr (SfumatoRequest) request = sample_request (prompt);
  GError *error = NULL;
  SfumatoPicture *picture = sfumato_gallery_add (gallery, result, request, NULL, 5000000, &error);

  g_assert_no_error (error);
  return picture;
}

void
sample_put (Sample     *sample,
            const char *name,
            const char *prompt,
            const char *model,
            gint64      seed,
            const char *moment,
            gboolean    favorite)
{
  g_autoptr (GTimeZone) here = g_time_zone_new_local ();
  g_autoptr (GDateTime) created = g_date_time_new_from_iso8601 (moment, here);
  g_autoptr (SfumatoRequest) request = sample_request (prompt);
  g_autoptr (GBytes) png = sample_png (4, 4, (guint32) seed);
  g_autofree char *id = g_uuid_string_random ();
  g_autofree char *sidecar = g_strconcat (name, ".xmp", NULL);
  g_autoptr (SfumatoPicture) picture = sfumato_picture_new (&(SfumatoPictureFields) {
    .id = id, .file_name = name, .request = request, .seed_used = seed, .service = "stability", .model = model,
    .created = created, .favorite = favorite });
  g_autofree char *xmp = sfumato_picture_to_xmp (picture);

  scratch_write (sample->folder, name, g_bytes_get_data (png, NULL), g_bytes_get_size (png));
  scratch_write (sample->folder, sidecar, xmp, strlen (xmp));
}

void
sample_scan (Sample *sample)
{
  GError *error = NULL;

  g_assert_true (sfumato_gallery_scan (sample->gallery, NULL, &error));
  g_assert_no_error (error);
  sample_settle (sample);
}

void
sample_settle (Sample *sample)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

static gboolean
give_up_cb (gpointer data)
{
  g_error ("ten seconds have passed in vain");
  return G_SOURCE_REMOVE;
}

void
sample_wait (SampleCondition condition,
             gpointer        data)
{
  guint timer = g_timeout_add_seconds (10, give_up_cb, NULL);

  while (!condition (data))
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (timer);
}

guint
sample_count (Sample     *sample,
              const char *search)
{
  g_autoptr (GListModel) model = sfumato_gallery_search (sample->gallery, search, FALSE);

  return g_list_model_get_n_items (model);
}

typedef struct
{
  Sample *sample;
  guint   count;
} Expected;

static gboolean
has_count (gpointer data)
{
  Expected *expected = data;

  return sample_count (expected->sample, NULL) == expected->count;
}

void
sample_wait_count (Sample *sample,
                   guint   count)
{
  sample_wait (has_count, &(Expected) { sample, count });
}

char *
sample_path (Sample     *sample,
             const char *name)
{
  return g_build_filename (sample->folder, name, NULL);
}

gboolean
sample_exists (Sample     *sample,
               const char *name)
{
  g_autofree char *path = sample_path (sample, name);

  return g_file_test (path, G_FILE_TEST_EXISTS);
}

char *
sample_describe (SfumatoPicture *picture)
{
  const SfumatoPictureFields *fields = sfumato_picture_get_fields (picture);
  g_autofree char *xmp = sfumato_picture_to_xmp (picture);

  return g_strdup_printf ("%s %u×%u %d %" G_GUINT64_FORMAT " %d %d\n%s", fields->file_name, fields->width,
                          fields->height, fields->type, fields->size, fields->content_credentials, fields->missing,
                          xmp);
}
