/* Receives a home, hands what its journals say to who follows runs from outside. Takes no lock:
 * a run that goes on must never meet one. */
#include "run.h"

#include "base/file.h"
#include "journal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char SUFFIX[] = ".jsonl", END_LINE[] = "{\"end\":true}\n";

static struct slice id_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    struct slice name = slice_from(slash ? slash + 1 : path);
    return slice_sub(name, 0, name.len - (sizeof(SUFFIX) - 1));
}

bool run_list_journals(struct arena *arena, const char *home, struct run_journal **journals,
    size_t *n, struct failure *failure)
{
    const char **paths;
    size_t n_paths;
    *n = 0;
    if (!journal_list(arena, home, &paths, &n_paths, failure))
        return false;
    *journals = ARENA_ARRAY(arena, struct run_journal, n_paths + 1);
    for (size_t i = 0; i < n_paths; i++) {
        struct stat about;
        if (lstat(paths[i], &about) != 0 || !S_ISREG(about.st_mode))
            continue;
        (*journals)[(*n)++] = (struct run_journal){.id = id_of(paths[i]),
            .bytes = about.st_size,
            .changed_ms = (int64_t)about.st_mtim.tv_sec * 1000 + about.st_mtim.tv_nsec / 1000000};
    }
    return true;
}

/* Reads [from, from + most) of an open file; returns how many bytes there were. */
static size_t read_at(int fd, int64_t from, size_t most, char *bytes)
{
    size_t n = 0;
    while (n < most) {
        ssize_t got = pread(fd, bytes + n, most - n, (off_t)from + (off_t)n);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        n += (size_t)got;
    }
    return n;
}

static bool ends_here(int fd, int64_t at)
{
    char bytes[sizeof(END_LINE) - 1];
    int64_t from = at - (int64_t)sizeof(bytes);
    return from >= 0 && read_at(fd, from, sizeof(bytes), bytes) == sizeof(bytes) &&
           memcmp(bytes, END_LINE, sizeof(bytes)) == 0;
}

static size_t length_of_lines(const char *bytes, size_t n)
{
    while (n > 0 && bytes[n - 1] != '\n')
        n--;
    return n;
}

bool run_read_journal(struct arena *arena, const char *home, struct slice id, int64_t from,
    size_t most, struct run_lines *lines, struct failure *failure)
{
    const char *path = arena_print(arena, "%s/runs/%.*s%s", home, SLICE_ARG(id), SUFFIX).base;
    *lines = (struct run_lines){.next = from};
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return failure_set(failure, "cannot open %s: %s", path, strerror(errno));
    char *bytes = arena_take(arena, most + 1);
    size_t n = read_at(fd, from, most, bytes);
    size_t whole = length_of_lines(bytes, n);
    lines->text = (struct slice){bytes, whole};
    lines->next = from + (int64_t)(whole == 0 && n == most ? n : whole);
    lines->is_over = ends_here(fd, lines->next);
    close(fd);
    return true;
}
