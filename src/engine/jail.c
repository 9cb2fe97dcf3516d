/* The jail: Landlock for files, seccomp for system calls. Each works alone where a kernel or a container lacks the other.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "engine/jail.h"

#include "engine/memory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/landlock.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* ---- Files ------------------------------------------------------------------------------------------------- */

#define READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define KEEP (READ | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_TRUNCATE | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_DIR | \
              LANDLOCK_ACCESS_FS_REMOVE_FILE)
#define USE (READ | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_IOCTL_DEV)

/* What the C library and OpenMP read: where a stack ends, how many processors and caches there are. */
static const char *const always[] = { "/proc/self", "/sys/devices/system", NULL };

/* What drivers of graphics cards read, and libraries they load late: public all of it. The second and third are a
 * Flatpak's and NixOS's. */
static const char *const for_drivers[] = {
  "/usr", "/app", "/run/opengl-driver", "/nix/store", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/vulkan", "/etc/drirc",
  "/sys", "/proc/driver", "/proc/modules", "/proc/devices", NULL,
};

static const char *const cards[] = {
  "/dev/dri", "/dev/kfd", "/dev/nvidiactl", "/dev/nvidia-uvm", "/dev/nvidia-modeset", "/dev/nvidia0", "/dev/nvidia1",
  "/dev/nvidia2", "/dev/nvidia3", NULL,
};

/* All that a version of Landlock can refuse (linux/landlock.h, "versions of the ABI"). */
static struct landlock_ruleset_attr
everything (int version)
{
  struct landlock_ruleset_attr all = { .handled_access_fs = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1 };

  if (version >= 2)
    all.handled_access_fs |= LANDLOCK_ACCESS_FS_REFER;
  if (version >= 3)
    all.handled_access_fs |= LANDLOCK_ACCESS_FS_TRUNCATE;
  if (version >= 4)
    all.handled_access_net = LANDLOCK_ACCESS_NET_BIND_TCP | LANDLOCK_ACCESS_NET_CONNECT_TCP;
  if (version >= 5)
    all.handled_access_fs |= LANDLOCK_ACCESS_FS_IOCTL_DEV;
  if (version >= 6)
    all.scoped = LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET | LANDLOCK_SCOPE_SIGNAL;
  return all;
}

/* A rule holds for an inode, and /proc makes new ones when memory is short: the descriptor stays open to keep it. */
static void
allow (int         rules,
       const char *path,
       uint64_t    access)
{
  struct landlock_path_beneath_attr rule = { .allowed_access = access, .parent_fd = open (path, O_PATH | O_CLOEXEC) };
  struct stat at;

  if (rule.parent_fd < 0 || fstat (rule.parent_fd, &at) != 0)
    return;
  if (!S_ISDIR (at.st_mode))
    rule.allowed_access &= ~(uint64_t) LANDLOCK_ACCESS_FS_READ_DIR;
  syscall (SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
}

static void
allow_all (int                rules,
           const char *const *paths,
           uint64_t           access)
{
  for (; *paths; paths++)
    allow (rules, *paths, access);
}

/* In Hugging Face's cache the files of "snapshots/REVISION" are links into its neighbour "blobs". */
static void
allow_blobs (int         rules,
             const char *path)
{
  char *real = realpath (path, NULL), *name = real ? strrchr (real, '/') : NULL;

  if (name && name - real > 10 && strncmp (name - 10, "/snapshots", 10) == 0)
    {
      char *blobs = sd3_text_new ("%.*s/blobs", (int) (name - 10 - real), real);

      allow (rules, blobs, READ);
      free (blobs);
    }
  free (real);
}

/* Landlock takes only the calling thread in, and those it starts later. Drivers have started some already: each is sent
 * a signal whose handler does the same there. It is the one that drivers leave alone (Mesa blocks all others). */
static struct
{
  int         rules;
  atomic_uint n_in;
} others;

static void
restrict_cb (int number)
{
  int before = errno;

  if (prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && syscall (SYS_landlock_restrict_self, others.rules, 0) == 0)
    atomic_fetch_add (&others.n_in, 1);
  errno = before;
}

static unsigned int
signal_others (void)
{
  DIR *tasks = opendir ("/proc/self/task");
  unsigned int n = 0;

  if (!tasks)
    return UINT_MAX;
  for (const struct dirent *entry = readdir (tasks); entry; entry = readdir (tasks))
    {
      pid_t id = (pid_t) strtol (entry->d_name, NULL, 10);

      n += id > 0 && id != gettid () && tgkill (getpid (), id, SIGSYS) == 0;
    }
  closedir (tasks);
  return n;
}

/* A thread that does not hear within a second is not locked in, unless it hears later: the handler stays. */
static bool
lock_others (int rules)
{
  struct sigaction action = { .sa_handler = restrict_cb, .sa_flags = SA_RESTART };
  unsigned int n;

  others.rules = rules;
  sigaction (SIGSYS, &action, NULL);
  n = signal_others ();
  for (int i = 0; i < 1000 && atomic_load (&others.n_in) < n; i++)
    nanosleep (&(struct timespec) { .tv_nsec = 1000000 }, NULL);
  return atomic_load (&others.n_in) == n;
}

static bool
lock_files (const char *const *paths,
            bool               gpu,
            const char        *cache)
{
  int version = (int) syscall (SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION), rules;
  struct landlock_ruleset_attr all = everything (version);
  bool all_in;

  if (version < 1)
    return false;
  rules = (int) syscall (SYS_landlock_create_ruleset, &all, sizeof all, 0);
  if (rules < 0)
    return false;
  allow_all (rules, always, READ & all.handled_access_fs);
  if (gpu)
    {
      allow_all (rules, for_drivers, READ);
      allow_all (rules, cards, USE & all.handled_access_fs);
      if (cache)
        allow (rules, cache, KEEP & all.handled_access_fs);
    }
  allow_all (rules, paths, READ);
  for (; *paths; paths++)
    allow_blobs (rules, *paths);
  all_in = lock_others (rules);
  return syscall (SYS_landlock_restrict_self, rules, 0) == 0 && all_in;
}

/* ---- System calls ------------------------------------------------------------------------------------------ */

#define CALL(name) SCMP_SYS (name)

/* Refused whatever their arguments. Other architectures know fewer of them: their numbers are negative there. */
static const int refused[] = {
  /* network */
  CALL (socket), CALL (socketpair), CALL (connect), CALL (bind), CALL (listen), CALL (accept), CALL (accept4), CALL (sendto),
  CALL (sendmsg), CALL (sendmmsg), CALL (recvfrom), CALL (recvmsg), CALL (recvmmsg),
  /* programs and processes; threads are below */
  CALL (execve), CALL (execveat), CALL (fork), CALL (vfork), CALL (unshare), CALL (setns),
  /* other processes */
  CALL (ptrace), CALL (process_vm_readv), CALL (process_vm_writev), CALL (process_madvise), CALL (process_mrelease), CALL (pidfd_open),
  CALL (pidfd_getfd), CALL (pidfd_send_signal), CALL (kcmp), CALL (tkill), CALL (rt_sigqueueinfo), CALL (rt_tgsigqueueinfo),
  CALL (shmget), CALL (shmat), CALL (msgget), CALL (semget), CALL (mq_open),
  /* parts of the kernel that a computation has no business with */
  CALL (io_uring_setup), CALL (io_uring_enter), CALL (io_uring_register), CALL (bpf), CALL (perf_event_open), CALL (userfaultfd),
  CALL (keyctl), CALL (add_key), CALL (request_key), CALL (fanotify_init), CALL (inotify_init), CALL (inotify_init1),
  CALL (name_to_handle_at), CALL (open_by_handle_at), CALL (lookup_dcookie), CALL (quotactl), CALL (quotactl_fd), CALL (syslog),
  CALL (init_module), CALL (finit_module), CALL (delete_module), CALL (kexec_load), CALL (kexec_file_load), CALL (reboot),
  CALL (acct), CALL (swapon), CALL (swapoff), CALL (sethostname), CALL (setdomainname), CALL (settimeofday), CALL (clock_settime),
  CALL (clock_adjtime), CALL (adjtimex), CALL (iopl), CALL (ioperm), CALL (modify_ldt), CALL (personality), CALL (vhangup),
  CALL (setuid), CALL (setgid), CALL (setreuid), CALL (setregid), CALL (setresuid), CALL (setresgid), CALL (setgroups),
  CALL (setfsuid), CALL (setfsgid), CALL (capset),
  /* mounts */
  CALL (mount), CALL (umount), CALL (umount2), CALL (pivot_root), CALL (chroot), CALL (move_mount), CALL (open_tree), CALL (fsopen),
  CALL (fsconfig), CALL (fsmount), CALL (fspick), CALL (mount_setattr),
  /* changes of files that Landlock does not see, and again those it does */
  CALL (chmod), CALL (fchmod), CALL (fchmodat), CALL (fchmodat2), CALL (chown), CALL (fchown), CALL (lchown), CALL (fchownat),
  CALL (setxattr), CALL (lsetxattr), CALL (fsetxattr), CALL (removexattr), CALL (lremovexattr), CALL (fremovexattr),
  CALL (utime), CALL (utimes), CALL (utimensat), CALL (futimesat), CALL (creat), CALL (truncate), CALL (mknod), CALL (mknodat),
  CALL (rmdir), CALL (link), CALL (linkat), CALL (symlink), CALL (symlinkat),
};

/* What a driver needs to keep a cache. Where it has one Landlock says where, and else these are refused too. */
static const int for_cache[] = {
  CALL (mkdir), CALL (mkdirat), CALL (unlink), CALL (unlinkat), CALL (rename), CALL (renameat), CALL (renameat2),
};

static bool
refuse (scmp_filter_ctx     filter,
        int                 call,
        struct scmp_arg_cmp when)
{
  return seccomp_rule_add (filter, SCMP_ACT_ERRNO (EPERM), call, 1, when) == 0;
}

static bool
refuse_all (scmp_filter_ctx filter,
            const int      *calls,
            size_t          n)
{
  for (size_t i = 0; i < n; i++)
    if (calls[i] >= 0 && seccomp_rule_add (filter, SCMP_ACT_ERRNO (EPERM), calls[i], 0) != 0)
      return false;
  return true;
}

/* Where these bits of open()'s flags are so. */
static bool
refuse_open (scmp_filter_ctx filter,
             uint64_t        bits,
             uint64_t        value)
{
  return refuse (filter, CALL (open), SCMP_A1 (SCMP_CMP_MASKED_EQ, bits, value)) &&
         refuse (filter, CALL (openat), SCMP_A2 (SCMP_CMP_MASKED_EQ, bits, value));
}

/* Opening to write; a card's device is opened to read and write. Beside a cache only what older versions of Landlock do not
 * see: cutting a file that is opened to read. */
static bool
refuse_writing (scmp_filter_ctx filter,
                bool            gpu,
                bool            cache)
{
  if (cache)
    return refuse_open (filter, O_ACCMODE | O_TRUNC, O_TRUNC);
  return refuse_all (filter, for_cache, sizeof for_cache / sizeof *for_cache) && refuse_open (filter, O_WRONLY, O_WRONLY) &&
         refuse_open (filter, O_CREAT, O_CREAT) && refuse_open (filter, O_TRUNC, O_TRUNC) && (gpu || refuse_open (filter, O_RDWR, O_RDWR));
}

/* Threads are made with clone(); of clone3() a filter cannot see the flags, and the C library does without it. Signals
 * go to this process only, and no key is typed into a terminal. */
static bool
refuse_by_arguments (scmp_filter_ctx filter)
{
  return seccomp_rule_add (filter, SCMP_ACT_ERRNO (ENOSYS), CALL (clone3), 0) == 0 &&
         refuse (filter, CALL (clone), SCMP_A0 (SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0)) &&
         refuse (filter, CALL (kill), SCMP_A0 (SCMP_CMP_NE, (uint64_t) getpid ())) &&
         refuse (filter, CALL (tgkill), SCMP_A0 (SCMP_CMP_NE, (uint64_t) getpid ())) &&
         refuse (filter, CALL (prlimit64), SCMP_A0 (SCMP_CMP_NE, 0)) &&
         refuse (filter, CALL (ioctl), SCMP_A1 (SCMP_CMP_MASKED_EQ, UINT32_MAX, TIOCSTI)) &&
         refuse (filter, CALL (ioctl), SCMP_A1 (SCMP_CMP_MASKED_EQ, UINT32_MAX, TIOCLINUX));
}

/* What openat2() does a filter cannot see; where Landlock does not look after it, files are opened without it. */
static bool
refuse_unseen (scmp_filter_ctx filter)
{
  return seccomp_rule_add (filter, SCMP_ACT_ERRNO (ENOSYS), CALL (openat2), 0) == 0;
}

static bool
lock_calls (bool gpu,
            bool landlock,
            bool cache)
{
  scmp_filter_ctx filter = seccomp_init (SCMP_ACT_ALLOW);
  bool good = filter && seccomp_attr_set (filter, SCMP_FLTATR_CTL_TSYNC, 1) == 0;

  good = good && refuse_all (filter, refused, sizeof refused / sizeof *refused) && refuse_by_arguments (filter) &&
         refuse_writing (filter, gpu, cache) && (landlock || refuse_unseen (filter)) && seccomp_load (filter) == 0;
  seccomp_release (filter);
  return good;
}

sd3_jail
sd3_jail_enter (const char *const *paths,
                bool               gpu,
                const char        *cache)
{
  sd3_jail jail = { false, false };

  if (prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    return jail;
  jail.landlock = lock_files (paths, gpu, cache);
  jail.seccomp = lock_calls (gpu, jail.landlock, gpu && cache && jail.landlock);
  return jail;
}
