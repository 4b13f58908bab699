/* Receives a repository, takes away what dead runs left in it. Refuses to touch a run that a
 * process works on, and a branch that holds an accepted change. */
#include "clean.h"

#include "journal.h"
#include "keeper.h"
#include "run.h"
#include "worktree.h"

#include "base/clock.h"
#include "base/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { YOUNG_S = 60, CLEAN_FILES_MOST = 1 << 20 };

/* ---- files of a kind ---- */

struct old_file {
    const char *name;
    struct timespec changed;
    int64_t bytes;
};

struct old_files {
    struct arena arena;
    DIR *directory; /* NULL: there is none */
    struct old_file *items;
    size_t n;
};

/* The plain files of `home`/`name` whose names are an id and `suffix`. */
static void list_files(
    const char *home, const char *name, const char *suffix, struct old_files *files)
{
    struct failure unread;
    size_t room = 0;
    *files = (struct old_files){0};
    if (file_refuse_links(home, name, &unread))
        files->directory = opendir(file_join(&files->arena, home, name));
    for (struct dirent *entry; files->directory && files->n < CLEAN_FILES_MOST &&
                               (entry = readdir(files->directory)) != NULL;) {
        struct stat about;
        struct slice is = slice_from(entry->d_name), end = slice_from(suffix);
        if (!slice_ends(is, suffix) || !run_is_id(slice_sub(is, 0, is.len - end.len)) ||
            fstatat(dirfd(files->directory), entry->d_name, &about, AT_SYMLINK_NOFOLLOW) != 0 ||
            !S_ISREG(about.st_mode))
            continue;
        files->items =
            arena_grow(&files->arena, files->items, files->n, &room, sizeof(*files->items));
        files->items[files->n++] =
            (struct old_file){arena_text(&files->arena, is), about.st_mtim, (int64_t)about.st_size};
    }
}

static bool remove_file(const struct old_files *files, const struct old_file *file)
{
    return unlinkat(dirfd(files->directory), file->name, 0) == 0;
}

static void free_files(struct old_files *files)
{
    if (files->directory)
        closedir(files->directory);
    arena_free(&files->arena);
}

static int newest_first(const void *left, const void *right)
{
    const struct timespec *a = &((const struct old_file *)left)->changed,
                          *b = &((const struct old_file *)right)->changed;
    if (a->tv_sec != b->tv_sec)
        return a->tv_sec > b->tv_sec ? -1 : 1;
    return (a->tv_nsec < b->tv_nsec) - (a->tv_nsec > b->tv_nsec);
}

size_t clean_said(const char *home, int64_t keep_bytes)
{
    struct old_files files;
    size_t n_removed = 0;
    int64_t bytes = 0;
    list_files(home, "said", ".jsonl", &files);
    if (files.n)
        qsort(files.items, files.n, sizeof(*files.items), newest_first);
    for (size_t i = 0; i < files.n; i++) {
        bytes += files.items[i].bytes;
        if (bytes > keep_bytes)
            n_removed += remove_file(&files, &files.items[i]);
    }
    free_files(&files);
    return n_removed;
}

size_t clean_wishes(const char *home)
{
    static const char suffix[] = ".stop";
    struct old_files files;
    size_t n_removed = 0;
    list_files(home, "runs", suffix, &files);
    for (size_t i = 0; i < files.n; i++) {
        struct slice name = slice_from(files.items[i].name);
        struct slice id = slice_sub(name, 0, name.len - (sizeof(suffix) - 1));
        if (!run_is_live(&files.arena, home, id))
            n_removed += remove_file(&files, &files.items[i]);
    }
    free_files(&files);
    return n_removed;
}

/* ---- runs ---- */

/* A run that begins right now has no first line and, for a moment, no lock. */
static bool is_young(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && clock_now_ms() / 1000 - status.st_mtime < YOUNG_S;
}

static bool is_dead(void *context, struct slice id)
{
    return journal_is_dead(context, id);
}

bool run_clean(
    const char *directory, bool all, struct run_cleaned *cleaned, struct failure *failure)
{
    struct arena arena = {0};
    struct repository repository;
    const char **paths;
    size_t n;
    *cleaned = (struct run_cleaned){0};
    bool ok = repository_open(&arena, directory, &repository, failure) &&
              journal_list(&arena, repository.home, &paths, &n, failure);
    if (!ok)
        n = 0;
    else
        /* NOLINTNEXTLINE(performance-no-int-to-ptr): drops a const that is not written through */
        cleaned->processes = keepers_kill_strays(is_dead, (void *)(uintptr_t)repository.home);
    for (size_t i = 0; i < n && ok; i++) {
        struct journal_head head;
        struct failure unreadable;
        bool readable = journal_look(&arena, paths[i], &head, &unreadable);
        if (head.is_held || (!readable && is_young(paths[i])))
            continue;
        if (readable && !head.is_finished && !all) {
            cleaned->unfinished++;
            continue;
        }
        size_t n_trees = 0;
        if (readable && !head.is_finished)
            ok = worktree_remove_all(
                &arena, &repository, arena_text(&arena, head.id), &n_trees, failure);
        cleaned->worktrees += n_trees;
        if (ok)
            cleaned->journals += unlink(paths[i]) == 0;
    }
    if (ok) {
        cleaned->wishes = clean_wishes(repository.home);
        cleaned->said = clean_said(repository.home, RUN_SAID_BYTES_KEPT);
    }
    arena_free(&arena);
    return ok;
}
