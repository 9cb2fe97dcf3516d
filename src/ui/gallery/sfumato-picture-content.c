/* Pictures for the clipboard and for dragging.
 *
 * A union of GDK's own providers would offer a file list as plain text too; this one names its media types itself
 * and leaves the writing to GDK's serializers.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "ui/gallery/sfumato-picture-content.h"

#include "ui/widgets/sfumato-texture.h"

struct _SfumatoPictureContent
{
  GdkContentProvider  parent_instance;

  SfumatoGallery     *gallery;  /* owned */
  SfumatoPicture     *single;   /* owned, nullable: the one picture, whose pixels are offered */
  GdkFileList        *files;    /* owned */
};

G_DEFINE_FINAL_TYPE (SfumatoPictureContent, sfumato_picture_content, GDK_TYPE_CONTENT_PROVIDER)

static const char * const file_types[] = { "application/vnd.portal.filetransfer", "text/uri-list" };

typedef struct
{
  GOutputStream *stream;     /* owned */
  char          *mime_type;  /* owned */
  int            priority;
} Writing;

static void
writing_free (Writing *writing)
{
  g_object_unref (writing->stream);
  g_free (writing->mime_type);
  g_free (writing);
}

static void
serialized_cb (GObject      *source,
               GAsyncResult *result,
               gpointer      user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;

  if (gdk_content_serialize_finish (result, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
serialize (GTask        *task,
           const GValue *value)
{
  Writing *writing = g_task_get_task_data (task);

  gdk_content_serialize_async (writing->stream, writing->mime_type, value, writing->priority,
                               g_task_get_cancellable (task), serialized_cb, g_object_ref (task));
}

static void
decoded_cb (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autoptr (GdkTexture) texture = NULL;
  g_auto (GValue) value = G_VALUE_INIT;
  GError *error = NULL;

  texture = sfumato_texture_load_finish (result, &error);
  if (!texture)
    {
      g_task_return_error (task, error);
      return;
    }
  g_value_init (&value, GDK_TYPE_TEXTURE);
  g_value_set_object (&value, texture);
  serialize (task, &value);
}

static void
spliced_cb (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;

  if (g_output_stream_splice_finish (G_OUTPUT_STREAM (source), result, &error) >= 0)
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
opened_cb (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autoptr (GFileInputStream) input = NULL;
  Writing *writing = g_task_get_task_data (task);
  GError *error = NULL;

  input = g_file_read_finish (G_FILE (source), result, &error);
  if (!input)
    g_task_return_error (task, error);
  else
    g_output_stream_splice_async (writing->stream, G_INPUT_STREAM (input),
                                  G_OUTPUT_STREAM_SPLICE_CLOSE_SOURCE, writing->priority,
                                  g_task_get_cancellable (task), spliced_cb, g_object_ref (task));
}

static const char *
own_media_type (SfumatoPictureContent *self)
{
  return self->single ? sfumato_image_type_media (sfumato_picture_get_fields (self->single)->type) : NULL;
}

static void
write_file_as_it_is (SfumatoPictureContent *self,
                     GTask                 *task)
{
  g_autofree char *path = sfumato_gallery_dup_path (self->gallery, self->single);
  g_autoptr (GFile) file = g_file_new_for_path (path);
  Writing *writing = g_task_get_task_data (task);

  g_file_read_async (file, writing->priority, g_task_get_cancellable (task), opened_cb, g_object_ref (task));
}

/* ---- overrides ------------------------------------------------------------------------------------------- */

static GdkContentFormats *
sfumato_picture_content_ref_formats (GdkContentProvider *provider)
{
  SfumatoPictureContent *self = SFUMATO_PICTURE_CONTENT (provider);
  GdkContentFormatsBuilder *builder = gdk_content_formats_builder_new ();

  if (own_media_type (self))
    gdk_content_formats_builder_add_mime_type (builder, own_media_type (self));
  if (self->single)
    gdk_content_formats_builder_add_mime_type (builder, "image/png");
  for (guint i = 0; i < G_N_ELEMENTS (file_types); i++)
    gdk_content_formats_builder_add_mime_type (builder, file_types[i]);
  return gdk_content_formats_builder_free_to_formats (builder);
}

static void
sfumato_picture_content_write_mime_type_async (GdkContentProvider  *provider,
                                               const char          *mime_type,
                                               GOutputStream       *stream,
                                               int                  io_priority,
                                               GCancellable        *cancellable,
                                               GAsyncReadyCallback  callback,
                                               gpointer             user_data)
{
  SfumatoPictureContent *self = SFUMATO_PICTURE_CONTENT (provider);
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  g_auto (GValue) value = G_VALUE_INIT;
  Writing *writing = g_new0 (Writing, 1);

  writing->stream = g_object_ref (stream);
  writing->mime_type = g_strdup (mime_type);
  writing->priority = io_priority;
  g_task_set_task_data (task, writing, (GDestroyNotify) writing_free);

  if (g_strcmp0 (mime_type, own_media_type (self)) == 0)
    write_file_as_it_is (self, task);
  else if (self->single && g_str_equal (mime_type, "image/png"))
    sfumato_texture_load_async (self->gallery, self->single, 0, cancellable, decoded_cb, g_object_ref (task));
  else
    {
      g_value_init (&value, GDK_TYPE_FILE_LIST);
      g_value_set_boxed (&value, self->files);
      serialize (task, &value);
    }
}

static gboolean
sfumato_picture_content_write_mime_type_finish (GdkContentProvider  *provider,
                                                GAsyncResult        *result,
                                                GError             **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
sfumato_picture_content_finalize (GObject *object)
{
  SfumatoPictureContent *self = SFUMATO_PICTURE_CONTENT (object);

  g_clear_object (&self->gallery);
  g_clear_object (&self->single);
  g_boxed_free (GDK_TYPE_FILE_LIST, self->files);

  G_OBJECT_CLASS (sfumato_picture_content_parent_class)->finalize (object);
}

static void
sfumato_picture_content_class_init (SfumatoPictureContentClass *klass)
{
  GdkContentProviderClass *provider_class = GDK_CONTENT_PROVIDER_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = sfumato_picture_content_finalize;
  provider_class->ref_formats = sfumato_picture_content_ref_formats;
  provider_class->write_mime_type_async = sfumato_picture_content_write_mime_type_async;
  provider_class->write_mime_type_finish = sfumato_picture_content_write_mime_type_finish;
}

static void
sfumato_picture_content_init (SfumatoPictureContent *self)
{
}

GdkContentProvider *
sfumato_picture_content_new (SfumatoGallery *gallery,
                             GListModel     *pictures)
{
  SfumatoPictureContent *self = g_object_new (SFUMATO_TYPE_PICTURE_CONTENT, NULL);
  g_autoptr (GPtrArray) files = g_ptr_array_new_with_free_func (g_object_unref);
  guint count = g_list_model_get_n_items (pictures);

  self->gallery = g_object_ref (gallery);
  for (guint i = 0; i < count; i++)
    {
      g_autoptr (SfumatoPicture) picture = g_list_model_get_item (pictures, i);
      g_autofree char *path = NULL;

      if (sfumato_picture_get_fields (picture)->missing)
        continue;
      path = sfumato_gallery_dup_path (gallery, picture);
      g_ptr_array_add (files, g_file_new_for_path (path));
      if (count == 1)
        self->single = g_object_ref (picture);
    }
  self->files = gdk_file_list_new_from_array ((GFile **) files->pdata, files->len);
  return GDK_CONTENT_PROVIDER (self);
}
