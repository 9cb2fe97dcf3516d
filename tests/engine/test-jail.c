/* The jail from the inside: a child locks itself in and then tries what a hijacked engine would try. What gets through
 * is reported by name.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "engine/file.h"
#include "engine/jail.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <linux/landlock.h>
#include <linux/openat2.h>
#include <pthread.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static char *folder; /* holds "model", "secret" and a cache like Hugging Face's */

static char *
at (const char *name)
{
  return g_build_filename (folder, name, NULL);
}

static void
write_file (const char *name)
{
  g_autofree char *path = at (name), *parent = g_path_get_dirname (path);

  g_assert_cmpint (g_mkdir_with_parents (parent, 0700), ==, 0);
  g_assert_true (g_file_set_contents (path, "some bytes", -1, NULL));
}

static void
write_link (const char *target,
            const char *name)
{
  g_autofree char *path = at (name), *parent = g_path_get_dirname (path);

  g_assert_cmpint (g_mkdir_with_parents (parent, 0700), ==, 0);
  g_assert_cmpint (symlink (target, path), ==, 0);
}

/* ---- What is tried; true when it worked --------------------------------------------------------------------- */

static bool
got (long descriptor)
{
  return descriptor >= 0;
}

static bool
opens (const char *name,
       int         flags)
{
  g_autofree char *path = at (name);

  return got (open (path, flags, 0600));
}

/* A new process, if it is one, ends at once. */
static bool
went (long pid)
{
  if (pid == 0)
    _exit (0);
  return pid > 0;
}

static bool
try_connect (void)
{
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons (9), .sin_addr = { htonl (INADDR_LOOPBACK) } };
  int s = socket (AF_INET, SOCK_STREAM, 0);

  return connect (s, (struct sockaddr *) &address, sizeof address) == 0 || (errno != EPERM && errno != EBADF && errno != EACCES);
}

static int channel[2]; /* open before, as the standard input is */

static bool try_send (void) { return send (channel[0], "x", 1, MSG_DONTWAIT) == 1; }
static bool try_receive (void) { return recv (channel[0], (char[1]) { 0 }, 1, MSG_DONTWAIT) != -1 || errno != EPERM; }
static bool try_pass (void) { return sendmsg (channel[0], &(struct msghdr) { .msg_iov = &(struct iovec) { (char *) "x", 1 }, .msg_iovlen = 1 }, MSG_DONTWAIT) == 1; }
static bool try_inet (void) { return got (socket (AF_INET, SOCK_STREAM, 0)); }
static bool try_unix (void) { return got (socket (AF_UNIX, SOCK_STREAM, 0)); }
static bool try_netlink (void) { return got (socket (AF_NETLINK, SOCK_RAW, 0)); }
static bool try_pair (void) { return socketpair (AF_UNIX, SOCK_STREAM, 0, (int[2]) { 0 }) == 0; }
static bool try_fork (void) { return went (syscall (SYS_clone, SIGCHLD, 0, 0, 0, 0)); }
static bool try_libc_fork (void) { return went (fork ()); }
static bool try_ptrace (void) { return ptrace (PTRACE_SEIZE, getppid (), 0, 0) == 0; }
static bool try_kill (void) { return kill (getppid (), 0) == 0; }
static bool try_pidfd (void) { return got (syscall (SYS_pidfd_open, getppid (), 0)); }
static bool try_uring (void) { return got (syscall (SYS_io_uring_setup, 4, (char[256]) { 0 })); }
static bool try_bpf (void) { return syscall (SYS_bpf, 0, NULL, 0) != -1 || errno != EPERM; }
static bool try_perf (void) { return syscall (SYS_perf_event_open, NULL, 0, -1, -1, 0) != -1 || errno != EPERM; }
static bool try_keyctl (void) { return syscall (SYS_keyctl, 0, -3, 1) != -1; }
static bool try_userfault (void) { return got (syscall (SYS_userfaultfd, 1)); }
static bool try_unshare (void) { return unshare (CLONE_NEWUSER) == 0; }
static bool try_mount (void) { return mount ("none", folder, "tmpfs", 0, NULL) == 0; }
static bool try_chmod (void) { g_autofree char *path = at ("model"); return chmod (path, 0666) == 0; }
static bool try_touch (void) { g_autofree char *path = at ("model"); return utimensat (AT_FDCWD, path, NULL, 0) == 0; }
static bool try_limit (void) { return prlimit (getppid (), RLIMIT_CORE, NULL, &(struct rlimit) { 0 }) == 0; }
static bool try_type (void) { return ioctl (0, TIOCSTI, "x") == 0 || errno != EPERM; }
static bool try_passwd (void) { return got (open ("/etc/passwd", O_RDONLY)); }
static bool try_root (void) { return got (open ("/", O_RDONLY | O_DIRECTORY)); }
static bool try_neighbour (void) { return opens ("secret", O_RDONLY); }
static bool try_listing (void) { return opens (".", O_RDONLY | O_DIRECTORY); }
static bool try_other_cache (void) { return opens ("cache/refs", O_RDONLY); }
static bool try_write (void) { return opens ("model", O_WRONLY); }
static bool try_read_write (void) { return opens ("model", O_RDWR); }
static bool try_truncate_open (void) { return opens ("model", O_RDONLY | O_TRUNC); }
static bool try_truncate (void) { g_autofree char *path = at ("model"); return truncate (path, 0) == 0; }
static bool try_create (void) { return opens ("cache/snapshots/one/new", O_WRONLY | O_CREAT); }
static bool try_home (void) { g_autofree char *path = g_build_filename (g_get_home_dir (), ".profile-of-a-test", NULL); return got (open (path, O_WRONLY | O_CREAT, 0600)); }
static bool try_unlink (void) { g_autofree char *path = at ("model"); return unlink (path) == 0; }
static bool try_mkdir (void) { g_autofree char *path = at ("cache/snapshots/one/folder"); return mkdir (path, 0700) == 0; }
static bool try_symlink (void) { g_autofree char *path = at ("cache/snapshots/one/link"); return symlink ("/etc/passwd", path) == 0; }

static bool
try_environment (void)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/environ", getppid ());

  return got (open (path, O_RDONLY));
}

static bool
try_exec (void)
{
  execl ("/bin/true", "true", NULL);
  return false; /* if it worked, the child has no report */
}

static bool
try_exec_of_memory (void)
{
  int fd = memfd_create ("program", MFD_CLOEXEC);

  return syscall (SYS_execveat, fd, "", (char *[]) { NULL }, (char *[]) { NULL }, AT_EMPTY_PATH) != -1 || errno != EPERM;
}

static bool
try_spawn (void)
{
  pid_t pid;

  return posix_spawn (&pid, "/bin/true", NULL, NULL, (char *[]) { (char *) "true", NULL }, NULL) == 0;
}

static bool
try_clone3 (void)
{
  uint64_t arguments[8] = { 0, 0, 0, 0, SIGCHLD };

  return went (syscall (SYS_clone3, arguments, sizeof arguments));
}

static bool
try_memory_of_parent (void)
{
  char here[8];
  struct iovec local = { here, sizeof here }, remote = { folder, sizeof here };

  return process_vm_readv (getppid (), &local, 1, &remote, 1, 0) > 0;
}

static bool
try_rename (void)
{
  g_autofree char *from = at ("model"), *to = at ("moved");

  return rename (from, to) == 0;
}

static bool
try_openat2 (void)
{
  g_autofree char *path = at ("model");
  struct open_how how = { .flags = O_WRONLY };

  return got (syscall (SYS_openat2, AT_FDCWD, path, &how, sizeof how));
}

#define BY_SECCOMP 1
#define BY_LANDLOCK 2

static const struct
{
  const char *name;
  bool (*try_it) (void);
  int by; /* the locks that refuse it, each alone */
} attempts[] = {
  { "an internet socket", try_inet, BY_SECCOMP },
  { "a socket to other programs", try_unix, BY_SECCOMP },
  { "a socket to the kernel", try_netlink, BY_SECCOMP },
  { "a pair of sockets", try_pair, BY_SECCOMP },
  { "a connection", try_connect, BY_SECCOMP },
  { "a message", try_send, BY_SECCOMP },
  { "somebody's message", try_receive, BY_SECCOMP },
  { "a message that may pass a descriptor", try_pass, BY_SECCOMP },
  { "clone", try_fork, BY_SECCOMP },
  { "clone3", try_clone3, BY_SECCOMP },
  { "fork", try_libc_fork, BY_SECCOMP },
  { "another program", try_exec, BY_SECCOMP | BY_LANDLOCK },
  { "a program in memory", try_exec_of_memory, BY_SECCOMP },
  { "a spawned program", try_spawn, BY_SECCOMP },
  { "ptrace", try_ptrace, BY_SECCOMP | BY_LANDLOCK },
  { "the parent's memory", try_memory_of_parent, BY_SECCOMP | BY_LANDLOCK },
  { "a signal to the parent", try_kill, BY_SECCOMP },
  { "a descriptor of the parent", try_pidfd, BY_SECCOMP },
  { "the parent's limits", try_limit, BY_SECCOMP },
  { "io_uring", try_uring, BY_SECCOMP },
  { "bpf", try_bpf, BY_SECCOMP },
  { "perf", try_perf, BY_SECCOMP },
  { "kernel keys", try_keyctl, BY_SECCOMP },
  { "userfaultfd", try_userfault, BY_SECCOMP },
  { "a namespace", try_unshare, BY_SECCOMP },
  { "a mount", try_mount, BY_SECCOMP },
  { "another mode", try_chmod, BY_SECCOMP },
  { "another time", try_touch, BY_SECCOMP },
  { "typing into the terminal", try_type, BY_SECCOMP },
  { "/etc/passwd", try_passwd, BY_LANDLOCK },
  { "the root folder", try_root, BY_LANDLOCK },
  { "the parent's environment", try_environment, BY_LANDLOCK },
  { "a file beside the model", try_neighbour, BY_LANDLOCK },
  { "a list of what is beside the model", try_listing, BY_LANDLOCK },
  { "another file of the cache", try_other_cache, BY_LANDLOCK },
  { "writing to the model", try_write, BY_SECCOMP | BY_LANDLOCK },
  { "reading and writing the model", try_read_write, BY_SECCOMP | BY_LANDLOCK },
  { "cutting the model while opening it", try_truncate_open, BY_SECCOMP },
  { "cutting the model", try_truncate, BY_SECCOMP },
  { "a new file in the model's folder", try_create, BY_SECCOMP | BY_LANDLOCK },
  { "a new file at home", try_home, BY_SECCOMP | BY_LANDLOCK },
  { "removing the model", try_unlink, BY_SECCOMP | BY_LANDLOCK },
  { "moving the model", try_rename, BY_SECCOMP | BY_LANDLOCK },
  { "a new folder", try_mkdir, BY_SECCOMP | BY_LANDLOCK },
  { "a new link", try_symlink, BY_SECCOMP | BY_LANDLOCK },
  { "writing to the model by openat2", try_openat2, BY_LANDLOCK },
};

/* ---- The child ---------------------------------------------------------------------------------------------- */

static int report; /* where the child writes what it finds */

static void
tell (const char *found,
      const char *name)
{
  dprintf (report, "%s %s\n", found, name);
}

static sd3_jail
enter (void)
{
  g_autofree char *model = at ("link-to-model"), *snapshot = at ("cache/snapshots/one");

  return sd3_jail_enter ((const char *const[]) { model, snapshot, NULL }, false, NULL);
}

static void
try_all (void)
{
  sd3_jail jail = enter ();
  int locks = (jail.seccomp ? BY_SECCOMP : 0) | (jail.landlock ? BY_LANDLOCK : 0);

  for (size_t i = 0; i < G_N_ELEMENTS (attempts); i++)
    if ((attempts[i].by & locks) != 0 && attempts[i].try_it ())
      tell ("worked:", attempts[i].name);
}

/* With a card, what its driver compiles is kept in one folder, if Landlock holds. */
static void
try_with_cache (void)
{
  g_autofree char *model = at ("link-to-model"), *snapshot = at ("cache/snapshots/one"), *cache = at ("drivers");
  g_autofree char *one = at ("drivers/one"), *two = at ("drivers/two"), *outside = at ("moved"), *within = at ("drivers/within");
  sd3_jail jail = sd3_jail_enter ((const char *const[]) { model, snapshot, NULL }, true, cache);
  bool kept = opens ("drivers/one", O_RDWR | O_CREAT);

  if (kept != jail.landlock)
    tell (kept ? "worked without Landlock:" : "cannot make", "a file of the cache");
  if (!jail.landlock)
    return;
  for (size_t i = 0; i < G_N_ELEMENTS (attempts); i++)
    if (attempts[i].try_it ())
      tell ("worked:", attempts[i].name);
  if (opens ("drivers/out", O_WRONLY) || opens ("drivers/out", O_RDONLY))
    tell ("worked:", "a link out of the cache");
  if (rename (one, outside) == 0 || link (one, outside) == 0)
    tell ("worked:", "moving a file out of the cache");
  if (!opens ("drivers/one", O_WRONLY | O_TRUNC) || mkdir (within, 0700) != 0 || rename (one, two) != 0 || unlink (two) != 0)
    tell ("cannot change", "the cache");
}

static void *
do_nothing (void *data)
{
  return data;
}

/* What the engine must still be able to do. */
static void
use_all (void)
{
  static const char *const readable[] = { "link-to-model", "model", "cache/snapshots/one/weights", "cache/blobs/f00", "cache/snapshots/one" };
  pthread_t thread;
  void *result = NULL;

  enter ();
  for (size_t i = 0; i < G_N_ELEMENTS (readable); i++)
    if (!opens (readable[i], O_RDONLY))
      tell ("cannot read", readable[i]);
  if (!got (open ("/proc/self/maps", O_RDONLY)))
    tell ("cannot read", "/proc/self/maps");
  if (pthread_create (&thread, NULL, do_nothing, folder) != 0 || pthread_join (thread, &result) != 0 || result != folder)
    tell ("cannot start", "a thread");
  if (kill (getpid (), 0) != 0 || raise (0) != 0)
    tell ("cannot signal", "itself");
  if (mmap (NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED)
    tell ("cannot map", "code");
}

static pthread_barrier_t barrier;

/* Like a driver's: it lets no signal through but the one that Mesa lets through. */
static void *
try_from_thread (void *data)
{
  sd3_jail *jail = data;

  pthread_barrier_wait (&barrier);
  pthread_barrier_wait (&barrier);
  if (jail->seccomp && try_inet ())
    tell ("worked in an older thread:", "a socket");
  if (jail->landlock && try_passwd ())
    tell ("worked in an older thread:", "/etc/passwd");
  return NULL;
}

static void
try_in_older_thread (void)
{
  sd3_jail jail = { false, false }, alone;
  pthread_t thread;
  sigset_t set, before;

  sigfillset (&set);
  sigdelset (&set, SIGSYS);
  pthread_barrier_init (&barrier, NULL, 2);
  pthread_sigmask (SIG_SETMASK, &set, &before);
  pthread_create (&thread, NULL, try_from_thread, &jail);
  pthread_sigmask (SIG_SETMASK, &before, NULL);
  pthread_barrier_wait (&barrier);
  alone = enter ();
  jail = alone;
  pthread_barrier_wait (&barrier);
  pthread_join (thread, NULL);
  if (syscall (SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION) > 0 && !jail.landlock)
    tell ("not locked:", "files, with an older thread");
}

/* A thread that hears no signal is not locked in, and that is said. */
static void
admit_a_deaf_thread (void)
{
  sd3_jail jail = { false, false };
  pthread_t thread;
  sigset_t set, before;

  sigfillset (&set);
  pthread_barrier_init (&barrier, NULL, 2);
  pthread_sigmask (SIG_SETMASK, &set, &before);
  pthread_create (&thread, NULL, try_from_thread, &jail);
  pthread_sigmask (SIG_SETMASK, &before, NULL);
  pthread_barrier_wait (&barrier);
  if (enter ().landlock)
    tell ("said to be locked:", "a deaf thread");
  if (!try_passwd ())
    return pthread_barrier_wait (&barrier), (void) pthread_join (thread, NULL);
  tell ("worked:", "/etc/passwd beside a deaf thread");
}

/* A kernel without Landlock, as an older one or a container is. */
static void
try_without_landlock (void)
{
  g_autofree char *snapshot = at ("cache/snapshots/one");
  scmp_filter_ctx filter = seccomp_init (SCMP_ACT_ALLOW);
  sd3_file file;
  sd3_error error;
  sd3_jail jail;

  seccomp_rule_add (filter, SCMP_ACT_ERRNO (ENOSYS), SCMP_SYS (landlock_create_ruleset), 0);
  seccomp_load (filter);
  jail = enter ();
  if (jail.landlock || !jail.seccomp)
    tell ("not said:", "that only seccomp is there");
  for (size_t i = 0; i < G_N_ELEMENTS (attempts); i++)
    if ((attempts[i].by & BY_SECCOMP) != 0 && attempts[i].try_it ())
      tell ("worked:", attempts[i].name);
  if (try_openat2 ())
    tell ("worked:", "writing to the model by openat2");
  if (!sd3_file_open_in (&file, snapshot, "weights", &error))
    tell ("cannot open", error.text);
  if (sd3_file_open_in (&file, snapshot, "out", &error) || sd3_file_open_in (&file, snapshot, "../../../secret", &error))
    tell ("opened", "what is outside of the cache");
}

/* Runs a part in a child and returns what it told. */
static char *
in_child (void (*part) (void))
{
  g_autoptr (GString) told = g_string_new (NULL);
  char buffer[4096];
  ssize_t n;
  int ends[2], status;
  pid_t pid;

  g_assert_cmpint (pipe2 (ends, O_CLOEXEC), ==, 0);
  pid = fork ();
  g_assert_cmpint (pid, >=, 0);
  if (pid == 0)
    {
      close (ends[0]);
      report = ends[1];
      part ();
      tell ("", "done");
      _exit (0);
    }
  close (ends[1]);
  while ((n = read (ends[0], buffer, sizeof buffer)) > 0)
    g_string_append_len (told, buffer, n);
  close (ends[0]);
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_cmpint (status, ==, 0);
  return g_string_free (g_steal_pointer (&told), FALSE);
}

static void
check_part (const void *data)
{
  g_autofree char *told = in_child (*(void (*const *) (void)) data);

  g_assert_cmpstr (told, ==, " done\n");
}

/* Whether there are locks is the kernel's business; that they are closed where it has them is ours. */
static void
say_locks (void)
{
  sd3_jail jail = enter ();

  if (syscall (SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION) > 0 && !jail.landlock)
    tell ("not locked:", "files");
  if (!jail.seccomp)
    tell ("not locked:", "system calls");
}

int
main (int    argc,
      char **argv)
{
  static void (*const parts[]) (void) = { try_all, use_all, try_in_older_thread, admit_a_deaf_thread, say_locks, try_without_landlock, try_with_cache };
  g_autofree char *command = NULL;
  int status;

  g_test_init (&argc, &argv, NULL);
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM, 0, channel), ==, 0);
  folder = g_dir_make_tmp ("sfumato-XXXXXX", NULL);
  write_file ("model");
  write_file ("secret");
  write_file ("cache/refs");
  write_file ("cache/blobs/f00");
  write_link ("../../blobs/f00", "cache/snapshots/one/weights");
  write_link ("/etc/passwd", "cache/snapshots/one/out");
  write_link ("model", "link-to-model");
  write_link ("../secret", "drivers/out");
  g_test_add_data_func ("/jail/refuses", &parts[0], check_part);
  g_test_add_data_func ("/jail/leaves", &parts[1], check_part);
  g_test_add_data_func ("/jail/older-thread", &parts[2], check_part);
  g_test_add_data_func ("/jail/deaf-thread", &parts[3], check_part);
  g_test_add_data_func ("/jail/closed", &parts[4], check_part);
  g_test_add_data_func ("/jail/without-landlock", &parts[5], check_part);
  g_test_add_data_func ("/jail/cache", &parts[6], check_part);
  status = g_test_run ();
  command = g_strdup_printf ("rm -r '%s'", folder);
  return g_spawn_command_line_sync (command, NULL, NULL, NULL, NULL) ? status : 1;
}
