/* The program that test-billing starts and kills: asks for pictures through the whole studio, as the window would.
 *
 *   billing-worker URL FIRST COUNT
 *
 * Asks for COUNT pictures, "picture FIRST" and on, in one go; prints "asked N" once the journal has each of them, and
 * "over" when all are over. Every now and then it also gives up on one, as a person does.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "services/sfumato-stability.h"
#include "studio/sfumato-studio.h"

#include <stdio.h>
#include <stdlib.h>

static void
ask (SfumatoStudio *studio,
     int            number)
{
  g_autofree char *prompt = g_strdup_printf ("picture %d", number);
  g_autoptr (SfumatoRequest) request = sfumato_request_new (&(SfumatoRequestFields) {
    .service = "stability", .model = "sd3.5-flash", .prompt = prompt, .seed = 7 });
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) jobs = sfumato_queue_add (sfumato_studio_get_queue (studio), request, FALSE, &error);

  g_assert_no_error (error);
  printf ("asked %d\n", number);
  fflush (stdout);
  if (g_random_int_range (0, 40) == 0)
    sfumato_queue_cancel (sfumato_studio_get_queue (studio), g_ptr_array_index (jobs, 0));
}

int
main (int   argc,
      char *argv[])
{
  g_autoptr (SfumatoStudio) studio = NULL;
  g_autoptr (GError) error = NULL;
  /* The service's own pace, 150 in ten seconds, is tested elsewhere; here thousands have to pass. */
  SfumatoServiceClass *service_class = g_type_class_ref (SFUMATO_TYPE_STABILITY);

  g_assert_cmpint (argc, ==, 4);
  service_class->max_per_10s = 0;
  studio = sfumato_studio_new (argv[1], &error);
  g_assert_no_error (error);
  sfumato_studio_inherit_queue (studio);
  sfumato_studio_set_key (studio, "stability", "sk-test-0000", TRUE, NULL, NULL, &error);
  g_assert_no_error (error);
  for (int i = 0; i < atoi (argv[3]); i++)
    ask (studio, atoi (argv[2]) + i);
  sfumato_queue_resume (sfumato_studio_get_queue (studio));
  while (sfumato_queue_get_active (sfumato_studio_get_queue (studio)) > 0)
    g_main_context_iteration (NULL, TRUE);
  printf ("over\n");
  fflush (stdout);
  sfumato_studio_close (studio);
  g_type_class_unref (service_class);
  return 0;
}
