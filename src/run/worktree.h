/* A git work tree of its own for a task, on no branch: the branch is made for what is kept of it.
 * Git runs as base/git.h says; nothing is made or removed where `.rung` or a directory in it is a
 * symbolic link. */
#ifndef RUNG_RUN_WORKTREE_H
#define RUNG_RUN_WORKTREE_H

#include "base/arena.h"
#include "base/failure.h"

enum { WORKTREE_NAME_BYTES_MOST = 40, WORKTREE_GIT_WAIT_MS = 300000 };

struct repository {
    const char *top;  /* of the main work tree or the one that the user stands in */
    const char *home; /* top/.rung */
    const char *base; /* full id of the commit that HEAD names */
};

/* The repository at or above `directory`, with at least one commit. Makes `.rung` in it, with a
 * .gitignore of its own so that git does not see it. */
bool repository_open(struct arena *arena, const char *directory, struct repository *repository,
    struct failure *failure) MUST_USE;

struct worktree {
    const char *directory;
    const char *scratch; /* a directory outside the work tree, for the task's own files */
};

/* The part of branch and directory names that stands for a task: letters, digits, '.', '_', '-' of
 * its id, never "..", never beginning with '-' or '.', "task" where nothing is left. */
struct slice worktree_safe_name(struct arena *arena, struct slice task_id);

/* Where work tree number `number` of a run belongs, whatever its id holds; nothing is made yet. */
struct worktree worktree_place(
    struct arena *arena, const struct repository *repository, const char *run_id, size_t number);

/* "rung/<task>-<short id>", whatever the ids hold. */
const char *worktree_branch(struct arena *arena, struct slice task_id, struct slice short_id);

/* Makes it anew at the base commit, whatever an earlier attempt left there. */
bool worktree_make(struct arena *arena, const struct repository *repository,
    const struct worktree *worktree, struct failure *failure) MUST_USE;

/* A commit of a tree object on the base, by the user's own name where git knows it. */
bool worktree_commit(struct arena *arena, const struct repository *repository, const char *tree,
    const char *message, const char **commit, struct failure *failure) MUST_USE;

/* A commit that holds the base and another commit; false where they do not merge. */
bool worktree_merge(struct arena *arena, const struct repository *repository, const char *other,
    const char **commit, struct failure *failure) MUST_USE;

/* Puts the branch on a commit, wherever it was. */
bool worktree_set_branch(struct arena *arena, const struct repository *repository,
    const char *branch, const char *commit, struct failure *failure) MUST_USE;

/* Removes every work tree and scratch directory of a run; *n: how many work trees there were. */
bool worktree_remove_all(struct arena *arena, const struct repository *repository,
    const char *run_id, size_t *n, struct failure *failure) MUST_USE;

/* Removes a directory and all in it without following a link; what is not there is fine. */
bool worktree_remove_files(const char *directory, struct failure *failure) MUST_USE;

#endif
