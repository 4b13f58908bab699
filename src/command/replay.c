/* replay: receives another policy, hands on what it would have made of this ledger, and whether
 * what was asserted of it holds. */
#include "commands.h"

#include "assertion.h"
#include "base/log.h"
#include "learned.h"
#include "replay_show.h"

#include <math.h>
#include <stdlib.h>

enum {
    REPLAY_POLICY,
    REPLAY_LEDGER,
    REPLAY_SHOW,
    REPLAY_JSON,
    REPLAY_SINCE,
    REPLAY_ASSERT,
};

enum { EXIT_FALSE = 5 };

static const struct option_row OPTIONS[] = {
    {"policy", OPTION_TEXT, "FILE", "the policy to try; without it the one that holds here"},
    LEDGER_OPTION,
    {"show", OPTION_FLAG, NULL, "list every task that moves, with the reason"},
    JSON_OPTION,
    {"since", OPTION_TEXT, "DATE", "only decisions from then on"},
    {"assert", OPTION_TEXT, "LIST",
        "comparisons that must hold, such as moves<=40,cost<=+0; else the exit status is 5"},
};

/* ---- assertions ---- */

/* The value that a comparison is about, in its bound's unit, and what it rests on. */
struct judged_value {
    double value;
    struct slice basis;
};

static struct judged_value value_of_moves(
    const struct replayed *replayed, const struct assertion *assertion)
{
    double decisions = (double)(replayed->n - replayed->forced), n = (double)replayed->moves;
    return (struct judged_value){
        assertion->is_percent ? (decisions > 0 ? 100 * n / decisions : 0) : n, slice_from("moves")};
}

static struct judged_value value_of_figure(const struct replayed *replayed,
    const struct assertion *assertion, const struct eval_replay *figure)
{
    bool is_cost = assertion->subject == ASSERT_COST;
    struct judged_value judged = {
        .value = assertion->is_change ? figure->change.mean : figure->replayed.mean,
        .basis = slice_from("doubly robust estimate")};
    if (assertion->is_percent) /* of cost relative, of success in points */
        judged.value = 100 * (is_cost ? figure->relative.mean : judged.value);
    if (figure->state == EVAL_REPLAY_KNOWN)
        return judged;
    judged.value = NAN;
    judged.basis = replay_why_not(replayed, figure);
    return judged;
}

/* Where the ledger cannot tell, what the policy expects of each rung. */
static struct judged_value value_of_expected_cost(
    const struct replayed *replayed, const struct assertion *assertion)
{
    double n = (double)replayed->expected_n, to = replayed->expected_to_usd / n,
           from = replayed->expected_from_usd / n;
    struct judged_value judged = {.value = assertion->is_percent  ? 100 * (to / from - 1)
                                           : assertion->is_change ? to - from
                                                                  : to,
        .basis =
            slice_from(replayed->expected_is_assumed ? "expected cost, assumed" : "expected cost")};
    if (replayed->expected_n == 0) {
        judged.value = NAN;
        judged.basis = slice_from("no rung's cost is known");
    }
    return judged;
}

static struct judged_value value_of(
    const struct replayed *replayed, const struct assertion *assertion)
{
    switch (assertion->subject) {
    case ASSERT_COST:
        return replayed->cost.state == EVAL_REPLAY_KNOWN
                   ? value_of_figure(replayed, assertion, &replayed->cost)
                   : value_of_expected_cost(replayed, assertion);
    case ASSERT_SUCCESS:
        return value_of_figure(replayed, assertion, &replayed->success);
    default:
        return value_of_moves(replayed, assertion);
    }
}

static bool say_assertion(const struct replayed *replayed, const struct assertion *assertion)
{
    struct judged_value judged = value_of(replayed, assertion);
    bool holds = assertion_holds(assertion, judged.value);
    const char *unit = assertion->is_percent ? " %" : "";
    if (isnan(judged.value))
        fprintf(stderr, "assert %.*s: false, it cannot be judged: %.*s\n",
            SLICE_ARG(assertion->text), SLICE_ARG(judged.basis));
    else
        fprintf(stderr, "assert %.*s: %s, it is %s%.6g%s (%.*s)\n", SLICE_ARG(assertion->text),
            holds ? "true" : "false", assertion->is_change && judged.value >= 0 ? "+" : "",
            judged.value, unit, SLICE_ARG(judged.basis));
    return holds;
}

/* ---- the command ---- */

struct replaying {
    struct call *call;
    struct replayed replayed;
    struct workspace workspace; /* of the new policy */
    struct workspace present; /* the policy that holds here: its ledger is the one that is meant */
    struct learned learned;
    struct assertion assertions[ASSERTIONS_MOST];
    size_t n_assertions;
};

/* The new policy may lie anywhere: the ledger is that of where the command is typed. */
static bool open_ledger(
    struct replaying *replaying, struct ledger **ledger, struct failure *failure)
{
    struct call *call = replaying->call;
    const struct option_value *where = &call->options[REPLAY_LEDGER];
    const struct option_value none = {.given = false};
    if (!workspace_open(call, &call->options[REPLAY_POLICY], &replaying->workspace, failure))
        return false;
    replaying->present = replaying->workspace;
    if (call->options[REPLAY_POLICY].given && !where->given &&
        !workspace_open(call, &none, &replaying->present, failure))
        return failure_prefix(failure,
            "the policy that holds here says where the ledger is (or name it with --ledger)");
    if (!workspace_read_ledger(call, where, &replaying->present, ledger, failure))
        return false;
    if (!*ledger)
        return failure_set(
            failure, "there is no ledger yet: `rung log` and `rung import` begin one");
    learned_open(call, where, &replaying->present, &replaying->learned);
    replaying->replayed = (struct replayed){.arena = call->arena,
        .policy = replaying->workspace.policy,
        .prices = &replaying->workspace.prices,
        .today = replaying->workspace.today};
    return true;
}

static bool replay(struct replaying *replaying, struct failure *failure)
{
    struct replayed *replayed = &replaying->replayed;
    struct call *call = replaying->call;
    struct ledger_filter filter = {.state = LEDGER_ANY};
    struct ledger *ledger = NULL;
    bool ok = command_moment("since", &call->options[REPLAY_SINCE], &filter.since_ms, failure) &&
              open_ledger(replaying, &ledger, failure) &&
              replay_ledger(replayed, ledger, &filter, replaying->learned.evidence,
                  replaying->learned.view, failure);
    ledger_close(ledger);
    if (!ok)
        return false;
    bool show = call->options[REPLAY_SHOW].given;
    if (!call->options[REPLAY_JSON].given) {
        replay_print(replayed, show, call->out);
        return true;
    }
    struct emit emit = {0};
    if (show)
        replay_write_tasks(replayed, &emit);
    replay_write_json(replayed, &emit);
    ok = command_write(call->out, emit_slice(&emit)) ||
         failure_set(failure, "cannot write to standard output");
    emit_free(&emit);
    return ok;
}

static int run_replay(struct call *call)
{
    struct failure failure = {0};
    struct replaying *replaying = memory_take(sizeof(*replaying));
    *replaying = (struct replaying){.call = call};
    int status = EXIT_DONE;
    if (call->options[REPLAY_ASSERT].given &&
        !assertions_read(call->options[REPLAY_ASSERT].text, replaying->assertions,
            &replaying->n_assertions, &failure)) {
        log_error("%s", failure.text);
        status = EXIT_USAGE;
    } else if (!replay(replaying, &failure)) {
        log_error("%s", failure.text);
        status = EXIT_BROKEN;
    }
    fflush(call->out);
    for (size_t i = 0; status != EXIT_BROKEN && status != EXIT_USAGE && i < replaying->n_assertions;
         i++)
        if (!say_assertion(&replaying->replayed, &replaying->assertions[i]))
            status = EXIT_FALSE;
    learned_close(&replaying->learned);
    free(replaying);
    return status;
}

const struct command_row COMMAND_REPLAY = {
    .name = "replay",
    .words = "",
    .summary = "Show what another policy would have made of the tasks in the ledger.",
    .details =
        "Decides every task of the ledger anew, without exploration, and lists the moves: tasks "
        "that would start on another rung than the one that the ledger's policy preferred. What "
        "a person forced stays as it was. The same ledger and policy give the same answer.\n\n"
        "What it would have cost and how often it would have succeeded is a doubly robust "
        "estimate from the propensities that `rung route --record` keeps, with 95 % intervals, "
        "beside the ledger's own mean, and the same policy without its exploration: the change is "
        "counted from there. It is refused where the effective sample size is below 50, and not "
        "identifiable where the new policy takes a rung that could not have been taken. Attempts "
        "after the first count as they were recorded. A goal's decisions rest on evidence from "
        "other tasks than the one decided.\n\n"
        "--assert takes comparisons with <=, <, >=, > or =: `moves` (a number, or % of the "
        "decisions), `cost` (USD a task; with a sign the change, in USD or %), `success` (a "
        "fraction or %; with a sign the change, % being points). `cost` is judged by the estimate, "
        "where that cannot be given by the expected cost of the rungs; `success` by the estimate "
        "alone, and what cannot be judged is false.\n\n"
        "Exit status: 0 done, 5 where an assertion is false.",
    .examples = "  rung replay --policy new.yaml --show\n"
                "  rung replay --policy new.yaml --assert 'moves<=40,cost<=+0,success>=-1%'\n",
    .options = OPTIONS,
    .n_options = sizeof(OPTIONS) / sizeof(OPTIONS[0]),
    .run = run_replay,
};
