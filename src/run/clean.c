/* Receives a repository, takes away what dead runs left in it. Refuses to touch a run that a
 * process works on, and a branch that holds an accepted change. */
#include "journal.h"
#include "keeper.h"
#include "run.h"
#include "worktree.h"

#include "base/clock.h"
#include "base/file.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { YOUNG_S = 60 };

/* A work tree that a journal speaks of. */
struct left {
    struct worktree worktree;
    bool keep_branch;
};

struct lefts {
    struct left *items;
    size_t n, room;
};

static struct left *find_left(
    struct arena *arena, struct lefts *lefts, const struct worktree *worktree)
{
    for (size_t i = 0; i < lefts->n; i++)
        if (strcmp(lefts->items[i].worktree.directory, worktree->directory) == 0)
            return &lefts->items[i];
    lefts->items = arena_grow(arena, lefts->items, lefts->n, &lefts->room, sizeof(struct left));
    lefts->items[lefts->n] = (struct left){*worktree, false};
    return &lefts->items[lefts->n++];
}

static void note_step(
    struct arena *arena, const struct repository *repository, struct json step, struct lefts *lefts)
{
    struct json experiment = json_get(step, "experiment");
    struct slice id = json_get_text(experiment, "id");
    if (id.len < 5)
        return;
    struct worktree worktree = worktree_place(
        arena, repository, json_get_text(experiment, "taskId"), slice_sub(id, id.len - 5, id.len));
    find_left(arena, lefts, &worktree)->keep_branch = json_get_text(step, "commit").len > 0;
}

static bool list_left(struct arena *arena, const struct repository *repository, const char *path,
    struct lefts *lefts, struct failure *failure)
{
    struct file_bytes file;
    struct slice line;
    struct json step;
    if (!file_open(path, JOURNAL_BYTES_MOST, &file, failure))
        return false;
    struct json_parser *parser = json_parser_make();
    struct slice rest = file.bytes;
    while (slice_next_line(&rest, &line))
        if (json_parse(parser, line, &step, failure)) /* a torn last line says nothing */
            note_step(arena, repository, step, lefts);
    json_parser_free(parser);
    file_close(&file);
    return true;
}

static bool clean_run(struct arena *arena, const struct repository *repository, const char *path,
    struct run_cleaned *cleaned, struct failure *failure)
{
    struct lefts lefts = {0};
    if (!list_left(arena, repository, path, &lefts, failure))
        return false;
    for (size_t i = 0; i < lefts.n; i++) {
        cleaned->worktrees += file_is_directory(lefts.items[i].worktree.directory);
        if (!worktree_remove(
                arena, repository, &lefts.items[i].worktree, lefts.items[i].keep_branch, failure))
            return false;
    }
    return true;
}

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
        if (readable && !head.is_finished)
            ok = clean_run(&arena, &repository, paths[i], cleaned, failure);
        if (ok)
            cleaned->journals += unlink(paths[i]) == 0;
    }
    arena_free(&arena);
    return ok;
}
