/* Receives the wish for a work tree at a commit, hands on one that nobody has touched. Refuses to
 * know what is done in it; believes that nothing was touched where the stamps of before and after
 * are the same. */
#include "trees.h"

#include "base/clock.h"
#include "base/file.h"

#include <stdlib.h>
#include <string.h>

enum { SEEN_LATELY_MS = 200 };

/* ---- who uses which ---- */

struct tree *trees_take(struct run *run, const char *base)
{
    struct tree *tree = NULL;
    pthread_mutex_lock(&run->lock);
    struct tree **at = &run->idle_trees;
    for (struct tree **each = at; *each; each = &(*each)->next)
        if ((*each)->is_as_before && strcmp((*each)->before.tree.base, base) == 0)
            at = each;
    if (*at) {
        tree = *at;
        *at = tree->next;
    } else {
        tree = memory_take(sizeof(*tree));
        *tree = (struct tree){
            .place = worktree_place(&run->arena, &run->repository, run->id, ++run->n_trees)};
        if (run->settings.here)
            tree->place.directory = run->repository.top;
    }
    pthread_mutex_unlock(&run->lock);
    return tree;
}

void trees_give(struct run *run, struct tree *tree)
{
    pthread_mutex_lock(&run->lock);
    tree->next = run->idle_trees;
    run->idle_trees = tree;
    pthread_mutex_unlock(&run->lock);
}

/* ---- ready for an attempt ---- */

/* Looked at once more where it stood idle: somebody else may have been there meanwhile. */
static bool is_still_ready(struct tree *tree, const char *base)
{
    struct gate_stamp now;
    if (!tree->is_as_before || strcmp(tree->before.tree.base, base) != 0)
        return false;
    if (clock_monotonic_us() - tree->seen_us < (int64_t)SEEN_LATELY_MS * 1000)
        return true;
    gate_stamp_take(&tree->before.tree, false, &now);
    return gate_stamp_is_same(&tree->before.stamp, &now);
}

static bool make(struct run *run, struct tree *tree, const char *base, struct failure *failure)
{
    struct repository repository = run->repository;
    struct arena passing = {0};
    repository.base = base;
    if (run->settings.here)
        return file_make_directories(tree->place.scratch, 0700, failure);
    pthread_mutex_lock(&run->git);
    bool ok = worktree_make(&passing, &repository, &tree->place, failure);
    pthread_mutex_unlock(&run->git);
    arena_free(&passing);
    return ok;
}

bool trees_make_ready(struct run *run, struct tree *tree, const char *base, struct failure *failure)
{
    bool is_ready = is_still_ready(tree, base);
    tree->is_as_before = false;
    if (is_ready)
        return true;
    arena_reset(&tree->arena);
    return make(run, tree, base, failure) &&
           check_prepare(run, &tree->arena, &tree->place, &tree->before, failure);
}

/* ---- the end ---- */

bool trees_end(struct run *run, struct failure *failure)
{
    size_t n;
    struct tree *tree;
    while ((tree = run->idle_trees) != NULL) {
        run->idle_trees = tree->next;
        arena_free(&tree->arena);
        free(tree);
    }
    return run->stopping ||
           worktree_remove_all(&run->arena, &run->repository, run->id, &n, failure);
}
