/* gate, tree: receives a work tree that an agent has changed, hands on the change as git sees it.
 * Runs git on a git directory of our own: the repository's configuration, hooks, filters and
 * attributes, which an agent may have written, are not read. */
#include "gate.h"

#include "base/child.h"
#include "base/file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ARGUMENTS_MOST = 64, SMALL_OUTPUT_BYTES = 1 << 20 };

static const char *const ALWAYS[] = {"git", "-c", "core.hooksPath=/dev/null", "-c",
    "core.fsmonitor=false", "-c", "core.quotePath=false", "-c", "core.attributesFile=/dev/null",
    "-c", "core.excludesFile=/dev/null", "-c", "diff.ignoreSubmodules=all", "-c",
    "submodule.recurse=false", "-c", "gc.auto=0", "-c", "advice.addEmbeddedRepo=false"};
enum { N_ALWAYS = sizeof(ALWAYS) / sizeof(*ALWAYS) };

static const char *git_directory(struct arena *arena, const struct gate_tree *tree)
{
    return file_join(arena, tree->scratch, "gate.git");
}

/* Nothing of the caller's environment but the way to git. */
static const char *const *git_environment(struct arena *arena, const struct gate_tree *tree)
{
    enum { MOST = 16 };
    const char **items = ARENA_ARRAY(arena, const char *, MOST);
    const char *path = getenv("PATH");
    size_t n = 0;
    items[n++] = arena_print(arena, "PATH=%s", path ? path : "/usr/bin:/bin").base;
    items[n++] = "HOME=/nonexistent";
    items[n++] = "LC_ALL=C";
    items[n++] = "GIT_CONFIG_NOSYSTEM=1";
    items[n++] = "GIT_CONFIG_GLOBAL=/dev/null";
    items[n++] = "GIT_ATTR_NOSYSTEM=1";
    items[n++] = "GIT_TERMINAL_PROMPT=0";
    items[n++] = "GIT_NO_REPLACE_OBJECTS=1";
    items[n++] = "GIT_NO_LAZY_FETCH=1";
    if (tree->objects) {
        items[n++] = arena_print(arena, "GIT_DIR=%s", git_directory(arena, tree)).base;
        items[n++] = arena_print(arena, "GIT_WORK_TREE=%s", tree->directory).base;
        items[n++] = arena_print(arena, "GIT_INDEX_FILE=%s/gate.index", tree->scratch).base;
        items[n++] = arena_print(arena, "GIT_OBJECT_DIRECTORY=%s", tree->objects).base;
    }
    return items;
}

static bool run_git(struct arena *arena, const struct gate_tree *tree, const char *const *arguments,
    size_t output_bytes, struct slice *output, struct failure *failure)
{
    const char *argv[N_ALWAYS + ARGUMENTS_MOST + 1];
    size_t n = N_ALWAYS;
    memcpy(argv, ALWAYS, sizeof(ALWAYS));
    for (size_t i = 0; arguments[i]; i++) {
        if (i == ARGUMENTS_MOST)
            return failure_set(failure, "git %s: too many arguments", arguments[0]);
        argv[n++] = arguments[i];
    }
    argv[n] = NULL;
    struct child_setup setup = {
        .directory = tree->directory, .environment = git_environment(arena, tree)};
    struct child_limits limits = {output_bytes, GATE_GIT_WAIT_MS};
    struct child_result result;
    if (!child_run_with(arena, argv, &setup, limits, &result, failure))
        return failure_prefix(failure, "git %s", arguments[0]);
    if (result.exit_status != 0)
        return failure_set(failure, "git %s in %s: %.*s", arguments[0], tree->directory,
            SLICE_ARG(slice_sub(slice_trim(result.error), 0, 400)));
    if (result.cut)
        return failure_set(
            failure, "git %s: the output is longer than %zu bytes", arguments[0], output_bytes);
    *output = result.output;
    return true;
}

bool gate_tree_git(struct arena *arena, const struct gate_tree *tree, const char *const *arguments,
    struct slice *output, struct failure *failure)
{
    return run_git(arena, tree, arguments, GATE_DIFF_BYTES_MOST, output, failure);
}

/* ---- our git directory ---- */

/* Not synced: it is made anew where it is missing. */
static bool write_small(struct arena *arena, const char *directory, const char *name,
    const char *text, struct failure *failure)
{
    const char *path = file_join(arena, directory, name);
    FILE *file = fopen(path, "we");
    bool ok = file && fputs(text, file) >= 0;
    if (file && fclose(file) != 0)
        ok = false;
    return ok || failure_set(failure, "cannot write %s: %s", path, strerror(errno));
}

static bool make_git_directory(
    struct arena *arena, const struct gate_tree *tree, struct failure *failure)
{
    const char *directory = git_directory(arena, tree);
    bool is_sha256 = strlen(tree->base) == 64;
    return file_make_directories(file_join(arena, directory, "refs"), 0700, failure) &&
           file_make_directories(file_join(arena, directory, "info"), 0700, failure) &&
           write_small(arena, directory, "HEAD", "ref: refs/heads/none\n", failure) &&
           write_small(arena, directory, "config",
               is_sha256 ? "[core]\n\trepositoryformatversion = 1\n\tbare = false\n"
                           "[extensions]\n\tobjectFormat = sha256\n"
                         : "[core]\n\trepositoryformatversion = 0\n\tbare = false\n",
               failure) &&
           /* Of higher rank than any .gitattributes: none can hide a text as binary. */
           write_small(arena, directory, "info/attributes",
               "* !diff !filter !ident !text !eol !working-tree-encoding !merge\n", failure);
}

static bool is_commit_id(struct slice id)
{
    for (size_t i = 0; i < id.len; i++)
        if (!strchr("0123456789abcdef", id.base[i]))
            return false;
    return id.len == 40 || id.len == 64;
}

bool gate_tree_open(struct arena *arena, const char *directory, const char *scratch,
    struct gate_tree *tree, struct failure *failure)
{
    *tree = (struct gate_tree){.directory = directory, .scratch = scratch};
    const char *const arguments[] = {"rev-parse", "--path-format=absolute", "--git-common-dir",
        "--absolute-git-dir", "--git-path", "objects", "HEAD^{commit}", NULL};
    struct arena passing = {0}; /* a tree lives long, and there may be hundreds */
    struct slice output, common, administration, objects, base;
    bool ok = run_git(&passing, tree, arguments, SMALL_OUTPUT_BYTES, &output, failure);
    if (!ok)
        goto done;
    ok = slice_next_line(&output, &common) && slice_next_line(&output, &administration) &&
         slice_next_line(&output, &objects) && slice_next_line(&output, &base) &&
         is_commit_id(base);
    if (!ok) {
        failure_set(failure, "%s: git does not say where its repository is", directory);
        goto done;
    }
    tree->common = arena_text(arena, common);
    tree->administration = arena_text(arena, administration);
    tree->objects = arena_text(arena, objects);
    tree->base = arena_text(arena, base);
    ok = make_git_directory(&passing, tree, failure);
done:
    arena_free(&passing);
    return ok;
}

bool gate_take_change(struct arena *arena, const struct gate_tree *tree, struct gate_change *change,
    struct failure *failure)
{
    *change = (struct gate_change){0};
    struct slice output;
    const char *const read_tree[] = {"read-tree", tree->base, NULL};
    const char *const add[] = {"add", "--all", "--", ".", NULL};
    const char *const write_tree[] = {"write-tree", NULL};
    if (!run_git(arena, tree, read_tree, SMALL_OUTPUT_BYTES, &output, failure) ||
        !run_git(arena, tree, add, SMALL_OUTPUT_BYTES, &output, failure) ||
        !run_git(arena, tree, write_tree, SMALL_OUTPUT_BYTES, &output, failure))
        return false;
    struct slice id = slice_trim(output);
    if (!is_commit_id(id))
        return failure_set(failure, "%s: git wrote no tree", tree->directory);
    change->tree_id = arena_text(arena, id);
    const char *const diff[] = {"diff-tree", "-p", "--no-ext-diff", "--no-textconv", "--no-color",
        "--no-renames", "--full-index", "--src-prefix=a/", "--dst-prefix=b/", tree->base,
        change->tree_id, NULL};
    if (!run_git(arena, tree, diff, GATE_DIFF_BYTES_MOST, &change->diff, failure))
        return false;
    change->is_empty = change->diff.len == 0;
    return true;
}

bool gate_read_base(struct arena *arena, const struct gate_tree *tree, const char *path,
    struct slice *bytes, struct failure *failure)
{
    while (path[0] == '.' && path[1] == '/')
        path += 2;
    const char *name = arena_print(arena, "%s:%s", tree->base, path).base;
    const char *const arguments[] = {"cat-file", "blob", name, NULL};
    return run_git(arena, tree, arguments, GATE_DIFF_BYTES_MOST, bytes, failure);
}
