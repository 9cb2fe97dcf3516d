/* A Sfumato without a window that is made to be killed: keeps, stars, deletes and gives back pictures at random, and
 * says what it is about to do and what is done.
 *
 *   saver FOLDER INDEX CACHE SEED N [add]
 *
 * After "ready", for each of N deeds a line before ("? …") and one when it is done. With "add" it only keeps.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "sample.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct
{
  SfumatoGallery *gallery;
  GRand          *random;
  GPtrArray      *pictures; /* owned */
  char           *undo;     /* owned, nullable: of the last one deleted */
  SfumatoPicture *deleted;  /* owned, nullable */
} Saver;

static void G_GNUC_PRINTF (1, 2)
say (const char *format,
     ...)
{
  g_autofree char *line = NULL;
  va_list args;

  va_start (args, format);
  line = g_strdup_vprintf (format, args);
  va_end (args);
  if (write (STDOUT_FILENO, line, strlen (line)) < 0)
    exit (1);
}

static const char *
id_of (SfumatoPicture *picture)
{
  return sfumato_picture_get_fields (picture)->id;
}

static void
add (Saver *self)
{
  guint key = g_rand_int_range (self->random, 1, G_MAXINT);
  g_autofree char *id = g_uuid_string_random ();
  g_autofree char *prompt = g_strdup_printf ("picture %u", key);
  g_autoptr (SfumatoResult) result = sample_result (key);
  g_autoptr (SfumatoRequest) request = sample_request (prompt);
  SfumatoPicture *picture;

  say ("? add %s\n", id);
  picture = sfumato_gallery_add (self->gallery, result, request, id, 0, NULL);
  if (picture == NULL)
    return;
  say ("add %s %u %s\n", id, key, sfumato_picture_get_fields (picture)->file_name);
  g_ptr_array_add (self->pictures, picture);
}

static SfumatoPicture *
choose (Saver *self)
{
  return g_ptr_array_index (self->pictures, g_rand_int_range (self->random, 0, self->pictures->len));
}

static void
star (Saver *self)
{
  SfumatoPicture *picture = choose (self);
  gboolean favorite = g_rand_boolean (self->random);

  say ("? star %s %d\n", id_of (picture), favorite);
  if (sfumato_gallery_set_favorite (self->gallery, picture, favorite, NULL))
    say ("star %s %d\n", id_of (picture), favorite);
}

static void
delete (Saver *self)
{
  g_autoptr (GPtrArray) doomed = g_ptr_array_new ();
  SfumatoPicture *picture = choose (self);
  char *undo = NULL;

  say ("? delete %s\n", id_of (picture));
  g_ptr_array_add (doomed, picture);
  if (!sfumato_gallery_trash (self->gallery, doomed, &undo, NULL))
    return;
  say ("delete %s %s\n", id_of (picture), undo);
  g_free (self->undo);
  self->undo = undo;
  g_set_object (&self->deleted, picture);
  g_ptr_array_remove (self->pictures, picture);
}

static void
give_back (Saver *self)
{
  say ("? back %s %s\n", id_of (self->deleted), self->undo);
  if (!sfumato_gallery_restore (self->gallery, self->undo, NULL))
    return;
  say ("back %s\n", id_of (self->deleted));
  g_ptr_array_add (self->pictures, g_steal_pointer (&self->deleted));
  g_clear_pointer (&self->undo, g_free);
}

static void
act (Saver *self)
{
  int dice = g_rand_int_range (self->random, 0, 100);

  if (dice < 15 && self->undo != NULL)
    give_back (self);
  else if (self->pictures->len == 0 || dice < 60)
    add (self);
  else if (dice < 80)
    star (self);
  else
    delete (self);
}

int
main (int   argc,
      char *argv[])
{
  Saver self = { .pictures = g_ptr_array_new_with_free_func (g_object_unref) };
  g_autoptr (GError) error = NULL;
  gboolean only_add = argc == 7;

  if (argc < 6)
    return 2;
  self.random = g_rand_new_with_seed (atoi (argv[4]));
  self.gallery = sfumato_gallery_open (argv[1], argv[2], argv[3], &error);
  if (self.gallery == NULL)
    return 1;
  say ("ready\n");
  for (int i = 0; i < atoi (argv[5]); i++)
    if (only_add)
      add (&self);
    else
      act (&self);
  return 0;
}
