/* Receives a call and its policy, hands on the ledger that they mean. */
#include "store.h"

#include "base/clock.h"
#include "base/file.h"

#include <stdlib.h>
#include <string.h>

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

const char *workspace_ledger_url(struct call *call, const struct option_value *ledger_option,
    const struct workspace *workspace, bool *named)
{
    const struct policy *policy = &workspace->policy;
    const char *environment = getenv("RUNG_LEDGER");
    *named = true;
    if (ledger_option->given)
        return as_url(call->arena, ledger_option->text);
    if (environment && environment[0])
        return as_url(call->arena, slice_from(environment));
    *named = false;
    if (policy->trusted && policy->ledger.len)
        return policy_ledger(call->arena, policy);
    return ledger_usual_url(call->arena, policy->path, file_working_directory(call->arena));
}

static const char *ledger_or_failure(struct call *call, const struct option_value *ledger_option,
    const struct workspace *workspace, bool *named, struct failure *failure)
{
    const char *url = workspace_ledger_url(call, ledger_option, workspace, named);
    if (!url)
        failure_set(failure, "no place for a ledger: there is no policy, no .git and no home "
                             "directory; name one with --ledger sqlite:PATH");
    return url;
}

bool workspace_make_ledger(struct call *call, const struct option_value *ledger_option,
    const struct workspace *workspace, struct ledger **ledger, struct failure *failure)
{
    bool named;
    const char *url = ledger_or_failure(call, ledger_option, workspace, &named, failure);
    struct ledger_options options = {.create = true, .hash_text = !workspace->policy.keep_text};
    return url && ledger_open(url, options, ledger, failure);
}

bool workspace_read_ledger(struct call *call, const struct option_value *ledger_option,
    const struct workspace *workspace, struct ledger **ledger, struct failure *failure)
{
    bool named;
    const char *url = ledger_or_failure(call, ledger_option, workspace, &named, failure);
    struct ledger_options options = {.hash_text = !workspace->policy.keep_text};
    *ledger = NULL;
    if (!url)
        return false;
    bool is_file = strncmp(url, SCHEME, sizeof(SCHEME) - 1) == 0;
    if (!named && is_file && !file_exists(url + sizeof(SCHEME) - 1))
        return true;
    return ledger_open(url, options, ledger, failure);
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
