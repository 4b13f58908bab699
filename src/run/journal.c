/* Receives the steps of a run, hands them to the disk. Refuses to know what they mean. */
#include "journal.h"

#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static const char END_LINE[] = "{\"end\":true}\n";

bool journal_make(struct arena *arena, const char *home, const char *id, struct journal *journal,
    struct failure *failure)
{
    *journal = (struct journal){.fd = -1};
    const char *directory = file_join(arena, home, "runs");
    if (!file_refuse_links(home, "runs", failure) ||
        !file_make_directories(directory, 0700, failure))
        return false;
    journal->path = arena_print(arena, "%s/%s.jsonl", directory, id).base;
    journal->fd =
        open(journal->path, O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (journal->fd < 0 || flock(journal->fd, LOCK_EX | LOCK_NB) != 0)
        return failure_set(failure, "cannot make %s: %s", journal->path, strerror(errno));
    return true;
}

/* A line that was being written when the process died has no newline. */
static bool cut_torn_line(int fd)
{
    off_t end = lseek(fd, 0, SEEK_END);
    char byte = 0;
    while (end > 0 && pread(fd, &byte, 1, end - 1) == 1 && byte != '\n')
        end--;
    return ftruncate(fd, end) == 0;
}

bool journal_take(struct arena *arena, const char *path, struct journal *journal, bool *held,
    struct failure *failure)
{
    *journal =
        (struct journal){.fd = open(path, O_RDWR | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK),
            .path = arena_text(arena, slice_from(path))};
    struct stat status;
    *held = false;
    if (journal->fd < 0)
        return failure_set(failure, "cannot open %s: %s", path, strerror(errno));
    if (fstat(journal->fd, &status) != 0 || !S_ISREG(status.st_mode)) {
        journal_close(journal);
        return failure_set(failure, "%s is no plain file: it is not read", path);
    }
    if (flock(journal->fd, LOCK_EX | LOCK_NB) != 0) {
        *held = errno == EWOULDBLOCK;
        journal_close(journal);
        return failure_set(failure, "another process works on %s", path);
    }
    return cut_torn_line(journal->fd) ||
           failure_set(failure, "cannot mend %s: %s", path, strerror(errno));
}

void journal_close(struct journal *journal)
{
    if (journal->fd >= 0)
        close(journal->fd);
    journal->fd = -1;
}

bool journal_sync(const struct journal *journal, struct failure *failure)
{
    return fdatasync(journal->fd) == 0 ||
           failure_set(failure, "cannot write %s: %s", journal->path, strerror(errno));
}

bool journal_write(struct journal *journal, struct emit *line, bool sync, struct failure *failure)
{
    emit_bytes(line, slice_from("\n"));
    struct slice left = emit_slice(line);
    while (left.len) {
        ssize_t n = write(journal->fd, left.base, left.len);
        if (n < 0 && errno != EINTR)
            return failure_set(failure, "cannot write %s: %s", journal->path, strerror(errno));
        left = slice_sub(left, n > 0 ? (size_t)n : 0, left.len);
    }
    emit_clear(line);
    return !sync || journal_sync(journal, failure);
}

static int newest_first(const void *a, const void *b)
{
    return strcmp(*(const char *const *)b, *(const char *const *)a);
}

static bool is_plain_file(int directory, const char *name)
{
    struct stat status;
    return fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(status.st_mode);
}

bool journal_list(
    struct arena *arena, const char *home, const char ***paths, size_t *n, struct failure *failure)
{
    size_t room = 0;
    *paths = NULL;
    *n = 0;
    const char *directory = file_join(arena, home, "runs");
    if (!file_refuse_links(home, "runs", failure))
        return false;
    DIR *files = opendir(directory);
    if (!files)
        return errno == ENOENT || failure_set(failure, "cannot read the directory %s", directory);
    for (struct dirent *entry; (entry = readdir(files)) != NULL && *n < JOURNAL_FILES_MOST;)
        if (slice_ends(slice_from(entry->d_name), ".jsonl") && entry->d_name[0] != '.' &&
            is_plain_file(dirfd(files), entry->d_name)) {
            *paths = arena_grow(arena, *paths, *n, &room, sizeof(**paths));
            (*paths)[(*n)++] = file_join(arena, directory, entry->d_name);
        }
    closedir(files);
    if (*n)
        qsort(*paths, *n, sizeof(**paths), newest_first);
    return true;
}

static bool is_held(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    bool held = fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) != 0;
    if (fd >= 0)
        close(fd);
    return held;
}

bool journal_look(
    struct arena *arena, const char *path, struct journal_head *head, struct failure *failure)
{
    struct file_bytes file;
    struct json first;
    struct slice line;
    *head = (struct journal_head){.is_held = is_held(path)};
    if (!file_open_unlinked(path, JOURNAL_BYTES_MOST, &file, failure))
        return false;
    struct json_parser *parser = json_parser_make();
    struct slice rest = file.bytes;
    bool ok = slice_next_line(&rest, &line) && json_parse(parser, line, &first, failure);
    if (ok) {
        head->id = arena_copy(arena, json_get_text(first, "run"));
        head->signature = arena_copy(arena, json_get_text(first, "signature"));
        head->is_finished = slice_ends(file.bytes, END_LINE);
    } else {
        failure_set(failure, "%s is no journal of a run", path);
    }
    json_parser_free(parser);
    file_close(&file);
    return ok && head->id.len;
}

bool journal_is_dead(const char *home, struct slice id)
{
    struct arena arena = {0};
    const char *path = arena_print(&arena, "%s/runs/%.*s.jsonl", home, SLICE_ARG(id)).base;
    bool dead = slice_find_byte(id, '/') == SIZE_MAX && file_exists(path) && !is_held(path);
    arena_free(&arena);
    return dead;
}
