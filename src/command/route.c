/* route: receives one task or a backlog, hands on a decision with its reason for each. */
#include "commands.h"

#include "base/file.h"
#include "base/log.h"
#include "base/table.h"
#include "base/text.h"
#include "learned.h"
#include "pending.h"
#include "source.h"
#include "summary.h"
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

struct routing {
    struct call *call;
    struct workspace workspace;
    struct decider decider;
    struct summary summary;
    struct emit emit;
    struct table *table;
    struct pending *pending; /* NULL: decisions are not recorded */
    struct source *source;   /* NULL: one task by its title */
    struct writing *writing; /* NULL: nothing is written back */
    struct learned learned;
    struct dice dice;
    bool to_json, explain;
};

static const struct option_value *option(const struct routing *routing, int row)
{
    return &routing->call->options[row];
}

static struct slice name_of(const struct routing *routing, int rung)
{
    return routing->workspace.policy.rungs[rung].name;
}

static bool flush(struct routing *routing, size_t keep, struct failure *failure)
{
    if (routing->emit.len <= keep)
        return true;
    bool ok = command_write(routing->call->out, emit_slice(&routing->emit));
    emit_clear(&routing->emit);
    return ok || failure_set(failure, "cannot write the decisions to standard output");
}

static void add_row(
    struct routing *routing, const struct task *task, const struct decision *decision)
{
    struct arena *arena = routing->call->arena;
    struct table *table = routing->table;
    table_add_row(table);
    table_set(table, 0, text_one_line(arena, task->id, 24), TABLE_DIM);
    table_set(table, 1, text_one_line(arena, task->title, TITLE_COLUMNS), TABLE_PLAIN);
    table_set(table, 2, name_of(routing, decision->rung),
        summary_rung_color(&routing->workspace.policy, decision->rung));
    table_set(table, 3, arena_print(arena, "%.2f", decision->confidence), TABLE_PLAIN);
    table_set(table, 4, slice_from(decide_strategy_name(decision->strategy)), TABLE_PLAIN);
    table_set(table, 5, summary_money(arena, decision->cost_usd.mean, decision->cost_measured),
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
    static const struct table_column columns[] = {{"", false, TABLE_KEEPS},
        {"rung", false, TABLE_KEEPS}, {"model", false, TABLE_SPARE}, {"effort", false, TABLE_SPARE},
        {"success", false, TABLE_KEEPS}, {"cost", true, TABLE_KEEPS}, {"", false, TABLE_SHRINKS}};
    struct call *call = routing->call;
    struct table *table = table_make(call->out, columns, 7);
    for (size_t i = 0; i < routing->workspace.policy.n_rungs; i++) {
        const struct decide_option *option = &decision->options[i];
        const struct policy_rung *rung = &routing->workspace.policy.rungs[i];
        bool chosen = option->rung == decision->rung;
        table_add_row(table);
        table_set(table, 0, slice_from(chosen ? "  →" : "   "), TABLE_PLAIN);
        table_set(table, 1, rung->name, summary_rung_color(&routing->workspace.policy, (int)i));
        table_set(table, 2, rung->model, TABLE_PLAIN);
        table_set(table, 3, rung->effort, TABLE_PLAIN);
        table_set(table, 4, interval_text(call->arena, option->success), TABLE_PLAIN);
        table_set(table, 5, summary_money(call->arena, option->cost_usd.mean, option->measured),
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
        SLICE_ARG(summary_money(call->arena, decision->cost_usd.mean, decision->cost_measured)));
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
    summary_count(&routing->summary, decision);
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
    if (routing->table)
        add_row(routing, task, decision);
    else
        print_story(routing, task, decision);
    return true;
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
        summary_print(&routing->summary, routing->call->arena, counts, routing->call->out);
    struct emit summary = {0};
    summary_write(&routing->summary, routing->call->arena, counts, &summary);
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
    static const struct table_column columns[] = {{"task", false, TABLE_SHRINKS},
        {"title", false, TABLE_SHRINKS}, {"rung", false, TABLE_KEEPS}, {"conf", true, TABLE_KEEPS},
        {"strategy", false, TABLE_SPARE}, {"cost", true, TABLE_KEEPS},
        {"why", false, TABLE_SHRINKS}};
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
    routing->summary = summary_make(arena, &routing->workspace.policy, routing->decider.cheapest);
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
