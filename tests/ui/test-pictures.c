/* Widgets and values that show pictures of a real gallery: thumbnails, preloading, what is copied, and the details.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include <adwaita.h>

#include "sample.h"
#include "ui/gallery/sfumato-details.h"
#include "ui/gallery/sfumato-fact-row.h"
#include "ui/gallery/sfumato-picture-content.h"
#include "ui/gallery/sfumato-preloader.h"
#include "ui/widgets/sfumato-thumbnail.h"

/* ---- thumbnails ---- */

typedef struct
{
  SfumatoThumbnail       *thumbnail;  /* borrowed */
  SfumatoThumbnailStatus  status;
} Expected;

static gboolean
has_status (gpointer data)
{
  Expected *expected = data;

  return sfumato_thumbnail_get_status (expected->thumbnail) == expected->status;
}

static void
await_status (SfumatoThumbnail       *thumbnail,
              SfumatoThumbnailStatus  status)
{
  sample_wait (has_status, &(Expected) { thumbnail, status });
}

static SfumatoThumbnail *
make_thumbnail (Sample *sample)
{
  SfumatoThumbnail *thumbnail = SFUMATO_THUMBNAIL (g_object_ref_sink (sfumato_thumbnail_new ()));

  sfumato_thumbnail_set_gallery (thumbnail, sample->gallery);
  gtk_widget_measure (GTK_WIDGET (thumbnail), GTK_ORIENTATION_HORIZONTAL, -1, NULL, NULL, NULL, NULL);
  gtk_widget_allocate (GTK_WIDGET (thumbnail), 120, 120, -1, NULL);
  return thumbnail;
}

static GtkWidget *
find_widget (GtkWidget *widget,
             GType      type)
{
  GtkWidget *found = NULL;

  if (g_type_is_a (G_OBJECT_TYPE (widget), type))
    return widget;
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child && !found;
       child = gtk_widget_get_next_sibling (child))
    found = find_widget (child, type);
  return found;
}

/* The red of the shown picture's first pixel; sample_result() draws the seed into it. */
static guint
shown_pixel (SfumatoThumbnail *thumbnail)
{
  GtkWidget *picture = find_widget (GTK_WIDGET (thumbnail), GTK_TYPE_PICTURE);
  GdkPaintable *paintable = gtk_picture_get_paintable (GTK_PICTURE (picture));
  g_autoptr (GdkTextureDownloader) downloader = NULL;
  g_autoptr (GBytes) pixels = NULL;
  gsize stride;

  g_assert_true (GDK_IS_TEXTURE (paintable));
  downloader = gdk_texture_downloader_new (GDK_TEXTURE (paintable));
  gdk_texture_downloader_set_format (downloader, GDK_MEMORY_R8G8B8A8);
  pixels = gdk_texture_downloader_download_bytes (downloader, &stride);
  return ((const guint8 *) g_bytes_get_data (pixels, NULL))[2];
}

static void
test_thumbnail_shows_its_picture (void)
{
  g_autoptr (Sample) sample = sample_new ();
  g_autoptr (SfumatoPicture) one = sample_add (sample->gallery, "a fox", 77);
  g_autoptr (SfumatoPicture) other = sample_add (sample->gallery, "a <b>bear</b>", 78);
  g_autoptr (SfumatoThumbnail) thumbnail = make_thumbnail (sample);

  g_assert_cmpint (sfumato_thumbnail_get_status (thumbnail), ==, SFUMATO_THUMBNAIL_EMPTY);
  sfumato_thumbnail_set_picture (thumbnail, one);
  g_assert_cmpint (sfumato_thumbnail_get_status (thumbnail), ==, SFUMATO_THUMBNAIL_LOADING);
  await_status (thumbnail, SFUMATO_THUMBNAIL_READY);
  g_assert_cmpuint (shown_pixel (thumbnail), ==, 77);
  gtk_test_accessible_assert_property (GTK_ACCESSIBLE (thumbnail), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                       "Generated picture: a fox");

  /* A recycled cell never shows what it was first asked for. */
  sfumato_thumbnail_set_picture (thumbnail, other);
  sfumato_thumbnail_set_picture (thumbnail, one);
  sfumato_thumbnail_set_picture (thumbnail, other);
  await_status (thumbnail, SFUMATO_THUMBNAIL_READY);
  g_assert_cmpuint (shown_pixel (thumbnail), ==, 78);
  gtk_test_accessible_assert_property (GTK_ACCESSIBLE (thumbnail), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                       "Generated picture: a <b>bear</b>");

  /* What has been shown is there at once. */
  sfumato_thumbnail_set_picture (thumbnail, one);
  g_assert_cmpint (sfumato_thumbnail_get_status (thumbnail), ==, SFUMATO_THUMBNAIL_READY);
  g_assert_cmpuint (shown_pixel (thumbnail), ==, 77);
  sfumato_thumbnail_set_picture (thumbnail, NULL);
  g_assert_cmpint (sfumato_thumbnail_get_status (thumbnail), ==, SFUMATO_THUMBNAIL_EMPTY);
}

static void
test_thumbnail_says_what_is_wrong (void)
{
  g_autoptr (Sample) sample = sample_new ();
  g_autoptr (SfumatoPicture) picture = sample_add (sample->gallery, "a fox", 81);
  g_autoptr (SfumatoThumbnail) thumbnail = make_thumbnail (sample);
  SfumatoPictureFields fields = *sfumato_picture_get_fields (picture);
  g_autofree char *path = sample_path (sample, fields.file_name);
  g_autoptr (SfumatoPicture) filtered = NULL;

  g_assert_true (g_file_set_contents (path, "no picture", -1, NULL));
  sfumato_thumbnail_set_picture (thumbnail, picture);
  await_status (thumbnail, SFUMATO_THUMBNAIL_BROKEN);
  sfumato_picture_set_missing (picture, TRUE);
  g_assert_cmpint (sfumato_thumbnail_get_status (thumbnail), ==, SFUMATO_THUMBNAIL_MISSING);
  gtk_test_accessible_assert_property (GTK_ACCESSIBLE (thumbnail), GTK_ACCESSIBLE_PROPERTY_DESCRIPTION,
                                       "The file is not there");

  fields.finish = SFUMATO_FINISH_FILTERED;
  filtered = sfumato_picture_new (&fields);
  sfumato_thumbnail_set_picture (thumbnail, filtered);
  g_assert_cmpint (sfumato_thumbnail_get_status (thumbnail), ==, SFUMATO_THUMBNAIL_HIDDEN);
}

static void
test_thumbnail_tells_favorites (void)
{
  g_autoptr (Sample) sample = sample_new ();
  g_autoptr (SfumatoPicture) picture = sample_add (sample->gallery, "a fox", 82);
  g_autoptr (SfumatoThumbnail) thumbnail = make_thumbnail (sample);

  sfumato_thumbnail_set_picture (thumbnail, picture);
  sfumato_picture_set_favorite (picture, TRUE);
  gtk_test_accessible_assert_property (GTK_ACCESSIBLE (thumbnail), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                       "Generated picture: a fox, favorite");
  sfumato_picture_set_favorite (picture, FALSE);
  gtk_test_accessible_assert_property (GTK_ACCESSIBLE (thumbnail), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                       "Generated picture: a fox");
}

/* The answer to what a widget asked for comes after the widget's end. */
static void
test_thumbnail_may_go_while_loading (void)
{
  g_autoptr (Sample) sample = sample_new ();
  g_autoptr (SfumatoPicture) picture = sample_add (sample->gallery, "a fox", 83);
  SfumatoThumbnail *thumbnail = make_thumbnail (sample);

  sfumato_thumbnail_set_picture (thumbnail, picture);
  g_assert_cmpint (sfumato_thumbnail_get_status (thumbnail), ==, SFUMATO_THUMBNAIL_LOADING);
  g_object_add_weak_pointer (G_OBJECT (thumbnail), (gpointer *) &thumbnail);
  g_object_unref (thumbnail);
  g_assert_null (thumbnail);
  /* Closing the gallery, at the end of the test, waits until nobody works with it any more. */
}

/* ---- preloading ---- */

typedef struct
{
  SfumatoPreloader *preloader;
  SfumatoPicture   *picture;
} Wanted;

static gboolean
is_loaded (gpointer data)
{
  Wanted *wanted = data;

  return sfumato_preloader_get (wanted->preloader, wanted->picture, NULL) != NULL;
}

static gboolean
has_failed (gpointer data)
{
  Wanted *wanted = data;
  const GError *error;

  sfumato_preloader_get (wanted->preloader, wanted->picture, &error);
  return error != NULL;
}

static void
test_neighbours_are_preloaded (void)
{
  g_autoptr (Sample) sample = sample_new ();
  g_autoptr (SfumatoPreloader) preloader = sfumato_preloader_new ();
  g_autoptr (GListStore) pictures = g_list_store_new (SFUMATO_TYPE_PICTURE);
  SfumatoPicture *p[5];

  for (guint i = 0; i < G_N_ELEMENTS (p); i++)
    {
      p[i] = sample_add (sample->gallery, "a fox", 90 + i);
      g_list_store_append (pictures, p[i]);
    }
  sfumato_preloader_center (preloader, sample->gallery, G_LIST_MODEL (pictures), 1);
  for (guint i = 0; i < 3; i++)
    sample_wait (is_loaded, &(Wanted) { preloader, p[i] });
  g_assert_false (is_loaded (&(Wanted) { preloader, p[3] }));

  /* Going on keeps what is a neighbour still, and drops the rest at once. */
  sfumato_preloader_center (preloader, sample->gallery, G_LIST_MODEL (pictures), 3);
  g_assert_true (is_loaded (&(Wanted) { preloader, p[2] }));
  g_assert_false (is_loaded (&(Wanted) { preloader, p[0] }));
  sample_wait (is_loaded, &(Wanted) { preloader, p[3] });
  sample_wait (is_loaded, &(Wanted) { preloader, p[4] });

  sfumato_preloader_center (preloader, sample->gallery, G_LIST_MODEL (pictures), 0);
  sample_wait (is_loaded, &(Wanted) { preloader, p[0] });
  for (guint i = 0; i < G_N_ELEMENTS (p); i++)
    g_object_unref (p[i]);
}

static void
test_a_damaged_file_is_an_error (void)
{
  g_autoptr (Sample) sample = sample_new ();
  g_autoptr (SfumatoPreloader) preloader = sfumato_preloader_new ();
  g_autoptr (GListStore) pictures = g_list_store_new (SFUMATO_TYPE_PICTURE);
  g_autoptr (SfumatoPicture) picture = sample_add (sample->gallery, "a fox", 99);
  g_autofree char *path = sample_path (sample, sfumato_picture_get_fields (picture)->file_name);

  g_assert_true (g_file_set_contents (path, "\x89PNG\r\n\x1a\n", 8, NULL));
  g_list_store_append (pictures, picture);
  sfumato_preloader_center (preloader, sample->gallery, G_LIST_MODEL (pictures), 0);
  sample_wait (has_failed, &(Wanted) { preloader, picture });
}

/* ---- copying ---- */

typedef struct
{
  GOutputStream *stream;  /* owned */
  gboolean       done;
  GError        *error;   /* owned, nullable */
} Written;

static void
written_cb (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  Written *written = user_data;

  gdk_content_provider_write_mime_type_finish (GDK_CONTENT_PROVIDER (source), result, &written->error);
  written->done = TRUE;
}

static gboolean
is_done (gpointer data)
{
  return ((Written *) data)->done;
}

static GBytes *
write_content (GdkContentProvider *content,
               const char         *mime_type)
{
  Written written = { .stream = g_memory_output_stream_new_resizable () };
  GBytes *bytes;

  gdk_content_provider_write_mime_type_async (content, mime_type, written.stream, G_PRIORITY_DEFAULT, NULL, written_cb,
                                              &written);
  sample_wait (is_done, &written);
  g_assert_no_error (written.error);
  g_output_stream_close (written.stream, NULL, NULL);
  bytes = g_memory_output_stream_steal_as_bytes (G_MEMORY_OUTPUT_STREAM (written.stream));
  g_object_unref (written.stream);
  return bytes;
}

static GdkContentProvider *
copy_pictures (Sample         *sample,
               SfumatoPicture *first,
               SfumatoPicture *second)
{
  g_autoptr (GListStore) pictures = g_list_store_new (SFUMATO_TYPE_PICTURE);

  g_list_store_append (pictures, first);
  if (second)
    g_list_store_append (pictures, second);
  return sfumato_picture_content_new (sample->gallery, G_LIST_MODEL (pictures));
}

static void
test_one_picture_is_copied_as_it_is (void)
{
  g_autoptr (Sample) sample = sample_new ();
  g_autoptr (SfumatoPicture) picture = sample_add (sample->gallery, "a fox", 7);
  g_autoptr (GdkContentProvider) content = copy_pictures (sample, picture, NULL);
  g_autoptr (GdkContentFormats) formats = gdk_content_provider_ref_formats (content);
  g_autoptr (GBytes) kept = scratch_read (sample->folder, sfumato_picture_get_fields (picture)->file_name);
  g_autoptr (GBytes) png = write_content (content, "image/png");
  g_autoptr (GBytes) list = write_content (content, "text/uri-list");
  g_autofree char *path = sample_path (sample, sfumato_picture_get_fields (picture)->file_name);
  g_autofree char *uri = g_filename_to_uri (path, NULL, NULL);
  g_autofree char *expected = g_strconcat (uri, "\r\n", NULL);

  g_assert_true (g_bytes_equal (png, kept));
  g_assert_cmpmem (g_bytes_get_data (list, NULL), g_bytes_get_size (list), expected, strlen (expected));
  /* Pasting into a text must not paste a path. */
  g_assert_false (gdk_content_formats_contain_mime_type (formats, "text/plain"));
  g_assert_false (gdk_content_formats_contain_mime_type (formats, "text/plain;charset=utf-8"));
  g_assert_false (gdk_content_formats_contain_gtype (formats, GDK_TYPE_FILE_LIST));
}

static void
test_several_pictures_are_copied_as_files (void)
{
  g_autoptr (Sample) sample = sample_new ();
  g_autoptr (SfumatoPicture) one = sample_add (sample->gallery, "a fox", 7);
  g_autoptr (SfumatoPicture) other = sample_add (sample->gallery, "a bear", 8);
  g_autoptr (GdkContentProvider) both = copy_pictures (sample, one, other);
  g_autoptr (GdkContentFormats) formats = gdk_content_provider_ref_formats (both);
  g_autoptr (GBytes) list = write_content (both, "text/uri-list");
  g_auto (GStrv) lines = g_strsplit (g_bytes_get_data (list, NULL), "\r\n", -1);
  g_autoptr (GdkContentProvider) left = NULL;
  g_autoptr (GBytes) left_list = NULL;

  g_assert_false (gdk_content_formats_contain_mime_type (formats, "image/png"));
  g_assert_cmpuint (g_strv_length (lines), >=, 2);
  g_assert_true (g_str_has_prefix (lines[0], "file:///") && g_str_has_prefix (lines[1], "file:///"));

  sfumato_picture_set_missing (other, TRUE);
  left = copy_pictures (sample, one, other);
  left_list = write_content (left, "text/uri-list");
  g_assert_cmpuint (g_bytes_get_size (left_list), <, g_bytes_get_size (list));
}

/* ---- the details ---- */

/* What the pane says under that title; NULL where the row is not shown. */
static const char *
find_fact (GtkWidget  *widget,
           const char *title)
{
  const char *found = NULL;

  if (SFUMATO_IS_FACT_ROW (widget) &&
      g_str_equal (adw_preferences_row_get_title (ADW_PREFERENCES_ROW (widget)), title))
    return gtk_widget_get_visible (widget) ? adw_action_row_get_subtitle (ADW_ACTION_ROW (widget)) : NULL;
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child && !found;
       child = gtk_widget_get_next_sibling (child))
    found = find_fact (child, title);
  return found;
}

static SfumatoPicture *
make_picture (SfumatoRequest       *request,
              SfumatoPictureFields  fields)
{
  g_autoptr (GDateTime) created = g_date_time_new_utc (2026, 11, 22, 10, 0, 0);

  fields.id = "1";
  fields.file_name = "2026-11-22 a red fox in snow · 5.png";
  fields.request = request;
  fields.created = created;
  fields.width = 1536;
  fields.height = 640;
  fields.type = SFUMATO_IMAGE_PNG;
  fields.size = 1600000;
  return sfumato_picture_new (&fields);
}

static void
test_details (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (SfumatoStudio) studio = sfumato_studio_new (NULL, &error);
  g_autoptr (SfumatoRequest) request = sample_request ("a <i>fox</i> & a\nbear");
  GtkWidget *details = g_object_ref_sink (g_object_new (SFUMATO_TYPE_DETAILS, "studio", studio, NULL));
  static const struct { SfumatoPictureFields fields; const char *title; const char *says; } cases[] = {
    { { .seed_used = 5 }, "Prompt", "a <i>fox</i> & a\nbear" },
    { { .seed_used = 5 }, "Negative Prompt", "blurry hands" },
    { { .seed_used = 5 }, "Seed", "5" },
    { { .seed_used = G_GINT64_CONSTANT (4294967294) }, "Seed", "4294967294" },
    { { .seed_used = -1 }, "Seed", NULL },
    { { .seed_used = 5 }, "Seed Asked For", "Random" },
    { { .service = "stability", .model = "sd3.5-large" }, "Model", "SD 3.5 Large" },
    { { .service = "stability", .model = "sd3" }, "Model", "SD 3.5 Large, asked for as “sd3”" },
    { { .service = "elsewhere", .model = "theirs" }, "Model", "theirs" },
    { { .service = "stability" }, "Service", "Stability AI" },
    { { .service = "elsewhere" }, "Service", "elsewhere" },
    { { .service = "stability", .price = 650, .charge = SFUMATO_CHARGE_YES }, "Price", "6.5 credits" },
    { { .service = "stability", .price = 650, .charge = SFUMATO_CHARGE_MAYBE }, "Price",
      "6.5 credits may have been charged" },
    { { .service = "stability", .price = 650, .charge = SFUMATO_CHARGE_NONE }, "Price", "Nothing was charged" },
    { { .charge = SFUMATO_CHARGE_NONE }, "Price", NULL },
    { { .duration = 2340000 }, "Time Taken", "2.3 seconds" },
    { { .duration = 12300000 }, "Time Taken", "12 seconds" },
    { { .duration = 83000000 }, "Time Taken", "1 min 23 s" },
    { { .duration = 0 }, "Time Taken", NULL },
    { { .finish = SFUMATO_FINISH_FILTERED }, "Content Filter", "Filtered by the service" },
    { { .finish = SFUMATO_FINISH_SUCCESS }, "Content Filter", NULL },
    { { .content_credentials = TRUE }, "Provenance", "Content Credentials in the file" },
    { { .content_credentials = FALSE }, "Provenance", "Marked as AI-generated in the file beside it" },
    { { .request_id = "r-1" }, "Request ID", "r-1" },
    { { 0 }, "Size", "1536 × 640 pixels" },
    { { 0 }, "Name", "2026-11-22 a red fox in snow · 5.png" },
    { { 0 }, "Style", NULL },
    { { 0 }, "Guidance", NULL },
    { { 0 }, "Reference", NULL },
  };

  g_assert_no_error (error);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (SfumatoPicture) picture = make_picture (request, cases[i].fields);

      g_object_set (details, "picture", picture, NULL);
      g_assert_cmpstr (find_fact (details, cases[i].title), ==, cases[i].says);
    }
  g_object_unref (details);
  sfumato_studio_close (studio);
}

static void
test_details_of_a_picture_from_elsewhere (void)
{
  g_autoptr (SfumatoPicture) picture = make_picture (NULL, (SfumatoPictureFields) { .seed_used = -1 });
  GtkWidget *details = g_object_ref_sink (g_object_new (SFUMATO_TYPE_DETAILS, "picture", picture, NULL));
  static const char * const unknown[] = { "Prompt", "Negative Prompt", "Seed", "Seed Asked For", "Model", "Service",
                                          "Price", "Provenance", "Request ID" };

  for (guint i = 0; i < G_N_ELEMENTS (unknown); i++)
    g_assert_null (find_fact (details, unknown[i]));
  g_assert_nonnull (find_fact (details, "Name"));
  g_object_set (details, "picture", NULL, NULL);
  g_assert_null (find_fact (details, "Name"));
  g_object_unref (details);
}

int
main (int   argc,
      char *argv[])
{
  g_setenv ("GTK_A11Y", "test", TRUE);
  g_test_init (&argc, &argv, NULL);
  adw_init ();

  g_test_add_func ("/thumbnail/shows-its-picture", test_thumbnail_shows_its_picture);
  g_test_add_func ("/thumbnail/says-what-is-wrong", test_thumbnail_says_what_is_wrong);
  g_test_add_func ("/thumbnail/tells-favorites", test_thumbnail_tells_favorites);
  g_test_add_func ("/thumbnail/may-go-while-loading", test_thumbnail_may_go_while_loading);
  g_test_add_func ("/preloader/neighbours", test_neighbours_are_preloaded);
  g_test_add_func ("/preloader/a-damaged-file", test_a_damaged_file_is_an_error);
  g_test_add_func ("/content/one-picture", test_one_picture_is_copied_as_it_is);
  g_test_add_func ("/content/several-pictures", test_several_pictures_are_copied_as_files);
  g_test_add_func ("/details/facts", test_details);
  g_test_add_func ("/details/from-elsewhere", test_details_of_a_picture_from_elsewhere);
  return sample_run ();
}
