/* report and validate: what it cost, what is proven. */
#include "commands.h"

#include "base/log.h"
#include "learned.h"
#include "report/report.h"
#include "store.h"

#include <inttypes.h>

enum {
    REPORT_FORMAT,
    REPORT_JSON,
    REPORT_CSV,
    REPORT_SPREADSHEET,
    REPORT_COUNT,
    REPORT_LATEST_N,
    REPORT_SINCE,
    REPORT_UNTIL,
    REPORT_PROJECT,
    REPORT_BY,
    REPORT_POLICY,
    REPORT_LEDGER,
};

static const struct option_row REPORT_OPTIONS[] = {
    {"format", OPTION_TEXT, "FORMAT", "text (the default), markdown, json or csv"},
    {"json", OPTION_FLAG, NULL, "the same as --format json"},
    {"csv", OPTION_FLAG, NULL, "the same as --format csv: a row of the twelve fields each"},
    {"spreadsheet", OPTION_FLAG, NULL,
        "csv, with a ' before a text that a spreadsheet would take for a formula"},
    {"count", OPTION_FLAG, NULL, "print the number of experiments, nothing else"},
    {"latest", OPTION_WHOLE, "N", "how many recent ones to show (10); with --csv only those"},
    {"since", OPTION_TEXT, "DATE", "only from then on"},
    {"until", OPTION_TEXT, "DATE", "only before then"},
    {"project", OPTION_TEXT, "NAME", "only this project"},
    {"by", OPTION_TEXT, "WHAT", "one table: model, strategy, label, pattern, project or day"},
    POLICY_OPTION,
    LEDGER_OPTION,
};

enum format { FORMAT_TEXT, FORMAT_MARKDOWN, FORMAT_JSON, FORMAT_CSV, FORMATS };

struct reporting {
    struct call *call;
    struct workspace workspace;
    struct ledger *ledger; /* NULL: none was begun yet */
    struct ledger_filter filter;
    bool filtered;
    enum format format;
    enum report_by by;
    size_t latest;
};

static bool read_format(struct reporting *reporting, struct failure *failure)
{
    static const char *const names[FORMATS] = {"text", "markdown", "json", "csv"};
    const struct option_value *options = reporting->call->options;
    bool to_csv = options[REPORT_CSV].given || options[REPORT_SPREADSHEET].given;
    reporting->format = options[REPORT_JSON].given ? FORMAT_JSON
                        : to_csv                   ? FORMAT_CSV
                                                   : FORMAT_TEXT;
    if (!options[REPORT_FORMAT].given)
        return true;
    for (int i = 0; i < FORMATS; i++)
        if (slice_is(options[REPORT_FORMAT].text, names[i])) {
            reporting->format = (enum format)i;
            return i == FORMAT_CSV || !options[REPORT_SPREADSHEET].given ||
                   failure_set(
                       failure, "--spreadsheet is about csv, not about --format %s", names[i]);
        }
    return failure_set(failure, "--format is text, markdown, json or csv, not \"%.*s\"",
        SLICE_ARG(options[REPORT_FORMAT].text));
}

static bool read_options(struct reporting *reporting, struct failure *failure)
{
    const struct option_value *options = reporting->call->options;
    struct ledger_filter *filter = &reporting->filter;
    reporting->by = REPORT_BY_NONE;
    if (options[REPORT_BY].given && !report_by_from_name(options[REPORT_BY].text, &reporting->by))
        return failure_set(failure,
            "--by is model, strategy, label, pattern, project or day, not \"%.*s\"",
            SLICE_ARG(options[REPORT_BY].text));
    reporting->latest = REPORT_LATEST;
    if (options[REPORT_LATEST_N].given) {
        if (options[REPORT_LATEST_N].number > REPORT_LATEST_MOST)
            return failure_set(failure, "--latest is at most %d", REPORT_LATEST_MOST);
        reporting->latest = (size_t)options[REPORT_LATEST_N].number;
    }
    filter->state = LEDGER_DONE;
    filter->project = options[REPORT_PROJECT].text;
    reporting->filtered =
        options[REPORT_SINCE].given || options[REPORT_UNTIL].given || options[REPORT_PROJECT].given;
    return read_format(reporting, failure) &&
           command_moment("since", &options[REPORT_SINCE], &filter->since_ms, failure) &&
           command_moment("until", &options[REPORT_UNTIL], &filter->until_ms, failure);
}

/* Newest first where only the latest are wanted, as recorded otherwise. */
static bool write_csv(struct reporting *reporting, struct failure *failure)
{
    struct call *call = reporting->call;
    bool spreadsheet = call->options[REPORT_SPREADSHEET].given;
    struct emit emit = {0};
    size_t n = 0;
    bool ok = true;
    if (reporting->ledger && !call->options[REPORT_LATEST_N].given)
        return ledger_export(reporting->ledger, &reporting->filter,
            spreadsheet ? LEDGER_SPREADSHEET : LEDGER_CSV, call->out, &n, failure);
    struct report report = {0};
    ok = report_read_recent(
        call->arena, reporting->ledger, &reporting->filter, reporting->latest, &report, failure);
    record_write_csv_header(&emit);
    for (size_t i = 0; i < report.n_recent; i++)
        record_write_csv(
            &emit, &report.recent[i], spreadsheet ? RECORD_CSV_SPREADSHEET : RECORD_CSV_EXACT);
    ok = ok && command_write(call->out, emit_slice(&emit));
    emit_free(&emit);
    return ok;
}

static bool gather(struct reporting *reporting, struct report_facts *facts, struct failure *failure)
{
    const struct workspace *workspace = &reporting->workspace;
    return report_gather(reporting->call->arena, reporting->ledger,
        reporting->filtered ? &reporting->filter : NULL, &workspace->policy, &workspace->prices,
        workspace->today, facts, failure);
}

static bool write_report(struct reporting *reporting, struct failure *failure)
{
    struct call *call = reporting->call;
    struct report_facts facts;
    struct report report;
    if (!gather(reporting, &facts, failure))
        return false;
    report_make(call->arena, &facts, &report);
    if (call->options[REPORT_COUNT].given) {
        fprintf(call->out, "%" PRId64 "\n", report.all.n);
        return true;
    }
    if (!report_read_recent(call->arena, reporting->ledger,
            reporting->filtered ? &reporting->filter : NULL, reporting->latest, &report, failure))
        return false;
    struct emit emit = {0};
    struct learned learned;
    bool ok = true;
    learned_open(call, &call->options[REPORT_LEDGER], &reporting->workspace, &learned);
    report_add_evidence(call->arena, learned.evidence, &report);
    switch (reporting->format) {
    case FORMAT_MARKDOWN:
        report_print_markdown(call->out, call->arena, &report, reporting->by);
        break;
    case FORMAT_JSON:
        report_write_json(&emit, &report);
        ok = command_write(call->out, emit_slice(&emit));
        emit_free(&emit);
        break;
    default:
        report_print_text(call->out, call->arena, &report, reporting->by);
    }
    learned_close(&learned);
    return ok || failure_set(failure, "cannot write the report to standard output");
}

static int run_report(struct call *call)
{
    struct failure failure = {0};
    struct reporting reporting = {.call = call};
    bool ok = false;
    if (!read_options(&reporting, &failure)) {
        log_error("%s", failure.text);
        return EXIT_USAGE;
    }
    ok = workspace_open(call, &call->options[REPORT_POLICY], &reporting.workspace, &failure) &&
         workspace_read_ledger(call, &call->options[REPORT_LEDGER], &reporting.workspace,
             &reporting.ledger, &failure);
    if (ok && reporting.format == FORMAT_CSV && !call->options[REPORT_COUNT].given)
        ok = write_csv(&reporting, &failure);
    else if (ok)
        ok = write_report(&reporting, &failure);
    ledger_close(reporting.ledger);
    if (!ok)
        log_error("%s", failure.text);
    return ok ? EXIT_DONE : EXIT_BROKEN;
}

const struct command_row COMMAND_REPORT = {
    .name = "report",
    .words = "",
    .summary = "Show what the routed tasks cost, what was accepted, and what that saved.",
    .details =
        "Every rate has its 95 % interval; savings stand beside every plain way of choosing a "
        "rung; what rests on an assumed cost is marked with ~. Called by the name routing-report "
        "the program does the same.",
    .examples = "  rung report --latest 20\n"
                "  rung report --by label --since 2026-11-01\n"
                "  rung report --format markdown > REPORT.md\n",
    .options = REPORT_OPTIONS,
    .n_options = sizeof(REPORT_OPTIONS) / sizeof(REPORT_OPTIONS[0]),
    .run = run_report,
};

enum {
    VALIDATE_JSON,
    VALIDATE_PLAN,
    VALIDATE_ONE_LOOK,
    VALIDATE_SINCE,
    VALIDATE_PROJECT,
    VALIDATE_POLICY,
    VALIDATE_LEDGER,
};

static const struct option_row VALIDATE_OPTIONS[] = {
    JSON_OPTION,
    {"plan", OPTION_FLAG, NULL, "show how many tasks a claim needs, not verdicts"},
    {"one-look", OPTION_FLAG, NULL,
        "judge rates by the exact bound for a single look planned beforehand"},
    {"since", OPTION_TEXT, "DATE", "only outcomes from then on"},
    {"project", OPTION_TEXT, "NAME", "only this project"},
    POLICY_OPTION,
    LEDGER_OPTION,
};

enum { EXIT_REFUTED = 3, EXIT_INSUFFICIENT = 4 };

static int show_plan(struct call *call)
{
    if (!call->options[VALIDATE_JSON].given) {
        report_print_plan(call->out, call->arena);
        return EXIT_DONE;
    }
    struct emit emit = {0};
    report_write_plan(&emit);
    bool ok = command_write(call->out, emit_slice(&emit));
    emit_free(&emit);
    return ok ? EXIT_DONE : EXIT_BROKEN;
}

static int show_verdicts(struct call *call, const struct report_facts *facts)
{
    struct report_validation validation;
    report_validate(call->arena, facts, call->options[VALIDATE_ONE_LOOK].given, &validation);
    if (call->options[VALIDATE_JSON].given) {
        struct emit emit = {0};
        report_write_validation(&emit, &validation);
        bool ok = command_write(call->out, emit_slice(&emit));
        emit_free(&emit);
        if (!ok)
            return EXIT_BROKEN;
    } else {
        report_print_validation(call->out, call->arena, &validation);
    }
    return validation.verdict == STATS_SUPPORTED ? EXIT_DONE
           : validation.verdict == STATS_REFUTED ? EXIT_REFUTED
                                                 : EXIT_INSUFFICIENT;
}

static int run_validate(struct call *call)
{
    struct failure failure = {0};
    struct reporting reporting = {.call = call};
    struct report_facts facts;
    struct ledger_filter *filter = &reporting.filter;
    if (call->options[VALIDATE_PLAN].given)
        return show_plan(call);
    filter->state = LEDGER_DONE;
    filter->project = call->options[VALIDATE_PROJECT].text;
    reporting.filtered =
        call->options[VALIDATE_SINCE].given || call->options[VALIDATE_PROJECT].given;
    if (!command_moment("since", &call->options[VALIDATE_SINCE], &filter->since_ms, &failure)) {
        log_error("%s", failure.text);
        return EXIT_USAGE;
    }
    int status = EXIT_BROKEN;
    if (workspace_open(call, &call->options[VALIDATE_POLICY], &reporting.workspace, &failure) &&
        workspace_read_ledger(call, &call->options[VALIDATE_LEDGER], &reporting.workspace,
            &reporting.ledger, &failure) &&
        gather(&reporting, &facts, &failure))
        status = show_verdicts(call, &facts);
    else
        log_error("%s", failure.text);
    ledger_close(reporting.ledger);
    return status;
}

const struct command_row COMMAND_VALIDATE = {
    .name = "validate",
    .words = "",
    .summary = "Say which claims about the routing the outcomes support.",
    .details =
        "Five claims, each SUPPORTED, REFUTED or INSUFFICIENT with the number behind it and how "
        "many more tasks would settle it. Looking after every task is allowed: the verdicts rest "
        "on e-values. Nothing is supported by outcomes that no test or review verified, nor by "
        "costs that nobody measured.\n\n"
        "Exit status: 0 all supported, 3 any refuted, else 4 any insufficient.",
    .examples =
        "  rung validate\n  rung validate --plan\n  rung validate --json --since 2026-11-01\n",
    .options = VALIDATE_OPTIONS,
    .n_options = sizeof(VALIDATE_OPTIONS) / sizeof(VALIDATE_OPTIONS[0]),
    .run = run_validate,
};
