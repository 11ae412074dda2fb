/* A library for LD_PRELOAD that fails, cuts short, kills at, or records the calls that change files below one folder.

   FAULT_ROOT   the folder; calls on anything else go through untouched
   FAULT_CALL   write, fsync, rename, link, open, mkdir, unlink, truncate, or any
   FAULT_AT     number of the call that is hit, from 1; 0 hits none
   FAULT_KIND   an errno, `short` (half of a write), or `kill` (SIGKILL before the call)
   FAULT_STAYS  set: the calls after it fail too, as on a full disk
   FAULT_TRACE  file that takes one line a call: name, inode, path, second path or offset, bytes in hex */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static const char *root, *call, *kind, *stays;
static size_t root_length;
static long hit_at, calls;
static int trace = -1, ready;

static void setup(void) {
    if (ready) return;
    ready = 1;
    root = getenv("FAULT_ROOT");
    root_length = root ? strlen(root) : 0;
    call = getenv("FAULT_CALL");
    kind = getenv("FAULT_KIND");
    stays = getenv("FAULT_STAYS");
    hit_at = getenv("FAULT_AT") ? atol(getenv("FAULT_AT")) : 0;
    const char *path = getenv("FAULT_TRACE");
    if (path) trace = (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
}

static int inside(const char *path) {
    return root && strncmp(path, root, root_length) == 0 && (path[root_length] == '/' || path[root_length] == 0);
}

/* The absolute path of a name relative to a folder's descriptor. */
static void full(int folder, const char *name, char *out) {
    char link[64];
    ssize_t n = 0;
    if (name[0] == '/') {
        snprintf(out, PATH_MAX, "%s", name);
        return;
    }
    if (folder == AT_FDCWD) {
        if (!getcwd(out, PATH_MAX)) out[0] = 0;
        n = (ssize_t)strlen(out);
    } else {
        snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
        n = readlink(link, out, PATH_MAX - 1);
        if (n < 0) n = 0;
        out[n] = 0;
    }
    if (name[0]) snprintf(out + n, (size_t)(PATH_MAX - n), "/%s", name);
}

/* Whether this call is the one to hit; the gate is held. */
static int hit(const char *name) {
    if (!call || (strcmp(call, "any") && strcmp(call, name))) return 0;
    calls++;
    if (!hit_at || calls < hit_at || (calls > hit_at && !stays)) return 0;
    if (!strcmp(kind, "kill")) {
        kill(getpid(), SIGKILL);
        pause();
    }
    return 1;
}

static int failed(void) {
    errno = atoi(kind);
    return -1;
}

static void note(const char *name, unsigned long inode, const char *path, const char *second, const void *bytes, size_t length) {
    if (trace < 0) return;
    int before = errno;
    size_t room = strlen(path) + strlen(second) + 2 * length + 64;
    char *line = malloc(room);
    size_t n = (size_t)snprintf(line, room, "%s\t%lu\t%s\t%s\t", name, inode, path, second);
    for (size_t i = 0; i < length; i++) n += (size_t)snprintf(line + n, room - n, "%02x", ((const unsigned char *)bytes)[i]);
    line[n++] = '\n';
    syscall(SYS_write, trace, line, n);
    free(line);
    errno = before;
}

static unsigned long inode_of(int fd) {
    struct stat s;
    return fstat(fd, &s) ? 0 : (unsigned long)s.st_ino;
}

#define REAL(type, name, ...) \
    static type (*real)(__VA_ARGS__); \
    if (!real) real = (type(*)(__VA_ARGS__))dlsym(RTLD_NEXT, name); \
    setup();

/* A path of an open file that is ours, or none. */
static int ours(int fd, char *path) {
    if (!root) return 0;
    full(fd, "", path);
    return inside(path);
}

static ssize_t put(int fd, const void *bytes, size_t length, off_t at, ssize_t (*go)(int, const void *, size_t, off_t)) {
    char path[PATH_MAX], offset[32];
    if (!ours(fd, path)) return go(fd, bytes, length, at);
    pthread_mutex_lock(&gate);
    off_t from = at >= 0 ? at : lseek(fd, 0, SEEK_CUR);
    ssize_t done;
    if (hit("write")) {
        done = strcmp(kind, "short") ? failed() : go(fd, bytes, length > 1 ? length / 2 : length, at);
    } else {
        done = go(fd, bytes, length, at);
    }
    snprintf(offset, sizeof offset, "%ld", (long)from);
    if (done > 0) note("write", inode_of(fd), path, offset, bytes, (size_t)done);
    pthread_mutex_unlock(&gate);
    return done;
}

static ssize_t plain_write(int fd, const void *bytes, size_t length, off_t at) { return at >= 0 ? syscall(SYS_pwrite64, fd, bytes, length, at) : syscall(SYS_write, fd, bytes, length); }

ssize_t write(int fd, const void *bytes, size_t length) { setup(); return put(fd, bytes, length, -1, plain_write); }
ssize_t pwrite(int fd, const void *bytes, size_t length, off_t at) { setup(); return put(fd, bytes, length, at, plain_write); }
ssize_t pwrite64(int fd, const void *bytes, size_t length, off_t at) { setup(); return put(fd, bytes, length, at, plain_write); }
ssize_t writev(int fd, const struct iovec *parts, int count) {
    REAL(ssize_t, "writev", int, const struct iovec *, int)
    char path[PATH_MAX];
    if (!ours(fd, path)) return real(fd, parts, count);
    /* One part at a time: a short write is a legal answer. */
    for (int i = 0; i < count; i++) if (parts[i].iov_len) return put(fd, parts[i].iov_base, parts[i].iov_len, -1, plain_write);
    return 0;
}

static int sync_with(int fd, long number) {
    char path[PATH_MAX];
    if (!ours(fd, path)) return (int)syscall(number, fd);
    pthread_mutex_lock(&gate);
    int done = hit("fsync") ? failed() : (int)syscall(number, fd);
    if (!done) note("fsync", inode_of(fd), path, "", "", 0);
    pthread_mutex_unlock(&gate);
    return done;
}
int fsync(int fd) { setup(); return sync_with(fd, SYS_fsync); }
int fdatasync(int fd) { setup(); return sync_with(fd, SYS_fdatasync); }

static int cut_to(int fd, off_t length) {
    char path[PATH_MAX], text[32];
    if (!ours(fd, path)) return (int)syscall(SYS_ftruncate, fd, length);
    pthread_mutex_lock(&gate);
    int done = hit("truncate") ? failed() : (int)syscall(SYS_ftruncate, fd, length);
    snprintf(text, sizeof text, "%ld", (long)length);
    if (!done) note("truncate", inode_of(fd), path, text, "", 0);
    pthread_mutex_unlock(&gate);
    return done;
}
int ftruncate(int fd, off_t length) { setup(); return cut_to(fd, length); }
int ftruncate64(int fd, off_t length) { setup(); return cut_to(fd, length); }

static int two(const char *name, int from_folder, const char *from, int to_folder, const char *to, int flags) {
    char one[PATH_MAX], other[PATH_MAX];
    int is_link = !strcmp(name, "link");
    long number = is_link ? SYS_linkat : SYS_renameat2;
    full(from_folder, from, one);
    full(to_folder, to, other);
    if (!inside(one) && !inside(other)) return (int)syscall(number, from_folder, from, to_folder, to, flags);
    pthread_mutex_lock(&gate);
    int done = hit(name) ? failed() : (int)syscall(number, from_folder, from, to_folder, to, flags);
    if (!done) note(name, 0, one, other, "", 0);
    pthread_mutex_unlock(&gate);
    return done;
}
int rename(const char *from, const char *to) { setup(); return two("rename", AT_FDCWD, from, AT_FDCWD, to, 0); }
int renameat(int f, const char *from, int t, const char *to) { setup(); return two("rename", f, from, t, to, 0); }
int renameat2(int f, const char *from, int t, const char *to, unsigned flags) { setup(); return two("rename", f, from, t, to, (int)flags); }
int link(const char *from, const char *to) { setup(); return two("link", AT_FDCWD, from, AT_FDCWD, to, 0); }
int linkat(int f, const char *from, int t, const char *to, int flags) { setup(); return two("link", f, from, t, to, flags); }

static int one(const char *name, int folder, const char *path, long number, int flags) {
    char whole[PATH_MAX];
    full(folder, path, whole);
    if (!inside(whole)) return (int)syscall(number, folder, path, flags);
    pthread_mutex_lock(&gate);
    int done = hit(name) ? failed() : (int)syscall(number, folder, path, flags);
    if (!done) note(name, 0, whole, "", "", 0);
    pthread_mutex_unlock(&gate);
    return done;
}
int unlink(const char *path) { setup(); return one("unlink", AT_FDCWD, path, SYS_unlinkat, 0); }
int rmdir(const char *path) { setup(); return one("unlink", AT_FDCWD, path, SYS_unlinkat, AT_REMOVEDIR); }
int unlinkat(int folder, const char *path, int flags) { setup(); return one("unlink", folder, path, SYS_unlinkat, flags); }
int mkdir(const char *path, mode_t mode) { setup(); return one("mkdir", AT_FDCWD, path, SYS_mkdirat, (int)mode); }
int mkdirat(int folder, const char *path, mode_t mode) { setup(); return one("mkdir", folder, path, SYS_mkdirat, (int)mode); }

static int opened(int folder, const char *path, int flags, mode_t mode) {
    char whole[PATH_MAX];
    full(folder, path, whole);
    if (!inside(whole) || !(flags & (O_CREAT | O_TRUNC))) return (int)syscall(SYS_openat, folder, path, flags, mode);
    pthread_mutex_lock(&gate);
    int fd = hit("open") ? failed() : (int)syscall(SYS_openat, folder, path, flags, mode);
    if (fd >= 0) note("open", inode_of(fd), whole, flags & O_TRUNC ? "cut" : "", "", 0);
    pthread_mutex_unlock(&gate);
    return fd;
}
#define MODE(flags) \
    mode_t mode = 0; \
    if (flags & (O_CREAT | O_TMPFILE)) { \
        va_list rest; \
        va_start(rest, flags); \
        mode = va_arg(rest, mode_t); \
        va_end(rest); \
    } \
    setup();
int open(const char *path, int flags, ...) { MODE(flags) return opened(AT_FDCWD, path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE(flags) return opened(AT_FDCWD, path, flags | O_LARGEFILE, mode); }
int openat(int folder, const char *path, int flags, ...) { MODE(flags) return opened(folder, path, flags, mode); }
int openat64(int folder, const char *path, int flags, ...) { MODE(flags) return opened(folder, path, flags | O_LARGEFILE, mode); }
