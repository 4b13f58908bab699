/* Receives what an attempt is expected to cost, hands on what it may cost. */
#include "money.h"

#include <math.h>
#include <stdio.h>

/* What an attempt asks for where nothing is known of its cost, so that a budget is shared. */
static double share(double free_usd, double expected_usd, int jobs)
{
    double equal = free_usd / (jobs > 1 ? jobs : 1);
    return expected_usd > equal ? expected_usd : equal;
}

static double smaller(double a, double b)
{
    return a < b ? a : b;
}

/* Of the run's own budget, under the lock. INFINITY where there is none. */
static bool take_of_run(struct run *run, double expected_usd, double *part_usd)
{
    double total_usd = run->settings.total_usd;
    *part_usd = INFINITY;
    while (total_usd > 0) {
        double free_usd = total_usd - run->spent_usd - run->reserved_usd;
        if (free_usd > 0 && expected_usd <= free_usd) {
            *part_usd = smaller(free_usd, share(free_usd, expected_usd, run->settings.jobs));
            return true;
        }
        if (run->reserved_usd <= 1e-12 || run->stopping)
            return false;
        pthread_cond_wait(&run->changed, &run->lock);
    }
    return true;
}

static bool take_of_day(struct run *run, struct slot *slot, double expected_usd,
    struct allowance *allowance, const char **why)
{
    struct failure failure;
    bool granted;
    double free_usd = 0, limit_usd = run->settings.day_usd;
    double wanted_usd = isinf(allowance->usd) ? expected_usd : allowance->usd;
    if (limit_usd <= 0)
        return true;
    snprintf(allowance->id, sizeof(allowance->id), "%s/%zu/%zu", run->id, slot->index,
        slot->job.experiment.attempts.n);
    const char *path = run->parts->spend_path;
    if (!book_take(path, run->parts->today, allowance->id, wanted_usd, limit_usd, &free_usd,
            &granted, &failure)) {
        *why = arena_print(&slot->job.arena, "%s", failure.text).base;
        return false;
    }
    if (!granted && free_usd > 0 && expected_usd <= free_usd) {
        wanted_usd = free_usd;
        if (!book_take(path, run->parts->today, allowance->id, wanted_usd, limit_usd, &free_usd,
                &granted, &failure))
            granted = false;
    }
    if (granted) {
        allowance->usd = smaller(allowance->usd, isinf(allowance->usd) ? free_usd : wanted_usd);
        return true;
    }
    *why = arena_print(&slot->job.arena,
        "the day's budget of $%.2f has $%.4f left and the next attempt is expected to cost $%.4f",
        limit_usd, free_usd > 0 ? free_usd : 0, expected_usd)
               .base;
    return false;
}

bool money_take(struct run *run, struct slot *slot, double expected_usd,
    struct allowance *allowance, const char **why)
{
    struct arena *arena = &slot->job.arena;
    double task_usd = run->settings.task_usd, left_usd = task_usd - slot->job.spent_usd;
    *allowance = (struct allowance){.usd = INFINITY};
    expected_usd = isnan(expected_usd) ? 0 : expected_usd;
    if (task_usd > 0 && (left_usd <= 0 || expected_usd > left_usd)) {
        *why = arena_print(arena,
            "the task's budget of $%.2f has $%.4f left and the next attempt is expected to cost "
            "$%.4f",
            task_usd, left_usd > 0 ? left_usd : 0, expected_usd)
                   .base;
        return false;
    }
    double part_usd;
    pthread_mutex_lock(&run->lock);
    bool ok = take_of_run(run, expected_usd, &part_usd);
    allowance->usd = task_usd > 0 ? smaller(left_usd, part_usd) : part_usd;
    allowance->reserved = isinf(part_usd) ? 0 : allowance->usd;
    if (ok)
        run->reserved_usd += allowance->reserved;
    pthread_mutex_unlock(&run->lock);
    if (!ok)
        *why = arena_print(arena,
            "the run's budget of $%.2f has too little left for the next attempt, which is expected "
            "to cost $%.4f",
            run->settings.total_usd, expected_usd)
                   .base;
    if (ok && !take_of_day(run, slot, expected_usd, allowance, why)) {
        allowance->id[0] = 0;
        money_settle(run, allowance, 0);
        ok = false;
    }
    if (isinf(allowance->usd))
        allowance->usd = 0;
    return ok;
}

void money_settle(struct run *run, struct allowance *allowance, double cost_usd)
{
    struct failure failure;
    if (!isfinite(cost_usd) || cost_usd < 0)
        cost_usd = NAN; /* an agent's own word */
    double usd = isnan(cost_usd) ? allowance->reserved : cost_usd;
    if (allowance->id[0] && !book_settle(run->parts->spend_path, run->parts->today, allowance->id,
                                isnan(cost_usd) ? allowance->usd : cost_usd, &failure))
        run_fail(run, &failure);
    pthread_mutex_lock(&run->lock);
    run->reserved_usd -= allowance->reserved;
    run->spent_usd += usd;
    pthread_cond_broadcast(&run->changed);
    pthread_mutex_unlock(&run->lock);
    *allowance = (struct allowance){0};
}
