/* Pictures: names of their files, and the sidecar both ways.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "domain/sfumato-picture.h"

#include <string.h>

static const SfumatoImageHeader header = { .type = SFUMATO_IMAGE_PNG, .width = 1344, .height = 768, .complete = TRUE };

static GDateTime *
some_day (void)
{
  return g_date_time_new_from_iso8601 ("2026-11-22T10:20:30.123456+02:00", NULL);
}

static const struct
{
  const char *prompt;
  gint64      seed;
  const char *name;
} names[] = {
  { "a red fox in snow", 343940597, "2026-11-22 a red fox in snow · 343940597" },
  { "a red fox in snow", -1, "2026-11-22 a red fox in snow" },
  { "a/b\\c:d*e?f\"g<h>i|j", 0, "2026-11-22 a b c d e f g h i j · 0" },
  { "  two\nlines\tand   spaces ", 5, "2026-11-22 two lines and spaces · 5" },
  { "../../etc/passwd", 5, "2026-11-22 etc passwd · 5" },
  { "--help", 5, "2026-11-22 help · 5" },
  { "...", 5, "2026-11-22 · 5" },
  { "", 5, "2026-11-22 · 5" },
  { "Ein Fuchs.", 5, "2026-11-22 Ein Fuchs · 5" },
  { "雪の中の赤い狐", 5, "2026-11-22 雪の中の赤い狐 · 5" },
  { "ثعلب أحمر", 5, "2026-11-22 ثعلب أحمر · 5" },
  { "e\xcc\x81t\xc3\xa9", 5, "2026-11-22 été · 5" },
  { "100 % fox", 5, "2026-11-22 100 % fox · 5" },
};

static void
test_names (void)
{
  g_autoptr (GDateTime) day = some_day ();

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *name = sfumato_picture_make_name (names[i].prompt, names[i].seed, day, 110);

      g_assert_cmpstr (name, ==, names[i].name);
    }
}

/* Whatever is cut, the name stays within its bytes, is valid and ends with the seed. */
static void
test_long_names (void)
{
  static const char * const units[] = { "word ", "ä", "狐", "👩‍👩‍👧‍👦", "e\xcc\x81\xcc\xa7", "🏳️‍🌈", "क्षि", "\xe2\x80\xae!" };
  g_autoptr (GDateTime) day = some_day ();

  for (guint i = 0; i < G_N_ELEMENTS (units); i++)
    for (gsize max = 60; max < 100; max++)
      {
        g_autoptr (GString) prompt = g_string_new (NULL);
        g_autofree char *name = NULL;

        for (guint n = 0; n < 2000; n++)
          g_string_append (prompt, units[i]);
        name = sfumato_picture_make_name (prompt->str, 4294967294, day, max);
        g_assert_cmpuint (strlen (name), <=, max);
        g_assert_true (g_utf8_validate (name, -1, NULL));
        g_assert_true (g_str_has_suffix (name, " · 4294967294"));
        g_assert_null (strstr (name, "\xe2\x80\x8d ·")); /* never cut behind a joiner */
      }
}

static SfumatoPicture *
make_picture (void)
{
  g_autoptr (SfumatoRequest) request = sfumato_request_new (&(SfumatoRequestFields) {
    .service = "stability", .model = "sd3-large", .prompt = "a <red> & \"fox\"\nin 'snow' ]]> é👩‍👧 \x01",
    .negative_prompt = "blurry", .aspect_ratio = "16:9", .seed = 7, .count = 1, .strength = -1 });
  g_autoptr (GDateTime) day = some_day ();

  return sfumato_picture_new (&(SfumatoPictureFields) {
    .id = "0f8fad5b-d9cb-469f-a165-70867728950e", .file_name = "x.png", .request = request, .seed_used = 343940597,
    .service = "stability", .model = "sd3.5-large", .width = 1344, .height = 768, .type = SFUMATO_IMAGE_PNG,
    .size = 1000, .created = day, .duration = 8123456, .finish = SFUMATO_FINISH_FILTERED, .finish_word = "<odd>",
    .charge = SFUMATO_CHARGE_MAYBE, .price = 650, .request_id = "abc&def", .favorite = TRUE });
}

static void
test_sidecar (void)
{
  g_autoptr (SfumatoPicture) picture = make_picture ();
  g_autofree char *xmp = sfumato_picture_to_xmp (picture);
  g_autoptr (GError) error = NULL;
  g_autoptr (SfumatoPicture) back = sfumato_picture_from_xmp (xmp, strlen (xmp), "y.png", 2000, &header, &error);
  const SfumatoPictureFields *a = sfumato_picture_get_fields (picture);
  const SfumatoPictureFields *b;
  g_autoptr (JsonNode) request_a = sfumato_request_to_json (a->request);
  g_autoptr (JsonNode) request_b = NULL;

  g_assert_no_error (error);
  b = sfumato_picture_get_fields (back);
  request_b = sfumato_request_to_json (b->request);
  g_assert_true (json_node_equal (request_a, request_b));
  g_assert_cmpstr (b->id, ==, a->id);
  g_assert_cmpstr (b->file_name, ==, "y.png");
  g_assert_cmpint (b->seed_used, ==, 343940597);
  g_assert_cmpstr (b->service, ==, "stability");
  g_assert_cmpstr (b->model, ==, "sd3.5-large");
  g_assert_cmpuint (b->size, ==, 2000);
  g_assert_true (g_date_time_equal (a->created, b->created));
  g_assert_cmpint (g_date_time_get_utc_offset (b->created), ==, 2 * G_TIME_SPAN_HOUR);
  g_assert_cmpint (b->duration, ==, 8123456);
  g_assert_cmpint (b->finish, ==, SFUMATO_FINISH_FILTERED);
  g_assert_cmpstr (b->finish_word, ==, "<odd>");
  g_assert_cmpint (b->charge, ==, SFUMATO_CHARGE_MAYBE);
  g_assert_cmpint (b->price, ==, 650);
  g_assert_cmpstr (b->request_id, ==, "abc&def");
  g_assert_true (b->favorite);
}

static void
test_words_of_others (void)
{
  g_autoptr (SfumatoPicture) picture = make_picture ();
  g_autofree char *xmp = sfumato_picture_to_xmp (picture);

  g_assert_nonnull (strstr (xmp, "digitalsourcetype/trainedAlgorithmicMedia"));
  g_assert_nonnull (strstr (xmp, "<xmp:Rating>5</xmp:Rating>"));
  g_assert_nonnull (strstr (xmp, "<dc:description><rdf:Alt><rdf:li xml:lang=\"x-default\">a &lt;red&gt; &amp;"));
}

/* Other programs write properties as attributes. */
static void
test_attributes (void)
{
  static const char xmp[] =
    "<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF><rdf:Description rdf:about='' xmp:Rating='5' "
    "xmp:CreateDate='2026-11-22T10:20:30' sfumato:Id='0f8fad5b-d9cb-469f-a165-70867728950e' "
    "sfumato:Request='{&quot;prompt&quot;:&quot;a fox&quot;}' sfumato:SeedUsed='12'/></rdf:RDF></x:xmpmeta>";
  g_autoptr (GError) error = NULL;
  g_autoptr (SfumatoPicture) picture = sfumato_picture_from_xmp (xmp, strlen (xmp), "x.png", 1, &header, &error);
  const SfumatoPictureFields *fields;

  g_assert_no_error (error);
  fields = sfumato_picture_get_fields (picture);
  g_assert_true (fields->favorite);
  g_assert_cmpint (fields->seed_used, ==, 12);
  g_assert_cmpstr (sfumato_request_get_prompt (fields->request), ==, "a fox");
}

/* Every date that XMP has. */
static void
test_dates (void)
{
  static const char * const dates[][2] = {
    { "2026", "2026-01-01T00:00:00" },
    { "2026-11", "2026-11-01T00:00:00" },
    { "2026-11-22", "2026-11-22T00:00:00" },
    { "2026-11-22T10:20", "2026-11-22T10:20:00" },
    { "2026-11-22T10:20Z", "2026-11-22T10:20:00Z" },
    { "2026-11-22T10:20+05:30", "2026-11-22T10:20:00+05:30" },
    { "2026-11-22T10:20:30.5-01:00", "2026-11-22T10:20:30.5-01:00" },
  };
  g_autoptr (GTimeZone) here = g_time_zone_new_local ();

  for (guint i = 0; i < G_N_ELEMENTS (dates); i++)
    {
      g_autofree char *xmp = g_strdup_printf (
        "<rdf:RDF><rdf:Description rdf:about='' xmp:CreateDate='%s' sfumato:Id='0f8fad5b-d9cb-469f-a165-70867728950e'/>"
        "</rdf:RDF>", dates[i][0]);
      g_autoptr (GError) error = NULL;
      g_autoptr (SfumatoPicture) picture = sfumato_picture_from_xmp (xmp, strlen (xmp), "x.png", 1, &header, &error);
      g_autoptr (GDateTime) right = g_date_time_new_from_iso8601 (dates[i][1], here);

      g_assert_no_error (error);
      g_assert_true (g_date_time_equal (sfumato_picture_get_fields (picture)->created, right));
    }
}

static void
test_damaged_sidecars (void)
{
  g_autoptr (SfumatoPicture) picture = make_picture ();
  g_autofree char *xmp = sfumato_picture_to_xmp (picture);
  gsize length = strlen (xmp);

  /* Cut before its end it is refused, never half believed. */
  for (gsize cut = 0; cut < length - strlen ("</x:xmpmeta>\n<?xpacket end=\"w\"?>\n"); cut += 7)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (sfumato_picture_from_xmp (xmp, cut, "x.png", 1, &header, &error));
      g_assert_error (error, SFUMATO_ERROR, SFUMATO_ERROR_STORAGE);
    }
  for (gsize at = 0; at < length; at += 3)
    {
      g_autofree char *changed = g_strdup (xmp);
      g_autoptr (SfumatoPicture) any = NULL;

      changed[at] ^= 0x15;
      any = sfumato_picture_from_xmp (changed, length, "x.png", 1, &header, NULL);
    }
}

static void
test_notify (void)
{
  g_autoptr (SfumatoPicture) picture = make_picture ();
  guint count = 0;

  g_signal_connect_swapped (picture, "notify::missing", G_CALLBACK (g_atomic_int_inc), &count);
  sfumato_picture_set_missing (picture, TRUE);
  sfumato_picture_set_missing (picture, TRUE);
  g_assert_cmpuint (count, ==, 1);
  g_assert_true (sfumato_picture_get_fields (picture)->missing);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/picture/names", test_names);
  g_test_add_func ("/picture/long-names", test_long_names);
  g_test_add_func ("/picture/sidecar", test_sidecar);
  g_test_add_func ("/picture/words-of-others", test_words_of_others);
  g_test_add_func ("/picture/attributes", test_attributes);
  g_test_add_func ("/picture/dates", test_dates);
  g_test_add_func ("/picture/damaged-sidecars", test_damaged_sidecars);
  g_test_add_func ("/picture/notify", test_notify);
  return g_test_run ();
}
