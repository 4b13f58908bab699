/* Receives a run's limits on money, says them with what may still be spent beyond them. Refuses to
 * hold anybody to them: the run room does. */
#include "run_limits.h"

#include "base/log.h"

static struct slice add(struct arena *arena, struct slice text, const char *what, double usd)
{
    if (usd <= 0)
        return text;
    return arena_print(arena, "%.*s%s$%g %s", SLICE_ARG(text), text.len ? ", " : "", usd, what);
}

void limits_say(const struct policy *policy, const struct run_settings *settings, bool is_many)
{
    struct arena arena = {0};
    struct slice text = {"", 0};
    text = add(&arena, text, is_many ? "a task" : "for the task", settings->task_usd);
    text = add(&arena, text, "for the swarm", settings->total_usd);
    text = add(&arena, text, "for the day", settings->day_usd);
    if (text.len)
        log_note("limit: %.*s; %s%s", SLICE_ARG(text), agent_overshoot(&policy->worker),
            settings->jobs > 1 ? " (each of those that work at the same time)" : "");
    arena_free(&arena);
}
