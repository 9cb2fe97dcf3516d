/* Two Sfumatos with an index each on one folder, as on a machine and in its sandbox: each finds all that the other does,
 * also where both do it in the same moment.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "sample.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Another one on the same folder. */
static Sample *
sample_beside (Sample *first)
{
  Sample *sample = sample_new ();

  sample_close (sample);
  sample_lose_index (sample);
  g_set_str (&sample->folder, first->folder);
  sample_open (sample);
  return sample;
}

static void
open_again (Sample *sample)
{
  sample_close (sample);
  sample_open (sample);
}

/* ---- at the same time, as processes ---- */

typedef struct
{
  Sample *sample;
  int     ready; /* to be written to once the gallery is open */
  int     gate;  /* to be read from before anything is done */
  gint64  seed;
} Side;

static void
add_after_gate (gpointer data)
{
  Side *side = data;
  char byte = 0;

  sample_open (side->sample);
  g_assert_cmpint (write (side->ready, &byte, 1), ==, 1);
  g_assert_cmpint (read (side->gate, &byte, 1), ==, 1);
  g_object_unref (sample_add (side->sample->gallery, "at the same time", side->seed));
}

static void
add_at_once (Sample *samples[2],
             gint64  seed)
{
  char bytes[2] = { 0 };
  int ready[2], gate[2];
  pid_t pids[2];

  g_assert_cmpint (pipe (ready), ==, 0);
  g_assert_cmpint (pipe (gate), ==, 0);
  for (int i = 0; i < 2; i++)
    pids[i] = scratch_fork (add_after_gate, &(Side) { samples[i], ready[1], gate[0], 2 * seed + i });
  for (int i = 0; i < 2; i++)
    g_assert_cmpint (read (ready[0], bytes, 1), ==, 1);
  g_assert_cmpint (write (gate[1], bytes, 2), ==, 2);
  for (int i = 0; i < 2; i++)
    {
      g_assert_cmpint (scratch_wait (pids[i]), ==, 0);
      close (ready[i]);
      close (gate[i]);
    }
}

static void
test_both_add (void)
{
  g_autoptr (Sample) first = sample_new ();
  g_autoptr (Sample) second = sample_beside (first);
  Sample *both[] = { first, second };

  sample_close (first);
  sample_close (second);
  for (guint round = 1; round <= 20; round++)
    {
      add_at_once (both, round);
      for (int i = 0; i < 2; i++)
        {
          sample_open (both[i]);
          g_assert_cmpuint (sample_count (both[i], NULL), ==, 2 * round);
          sample_close (both[i]);
        }
    }
}

/* ---- with both windows open ---- */

static gpointer
add_many (gpointer data)
{
  for (int i = 0; i < 20; i++)
    g_object_unref (sample_add (data, "from a window", i));
  return NULL;
}

static void
test_both_watch (void)
{
  g_autoptr (Sample) first = sample_new ();
  g_autoptr (Sample) second = sample_beside (first);
  GThread *threads[2];

  sfumato_gallery_watch (first->gallery);
  sfumato_gallery_watch (second->gallery);
  threads[0] = g_thread_new ("first", add_many, first->gallery);
  threads[1] = g_thread_new ("second", add_many, second->gallery);
  sample_wait_count (first, 40);
  sample_wait_count (second, 40);
  g_thread_join (threads[0]);
  g_thread_join (threads[1]);
}

/* ---- one after the other ---- */

static SfumatoPicture *
find (Sample     *sample,
      const char *id)
{
  return sfumato_gallery_find (sample->gallery, id);
}

/* A star, and a picture less. */
static void
test_each_sees_what_the_other_did (void)
{
  g_autoptr (Sample) first = sample_new ();
  g_autoptr (SfumatoPicture) fox = sample_add (first->gallery, "a fox", 1);
  g_autoptr (SfumatoPicture) bird = sample_add (first->gallery, "a bird", 2);
  const char *fox_id = sfumato_picture_get_fields (fox)->id;
  g_autoptr (Sample) second = sample_beside (first);
  g_autoptr (SfumatoPicture) same_fox = find (second, fox_id);
  g_autoptr (GPtrArray) doomed = g_ptr_array_new ();
  g_autofree char *undo = NULL;

  g_assert_true (sfumato_gallery_set_favorite (second->gallery, same_fox, TRUE, NULL));
  g_ptr_array_add (doomed, bird);
  g_assert_true (sfumato_gallery_trash (first->gallery, doomed, &undo, NULL));
  open_again (first);
  open_again (second);
  for (int i = 0; i < 2; i++)
    {
      Sample *sample = i == 0 ? first : second;
      g_autoptr (SfumatoPicture) picture = find (sample, fox_id);

      g_assert_cmpuint (sample_count (sample, NULL), ==, 1);
      g_assert_true (sfumato_picture_get_fields (picture)->favorite);
    }
}

/* A file system's clock has steps: what comes within the same one does not change the folder's time. */
static void
test_within_one_step_of_the_clock (void)
{
  g_autoptr (Sample) sample = sample_new ();
  int fd = g_open (sample->folder, O_RDONLY | O_DIRECTORY);
  struct timespec times[] = { { .tv_nsec = UTIME_OMIT }, { .tv_sec = g_get_real_time () / G_USEC_PER_SEC + 10 } };

  g_assert_cmpint (futimens (fd, times), ==, 0);
  sample_scan (sample);
  sample_put (sample, "late.png", "late", "core", 1, "2026-01-01T00:00:00", FALSE);
  g_assert_cmpint (futimens (fd, times), ==, 0);
  sample_scan (sample);
  g_assert_cmpuint (sample_count (sample, NULL), ==, 1);
  close (fd);
}

/* ---- behind the document portal ---- */

/* As it does before 1.18: what is opened with O_NOFOLLOW is said to be a link. For good, so only in a child. */
static void
refuse_nofollow (void)
{
  struct sock_filter filter[] = {
    BPF_STMT (BPF_LD | BPF_W | BPF_ABS, offsetof (struct seccomp_data, nr)),
    BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 0, 4),
    BPF_STMT (BPF_LD | BPF_W | BPF_ABS, offsetof (struct seccomp_data, args[2])),
    BPF_JUMP (BPF_JMP | BPF_JSET | BPF_K, O_PATH | O_CREAT, 2, 0),
    BPF_JUMP (BPF_JMP | BPF_JSET | BPF_K, O_NOFOLLOW, 0, 1),
    BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ELOOP),
    BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = { G_N_ELEMENTS (filter), filter };

  g_assert_no_errno (prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
  g_assert_no_errno (prctl (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program));
}

static void
find_behind_portal (gpointer data)
{
  Sample *sample = data;
  g_autofree char *link = sample_path (sample, "link.png");
  g_autofree char *secret = sample_path (sample, "../secret.png");

  sample_open (sample);
  sample_put (sample, "outside.png", "from outside", "core", 7, "2026-01-01T00:00:00", TRUE);
  sample_put (sample, "../secret.png", "not for here", "core", 8, "2026-01-01T00:00:00", TRUE);
  g_assert_no_errno (symlink (secret, link));
  refuse_nofollow ();
  g_assert_cmpint (g_open (link, O_RDONLY | O_NOFOLLOW), ==, -1);
  sample_scan (sample);
  g_assert_cmpuint (sample_count (sample, "outside"), ==, 1);
  g_assert_cmpuint (sample_count (sample, NULL), ==, 1);
}

static void
test_behind_portal (void)
{
  g_autoptr (Sample) sample = sample_new ();

  sample_close (sample);
  scratch_in_child (find_behind_portal, sample);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/shared/both-add", test_both_add);
  g_test_add_func ("/shared/both-watch", test_both_watch);
  g_test_add_func ("/shared/each-sees", test_each_sees_what_the_other_did);
  g_test_add_func ("/shared/one-step-of-the-clock", test_within_one_step_of_the_clock);
  g_test_add_func ("/shared/behind-the-portal", test_behind_portal);

  return sample_run ();
}
