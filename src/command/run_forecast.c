/* Receives tasks before they are run, hands on what they are expected to cost. Refuses to run
 * any. */
#include "run_going.h"

#include "base/log.h"
#include "base/text.h"

#include <math.h>

struct forecast {
    struct going *going;
    size_t n;
    double start_usd, middle_usd, worst_usd;
    bool start_assumed, middle_assumed, worst_assumed; /* in part */
};

static struct slice dollars(struct arena *arena, double usd, bool assumed)
{
    return isnan(usd) ? slice_from("not known")
                      : arena_print(arena, "%s$%.4f", assumed ? "~" : "", usd);
}

static void say_sums(const struct going *going, const struct forecast *sum)
{
    struct arena *arena = going->call->arena;
    struct slice at_once = sum->n > 1
                               ? arena_print(arena, "s, %d at a time", going->parts.settings.jobs)
                               : slice_from(sum->n == 1 ? "" : "s");
    log_note("%zu task%.*s: expected cost %.*s where every first attempt holds, %.*s where only "
             "the last does; all on %.*s %.*s",
        sum->n, SLICE_ARG(at_once), SLICE_ARG(dollars(arena, sum->start_usd, sum->start_assumed)),
        SLICE_ARG(dollars(arena, sum->worst_usd, sum->worst_assumed)),
        SLICE_ARG(going->policy.rungs[going->policy.middle].name),
        SLICE_ARG(dollars(arena, sum->middle_usd, sum->middle_assumed)));
}

static void add_forecast(struct forecast *sum, const struct decision *decision)
{
    const struct run_settings *settings = &sum->going->parts.settings;
    size_t n_climb = decision->n_climb;
    if (settings->max_attempts && n_climb + 1 > (size_t)settings->max_attempts)
        n_climb = (size_t)settings->max_attempts - 1;
    sum->n++;
    sum->start_usd += decision->cost_usd.mean;
    sum->worst_usd += decision->cost_usd.mean;
    sum->start_assumed = sum->start_assumed || !decision->cost_measured;
    sum->worst_assumed = sum->worst_assumed || !decision->cost_measured;
    const struct decide_option *middle = &decision->options[sum->going->policy.middle];
    sum->middle_usd += middle->cost_usd.mean;
    sum->middle_assumed = sum->middle_assumed || !middle->measured;
    for (size_t i = 0; i < n_climb; i++) {
        const struct decide_option *next = &decision->options[decision->climb[i]];
        sum->worst_usd += next->cost_usd.mean;
        sum->worst_assumed = sum->worst_assumed || !next->measured;
    }
}

static struct run_chance plan_chance(const struct going *going, const struct task *task,
    const struct decision *decision, struct arena *arena)
{
    const struct run_settings *settings = &going->parts.settings;
    if (settings->no_plan)
        return (struct run_chance){.rung = POLICY_NONE};
    if (settings->plan_rung != POLICY_NONE)
        return (struct run_chance){settings->plan_rung, 1, slice_from("planned first, as asked")};
    return planning_chance(&going->planning, task, decision, arena);
}

static void print_plan(struct forecast *forecast, const struct task *task,
    const struct decision *decision, struct arena *arena)
{
    FILE *out = forecast->going->call->out;
    const struct policy *policy = &forecast->going->policy;
    fprintf(out, "%.*s\n", SLICE_ARG(text_one_line(arena, task->title, 76)));
    for (size_t i = 0; i <= decision->n_climb; i++) {
        int rung = i == 0 ? decision->rung : decision->climb[i - 1];
        const struct decide_option *option = &decision->options[rung];
        struct slice cost = isnan(option->cost_usd.mean)
                                ? slice_from("cost not known")
                                : dollars(arena, option->cost_usd.mean, !option->measured);
        fprintf(out, "  %zu. %.*s (%.*s %.*s), %.*s%s\n", i + 1,
            SLICE_ARG(policy->rungs[rung].name), SLICE_ARG(policy->rungs[rung].model),
            SLICE_ARG(policy->rungs[rung].effort), SLICE_ARG(cost),
            i == 0 ? "" : ", where a check fails before");
    }
    fprintf(out, "  why: %.*s\n", SLICE_ARG(text_one_line(arena, decision->why, 0)));
    struct run_chance chance = plan_chance(forecast->going, task, decision, arena);
    if (chance.rung != POLICY_NONE)
        fprintf(out, "  plan: %.*s\n", SLICE_ARG(text_one_line(arena, chance.why, 0)));
}

static bool foresee(void *context, const struct task *task, struct failure *failure)
{
    struct forecast *forecast = context;
    struct arena arena = {0};
    struct decision decision;
    (void)failure;
    const struct run_settings *settings = &forecast->going->parts.settings;
    decide(&forecast->going->decider, task, &arena, &decision);
    add_forecast(forecast, &decision);
    if (settings->max_attempts && decision.n_climb + 1 > (size_t)settings->max_attempts)
        decision.n_climb = (size_t)settings->max_attempts - 1;
    if (option(forecast->going, GO_JSON)->given) {
        struct emit emit = {0};
        decide_write_json(&forecast->going->decider, task, &decision, &emit);
        fprintf(forecast->going->call->out, "%.*s\n", SLICE_ARG(emit_slice(&emit)));
        emit_free(&emit);
    } else {
        print_plan(forecast, task, &decision, &arena);
    }
    arena_free(&arena);
    return true;
}

void forecast_say(struct going *going, const struct run_job *const *jobs, size_t n)
{
    struct forecast sum = {.going = going};
    for (size_t i = 0; i < n; i++)
        if (!jobs[i]->was_done_before)
            add_forecast(&sum, &jobs[i]->decision);
    say_sums(going, &sum);
    if (sum.start_usd > sum.middle_usd)
        log_note("fan-out is not worth it for the cost: all on %.*s is expected to be cheaper",
            SLICE_ARG(going->policy.rungs[going->policy.middle].name));
    if (sum.n == 1)
        log_note("one task needs no swarm: `rung run` does the same");
    if (going->parts.settings.total_usd > 0 && sum.start_usd > going->parts.settings.total_usd)
        log_note("the budget of $%.2f will not pay for all of it", going->parts.settings.total_usd);
}

bool forecast_show(struct going *going, struct failure *failure)
{
    struct forecast forecast = {.going = going};
    if (!going_take_tasks(going, foresee, &forecast, failure))
        return false;
    say_sums(going, &forecast);
    return true;
}
