/* Receives a repository and a place, hands on a work tree at a commit and takes it away again;
 * makes commits and branches. Refuses to know what is done in it. */
#include "worktree.h"

#include "base/file.h"
#include "base/git.h"

#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { GIT_OUTPUT_BYTES = 1 << 20, OPEN_DIRECTORIES_MOST = 32 };

static const char *const PRUNE[] = {"worktree", "prune", "--expire", "now", NULL};

/* git -C directory ARGUMENTS…, its standard output trimmed. */
static bool git(struct arena *arena, const char *directory, const char *const *arguments,
    struct slice *output, struct failure *failure)
{
    struct child_limits limits = {GIT_OUTPUT_BYTES, WORKTREE_GIT_WAIT_MS};
    struct child_result result;
    if (!git_run(arena, directory, arguments, limits, &result, failure))
        return false;
    *output = slice_trim(result.output);
    if (result.exit_status == 0)
        return true;
    return failure_set(failure, "git %s: %.*s", arguments[0], SLICE_ARG(slice_trim(result.error)));
}

bool repository_open(struct arena *arena, const char *directory, struct repository *repository,
    struct failure *failure)
{
    struct slice top, base;
    if (!git(arena, directory, (const char *[]){"rev-parse", "--show-toplevel", NULL}, &top,
            failure))
        return failure_prefix(failure, "rung run needs a git repository");
    repository->top = arena_text(arena, top);
    if (!git(arena, repository->top,
            (const char *[]){"rev-parse", "--verify", "--quiet", "HEAD^{commit}", NULL}, &base,
            failure))
        return failure_set(
            failure, "%s has no commit yet; rung run begins from one", repository->top);
    repository->base = arena_text(arena, base);
    repository->home = file_join(arena, repository->top, ".rung");
    if (!file_refuse_links(repository->top, ".rung", failure) ||
        !file_make_directories(repository->home, 0700, failure))
        return false;
    return file_hide_from_git(repository->home, failure);
}

struct slice worktree_safe_name(struct arena *arena, struct slice task_id)
{
    char *name = arena_take(arena, WORKTREE_NAME_BYTES_MOST + 1);
    size_t n = 0;
    for (size_t i = 0; i < task_id.len && n < WORKTREE_NAME_BYTES_MOST; i++) {
        char c = task_id.base[i];
        if (!slice_ascii_is_word((unsigned char)c) && c != '.' && c != '_')
            c = '-';
        bool marks = c == '-' || c == '.';
        if (marks && (n == 0 || name[n - 1] == '-' || name[n - 1] == '.'))
            continue;
        name[n++] = c;
    }
    while (n > 0 && (name[n - 1] == '-' || name[n - 1] == '.'))
        n--;
    return n ? (struct slice){name, n} : slice_from("task");
}

/* What the names of all work trees of a run begin with. */
static struct slice prefix_of(struct arena *arena, const char *run_id)
{
    struct slice safe = worktree_safe_name(arena, slice_from(run_id));
    return arena_print(arena, "%.*s-", SLICE_ARG(safe));
}

struct worktree worktree_place(
    struct arena *arena, const struct repository *repository, const char *run_id, size_t number)
{
    struct slice name = arena_print(arena, "%.*s%zu", SLICE_ARG(prefix_of(arena, run_id)), number);
    return (struct worktree){
        .directory = arena_print(arena, "%s/worktrees/%s", repository->home, name.base).base,
        .scratch = arena_print(arena, "%s/scratch/%s", repository->home, name.base).base,
    };
}

const char *worktree_branch(struct arena *arena, struct slice task_id, struct slice short_id)
{
    struct slice safe = worktree_safe_name(arena, task_id);
    struct slice end = worktree_safe_name(arena, short_id);
    return arena_print(arena, "rung/%.*s-%.*s", SLICE_ARG(safe), SLICE_ARG(end)).base;
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)status;
    (void)walk;
    return type == FTW_DP ? rmdir(path) : unlink(path);
}

/* An agent may have taken its own right to write away: directories get it back first. */
static int open_entry(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)walk;
    if (type == FTW_D || type == FTW_DNR)
        return chmod(path, (status->st_mode & 07777) | S_IRWXU);
    return 0;
}

bool worktree_remove_files(const char *directory, struct failure *failure)
{
    struct stat status;
    if (lstat(directory, &status) != 0 && errno == ENOENT)
        return true;
    if (nftw(directory, remove_entry, OPEN_DIRECTORIES_MOST, FTW_DEPTH | FTW_PHYS | FTW_MOUNT) == 0)
        return true;
    nftw(directory, open_entry, OPEN_DIRECTORIES_MOST, FTW_PHYS | FTW_MOUNT);
    if (nftw(directory, remove_entry, OPEN_DIRECTORIES_MOST, FTW_DEPTH | FTW_PHYS | FTW_MOUNT) == 0)
        return true;
    return failure_set(failure, "cannot remove %s: %s", directory, strerror(errno));
}

/* Nothing is made or wiped where a directory above it leads elsewhere; the place itself may be a
 * link, which is removed as one. */
static bool is_within(const struct repository *repository, struct failure *failure)
{
    return file_refuse_links(repository->top, ".rung/worktrees", failure) &&
           file_refuse_links(repository->top, ".rung/scratch", failure);
}

bool worktree_make(struct arena *arena, const struct repository *repository,
    const struct worktree *worktree, struct failure *failure)
{
    struct slice output;
    const char *const add[] = {"worktree", "add", "--quiet", "--force", "--force", "--detach",
        worktree->directory, repository->base, NULL};
    if (!is_within(repository, failure) || !worktree_remove_files(worktree->directory, failure) ||
        !worktree_remove_files(worktree->scratch, failure) ||
        !file_make_directories(worktree->scratch, 0700, failure))
        return false;
    /* Git may still know the one that was there: it forgets it when it is asked to. */
    return git(arena, repository->top, add, &output, failure) ||
           (git(arena, repository->top, PRUNE, &output, failure) &&
               git(arena, repository->top, add, &output, failure));
}

bool worktree_set_branch(struct arena *arena, const struct repository *repository,
    const char *branch, const char *commit, struct failure *failure)
{
    struct slice output;
    const char *name = arena_print(arena, "refs/heads/%s", branch).base;
    return git(arena, repository->top,
        (const char *[]){"update-ref", "--no-deref", "-m", "rung: accepted", name, commit, NULL},
        &output, failure);
}

/* Removes what a directory holds of this prefix; a directory that is not there holds nothing. */
static bool remove_prefixed(
    struct arena *arena, const char *path, struct slice prefix, size_t *n, struct failure *failure)
{
    bool ok = true;
    DIR *directory = opendir(path);
    *n = 0;
    if (!directory)
        return errno == ENOENT || failure_set(failure, "cannot read the directory %s", path);
    for (struct dirent *entry; ok && (entry = readdir(directory)) != NULL;)
        if (slice_starts(slice_from(entry->d_name), prefix.base)) {
            ok = worktree_remove_files(file_join(arena, path, entry->d_name), failure);
            ++*n;
        }
    closedir(directory);
    return ok;
}

bool worktree_remove_all(struct arena *arena, const struct repository *repository,
    const char *run_id, size_t *n, struct failure *failure)
{
    struct slice output, prefix = prefix_of(arena, run_id);
    size_t n_scratch;
    *n = 0;
    return is_within(repository, failure) &&
           remove_prefixed(
               arena, file_join(arena, repository->home, "scratch"), prefix, &n_scratch, failure) &&
           remove_prefixed(
               arena, file_join(arena, repository->home, "worktrees"), prefix, n, failure) &&
           (*n == 0 || git(arena, repository->top, PRUNE, &output, failure));
}

bool worktree_commit(struct arena *arena, const struct repository *repository, const char *tree,
    const char *message, const char **commit, struct failure *failure)
{
    struct slice output;
    bool has_name = git(
        arena, repository->top, (const char *[]){"config", "user.email", NULL}, &output, failure);
    const char *unnamed[] = {"-c", "user.name=rung", "-c", "user.email=rung@localhost",
        "commit-tree", tree, "-p", repository->base, "-m", message, NULL};
    if (!git(arena, repository->top, has_name ? unnamed + 4 : unnamed, &output, failure))
        return false;
    *commit = arena_text(arena, output);
    return true;
}

/* merge-tree leaves no work tree behind: it writes the merged tree and says its id. */
bool worktree_merge(struct arena *arena, const struct repository *repository, const char *other,
    const char **commit, struct failure *failure)
{
    struct slice tree;
    if (strcmp(other, repository->base) == 0) {
        *commit = other;
        return true;
    }
    if (!git(arena, repository->top,
            (const char *[]){"merge-tree", "--write-tree", repository->base, other, NULL}, &tree,
            failure))
        return failure_set(failure,
            "the changes of the tasks that it depends on do not merge (%.12s and %.12s)",
            repository->base, other);
    const char *parents[] = {"-c", "user.name=rung", "-c", "user.email=rung@localhost",
        "commit-tree", arena_text(arena, tree), "-p", repository->base, "-p", other, "-m",
        "Merge what the next task depends on", NULL};
    struct slice output;
    if (!git(arena, repository->top, parents, &output, failure))
        return false;
    *commit = arena_text(arena, output);
    return true;
}
