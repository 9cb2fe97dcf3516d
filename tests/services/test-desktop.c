/* What the service on this computer does when the desktop runs short of memory or saves power. The desktop's two services
 * are stood in for on a bus of the test's own.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "local-fixture.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#define MEMORY_NAME "org.freedesktop.LowMemoryMonitor"
#define MEMORY_PATH "/org/freedesktop/LowMemoryMonitor"
#define POWER_NAME  "org.freedesktop.UPower.PowerProfiles"
#define POWER_PATH  "/org/freedesktop/UPower/PowerProfiles"

static const char interfaces[] =
  "<node><interface name='" MEMORY_NAME "'><signal name='LowMemoryWarning'><arg type='y'/></signal></interface>"
  "<interface name='" POWER_NAME "'><property name='ActiveProfile' type='s' access='read'/></interface></node>";

static struct
{
  GDBusConnection *connection;
  GMainContext    *context;   /* of a thread, so that it answers while the test waits */
  GMainLoop       *loop;
  GThread         *thread;
  const char      *profile;
} desktop;

/* ---- the stand-in ---- */

static GVariant *
get_property_cb (GDBusConnection  *connection,
                 const char       *sender,
                 const char       *path,
                 const char       *interface,
                 const char       *property,
                 GError          **error,
                 gpointer          user_data)
{
  return g_variant_new_string (g_atomic_pointer_get (&desktop.profile));
}

static gpointer
desktop_cb (gpointer data)
{
  static const GDBusInterfaceVTable vtable = { .get_property = get_property_cb };
  g_autoptr (GDBusNodeInfo) info = g_dbus_node_info_new_for_xml (interfaces, NULL);

  g_main_context_push_thread_default (desktop.context);
  g_dbus_connection_register_object (desktop.connection, MEMORY_PATH, info->interfaces[0], &vtable, NULL, NULL, NULL);
  g_dbus_connection_register_object (desktop.connection, POWER_PATH, info->interfaces[1], &vtable, NULL, NULL, NULL);
  g_bus_own_name_on_connection (desktop.connection, MEMORY_NAME, G_BUS_NAME_OWNER_FLAGS_NONE, NULL, NULL, NULL, NULL);
  g_bus_own_name_on_connection (desktop.connection, POWER_NAME, G_BUS_NAME_OWNER_FLAGS_NONE, NULL, NULL, NULL, NULL);
  g_main_loop_run (desktop.loop);
  g_main_context_pop_thread_default (desktop.context);
  return NULL;
}

static gboolean
is_owned (GDBusConnection *bus,
          const char      *name)
{
  g_autoptr (GVariant) answer = g_dbus_connection_call_sync (bus, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
                                                             "NameHasOwner", g_variant_new ("(s)", name), NULL, 0, -1, NULL, NULL);
  gboolean owned = FALSE;

  if (answer != NULL)
    g_variant_get (answer, "(b)", &owned);
  return owned;
}

static void
start_desktop (const char *address)
{
  g_autoptr (GError) error = NULL;

  desktop.profile = "balanced";
  desktop.connection = g_dbus_connection_new_for_address_sync (
    address, G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION, NULL, NULL, &error);
  g_assert_no_error (error);
  desktop.context = g_main_context_new ();
  desktop.loop = g_main_loop_new (desktop.context, FALSE);
  desktop.thread = g_thread_new ("desktop", desktop_cb, NULL);
  while (!is_owned (desktop.connection, MEMORY_NAME) || !is_owned (desktop.connection, POWER_NAME))
    g_thread_yield ();
}

static void
stop_desktop (void)
{
  g_main_loop_quit (desktop.loop);
  g_thread_join (desktop.thread);
  g_main_loop_unref (desktop.loop);
  g_main_context_unref (desktop.context);
  g_dbus_connection_close_sync (desktop.connection, NULL, NULL);
  g_object_unref (desktop.connection);
}

static void
warn (void)
{
  g_assert_true (g_dbus_connection_emit_signal (desktop.connection, NULL, MEMORY_PATH, MEMORY_NAME, "LowMemoryWarning",
                                                g_variant_new ("(y)", G_MEMORY_MONITOR_WARNING_LEVEL_CRITICAL), NULL));
}

static void
choose_profile (const char *profile)
{
  GVariantBuilder changed;

  g_atomic_pointer_set (&desktop.profile, profile);
  g_variant_builder_init (&changed, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&changed, "{sv}", "ActiveProfile", g_variant_new_string (profile));
  g_assert_true (g_dbus_connection_emit_signal (desktop.connection, NULL, POWER_PATH, "org.freedesktop.DBus.Properties",
                                                "PropertiesChanged", g_variant_new ("(sa{sv}as)", POWER_NAME, &changed, NULL), NULL));
}

/* ---- tests ---- */

/* One for all: GIO has one monitor in a process, of the thread that asked first. */
static LocalFixture fixture;

static gboolean
is_gone (int pid)
{
  return kill (pid, 0) != 0 && errno == ESRCH;
}

static gint enough;

static gpointer
warn_cb (gpointer data)
{
  while (!g_atomic_int_get (&enough))
    {
      warn ();
      g_usleep (20000);
    }
  return NULL;
}

/* The helper that is kept goes, and one that makes a picture stays. That the service listens already cannot be seen: it is
 * told until it has heard. */
static void
test_low_memory (void)
{
  g_autoptr (SfumatoResult) result = NULL;
  g_autoptr (GError) error = NULL;
  GThread *thread;
  gint64 until;
  int pid;

  local_fixture_make (&fixture, "a fox");
  pid = local_fixture_last_pid (&fixture);
  g_assert_false (is_gone (pid));
  until = g_get_monotonic_time () + LOCAL_TIME;
  while (!is_gone (pid))
    {
      g_assert_cmpint (g_get_monotonic_time (), <, until);
      warn ();
      g_usleep (20000);
    }
  thread = g_thread_new ("warn", warn_cb, NULL);
  result = local_fixture_generate_with (&fixture, &(SfumatoRequestFields) { .prompt = "slow", .size = 512, .steps = 3 }, NULL, NULL, NULL,
                                        &error);
  g_atomic_int_set (&enough, TRUE);
  g_thread_join (thread);
  g_assert_no_error (error);
  g_assert_cmpuint (local_fixture_count (&fixture, "start"), ==, 2);
}

/* Makes pictures until one is made by a helper with as many threads. */
static void
expect_threads (const char *words,
                gboolean    expected)
{
  gint64 until = g_get_monotonic_time () + LOCAL_TIME;
  g_autofree char *log = NULL;

  do
    {
      g_assert_cmpint (g_get_monotonic_time (), <, until);
      local_fixture_make (&fixture, "a fox");
      g_clear_pointer (&log, g_free);
      g_assert_true (g_file_get_contents (fixture.log, &log, NULL, NULL));
    }
  while ((strstr (g_strrstr (log, "load "), words) != NULL) != expected);
}

/* Half of the processor is left alone. */
static void
test_power (void)
{
  g_autofree char *half = g_strdup_printf ("\"threads\": %u", MAX (g_get_num_processors () / 2, 1));

  expect_threads ("threads", FALSE);
  choose_profile ("power-saver");
  expect_threads (half, TRUE);
  choose_profile ("performance");
  expect_threads ("threads", FALSE);
}

int
main (int    argc,
      char **argv)
{
  g_autoptr (GDBusConnection) system = NULL;
  GTestDBus *bus;
  int status;

  g_setenv ("GIO_USE_MEMORY_MONITOR", "dbus", TRUE);
  g_setenv ("GIO_USE_POWER_PROFILE_MONITOR", "dbus", TRUE);
  g_test_init (&argc, &argv, NULL);
  bus = g_test_dbus_new (G_TEST_DBUS_NONE);
  g_test_dbus_up (bus);
  g_setenv ("DBUS_SYSTEM_BUS_ADDRESS", g_test_dbus_get_bus_address (bus), TRUE);
  system = g_bus_get_sync (G_BUS_TYPE_SYSTEM, NULL, NULL);
  g_dbus_connection_set_exit_on_close (system, FALSE);
  start_desktop (g_test_dbus_get_bus_address (bus));
  local_fixture_set_up (&fixture);
  sfumato_local_service_follow (fixture.local);
  g_test_add_func ("/desktop/low-memory", test_low_memory);
  g_test_add_func ("/desktop/power", test_power);
  status = g_test_run ();
  local_fixture_tear_down (&fixture);
  stop_desktop ();
  g_test_dbus_stop (bus);
  g_object_unref (bus);
  return status;
}
