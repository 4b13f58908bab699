/* Receives a call and its policy, hands on the ledger that they mean. */
#include "store.h"

#include "base/clock.h"
#include "base/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { RECOUNT_QUIET_US = 2000000 };

static const char SCHEME[] = "sqlite:";

/* A path alone is a path of SQLite's. */
static const char *as_url(struct arena *arena, struct slice text)
{
    size_t colon = slice_find_byte(text, ':'), slash = slice_find_byte(text, '/');
    if (colon != SIZE_MAX && colon > 0 && colon < slash)
        return arena_text(arena, text);
    return arena_print(arena, "%s%.*s", SCHEME, SLICE_ARG(text)).base;
}

/* A relative path in a policy is meant from the policy's own directory. */
static const char *policy_ledger(struct arena *arena, const struct policy *policy)
{
    const char *url = as_url(arena, policy->ledger);
    const char *path = url + sizeof(SCHEME) - 1;
    if (strncmp(url, SCHEME, sizeof(SCHEME) - 1) != 0 || path[0] == '/' || !policy->path)
        return url;
    const char *directory = file_directory(arena, policy->path);
    return arena_print(arena, "%s%s", SCHEME, file_join(arena, directory, path)).base;
}

/* The user's own directories hold nothing that a stranger has put there. */
static bool is_own_place(struct arena *arena, const struct policy *policy, const char *path)
{
    const char *data = file_data_directory(arena), *config = file_config_directory(arena);
    bool in_data = data && slice_starts(slice_from(path), file_join(arena, data, ""));
    return in_data ||
           (config && policy->path && strcmp(file_directory(arena, policy->path), config) == 0);
}

struct ledger_place workspace_ledger_place(
    struct call *call, const struct option_value *ledger_option, const struct workspace *workspace)
{
    struct arena *arena = call->arena;
    const struct policy *policy = &workspace->policy;
    const char *environment = getenv("RUNG_LEDGER");
    struct ledger_place place = {.named = true};
    if (ledger_option->given)
        place.url = as_url(arena, ledger_option->text);
    else if (environment && environment[0])
        place.url = as_url(arena, slice_from(environment));
    else
        place.named = false;
    if (!place.named)
        place.url = policy->trusted && policy->ledger.len
                        ? policy_ledger(arena, policy)
                        : ledger_usual_url(arena, policy->path, file_working_directory(arena));
    if (place.url && strncmp(place.url, SCHEME, sizeof(SCHEME) - 1) == 0)
        place.path = place.url + sizeof(SCHEME) - 1;
    place.in_project = place.path && !place.named && !is_own_place(arena, policy, place.path);
    return place;
}

bool workspace_is_ours(struct call *call, const struct ledger_place *place, const char *file)
{
    return !place->in_project || !file_exists(file) || policy_owns_file(call->arena, file);
}

const char *workspace_ledger_log(struct arena *arena, const char *path)
{
    return arena_print(arena, "%s-wal", path).base;
}

/* True where the ledger lies in a project's .rung, which is Rung's alone. */
static bool is_in_home(struct arena *arena, const char *place)
{
    struct slice directory = slice_from(file_directory(arena, place));
    return slice_is(directory, ".rung") || slice_ends(directory, "/.rung");
}

/* A ledger that is being begun is this user's, and so is the log beside it. Nobody is to commit it
 * unawares. */
static bool remember(void *context, const char *draft, const char *place, struct failure *failure)
{
    struct call *call = context;
    if (is_in_home(call->arena, place) &&
        !file_hide_from_git(file_directory(call->arena, place), failure))
        return false;
    return !file_data_directory(call->arena) ||
           (policy_own_file(call->arena, draft, place, failure) &&
               policy_begin_file(call->arena, workspace_ledger_log(call->arena, place), failure));
}

/* What a stranger's log holds would be read into a ledger of this user's own. */
static bool is_log_ours(
    struct call *call, const struct ledger_place *place, struct failure *failure)
{
    if (!place->in_project || !file_exists(place->path))
        return true;
    const char *log = workspace_ledger_log(call->arena, place->path);
    if (policy_owns_file(call->arena, log) || policy_begin_file(call->arena, log, failure))
        return true;
    return failure_set(failure,
        "%s was not put there by you, and what it holds would be read into your ledger: look where "
        "it comes from, then remove it, or accept it with `rung trust`",
        log);
}

/* ---- an older version's ledger ---- */

struct recounting {
    int64_t begun_us;
    bool talks, has_told;
};

static void tell_recount(void *context, int64_t n_done)
{
    struct recounting *recounting = context;
    if (!recounting->talks || clock_monotonic_us() - recounting->begun_us < RECOUNT_QUIET_US)
        return;
    fprintf(stderr, "\rrung: an older version's ledger is counted anew: %lld experiments",
        (long long)n_done);
    recounting->has_told = true;
}

/* Opens a ledger; a person at a terminal is told what it waits for. */
static bool open_ledger(
    const char *url, struct ledger_options options, struct ledger **ledger, struct failure *failure)
{
    struct recounting recounting = {
        .begun_us = clock_monotonic_us(), .talks = isatty(STDERR_FILENO)};
    options.recount = (struct ledger_recount){tell_recount, &recounting};
    bool ok = ledger_open(url, options, ledger, failure);
    if (recounting.has_told)
        fputs("\n", stderr);
    return ok;
}

/* The place of a ledger that may be used. */
static bool find_ledger(struct call *call, const struct option_value *ledger_option,
    const struct workspace *workspace, struct ledger_place *place, struct failure *failure)
{
    *place = workspace_ledger_place(call, ledger_option, workspace);
    if (!place->url)
        return failure_set(failure, "no place for a ledger: there is no policy, no .git and no "
                                    "home directory; name one with --ledger sqlite:PATH");
    if (place->path && !workspace_is_ours(call, place, place->path))
        return failure_set(failure,
            "%s was not begun by you here and may be a stranger's: it is neither believed nor "
            "written to. `rung trust` accepts it; with --ledger %s it is used this once",
            place->path, place->path);
    return is_log_ours(call, place, failure);
}

bool workspace_make_ledger(struct call *call, const struct option_value *ledger_option,
    const struct workspace *workspace, struct ledger **ledger, struct failure *failure)
{
    struct ledger_place place;
    struct ledger_options options = {
        .begun = {remember, call}, .create = true, .hash_text = !workspace->policy.keep_text};
    return find_ledger(call, ledger_option, workspace, &place, failure) &&
           open_ledger(place.url, options, ledger, failure);
}

bool workspace_read_ledger(struct call *call, const struct option_value *ledger_option,
    const struct workspace *workspace, struct ledger **ledger, struct failure *failure)
{
    struct ledger_place place;
    struct ledger_options options = {.hash_text = !workspace->policy.keep_text};
    *ledger = NULL;
    if (!find_ledger(call, ledger_option, workspace, &place, failure))
        return false;
    if (!place.named && place.path && !file_exists(place.path))
        return true;
    return open_ledger(place.url, options, ledger, failure);
}

bool command_moment(
    const char *name, const struct option_value *option, int64_t *ms, struct failure *failure)
{
    if (!option->given || clock_parse_ms(option->text, ms))
        return true;
    return failure_set(failure,
        "--%s wants a date or a moment such as 2026-11-22 or 2026-11-22T13:05:59Z, not \"%.*s\"",
        name, SLICE_ARG(option->text));
}
