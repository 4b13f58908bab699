/* Receives a decided task, hands on its experiment: attempt, gates, climb, until it is accepted or
 * nothing further is worth it. Refuses to know how many tasks go beside it. */
#include "ladder.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "books.h"
#include "climb.h"
#include "money.h"
#include "outcome.h"
#include "prompt.h"
#include "reviews.h"
#include "said.h"

#include <math.h>

static struct arena *arena_of(struct climb *climb)
{
    return &climb->slot->job.arena;
}

static int rung_at(const struct climb *climb, size_t at)
{
    const struct decision *decision = &climb->slot->job.decision;
    return at == 0 ? decision->rung : decision->climb[at - 1];
}

static struct slice rung_name(const struct climb *climb, int rung)
{
    return climb->run->parts->policy->rungs[rung].name;
}

/* ---- steps that are written down ---- */

static void journal_experiment(struct climb *climb, bool interrupted)
{
    struct emit *line = step_begin(climb->run, climb->slot);
    emit_key(line, "experiment");
    record_write(line, &climb->slot->job.experiment);
    emit_member_cstring(line, "commit", climb->slot->job.commit);
    if (climb->slot->answer.len)
        emit_member_text(line, "answer", climb->slot->answer);
    if (interrupted)
        emit_member_bool(line, "interrupted", true);
    step_end(climb->run, false);
}

static void journal_begin(struct climb *climb)
{
    struct emit *line = step_begin(climb->run, climb->slot);
    emit_member_int64(line, "at", clock_now_ms());
    emit_key(line, "experiment");
    record_write(line, &climb->slot->job.experiment);
    step_end(climb->run, false);
}

static void journal_attempting(struct climb *climb, int rung)
{
    struct emit *line = step_begin(climb->run, climb->slot);
    emit_member_text(line, "attempting", rung_name(climb, rung));
    step_end(climb->run, false);
}

static void journal_over(struct run *run, struct slot *slot)
{
    struct emit *line = step_begin(run, slot);
    emit_key(line, "experiment");
    record_write(line, &slot->job.experiment);
    emit_member_cstring(line, "stop", run_stop_name(slot->job.stop));
    emit_member_cstring(line, "branch", slot->job.branch);
    emit_member_cstring(line, "commit", slot->job.commit);
    emit_member_text(line, "why", slot->job.why);
    emit_member_text(line, "plan", slot->job.plan);
    step_end(run, false);
}

/* ---- the end ---- */

/* What was accepted, or waits for a person, stands on its branch before anybody is told. */
static bool put_on_branch(struct climb *climb, struct failure *failure)
{
    struct run_job *job = &climb->slot->job;
    if (!job->commit)
        return true;
    books_sync(climb->run);
    job->branch = climb->branch;
    return worktree_set_branch(
        arena_of(climb), &climb->repository, climb->branch, job->commit, failure);
}

static void conclude(struct climb *climb, enum run_stop stop, struct slice why)
{
    struct failure failure;
    if (!put_on_branch(climb, &failure)) {
        stop = RUN_TROUBLE;
        why = arena_print(arena_of(climb), "%s", failure.text);
        climb->slot->job.branch = NULL;
    }
    if (stop == RUN_ACCEPTED && climb->run->settings.review == RUN_REVIEW_AT_END) {
        reviews_keep(climb->slot, why, climb->is_tested, climb->is_reviewed);
        return;
    }
    outcome_end(climb->slot, stop, why, climb->is_tested, climb->is_reviewed);
    ladder_close(climb->run, climb->slot);
}

void ladder_close(struct run *run, struct slot *slot)
{
    journal_over(run, slot);
    books_file(run, slot);
}

void ladder_skip(struct run *run, struct slot *slot, enum run_stop stop, struct slice why)
{
    pthread_mutex_lock(&run->lock);
    slot->state = JOB_SKIPPED;
    pthread_mutex_unlock(&run->lock);
    slot->job.stop = stop;
    slot->job.why = why;
    run_tell(
        run, &(struct run_event){.kind = RUN_TASK_ENDS, .job = &slot->job, .index = slot->index});
}

/* ---- one attempt ---- */

/* The first attempt's tree is the later ones' too, made anew in between. */
static bool make_tree(struct climb *climb, struct failure *failure)
{
    const char *base = climb->repository.base;
    if (!climb->tree)
        climb->tree = trees_take(climb->run, base);
    return trees_make_ready(climb->run, climb->tree, base, failure);
}

static bool is_worth_checking(enum agent_ending ending)
{
    return ending == AGENT_DONE || ending == AGENT_TURN_LIMIT || ending == AGENT_CUT ||
           ending == AGENT_BUDGET || ending == AGENT_STOPPED || ending == AGENT_TIMED_OUT;
}

static void note_gates(struct climb *climb, struct attempt *attempt)
{
    struct check *check = &climb->check;
    struct record_gates *gates = &attempt->record.gates;
    gates->items = ARENA_ARRAY(arena_of(climb), struct record_gate, check->n + 1);
    for (size_t i = 0; i < check->n && i < RECORD_GATES_MOST; i++)
        gates->items[gates->n++] = gate_record(&check->results[i]);
    climb->is_tested = check->is_tested;
    climb->is_reviewed = check->is_reviewed;
    attempt->record.success = check->verdict == GATE_FAIL                       ? RECORD_FAILED
                              : check->verdict == GATE_PASS && check->is_judged ? RECORD_ACCEPTED
                                                                                : RECORD_OPEN;
}

/* The tree that was looked at, as a commit on the base. */
static bool make_commit(struct climb *climb, struct failure *failure)
{
    struct run_job *job = &climb->slot->job;
    if (climb->run->settings.here || climb->check.is_empty)
        return true;
    struct slice title = text_one_line(arena_of(climb), job->task.title, 72);
    const char *message = arena_print(arena_of(climb), "%.*s\n\nTask: %.*s\nRung: %.*s\n",
        SLICE_ARG(title), SLICE_ARG(text_one_line(arena_of(climb), job->task.id, 0)),
        SLICE_ARG(rung_name(climb, rung_at(climb, climb->at))))
                              .base;
    return worktree_commit(
        arena_of(climb), &climb->repository, climb->check.tree, message, &job->commit, failure);
}

static bool judge_attempt(struct climb *climb, struct attempt *attempt, struct failure *failure)
{
    enum agent_ending ending = attempt->result.ending;
    climb->check = (struct check){.verdict = GATE_FAIL};
    climb->error = attempt->result.error;
    if (attempt->interrupted)
        return true;
    if (!is_worth_checking(ending)) {
        attempt->record.success = agent_ending_is_no_evidence(ending) ? RECORD_OPEN : RECORD_FAILED;
        return true;
    }
    struct tree *tree = climb->tree;
    if (!check_attempt(climb->run, climb->slot, &tree->before, attempt, &climb->check, failure))
        return false;
    tree->is_as_before = climb->check.is_as_before;
    tree->seen_us = clock_monotonic_us();
    attempt->interrupted = climb->check.interrupted;
    if (attempt->interrupted)
        return true;
    note_gates(climb, attempt);
    if (climb->run->settings.review == RUN_REVIEW_AT_END && climb->check.is_empty &&
        attempt->record.success == RECORD_ACCEPTED)
        climb->slot->answer = slice_sub(attempt->result.answer, 0, GATE_REVIEW_BYTES_MOST);
    return attempt->record.success == RECORD_FAILED || make_commit(climb, failure);
}

static void tell_attempt(struct climb *climb, const struct attempt *attempt,
    enum run_event_kind kind, const struct record_attempt *record)
{
    run_tell(climb->run, &(struct run_event){.kind = kind,
                             .job = &climb->slot->job,
                             .index = climb->slot->index,
                             .rung = attempt->rung,
                             .attempt = attempt->number,
                             .phase = attempt->phase,
                             .record = record});
}

/* Writes the attempt down, with its judges. */
static void record_attempts(struct climb *climb, struct attempt *attempt)
{
    struct run *run = climb->run;
    if (climb->row != SIZE_MAX)
        planned_settle(climb, attempt);
    else if (attempt->record.rung.len) /* else the run was stopped before it began */
        outcome_add(run, climb->slot, &attempt->record);
    for (size_t i = 0; i < climb->check.n_judges; i++)
        outcome_add(run, climb->slot, &climb->check.judges[i].record);
    journal_experiment(climb, attempt->interrupted);
    if (climb->row != SIZE_MAX)
        return; /* the parts were told one by one */
    for (size_t i = 0; i < attempt->result.n_warnings; i++)
        run_note(run, climb->slot, attempt->result.warnings[i]);
    tell_attempt(climb, attempt, RUN_ATTEMPT_ENDS, &attempt->record);
}

static double cost_of(const struct climb *climb, const struct attempt *attempt)
{
    double usd = plan_cost_usd(&climb->plan);
    if (!climb->is_planned)
        usd += attempt->result.cost_usd;
    for (size_t i = 0; i < climb->check.n_judges; i++)
        usd += climb->check.judges[i].result.cost_usd;
    return usd;
}

static bool make_attempt(struct climb *climb, struct attempt *attempt, struct failure *failure)
{
    climb->plan = (struct plan){0};
    climb->is_planned = false;
    climb->row = SIZE_MAX;
    if (climb->slot->job.experiment.planning == RECORD_CHOSEN && climb->at == 0) {
        if (!planned_try(climb, attempt, failure))
            return false;
        if (climb->is_planned)
            return true;
    }
    if (attempt->budget_usd > 0 && climb->plan.n_done)
        attempt->budget_usd = fmax(plan_left_usd(attempt, &climb->plan), 1e-6);
    journal_attempting(climb, attempt->rung);
    tell_attempt(climb, attempt, RUN_ATTEMPT_BEGINS, NULL);
    attempt_run(climb->run, climb->slot, attempt);
    return true;
}

/* What plan and attempt leave for those who judge; NAN: there is no limit. */
static double left_of(
    const struct climb *climb, const struct attempt *attempt, const struct allowance *allowance)
{
    double usd = plan_cost_usd(&climb->plan);
    if (!climb->is_planned)
        usd += attempt->result.cost_usd;
    return allowance->usd > 0 ? allowance->usd - (isnan(usd) ? 0 : usd) : NAN;
}

static bool try_rung(struct climb *climb, struct attempt *attempt, struct allowance *allowance,
    struct failure *failure)
{
    struct run *run = climb->run;
    *attempt = (struct attempt){
        .phase = RECORD_EXECUTE,
        .rung = rung_at(climb, climb->at),
        .number = ++climb->n_attempts,
        .prompt = prompt_execute(arena_of(climb), &climb->slot->job.task, climb->check.failed,
            climb->check.n_failed, climb->error),
        .budget_usd = allowance->usd,
    };
    if (!make_tree(climb, failure)) {
        money_settle(run, allowance, 0);
        return false;
    }
    attempt->directory = climb->tree->place.directory;
    attempt->scratch = climb->tree->place.scratch;
    bool ok = make_attempt(climb, attempt, failure);
    attempt->left_usd = left_of(climb, attempt, allowance);
    ok = ok && judge_attempt(climb, attempt, failure);
    if (!ok) {
        attempt->record.error = arena_print(arena_of(climb), "%s", failure->text);
        climb->check.n_judges = 0;
    }
    said_keep(run, climb->slot, attempt, ok ? &climb->check : NULL);
    record_attempts(climb, attempt);
    money_settle(run, allowance, cost_of(climb, attempt));
    return ok;
}

/* ---- what comes next ---- */

static void pause_for_rate(struct run *run, struct slot *slot, double seconds)
{
    seconds = isnan(seconds) || seconds <= 0 ? 5 * (1 << slot->retries) : seconds;
    seconds = fmin(seconds, RUN_RATE_WAIT_S_MOST);
    run_pause(run, slot, seconds);
    if (!keepers_wait(run->keepers, (int64_t)(seconds * 1000)))
        run->stopping = true;
}

/* True where the same rung is to be tried once more. */
static bool is_to_retry(struct climb *climb, const struct attempt *attempt)
{
    enum agent_ending ending = attempt->result.ending;
    if ((ending != AGENT_RATE_LIMITED && ending != AGENT_UPSTREAM) ||
        climb->slot->retries >= RUN_RETRIES_MOST)
        return false;
    pause_for_rate(
        climb->run, climb->slot, ending == AGENT_RATE_LIMITED ? attempt->result.retry_after_s : 1);
    climb->slot->retries++;
    return true;
}

/* A goal of dollars per accepted task says when the next rung is not worth its cost. */
static bool is_worth_it(const struct climb *climb, int rung)
{
    const struct policy_goal *goal = &climb->run->parts->policy->goal;
    const struct decide_option *option = &climb->slot->job.decision.options[rung];
    if (goal->kind != POLICY_GOAL_VALUE || isnan(option->success.mean) ||
        isnan(option->cost_usd.mean))
        return true;
    return goal->value_usd * option->success.mean > option->cost_usd.mean;
}

/* Nothing more is tried: what that means depends on how the last attempt ended. */
static enum run_stop give_up(const struct attempt *attempt, enum run_stop stop)
{
    if (agent_ending_is_no_evidence(attempt->result.ending))
        return RUN_UPSTREAM;
    return attempt->result.ending == AGENT_BUDGET ? RUN_BUDGET : stop;
}

/* RUN_NOT_OVER: go on, on the rung that climb->at names now. */
static enum run_stop choose_next(struct climb *climb, const struct attempt *attempt)
{
    const struct decision *decision = &climb->slot->job.decision;
    if (attempt->record.success == RECORD_ACCEPTED)
        return RUN_ACCEPTED;
    if (climb->check.n && climb->check.verdict != GATE_FAIL)
        return RUN_UNCHECKED;
    if (attempt->result.ending == AGENT_TOO_DEAR)
        return RUN_BUDGET;
    if (!agent_ending_may_climb(attempt->result.ending))
        return RUN_AGENT_UNUSABLE;
    int most = climb->run->settings.max_attempts;
    if ((most && climb->n_attempts >= most) || climb->n_attempts >= RUN_ATTEMPTS_MOST)
        return give_up(attempt, RUN_MAX_ATTEMPTS);
    if (is_to_retry(climb, attempt))
        return RUN_NOT_OVER;
    climb->slot->retries = 0;
    if (climb->at >= decision->n_climb)
        return give_up(attempt, RUN_NO_RUNG_LEFT);
    climb->at++;
    return is_worth_it(climb, rung_at(climb, climb->at)) ? RUN_NOT_OVER : RUN_NOT_WORTH_IT;
}

/* How the attempt ended, and what the user can do about it. */
static struct slice ending_words(struct climb *climb, const struct attempt *attempt)
{
    const char *advice = agent_ending_advice(attempt->result.ending);
    return arena_print(arena_of(climb), "%.*s%s%s%s", SLICE_ARG(attempt->result.error),
        *advice ? " (" : "", advice, *advice ? ")" : "");
}

static struct slice reason(struct climb *climb, enum run_stop stop, const struct attempt *attempt)
{
    struct arena *arena = arena_of(climb);
    if (stop == RUN_ACCEPTED)
        return slice_from(climb->is_tested     ? "every gate passed"
                          : climb->is_reviewed ? "a judge approved; no test said so"
                                               : "the gates passed; none of them is a test");
    if (stop == RUN_UNCHECKED && climb->check.n_failed == 0)
        return slice_from("no gate is configured: look at the change, then say `rung log`");
    struct slice words = ending_words(climb, attempt);
    if (climb->check.n_failed == 0)
        return words;
    return arena_print(arena, "%.*s%s%.*s: %.*s", SLICE_ARG(words), words.len ? "; " : "",
        SLICE_ARG(climb->check.failed[0].name),
        SLICE_ARG(text_one_line(arena, climb->check.failed[0].evidence, 200)));
}

/* Takes up what an earlier start left: its attempts, and where in the order they had come to. */
static void catch_up(struct climb *climb)
{
    struct slot *slot = climb->slot;
    const struct decision *decision = &slot->job.decision;
    const struct record_attempts *attempts = &slot->job.experiment.attempts;
    for (size_t i = 0; i < attempts->n; i++) {
        if (attempts->items[i].phase != RECORD_EXECUTE)
            continue;
        if (attempts->items[i].part.len) { /* all parts together are one try, the first */
            climb->n_attempts = climb->n_attempts || attempts->items[i].success != RECORD_OPEN;
            continue;
        }
        climb->n_attempts += attempts->items[i].success != RECORD_OPEN;
        int rung = policy_rung_by_name(climb->run->parts->policy, attempts->items[i].rung);
        for (size_t at = 0; at <= decision->n_climb; at++)
            if (rung_at(climb, at) == rung)
                climb->at = at;
    }
    if (climb->n_attempts && !slot->was_interrupted && !slot->job.commit)
        climb->at++;
}

/* An earlier start had tried all that there was to try and died before it said so. */
static bool finish_exhausted(struct climb *climb)
{
    int most = climb->run->settings.max_attempts;
    enum run_stop stop = most && climb->n_attempts >= most               ? RUN_MAX_ATTEMPTS
                         : climb->at > climb->slot->job.decision.n_climb ? RUN_NO_RUNG_LEFT
                                                                         : RUN_NOT_OVER;
    if (stop == RUN_NOT_OVER)
        return false;
    conclude(climb, stop, slice_from("an earlier start had come so far"));
    return true;
}

/* What the tasks before it changed is where it begins: their commits, merged onto the base. */
static bool find_base(struct climb *climb, struct failure *failure)
{
    const struct slot *slot = climb->slot;
    for (size_t i = 0; i < slot->n_waits; i++) {
        const struct run_job *before = &climb->run->slots[slot->waits[i].index]->job;
        if (!before->commit || before->stop != RUN_ACCEPTED)
            continue;
        if (climb->repository.base == climb->run->repository.base)
            climb->repository.base = before->commit;
        else if (!worktree_merge(arena_of(climb), &climb->repository, before->commit,
                     &climb->repository.base, failure))
            return false;
    }
    return true;
}

/* An earlier start accepted an attempt and died before the task was over. */
static bool finish_accepted(struct climb *climb)
{
    const struct record_attempts *attempts = &climb->slot->job.experiment.attempts;
    if ((!climb->slot->job.commit && climb->slot->answer.len == 0) || attempts->n == 0)
        return false;
    bool accepted = false;
    for (size_t i = 0; i < attempts->n; i++) {
        const struct record_attempt *attempt = &attempts->items[i];
        accepted = accepted || attempt->success == RECORD_ACCEPTED;
        climb->is_reviewed = climb->is_reviewed || attempt->phase == RECORD_JUDGE ||
                             attempt->phase == RECORD_REVIEW_PHASE;
    }
    const struct policy *policy = climb->run->parts->policy;
    for (size_t i = 0; i < policy->n_gates; i++)
        climb->is_tested = climb->is_tested || policy->gates[i].kind == POLICY_GATE_COMMAND;
    conclude(climb, accepted ? RUN_ACCEPTED : RUN_UNCHECKED,
        slice_from("an earlier start had come so far"));
    return true;
}

/* Measured costs are believed first, then what this run has seen, then what is assumed. */
static double expected_usd(const struct climb *climb, int rung)
{
    struct run *run = climb->run;
    double usd = run_expected_usd(&climb->slot->job, rung);
    if (climb->slot->job.decision.cost_measured && !isnan(usd))
        return usd;
    pthread_mutex_lock(&run->lock);
    const struct seen *seen = &run->seen[rung];
    if (seen->n)
        usd = seen->usd / (double)seen->n;
    pthread_mutex_unlock(&run->lock);
    return usd;
}

static void climb_on(struct climb *climb)
{
    struct run *run = climb->run;
    while (!run->stopping) {
        struct attempt attempt;
        struct allowance allowance;
        struct failure failure;
        const char *why = NULL;
        int rung = rung_at(climb, climb->at);
        if (climb->slot->is_unwanted) {
            conclude(climb, RUN_UNWANTED, slice_from("a person stopped it"));
            return;
        }
        if (!money_take(run, climb->slot, expected_usd(climb, rung), &allowance, &why)) {
            if (climb->slot->job.experiment.attempts.n == 0)
                ladder_skip(run, climb->slot, RUN_BUDGET, slice_from(why));
            else if (!run->stopping)
                conclude(climb, RUN_BUDGET, slice_from(why));
            return;
        }
        if (!try_rung(climb, &attempt, &allowance, &failure)) {
            conclude(climb, RUN_TROUBLE, arena_print(arena_of(climb), "%s", failure.text));
            return;
        }
        if (attempt.interrupted)
            return;
        enum run_stop stop = choose_next(climb, &attempt);
        if (stop != RUN_NOT_OVER) {
            conclude(climb, stop, reason(climb, stop, &attempt));
            return;
        }
        books_sync(run);
    }
}

void ladder_climb(struct run *run, struct slot *slot)
{
    struct run_job *job = &slot->job;
    struct climb climb = {.run = run, .slot = slot, .repository = run->repository};
    struct failure failure;
    bool is_new = job->experiment.id.len == 0;
    if (is_new) {
        pthread_mutex_lock(&run->lock);
        outcome_begin(run, slot);
        pthread_mutex_unlock(&run->lock);
    }
    struct slice id = job->experiment.id;
    climb.branch = worktree_branch(
        &job->arena, job->task.id, slice_sub(id, id.len > 5 ? id.len - 5 : 0, id.len));
    run_tell(run, &(struct run_event){.kind = RUN_TASK_BEGINS, .job = job, .index = slot->index});
    if (slot->plan_why.len)
        run_note(run, slot, slot->plan_why);
    if (is_new)
        journal_begin(&climb);
    else
        catch_up(&climb);
    if (!find_base(&climb, &failure))
        conclude(&climb, RUN_TROUBLE, arena_print(&job->arena, "%s", failure.text));
    else if (!finish_accepted(&climb) && !finish_exhausted(&climb))
        climb_on(&climb);
    if (climb.tree)
        trees_give(run, climb.tree);
}
