/* Drives a fuzz target without libFuzzer: every file of a corpus as it is, then changed at random, the same way in
 * every run. `fuzz-parsers CORPUS [ROUNDS]`; the tests run few rounds, a person with an evening runs a million.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include <glib.h>
#include <stdint.h>
#include <stdio.h>

int LLVMFuzzerTestOneInput (const uint8_t *data,
                            size_t         size);

static void
change (GRand      *rng,
        GByteArray *bytes)
{
  static const guint8 odd[] = { 0, 1, 0x7f, 0x80, 0xff, '"', '{', '[', ',', '9' };
  guint at = bytes->len > 1 ? (guint) g_rand_int_range (rng, 1, (gint32) bytes->len) : 0;
  guint n;

  if (at == 0)
    return;
  n = (guint) g_rand_int_range (rng, 1, 1 + MIN (16, (gint32) (bytes->len - at)));
  switch (g_rand_int_range (rng, 0, 5))
    {
    case 0:
      bytes->data[at] ^= (guint8) (1 << g_rand_int_range (rng, 0, 8));
      break;
    case 1:
      bytes->data[at] = odd[g_rand_int_range (rng, 0, G_N_ELEMENTS (odd))];
      break;
    case 2:
      g_byte_array_remove_range (bytes, at, n);
      break;
    case 3:
      g_byte_array_set_size (bytes, at);
      break;
    default:
      {
        g_autofree guint8 *again = g_memdup2 (bytes->data + at, n);

        g_byte_array_append (bytes, again, n);
      }
    }
}

static void
run_file (const char *path,
          int         rounds)
{
  g_autofree char *content = NULL;
  g_autoptr (GRand) rng = g_rand_new_with_seed (1);
  gsize size;

  g_assert_true (g_file_get_contents (path, &content, &size, NULL));
  LLVMFuzzerTestOneInput ((const guint8 *) content, size);
  for (int i = 0; i < rounds; i++)
    {
      g_autoptr (GByteArray) bytes = g_byte_array_new ();

      g_byte_array_append (bytes, (const guint8 *) content, (guint) size);
      for (int j = 1 + i % 5; j > 0; j--)
        change (rng, bytes);
      LLVMFuzzerTestOneInput (bytes->data, bytes->len);
    }
}

int
main (int    argc,
      char **argv)
{
  g_autoptr (GDir) dir = argc > 1 ? g_dir_open (argv[1], 0, NULL) : NULL;
  int rounds = argc > 2 ? atoi (argv[2]) : 1000, n = 0;
  const char *name;

  g_assert_nonnull (dir);
  printf ("TAP version 14\n");
  while ((name = g_dir_read_name (dir)))
    {
      g_autofree char *path = g_build_filename (argv[1], name, NULL);

      run_file (path, rounds);
      printf ("ok %d - %s\n", ++n, name);
    }
  printf ("1..%d\n", n);
  return 0;
}
