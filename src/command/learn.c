/* learn: receives the ledger, hands on the evidence that decisions rest on. */
#include "commands.h"

#include "base/emit.h"
#include "base/log.h"
#include "base/table.h"
#include "learned.h"
#include "suggest.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LEARN_POLICY, LEARN_LEDGER, LEARN_JSON, LEARN_SUGGEST, LEARN_ACCEPT };

static const struct option_row OPTIONS[] = {
    POLICY_OPTION,
    LEDGER_OPTION,
    JSON_OPTION,
    {"suggest", OPTION_FLAG, NULL, "propose label rules and patterns; nothing is learned anew"},
    {"accept", OPTION_TEXT, "N,…", "write these suggestions into the policy (`all`: every one)"},
};

struct learning {
    struct call *call;
    struct workspace workspace;
    struct evidence *evidence;
    struct evidence_view *view;
    struct evidence_attempt *attempts;
    size_t n, room, experiments;
    struct decider decider;
};

/* Every judged attempt of the ledger, in the call's arena. */
static bool collect(struct learning *learning, struct ledger *ledger, struct failure *failure)
{
    struct arena *arena = learning->call->arena;
    struct ledger_filter filter = {.state = LEDGER_DONE};
    struct ledger_walk *walk = NULL;
    struct experiment experiment;
    enum ledger_next next = LEDGER_BROKEN;
    if (!ledger_walk_open(ledger, &filter, LEDGER_OLDEST, 0, &walk, failure))
        return false;
    while ((next = ledger_walk_next(walk, arena, &experiment, failure)) == LEDGER_ROW) {
        struct evidence_attempt *judged;
        size_t n = record_attempts_judged(arena, &experiment, &judged);
        for (size_t i = 0; i < n; i++) {
            learning->attempts = arena_grow(arena, learning->attempts, learning->n, &learning->room,
                sizeof(*learning->attempts));
            learning->attempts[learning->n++] = judged[i];
        }
        if (++learning->experiments % 10000 == 0 && isatty(STDERR_FILENO))
            fprintf(stderr, "\r\033[K%zu experiments read", learning->experiments);
    }
    if (learning->experiments >= 10000 && isatty(STDERR_FILENO))
        fputs("\r\033[K", stderr);
    ledger_walk_close(walk);
    return next == LEDGER_END;
}

static void tune(struct learning *learning)
{
    struct policy *policy = &learning->workspace.policy;
    decide_prepare(learning->call->arena, policy, &learning->workspace.prices,
        learning->workspace.today, learning->evidence, learning->view, &learning->decider);
    evidence_set_goal(
        learning->evidence, policy->hash, decide_tune(&learning->decider, learning->call->arena));
    decide_prepare(learning->call->arena, policy, &learning->workspace.prices,
        learning->workspace.today, learning->evidence, learning->view, &learning->decider);
}

static struct evidence_estimate *estimate_rungs(struct learning *learning)
{
    size_t n = learning->workspace.policy.n_rungs;
    struct evidence_estimate *estimates =
        ARENA_ARRAY(learning->call->arena, struct evidence_estimate, n);
    const struct slice empty = {"", 0};
    evidence_estimate(learning->evidence, &learning->decider.arms, n, empty, empty, NULL, 0,
        learning->view, estimates);
    return estimates;
}

/* One measured cost has no spread, and so no interval. */
static struct slice cost_text(struct arena *arena, struct interval cost_usd)
{
    if (isnan(cost_usd.low) || isnan(cost_usd.high))
        return arena_print(arena, "$%.4f, no interval yet", cost_usd.mean);
    return arena_print(arena, "$%.4f [%.4f, %.4f]", cost_usd.mean, cost_usd.low, cost_usd.high);
}

static void print_rungs(struct learning *learning, const struct evidence_estimate *estimates)
{
    static const struct table_column columns[] = {{"rung", false, TABLE_KEEPS},
        {"attempts", true, TABLE_SPARE}, {"success", false, TABLE_KEEPS}, {"", false, TABLE_SPARE},
        {"cost an attempt", false, TABLE_KEEPS}, {"", false, TABLE_SHRINKS_SPARE}};
    struct arena *arena = learning->call->arena;
    struct table *table = table_make(learning->call->out, columns, 6);
    char bar[TABLE_BAR_BYTES];
    for (size_t i = 0; i < learning->workspace.policy.n_rungs; i++) {
        const struct evidence_estimate *e = &estimates[i];
        table_add_row(table);
        table_set(table, 0, learning->workspace.policy.rungs[i].name, TABLE_BOLD);
        table_set(table, 1, arena_print(arena, "%.0f", e->outcomes), TABLE_PLAIN);
        if (e->outcomes > 0)
            table_set(table, 2,
                arena_print(arena, "%.0f %% [%.0f, %.0f]", 100 * e->success.mean,
                    100 * e->success.low, 100 * e->success.high),
                TABLE_PLAIN);
        table_set(table, 3, slice_from(table_bar(e->success.mean, 20, bar)), TABLE_GREEN);
        if (e->costs > 0)
            table_set(table, 4, cost_text(arena, e->cost_usd), TABLE_PLAIN);
        table_set(table, 5,
            e->outcomes >= EVIDENCE_ENOUGH
                ? slice_from(e->costs > 0 ? "" : "no measured cost: it moves no decision")
                : arena_print(
                      arena, "%.0f more before it moves a decision", EVIDENCE_ENOUGH - e->outcomes),
            TABLE_DIM);
    }
    table_print(table);
    table_free(table);
}

static void print_people(struct learning *learning, const char *path)
{
    FILE *out = learning->call->out;
    const struct decider *decider = &learning->decider;
    table_print_text(out,
        arena_print(learning->call->arena,
            "learned from %zu judged attempt%s of %zu experiment%s; kept in %s", learning->n,
            learning->n == 1 ? "" : "s", learning->experiments,
            learning->experiments == 1 ? "" : "s", path),
        0);
    fputc('\n', out);
    print_rungs(learning, estimate_rungs(learning));
    fputs("\nconfidence of the tiers, tuned by outcomes:\n", out);
    for (int i = DECIDE_COMPLEXITY_LABEL; i < DECIDE_STRATEGIES; i++) {
        struct interval prior = decider->prior[i];
        if (prior.mean >= 0)
            fprintf(out, "  %-16s stated %.2f, now %.3f [%.2f, %.2f]\n",
                decide_strategy_name((enum decide_strategy)i),
                decide_stated_confidence((enum decide_strategy)i), prior.mean, prior.low,
                prior.high);
    }
    if (learning->workspace.policy.goal.kind == POLICY_GOAL_TIERS)
        fputs("\nthe policy's goal is tiers: labels and patterns decide, evidence tunes their "
              "confidence\n",
            out);
    else if (decider->has_goal)
        fprintf(out, "\nthe goal makes a success worth $%.3f at the margin\n",
            decider->goal.value_high);
    else
        fputs("\ntoo little is known to meet the policy's goal: the tiers decide\n", out);
}

static void print_json(struct learning *learning, const char *path)
{
    struct emit emit = {0};
    const struct evidence_estimate *estimates = estimate_rungs(learning);
    struct evidence_about about = evidence_tell(learning->evidence);
    emit_open(&emit, '{');
    emit_member_cstring(&emit, "evidence", about.id);
    emit_member_cstring(&emit, "path", path);
    emit_member_int64(&emit, "experiments", (int64_t)learning->experiments);
    emit_member_int64(&emit, "attempts", (int64_t)learning->n);
    emit_key(&emit, "rungs");
    emit_open(&emit, '[');
    for (size_t i = 0; i < learning->workspace.policy.n_rungs; i++) {
        emit_open(&emit, '{');
        emit_member_text(&emit, "rung", learning->workspace.policy.rungs[i].name);
        emit_member_double(&emit, "attempts", estimates[i].outcomes);
        stats_write_interval(&emit, "success", estimates[i].success);
        stats_write_interval(&emit, "cost_usd", estimates[i].cost_usd);
        emit_close(&emit, '}');
    }
    emit_close(&emit, ']');
    emit_key(&emit, "tiers");
    emit_open(&emit, '{');
    for (int i = DECIDE_COMPLEXITY_LABEL; i < DECIDE_STRATEGIES; i++)
        stats_write_interval(
            &emit, decide_strategy_name((enum decide_strategy)i), learning->decider.prior[i]);
    emit_close(&emit, '}');
    emit_key(&emit, "value_usd");
    emit_usd(&emit, learning->decider.has_goal ? learning->decider.goal.value_high : NAN);
    emit_close(&emit, '}');
    emit_bytes(&emit, slice_from("\n"));
    fwrite(emit.bytes, 1, emit.len, learning->call->out);
    emit_free(&emit);
}

/* Evidence of this user's own ledger is this user's own, and known as such before it is there to
 * be found. */
static bool keep(struct learning *learning, const struct ledger_place *place, const char *path,
    struct failure *failure)
{
    struct arena *arena = learning->call->arena;
    if (!policy_owns_file(arena, place->path))
        return evidence_save(learning->evidence, path, failure);
    const char *draft = arena_print(arena, "%s.new-%ld", path, (long)getpid()).base;
    if (!evidence_save(learning->evidence, draft, failure))
        return false;
    bool ok = policy_own_file(arena, draft, path, failure) &&
              (rename(draft, path) == 0 ||
                  failure_set(failure, "cannot replace %s: %s", path, strerror(errno)));
    if (!ok)
        unlink(draft);
    return ok;
}

static bool learn(struct learning *learning, struct failure *failure)
{
    struct call *call = learning->call;
    struct ledger *ledger = NULL;
    const struct option_value *where = &call->options[LEARN_LEDGER];
    if (!workspace_open(call, &call->options[LEARN_POLICY], &learning->workspace, failure) ||
        !workspace_read_ledger(call, where, &learning->workspace, &ledger, failure))
        return false;
    if (!ledger)
        return failure_set(
            failure, "there is no ledger yet: `rung log` and `rung import` begin one");
    bool ok = collect(learning, ledger, failure);
    ledger_close(ledger);
    struct ledger_place place = workspace_ledger_place(call, where, &learning->workspace);
    const char *path = ok ? learned_path(call, &place) : NULL;
    if (!path)
        return false;
    learning->evidence = evidence_build(learning->attempts, learning->n);
    tune(learning);
    if (!keep(learning, &place, path, failure))
        return false;
    if (call->options[LEARN_JSON].given)
        print_json(learning, path);
    else
        print_people(learning, path);
    return true;
}

/* Proposes rules; with --accept writes the chosen ones. */
static bool suggest(struct call *call, struct failure *failure)
{
    struct workspace workspace = {0};
    static const struct ledger_filter done = {.state = LEDGER_DONE};
    struct suggestions suggestions = {
        .arena = call->arena, .policy = &workspace.policy, .prices = &workspace.prices};
    struct ledger *ledger = NULL;
    size_t n = 0;
    if (!workspace_open(call, &call->options[LEARN_POLICY], &workspace, failure) ||
        !workspace_read_ledger(call, &call->options[LEARN_LEDGER], &workspace, &ledger, failure))
        return false;
    if (!ledger)
        return failure_set(
            failure, "there is no ledger yet: `rung log` and `rung import` begin one");
    suggestions.today = workspace.today;
    bool ok = suggest_find(&suggestions, ledger, &done, failure);
    ledger_close(ledger);
    if (ok && call->options[LEARN_ACCEPT].given) {
        ok = suggest_accept(&suggestions, call->options[LEARN_ACCEPT].text, &n, failure);
        if (ok)
            fprintf(call->out, "%zu suggestion%s written\n", n, n == 1 ? "" : "s");
        return ok;
    }
    if (ok && call->options[LEARN_JSON].given) {
        struct emit emit = {0};
        suggest_write_json(&suggestions, &emit);
        ok = command_write(call->out, emit_slice(&emit)) ||
             failure_set(failure, "cannot write to standard output");
        emit_free(&emit);
    } else if (ok) {
        suggest_print(&suggestions, call->out);
    }
    return ok;
}

static int run_suggest(struct call *call)
{
    struct failure failure = {0};
    if (suggest(call, &failure))
        return EXIT_DONE;
    log_error("%s", failure.text);
    return EXIT_BROKEN;
}

static int run_learn(struct call *call)
{
    if (call->options[LEARN_SUGGEST].given || call->options[LEARN_ACCEPT].given)
        return run_suggest(call);
    struct failure failure = {0};
    struct learning learning = {.call = call, .view = evidence_view_make()};
    bool ok = learn(&learning, &failure);
    if (!ok)
        log_error("%s", failure.text);
    evidence_close(learning.evidence);
    evidence_view_free(learning.view);
    return ok ? EXIT_DONE : EXIT_BROKEN;
}

const struct command_row COMMAND_LEARN = {
    .name = "learn",
    .words = "",
    .summary = "Learn from the outcomes in the ledger, so that decisions rest on them.",
    .details =
        "Rebuilds the evidence from every judged attempt and replaces the snapshot beside the "
        "ledger; the same ledger gives the same snapshot. Outcomes that come later are added when "
        "a decision is made, until the next `rung learn`.\n\n"
        "--suggest looks for labels, label prefixes, words and word pairs of titles that go with "
        "the success of the cheapest rung's first attempts beyond chance, or with their failure: "
        "Fisher's exact test against all its first attempts, false discoveries held at one in ten "
        "(Benjamini–Hochberg). It says what each rule would have moved and saved, and lists tasks "
        "that began on the wrong rung. --accept adds lines for the chosen ones to the rung.yaml "
        "that holds, checks the result, and replaces the file only where it is sound; a policy "
        "that you trusted is trusted as it then stands.",
    .examples = "  rung learn\n  rung learn --suggest\n  rung learn --accept 1,3\n",
    .options = OPTIONS,
    .n_options = sizeof(OPTIONS) / sizeof(OPTIONS[0]),
    .run = run_learn,
};
