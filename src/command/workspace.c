/* Receives a call, hands on the policy and prices that hold where it was made. */
#include "workspace.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"

const char *workspace_price_path(struct arena *arena)
{
    const char *directory = file_config_directory(arena);
    return directory ? file_join(arena, directory, "prices.json") : NULL;
}

static void say_refused(const struct policy *policy)
{
    for (size_t i = 0; i < policy->n_refused; i++)
        log_warning("%.*s", SLICE_ARG(policy->refused[i]));
}

bool workspace_open(struct call *call, const struct option_value *policy_option,
    struct workspace *workspace, struct failure *failure)
{
    struct arena *arena = call->arena;
    struct policy_problems problems = {0};
    const char *path = policy_option->given ? arena_text(arena, policy_option->text) : NULL;
    if (!policy_find(
            arena, path, file_working_directory(arena), &workspace->policy, &problems, failure)) {
        for (size_t i = 0; i < problems.n; i++)
            log_error("%.*s", SLICE_ARG(problems.items[i].sentence));
        return false;
    }
    say_refused(&workspace->policy);
    workspace->now_ms = clock_now_ms();
    workspace->today = clock_day_from_ms(workspace->now_ms);
    return price_load(arena, workspace_price_path(arena), &workspace->prices, failure);
}
