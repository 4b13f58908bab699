/* log: receives the outcome of one task, completes its pending decision or records it anew. */
#include "commands.h"

#include "base/log.h"
#include "base/text.h"
#include "store.h"

#include <math.h>

enum {
    LOG_RUNG,
    LOG_SUCCESS,
    LOG_FAILURE,
    LOG_COST,
    LOG_SECONDS,
    LOG_QUALITY,
    LOG_SOURCE,
    LOG_NOTES,
    LOG_PROJECT,
    LOG_AT,
    LOG_STRATEGY,
    LOG_LABEL,
    LOG_DESCRIPTION,
    LOG_MODEL,
    LOG_PAIR,
    LOG_AMEND,
    LOG_POLICY,
    LOG_LEDGER,
    LOG_JSON,
};

static const struct option_row OPTIONS[] = {
    {"rung", OPTION_TEXT, "RUNG", "the rung that did it (the decided one of a pending decision)"},
    {"success", OPTION_FLAG, NULL, "the result was accepted"},
    {"failure", OPTION_FLAG, NULL, "it was not"},
    {"cost", OPTION_NUMBER, "USD", "what it cost, measured; without it the policy's assumption"},
    {"seconds", OPTION_NUMBER, "S", "how long it took"},
    {"quality", OPTION_NUMBER, "1-5", "how good the result is"},
    {"source", OPTION_TEXT, "WHO", "who judged: test, review or user (the default)"},
    {"notes", OPTION_TEXT, "TEXT",
        "anything worth keeping (not kept where the policy has keep_text: false)"},
    {"project", OPTION_TEXT, "NAME", "the project it belongs to"},
    {"at", OPTION_TEXT, "TIME", "when it was done (2026-11-22, 2026-11-22T13:05:59Z, ms)"},
    {"strategy", OPTION_TEXT, "NAME",
        "how the rung was chosen; forced where nobody says: a person chose"},
    {"label", OPTION_MANY, "LABEL", "a label of the task"},
    {"description", OPTION_TEXT, "TEXT", "what the task was, where TASK is only an id"},
    {"model", OPTION_TEXT, "ID", "the model id that answered, where it is not the ladder's"},
    {"pair", OPTION_TEXT, "ID",
        "the task was done on two rungs: the same id for both, for `rung validate` to compare"},
    {"amend", OPTION_FLAG, NULL,
        "correct the outcome of the task's latest record: what it cost and who did it stays"},
    POLICY_OPTION,
    LEDGER_OPTION,
    JSON_OPTION,
};

/* What was said on the command line, checked. */
struct outcome {
    struct call *call;
    const struct workspace *workspace;
    int rung; /* POLICY_NONE: not said */
    double assumed_usd;
    int64_t at_ms;
    enum record_outcome_source source;
    enum decide_strategy strategy;
    char id[RECORD_ID_BYTES];
};

static const struct option_value *option(const struct outcome *outcome, int row)
{
    return &outcome->call->options[row];
}

static bool read_rung(struct outcome *outcome, struct failure *failure)
{
    const struct policy *policy = &outcome->workspace->policy;
    const struct option_value *rung = option(outcome, LOG_RUNG);
    outcome->rung = POLICY_NONE;
    if (!rung->given)
        return true;
    outcome->rung = policy_rung_by_wish(policy, rung->text, (struct slice){0});
    if (outcome->rung != POLICY_NONE)
        return true;
    struct slice list = {0};
    for (size_t i = 0; i < policy->n_rungs; i++)
        list = arena_print(outcome->call->arena, "%.*s%s%.*s", SLICE_ARG(list), i ? ", " : "",
            SLICE_ARG(policy->rungs[i].name));
    return failure_set(failure, "--rung %.*s names no rung of the ladder; it has %.*s",
        SLICE_ARG(rung->text), SLICE_ARG(list));
}

static bool read_words(struct outcome *outcome, struct failure *failure)
{
    const struct option_value *source = option(outcome, LOG_SOURCE),
                              *strategy = option(outcome, LOG_STRATEGY),
                              *cost = option(outcome, LOG_COST),
                              *quality = option(outcome, LOG_QUALITY),
                              *seconds = option(outcome, LOG_SECONDS);
    outcome->source = RECORD_USER;
    outcome->strategy = DECIDE_FORCED;
    outcome->at_ms = outcome->workspace->now_ms;
    if (option(outcome, LOG_SUCCESS)->given == option(outcome, LOG_FAILURE)->given)
        return failure_set(failure, "say --success or --failure");
    if (source->given && (!record_outcome_source_from_name(source->text, &outcome->source) ||
                             outcome->source == RECORD_NOBODY))
        return failure_set(
            failure, "--source is test, review or user, not \"%.*s\"", SLICE_ARG(source->text));
    if (strategy->given && !decide_strategy_from_name(strategy->text, &outcome->strategy))
        return failure_set(failure,
            "--strategy is forced, explicit-label, complexity-label, pattern-match, learned or "
            "default, not \"%.*s\"",
            SLICE_ARG(strategy->text));
    if (cost->given && cost->number < 0)
        return failure_set(failure, "--cost cannot be less than 0");
    if (seconds->given && seconds->number < 0)
        return failure_set(failure, "--seconds cannot be less than 0");
    if (quality->given && !(quality->number >= 1 && quality->number <= 5))
        return failure_set(failure, "--quality is 1 to 5");
    return command_moment("at", option(outcome, LOG_AT), &outcome->at_ms, failure);
}

static void set_text(struct slice *field, const struct option_value *given)
{
    if (given->given)
        *field = given->text;
}

/* The rung that did it, where the command says so. Another rung than the decided one was a
 * person's choice: it is no forecast of ours any more, and nothing was explored. */
static void set_rung(const struct outcome *outcome, struct experiment *e)
{
    if (outcome->rung == POLICY_NONE) {
        if (e->model_used.len == 0)
            e->model_used = e->rung;
        return;
    }
    const struct policy_rung *rung = &outcome->workspace->policy.rungs[outcome->rung];
    bool moved = e->rung.len && !slice_equal(e->rung, rung->name);
    e->model_used = rung->name;
    if (e->rung.len && !moved)
        return;
    e->rung = rung->name;
    e->effort = rung->effort;
    e->requested = option(outcome, LOG_RUNG)->text;
    e->propensities = (struct record_actions){0};
    if (moved) {
        e->served = rung->model;
        e->strategy = slice_from(decide_strategy_name(DECIDE_FORCED));
        e->confidence = decide_stated_confidence(DECIDE_FORCED);
    } else {
        e->decided = rung->model;
    }
    if (outcome->assumed_usd >= 0)
        e->cost_usd = outcome->assumed_usd;
}

/* What is known now is known of the change that was made last, by one attempt or a plan's parts. */
static void settle_attempts(struct outcome *outcome, struct experiment *e)
{
    struct record_attempts attempts = {
        ARENA_ARRAY(outcome->call->arena, struct record_attempt, e->attempts.n + 1), e->attempts.n};
    bool is_last = true;
    for (size_t i = e->attempts.n; i-- > 0;) {
        struct record_attempt *attempt = &attempts.items[i];
        *attempt = e->attempts.items[i];
        if (attempt->phase != RECORD_EXECUTE || !is_last)
            continue;
        attempt->success = e->success;
        is_last = false;
    }
    e->attempts = attempts;
}

static void fill(struct experiment *e, void *context)
{
    struct outcome *outcome = context;
    e->pending = false;
    e->success = option(outcome, LOG_SUCCESS)->given ? RECORD_ACCEPTED : RECORD_FAILED;
    e->outcome_source = outcome->source;
    settle_attempts(outcome, e);
    set_rung(outcome, e);
    if (option(outcome, LOG_STRATEGY)->given) {
        e->strategy = slice_from(decide_strategy_name(outcome->strategy));
        e->confidence = decide_stated_confidence(outcome->strategy);
    }
    if (e->attempts.n == 0)
        e->cost_source = RECORD_ASSUMED;
    if (option(outcome, LOG_COST)->given) {
        e->cost_usd = option(outcome, LOG_COST)->number;
        e->cost_source = RECORD_MEASURED;
    }
    if (option(outcome, LOG_SECONDS)->given)
        e->seconds = option(outcome, LOG_SECONDS)->number;
    if (option(outcome, LOG_QUALITY)->given)
        e->quality = option(outcome, LOG_QUALITY)->number;
    if (option(outcome, LOG_AT)->given)
        e->at_ms = outcome->at_ms;
    set_text(&e->notes, option(outcome, LOG_NOTES));
    set_text(&e->project, option(outcome, LOG_PROJECT));
    set_text(&e->description, option(outcome, LOG_DESCRIPTION));
    set_text(&e->served, option(outcome, LOG_MODEL));
    set_text(&e->pair, option(outcome, LOG_PAIR));
    if (option(outcome, LOG_LABEL)->given)
        e->labels = (struct record_texts){
            option(outcome, LOG_LABEL)->many, option(outcome, LOG_LABEL)->n_many};
}

/* A task of which no decision is pending: recorded as a whole. */
static bool record_past(
    struct outcome *outcome, struct ledger *ledger, struct experiment *e, struct failure *failure)
{
    struct dice dice = dice_from_system();
    struct slice task = outcome->call->words[0];
    *e = record_blank();
    e->at_ms = outcome->at_ms;
    e->id = slice_from(record_make_id(e->at_ms, &dice, outcome->id));
    e->task_id = task;
    e->description = task;
    e->strategy = slice_from(decide_strategy_name(outcome->strategy));
    e->confidence = decide_stated_confidence(outcome->strategy);
    e->policy = slice_from(outcome->workspace->policy.hash);
    fill(e, outcome);
    return record_check(e, failure) && ledger_add(ledger, e, NULL, failure);
}

/* The newest that is done; *found false: there is none. */
static bool amend(struct outcome *outcome, struct ledger *ledger, struct experiment *e, bool *found,
    struct failure *failure)
{
    struct arena *arena = outcome->call->arena;
    struct ledger_filter filter = {.task_id = outcome->call->words[0], .state = LEDGER_DONE};
    struct ledger_walk *walk = NULL;
    if (!ledger_walk_open(ledger, &filter, LEDGER_NEWEST, 1, &walk, failure))
        return false;
    enum ledger_next next = ledger_walk_next(walk, arena, e, failure);
    ledger_walk_close(walk);
    *found = next == LEDGER_ROW;
    if (next != LEDGER_ROW)
        return next == LEDGER_END;
    e->success = option(outcome, LOG_SUCCESS)->given ? RECORD_ACCEPTED : RECORD_FAILED;
    e->outcome_source = outcome->source;
    settle_attempts(outcome, e);
    set_text(&e->notes, option(outcome, LOG_NOTES));
    if (option(outcome, LOG_QUALITY)->given)
        e->quality = option(outcome, LOG_QUALITY)->number;
    return ledger_replace(ledger, e, found, failure);
}

static bool confirm(struct call *call, const struct experiment *e, bool completed)
{
    struct arena *arena = call->arena;
    if (call->options[LOG_JSON].given) {
        struct emit emit = {0};
        record_write(&emit, e);
        emit_bytes(&emit, slice_from("\n"));
        bool ok = command_write(call->out, emit_slice(&emit));
        emit_free(&emit);
        return ok;
    }
    fprintf(call->out, "%.*s %s: %.*s %s %.*s, judged by %s", SLICE_ARG(e->id),
        call->options[LOG_AMEND].given ? "amended"
        : completed                    ? "completed"
                                       : "recorded",
        SLICE_ARG(text_one_line(arena, e->model_used, 0)),
        e->success == RECORD_ACCEPTED ? "did" : "failed at",
        SLICE_ARG(text_one_line(arena, e->task_id, 60)),
        record_outcome_source_name(e->outcome_source));
    if (isnan(e->cost_usd))
        fputs(", cost not known\n", call->out);
    else
        fprintf(call->out, ", %s$%.4f %s\n", e->cost_source == RECORD_MEASURED ? "" : "~",
            e->cost_usd, record_cost_source_name(e->cost_source));
    return !ferror(call->out);
}

/* EXIT_USAGE where the task is neither pending nor told with its rung. */
static int log_outcome(struct outcome *outcome, struct failure *failure)
{
    struct call *call = outcome->call;
    struct ledger *ledger = NULL;
    struct experiment e;
    bool completed = false, ok = false;
    int status = EXIT_BROKEN;
    if (!workspace_make_ledger(
            call, &call->options[LOG_LEDGER], outcome->workspace, &ledger, failure))
        goto done;
    if (option(outcome, LOG_AMEND)->given) {
        if (!amend(outcome, ledger, &e, &completed, failure))
            goto done;
        if (!completed) {
            failure_set(failure, "there is no outcome of %.*s to amend",
                SLICE_ARG(text_one_line(call->arena, call->words[0], 80)));
            goto done;
        }
    } else if (!ledger_complete(ledger, call->arena, (struct slice){0}, call->words[0], fill,
                   outcome, &e, &completed, failure))
        goto done;
    if (!completed && outcome->rung == POLICY_NONE) {
        failure_set(failure, "no decision is pending for %.*s; say which rung did it with --rung",
            SLICE_ARG(text_one_line(call->arena, call->words[0], 80)));
        status = EXIT_USAGE;
        goto done;
    }
    ok = completed || record_past(outcome, ledger, &e, failure);
    if (ok && !confirm(call, &e, completed))
        ok = failure_set(failure, "recorded, but standard output could not be written");
done:
    ledger_close(ledger);
    return ok ? EXIT_DONE : status;
}

static int run_log(struct call *call)
{
    struct failure failure = {0};
    struct workspace workspace;
    struct outcome outcome = {.call = call, .workspace = &workspace, .assumed_usd = -1};
    int status = EXIT_BROKEN;
    if (!workspace_open(call, &call->options[LOG_POLICY], &workspace, &failure))
        goto done;
    if (!read_rung(&outcome, &failure) || !read_words(&outcome, &failure)) {
        status = EXIT_USAGE;
        goto done;
    }
    if (outcome.rung != POLICY_NONE &&
        !policy_assumed_cost(&workspace.policy.rungs[outcome.rung], &workspace.prices,
            workspace.today, &outcome.assumed_usd))
        outcome.assumed_usd = -1;
    status = log_outcome(&outcome, &failure);
done:
    if (status != EXIT_DONE)
        log_error("%s", failure.text);
    return status;
}

const struct command_row COMMAND_LOG = {
    .name = "log",
    .words = "TASK",
    .words_least = 1,
    .words_most = 1,
    .summary = "Record how a task went.",
    .details =
        "Completes the latest pending decision of that task (`rung route --record` makes them), or "
        "records a past one; with --amend it corrects the outcome of the latest record, as where a "
        "change that every gate passed turns out to be wrong. A cost that is given counts as "
        "measured; without it the policy's "
        "assumption is kept and marked. Outcomes that a test or a review gave count as "
        "verified.\n\n"
        "The line that is printed names the record's id; it is on the disk then.",
    .examples = "  rung log bd-12 --rung haiku --success --cost 0.031 --source test\n"
                "  rung log \"Fix typo\" --rung sonnet --failure --notes \"tests went red\"\n"
                "  rung log bd-12 --amend --failure --notes \"broke the login page\"\n"
                "  rung log --success -- -odd-id\n",
    .options = OPTIONS,
    .n_options = sizeof(OPTIONS) / sizeof(OPTIONS[0]),
    .run = run_log,
};
