/* route: receives one task or a backlog, hands on a decision with its reason for each. */
#include "commands.h"

#include "base/file.h"
#include "base/log.h"
#include "base/table.h"
#include "base/text.h"
#include "learned.h"
#include "pending.h"
#include "source.h"
#include "workspace.h"
#include "write.h"

#include <math.h>
#include <stdlib.h>
#include <unistd.h>

enum { FLUSH_BYTES = 64 * 1024, TITLE_COLUMNS = 64 };

enum {
    ROUTE_POLICY = SOURCE_OPTIONS_COUNT,
    ROUTE_LABEL,
    ROUTE_BODY,
    ROUTE_ID,
    ROUTE_TYPE,
    ROUTE_RUNG,
    ROUTE_EXPLAIN,
    ROUTE_JSON,
    ROUTE_SUMMARY,
    ROUTE_RECORD,
    ROUTE_LEDGER,
    ROUTE_WRITE,
    ROUTE_PREVIEW,
    ROUTE_UNDO,
};

static const struct option_row OPTIONS[] = {
    SOURCE_OPTIONS,
    POLICY_OPTION,
    {"label", OPTION_MANY, "LABEL", "a label of the task given by its title"},
    {"body", OPTION_TEXT, "TEXT", "its description"},
    {"id", OPTION_TEXT, "ID", "its id"},
    {"issue-type", OPTION_TEXT, "TYPE", "its issue type"},
    {"rung", OPTION_TEXT, "RUNG", "use this rung, whatever labels and patterns say"},
    {"explain", OPTION_FLAG, NULL, "show the alternatives and what each would have cost"},
    JSON_OPTION,
    {"summary", OPTION_TEXT, "FILE", "write the summary there as JSON"},
    {"record", OPTION_FLAG, NULL,
        "keep each decision in the ledger, where it waits for `rung log`"},
    LEDGER_OPTION,
    {"write", OPTION_FLAG, NULL,
        "write each decision into the tracker, marked as ours, and keep it as --record does"},
    {"preview", OPTION_FLAG, NULL, "print what --write would write, and write nothing"},
    {"undo", OPTION_FLAG, NULL, "take out of the tracker what --write has put there"},
};

/* What many decisions add up to. */
struct totals {
    size_t decided;
    size_t *by_rung;
    size_t by_strategy[DECIDE_STRATEGIES];
    double routed_usd;
    double *all_usd;     /* by rung: what it would have cost to do every task there */
    bool routed_assumed; /* for some task at least */
    bool *all_assumed;   /* by rung, likewise */
};

struct routing {
    struct call *call;
    struct workspace workspace;
    struct decider decider;
    struct totals totals;
    struct emit emit;
    struct table *table;
    struct pending *pending; /* NULL: decisions are not recorded */
    struct source *source;   /* NULL: one task by its title */
    struct writing *writing; /* NULL: nothing is written back */
    struct learned learned;
    struct dice dice;
    bool to_json, explain;
    size_t warned;
};

static const struct option_value *option(const struct routing *routing, int row)
{
    return &routing->call->options[row];
}

static struct slice name_of(const struct routing *routing, int rung)
{
    return routing->workspace.policy.rungs[rung].name;
}

/* Rungs wear the colours of their place in the ladder: cheap, middle, dear. */
static enum table_color color_of(const struct routing *routing, int rung)
{
    const struct policy *policy = &routing->workspace.policy;
    return rung >= policy->top ? TABLE_YELLOW : rung >= policy->middle ? TABLE_PURPLE : TABLE_BLUE;
}

static struct slice money(struct arena *arena, double usd)
{
    if (isnan(usd))
        return slice_from("unknown");
    int digits = fabs(usd) < 0.1 ? 4 : fabs(usd) < 10 ? 3 : 2;
    return arena_print(arena, "$%.*f", digits, usd);
}

static struct slice money_marked(struct arena *arena, double usd, bool measured)
{
    struct slice text = money(arena, usd);
    return measured || isnan(usd) ? text : arena_print(arena, "~%.*s", SLICE_ARG(text));
}

static bool flush(struct routing *routing, size_t keep, struct failure *failure)
{
    if (routing->emit.len <= keep)
        return true;
    bool ok = command_write(routing->call->out, emit_slice(&routing->emit));
    emit_clear(&routing->emit);
    return ok || failure_set(failure, "cannot write the decisions to standard output");
}

static void count(struct routing *routing, const struct decision *decision)
{
    struct totals *totals = &routing->totals;
    totals->decided++;
    totals->by_rung[decision->rung]++;
    totals->by_strategy[decision->strategy]++;
    totals->routed_usd += decision->cost_usd.mean;
    totals->routed_assumed = totals->routed_assumed || !decision->cost_measured;
    for (size_t i = 0; i < routing->workspace.policy.n_rungs; i++) {
        totals->all_usd[i] += decision->options[i].cost_usd.mean;
        totals->all_assumed[i] = totals->all_assumed[i] || !decision->options[i].measured;
    }
}

static void add_row(
    struct routing *routing, const struct task *task, const struct decision *decision)
{
    struct arena *arena = routing->call->arena;
    struct table *table = routing->table;
    table_add_row(table);
    table_set(table, 0, text_one_line(arena, task->id, 24), TABLE_DIM);
    table_set(table, 1, text_one_line(arena, task->title, TITLE_COLUMNS), TABLE_PLAIN);
    table_set(table, 2, name_of(routing, decision->rung), color_of(routing, decision->rung));
    table_set(table, 3, arena_print(arena, "%.2f", decision->confidence), TABLE_PLAIN);
    table_set(table, 4, slice_from(decide_strategy_name(decision->strategy)), TABLE_PLAIN);
    table_set(table, 5, money_marked(arena, decision->cost_usd.mean, decision->cost_measured),
        TABLE_PLAIN);
    table_set(table, 6, text_one_line(arena, decision->why, 0), TABLE_DIM);
}

static struct slice interval_text(struct arena *arena, struct interval interval)
{
    if (isnan(interval.mean))
        return slice_from("not known yet");
    return arena_print(arena, "%.2f [%.2f, %.2f]", interval.mean, interval.low, interval.high);
}

static void print_options(struct routing *routing, const struct decision *decision)
{
    static const struct table_column columns[] = {{"", false, false}, {"rung", false, false},
        {"model", false, false}, {"effort", false, false}, {"success", false, false},
        {"cost", true, false}, {"", false, true}};
    struct call *call = routing->call;
    struct table *table = table_make(call->out, columns, 7);
    for (size_t i = 0; i < routing->workspace.policy.n_rungs; i++) {
        const struct decide_option *option = &decision->options[i];
        const struct policy_rung *rung = &routing->workspace.policy.rungs[i];
        bool chosen = option->rung == decision->rung;
        table_add_row(table);
        table_set(table, 0, slice_from(chosen ? "  →" : "   "), TABLE_PLAIN);
        table_set(table, 1, rung->name, color_of(routing, (int)i));
        table_set(table, 2, rung->model, TABLE_PLAIN);
        table_set(table, 3, rung->effort, TABLE_PLAIN);
        table_set(table, 4, interval_text(call->arena, option->success), TABLE_PLAIN);
        table_set(table, 5, money_marked(call->arena, option->cost_usd.mean, option->measured),
            TABLE_PLAIN);
        table_set(table, 6, chosen ? slice_from("chosen") : option->why_not, TABLE_DIM);
    }
    table_print(table);
    table_free(table);
}

/* One task told in full. */
static void print_story(
    struct routing *routing, const struct task *task, const struct decision *decision)
{
    struct call *call = routing->call;
    FILE *out = call->out;
    const char *strong = table_color_code(out, TABLE_BOLD),
               *end = table_color_code(out, TABLE_PLAIN);
    struct slice name = name_of(routing, decision->rung);
    const struct policy_rung *rung = &routing->workspace.policy.rungs[decision->rung];
    fprintf(out, "%.*s%s%.*s\n", SLICE_ARG(text_one_line(call->arena, task->id, 0)),
        task->id.len ? "  " : "", SLICE_ARG(text_one_line(call->arena, task->title, 0)));
    fprintf(out, "  %s%.*s%s (%.*s%s%.*s), confidence %.2f, by %s, cost %.*s\n", strong,
        SLICE_ARG(name), end, SLICE_ARG(rung->model), rung->effort.len ? " " : "",
        SLICE_ARG(rung->effort), decision->confidence, decide_strategy_name(decision->strategy),
        SLICE_ARG(money_marked(call->arena, decision->cost_usd.mean, decision->cost_measured)));
    fprintf(out, "  why: %.*s\n", SLICE_ARG(text_one_line(call->arena, decision->why, 0)));
    for (size_t i = 0; i < decision->n_warnings; i++)
        fprintf(
            out, "  note: %.*s\n", SLICE_ARG(text_one_line(call->arena, decision->warnings[i], 0)));
    if (routing->explain)
        print_options(routing, decision);
}

static bool show(struct routing *routing, const struct task *task, const struct decision *decision,
    struct failure *failure)
{
    count(routing, decision);
    if (routing->pending &&
        !pending_keep(routing->pending, &routing->decider, task, decision, failure))
        return false;
    if (routing->writing)
        writing_add(routing->writing, routing->source, task, decision,
            routing->pending ? pending_last_id(routing->pending) : (struct slice){0});
    if (option(routing, ROUTE_UNDO)->given || option(routing, ROUTE_PREVIEW)->given)
        return true;
    if (routing->to_json) {
        decide_write_json(&routing->decider, task, decision, &routing->emit);
        emit_bytes(&routing->emit, slice_from("\n"));
        return flush(routing, FLUSH_BYTES, failure);
    }
    routing->warned += decision->n_warnings > 0;
    if (routing->table)
        add_row(routing, task, decision);
    else
        print_story(routing, task, decision);
    return true;
}

static double total_of(const struct routing *routing, int rung)
{
    return routing->totals.all_usd[rung];
}

static void emit_baseline(struct routing *routing, struct emit *emit, int rung)
{
    struct slice name = name_of(routing, rung);
    emit_key_slice(emit, arena_print(routing->call->arena, "all-%.*s", SLICE_ARG(name)));
    emit_usd(emit, total_of(routing, rung));
}

/* The baselines in order, each once: the cheapest rung, the middle, the top. */
static size_t baselines(const struct routing *routing, int rungs[3])
{
    const struct policy *policy = &routing->workspace.policy;
    const int wanted[3] = {routing->decider.cheapest, policy->middle, policy->top};
    size_t n = 0;
    for (int i = 0; i < 3; i++) {
        bool seen = false;
        for (size_t j = 0; j < n; j++)
            seen = seen || rungs[j] == wanted[i];
        if (!seen)
            rungs[n++] = wanted[i];
    }
    return n;
}

static void write_summary(
    struct routing *routing, const struct source_counts *counts, struct emit *emit)
{
    const struct totals *totals = &routing->totals;
    int rungs[3];
    size_t n = baselines(routing, rungs);
    emit_open(emit, '{');
    emit_member_int64(emit, "read", (int64_t)counts->read);
    emit_member_int64(emit, "decided", (int64_t)totals->decided);
    emit_key(emit, "skipped");
    emit_open(emit, '{');
    emit_member_int64(emit, "not_open", (int64_t)counts->not_open);
    emit_member_int64(emit, "filtered", (int64_t)counts->filtered);
    emit_member_int64(emit, "tombstone", (int64_t)counts->tombstone);
    emit_member_int64(emit, "memory", (int64_t)counts->memory);
    emit_close(emit, '}');
    emit_member_int64(emit, "bad", (int64_t)counts->bad);
    emit_key(emit, "share");
    emit_open(emit, '{');
    for (size_t i = 0; i < routing->workspace.policy.n_rungs; i++) {
        emit_key_slice(emit, name_of(routing, (int)i));
        emit_int64(emit, (int64_t)totals->by_rung[i]);
    }
    emit_close(emit, '}');
    emit_key(emit, "strategy");
    emit_open(emit, '{');
    for (int i = 0; i < DECIDE_STRATEGIES; i++)
        emit_member_int64(
            emit, decide_strategy_name((enum decide_strategy)i), (int64_t)totals->by_strategy[i]);
    emit_close(emit, '}');
    emit_key(emit, "cost");
    emit_open(emit, '{');
    emit_member_usd(emit, "routed", totals->routed_usd);
    for (size_t i = 0; i < n; i++)
        emit_baseline(routing, emit, rungs[i]);
    emit_close(emit, '}');
    emit_member_cstring(emit, "cost_basis", totals->routed_assumed ? "assumed" : "measured");
    emit_close(emit, '}');
    emit_bytes(emit, slice_from("\n"));
}

static void print_shares(struct routing *routing, FILE *out)
{
    const struct totals *totals = &routing->totals;
    static const struct table_column columns[] = {
        {"rung", false, false}, {"tasks", true, false}, {"share", true, false}, {"", false, false}};
    struct table *table = table_make(out, columns, 4);
    char bar[TABLE_BAR_BYTES];
    for (size_t i = 0; i < routing->workspace.policy.n_rungs; i++) {
        if (totals->by_rung[i] == 0)
            continue;
        double share = (double)totals->by_rung[i] / (double)totals->decided;
        table_add_row(table);
        table_set(table, 0, name_of(routing, (int)i), color_of(routing, (int)i));
        table_set(
            table, 1, arena_print(routing->call->arena, "%zu", totals->by_rung[i]), TABLE_PLAIN);
        table_set(table, 2, arena_print(routing->call->arena, "%.1f %%", 100 * share), TABLE_PLAIN);
        table_set(table, 3, slice_from(table_bar(share, 24, bar)), color_of(routing, (int)i));
    }
    table_print(table);
    table_free(table);
}

static void print_strategies(struct routing *routing, FILE *out)
{
    const char *separator = "decided by ";
    for (int i = 0; i < DECIDE_STRATEGIES; i++) {
        size_t n = routing->totals.by_strategy[i];
        if (n == 0)
            continue;
        fprintf(out, "%s%s %zu (%.1f %%)", separator, decide_strategy_name((enum decide_strategy)i),
            n, 100.0 * (double)n / (double)routing->totals.decided);
        separator = ", ";
    }
    fputc('\n', out);
}

/* What the routed cost is to a baseline's: a share saved, or how much dearer. */
static void print_difference(FILE *out, double ratio)
{
    if (isnan(ratio))
        return;
    if (ratio > 2)
        fprintf(out, "  %.1f times as dear", ratio);
    else
        fprintf(out, "  %.1f %% %s", 100 * fabs(ratio - 1), ratio > 1 ? "dearer" : "saved");
}

static void print_costs(struct routing *routing, FILE *out)
{
    struct arena *arena = routing->call->arena;
    const struct totals *totals = &routing->totals;
    int rungs[3];
    size_t n = baselines(routing, rungs);
    bool any_assumed = totals->routed_assumed;
    fprintf(out, "expected cost %.*s\n",
        SLICE_ARG(money_marked(arena, totals->routed_usd, !totals->routed_assumed)));
    for (size_t i = 0; i < n; i++) {
        double other = total_of(routing, rungs[i]);
        bool assumed = totals->all_assumed[rungs[i]];
        any_assumed = any_assumed || assumed;
        struct slice name = arena_print(arena, "all-%.*s", SLICE_ARG(name_of(routing, rungs[i])));
        fprintf(out, "  against %-14.*s %9.*s", SLICE_ARG(name),
            SLICE_ARG(money_marked(arena, other, !assumed)));
        print_difference(out, totals->routed_usd / other);
        fputc('\n', out);
    }
    if (any_assumed)
        fputs("~ assumed: the policy's tokens a task x list price, not measured; and nothing here\n"
              "  says how many of the tasks would be accepted\n",
            out);
}

static void print_summary(struct routing *routing, const struct source_counts *counts, FILE *out)
{
    fprintf(out, "\n%zu read, %zu decided", counts->read, routing->totals.decided);
    const struct {
        size_t n;
        const char *what;
    } left_out[] = {{counts->not_open, "not open (--all takes them)"},
        {counts->filtered, "filtered out"}, {counts->tombstone, "deleted"},
        {counts->memory, "no tasks but memories"}, {counts->bad, "unreadable"}};
    for (size_t i = 0; i < sizeof(left_out) / sizeof(left_out[0]); i++)
        if (left_out[i].n)
            fprintf(out, ", %zu %s", left_out[i].n, left_out[i].what);
    fputc('\n', out);
    if (routing->totals.decided == 0)
        return;
    fputc('\n', out);
    print_shares(routing, out);
    fputc('\n', out);
    print_strategies(routing, out);
    print_costs(routing, out);
    if (routing->warned)
        fprintf(out, "%zu tasks carry a note; --explain shows them\n", routing->warned);
}

/* With --json the summary goes to standard error as JSON; for people it stands under the table. */
static bool finish_many(
    struct routing *routing, const struct source_counts *counts, struct failure *failure)
{
    if (option(routing, ROUTE_UNDO)->given || option(routing, ROUTE_PREVIEW)->given)
        return true;
    if (!flush(routing, 0, failure))
        return false;
    if (routing->table)
        table_print(routing->table);
    if (!routing->to_json)
        print_summary(routing, counts, routing->call->out);
    struct emit summary = {0};
    write_summary(routing, counts, &summary);
    bool ok = true;
    if (routing->to_json) {
        fflush(routing->call->out); /* decisions first; its errors show when the call ends */
        ok = command_write(stderr, emit_slice(&summary)) ||
             failure_set(failure, "cannot write the summary to standard error");
    }
    if (ok && option(routing, ROUTE_SUMMARY)->given)
        ok = file_replace(arena_text(routing->call->arena, option(routing, ROUTE_SUMMARY)->text),
            emit_slice(&summary), 0644, failure);
    emit_free(&summary);
    return ok;
}

static bool route_many(struct routing *routing, struct failure *failure)
{
    static const struct table_column columns[] = {{"task", false, true}, {"title", false, true},
        {"rung", false, false}, {"conf", true, false}, {"strategy", false, false},
        {"cost", true, false}, {"why", false, true}};
    struct source *source = NULL;
    struct arena arena = {0};
    struct task task;
    struct decision decision;
    if (!source_open(routing->call, &source, failure))
        return false;
    routing->source = source;
    if (!routing->to_json && !routing->explain)
        routing->table = table_make(routing->call->out, columns, 7);
    bool ok = true;
    while (ok && source_next(source, &arena, &task)) {
        decide(&routing->decider, &task, &arena, &decision);
        ok = show(routing, &task, &decision, failure);
    }
    source_finish(source);
    ok = ok && finish_many(routing, source_counted(source), failure);
    const struct source_counts *counts = source_counted(source);
    if (ok && counts->bad > 0 && counts->bad == counts->read)
        ok = failure_set(failure, "nothing of the input could be read");
    table_free(routing->table);
    source_close(source);
    arena_free(&arena);
    return ok;
}

static bool route_one(struct routing *routing, struct failure *failure)
{
    const struct option_value *labels = option(routing, ROUTE_LABEL);
    struct task task = {
        .title = routing->call->words[0],
        .body = option(routing, ROUTE_BODY)->text,
        .id = option(routing, ROUTE_ID)->text,
        .type = option(routing, ROUTE_TYPE)->text,
        .labels = {labels->many, labels->n_many},
        .priority = -1,
        .source = "command line",
    };
    struct decision decision;
    decide(&routing->decider, &task, routing->call->arena, &decision);
    return show(routing, &task, &decision, failure) && flush(routing, 0, failure);
}

static bool force_rung(struct routing *routing, struct failure *failure)
{
    const struct option_value *rung = option(routing, ROUTE_RUNG);
    if (!rung->given)
        return true;
    const struct policy *policy = &routing->workspace.policy;
    routing->decider.forced = policy_rung_by_wish(policy, rung->text, (struct slice){0});
    if (routing->decider.forced != POLICY_NONE)
        return true;
    failure_set(failure, "--rung %.*s names no rung of the ladder; it has", SLICE_ARG(rung->text));
    struct slice list = arena_print(routing->call->arena, "%s", failure->text);
    for (size_t i = 0; i < policy->n_rungs; i++)
        list = arena_print(routing->call->arena, "%.*s%s %.*s", SLICE_ARG(list), i ? "," : "",
            SLICE_ARG(policy->rungs[i].name));
    return failure_set(failure, "%.*s", SLICE_ARG(list));
}

static bool prepare(struct routing *routing, struct failure *failure)
{
    struct arena *arena = routing->call->arena;
    if (!workspace_open(routing->call, option(routing, ROUTE_POLICY), &routing->workspace, failure))
        return false;
    learned_open(
        routing->call, option(routing, ROUTE_LEDGER), &routing->workspace, &routing->learned);
    decide_prepare(arena, &routing->workspace.policy, &routing->workspace.prices,
        routing->workspace.today, routing->learned.evidence, routing->learned.view,
        &routing->decider);
    if (option(routing, ROUTE_RECORD)->given) { /* what is not recorded is not explored */
        routing->dice = dice_from_system();
        routing->decider.dice = &routing->dice;
    }
    size_t n = routing->workspace.policy.n_rungs;
    routing->totals.by_rung = ARENA_ARRAY(arena, size_t, n);
    routing->totals.all_usd = ARENA_ARRAY(arena, double, n);
    routing->totals.all_assumed = ARENA_ARRAY(arena, bool, n);
    routing->to_json = option(routing, ROUTE_JSON)->given;
    routing->explain = option(routing, ROUTE_EXPLAIN)->given;
    return true;
}

/* What becomes of the decisions in the tracker. False with a sentence for options that disagree. */
static bool prepare_writing(struct routing *routing, struct failure *failure)
{
    struct call *call = routing->call;
    bool write = option(routing, ROUTE_WRITE)->given, undo = option(routing, ROUTE_UNDO)->given,
         preview = option(routing, ROUTE_PREVIEW)->given;
    if (write + undo + preview > 1 || (call->n_words && (write || undo || preview)))
        return failure_set(failure, "--write, --preview and --undo are about a backlog, and only "
                                    "one of them can be meant");
    if (undo) /* what was open then may be closed by now */
        call->options[SOURCE_ALL].given = true;
    if (write)
        call->options[ROUTE_RECORD].given = true;
    enum write_mode mode = write     ? WRITE_DECISIONS
                           : undo    ? WRITE_UNDO
                           : preview ? WRITE_PREVIEW
                                     : WRITE_NOTHING;
    if (mode != WRITE_NOTHING)
        routing->writing = writing_make(mode, &routing->workspace.policy);
    return true;
}

static bool finish_recording(struct routing *routing, struct failure *failure)
{
    size_t n = 0;
    if (!routing->pending)
        return true;
    if (!pending_finish(routing->pending, &n, failure))
        return false;
    log_note("%zu decision%s recorded as pending", n, n == 1 ? "" : "s");
    return true;
}

/* A title is one task, with options of its own; without one it is a backlog, with others. */
static bool check_usage(const struct call *call, struct failure *failure)
{
    bool one = call->n_words == 1;
    bool describes = call->options[ROUTE_LABEL].given || call->options[ROUTE_BODY].given ||
                     call->options[ROUTE_ID].given || call->options[ROUTE_TYPE].given;
    if (one && slice_trim(call->words[0]).len == 0)
        return failure_set(failure, "the title is empty");
    if (one && source_is_chosen(call))
        return failure_set(failure,
            "a title is one task: it does not go with --file, --from or the "
            "filters of a backlog");
    if (!one && describes)
        return failure_set(failure, "--label, --body, --id and --issue-type describe the task that "
                                    "is given by its title");
    return source_check(call, failure);
}

static int run_route(struct call *call)
{
    struct failure failure = {0};
    struct routing routing = {.call = call};
    int status = EXIT_BROKEN;
    bool one = call->n_words == 1;
    if (!check_usage(call, &failure)) {
        status = EXIT_USAGE;
        goto done;
    }
    if (!prepare(&routing, &failure))
        goto done;
    if (!force_rung(&routing, &failure) || !prepare_writing(&routing, &failure)) {
        status = EXIT_USAGE;
        goto done;
    }
    if (option(&routing, ROUTE_RECORD)->given &&
        !pending_open(
            call, option(&routing, ROUTE_LEDGER), &routing.workspace, &routing.pending, &failure))
        goto done;
    bool ok = one ? route_one(&routing, &failure) : route_many(&routing, &failure);
    if (ok && finish_recording(&routing, &failure) &&
        (!routing.writing || writing_finish(routing.writing, call->out, &failure)))
        status = EXIT_DONE;
done:
    pending_close(routing.pending);
    writing_free(routing.writing);
    learned_close(&routing.learned);
    if (status != EXIT_DONE)
        log_error("%s", failure.text);
    emit_free(&routing.emit);
    return status;
}

const struct command_row COMMAND_ROUTE = {
    .name = "route",
    .words = "[TITLE]",
    .words_most = 1,
    .summary = "Decide which rung each task should start on, and say why.",
    .details =
        "With a title, decides that one task. Without, decides a backlog: what --file names, what "
        "is piped in, or what the tracker's own program says (bd, gh). Open work by default.\n\n"
        "The first tier that speaks decides: --rung, an explicit label (model:haiku), a complexity "
        "label, a pattern of the policy, the default. Costs marked ~ are assumed, not measured.\n\n"
        "--write puts each decision where the tracker has a place for it: metadata "
        "(execution_suggested_model, execution_reasoning_effort) in Beads and Task Master, the "
        "label rung:NAME in GitHub and Backlog.md, [rung:NAME] at the end of an item in Markdown. "
        "It is marked as ours and never read back as a wish; what a person named stays; every "
        "other byte stays. --preview shows it, --undo takes it out.",
    .examples = "  rung route \"Fix typo in README\" --label complexity:trivial\n"
                "  rung route --from beads --explain\n"
                "  rung route --from beads --preview && rung route --from beads --write\n"
                "  rung route --record && rung log bd-12 --success --source test\n"
                "  gh issue list --json number,title,body,labels,state | rung route --from github\n"
                "  rung route --file backlog.jsonl --all --json --summary summary.json\n",
    .options = OPTIONS,
    .n_options = sizeof(OPTIONS) / sizeof(OPTIONS[0]),
    .run = run_route,
};
