/* The network goes away while a picture is made, and comes back: in a network of this test's own, which is one
 * interface that can be taken down.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "fixture.h"

#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static void
set_network (gboolean up)
{
  int fd = socket (AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  struct ifreq request = { .ifr_name = "lo" };

  g_assert_cmpint (ioctl (fd, SIOCGIFFLAGS, &request), ==, 0);
  request.ifr_flags = up ? request.ifr_flags | IFF_UP : request.ifr_flags & ~IFF_UP;
  g_assert_cmpint (ioctl (fd, SIOCSIFFLAGS, &request), ==, 0);
  close (fd);
}

static gpointer
cut_thread (gpointer server)
{
  g_assert_true (stand_in_wait (server, 1, 20));
  g_usleep (100000);
  set_network (FALSE);
  return NULL;
}

/* NET-14, NET-15: what was sent ends within the limit of silence and may have been charged; what is asked for without
 * a network ends at once and was not; and with the network everything works again. */
static void
lose_network (const char *order)
{
  g_auto (Fixture) fixture = { 0 };
  g_autoptr (GError) lost = NULL;
  g_autoptr (GError) away = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (SfumatoResult) result = NULL;
  GThread *thread;
  gint64 began;

  fixture_set_up (&fixture);
  fixture.limits.idle_time = 1000;
  fixture_apply_limits (&fixture);
  stand_in_answer (fixture.server, order);
  thread = g_thread_new ("cut", cut_thread, fixture.server);
  began = g_get_monotonic_time ();
  lost = fixture_fail (&fixture, NULL);
  g_thread_join (thread);
  g_assert_cmpint (g_get_monotonic_time () - began, <, 10 * G_TIME_SPAN_SECOND);
  g_assert_error (lost, SFUMATO_ERROR, SFUMATO_ERROR_NETWORK);
  g_assert_cmpint (sfumato_error_get_charge (lost), ==, SFUMATO_CHARGE_MAYBE);

  away = fixture_fail (&fixture, NULL);
  g_assert_error (away, SFUMATO_ERROR, SFUMATO_ERROR_NETWORK);
  g_assert_cmpint (sfumato_error_get_charge (away), ==, SFUMATO_CHARGE_NONE);

  set_network (TRUE);
  stand_in_release (fixture.server);
  result = fixture_generate (&fixture, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (stand_in_count_posts (fixture.server), ==, 2);
}

static void
test_network_lost (gconstpointer order)
{
  if (!g_test_subprocess ())
    {
      g_test_trap_subprocess (NULL, 60 * G_USEC_PER_SEC, G_TEST_SUBPROCESS_INHERIT_STDERR);
      g_test_trap_assert_passed ();
      return;
    }
  if (unshare (CLONE_NEWUSER | CLONE_NEWNET) != 0)
    {
      g_test_skip ("no network of its own is allowed here");
      return;
    }
  set_network (TRUE);
  lose_network (order);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/outage/while-waiting", "{'fault':'stall'}", test_network_lost);
  g_test_add_data_func ("/outage/while-receiving", "{'fault':'stall','where':'answer-body','at':100}",
                        test_network_lost);
  return g_test_run ();
}
