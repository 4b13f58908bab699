/* Receives an attempt's work tree, hands on whether it is accepted and why not. Refuses to know
 * what is tried next. Gates are the trusted policy's; nothing that the agent left decides which
 * are asked. */
#include "check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { TAIL_BYTES = GATE_OUTPUT_BYTES_MOST };

bool check_prepare(struct run *run, struct arena *arena, const struct worktree *worktree,
    struct check_before *before, struct failure *failure)
{
    before->stamp = (struct gate_stamp){0};
    if (!gate_tree_open(arena, worktree->directory, worktree->scratch, &before->tree, failure) ||
        !gate_seal_take(arena, &before->tree, &before->seal, failure))
        return false;
    if (!run->settings.here)
        gate_stamp_take(&before->tree, true, &before->stamp);
    return true;
}

/* ---- one gate ---- */

struct asking {
    struct run *run;
    struct slot *slot;
    const struct check_before *before;
    const struct attempt *attempt;
    struct gate_subject subject;
    struct check *check;
};

static struct arena *arena_of(struct asking *asking)
{
    return &asking->slot->job.arena;
}

/* The end of what a command printed, in a ring that never grows. */
struct tail {
    char *bytes;
    uint64_t written;
};

static const char *keep_tail(void *context, struct slice bytes)
{
    struct tail *tail = context;
    for (size_t i = 0; i < bytes.len; i++)
        tail->bytes[tail->written++ % TAIL_BYTES] = bytes.base[i];
    return NULL;
}

static struct slice read_tail(struct arena *arena, const struct tail *tail)
{
    size_t n = tail->written < TAIL_BYTES ? (size_t)tail->written : TAIL_BYTES;
    char *text = arena_take(arena, n + 1);
    for (size_t i = 0; i < n; i++)
        text[i] = tail->bytes[(tail->written - n + i) % TAIL_BYTES];
    return (struct slice){text, n};
}

static void ask_command(
    struct asking *asking, const struct policy_gate *gate, struct gate_result *result)
{
    struct run *run = asking->run;
    struct arena *arena = arena_of(asking);
    asking->check->is_as_before = false; /* it may write too */
    struct gate_command command =
        gate_command_prepare(arena, gate, &asking->subject, run->parts->environment);
    struct keeper_start start = {
        .argv = command.argv,
        .environment = attempt_environment(run, arena, command.environment),
        .directory = command.directory,
        .timeout_s = command.wait_ms / 1e3,
    };
    struct tail tail = {.bytes = memory_take(TAIL_BYTES)};
    struct keeper_ended ended;
    keeper_run(
        run->keepers, arena, &start, &(struct keeper_ear){keep_tail, keep_tail, &tail}, &ended);
    struct gate_ended seen = {
        .exit_status = ended.exit_status,
        .timed_out = ended.timed_out,
        .not_started = ended.not_started,
        .output = read_tail(arena, &tail),
        .seconds = ended.seconds,
    };
    free(tail.bytes);
    asking->check->interrupted = asking->check->interrupted || ended.interrupted;
    gate_command_judge(arena, gate, &seen, result);
}

static bool is_drawn(struct run *run, int one_in)
{
    pthread_mutex_lock(&run->lock);
    bool drawn = one_in > 0 && dice_below(&run->dice, (uint64_t)one_in) == 0;
    pthread_mutex_unlock(&run->lock);
    return drawn;
}

/* As often as the gate's row wants it on this one tree. */
static void ask_command_again(
    struct asking *asking, const struct policy_gate *gate, struct gate_result *result)
{
    struct gate_result asked[GATE_ASKED_MOST];
    bool confirm = is_drawn(asking->run, gate->confirm);
    size_t n = 0;
    do
        ask_command(asking, gate, &asked[n++]);
    while (!asking->check->interrupted && gate_is_to_ask_again(gate, asked, n, confirm));
    *result = gate_settle(arena_of(asking), asked, n);
}

/* What the attempt and the judges before have left of its allowance; NAN: there is no limit. */
static double left_for_judge(const struct asking *asking)
{
    double left_usd = asking->attempt->left_usd;
    for (size_t i = 0; i < asking->check->n_judges; i++) {
        double cost_usd = asking->check->judges[i].result.cost_usd;
        left_usd -= isnan(cost_usd) ? 0 : cost_usd;
    }
    return left_usd;
}

/* A verdict by another rung: its attempt counts like any other. */
static void ask_judge(struct asking *asking, struct slice name, int rung, enum record_phase phase,
    struct gate_result *result)
{
    struct check *check = asking->check;
    struct arena *arena = arena_of(asking);
    double left_usd = left_for_judge(asking);
    if (left_usd <= 0) {
        *result = (struct gate_result){.name = name,
            .kind = POLICY_GATE_JUDGE,
            .verdict = GATE_UNSURE,
            .confidence = NAN,
            .evidence = slice_from("the budget is spent: nothing is left to pay a judge")};
        return;
    }
    struct attempt *judge = &check->judges[check->n_judges++];
    check->is_as_before = false;
    *judge = (struct attempt){
        .phase = phase,
        .rung = rung,
        .number = asking->attempt->number,
        .prompt = gate_judge_prompt(arena, &asking->subject),
        .schema = gate_judge_schema(),
        .directory = asking->attempt->directory,
        .scratch = asking->attempt->scratch,
        .budget_usd = isnan(left_usd) ? 0 : left_usd,
    };
    attempt_run(asking->run, asking->slot, judge);
    check->interrupted = check->interrupted || judge->interrupted;
    gate_judge_read(arena, name, &judge->result, judge->record.seconds, result);
    judge->record.gates = (struct record_gates){ARENA_ARRAY(arena, struct record_gate, 1), 1};
    judge->record.gates.items[0] = gate_record(result); /* which verdict its cost was for */
}

static bool read_schema(
    struct asking *asking, const struct policy_gate *gate, struct gate_result *result)
{
    struct failure failure;
    struct arena *arena = arena_of(asking);
    if (gate_read_base(arena, &asking->before->tree, arena_text(arena, gate->schema),
            &asking->subject.schema, &failure))
        return true;
    *result = (struct gate_result){.name = gate->name,
        .kind = gate->kind,
        .verdict = GATE_UNSURE,
        .evidence = arena_print(arena, "%s", failure.text)};
    return false;
}

static void ask(struct asking *asking, const struct policy_gate *gate, struct gate_result *result)
{
    switch (gate->kind) {
    case POLICY_GATE_COMMAND:
        ask_command_again(asking, gate, result);
        break;
    case POLICY_GATE_JUDGE:
        ask_judge(asking, gate->name, gate->judge_rung, RECORD_JUDGE, result);
        break;
    case POLICY_GATE_SCHEMA:
        if (!read_schema(asking, gate, result))
            break;
        gate_check(arena_of(asking), gate, &asking->subject, result);
        break;
    case POLICY_GATE_DIFF:
    case POLICY_GATE_PATTERN:
        gate_check(arena_of(asking), gate, &asking->subject, result);
        break;
    }
}

/* ---- all of them ---- */

/* True where the next gate may be asked. */
static bool heed(struct asking *asking, const struct gate_result *result)
{
    struct check *check = asking->check;
    check->results[check->n++] = *result;
    if (result->verdict == GATE_PASS)
        return !check->interrupted;
    check->verdict = result->verdict;
    check->failed[check->n_failed++] = *result;
    return false;
}

static struct gate_result nothing_changed(void)
{
    return (struct gate_result){.name = slice_from("change"),
        .kind = POLICY_GATE_DIFF,
        .verdict = GATE_FAIL,
        .evidence = slice_from("Nothing was changed: the work tree is as it was before.")};
}

/* A task whose answer is what counts need not change a file. */
static bool is_answer_judged(const struct policy *policy)
{
    for (size_t i = 0; i < policy->n_gates; i++)
        if (policy->gates[i].kind == POLICY_GATE_SCHEMA ||
            policy->gates[i].kind == POLICY_GATE_PATTERN)
            return true;
    return false;
}

/* Our own files stand in the work tree where the user works in it. */
static void leave_out_ours(const struct run *run, struct gate_seal *seal)
{
    size_t n = 0;
    for (size_t i = 0; i < seal->n; i++)
        if (!run->settings.here || !slice_starts(slice_from(seal->items[i].path), ".rung/"))
            seal->items[n++] = seal->items[i];
    seal->n = n;
}

static bool is_untouched(struct asking *asking, struct failure *failure)
{
    struct arena *arena = arena_of(asking);
    struct gate_seal before = asking->before->seal, after = before;
    struct gate_result result;
    gate_check_protected(arena, &asking->subject, &result);
    if (!heed(asking, &result))
        return false;
    if (!asking->check->is_as_before &&
        !gate_seal_take(arena, &asking->before->tree, &after, failure)) {
        result = (struct gate_result){.name = slice_from("seal"),
            .kind = POLICY_GATE_DIFF,
            .verdict = GATE_FAIL,
            .evidence = arena_print(arena, "%s", failure->text)};
        return heed(asking, &result);
    }
    leave_out_ours(asking->run, &before);
    leave_out_ours(asking->run, &after);
    gate_seal_check(arena, &before, &after, &result);
    return heed(asking, &result);
}

/* A path of the change that holds the word. */
static bool is_in_paths(struct slice diff, struct slice word)
{
    struct slice line;
    while (slice_next_line(&diff, &line))
        if ((slice_starts(line, "+++ ") || slice_starts(line, "--- ")) &&
            slice_find(line, word.base) != SIZE_MAX)
            return true;
    return false;
}

bool run_task_has_word(const struct task *task, struct slice word)
{
    for (size_t i = 0; i < task->labels.n; i++)
        if (slice_find(task->labels.items[i], word.base) != SIZE_MAX)
            return true;
    for (size_t i = 0; i < task->files.n; i++)
        if (slice_find(task->files.items[i], word.base) != SIZE_MAX)
            return true;
    return slice_equal_caseless(task->type, word);
}

/* A word of `review.when` stands in a label, a path or the type; "escalated": the task has
 * climbed. */
static bool is_critical(const struct asking *asking)
{
    const struct policy *policy = asking->run->parts->policy;
    const struct run_job *job = &asking->slot->job;
    for (size_t i = 0; i < policy->n_review_when; i++) {
        struct slice word = policy->review_when[i];
        if (slice_is(word, "escalated")
                ? asking->attempt->rung != job->decision.rung && asking->attempt->part.len == 0
                : run_task_has_word(&job->task, word) || is_in_paths(asking->subject.diff, word))
            return true;
    }
    return false;
}

static bool wants_review(const struct asking *asking)
{
    const struct run_settings *settings = &asking->run->settings;
    const struct slot *slot = asking->slot;
    if (asking->run->parts->policy->review_rung == POLICY_NONE ||
        settings->review == RUN_REVIEW_NEVER || settings->review == RUN_REVIEW_AT_END)
        return false;
    if (settings->review == RUN_REVIEW_ALWAYS)
        return true;
    if (!is_critical(asking))
        return false;
    if (slot->review_why.len)
        run_note(asking->run, slot, slot->review_why);
    return slot->job.experiment.reviewing != RECORD_PASSED_OVER;
}

static bool ask_kinds(struct asking *asking, const enum policy_gate_kind *kinds, size_t n)
{
    const struct policy *policy = asking->run->parts->policy;
    for (size_t k = 0; k < n; k++)
        for (size_t i = 0; i < policy->n_gates; i++) {
            struct gate_result result = {0};
            if (policy->gates[i].kind != kinds[k])
                continue;
            ask(asking, &policy->gates[i], &result);
            asking->check->is_judged = true;
            asking->check->is_tested |= kinds[k] == POLICY_GATE_COMMAND;
            asking->check->is_reviewed |= kinds[k] == POLICY_GATE_JUDGE;
            if (!heed(asking, &result))
                return false;
        }
    return true;
}

/* A change that a judge alone refused is audited too: else nobody would learn how often a judge
 * refuses what is good. */
static bool is_to_audit(const struct asking *asking)
{
    const struct check *check = asking->check;
    if (asking->slot->job.experiment.auditing != RECORD_CHOSEN || check->interrupted ||
        !check->is_judged)
        return false;
    for (size_t i = 0; i < check->n; i++)
        if (check->results[i].verdict != GATE_PASS &&
            (check->results[i].kind != POLICY_GATE_JUDGE || check->results[i].verdict != GATE_FAIL))
            return false;
    return true;
}

/* What the other gates passed and the audit refutes is not accepted, and the next rung is told why:
 * what is known to be wrong is not delivered. An audit that could not tell changes nothing. */
static void audit(struct asking *asking)
{
    const struct policy *policy = asking->run->parts->policy;
    struct check *check = asking->check;
    bool was_passed = check->verdict == GATE_PASS;
    for (size_t i = 0; i < policy->n_audit_gates && !check->interrupted; i++) {
        struct policy_gate gate = policy->audit_gates[i];
        struct gate_result result = {0};
        gate.name = arena_print(arena_of(asking), "%s%.*s", RECORD_AUDIT, SLICE_ARG(gate.name));
        ask(asking, &gate, &result);
        if (check->interrupted)
            return;
        check->results[check->n++] = result;
        if (result.verdict != GATE_FAIL || !was_passed)
            continue;
        check->verdict = GATE_FAIL;
        check->failed[check->n_failed++] = result;
        run_note(asking->run, asking->slot,
            arena_print(arena_of(asking),
                "REFUTED by an audit: every other gate had passed this change, %.*s did not; it is "
                "not accepted",
                SLICE_ARG(result.name)));
    }
}

static void ask_all(struct asking *asking, struct failure *failure)
{
    static const enum policy_gate_kind order[] = {POLICY_GATE_DIFF, POLICY_GATE_SCHEMA,
        POLICY_GATE_PATTERN, POLICY_GATE_COMMAND, POLICY_GATE_JUDGE};
    const struct policy *policy = asking->run->parts->policy;
    struct gate_result result;
    if (!is_untouched(asking, failure))
        return;
    if (asking->check->is_empty && !is_answer_judged(policy)) {
        result = nothing_changed();
        heed(asking, &result);
        return;
    }
    if (!ask_kinds(asking, order, sizeof(order) / sizeof(order[0])) || !wants_review(asking))
        return;
    ask_judge(asking, slice_from("review"), policy->review_rung, RECORD_REVIEW_PHASE, &result);
    asking->check->is_judged = asking->check->is_reviewed = true;
    heed(asking, &result);
}

static bool was_left_alone(const struct check_before *before)
{
    struct gate_stamp after;
    if (!before->stamp.is_sure)
        return false;
    gate_stamp_take(&before->tree, false, &after);
    return gate_stamp_is_same(&before->stamp, &after);
}

bool check_attempt(struct run *run, struct slot *slot, const struct check_before *before,
    const struct attempt *attempt, struct check *check, struct failure *failure)
{
    struct arena *arena = &slot->job.arena;
    const struct policy *policy = run->parts->policy;
    struct gate_change change = {.is_empty = true};
    bool is_as_before = was_left_alone(before);
    if (!is_as_before && !gate_take_change(arena, &before->tree, &change, failure))
        return false;
    size_t most = policy->n_gates + policy->n_audit_gates + 4;
    *check = (struct check){
        .verdict = GATE_PASS,
        .tree = change.tree_id,
        .is_empty = change.is_empty,
        .is_as_before = is_as_before,
        .results = ARENA_ARRAY(arena, struct gate_result, most),
        .failed = ARENA_ARRAY(arena, struct gate_result, most),
        .judges = ARENA_ARRAY(arena, struct attempt, most),
    };
    struct asking asking = {run, slot, before, attempt,
        {.policy = policy,
            .directory = attempt->directory,
            .task = slot->job.experiment.description,
            .diff = change.diff,
            .answer = attempt->result.answer,
            .structured = attempt->result.structured},
        check};
    ask_all(&asking, failure);
    if (is_to_audit(&asking))
        audit(&asking);
    return true;
}
