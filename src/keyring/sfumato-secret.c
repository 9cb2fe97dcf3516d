/* What holds a secret in memory, and what keeps that memory inside the process.
 *
 * libsecret's own values do the holding: their pool is locked into memory where the system allows it, left out of
 * core dumps, and wiped when freed. Where no memory may be locked they fall back to the ordinary kind.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "keyring/sfumato-keyring.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <libsecret/secret.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define LENGTH_MAX 512

struct _SfumatoSecret
{
  SecretValue *value;   /* owned */
};

/* The stretch of text without the white space around it. */
static const char *
trim (const char *text,
      gsize      *length)
{
  while (g_ascii_isspace (*text))
    text++;
  *length = strlen (text);
  while (*length > 0 && g_ascii_isspace (text[*length - 1]))
    (*length)--;
  return text;
}

static const char *
skip_scheme (const char *text,
             gsize      *length)
{
  const char *scheme = "Bearer";
  gsize scheme_length = strlen (scheme);

  if (g_ascii_strncasecmp (text, scheme, scheme_length) != 0)
    return text;
  if (*length == scheme_length)
    *length = 0;
  if (*length == 0 || !g_ascii_isspace (text[scheme_length]))
    return text;
  for (text += scheme_length, *length -= scheme_length; g_ascii_isspace (*text); (*length)--)
    text++;
  return text;
}

static gboolean
could_be_key (const char *text,
              gsize       length)
{
  if (length == 0 || length > LENGTH_MAX)
    return FALSE;
  for (gsize i = 0; i < length; i++)
    if (!g_ascii_isgraph (text[i]))
      return FALSE;
  return TRUE;
}

SfumatoSecret *
sfumato_secret_new (const char *text)
{
  SfumatoSecret *self;
  gsize length;

  if (text == NULL)
    return NULL;
  text = trim (text, &length);
  text = skip_scheme (text, &length);
  if (!could_be_key (text, length))
    return NULL;
  self = g_atomic_rc_box_new0 (SfumatoSecret);
  self->value = secret_value_new (text, length, "text/plain");
  return self;
}

SfumatoSecret *
sfumato_secret_ref (SfumatoSecret *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
clear (gpointer data)
{
  SfumatoSecret *self = data;

  secret_value_unref (self->value);
}

void
sfumato_secret_unref (SfumatoSecret *self)
{
  g_atomic_rc_box_release_full (self, clear);
}

const char *
sfumato_secret_peek (SfumatoSecret *self)
{
  return secret_value_get_text (self->value);
}

/* A crash reporter that the kernel pipes the dump to is not held by the limit on its size, so that the dump has to be
 * empty, too: bit 4 alone leaves the headers of the program and its libraries, which is enough to name them. */
void
sfumato_keyring_harden_process (void)
{
  static const char headers_only[] = "0x10";
  struct rlimit limit;
  int fd;

  if (getrlimit (RLIMIT_CORE, &limit) == 0)
    {
      limit.rlim_cur = 0;
      setrlimit (RLIMIT_CORE, &limit);
    }
  fd = g_open ("/proc/self/coredump_filter", O_WRONLY | O_CLOEXEC, 0);
  if (fd < 0)
    return;
  if (write (fd, headers_only, strlen (headers_only)) < 0)
    g_debug ("The core dump filter cannot be set: %s", g_strerror (errno));
  g_close (fd, NULL);
}
