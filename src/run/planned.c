/* Receives a task that is to be planned first, hands the ladder one attempt that stands for all of
 * its parts. Refuses to do the parts (parts.c does) and to judge them. */
#include "climb.h"

/* An earlier start did the last part and died before the gates had looked at the whole. */
static bool find_last_part(struct climb *climb, struct attempt *attempt)
{
    const struct record_attempts *attempts = &climb->slot->job.experiment.attempts;
    size_t i = attempts->n;
    while (i > 0 && (attempts->items[i - 1].part.len == 0 || attempts->items[i - 1].error.len))
        i--;
    if (i == 0)
        return false;
    climb->row = i - 1;
    attempt->record = attempts->items[i - 1];
    attempt->result.ending = AGENT_DONE;
    return true;
}

/* What was done last becomes the attempt that is judged; false where nothing of the plan was. */
static bool take_last(struct climb *climb, struct attempt *attempt, size_t n_before)
{
    struct plan *plan = &climb->plan;
    struct attempt whole = *attempt;
    if (plan->n_done == n_before && !plan->interrupted)
        return find_last_part(climb, attempt);
    if (plan->n_done > 0) {
        *attempt = plan->done[plan->n_done - 1];
        attempt->budget_usd = whole.budget_usd;
        attempt->directory = whole.directory; /* the gates look there */
        attempt->scratch = whole.scratch;
        climb->row = plan->rows[plan->n_done - 1];
    }
    attempt->interrupted = plan->interrupted;
    return true;
}

bool planned_try(struct climb *climb, struct attempt *attempt, struct failure *failure)
{
    struct run *run = climb->run;
    struct slot *slot = climb->slot;
    struct plan *plan = &climb->plan;
    plan->done = ARENA_ARRAY(&climb->slot->job.arena, struct attempt, 2 * PLAN_PARTS_MOST + 1);
    plan->rows = ARENA_ARRAY(&climb->slot->job.arena, size_t, 2 * PLAN_PARTS_MOST + 1);
    if (plan_is_wanted(slot))
        plan_make(run, slot, attempt, plan);
    size_t n_before = plan->n_done;
    if (slot->job.plan.len && !plan->interrupted &&
        !plan_execute(
            run, slot, &climb->repository, &climb->tree->before.tree, attempt, plan, failure))
        return false;
    plan->interrupted = plan->interrupted || run->stopping;
    if (plan->why)
        run_note(run, slot, slice_from(plan->why));
    if (slot->job.plan.len || plan->interrupted)
        climb->is_planned = take_last(climb, attempt, n_before);
    return true;
}

static struct slice verdict_on_parts(enum record_success success)
{
    return slice_from(success == RECORD_ACCEPTED ? "the parts together: accepted"
                      : success == RECORD_FAILED ? "the parts together: not accepted"
                                                 : "the parts together: nobody could judge");
}

/* The parts hold where the whole does; where it does not, nobody knows which of them is to blame:
 * only the one that the verdict was written to is not open. */
void planned_settle(struct climb *climb, const struct attempt *attempt)
{
    struct record_attempts *attempts = &climb->slot->job.experiment.attempts;
    attempts->items[climb->row] = attempt->record;
    for (size_t i = 0; i < attempts->n && attempt->record.success == RECORD_ACCEPTED; i++)
        if (attempts->items[i].part.len && attempts->items[i].error.len == 0)
            attempts->items[i].success = RECORD_ACCEPTED;
    if (!attempt->interrupted)
        run_note(climb->run, climb->slot, verdict_on_parts(attempt->record.success));
}
