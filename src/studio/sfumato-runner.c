/* The way of one picture.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "studio/sfumato-runner.h"

#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>

#include "studio/sfumato-inputs.h"
#include "studio/sfumato-remains.h"

void
sfumato_outcome_free (SfumatoOutcome *outcome)
{
  g_clear_object (&outcome->picture);
  g_clear_object (&outcome->result);
  g_clear_error (&outcome->error);
  g_free (outcome);
}

static SfumatoOutcome *
outcome_new (SfumatoJobState  state,
             SfumatoPicture  *picture,
             SfumatoResult   *result,
             GError          *error)
{
  SfumatoOutcome *outcome = g_new (SfumatoOutcome, 1);

  *outcome = (SfumatoOutcome) { .state = state, .picture = picture, .result = result, .error = error };
  return outcome;
}

/* ---- the key ---- */

GError *
sfumato_explain_keyring_error (const GError *error)
{
  SfumatoErrorCode code = SFUMATO_ERROR_UNAUTHORISED;
  GError *sentence;

  if (g_error_matches (error, SFUMATO_KEYRING_ERROR, SFUMATO_KEYRING_ERROR_LOCKED))
    {
      sentence = sfumato_error_new (code, _("Keyring Is Locked"),
                                    _("Unlock the keyring to use the key in it. Nothing was sent."));
      sfumato_error_set_help (sentence, SFUMATO_ERROR_HELP_UNLOCK);
    }
  else if (g_error_matches (error, SFUMATO_KEYRING_ERROR, SFUMATO_KEYRING_ERROR_MISSING))
    sentence = sfumato_error_new (code, _("No Keyring Found"),
                                  _("This desktop has no keyring that could keep the key. Nothing was sent. Enter the key in "
                                    "the preferences: it is kept there until Sfumato is closed."));
  else if (g_error_matches (error, SFUMATO_KEYRING_ERROR, SFUMATO_KEYRING_ERROR_SILENT))
    sentence = sfumato_error_new (code, _("Keyring Does Not Answer"),
                                  _("The keyring did not answer in time. Nothing was sent."));
  else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    sentence = sfumato_error_new (SFUMATO_ERROR_CANCELLED, _("Cancelled"),
                                  _("Cancelled before anything was sent. Nothing was charged."));
  else
    sentence = sfumato_error_new (code, _("Keyring Not Usable"), _("The keyring failed, so nothing was sent: %s"),
                                  error->message);
  if (sfumato_error_get_help (sentence) == SFUMATO_ERROR_HELP_NONE && sentence->code == (int) code)
    sfumato_error_set_help (sentence, SFUMATO_ERROR_HELP_CHANGE_KEY);
  return sentence;
}

static gboolean
take_key (const SfumatoRun  *run,
          SfumatoSecret    **secret,
          GCancellable      *cancellable,
          GError           **error)
{
  g_autoptr (GError) problem = NULL;

  *secret = NULL;
  if (!sfumato_service_get_needs_key (run->service))
    return TRUE;
  *secret = sfumato_keyring_lookup (run->keyring, sfumato_service_get_id (run->service), TRUE, cancellable, &problem);
  if (problem != NULL)
    g_propagate_error (error, sfumato_explain_keyring_error (problem));
  return problem == NULL;
}

/* ---- a picture that cannot be written ---- */

static char *
rescue_path (const char *data_folder,
             const char *id)
{
  return g_build_filename (data_folder, "unsaved", id, NULL);
}

static char *
describe_result (const SfumatoResultFields *fields,
                 gint64                     duration)
{
  g_autoptr (GVariantDict) dict = g_variant_dict_new (NULL);
  g_autoptr (GVariant) variant = NULL;

  g_variant_dict_insert (dict, "seed", "x", fields->seed_used);
  g_variant_dict_insert (dict, "finish", "u", (guint32) fields->finish);
  g_variant_dict_insert (dict, "finish-word", "s", fields->finish_word != NULL ? fields->finish_word : "");
  g_variant_dict_insert (dict, "request-id", "s", fields->request_id != NULL ? fields->request_id : "");
  g_variant_dict_insert (dict, "model", "s", fields->model != NULL ? fields->model : "");
  g_variant_dict_insert (dict, "charge", "u", (guint32) fields->charge);
  g_variant_dict_insert (dict, "price", "i", fields->price);
  g_variant_dict_insert (dict, "duration", "x", duration);
  variant = g_variant_ref_sink (g_variant_dict_end (dict));
  return g_variant_print (variant, TRUE);
}

static gboolean
write_private (const char *path,
               GBytes     *bytes)
{
  g_autofree char *folder = g_path_get_dirname (path);

  return g_mkdir_with_parents (folder, 0700) == 0 &&
         g_file_set_contents_full (path, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes),
                                   G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0600, NULL);
}

/* The bytes were paid for: where the gallery's folder refuses them they go to the program's own, and in any case
 * they stay in memory. */
static void
rescue (const SfumatoRun *run,
        GBytes           *bytes)
{
  g_autofree char *path = rescue_path (run->data_folder, run->id);

  if (!write_private (path, bytes))
    g_message ("a picture that could not be saved is kept in memory only");
}

static const char *
lookup_text (GVariantDict *dict,
             const char   *name)
{
  const char *text = NULL;

  return g_variant_dict_lookup (dict, name, "&s", &text) && *text != '\0' ? text : NULL;
}

static guint32
lookup_enum (GVariantDict *dict,
             const char   *name,
             guint32       last)
{
  guint32 value = 0;

  g_variant_dict_lookup (dict, name, "u", &value);
  return MIN (value, last);
}

SfumatoResult *
sfumato_run_reload (const char         *data_folder,
                    const SfumatoEntry *entry)
{
  g_autofree char *path = rescue_path (data_folder, entry->id);
  g_autoptr (GVariant) variant = NULL;
  g_autoptr (GVariantDict) dict = NULL;
  g_autoptr (GBytes) bytes = NULL;
  SfumatoResultFields fields = { .seed_used = -1 };
  char *data;
  gsize size;

  if (entry->result != NULL)
    variant = g_variant_parse (G_VARIANT_TYPE_VARDICT, entry->result, NULL, NULL, NULL);
  if (variant == NULL || !g_file_get_contents (path, &data, &size, NULL))
    return NULL;
  bytes = g_bytes_new_take (data, size);
  dict = g_variant_dict_new (variant);
  g_variant_dict_lookup (dict, "seed", "x", &fields.seed_used);
  g_variant_dict_lookup (dict, "price", "i", &fields.price);
  fields.bytes = bytes;
  fields.finish = lookup_enum (dict, "finish", SFUMATO_FINISH_OTHER);
  fields.charge = lookup_enum (dict, "charge", SFUMATO_CHARGE_YES);
  fields.finish_word = lookup_text (dict, "finish-word");
  fields.request_id = lookup_text (dict, "request-id");
  fields.model = lookup_text (dict, "model");
  return sfumato_result_new (&fields, NULL);
}

/* Before anything is paid for. */
static gboolean
check_gallery (const SfumatoRun  *run,
               GError           **error)
{
  GError *problem = NULL;
  g_autofree char *message = NULL;

  if (sfumato_gallery_check (run->gallery, &problem))
    return TRUE;
  /* Translators: %s is why the picture could not be kept, as sentences. */
  message = g_strdup_printf (_("%s Nothing was sent."), problem->message);
  g_set_str (&problem->message, message);
  g_propagate_error (error, problem);
  return FALSE;
}

/* ---- a picture that did not arrive whole ---- */

static char *
remains_path (const SfumatoRun *run,
              GBytes           *remains)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (remains, &size);
  SfumatoImageType type = sfumato_image_sniff (data, size);
  const char *unknown = size > 0 && memchr ("{ \t\r\n\xef", data[0], 6) != NULL ? "json" : "bin";
  g_autofree char *name = g_strconcat (run->id, ".", type == SFUMATO_IMAGE_UNKNOWN ? unknown
                                                       : sfumato_image_type_extension (type), NULL);

  return g_build_filename (run->data_folder, SFUMATO_REMAINS_FOLDER, name, NULL);
}

/* Outside the gallery, which holds whole pictures only; the error says where. */
static void
keep_remains (const SfumatoRun *run,
              GError           *error)
{
  GBytes *remains = sfumato_error_get_remains (error);
  g_autofree char *path = remains != NULL ? remains_path (run, remains) : NULL;
  g_autofree char *message = NULL;

  if (path == NULL || !write_private (path, remains))
    return;
  /* Translators: %s is what happened, as sentences, and then a file. */
  message = g_strdup_printf (ngettext ("%s What arrived is kept for %u day in “%s”.",
                                       "%s What arrived is kept for %u days in “%s”.", SFUMATO_REMAINS_DAYS),
                             error->message, SFUMATO_REMAINS_DAYS, path);
  g_set_str (&error->message, message);
  sfumato_error_set_remains (error, NULL);
}

/* ---- the job ---- */

static void
note_end (const SfumatoRun *run,
          SfumatoJobState   state,
          SfumatoCharge     charge,
          const char       *result)
{
  g_autoptr (GError) error = NULL;

  /* If even this cannot be written the job stays "sent" there, and after a restart says that it may have been
   * charged: the safe side. */
  if (!sfumato_journal_end (run->journal, run->id, state, charge, result, &error))
    g_message ("the end of a job could not be noted: %s", error->message);
}

static SfumatoOutcome *
failed (const SfumatoRun *run,
        GError           *error)
{
  SfumatoJobState state = SFUMATO_JOB_FAILED;
  gboolean abandoned = run->abandoned != NULL && g_atomic_int_get (run->abandoned);
  gboolean free = sfumato_error_get_charge (error) == SFUMATO_CHARGE_NONE;

  keep_remains (run, error);
  if (abandoned)
    state = free ? SFUMATO_JOB_WAITING : SFUMATO_JOB_UNKNOWN;
  else if (g_error_matches (error, SFUMATO_ERROR, SFUMATO_ERROR_CANCELLED))
    state = SFUMATO_JOB_CANCELLED;
  else if (g_error_matches (error, SFUMATO_ERROR, SFUMATO_ERROR_RATE) && run->may_wait && free)
    state = SFUMATO_JOB_WAITING;
  note_end (run, state, sfumato_error_get_charge (error), NULL);
  return outcome_new (state, NULL, NULL, error);
}

static SfumatoOutcome *
keep (const SfumatoRun *run,
      SfumatoResult    *result,
      gint64            duration)
{
  const SfumatoResultFields *fields = sfumato_result_get_fields (result);
  g_autofree char *rescued = rescue_path (run->data_folder, run->id);
  g_autofree char *described = NULL;
  GError *error = NULL;
  SfumatoPicture *picture = sfumato_gallery_add (run->gallery, result, run->request, run->id, duration, &error);

  if (picture != NULL)
    {
      note_end (run, SFUMATO_JOB_DONE, fields->charge, NULL);
      g_unlink (rescued);
      return outcome_new (SFUMATO_JOB_DONE, picture, NULL, NULL);
    }
  rescue (run, fields->bytes);
  described = describe_result (fields, duration);
  note_end (run, SFUMATO_JOB_UNSAVED, fields->charge, described);
  return outcome_new (SFUMATO_JOB_UNSAVED, NULL, g_object_ref (result), error);
}

SfumatoOutcome *
sfumato_run_save (const SfumatoRun *run,
                  SfumatoResult    *result)
{
  return keep (run, result, 0);
}

SfumatoOutcome *
sfumato_run_job (const SfumatoRun *run,
                 GCancellable     *cancellable)
{
  g_autoptr (SfumatoRequest) request = NULL;
  g_autoptr (SfumatoSecret) secret = NULL;
  g_autoptr (SfumatoResult) result = NULL;
  g_autofree char *inputs = g_build_filename (run->data_folder, "inputs", NULL);
  GError *error = NULL;
  gint64 began;

  /* Everything that can fail without the service comes first: it costs nothing. */
  request = sfumato_inputs_complete (inputs, run->request, &error);
  if (request == NULL || !check_gallery (run, &error) || !take_key (run, &secret, cancellable, &error))
    return failed (run, error);

  /* From here on the journal says "sent", whatever happens to this process. */
  if (!sfumato_journal_claim (run->journal, run->id, sfumato_service_get_max_concurrent (run->service),
                              sfumato_service_get_max_per_10s (run->service), &error))
    return error != NULL ? failed (run, error) : outcome_new (SFUMATO_JOB_WAITING, NULL, NULL, NULL);

  began = g_get_monotonic_time ();
  result = sfumato_service_generate (run->service, request, secret != NULL ? sfumato_secret_peek (secret) : NULL,
                                     run->progress, run->progress_data, cancellable, &error);
  g_clear_pointer (&secret, sfumato_secret_unref);
  if (result == NULL)
    return failed (run, error);

  /* The bytes are safe before anybody hears of them. */
  return keep (run, result, g_get_monotonic_time () - began);
}
