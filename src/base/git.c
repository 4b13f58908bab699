/* Receives a call of git, hands on its output. Overrules what in the repository's own configuration
 * would start a program; refuses to know what git is called for. */
#include "git.h"

#include <string.h>
#include <unistd.h>

enum { ARGUMENTS_MOST = 40, CONFIG_BYTES = 1 << 20, CONFIG_WAIT_MS = 60000 };

/* What a git call gets beside its arguments: GIT_CONFIG_KEY_n overrules any file, and unlike -c it
 * takes a key in which there is a '='. */
struct overrules {
    const char **environment;
    size_t n, n_room, n_keys;
};

static void add_entry(struct arena *arena, struct overrules *overrules, const char *entry)
{
    overrules->environment = arena_grow(arena, overrules->environment, overrules->n,
        &overrules->n_room, sizeof(*overrules->environment));
    overrules->environment[overrules->n++] = entry;
}

static void overrule(
    struct arena *arena, struct overrules *overrules, struct slice key, const char *value)
{
    size_t n = overrules->n_keys++;
    add_entry(
        arena, overrules, arena_print(arena, "GIT_CONFIG_KEY_%zu=%.*s", n, SLICE_ARG(key)).base);
    add_entry(arena, overrules, arena_print(arena, "GIT_CONFIG_VALUE_%zu=%s", n, value).base);
}

/* Ends the environment; more keys may be added after it and it be ended anew. */
static const char *const *environment_of(struct arena *arena, struct overrules *overrules)
{
    size_t n = overrules->n;
    add_entry(arena, overrules, arena_print(arena, "GIT_CONFIG_COUNT=%zu", overrules->n_keys).base);
    add_entry(arena, overrules, NULL);
    overrules->n = n;
    return overrules->environment;
}

static struct overrules usual(struct arena *arena)
{
    struct overrules overrules = {0};
    for (char **entry = environ; entry && *entry; entry++)
        if (!slice_starts(slice_from(*entry), "GIT_"))
            add_entry(arena, &overrules, *entry);
    add_entry(arena, &overrules, "GIT_TERMINAL_PROMPT=0");
    overrule(arena, &overrules, slice_from("core.hooksPath"), "/dev/null");
    overrule(arena, &overrules, slice_from("core.fsmonitor"), "false");
    return overrules;
}

/* What makes a key harmless; NULL where it starts nothing. An empty filter changes nothing; an
 * empty merge driver would silently take one side, so that one fails instead. */
static const char *harmless(struct slice key)
{
    if (slice_starts(key, "merge."))
        return slice_ends(key, ".driver") ? "false" : NULL;
    if (!slice_starts(key, "filter."))
        return NULL;
    if (slice_ends(key, ".required"))
        return "false";
    return slice_ends(key, ".smudge") || slice_ends(key, ".clean") || slice_ends(key, ".process")
               ? ""
               : NULL;
}

/* The repository's own: of scope "local" or "worktree", files that they include among them. */
static bool overrule_repository(struct arena *arena, const char *directory,
    struct overrules *overrules, struct failure *failure)
{
    const char *const argv[] = {"git", "-C", directory, "config", "--null", "--show-scope",
        "--name-only", "--get-regexp", "^(filter|merge)\\.", NULL};
    struct child_setup setup = {.environment = environment_of(arena, overrules)};
    struct child_limits limits = {CONFIG_BYTES, CONFIG_WAIT_MS};
    struct child_result result;
    if (!child_run_with(arena, argv, &setup, limits, &result, failure))
        return failure_prefix(failure, "git config");
    if (result.exit_status > 1) /* 1: there is none */
        return failure_set(failure, "git config in %s: %.*s", directory,
            SLICE_ARG(slice_sub(slice_trim(result.error), 0, 400)));
    struct slice rest = result.output, scope, key;
    while (slice_next_field(&rest, '\0', &scope) && slice_next_field(&rest, '\0', &key)) {
        const char *value = harmless(key);
        if (!value || !(slice_is(scope, "local") || slice_is(scope, "worktree")))
            continue;
        if (overrules->n_keys == GIT_KEYS_MOST)
            break;
        overrule(arena, overrules, key, value);
    }
    return (!result.cut && overrules->n_keys < GIT_KEYS_MOST) ||
           failure_set(failure, "the git configuration of %s names more than %d filters", directory,
               GIT_KEYS_MOST);
}

bool git_run(struct arena *arena, const char *directory, const char *const *arguments,
    struct child_limits limits, struct child_result *result, struct failure *failure)
{
    const char *argv[ARGUMENTS_MOST] = {"git", "-C", directory};
    size_t n = 3;
    for (; *arguments; arguments++) {
        if (n + 1 == ARGUMENTS_MOST)
            return failure_set(failure, "git %s: too many arguments", argv[3]);
        argv[n++] = *arguments;
    }
    struct overrules overrules = usual(arena);
    if (!overrule_repository(arena, directory, &overrules, failure))
        return false;
    struct child_setup setup = {.environment = environment_of(arena, &overrules)};
    return child_run_with(arena, argv, &setup, limits, result, failure);
}
