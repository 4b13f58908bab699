/* Receives the options of run and swarm, hands on gates, limits and phases of a run. Refuses to
 * know which tasks they are for. */
#include "run_going.h"

#include <math.h>
#include <string.h>

enum { GATE_TIMEOUT_S = 600, GATE_WORDS_MOST = 64, JOBS_USUAL = 2 };

/* One word of a --gate, up to a blank; quotes of either kind keep blanks together. */
static bool next_word(struct arena *arena, struct slice *rest, struct slice *word)
{
    *rest = slice_trim(*rest);
    char *text = arena_take(arena, rest->len + 1), quote = 0;
    size_t n = 0, i = 0;
    for (; i < rest->len && (quote || (rest->base[i] != ' ' && rest->base[i] != '\t')); i++) {
        char c = rest->base[i];
        if (quote ? c == quote : c == '"' || c == '\'')
            quote = quote ? 0 : c;
        else
            text[n++] = c;
    }
    *word = (struct slice){text, n};
    bool found = rest->len > 0;
    *rest = slice_sub(*rest, i, rest->len);
    return found;
}

static struct policy_gate read_gate(struct arena *arena, struct slice text, size_t number)
{
    struct policy_gate gate = {.kind = POLICY_GATE_COMMAND,
        .name = arena_print(arena, "gate %zu", number),
        .judge_rung = POLICY_NONE,
        .timeout_s = GATE_TIMEOUT_S,
        .command = ARENA_ARRAY(arena, struct slice, GATE_WORDS_MOST)};
    while (
        gate.n_command < GATE_WORDS_MOST && next_word(arena, &text, &gate.command[gate.n_command]))
        gate.n_command++;
    return gate;
}

void wishes_add_gates(struct going *going)
{
    const struct option_value *given = option(going, GO_GATE);
    struct arena *arena = going->call->arena;
    struct policy *policy = &going->policy;
    struct policy_gate *gates =
        ARENA_ARRAY(arena, struct policy_gate, policy->n_gates + given->n_many);
    if (policy->n_gates)
        memcpy(gates, policy->gates, policy->n_gates * sizeof(*gates));
    for (size_t i = 0; i < given->n_many; i++)
        gates[policy->n_gates++] = read_gate(arena, given->many[i], i + 1);
    policy->gates = gates;
}

/* The lower of two limits, 0 being none. */
static double lower(double policy_usd, const struct option_value *given)
{
    if (!given->given)
        return policy_usd;
    return policy_usd > 0 && policy_usd < given->number ? policy_usd : given->number;
}

/* A rung's name: it reviews each task's change, or, of a swarm, all of them together at the end. */
static bool read_review(struct going *going, struct failure *failure)
{
    struct run_settings *settings = &going->parts.settings;
    const struct option_value *review = option(going, GO_REVIEW);
    if (!review->given || run_review_from_name(review->text, &settings->review))
        return true;
    int rung = policy_rung_by_wish(&going->policy, review->text, (struct slice){0});
    if (rung == POLICY_NONE)
        return failure_set(failure,
            "--review is critical, always, never or a rung of the ladder, not \"%.*s\"",
            SLICE_ARG(review->text));
    settings->review = going->is_many ? RUN_REVIEW_AT_END : RUN_REVIEW_ALWAYS;
    settings->review_rung = going->policy.review_rung = rung;
    return true;
}

bool wishes_read_limits(struct going *going, struct failure *failure)
{
    static const int money[] = {GO_BUDGET, GO_DAY_BUDGET};
    struct run_settings *settings = &going->parts.settings;
    const struct policy *policy = &going->policy;
    for (size_t i = 0; i < 2; i++)
        if (option(going, money[i])->given && !(option(going, money[i])->number > 0))
            return failure_set(failure, "a budget is more than 0 dollars");
    const struct option_value *jobs = option(going, GO_JOBS);
    settings->jobs = jobs->given ? (int)fmin(jobs->number, 1e6) : JOBS_USUAL;
    settings->max_attempts = (int)option(going, GO_MAX_ATTEMPTS)->number;
    settings->day_usd = lower(policy->budget_day_usd, option(going, GO_DAY_BUDGET));
    if (going->is_many) {
        settings->total_usd = option(going, GO_BUDGET)->number;
        settings->task_usd = lower(policy->budget_task_usd, option(going, GO_TASK_BUDGET));
        settings->stop_after = option(going, GO_STOP_AFTER)->given
                                   ? (int)fmin(option(going, GO_STOP_AFTER)->number, 1e6)
                                   : RUN_STOP_AFTER;
        settings->usd_per_minute = option(going, GO_RATE)->number;
    } else {
        settings->task_usd = lower(policy->budget_task_usd, option(going, GO_BUDGET));
        settings->here = option(going, GO_HERE)->given;
    }
    if (settings->jobs < 1 || settings->jobs > RUN_JOBS_MOST)
        return failure_set(failure, "--jobs is 1 to %d", RUN_JOBS_MOST);
    const struct option_value *plan = option(going, GO_PLAN);
    settings->no_plan = plan->given && slice_is(plan->text, "none");
    settings->plan_rung =
        plan->given ? policy_rung_by_wish(policy, plan->text, (struct slice){0}) : POLICY_NONE;
    if (plan->given && settings->plan_rung == POLICY_NONE && !settings->no_plan)
        return failure_set(
            failure, "--plan %.*s names no rung of the ladder", SLICE_ARG(plan->text));
    if (!read_review(going, failure))
        return false;
    if (settings->review == RUN_REVIEW_ALWAYS && policy->review_rung == POLICY_NONE)
        going->policy.review_rung = policy->top;
    return true;
}

bool wishes_force_rung(struct going *going, struct failure *failure)
{
    const struct option_value *rung = option(going, GO_RUNG);
    if (!rung->given)
        return true;
    going->decider.forced = policy_rung_by_wish(&going->policy, rung->text, (struct slice){0});
    return going->decider.forced != POLICY_NONE ||
           failure_set(failure, "--rung %.*s names no rung of the ladder", SLICE_ARG(rung->text));
}
