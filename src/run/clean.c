/* Receives a repository, takes away what dead runs left in it. Refuses to touch a run that a
 * process works on, and a branch that holds an accepted change. */
#include "journal.h"
#include "keeper.h"
#include "run.h"
#include "worktree.h"

#include "base/clock.h"
#include "base/file.h"

#include <sys/stat.h>
#include <unistd.h>

enum { YOUNG_S = 60 };

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
    arena_free(&arena);
    return ok;
}
