/* import and export: outcomes from files into the ledger and out of it. */
#include "commands.h"

#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "store.h"

#include <inttypes.h>
#include <unistd.h>

enum { IMPORT_BYTES_MOST = INT32_MAX, IMPORT_FILES_MOST = 10000 };

enum { IMPORT_POLICY, IMPORT_LEDGER };

static const struct option_row IMPORT_OPTIONS[] = {POLICY_OPTION, LEDGER_OPTION};

static void tell(void *context, size_t done_bytes, size_t all_bytes)
{
    const char *name = context;
    double share = all_bytes ? 100 * (double)done_bytes / (double)all_bytes : 100;
    fprintf(stderr, "\r\033[K%s: %.0f %%", name, share);
}

static void add_counts(struct ledger_import *total, const struct ledger_import *report)
{
    total->read += report->read;
    total->added += report->added;
    total->completed += report->completed;
    total->kept += report->kept;
    total->bad += report->bad;
}

static bool import_file(struct call *call, struct ledger *ledger, const char *path,
    struct ledger_import *total, struct failure *failure)
{
    struct file_bytes file;
    struct ledger_import report = {0};
    const char *name = slice_is(slice_from(path), "-") ? "standard input" : path;
    char shown[64];
    snprintf(shown, sizeof(shown), "%.60s", name);
    text_make_printable(shown);
    struct ledger_progress progress = {tell, shown};
    bool talks = isatty(STDERR_FILENO);
    if (!file_open(path, IMPORT_BYTES_MOST, &file, failure))
        return false;
    bool ok = ledger_import(
        ledger, call->arena, name, file.bytes, talks ? &progress : NULL, &report, failure);
    file_close(&file);
    if (talks)
        fputs("\r\033[K", stderr);
    for (size_t i = 0; i < report.n_problems; i++)
        log_warning("%.*s", SLICE_ARG(report.problems[i]));
    if (report.bad > report.n_problems)
        log_warning("%s: %zu more lines could not be read", shown, report.bad - report.n_problems);
    add_counts(total, &report);
    return ok;
}

static int run_import(struct call *call)
{
    struct failure failure = {0};
    struct workspace workspace;
    struct ledger *ledger = NULL;
    struct ledger_import total = {0};
    bool ok =
        workspace_open(call, &call->options[IMPORT_POLICY], &workspace, &failure) &&
        workspace_make_ledger(call, &call->options[IMPORT_LEDGER], &workspace, &ledger, &failure);
    if (ok && call->n_words == 0)
        ok = import_file(call, ledger, "-", &total, &failure);
    for (size_t i = 0; ok && i < call->n_words; i++)
        ok = import_file(call, ledger, arena_text(call->arena, call->words[i]), &total, &failure);
    ledger_close(ledger);
    if (ok && total.bad > 0 && total.bad == total.read)
        ok = failure_set(&failure, "nothing could be read");
    if (total.read || ok)
        fprintf(call->out, "%zu read: %zu added, %zu completed, %zu known already, %zu bad%s\n",
            total.read, total.added, total.completed, total.kept, total.bad,
            total.bad ? " (kept aside)" : "");
    if (!ok)
        log_error("%s", failure.text);
    return ok ? EXIT_DONE : EXIT_BROKEN;
}

const struct command_row COMMAND_IMPORT = {
    .name = "import",
    .words = "[FILE …]",
    .words_most = IMPORT_FILES_MOST,
    .summary = "Take recorded outcomes into the ledger.",
    .details =
        "Reads JSONL, one experiment a line (.beads/routing-experiments.jsonl, or what `rung "
        "export` writes), or one JSON array; without a file standard input. What is there already, "
        "by its id, stays as it is, so importing twice changes nothing. Fields that this version "
        "does not know are kept. Lines that cannot be read are named and kept aside.",
    .examples = "  rung import .beads/routing-experiments.jsonl\n"
                "  rung export --ledger sqlite:old.db | rung import\n",
    .options = IMPORT_OPTIONS,
    .n_options = sizeof(IMPORT_OPTIONS) / sizeof(IMPORT_OPTIONS[0]),
    .run = run_import,
};

enum {
    EXPORT_FORMAT,
    EXPORT_SPREADSHEET,
    EXPORT_SINCE,
    EXPORT_UNTIL,
    EXPORT_RUNG,
    EXPORT_STRATEGY,
    EXPORT_PROJECT,
    EXPORT_LABEL,
    EXPORT_TASK,
    EXPORT_DONE,
    EXPORT_PENDING,
    EXPORT_POLICY,
    EXPORT_LEDGER,
};

static const struct option_row EXPORT_OPTIONS[] = {
    {"format", OPTION_TEXT, "FORMAT", "jsonl (the default), everything; csv, the twelve fields"},
    {"spreadsheet", OPTION_FLAG, NULL,
        "csv, with a ' before a text that a spreadsheet would take for a formula"},
    {"since", OPTION_TEXT, "DATE", "only from then on"},
    {"until", OPTION_TEXT, "DATE", "only before then"},
    {"rung", OPTION_TEXT, "RUNG", "only what began on this rung"},
    {"strategy", OPTION_TEXT, "NAME", "only what was routed so"},
    {"project", OPTION_TEXT, "NAME", "only this project"},
    {"label", OPTION_TEXT, "LABEL", "only tasks with this label"},
    {"task", OPTION_TEXT, "ID", "only this task"},
    {"done", OPTION_FLAG, NULL, "not what is pending"},
    {"pending", OPTION_FLAG, NULL, "only what is pending"},
    POLICY_OPTION,
    LEDGER_OPTION,
};

static bool read_filter(
    const struct call *call, struct ledger_filter *filter, struct failure *failure)
{
    const struct option_value *options = call->options;
    *filter = (struct ledger_filter){
        .rung = options[EXPORT_RUNG].text,
        .strategy = options[EXPORT_STRATEGY].text,
        .project = options[EXPORT_PROJECT].text,
        .label = options[EXPORT_LABEL].text,
        .task_id = options[EXPORT_TASK].text,
        .state = options[EXPORT_DONE].given      ? LEDGER_DONE
                 : options[EXPORT_PENDING].given ? LEDGER_PENDING
                                                 : LEDGER_ANY,
    };
    return command_moment("since", &options[EXPORT_SINCE], &filter->since_ms, failure) &&
           command_moment("until", &options[EXPORT_UNTIL], &filter->until_ms, failure);
}

static int run_export(struct call *call)
{
    struct failure failure = {0};
    struct workspace workspace;
    struct ledger *ledger = NULL;
    struct ledger_filter filter;
    const struct option_value *format = &call->options[EXPORT_FORMAT];
    size_t n = 0;
    enum ledger_format as = call->options[EXPORT_SPREADSHEET].given ? LEDGER_SPREADSHEET
                            : slice_is(format->text, "csv")         ? LEDGER_CSV
                                                                    : LEDGER_JSONL;
    if (format->given && as == LEDGER_JSONL && !slice_is(format->text, "jsonl")) {
        log_error("--format is jsonl or csv, not \"%.*s\"", SLICE_ARG(format->text));
        return EXIT_USAGE;
    }
    if (format->given && as == LEDGER_SPREADSHEET && !slice_is(format->text, "csv")) {
        log_error("--spreadsheet is about csv, not about --format %.*s", SLICE_ARG(format->text));
        return EXIT_USAGE;
    }
    if (!read_filter(call, &filter, &failure)) {
        log_error("%s", failure.text);
        return EXIT_USAGE;
    }
    bool ok =
        workspace_open(call, &call->options[EXPORT_POLICY], &workspace, &failure) &&
        workspace_read_ledger(call, &call->options[EXPORT_LEDGER], &workspace, &ledger, &failure);
    if (ok && ledger)
        ok = ledger_export(ledger, &filter, as, call->out, &n, &failure);
    ledger_close(ledger);
    if (!ok)
        log_error("%s", failure.text);
    return ok ? EXIT_DONE : EXIT_BROKEN;
}

const struct command_row COMMAND_EXPORT = {
    .name = "export",
    .words = "",
    .summary = "Write recorded outcomes as JSONL or CSV, oldest first.",
    .details = "JSONL carries every field, those that this version does not know too, and comes "
               "back byte for byte through `rung import`. CSV has the twelve fields of "
               ".beads/routing-experiments.jsonl, unaltered: for a spreadsheet, which runs "
               "formulas, give --spreadsheet.",
    .examples = "  rung export > outcomes.jsonl\n"
                "  rung export --format csv --since 2026-11-01 --done\n",
    .options = EXPORT_OPTIONS,
    .n_options = sizeof(EXPORT_OPTIONS) / sizeof(EXPORT_OPTIONS[0]),
    .run = run_export,
};
