/* What holds for every service: one test over all of them. A new service is a line in the table below.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "fixture.h"
#include "local-fixture.h"

#include <math.h>
#include <string.h>

/* ---- services that are not whole, to see what the base class makes of them ---- */

#define TYPE_BARE (bare_get_type ())
G_DECLARE_FINAL_TYPE (Bare, bare, TEST, BARE, SfumatoService)

struct _Bare
{
  SfumatoService parent_instance;
};

G_DEFINE_FINAL_TYPE (Bare, bare, SFUMATO_TYPE_SERVICE)

static const SfumatoModel *
bare_get_models (SfumatoService *service)
{
  static const SfumatoModel models[] = {
    { .id = "m", .name = "M", .prompt_max = 100, .seed_max = 10 }, { .id = NULL }
  };

  return models;
}

static void
bare_class_init (BareClass *klass)
{
  SFUMATO_SERVICE_CLASS (klass)->id = "bare";
  SFUMATO_SERVICE_CLASS (klass)->name = "Bare";
  SFUMATO_SERVICE_CLASS (klass)->get_models = bare_get_models;
}

static void
bare_init (Bare *self)
{
}

#define TYPE_MUTE (mute_get_type ())
G_DECLARE_FINAL_TYPE (Mute, mute, TEST, MUTE, SfumatoService)

/* Fails without a sentence, in the ways a careless service could. */
struct _Mute
{
  SfumatoService parent_instance;
  gboolean       foreign; /* an error of another domain instead of none */
};

G_DEFINE_FINAL_TYPE (Mute, mute, SFUMATO_TYPE_SERVICE)

static SfumatoResult *
mute_generate (SfumatoService       *service,
               SfumatoRequest       *request,
               const char           *key,
               SfumatoProgressFunc   progress,
               gpointer              user_data,
               GCancellable         *cancellable,
               GError              **error)
{
  if (TEST_MUTE (service)->foreign)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "something internal");
  return NULL;
}

static void
mute_class_init (MuteClass *klass)
{
  SFUMATO_SERVICE_CLASS (klass)->id = "mute";
  SFUMATO_SERVICE_CLASS (klass)->name = "Mute";
  SFUMATO_SERVICE_CLASS (klass)->get_models = bare_get_models;
  SFUMATO_SERVICE_CLASS (klass)->generate = mute_generate;
}

static void
mute_init (Mute *self)
{
}

static SfumatoRequest *
make_request (const char *model)
{
  return sfumato_request_new (&(SfumatoRequestFields) { .model = model, .prompt = "a red fox" });
}

static void
test_not_supported (void)
{
  g_autoptr (SfumatoService) bare = g_object_new (TYPE_BARE, NULL);
  g_autoptr (SfumatoRequest) request = make_request ("m");
  g_autoptr (GError) generating = NULL;
  g_autoptr (GError) checking = NULL;
  SfumatoAccount account;

  g_assert_null (sfumato_service_generate (bare, request, NULL, NULL, NULL, NULL, &generating));
  check_error (generating);
  g_assert_error (generating, SFUMATO_ERROR, SFUMATO_ERROR_INVALID);
  g_assert_false (sfumato_service_check (bare, NULL, &account, NULL, &checking));
  check_error (checking);
  g_assert_true (isnan (account.credits));
}

static void
test_without_a_sentence (void)
{
  g_autoptr (SfumatoService) mute = g_object_new (TYPE_MUTE, NULL);
  g_autoptr (SfumatoRequest) request = make_request ("m");

  for (int foreign = 0; foreign < 2; foreign++)
    {
      g_autoptr (GError) error = NULL;

      TEST_MUTE (mute)->foreign = foreign;
      g_assert_null (sfumato_service_generate (mute, request, NULL, NULL, NULL, NULL, &error));
      check_error (error);
      g_assert_error (error, SFUMATO_ERROR, SFUMATO_ERROR_SERVICE);
      g_assert_cmpint (sfumato_error_get_charge (error), ==, SFUMATO_CHARGE_MAYBE);
    }
}

/* ---- the real ones ---- */

static void
check_model (const SfumatoModel *model,
             SfumatoService     *service)
{
  g_autoptr (SfumatoRequest) plain = make_request (model->id);
  g_autoptr (GError) error = NULL;

  g_test_message ("%s", model->id);
  g_assert_cmpstr (model->service, ==, sfumato_service_get_id (service));
  g_assert_nonnull (model->name);
  g_assert_nonnull (model->summary);
  g_assert_cmpint (model->price, >=, 0);
  g_assert_cmpuint (model->prompt_max, >, 0);
  g_assert_cmpint (model->seed_max, >, 0);
  g_assert_true (sfumato_service_find_model (service, model->id) == model);
  for (guint i = 0; model->aspect_ratios != NULL && model->aspect_ratios[i] != NULL; i++)
    g_assert_nonnull (sfumato_aspect_find (model->aspect_ratios[i]));
  for (guint i = 0; model->formats != NULL && model->formats[i] != NULL; i++)
    g_assert_cmpint (sfumato_image_type_from_format (model->formats[i]), !=, SFUMATO_IMAGE_UNKNOWN);
  for (const SfumatoStyle *style = model->styles; style != NULL && style->id != NULL; style++)
    g_assert_cmpuint (strlen (style->name), >, 2);
  if (model->guidance_max > 0)
    g_assert_true (model->guidance_default >= model->guidance_min && model->guidance_default <= model->guidance_max);
  if (model->steps_max > 0)
    g_assert_true (model->steps_default >= model->steps_min && model->steps_default <= model->steps_max);
  for (const SfumatoSampler *sampler = model->samplers; sampler != NULL && sampler->id != NULL; sampler++)
    g_assert_true (sfumato_model_has_sampler (model, sampler->id) && *sampler->name != '\0');
  if (model->sizes != NULL)
    g_assert_true (sfumato_model_has_size (model, model->size_default) && model->size_default <= model->side_max);
  if (model->input_picture)
    g_assert_true (model->strength_default > 0 && model->strength_default <= 1);
  sfumato_request_validate (plain, model, &error);
  g_assert_no_error (error);
}

static void
check_models (Fixture *fixture)
{
  const SfumatoModel *models = sfumato_service_get_models (fixture->service);
  g_autoptr (GHashTable) ids = g_hash_table_new (g_str_hash, g_str_equal);

  g_assert_nonnull (models[0].id);
  for (const SfumatoModel *model = models; model->id != NULL; model++)
    {
      check_model (model, fixture->service);
      g_assert_true (g_hash_table_add (ids, (gpointer) model->id));
    }
  g_assert_null (sfumato_service_find_model (fixture->service, "no-such-model"));
  g_assert_null (sfumato_service_find_model (fixture->service, ""));
  g_assert_null (sfumato_service_find_model (fixture->service, NULL));
}

static void
check_identity (Fixture *fixture)
{
  SfumatoService *service = fixture->service;

  g_assert_nonnull (sfumato_service_get_id (service));
  g_assert_nonnull (sfumato_service_get_name (service));
  g_assert_cmpuint (sfumato_service_get_max_concurrent (service), >, 0);
  if (sfumato_service_get_needs_key (service))
    g_assert_true (g_str_has_prefix (sfumato_service_get_key_url (service), "https://"));
}

static void
check_list (Fixture *fixture)
{
  g_autoptr (GListStore) services = g_list_store_new (SFUMATO_TYPE_SERVICE);
  g_autoptr (SfumatoService) found = NULL;

  g_assert_null (sfumato_service_find (G_LIST_MODEL (services), "no-such-service"));
  g_list_store_append (services, fixture->service);
  found = sfumato_service_find (G_LIST_MODEL (services), sfumato_service_get_id (fixture->service));
  g_assert_true (found == fixture->service);
  g_assert_null (sfumato_service_find (G_LIST_MODEL (services), "no-such-service"));
  g_assert_null (sfumato_service_find (G_LIST_MODEL (services), NULL));
}

/* Refused before anything is sent, whoever the service is. */
static void
check_refusals (Fixture *fixture)
{
  g_autoptr (SfumatoRequest) unknown = make_request ("no-such-model");
  g_autoptr (SfumatoRequest) good = make_request (sfumato_service_get_models (fixture->service)[0].id);
  g_autoptr (GCancellable) cancelled = g_cancellable_new ();
  g_autoptr (GError) model = NULL;
  g_autoptr (GError) key = NULL;
  g_autoptr (GError) stopped = NULL;
  SfumatoAccount account;

  g_cancellable_cancel (cancelled);
  g_assert_null (sfumato_service_generate (fixture->service, unknown, STAND_IN_KEY, NULL, NULL, NULL, &model));
  g_assert_error (model, SFUMATO_ERROR, SFUMATO_ERROR_INVALID);
  g_assert_cmpstr (sfumato_error_get_field (model), ==, "model");
  g_assert_null (sfumato_service_generate (fixture->service, good, STAND_IN_KEY, NULL, NULL, cancelled, &stopped));
  g_assert_error (stopped, SFUMATO_ERROR, SFUMATO_ERROR_CANCELLED);
  if (sfumato_service_get_needs_key (fixture->service))
    {
      g_assert_null (sfumato_service_generate (fixture->service, good, " ", NULL, NULL, NULL, &key));
      g_assert_error (key, SFUMATO_ERROR, SFUMATO_ERROR_UNAUTHORISED);
      g_assert_cmpint (sfumato_error_get_help (key), ==, SFUMATO_ERROR_HELP_CHANGE_KEY);
      g_assert_false (sfumato_service_check (fixture->service, NULL, &account, NULL, NULL));
    }
  if (fixture->server != NULL)
    g_assert_cmpuint (stand_in_count_connections (fixture->server), ==, 0);
}

static gpointer
generate_all_models (gpointer data)
{
  Fixture *fixture = data;

  for (const SfumatoModel *model = sfumato_service_get_models (fixture->service); model->id != NULL; model++)
    {
      g_autoptr (SfumatoRequest) request = make_request (model->id);
      g_autoptr (GError) error = NULL;
      g_autoptr (SfumatoResult) result = sfumato_service_generate (fixture->service, request, STAND_IN_KEY, NULL, NULL,
                                                                   NULL, &error);

      g_assert_no_error (error);
      g_assert_true (sfumato_result_get_header (result)->complete);
      g_assert_cmpint (sfumato_result_get_fields (result)->price, ==, model->price);
    }
  return NULL;
}

/* From threads of their own, with a main context of the caller's in the way of none. */
static void
check_threads (Fixture *fixture)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  GThread *threads[4];

  g_main_context_push_thread_default (context);
  generate_all_models (fixture);
  g_assert_true (g_main_context_get_thread_default () == context);
  g_main_context_pop_thread_default (context);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("generate", generate_all_models, fixture);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
}

static void
check_account (Fixture *fixture)
{
  g_autoptr (GError) error = NULL;
  SfumatoAccount account = { 0 };

  if (!sfumato_service_get_needs_key (fixture->service))
    return;
  stand_in_script (fixture->server, "{'credits':12.5}");
  g_assert_true (sfumato_service_check (fixture->service, STAND_IN_KEY, &account, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpfloat (account.credits, ==, 12.5);
}

/* ---- the services there are ---- */

static LocalFixture local;

/* There is no server that could be asked. */
static void
set_up_local (Fixture *fixture)
{
  local_fixture_set_up (&local);
  fixture->service = g_object_ref (local.service);
}

static void
tear_down_local (Fixture *fixture)
{
  fixture_tear_down (fixture);
  local_fixture_tear_down (&local);
}

static const struct
{
  const char *id;
  void      (*set_up)    (Fixture *fixture);
  void      (*tear_down) (Fixture *fixture);
} services[] = {
  { "stability", fixture_set_up, fixture_tear_down },
  { "local", set_up_local, tear_down_local },
};

static void
test_service (gconstpointer data)
{
  static void (* const checks[]) (Fixture *) = {
    check_identity, check_list, check_models, check_refusals, check_threads, check_account,
  };

  for (guint i = 0; i < G_N_ELEMENTS (checks); i++)
    {
      Fixture fixture = { 0 };
      g_autofree char *violations = NULL;

      services[GPOINTER_TO_UINT (data)].set_up (&fixture);
      checks[i] (&fixture);
      if (fixture.server != NULL)
        violations = stand_in_dup_violations (fixture.server);
      g_assert_true (violations == NULL || *violations == '\0');
      services[GPOINTER_TO_UINT (data)].tear_down (&fixture);
    }
}

/* ---- Stability's own ---- */

static void
test_old_ids (void)
{
  static const char * const ids[][2] = {
    { "sd3", "sd3.5-large" },         { "sd3-large", "sd3.5-large" },
    { "sd3-turbo", "sd3.5-large-turbo" }, { "sd3-large-turbo", "sd3.5-large-turbo" },
    { "sd3-medium", "sd3.5-medium" }, { "sd3.5-flash", "sd3.5-flash" },
    { "core", "core" },               { "stable-diffusion-xl-1024-v1-0", NULL },
  };
  g_autoptr (SfumatoService) service = sfumato_stability_new (NULL, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (ids); i++)
    {
      const SfumatoModel *model = sfumato_service_find_model (service, ids[i][0]);

      g_assert_cmpstr (model != NULL ? model->id : NULL, ==, ids[i][1]);
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/contract/not-supported", test_not_supported);
  g_test_add_func ("/contract/without-a-sentence", test_without_a_sentence);
  for (guint i = 0; i < G_N_ELEMENTS (services); i++)
    {
      g_autofree char *path = g_strconcat ("/contract/service/", services[i].id, NULL);

      g_test_add_data_func (path, GUINT_TO_POINTER (i), test_service);
    }
  g_test_add_func ("/contract/old-ids", test_old_ids);
  return g_test_run ();
}
