/* Measures Sfumato's own window from the inside, for ./dev bench.
 *
 *   bench-window bare                  a bare libadwaita window: the peer
 *   bench-window start                 Sfumato, until its first frame
 *   bench-window gallery WORD          Sfumato with its gallery: opened, scrolled, searched for WORD
 *
 * BENCH_START in the environment is the moment of starting, in nanoseconds of CLOCK_MONOTONIC. Prints one JSON object:
 * times in milliseconds, memory in MiB.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "ui/sfumato-application.h"
#include "ui/sfumato-window.h"

#define SCROLL_FRAMES 300

typedef struct
{
  GApplication  *application;
  const char    *mode;
  const char    *word;
  GtkWidget     *grid;
  GtkAdjustment *adjustment;
  gint64         began;      /* monotonic, microseconds */
  gint64         last_frame;
  gint64         worst_frame;
  guint          frames;
} Bench;

static double
milliseconds_since (gint64 microseconds)
{
  return (g_get_monotonic_time () - microseconds) / 1000.0;
}

/* Resident memory of this process. */
static double
memory (void)
{
  g_autofree char *text = NULL;
  long pages = 0;

  if (g_file_get_contents ("/proc/self/statm", &text, NULL, NULL))
    sscanf (text, "%*d %ld", &pages);
  return pages * 4096.0 / (1024 * 1024);
}

static GtkWidget *
find_widget (GtkWidget *widget,
             GType      type)
{
  GtkWidget *found = NULL;

  if (g_type_is_a (G_OBJECT_TYPE (widget), type))
    return widget;
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL && found == NULL;
       child = gtk_widget_get_next_sibling (child))
    found = find_widget (child, type);
  return found;
}

/* ---- the search ---- */

static void
search_painted_cb (GdkFrameClock *clock,
                   Bench         *bench)
{
  GListModel *model = G_LIST_MODEL (gtk_grid_view_get_model (GTK_GRID_VIEW (bench->grid)));

  g_signal_handlers_disconnect_by_data (clock, bench);
  printf (", \"search\": %.1f, \"found\": %u, \"memory\": %.1f}\n", milliseconds_since (bench->began),
          model != NULL ? g_list_model_get_n_items (model) : 0, memory ());
  fflush (stdout);
  g_application_quit (bench->application);
}

static void
search (Bench *bench)
{
  GtkWidget *root = GTK_WIDGET (gtk_widget_get_root (bench->grid));
  GtkWidget *page = find_widget (root, g_type_from_name ("SfumatoGalleryPage"));
  GtkWidget *entry = find_widget (page, GTK_TYPE_SEARCH_ENTRY);

  bench->began = g_get_monotonic_time ();
  gtk_editable_set_text (GTK_EDITABLE (entry), bench->word);
  /* Past the entry's own pause for somebody still typing, which is not ours to measure. */
  g_signal_emit_by_name (entry, "search-changed");
  g_signal_connect (gtk_widget_get_frame_clock (root), "after-paint", G_CALLBACK (search_painted_cb), bench);
  gtk_widget_queue_draw (root);
}

/* ---- scrolling ---- */

static gboolean
scroll_cb (GtkWidget     *widget,
           GdkFrameClock *clock,
           gpointer       user_data)
{
  Bench *bench = user_data;
  gint64 now = g_get_monotonic_time ();
  double range = gtk_adjustment_get_upper (bench->adjustment) - gtk_adjustment_get_page_size (bench->adjustment);
  guint jump = bench->frames % 50;

  if (bench->last_frame > 0)
    bench->worst_frame = MAX (bench->worst_frame, now - bench->last_frame);
  bench->last_frame = now;
  if (bench->frames++ < SCROLL_FRAMES)
    {
      /* Steady scrolling, and every fifty frames a jump far away. */
      gtk_adjustment_set_value (bench->adjustment,
                                jump == 0 ? range * (bench->frames * 7 % 10) / 10
                                          : gtk_adjustment_get_value (bench->adjustment) + 40);
      return G_SOURCE_CONTINUE;
    }
  printf (", \"worst_frame\": %.1f, \"memory_scrolled\": %.1f", bench->worst_frame / 1000.0, memory ());
  search (bench);
  return G_SOURCE_REMOVE;
}

static void
gallery_painted_cb (GdkFrameClock *clock,
                    Bench         *bench)
{
  g_signal_handlers_disconnect_by_data (clock, bench);
  printf (", \"gallery\": %.1f", milliseconds_since (bench->began));
  /* An empty gallery has a page of words in the grid's place: nothing scrolls. */
  if (!gtk_widget_get_mapped (bench->grid))
    {
      search (bench);
      return;
    }
  bench->adjustment = gtk_scrollable_get_vadjustment (GTK_SCROLLABLE (bench->grid));
  gtk_widget_add_tick_callback (bench->grid, scroll_cb, bench, NULL);
}

static void
show_gallery (Bench     *bench,
              GtkWidget *window)
{
  GtkWidget *stack = find_widget (window, ADW_TYPE_VIEW_STACK);

  bench->began = g_get_monotonic_time ();
  adw_view_stack_set_visible_child_name (ADW_VIEW_STACK (stack), "gallery");
  bench->grid = find_widget (window, GTK_TYPE_GRID_VIEW);
  g_signal_connect (gtk_widget_get_frame_clock (window), "after-paint", G_CALLBACK (gallery_painted_cb), bench);
}

/* ---- the first frame ---- */

static void
first_painted_cb (GdkFrameClock *clock,
                  GtkWidget     *window)
{
  Bench *bench = g_object_get_data (G_OBJECT (window), "bench");
  const char *start = g_getenv ("BENCH_START");
  gint64 began = start != NULL ? g_ascii_strtoll (start, NULL, 10) / 1000 : bench->began;

  g_signal_handlers_disconnect_by_data (clock, window);
  printf ("{\"start\": %.1f, \"memory_start\": %.1f", milliseconds_since (began), memory ());
  if (strcmp (bench->mode, "gallery") == 0)
    {
      show_gallery (bench, window);
      return;
    }
  printf ("}\n");
  fflush (stdout);
  g_application_quit (bench->application);
}

static void
realized_cb (GtkWidget *window,
             Bench     *bench)
{
  g_object_set_data (G_OBJECT (window), "bench", bench);
  g_signal_connect (gtk_widget_get_frame_clock (window), "after-paint", G_CALLBACK (first_painted_cb), window);
}

static void
window_added_cb (GtkApplication *application,
                 GtkWindow      *window,
                 Bench          *bench)
{
  /* What Sfumato shows while it opens its gallery is not yet what a person can use. */
  if (strcmp (bench->mode, "bare") == 0 || SFUMATO_IS_WINDOW (window))
    g_signal_connect (window, "realize", G_CALLBACK (realized_cb), bench);
}

static void
bare_activated_cb (GtkApplication *application)
{
  GtkWidget *window = adw_application_window_new (application);

  gtk_window_set_default_size (GTK_WINDOW (window), 1100, 760);
  gtk_window_present (GTK_WINDOW (window));
}

int
main (int   argc,
      char *argv[])
{
  Bench bench = { .began = g_get_monotonic_time () };
  int status;

  if (argc < 2)
    return 2;
  bench.mode = argv[1];
  bench.word = argc > 2 ? argv[2] : "fox";
  if (strcmp (bench.mode, "bare") == 0)
    {
      bench.application = G_APPLICATION (adw_application_new ("io.github.sfumato_app.Bare", G_APPLICATION_NON_UNIQUE));
      g_signal_connect (bench.application, "activate", G_CALLBACK (bare_activated_cb), NULL);
    }
  else
    bench.application = G_APPLICATION (sfumato_application_new ());
  g_signal_connect (bench.application, "window-added", G_CALLBACK (window_added_cb), &bench);
  status = g_application_run (bench.application, 1, argv);
  g_object_unref (bench.application);
  return status;
}
