/* Makes a pictures folder as years of use would leave it, for benchmarks and for tests of the window:
 *
 *   make-gallery FOLDER COUNT [--drawn[=SIDE]]
 *
 * COUNT pictures with their sidecars, made over the last three years, with prompts in many scripts and models, seeds
 * and sizes to match; the same ones for the same COUNT on the same day. The files are tiny unless --drawn asks for
 * pictures worth looking at, about SIDE pixels a side (512). No index is made: that is what the gallery does when it
 * opens the folder. Nothing is synced.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include <fcntl.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "domain/sfumato-picture.h"
#include "stand-in-private.h"

#define STEM_MAX 102 /* bytes, as the gallery's own names */

static const char * const subjects[] = {
  "a red fox in snow", "an old lighthouse at dusk", "a bowl of lemons on a blue cloth", "a steam train crossing a valley",
  "two astronauts playing chess", "a cathedral made of glass", "a hedgehog reading a newspaper",
  "the harbour of a small fishing town", "a desert highway after rain", "a portrait of a clockmaker",
  "雪の中の赤い狐", "夕暮れの港と漁船", "一只在雪地里的红狐狸", "山水画中的小村庄", "눈 속의 붉은 여우",
  "рыжая лиса в снегу", "старый маяк на закате", "αλεπού στο χιόνι", "ثعلب أحمر في الثلج", "שועל אדום בשלג",
  "बर्फ में लाल लोमड़ी", "จิ้งจอกแดงในหิมะ", "ein Fuchs im Schnee über der Straße", "un renard à l’orée de la forêt",
  "una zorra en la nieve, año nuevo", "cáo đỏ trong tuyết", "a fox 🦊 in the snow ❄️", "a family 👩‍👩‍👧‍👦 on a beach",
};
static const char * const places[] = {
  "", ", Kyoto in autumn", ", the coast of Norway", ", a greenhouse at night", ", inside a library", ", on the moon",
  ", under the northern lights", ", a street market in Marrakesh", ", 霧の朝", ", в стиле старой фотографии",
};
static const char * const manners[] = {
  "", ", oil on canvas", ", watercolour, loose brushwork", ", 35mm photograph, shallow depth of field, golden hour",
  ", isometric illustration with clean lines", ", charcoal sketch", ", studio light, highly detailed, sharp focus",
  ", in the manner of a woodblock print, flat colours, bold outlines, a little paper grain, quiet mood",
};
static const char * const models[] = { "sd3.5-large", "sd3.5-large-turbo", "sd3.5-medium", "sd3.5-flash", "core", "ultra" };
static const char * const ratios[] = { "1:1", "16:9", "3:2", "2:3", "9:16", "4:5", "21:9" };

#define ANY(random, list) list[g_rand_int_range (random, 0, G_N_ELEMENTS (list))]

/* Width and height of about side × side pixels in the shape of the ratio. */
static void
get_size (const char *ratio,
          int         side,
          int        *width,
          int        *height)
{
  double across = g_ascii_strtod (ratio, NULL);
  double shape = across / g_ascii_strtod (strchr (ratio, ':') + 1, NULL);

  *width = MAX (8, (int) (side * sqrt (shape)));
  *height = MAX (8, (int) (side / sqrt (shape)));
}

static SfumatoRequest *
make_request (GRand *random)
{
  g_autofree char *prompt = g_strconcat (ANY (random, subjects), ANY (random, places), ANY (random, manners), NULL);

  return sfumato_request_new (&(SfumatoRequestFields) {
    .service = "stability",
    .model = ANY (random, models),
    .prompt = prompt,
    .negative_prompt = g_rand_int_range (random, 0, 3) == 0 ? "blurry, extra fingers, text" : NULL,
    .aspect_ratio = ANY (random, ratios),
    .seed = g_rand_boolean (random) ? SFUMATO_SEED_RANDOM : g_rand_int_range (random, 1, G_MAXINT),
    .strength = -1,
  });
}

/* Newest last; the moments are as uneven as a person's. */
static GDateTime *
make_moment (GRand *random,
             int    n,
             int    count)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_local ();
  double days = 3 * 365.0 * (count - n - g_rand_double (random)) / count;

  return g_date_time_add_seconds (now, -days * 24 * 60 * 60);
}

static void
save (const char *folder,
      const char *name,
      const char *data,
      gsize       size,
      GDateTime  *moment)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  struct timespec times[2];
  g_autoptr (GError) error = NULL;

  if (!g_file_set_contents_full (path, data, size, G_FILE_SET_CONTENTS_NONE, 0644, &error))
    g_error ("%s", error->message);
  times[0].tv_sec = times[1].tv_sec = g_date_time_to_unix (moment);
  times[0].tv_nsec = times[1].tv_nsec = 0;
  utimensat (AT_FDCWD, path, times, 0);
}

static void
make_picture (const char *folder,
              GRand      *random,
              int         side,
              int         n,
              int         count)
{
  g_autoptr (SfumatoRequest) request = make_request (random);
  const SfumatoRequestFields *asked = sfumato_request_get_fields (request);
  g_autoptr (GDateTime) moment = make_moment (random, n, count);
  gint64 seed = asked->seed != SFUMATO_SEED_RANDOM ? asked->seed : (gint64) g_rand_int (random);
  g_autofree char *stem = sfumato_picture_make_name (asked->prompt, seed, moment, STEM_MAX);
  g_autofree char *name = g_strconcat (stem, ".png", NULL);
  g_autofree char *sidecar = g_strconcat (name, ".xmp", NULL);
  g_autofree char *id = g_uuid_string_random ();
  g_autofree char *xmp = NULL;
  g_autoptr (SfumatoPicture) picture = NULL;
  g_autoptr (GBytes) bytes = NULL;
  int width, height;

  get_size (asked->aspect_ratio, side, &width, &height);
  bytes = stand_in_picture_new (asked->prompt, seed, width, height, "png", FALSE, NULL, 1);
  picture = sfumato_picture_new (&(SfumatoPictureFields) {
    .id = id, .file_name = name, .request = request, .seed_used = seed, .service = asked->service,
    .model = asked->model, .created = moment, .duration = g_rand_int_range (random, 2, 20) * G_USEC_PER_SEC,
    .charge = SFUMATO_CHARGE_YES, .price = 650, .favorite = g_rand_int_range (random, 0, 25) == 0 });
  xmp = sfumato_picture_to_xmp (picture);
  save (folder, name, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), moment);
  save (folder, sidecar, xmp, strlen (xmp), moment);
}

int
main (int   argc,
      char *argv[])
{
  g_autoptr (GRand) random = NULL;
  int count = argc > 2 ? atoi (argv[2]) : 0;
  int side = 8;

  setlocale (LC_ALL, "");
  if (argc > 3 && g_str_has_prefix (argv[3], "--drawn"))
    side = strchr (argv[3], '=') != NULL ? atoi (strchr (argv[3], '=') + 1) : 512;
  if (count <= 0 || side < 8 || side > 2048)
    {
      g_printerr ("make-gallery FOLDER COUNT [--drawn[=SIDE]]\n");
      return 2;
    }
  if (g_mkdir_with_parents (argv[1], 0755) != 0)
    g_error ("%s cannot be made", argv[1]);
  random = g_rand_new_with_seed (count);
  for (int i = 0; i < count; i++)
    make_picture (argv[1], random, side, i, count);
  return 0;
}
