#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { UNKNOWN_BYTES = 64 * 1024 }; /* what is asked for first where nobody knows the size */

static const char *shown(const char *path)
{
    return strcmp(path, "-") == 0 ? "standard input" : path;
}

static bool refuse_size(const char *path, size_t most, struct failure *failure)
{
    return failure_set(
        failure, "%s is larger than the %zu MB that are read", shown(path), most >> 20);
}

/* Reads to the end; `expected` bytes are asked for at first. */
static bool read_all(int fd, const char *path, size_t expected, size_t most,
    struct file_bytes *file, struct failure *failure)
{
    size_t room = expected + 1, len = 0;
    char *bytes = memory_take(room);
    for (;;) {
        if (len == room) {
            room *= 2;
            bytes = memory_resize(bytes, room);
        }
        ssize_t n = read(fd, bytes + len, room - len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 || len + (size_t)n > most) {
            if (n < 0)
                failure_set(failure, "cannot read %s: %s", shown(path), strerror(errno));
            else
                refuse_size(path, most, failure);
            free(bytes);
            return false;
        }
        if (n == 0)
            break;
        len += (size_t)n;
    }
    file->taken = bytes;
    file->bytes = (struct slice){bytes, len};
    return true;
}

static bool map_or_read(
    int fd, const char *path, size_t most, struct file_bytes *file, struct failure *failure)
{
    struct stat status;
    if (fstat(fd, &status) != 0)
        return failure_set(failure, "cannot read %s: %s", shown(path), strerror(errno));
    if (S_ISDIR(status.st_mode))
        return failure_set(failure, "%s is a directory", shown(path));
    size_t size = (size_t)status.st_size;
    if (S_ISREG(status.st_mode) && size > most)
        return refuse_size(path, most, failure);
    if (!S_ISREG(status.st_mode) || size == 0)
        return read_all(fd, path, UNKNOWN_BYTES, most, file, failure);
    void *mapped = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (mapped == MAP_FAILED)
        return read_all(fd, path, size, most, file, failure);
    madvise(mapped, size, MADV_SEQUENTIAL);
    file->mapped = mapped;
    file->bytes = (struct slice){mapped, size};
    return true;
}

bool file_open(const char *path, size_t most, struct file_bytes *file, struct failure *failure)
{
    *file = (struct file_bytes){0};
    if (strcmp(path, "-") == 0)
        return map_or_read(STDIN_FILENO, path, most, file, failure);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return failure_set(failure, "cannot open %s: %s", path, strerror(errno));
    bool ok = map_or_read(fd, path, most, file, failure);
    close(fd);
    return ok;
}

/* A descriptor of a regular file, and its size; -1 with a sentence for anything else. */
static int open_regular(
    const char *path, int flags, size_t most, size_t *size, struct failure *failure)
{
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | flags);
    if (fd < 0) {
        failure_set(failure, "cannot open %s: %s", path, strerror(errno));
        return -1;
    }
    if (fstat(fd, &status) != 0)
        failure_set(failure, "cannot read %s: %s", path, strerror(errno));
    else if (!S_ISREG(status.st_mode))
        failure_set(failure, "%s is no plain file: it is not read", path);
    else if ((size_t)status.st_size > most)
        refuse_size(path, most, failure);
    else {
        *size = (size_t)status.st_size;
        return fd;
    }
    close(fd);
    return -1;
}

static bool read_regular(
    const char *path, int flags, size_t most, struct file_bytes *file, struct failure *failure)
{
    size_t size;
    *file = (struct file_bytes){0};
    int fd = open_regular(path, flags, most, &size, failure);
    bool ok = fd >= 0 && read_all(fd, path, size, most, file, failure);
    if (fd >= 0)
        close(fd);
    return ok;
}

bool file_open_plain(
    const char *path, size_t most, struct file_bytes *file, struct failure *failure)
{
    return read_regular(path, 0, most, file, failure);
}

bool file_open_unlinked(
    const char *path, size_t most, struct file_bytes *file, struct failure *failure)
{
    return read_regular(path, O_NOFOLLOW, most, file, failure);
}

bool file_map_unlinked(
    const char *path, size_t most, struct file_bytes *file, struct failure *failure)
{
    size_t size;
    *file = (struct file_bytes){0};
    int fd = open_regular(path, O_NOFOLLOW, most, &size, failure);
    if (fd < 0)
        return false;
    void *mapped = NULL; /* nothing of an empty file can be mapped */
    if (size)
        mapped = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    close(fd);
    if (mapped == MAP_FAILED)
        return failure_set(failure, "cannot read %s: %s", path, strerror(errno));
    *file = (struct file_bytes){{mapped, size}, mapped, NULL};
    return true;
}

bool file_open_descriptor(
    int fd, const char *path, size_t most, struct file_bytes *file, struct failure *failure)
{
    *file = (struct file_bytes){0};
    return map_or_read(fd, path, most, file, failure);
}

void file_close(struct file_bytes *file)
{
    if (file->mapped)
        munmap(file->mapped, file->bytes.len);
    free(file->taken);
    *file = (struct file_bytes){0};
}

bool file_exists(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

bool file_is_directory(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

bool file_identify(const char *path, struct file_identity *identity)
{
#ifdef STATX_BTIME
    struct statx seen;
    if (statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_TYPE | STATX_INO | STATX_BTIME, &seen) !=
            0 ||
        !S_ISREG(seen.stx_mode))
        return false;
    bool born = seen.stx_mask & STATX_BTIME;
    *identity = (struct file_identity){seen.stx_ino,
        born ? seen.stx_btime.tv_sec * 1000000000 + (int64_t)seen.stx_btime.tv_nsec : 0};
#else
    struct stat seen;
    if (lstat(path, &seen) != 0 || !S_ISREG(seen.st_mode))
        return false;
    *identity = (struct file_identity){.inode = (uint64_t)seen.st_ino};
#endif
    return true;
}

bool file_lock(const char *path, int *lock, struct failure *failure)
{
    *lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (*lock < 0)
        return failure_set(failure, "cannot lock %s: %s", path, strerror(errno));
    while (flock(*lock, LOCK_EX) != 0)
        if (errno != EINTR) {
            failure_set(failure, "cannot lock %s: %s", path, strerror(errno));
            close(*lock);
            *lock = -1;
            return false;
        }
    return true;
}

static bool write_all(int fd, struct slice bytes)
{
    while (bytes.len) {
        ssize_t n = write(fd, bytes.base, bytes.len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        bytes = slice_sub(bytes, (size_t)n, bytes.len);
    }
    return true;
}

bool file_replace(const char *path, struct slice bytes, unsigned mode, struct failure *failure)
{
    struct arena arena = {0};
    const char *temporary = arena_print(&arena, "%s.new-%ld", path, (long)getpid()).base;
    bool ok = false;
    int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
    if (fd < 0) {
        failure_set(failure, "cannot write %s: %s", path, strerror(errno));
        goto done;
    }
    ok = write_all(fd, bytes) && fsync(fd) == 0;
    ok = close(fd) == 0 && ok;
    ok = ok && rename(temporary, path) == 0;
    if (!ok) {
        failure_set(failure, "cannot write %s: %s", path, strerror(errno));
        unlink(temporary);
    }
done:
    arena_free(&arena);
    return ok;
}

bool file_make_directories(const char *path, unsigned mode, struct failure *failure)
{
    char *copy = memory_take(strlen(path) + 1);
    memcpy(copy, path, strlen(path));
    bool ok = true;
    for (char *end = copy + 1; ok; end++) {
        if (*end != '/' && *end != '\0')
            continue;
        char kept = *end;
        *end = '\0';
        if (mkdir(copy, mode) != 0 && !file_is_directory(copy))
            ok = failure_set(failure, "cannot make the directory %s: %s", copy, strerror(errno));
        *end = kept;
        if (kept == '\0')
            break;
    }
    free(copy);
    return ok;
}

bool file_refuse_links(const char *root, const char *relative, struct failure *failure)
{
    struct arena arena = {0};
    struct slice rest = slice_from(relative), name;
    const char *path = root;
    struct stat status;
    bool ok = true;
    while (ok && slice_next_field(&rest, '/', &name)) {
        path = file_join(&arena, path, arena_text(&arena, name));
        if (name.len == 0 || slice_is(name, ".."))
            ok = failure_set(failure, "%s is no path within %s", relative, root);
        else if (lstat(path, &status) == 0 && S_ISLNK(status.st_mode))
            ok = failure_set(failure,
                "%s is a symbolic link, and nothing is written or removed through one", path);
    }
    arena_free(&arena);
    return ok;
}

const char *file_join(struct arena *arena, const char *directory, const char *name)
{
    size_t n = strlen(directory);
    const char *between = n && directory[n - 1] == '/' ? "" : "/";
    return arena_print(arena, "%s%s%s", directory, between, name).base;
}

const char *file_directory(struct arena *arena, const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash)
        return ".";
    if (slash == path)
        return "/";
    return arena_text(arena, (struct slice){path, (size_t)(slash - path)});
}

bool file_hide_from_git(const char *directory, struct failure *failure)
{
    struct arena arena = {0};
    const char *path = file_join(&arena, directory, ".gitignore");
    bool ok = file_exists(path) || file_replace(path, slice_from("*\n"), 0644, failure);
    arena_free(&arena);
    return ok;
}

const char *file_find_upward(struct arena *arena, const char *from, const char *name)
{
    const char *directory = from;
    for (;;) {
        if (access(file_join(arena, directory, name), F_OK) == 0)
            return directory;
        if (strcmp(directory, "/") == 0 || strcmp(directory, ".") == 0)
            return NULL;
        directory = file_directory(arena, directory);
    }
}

const char *file_working_directory(struct arena *arena)
{
    char *path = getcwd(NULL, 0);
    if (!path)
        return ".";
    const char *copy = arena_text(arena, slice_from(path));
    free(path);
    return copy;
}

static const char *user_directory(struct arena *arena, const char *variable, const char *under_home)
{
    const char *base = getenv(variable);
    if (base && base[0] == '/')
        return file_join(arena, base, "rung");
    const char *home = getenv("HOME");
    if (!home || home[0] != '/')
        return NULL;
    return file_join(arena, file_join(arena, home, under_home), "rung");
}

const char *file_config_directory(struct arena *arena)
{
    return user_directory(arena, "XDG_CONFIG_HOME", ".config");
}

const char *file_data_directory(struct arena *arena)
{
    return user_directory(arena, "XDG_DATA_HOME", ".local/share");
}

void file_sha256(struct slice bytes, char hex[SHA256_HEX_BYTES])
{
    SHA256Data((const uint8_t *)bytes.base, bytes.len, hex);
}
