/* ./dev server: the stand-in as a program, for work on the window without an account and for tests in other
 * languages. Ends with the terminal, or when its standard input is closed if --until-eof was given.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include <glib-unix.h>
#include <unistd.h>

#include "stand-in.h"

static gint port = 0;
static gint delay = 3000;
static gint scale = 1;
static double credits = 1000;
static gboolean until_eof = FALSE;

static GOptionEntry entries[] = {
  { "port", 'p', 0, G_OPTION_ARG_INT, &port, "Listen on this port of 127.0.0.1 (any free one)", "PORT" },
  { "delay", 'd', 0, G_OPTION_ARG_INT, &delay, "Time a picture takes, in milliseconds (3000)", "MS" },
  { "credits", 'c', 0, G_OPTION_ARG_DOUBLE, &credits, "Credits of the account (1000)", "CREDITS" },
  { "scale", 's', 0, G_OPTION_ARG_INT, &scale, "Make pictures so many times smaller (1)", "N" },
  { "until-eof", 0, 0, G_OPTION_ARG_NONE, &until_eof, "End when standard input is closed", NULL },
  { NULL }
};

static gboolean
quit_cb (gpointer loop)
{
  g_main_loop_quit (loop);
  return G_SOURCE_CONTINUE;
}

static gboolean
input_cb (int          fd,
          GIOCondition condition,
          gpointer     loop)
{
  char ignored[256];

  if (read (fd, ignored, sizeof ignored) > 0)
    return G_SOURCE_CONTINUE;
  g_main_loop_quit (loop);
  return G_SOURCE_REMOVE;
}

static void
tell (StandIn *server)
{
  const char *url = stand_in_get_url (server);

  g_print ("%s\n", url);
  g_print ("\n"
           "This is the tests' stand-in for Stability AI's service. It costs nothing, draws clouds, and ends with "
           "Ctrl+C.\n"
           "\n"
           "  Key                %s   (./dev cli key set stability; the window asks for it)\n"
           "  In the window      Preferences, Stability AI, Address: %s\n"
           "  On a command line  ./dev cli generate \"a red fox in snow\" --url %s\n"
           "\n"
           "Words in a prompt that make it refuse: #moderated #filtered #language #figure #401 #402 #413 #429 #500 "
           "#503\n"
           "To make it misbehave, and to see what it was sent: the head of tests/support/stand-in.h\n",
           STAND_IN_KEY, url, url);
}

int
main (int    argc,
      char **argv)
{
  g_autoptr (GOptionContext) context = g_option_context_new ("— a stand-in for Stability AI's service");
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (StandIn) server = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *script = NULL;

  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error) ||
      (server = stand_in_new (port, NULL, &error)) == NULL)
    {
      g_printerr ("stand-in: %s\n", error->message);
      return 2;
    }
  script = g_strdup_printf ("{'delay':%d,'scale':%d,'credits':%d.%02d}", delay, scale, (int) credits,
                            (int) (credits * 100) % 100);
  stand_in_script (server, script);
  g_unix_signal_add (SIGINT, quit_cb, loop);
  g_unix_signal_add (SIGTERM, quit_cb, loop);
  if (until_eof)
    g_unix_fd_add (STDIN_FILENO, G_IO_IN | G_IO_HUP | G_IO_ERR, input_cb, loop);
  tell (server);
  fflush (stdout);
  g_main_loop_run (loop);
  return 0;
}
