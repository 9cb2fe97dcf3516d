/* Certificates for tests of encryption, made by certtool.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "certificates.h"

#include <glib/gstdio.h>
#include <string.h>

static char *folder;

char *
certificates_dup_path (const char *name,
                       const char *suffix)
{
  return g_strdup_printf ("%s/%s%s", folder, name, suffix);
}

static void
run (const char *command)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *messages = NULL;
  int status;

  g_spawn_command_line_sync (command, NULL, &messages, &status, &error);
  g_assert_no_error (error);
  if (!g_spawn_check_wait_status (status, NULL))
    g_error ("%s: %s", command, messages);
}

static void
make_key (const char *name)
{
  g_autofree char *key = certificates_dup_path (name, ".key");
  g_autofree char *command = g_strdup_printf ("certtool --generate-privkey --key-type=ecdsa --outfile %s", key);

  run (command);
}

static void
write_text (const char *name,
            const char *suffix,
            const char *text)
{
  g_autofree char *path = certificates_dup_path (name, suffix);

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
}

/* A certificate of that name, signed by an authority, or by itself where that is NULL. */
static void
make_certificate (const char *name,
                  const char *authority,
                  const char *template)
{
  g_autofree char *path = g_strdup_printf ("%s/%s", folder, name);
  g_autofree char *signer = authority != NULL ? g_strdup_printf ("--generate-certificate --load-ca-certificate %s/%s.pem "
                                                                 "--load-ca-privkey %s/%s.key", folder, authority,
                                                                 folder, authority)
                                              : g_strdup ("--generate-self-signed");
  g_autofree char *command = g_strdup_printf ("certtool %s --load-privkey %s.key --template %s.template --outfile %s.pem%s",
                                              signer, path, path, path, strcmp (name, "weak") == 0 ? " --hash SHA1" : "");

  make_key (name);
  write_text (name, ".template", template);
  run (command);
}

/* What the authority says of "revoked", for its server to show: an answer of the protocol OCSP. */
static void
make_revocation (void)
{
  g_autofree char *authority = certificates_dup_path ("authority", "");
  g_autofree char *revoked = certificates_dup_path ("revoked", "");
  g_autofree char *command =
    g_strdup_printf ("openssl ocsp -index %s.index -CA %s.pem -rsigner %s.pem -rkey %s.key -issuer %s.pem -serial 77 "
                     "-ndays 5 -respout %s.ocsp", revoked, authority, authority, authority, authority, revoked);

  /* As openssl's own authorities keep it: revoked, until when it would hold, since when it does not, its number. */
  write_text ("revoked", ".index", "R\t991231235959Z\t250101000000Z\t4D\tunknown\t/CN=server\n");
  run (command);
}

#define AUTHORITY "cn=\"authority\"\nca\ncert_signing_key\nocsp_signing_key\nexpiration_days=10\n"
#define SERVER    "cn=\"server\"\ntls_www_server\nsigning_key\n"
#define HERE      "ip_address=\"127.0.0.1\"\n"

void
certificates_make (void)
{
  folder = g_dir_make_tmp ("sfumato-tls-XXXXXX", NULL);
  g_assert_nonnull (folder);
  make_certificate ("authority", NULL, AUTHORITY);
  make_certificate ("stranger", NULL, AUTHORITY);
  make_certificate ("good", "authority", SERVER HERE "expiration_days=5\n");
  make_certificate ("expired", "authority", SERVER HERE "activation_date=\"2015-01-01 00:00:00\"\n"
                                            "expiration_date=\"2016-01-01 00:00:00\"\n");
  make_certificate ("early", "authority", SERVER HERE "activation_date=\"2080-01-01 00:00:00\"\n"
                                          "expiration_date=\"2081-01-01 00:00:00\"\n");
  make_certificate ("far", "authority", SERVER "dns_name=\"service.invalid\"\nexpiration_days=5\n");
  make_certificate ("elsewhere", "authority", SERVER "dns_name=\"example.org\"\nexpiration_days=5\n");
  make_certificate ("self-signed", NULL, SERVER HERE "expiration_days=5\n");
  make_certificate ("unknown", "stranger", SERVER HERE "expiration_days=5\n");
  make_certificate ("weak", "authority", SERVER HERE "expiration_days=5\n");
  make_certificate ("common-name", "authority", "cn=\"127.0.0.1\"\ntls_www_server\nsigning_key\nexpiration_days=5\n");
  make_certificate ("unproven", "authority", SERVER HERE "tls_feature=5\nexpiration_days=5\n");
  make_certificate ("revoked", "authority", SERVER HERE "serial=77\nexpiration_days=5\n");
  make_revocation ();
}

void
certificates_remove (void)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);

      g_unlink (path);
    }
  g_rmdir (folder);
  g_free (folder);
}

GTlsDatabase *
certificates_load_authority (void)
{
  g_autofree char *path = certificates_dup_path ("authority", ".pem");
  g_autoptr (GError) error = NULL;
  GTlsDatabase *database = g_tls_file_database_new (path, &error);

  g_assert_no_error (error);
  return database;
}

void
certificates_set_up (Fixture    *fixture,
                     const char *name)
{
  g_autofree char *certificate_path = certificates_dup_path (name, ".pem");
  g_autofree char *key_path = certificates_dup_path (name, ".key");
  g_autoptr (GTlsCertificate) certificate = NULL;
  g_autoptr (GError) error = NULL;

  certificate = g_tls_certificate_new_from_files (certificate_path, key_path, &error);
  g_assert_no_error (error);
  fixture->server = stand_in_new (0, certificate, &error);
  g_assert_no_error (error);
  stand_in_script (fixture->server, "{'scale':16,'rate_limit':0}");
  fixture->service = sfumato_stability_new (stand_in_get_url (fixture->server), &error);
  g_assert_no_error (error);
  fixture->limits = sfumato_http_limits;
  fixture->limits.tls_database = certificates_load_authority ();
  fixture_apply_limits (fixture);
}
