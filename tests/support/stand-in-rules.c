/* What the real service does with a request, as far as it is known: form before key, key before credits, credits
 * before moderation; and what it lets pass but no good client does, which goes into the request's violations.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include <math.h>
#include <string.h>

#include "stand-in-private.h"

#define GENERATE      "/v2beta/stable-image/generate/"
#define REQUEST_MAX   (10 * 1024 * 1024)
#define SEED_MAX      4294967294u
#define RATIOS        "21:9 16:9 3:2 5:4 1:1 4:5 2:3 9:16 9:21"
#define STYLES        "enhance anime photographic digital-art comic-book fantasy-art line-art analog-film neon-punk " \
                      "isometric low-poly origami modeling-compound cinematic 3d-model pixel-art tile-texture"

typedef struct
{
  const char *model;
  int         price; /* hundredths of a credit */
  gboolean    negative_prompt;
} Model;

static const Model sd3_models[] = {
  { "sd3.5-large", 650, TRUE },  { "sd3.5-large-turbo", 400, FALSE }, { "sd3.5-medium", 350, TRUE },
  { "sd3.5-flash", 250, FALSE }, { "sd3-large", 650, TRUE },          { "sd3-large-turbo", 400, FALSE },
  { "sd3-medium", 350, TRUE },   { NULL },
};
static const Model core_model = { "core", 300, TRUE };
static const Model ultra_model = { "ultra", 800, TRUE };

typedef struct
{
  const char *ratio;
  int         width; /* of pictures of about a megapixel */
  int         height;
} Shape;

static const Shape shapes[] = {
  { "1:1", 1024, 1024 }, { "5:4", 1088, 896 }, { "4:5", 896, 1088 }, { "3:2", 1216, 832 },  { "2:3", 832, 1216 },
  { "16:9", 1344, 768 }, { "9:16", 768, 1344 }, { "21:9", 1536, 640 }, { "9:21", 640, 1536 },
};

static void
take_body (StandInAnswer *answer,
           const char    *media_type,
           char          *text)
{
  g_bytes_unref (answer->body);
  answer->body = g_bytes_new_take (text, strlen (text));
  stand_in_answer_header (answer, "Content-Type", media_type);
}

/* An error in the shape of v2beta; errors: one a line. */
static StandInAnswer *
answer_error (guint       status,
              const char *name,
              const char *errors)
{
  StandInAnswer *answer = stand_in_answer_new (status);
  g_autoptr (JsonBuilder) json = json_builder_new ();
  g_autoptr (JsonNode) root = NULL;
  g_auto (GStrv) lines = g_strsplit (errors, "\n", -1);
  g_autofree char *id = g_compute_checksum_for_string (G_CHECKSUM_SHA256, errors, -1);

  json_builder_begin_object (json);
  json_builder_set_member_name (json, "id");
  json_builder_add_string_value (json, status == 429 ? name : id);
  json_builder_set_member_name (json, "name");
  json_builder_add_string_value (json, name);
  json_builder_set_member_name (json, "errors");
  json_builder_begin_array (json);
  for (int i = 0; lines[i] != NULL; i++)
    if (*lines[i] != '\0')
      json_builder_add_string_value (json, lines[i]);
  json_builder_end_array (json);
  json_builder_end_object (json);
  root = json_builder_get_root (json);
  take_body (answer, "application/json", json_to_string (root, FALSE));
  return answer;
}

static gboolean
is_one_of (const char *list,
           const char *word)
{
  g_auto (GStrv) words = g_strsplit (list, " ", -1);

  return g_strv_contains ((const char * const *) words, word);
}

static void
check_enum (StandInRequest *request,
            const char     *name,
            const char     *list,
            GString        *errors)
{
  const char *text = stand_in_request_text (request, name);
  g_auto (GStrv) words = g_strsplit (list, " ", -1);
  g_autofree char *choices = g_strjoinv ("' | '", words);

  if (text != NULL && !g_strv_contains ((const char * const *) words, text))
    g_string_append_printf (errors, "%s: invalid enum value. Expected '%s', received '%s'\n", name, choices, text);
}

static void
check_number (StandInRequest *request,
              const char     *name,
              double          min,
              double          max,
              GString        *errors)
{
  const char *text = stand_in_request_text (request, name);
  char *end = NULL;
  double value;

  if (text == NULL)
    return;
  value = g_ascii_strtod (text, &end);
  if (*text == '\0' || *end != '\0' || !isfinite (value))
    g_string_append_printf (errors, "%s: must be a number\n", name);
  else if (value < min || value > max)
    g_string_append_printf (errors, "%s: must be between %.10g and %.10g\n", name, min, max);
  if (strspn (text, "0123456789.") != strlen (text))
    stand_in_request_violate (request, "%s: is not written plainly: %s", name, text);
}

static void
check_text (StandInRequest *request,
            const char     *name,
            gboolean        required,
            GString        *errors)
{
  StandInPart *part = stand_in_request_part (request, name);
  const char *text = stand_in_request_text (request, name);

  if (text == NULL || *text == '\0')
    {
      if (required)
        g_string_append_printf (errors, "%s: is required\n", name);
      else if (text != NULL)
        stand_in_request_violate (request, "%s: is empty", name);
    }
  else if (!g_utf8_validate (text, g_bytes_get_size (part->body), NULL))
    g_string_append_printf (errors, "%s: must be UTF-8\n", name);
  else if (g_utf8_strlen (text, -1) > 10000)
    g_string_append_printf (errors, "%s: must be at most 10000 characters\n", name);
}

/* Reads the type from the first bytes and lets GdkPixbuf say the size. */
static void
check_image (StandInRequest *request,
             int             side_max,
             GString        *errors)
{
  StandInPart *part = stand_in_request_part (request, "image");
  g_autoptr (GInputStream) stream = NULL;
  g_autoptr (GdkPixbuf) picture = NULL;
  const char *data;
  const char *media = NULL;
  gsize size;

  if (part == NULL)
    return;
  data = g_bytes_get_data (part->body, &size);
  if (size > 12 && memcmp (data, "\x89PNG", 4) == 0)
    media = "image/png";
  else if (size > 12 && memcmp (data, "\xff\xd8\xff", 3) == 0)
    media = "image/jpeg";
  else if (size > 12 && memcmp (data + 8, "WEBP", 4) == 0)
    media = "image/webp";
  if (g_strcmp0 (media, part->content_type) != 0)
    stand_in_request_violate (request, "image: sent as %s", part->content_type);
  if (part->file_name == NULL || strpbrk (part->file_name, "/\\\"\r\n") != NULL)
    stand_in_request_violate (request, "image: without a plain file name");
  stream = g_memory_input_stream_new_from_bytes (part->body);
  picture = media == NULL ? NULL : gdk_pixbuf_new_from_stream (stream, NULL, NULL);
  if (picture == NULL)
    g_string_append (errors, "image: must be one of image/jpeg, image/png, image/webp\n");
  else if (MIN (gdk_pixbuf_get_width (picture), gdk_pixbuf_get_height (picture)) < 64)
    g_string_append (errors, "image: each side must be at least 64 pixels\n");
  else if (MAX (gdk_pixbuf_get_width (picture), gdk_pixbuf_get_height (picture)) > side_max)
    g_string_append_printf (errors, "image: each side must be at most %d pixels\n", side_max);
}

static void
check_known (StandInRequest *request,
             const char     *known)
{
  for (guint i = 0; i < request->parts->len; i++)
    {
      StandInPart *part = request->parts->pdata[i];

      if (!is_one_of (known, part->name))
        stand_in_request_violate (request, "%s: is no field here", part->name);
      if (strcmp (part->name, "image") != 0 && (part->file_name != NULL || part->content_type != NULL))
        stand_in_request_violate (request, "%s: a text part with a file name or a type", part->name);
    }
}

static void
forbid (StandInRequest *request,
        const char     *name,
        const char     *with)
{
  if (stand_in_request_part (request, name) != NULL)
    stand_in_request_violate (request, "%s: does not go with %s", name, with);
}

/* What all three endpoints share. */
static void
check_common (StandInRequest *request,
              GString        *errors)
{
  check_text (request, "prompt", TRUE, errors);
  check_text (request, "negative_prompt", FALSE, errors);
  check_enum (request, "aspect_ratio", RATIOS, errors);
  check_enum (request, "style_preset", STYLES, errors);
  check_enum (request, "output_format", "png jpeg webp", errors);
  check_number (request, "seed", 0, SEED_MAX, errors);
  check_number (request, "strength", 0, 1, errors);
  if (strchr (stand_in_request_text (request, "seed") ?: "", '.') != NULL)
    g_string_append (errors, "seed: must be an integer\n");
}

static const Model *
check_sd3 (StandInRequest *request,
           GString        *errors)
{
  const char *id = stand_in_request_text (request, "model");
  const char *mode = stand_in_request_text (request, "mode");
  const Model *model = sd3_models;

  check_known (request, "prompt negative_prompt model mode aspect_ratio seed style_preset cfg_scale strength "
                        "output_format image");
  check_number (request, "cfg_scale", 1, 10, errors);
  check_enum (request, "mode", "text-to-image image-to-image", errors);
  while (model->model != NULL && g_strcmp0 (model->model, id) != 0)
    model++;
  if (id == NULL)
    g_string_append (errors, "model: is required\n");
  else if (model->model == NULL)
    g_string_append_printf (errors, "model: invalid enum value. Expected 'sd3.5-large' | 'sd3.5-large-turbo' | "
                                    "'sd3.5-medium' | 'sd3.5-flash', received '%s'\n", id);
  else if (!model->negative_prompt)
    forbid (request, "negative_prompt", id);
  if (g_strcmp0 (mode, "image-to-image") == 0)
    {
      if (stand_in_request_part (request, "image") == NULL)
        g_string_append (errors, "image: is required\n");
      if (stand_in_request_part (request, "strength") == NULL)
        g_string_append (errors, "strength: is required\n");
      check_image (request, G_MAXINT, errors);
      forbid (request, "aspect_ratio", mode);
    }
  else
    {
      forbid (request, "image", "text-to-image");
      forbid (request, "strength", "text-to-image");
    }
  return model;
}

static const Model *
check_core (StandInRequest *request,
            GString        *errors)
{
  check_known (request, "prompt negative_prompt aspect_ratio seed style_preset output_format");
  return &core_model;
}

static const Model *
check_ultra (StandInRequest *request,
             GString        *errors)
{
  check_known (request, "prompt negative_prompt aspect_ratio seed style_preset output_format image strength");
  if (stand_in_request_part (request, "image") != NULL && stand_in_request_part (request, "strength") == NULL)
    g_string_append (errors, "strength: is required\n");
  if (stand_in_request_part (request, "image") == NULL)
    forbid (request, "strength", "no image");
  check_image (request, 16384, errors);
  return &ultra_model;
}

static gboolean
has_word (StandInRequest *request,
          const char     *word)
{
  return strstr (stand_in_request_text (request, "prompt") ?: "", word) != NULL;
}

/* The refusals a person can ask for by a word in the prompt. */
static StandInAnswer *
refuse_on_words (StandInRequest *request)
{
  static const struct { const char *word; guint status; const char *name; const char *text; } refusals[] = {
    { "#moderated", 403, "content_moderation", "Your request was flagged by our content moderation system, as a "
                                               "result your request was denied and you were not charged." },
    { "#language", 422, "invalid_language", "English is the only supported language for this service." },
    { "#figure", 422, "public_figure", "Our system detected the likeness of a public figure in your image." },
    { "#401", 401, "unauthorized", "authorization: invalid or missing header value" },
    { "#402", 402, "payment_required", "You lack sufficient credits to make this request. Please purchase more "
                                       "credits at https://platform.stability.ai/account/credits and try again." },
    { "#413", 413, "payload_too_large", "body: payloads cannot be larger than 10MiB in size" },
    { "#429", 429, "rate_limit_exceeded", "You have exceeded the rate limit of 150 requests within a 10 second "
                                          "period, and have been timed out for 60 seconds." },
    { "#500", 500, "internal_error", "An unexpected server error has occurred, please try again later." },
    { "#503", 503, "unavailable", "The service is unavailable." },
  };

  for (guint i = 0; i < G_N_ELEMENTS (refusals); i++)
    if (has_word (request, refusals[i].word))
      return answer_error (refusals[i].status, refusals[i].name, refusals[i].text);
  return NULL;
}

static StandInAnswer *
check_key (StandInRequest     *request,
           const StandInWorld *world)
{
  g_autofree char *expected = g_strconcat ("Bearer ", world->key, NULL);

  if (g_strcmp0 (stand_in_request_header (request, "authorization"), expected) == 0)
    return NULL;
  return answer_error (401, "unauthorized", "authorization: invalid or missing header value");
}

static void
picture_size (StandInRequest *request,
              const Model    *model,
              guint           scale,
              int            *width,
              int            *height)
{
  const char *ratio = stand_in_request_text (request, "aspect_ratio") ?: "1:1";

  for (guint i = 0; i < G_N_ELEMENTS (shapes); i++)
    if (strcmp (shapes[i].ratio, ratio) == 0)
      {
        *width = shapes[i].width * (model == &core_model ? 3 : 2) / 2 / MAX (scale, 1);
        *height = shapes[i].height * (model == &core_model ? 3 : 2) / 2 / MAX (scale, 1);
      }
}

static StandInAnswer *
make_picture (StandInRequest *request,
              const Model    *model,
              guint           scale)
{
  StandInAnswer *answer = stand_in_answer_new (200);
  StandInPart *input = stand_in_request_part (request, "image");
  const char *format = stand_in_request_text (request, "output_format") ?: "png";
  gboolean filtered = has_word (request, "#filtered");
  guint32 seed = g_ascii_strtoull (stand_in_request_text (request, "seed") ?: "0", NULL, 10);
  g_autoptr (GBytes) picture = NULL;
  g_autofree char *seed_text = NULL;
  g_autofree char *media = g_strconcat ("image/", format, NULL);
  int width = 0;
  int height = 0;

  if (seed == 0)
    seed = 1 + g_random_int () % SEED_MAX;
  seed_text = g_strdup_printf ("%u", seed);
  picture_size (request, model, scale, &width, &height);
  picture = stand_in_picture_new (stand_in_request_text (request, "prompt"), seed, width, height, format, filtered,
                                  input == NULL ? NULL : input->body,
                                  g_ascii_strtod (stand_in_request_text (request, "strength") ?: "1", NULL));
  answer->price = model->price;
  if (g_strcmp0 (stand_in_request_header (request, "accept"), "application/json") == 0)
    {
      g_autofree char *base64 = g_base64_encode (g_bytes_get_data (picture, NULL), g_bytes_get_size (picture));
      g_autofree char *type = g_strconcat ("application/json; type=", media, NULL);

      take_body (answer, type, g_strdup_printf ("{\"image\":\"%s\",\"finish_reason\":\"%s\",\"seed\":%s}", base64,
                                                filtered ? "CONTENT_FILTERED" : "SUCCESS", seed_text));
      return answer;
    }
  g_bytes_unref (answer->body);
  answer->body = g_steal_pointer (&picture);
  stand_in_answer_header (answer, "Content-Type", media);
  stand_in_answer_header (answer, "finish-reason", filtered ? "CONTENT_FILTERED" : "SUCCESS");
  stand_in_answer_header (answer, "seed", seed_text);
  return answer;
}

static StandInAnswer *
generate (StandInRequest     *request,
          const StandInWorld *world,
          const Model      *(*check) (StandInRequest *, GString *))
{
  g_autoptr (GString) errors = g_string_new (NULL);
  const char *type = stand_in_request_header (request, "content-type");
  StandInAnswer *answer;
  const Model *model;

  if (g_bytes_get_size (request->body) > REQUEST_MAX)
    return answer_error (413, "payload_too_large", "body: payloads cannot be larger than 10MiB in size");
  if (type == NULL || !g_str_has_prefix (type, "multipart/form-data; boundary="))
    return answer_error (400, "bad_request", "content-type: must be multipart/form-data");
  stand_in_request_parse_form (request, type + strlen ("multipart/form-data; boundary="));
  check_common (request, errors);
  model = check (request, errors);
  if (errors->len > 0)
    return answer_error (400, "bad_request", errors->str);
  if ((answer = check_key (request, world)) != NULL)
    return answer;
  if (world->rate_limited)
    return answer_error (429, "rate_limit_exceeded",
                         "You have exceeded the rate limit of 150 requests within a 10 second period, and have been "
                         "timed out for 60 seconds.");
  if ((answer = refuse_on_words (request)) != NULL)
    return answer;
  if (world->credits < model->price)
    return answer_error (402, "payment_required",
                         "You lack sufficient credits to make this request. Please purchase more credits at "
                         "https://platform.stability.ai/account/credits and try again.");
  return make_picture (request, model, world->scale);
}

static StandInAnswer *
tell_balance (StandInRequest     *request,
              const StandInWorld *world)
{
  g_autoptr (StandInAnswer) refusal = check_key (request, world);
  StandInAnswer *answer;

  if (refusal != NULL)
    {
      answer = stand_in_answer_new (401);
      take_body (answer, "application/json",
                 g_strdup ("{\"id\":\"9160aa70-222f-4a36-9eb7-475e2668362a\",\"name\":\"unauthorized\","
                           "\"message\":\"missing authorization header\"}"));
      return answer;
    }
  answer = stand_in_answer_new (200);
  take_body (answer, "application/json", g_strdup_printf ("{\"credits\":%" G_GINT64_FORMAT ".%02d}",
                                                          world->credits / 100, (int) (world->credits % 100)));
  return answer;
}

gboolean
stand_in_is_generation (StandInRequest *request)
{
  return strcmp (request->method, "POST") == 0 && g_str_has_prefix (request->path, GENERATE);
}

/* What must hold for every request to the API. */
void
stand_in_rules_check_manners (StandInRequest *request)
{
  static const char * const unwelcome[] = { "cookie", "origin", "referer", "stability-client-user-id", "expect" };
  static const char * const client[] = { "stability-client-id", "stability-client-version" };
  const char *accept = stand_in_request_header (request, "accept");

  for (guint i = 0; i < G_N_ELEMENTS (unwelcome); i++)
    if (stand_in_request_header (request, unwelcome[i]) != NULL)
      stand_in_request_violate (request, "the header %s is sent", unwelcome[i]);
  for (guint i = 0; i < G_N_ELEMENTS (client); i++)
    {
      const char *value = stand_in_request_header (request, client[i]);

      if (value != NULL && (!g_str_is_ascii (value) || strlen (value) > 256 || *value == '\0'))
        stand_in_request_violate (request, "the header %s is not plain", client[i]);
    }
  for (guint i = 0; i < request->names->len; i++)
    for (guint j = 0; j < i; j++)
      if (strcmp (request->names->pdata[i], request->names->pdata[j]) == 0)
        stand_in_request_violate (request, "the header %s is sent twice", (char *) request->names->pdata[i]);
  if (stand_in_request_header (request, "host") == NULL)
    stand_in_request_violate (request, "there is no Host");
  if (!is_one_of ("image/* application/json", accept ?: ""))
    stand_in_request_violate (request, "Accept is %s", accept);
}

StandInAnswer *
stand_in_rules_apply (StandInRequest     *request,
                      const StandInWorld *world)
{
  gboolean post = strcmp (request->method, "POST") == 0;

  if (post && strcmp (request->path, GENERATE "sd3") == 0)
    return generate (request, world, check_sd3);
  if (post && strcmp (request->path, GENERATE "core") == 0)
    return generate (request, world, check_core);
  if (post && strcmp (request->path, GENERATE "ultra") == 0)
    return generate (request, world, check_ultra);
  if (strcmp (request->method, "GET") == 0 && strcmp (request->path, "/v1/user/balance") == 0)
    return tell_balance (request, world);
  return answer_error (404, "not_found", "The specified resource was not found.");
}
