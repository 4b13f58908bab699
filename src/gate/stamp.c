/* gate, stamp: receives a work tree, hands on one hash of what stat says of all that an attempt
 * could touch. Reads no file and starts no process, so a tree that nobody touched costs next to
 * nothing to look at. Refuses to say what a difference means. */
#include "parts.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

enum { ENTRIES_MOST = 1 << 18, DEPTH_MOST = 100, SETTLE_TURNS_MOST = 100, NAME_BYTES_MOST = 256 };

/* One entry as it is hashed: no gaps, so that no byte of it is by chance. */
struct entry {
    uint64_t device, inode, mode, bytes;
    int64_t changed_s, changed_ns, modified_s, modified_ns;
    char name[NAME_BYTES_MOST]; /* with its end; what is behind is not hashed */
};

struct stamping {
    char *bytes;
    size_t len, room, n;
    struct timespec latest; /* time of change */
    bool is_unsure;
};

static bool is_later(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec != b->tv_sec ? a->tv_sec > b->tv_sec : a->tv_nsec > b->tv_nsec;
}

/* A time of change without a fraction is of a file system that keeps whole seconds. */
static void add(struct stamping *stamping, const char *name, const struct stat *status)
{
    struct entry entry = {status->st_dev, status->st_ino, status->st_mode,
        (uint64_t)status->st_size, status->st_ctim.tv_sec, status->st_ctim.tv_nsec,
        status->st_mtim.tv_sec, status->st_mtim.tv_nsec, ""};
    size_t name_bytes = strlen(name) + 1, most = sizeof(entry);
    if (name_bytes > NAME_BYTES_MOST || stamping->n++ == ENTRIES_MOST ||
        status->st_ctim.tv_nsec == 0) {
        stamping->is_unsure = true;
        return;
    }
    memcpy(entry.name, name, name_bytes);
    while (stamping->room < stamping->len + most) {
        stamping->room = stamping->room ? 2 * stamping->room : 64 * most;
        stamping->bytes = memory_resize(stamping->bytes, stamping->room);
    }
    size_t used = offsetof(struct entry, name) + name_bytes;
    memcpy(stamping->bytes + stamping->len, &entry, used);
    stamping->len += used;
    if (is_later(&status->st_ctim, &stamping->latest))
        stamping->latest = status->st_ctim;
}

/* Where a file that is written through a mapping gets a new time of change too: not on tmpfs. */
static bool keeps_times(int fd)
{
    static const unsigned long KNOWN[] = {0xef53 /* ext2 to ext4 */, 0x58465342 /* xfs */,
        0x9123683e /* btrfs */, 0xf2f52010 /* f2fs */, 0x794c7630 /* overlayfs */};
    struct statfs system;
    if (fstatfs(fd, &system) != 0)
        return false;
    for (size_t i = 0; i < sizeof(KNOWN) / sizeof(*KNOWN); i++)
        if ((unsigned long)system.f_type == KNOWN[i])
            return true;
    return false;
}

static void add_at(struct stamping *stamping, int directory, const char *name, int depth);

/* Entries in the order in which the directory gives them: it is the same while nothing changes. */
static void add_entries(struct stamping *stamping, int fd, int depth)
{
    DIR *directory = depth < DEPTH_MOST ? fdopendir(fd) : NULL;
    if (!directory) {
        stamping->is_unsure = true;
        close(fd);
        return;
    }
    struct dirent *entry;
    while ((entry = readdir(directory)) != NULL && !stamping->is_unsure)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            add_at(stamping, dirfd(directory), entry->d_name, depth + 1);
    closedir(directory);
}

/* What is not there is no entry. */
static void add_at(struct stamping *stamping, int directory, const char *name, int depth)
{
    struct stat status;
    if (fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
        stamping->is_unsure |= errno != ENOENT && errno != ENOTDIR;
        return;
    }
    add(stamping, name, &status);
    if (!S_ISDIR(status.st_mode))
        return;
    int fd = openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        stamping->is_unsure = true;
    else
        add_entries(stamping, fd, depth);
}

static void add_root(struct stamping *stamping, const char *path, const char *const *names)
{
    static const char *const ALL[] = {".", NULL};
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 || !keeps_times(fd)) {
        stamping->is_unsure = true;
    } else {
        for (names = names ? names : ALL; *names; names++)
            add_at(stamping, fd, *names, 0);
    }
    if (fd >= 0)
        close(fd);
}

/* The kernel stamps files by a clock that stands still for some milliseconds. Once it has moved
 * on, whatever is touched gets another time than any that was seen. */
static bool settles(const struct timespec *latest)
{
    for (int turns = 0; turns < SETTLE_TURNS_MOST; turns++) {
        struct timespec now;
        clock_gettime(CLOCK_REALTIME_COARSE, &now);
        if (is_later(&now, latest))
            return true;
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    return false;
}

void gate_stamp_take(const struct gate_tree *tree, bool before, struct gate_stamp *stamp)
{
    struct stamping stamping = {0};
    *stamp = (struct gate_stamp){0};
    add_root(&stamping, tree->directory, NULL);
    add_root(&stamping, tree->scratch, NULL);
    add_root(&stamping, tree->administration, NULL);
    add_root(&stamping, tree->common, SEALED_OF_GIT);
    stamp->is_sure = !stamping.is_unsure && (!before || settles(&stamping.latest));
    if (stamp->is_sure)
        file_sha256((struct slice){stamping.bytes, stamping.len}, stamp->hash);
    free(stamping.bytes);
}

bool gate_stamp_is_same(const struct gate_stamp *before, const struct gate_stamp *after)
{
    return before->is_sure && after->is_sure && strcmp(before->hash, after->hash) == 0;
}
