/* The gallery: what is kept, found, deleted, given back; and that the files are the truth.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "sample.h"

#include <glib/gstdio.h>
#include <string.h>

static void
test_add (void)
{
  g_autoptr (Sample) sample = sample_new ();
  g_autoptr (SfumatoResult) result = sample_result (343940597);
  g_autoptr (SfumatoRequest) request = sample_request ("a red fox in snow");
  g_autoptr (GListModel) all = sfumato_gallery_search (sample->gallery, NULL, FALSE);
  g_autoptr (GDateTime) now = g_date_time_new_now_local ();
  g_autoptr (GError) error = NULL;
  g_autoptr (SfumatoPicture) picture = sfumato_gallery_add (sample->gallery, result, request, NULL, 7, &error);
  g_autofree char *date = g_date_time_format (now, "%Y-%m-%d");
  g_autofree char *name = g_strdup_printf ("%s a red fox in snow · 343940597.png", date);
  g_autofree char *sidecar = g_strconcat (name, ".xmp", NULL);
  g_autofree char *path = sample_path (sample, name);
  g_autofree char *told_path = sfumato_gallery_dup_path (sample->gallery, picture);
  g_autoptr (GBytes) kept = NULL;
  g_autoptr (SfumatoPicture) first = NULL;

  g_assert_no_error (error);
  g_assert_cmpstr (sfumato_picture_get_fields (picture)->file_name, ==, name);
  g_assert_cmpstr (told_path, ==, path);
  kept = scratch_read (sample->folder, name);
  g_assert_true (g_bytes_equal (kept, sfumato_result_get_fields (result)->bytes));
  g_assert_true (sample_exists (sample, sidecar));
  g_assert_cmpuint (sample_count (sample, NULL), ==, 1);

  sample_settle (sample);
  g_assert_cmpuint (g_list_model_get_n_items (all), ==, 1);
  first = g_list_model_get_item (all, 0);
  g_assert_true (first == picture);
}

static void
test_add_twice (void)
{
  g_autoptr (Sample) sample = sample_new ();
  g_autoptr (SfumatoPicture) a = sample_add (sample->gallery, "a fox", 5);
  g_autoptr (SfumatoPicture) b = sample_add (sample->gallery, "a fox", 5);
  g_autoptr (SfumatoResult) result = sample_result (6);
  g_autoptr (SfumatoRequest) request = sample_request ("again");
  g_autofree char *id = g_uuid_string_random ();
  g_autoptr (SfumatoPicture) c = sfumato_gallery_add (sample->gallery, result, request, id, 0, NULL);
  g_autoptr (SfumatoPicture) d = sfumato_gallery_add (sample->gallery, result, request, id, 0, NULL);

  g_assert_true (g_str_has_suffix (sfumato_picture_get_fields (a)->file_name, " a fox · 5.png"));
  g_assert_true (g_str_has_suffix (sfumato_picture_get_fields (b)->file_name, " a fox · 5 (2).png"));
  g_assert_true (c == d);
  g_assert_cmpstr (sfumato_picture_get_fields (c)->id, ==, id);
  g_assert_cmpuint (sample_count (sample, NULL), ==, 3);
}

/* A file of somebody else's that has the very name. */
static void
test_add_beside (void)
{
  g_autoptr (Sample) sample = sample_new ();
  g_autoptr (GDateTime) now = g_date_time_new_now_local ();
  g_autofree char *date = g_date_time_format (now, "%Y-%m-%d");
  g_autofree char *name = g_strdup_printf ("%s a fox · 5.png", date);
  g_autoptr (SfumatoPicture) picture = NULL;
  g_autoptr (GBytes) kept = NULL;

  scratch_write (sample->folder, name, "not a picture", 13);
  picture = sample_add (sample->gallery, "a fox", 5);
  g_assert_true (g_str_has_suffix (sfumato_picture_get_fields (picture)->file_name, " a fox · 5 (2).png"));
  kept = scratch_read (sample->folder, name);
  g_assert_cmpmem (g_bytes_get_data (kept, NULL), g_bytes_get_size (kept), "not a picture", 13);
}

static void
test_find (void)
{
  g_autoptr (Sample) sample = sample_new ();
  g_autoptr (SfumatoPicture) picture = sample_add (sample->gallery, "a fox", 5);
  const SfumatoPictureFields *fields = sfumato_picture_get_fields (picture);
  g_autoptr (SfumatoPicture) by_id = sfumato_gallery_find (sample->gallery, fields->id);
  g_autoptr (SfumatoPicture) by_name = sfumato_gallery_find (sample->gallery, fields->file_name);

  g_assert_true (by_id == picture);
  g_assert_true (by_name == picture);
  g_assert_null (sfumato_gallery_find (sample->gallery, "something else"));
}

/* Everything that is known of a picture outlives the program and the index. */
static void
test_rebuild (void)
{
  g_autoptr (Sample) sample = sample_new ();
  g_autoptr (GPtrArray) before = g_ptr_array_new_with_free_func (g_free);

  for (int i = 0; i < 5; i++)
    {
      g_autoptr (SfumatoPicture) picture = sample_add (sample->gallery, "a \"fox\" <&> 狐\nin snow", i);

      if (i % 2 == 0)
        g_assert_true (sfumato_gallery_set_favorite (sample->gallery, picture, TRUE, NULL));
      sample_settle (sample);
      g_ptr_array_add (before, sample_describe (picture));
    }
  for (int round = 0; round < 2; round++)
    {
      g_autoptr (GListModel) all = NULL;

      sample_close (sample);
      if (round == 1)
        sample_lose_index (sample);
      sample_open (sample);
      all = sfumato_gallery_search (sample->gallery, NULL, FALSE);
      g_assert_cmpuint (g_list_model_get_n_items (all), ==, 5);
      for (guint i = 0; i < 5; i++)
        {
          g_autoptr (SfumatoPicture) picture = g_list_model_get_item (all, 4 - i);
          g_autofree char *after = sample_describe (picture);

          g_assert_cmpstr (after, ==, g_ptr_array_index (before, i));
        }
      g_assert_cmpuint (sample_count (sample, "狐 snow"), ==, 5);
    }
}

static void
count_notify_cb (GObject    *object,
                 GParamSpec *pspec,
                 gpointer    data)
{
  (*(guint *) data)++;
}

static void
test_favorite (void)
{
  g_autoptr (Sample) sample = sample_new ();
  g_autoptr (SfumatoPicture) a = sample_add (sample->gallery, "a fox", 5);
  g_autoptr (SfumatoPicture) b = sample_add (sample->gallery, "a hare", 6);
  g_autoptr (GListModel) favorites = sfumato_gallery_search (sample->gallery, NULL, TRUE);
  g_autoptr (SfumatoPicture) item = NULL;
  guint n_told = 0;

  g_signal_connect (a, "notify::favorite", G_CALLBACK (count_notify_cb), &n_told);
  g_assert_cmpuint (g_list_model_get_n_items (favorites), ==, 0);
  g_assert_true (sfumato_gallery_set_favorite (sample->gallery, a, TRUE, NULL));
  sample_settle (sample);
  g_assert_cmpuint (n_told, ==, 1);
  g_assert_true (sfumato_picture_get_fields (a)->favorite);
  g_assert_cmpuint (g_list_model_get_n_items (favorites), ==, 1);
  item = g_list_model_get_item (favorites, 0);
  g_assert_true (item == a);
  g_assert_true (sfumato_gallery_set_favorite (sample->gallery, a, FALSE, NULL));
  sample_settle (sample);
  g_assert_false (sfumato_picture_get_fields (a)->favorite);
  g_assert_cmpuint (g_list_model_get_n_items (favorites), ==, 0);
}

/* A sidecar that cannot be read may still be somebody's: it is kept beside the new one. */
static void
test_damaged_sidecar (void)
{
  g_autoptr (Sample) sample = sample_new ();
  g_autoptr (SfumatoPicture) picture = sample_add (sample->gallery, "a fox", 5);
  g_autofree char *name = g_strdup (sfumato_picture_get_fields (picture)->file_name);
  g_autofree char *sidecar = g_strconcat (name, ".xmp", NULL);
  g_autofree char *aside = g_strconcat (sidecar, ".damaged", NULL);
  g_autoptr (SfumatoPicture) again = NULL;
  g_autoptr (GBytes) kept = NULL;

  scratch_write (sample->folder, sidecar, "my notes", 8);
  g_assert_true (sfumato_gallery_set_favorite (sample->gallery, picture, TRUE, NULL));
  kept = scratch_read (sample->folder, aside);
  g_assert_cmpmem (g_bytes_get_data (kept, NULL), g_bytes_get_size (kept), "my notes", 8);

  g_clear_object (&picture);
  sample_close (sample);
  sample_lose_index (sample);
  sample_open (sample);
  again = sfumato_gallery_find (sample->gallery, name);
  g_assert_true (sfumato_picture_get_fields (again)->favorite);
  g_assert_cmpint (sfumato_picture_get_fields (again)->seed_used, ==, 5);
}

/* A star stands in the sidecar, and there can be none. */
static void
test_favorite_of_long_name (void)
{
  g_autoptr (Sample) sample = sample_new ();
  g_autoptr (GBytes) png = sample_png (8, 8, 0);
  g_autofree char *stem = g_strnfill (251, 'x');
  g_autofree char *name = g_strconcat (stem, ".png", NULL);
  g_autofree char *short_path = sample_path (sample, "short");
  g_autofree char *path = sample_path (sample, name);
  g_autoptr (SfumatoPicture) picture = NULL;
  g_autoptr (GError) error = NULL;

  scratch_write (sample->folder, "short", g_bytes_get_data (png, NULL), g_bytes_get_size (png));
  g_assert_cmpint (g_rename (short_path, path), ==, 0);
  sample_scan (sample);
  picture = sfumato_gallery_find (sample->gallery, name);
  g_assert_false (sfumato_gallery_set_favorite (sample->gallery, picture, TRUE, &error));
  g_assert_error (error, SFUMATO_ERROR, SFUMATO_ERROR_STORAGE);
  g_assert_nonnull (strstr (error->message, "too long"));
}

/* What others wrote into a sidecar, or wrote first, stays. */
static void
test_foreign_sidecar (void)
{
  static const char * const sidecars[] = {
    "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">"
    "<rdf:Description rdf:about=\"\" xmlns:xmp=\"http://ns.adobe.com/xap/1.0/\" xmp:Rating=\"3\" xmp:Label=\"kept\"/>"
    "</rdf:RDF></x:xmpmeta>",
    "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">"
    "<rdf:Description rdf:about=\"\" xmlns:xmp=\"http://ns.adobe.com/xap/1.0/\"><xmp:Label>kept</xmp:Label>"
    "</rdf:Description></rdf:RDF></x:xmpmeta>",
  };

  for (guint i = 0; i < G_N_ELEMENTS (sidecars); i++)
    {
      g_autoptr (Sample) sample = sample_new ();
      g_autoptr (GBytes) png = sample_png (8, 8, 0);
      g_autoptr (GBytes) text = NULL;
      g_autoptr (SfumatoPicture) picture = NULL;
      g_autoptr (SfumatoPicture) again = NULL;
      g_autoptr (GError) error = NULL;

      scratch_write (sample->folder, "holiday.png", g_bytes_get_data (png, NULL), g_bytes_get_size (png));
      scratch_write (sample->folder, "holiday.png.xmp", sidecars[i], strlen (sidecars[i]));
      g_assert_true (sfumato_gallery_scan (sample->gallery, NULL, NULL));
      picture = sfumato_gallery_find (sample->gallery, "holiday.png");
      g_assert_nonnull (picture);
      g_assert_true (sfumato_gallery_set_favorite (sample->gallery, picture, TRUE, &error));
      g_assert_no_error (error);
      text = scratch_read (sample->folder, "holiday.png.xmp");
      g_assert_nonnull (g_strstr_len (g_bytes_get_data (text, NULL), g_bytes_get_size (text), "kept"));

      sample_close (sample);
      sample_lose_index (sample);
      sample_open (sample);
      again = sfumato_gallery_find (sample->gallery, "holiday.png");
      g_assert_true (sfumato_picture_get_fields (again)->favorite);
      g_assert_cmpstr (sfumato_picture_get_fields (again)->id, ==, sfumato_picture_get_fields (picture)->id);
    }
}

/* ---- what happens outside ---- */

static void
rename_in (Sample     *sample,
           const char *from,
           const char *to)
{
  g_autofree char *old = sample_path (sample, from);
  g_autofree char *new = sample_path (sample, to);

  g_assert_cmpint (g_rename (old, new), ==, 0);
}

static void
test_cancelled_scan (void)
{
  g_autoptr (Sample) sample = sample_new ();
  g_autoptr (GBytes) png = sample_png (8, 8, 0);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;

  scratch_write (sample->folder, "new.png", g_bytes_get_data (png, NULL), g_bytes_get_size (png));
  g_cancellable_cancel (cancellable);
  g_assert_false (sfumato_gallery_scan (sample->gallery, cancellable, &error));
  g_assert_error (error, SFUMATO_ERROR, SFUMATO_ERROR_CANCELLED);
  sample_scan (sample);
  g_assert_cmpuint (sample_count (sample, NULL), ==, 1);
}

/* A vanished file leaves the list, and comes back with everything that was known of it: also where its sidecar is
 * not there any more. */
static void
test_vanish (gconstpointer data)
{
  gboolean without_sidecar = GPOINTER_TO_INT (data);
  g_autoptr (Sample) sample = sample_new ();
  g_autoptr (SfumatoPicture) picture = sample_add (sample->gallery, "a fox", 5);
  g_autofree char *name = g_strdup (sfumato_picture_get_fields (picture)->file_name);
  g_autofree char *sidecar = g_strconcat (name, ".xmp", NULL);
  g_autofree char *before = NULL;
  g_autofree char *after = NULL;
  g_autoptr (SfumatoPicture) back = NULL;

  g_assert_true (sfumato_gallery_set_favorite (sample->gallery, picture, TRUE, NULL));
  sample_settle (sample);
  before = sample_describe (picture);
  rename_in (sample, name, "../away.png");
  if (without_sidecar)
    rename_in (sample, sidecar, "../away.xmp");
  sample_scan (sample);
  g_assert_cmpuint (sample_count (sample, NULL), ==, 0);
  g_assert_cmpuint (sample_count (sample, "fox"), ==, 0);
  g_assert_null (sfumato_gallery_find (sample->gallery, name));

  rename_in (sample, "../away.png", name);
  sample_scan (sample);
  g_assert_cmpuint (sample_count (sample, "fox"), ==, 1);
  back = sfumato_gallery_find (sample->gallery, name);
  after = sample_describe (back);
  g_assert_cmpstr (after, ==, before);
}

static void
test_rename (gconstpointer data)
{
  gboolean with_sidecar = GPOINTER_TO_INT (data);
  g_autoptr (Sample) sample = sample_new ();
  g_autoptr (SfumatoPicture) picture = sample_add (sample->gallery, "a fox", 5);
  const SfumatoPictureFields *fields = sfumato_picture_get_fields (picture);
  g_autofree char *sidecar = g_strconcat (fields->file_name, ".xmp", NULL);

  g_assert_true (sfumato_gallery_set_favorite (sample->gallery, picture, TRUE, NULL));
  rename_in (sample, fields->file_name, "my best fox.png");
  if (with_sidecar)
    rename_in (sample, sidecar, "my best fox.png.xmp");
  sample_scan (sample);
  for (int round = 0; round < 2; round++)
    {
      g_autoptr (SfumatoPicture) renamed = sfumato_gallery_find (sample->gallery, "my best fox.png");

      g_assert_cmpuint (sample_count (sample, NULL), ==, 1);
      g_assert_cmpstr (sfumato_picture_get_fields (renamed)->id, ==, fields->id);
      g_assert_true (sfumato_picture_get_fields (renamed)->favorite);
      g_assert_cmpint (sfumato_picture_get_fields (renamed)->seed_used, ==, 5);
      g_assert_true (sample_exists (sample, "my best fox.png.xmp"));
      g_clear_object (&renamed);
      sample_close (sample);
      sample_lose_index (sample);
      sample_open (sample);
    }
}

/* A picture from elsewhere is shown with what its file tells. */
static void
test_appear (void)
{
  static const char parameters[] = "tEXtparameters\0a lighthouse, oil\nNegative prompt: ugly\nSteps: 20, Seed: 7";
  g_autoptr (Sample) sample = sample_new ();
  g_autoptr (GBytes) png = sample_png (20, 10, 0);
  g_autoptr (GByteArray) with_text = g_byte_array_new ();
  const guint8 length[] = { 0, 0, 0, sizeof parameters - 1 - 4 };
  const guint8 *data = g_bytes_get_data (png, NULL);
  g_autoptr (SfumatoPicture) picture = NULL;
  const SfumatoPictureFields *fields;

  g_byte_array_append (with_text, data, 33);
  g_byte_array_append (with_text, length, 4);
  g_byte_array_append (with_text, (const guint8 *) parameters, sizeof parameters - 1);
  g_byte_array_append (with_text, length, 4); /* where the checksum stands */
  g_byte_array_append (with_text, data + 33, g_bytes_get_size (png) - 33);
  scratch_write (sample->folder, "from elsewhere.PNG", with_text->data, with_text->len);
  scratch_write (sample->folder, "notes.txt", "x", 1);
  scratch_write (sample->folder, "no picture.png", "x", 1);
  scratch_write (sample->folder, ".hidden.png", data, g_bytes_get_size (png));
  sample_scan (sample);

  g_assert_cmpuint (sample_count (sample, NULL), ==, 1);
  picture = sfumato_gallery_find (sample->gallery, "from elsewhere.PNG");
  fields = sfumato_picture_get_fields (picture);
  g_assert_cmpuint (fields->width, ==, 20);
  g_assert_cmpuint (fields->height, ==, 10);
  g_assert_cmpint (fields->type, ==, SFUMATO_IMAGE_PNG);
  g_assert_cmpint (fields->seed_used, ==, 7);
  g_assert_cmpstr (sfumato_request_get_prompt (fields->request), ==, "a lighthouse, oil");
  g_assert_cmpstr (sfumato_request_get_fields (fields->request)->negative_prompt, ==, "ugly");
  g_assert_cmpuint (sfumato_request_get_fields (fields->request)->steps, ==, 20);
  g_assert_cmpuint (sample_count (sample, "lighthouse"), ==, 1);
}

/* A C2PA manifest is noticed wherever it is: in a PNG behind the first chunk, longer than what is read at first; in
 * a WebP at the end. */
static void
test_credentials (void)
{
  g_autoptr (Sample) sample = sample_new ();
  g_autoptr (GBytes) png = sample_png (20, 10, 0);
  g_autoptr (GByteArray) signed_png = g_byte_array_new ();
  g_autofree guint8 *manifest = g_malloc0 (300000);
  g_autoptr (GByteArray) signed_webp = g_byte_array_new ();
  static const guint8 webp[] = { 'R', 'I', 'F', 'F', 0, 0, 0, 0, 'W', 'E', 'B', 'P', 'V', 'P', '8', 'X', 10, 0, 0, 0,
                                 0, 0, 0, 0, 7, 0, 0, 7, 0, 0 };
  static const guint8 pixels[] = { 'V', 'P', '8', 'L', 0xa0, 0x86, 1, 0 }; /* 100,000 bytes */
  static const guint8 end[] = { 'C', '2', 'P', 'A', 4, 0, 0, 0, 0, 0, 0, 0 };
  static const char * const names[] = { "signed.png", "signed.webp" };
  const guint8 *data = g_bytes_get_data (png, NULL);
  guint32 length = GUINT32_TO_BE (300000 - 12);

  g_byte_array_append (signed_png, data, 33);
  memcpy (manifest, &length, 4);
  memcpy (manifest + 4, "caBX", 4);
  g_byte_array_append (signed_png, manifest, 300000);
  g_byte_array_append (signed_png, data + 33, g_bytes_get_size (png) - 33);
  memset (manifest, 0, 300000);
  g_byte_array_append (signed_webp, webp, sizeof webp);
  g_byte_array_append (signed_webp, pixels, sizeof pixels);
  g_byte_array_append (signed_webp, manifest, 100000);
  g_byte_array_append (signed_webp, end, sizeof end);
  length = GUINT32_TO_LE (signed_webp->len - 8);
  memcpy (signed_webp->data + 4, &length, 4);
  scratch_write (sample->folder, names[0], signed_png->data, signed_png->len);
  scratch_write (sample->folder, names[1], signed_webp->data, signed_webp->len);
  sample_scan (sample);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autoptr (SfumatoPicture) picture = sfumato_gallery_find (sample->gallery, names[i]);

      g_assert_nonnull (picture);
      g_assert_true (sfumato_picture_get_fields (picture)->content_credentials);
    }
}

/* Copies with the same id in their sidecars are two pictures, each with its own star, and stay so. */
static void
test_same_id (void)
{
  g_autoptr (Sample) sample = sample_new ();
  g_autoptr (SfumatoPicture) picture = sample_add (sample->gallery, "a fox", 5);
  const SfumatoPictureFields *fields = sfumato_picture_get_fields (picture);
  g_autofree char *sidecar = g_strconcat (fields->file_name, ".xmp", NULL);
  g_autoptr (GBytes) png = scratch_read (sample->folder, fields->file_name);
  g_autoptr (GBytes) xmp = scratch_read (sample->folder, sidecar);
  g_autofree char *copy_id = NULL;

  scratch_write (sample->folder, "copy.png", g_bytes_get_data (png, NULL), g_bytes_get_size (png));
  scratch_write (sample->folder, "copy.png.xmp", g_bytes_get_data (xmp, NULL), g_bytes_get_size (xmp));
  for (int round = 0; round < 3; round++)
    {
      g_autoptr (SfumatoPicture) copy = NULL;
      g_autoptr (SfumatoPicture) original = NULL;

      sample_scan (sample);
      g_assert_cmpuint (sample_count (sample, NULL), ==, 2);
      copy = sfumato_gallery_find (sample->gallery, "copy.png");
      original = sfumato_gallery_find (sample->gallery, fields->file_name);
      g_assert_cmpstr (sfumato_picture_get_fields (copy)->id, !=, sfumato_picture_get_fields (original)->id);
      g_assert_false (sfumato_picture_get_fields (original)->favorite);
      if (round == 0)
        {
          copy_id = g_strdup (sfumato_picture_get_fields (copy)->id);
          g_assert_cmpstr (sfumato_picture_get_fields (original)->id, ==, fields->id);
          g_assert_true (sfumato_gallery_set_favorite (sample->gallery, copy, TRUE, NULL));
          continue;
        }
      g_assert_true (sfumato_picture_get_fields (copy)->favorite);
      if (round == 1)
        {
          g_assert_cmpstr (sfumato_picture_get_fields (copy)->id, ==, copy_id);
          g_clear_object (&copy);
          g_clear_object (&original);
          sample_close (sample);
          sample_lose_index (sample);
          sample_open (sample);
        }
    }
}

/* Put in front, taken out of the middle: told exactly, and the same objects all the time. */
typedef struct
{
  GListModel *model;  /* borrowed */
  GPtrArray  *mirror; /* owned: what somebody has who only listens */
  guint       n_told;
  guint       n_removed;
  guint       n_added;
} Mirror;

static void
mirror_cb (GListModel *model,
           guint       position,
           guint       removed,
           guint       added,
           gpointer    data)
{
  Mirror *mirror = data;

  g_assert_cmpuint (mirror->mirror->len + added - removed, ==, g_list_model_get_n_items (model));
  if (removed > 0)
    g_ptr_array_remove_range (mirror->mirror, position, removed);
  for (guint i = 0; i < added; i++)
    g_ptr_array_insert (mirror->mirror, position + i, g_list_model_get_item (model, position + i));
  for (guint i = 0; i < mirror->mirror->len; i++)
    {
      g_autoptr (SfumatoPicture) item = g_list_model_get_item (model, i);

      g_assert_true (item == g_ptr_array_index (mirror->mirror, i));
    }
  mirror->n_told++;
  mirror->n_removed += removed;
  mirror->n_added += added;
}

static void
test_model (void)
{
  g_autoptr (Sample) sample = sample_new ();
  g_autoptr (GListModel) all = sfumato_gallery_search (sample->gallery, "fox", FALSE);
  Mirror mirror = { .model = all, .mirror = g_ptr_array_new_with_free_func (g_object_unref) };
  g_autoptr (GPtrArray) doomed = g_ptr_array_new_with_free_func (g_object_unref);
  g_autofree char *undo = NULL;
  static const guint out[] = { 0, 3, 4, 9 };

  g_signal_connect (all, "items-changed", G_CALLBACK (mirror_cb), &mirror);
  for (int i = 0; i < 10; i++)
    {
      g_object_unref (sample_add (sample->gallery, i % 2 == 0 ? "a fox" : "fox two", i));
      g_object_unref (sample_add (sample->gallery, "something else", i));
      sample_settle (sample);
      g_assert_cmpuint (mirror.n_told, ==, i + 1);
    }
  g_assert_cmpuint (mirror.mirror->len, ==, 10);
  g_assert_cmpuint (mirror.n_removed, ==, 0);

  for (guint i = 0; i < G_N_ELEMENTS (out); i++)
    g_ptr_array_add (doomed, g_object_ref (g_ptr_array_index (mirror.mirror, out[i])));
  g_assert_true (sfumato_gallery_trash (sample->gallery, doomed, &undo, NULL));
  sample_settle (sample);
  g_assert_cmpuint (mirror.mirror->len, ==, 6);
  g_assert_cmpuint (mirror.n_told, ==, 13); /* three runs */
  g_assert_cmpuint (mirror.n_added, ==, 10);

  g_assert_true (sfumato_gallery_restore (sample->gallery, undo, NULL));
  sample_settle (sample);
  g_assert_cmpuint (mirror.mirror->len, ==, 10);
  g_assert_cmpuint (mirror.n_removed, ==, 4);
  for (guint i = 0; i < G_N_ELEMENTS (out); i++)
    g_assert_true (g_ptr_array_index (mirror.mirror, out[i]) == g_ptr_array_index (doomed, i));
  g_signal_handlers_disconnect_by_data (all, &mirror);
  g_ptr_array_unref (mirror.mirror);
}

static guint changed_emissions;

static void
changed_cb (SfumatoGallery *gallery,
            gpointer        data)
{
  changed_emissions++;
}

static gpointer
add_thread (gpointer data)
{
  for (int i = 0; i < 10; i++)
    g_object_unref (sample_add (data, "from a thread", i));
  return NULL;
}

/* From other threads; told on this one. */
static void
test_threads (void)
{
  g_autoptr (Sample) sample = sample_new ();
  g_autoptr (GListModel) all = sfumato_gallery_search (sample->gallery, "thread", FALSE);
  GThread *threads[4];

  changed_emissions = 0;
  g_signal_connect (sample->gallery, "changed", G_CALLBACK (changed_cb), NULL);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("adder", add_thread, sample->gallery);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  g_assert_cmpuint (g_list_model_get_n_items (all), ==, 0);
  sample_settle (sample);
  g_assert_cmpuint (g_list_model_get_n_items (all), ==, 40);
  g_assert_cmpuint (changed_emissions, >=, 1);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/gallery/add", test_add);
  g_test_add_func ("/gallery/add-twice", test_add_twice);
  g_test_add_func ("/gallery/add-beside", test_add_beside);
  g_test_add_func ("/gallery/find", test_find);
  g_test_add_func ("/gallery/rebuild", test_rebuild);
  g_test_add_func ("/gallery/favorite", test_favorite);
  g_test_add_func ("/gallery/damaged-sidecar", test_damaged_sidecar);
  g_test_add_func ("/gallery/cancelled-scan", test_cancelled_scan);
  g_test_add_func ("/gallery/favorite-of-long-name", test_favorite_of_long_name);
  g_test_add_func ("/gallery/foreign-sidecar", test_foreign_sidecar);
  g_test_add_data_func ("/gallery/vanish", GINT_TO_POINTER (FALSE), test_vanish);
  g_test_add_data_func ("/gallery/vanish-with-sidecar", GINT_TO_POINTER (TRUE), test_vanish);
  g_test_add_data_func ("/gallery/rename", GINT_TO_POINTER (FALSE), test_rename);
  g_test_add_data_func ("/gallery/rename-with-sidecar", GINT_TO_POINTER (TRUE), test_rename);
  g_test_add_func ("/gallery/appear", test_appear);
  g_test_add_func ("/gallery/credentials", test_credentials);
  g_test_add_func ("/gallery/same-id", test_same_id);
  g_test_add_func ("/gallery/model", test_model);
  g_test_add_func ("/gallery/threads", test_threads);

  return sample_run ();
}
