/* Receives what plans, judges and audits did, prints it for a person, a page or a program. Refuses
 * to add anything up. */
#include "parts.h"

#include "base/table.h"
#include "base/text.h"

#include <inttypes.h>
#include <math.h>

enum { CELLS_MOST = 9, LABEL_COLUMNS = 28 };

/* One of the three tables: its columns, how many rows, and the cells of one. */
struct sheet {
    const char *title;
    const struct table_column *columns;
    size_t n_columns;
    size_t (*count)(const struct report_phases *phases);
    void (*cells)(struct arena *arena, const struct report_phases *phases, size_t row,
        struct slice cells[CELLS_MOST]);
};

static struct slice named(struct arena *arena, struct slice name, const char *otherwise)
{
    return name.len ? text_one_line(arena, name, LABEL_COLUMNS) : slice_from(otherwise);
}

/* ---- plans ---- */

static const struct table_column PLAN_COLUMNS[] = {{"tasks", false, TABLE_SHRINKS},
    {"begun on", false, TABLE_SPARE}, {"with a plan", true, TABLE_KEEPS},
    {"held at once", true, TABLE_KEEPS}, {"without", true, TABLE_KEEPS},
    {"held at once", true, TABLE_KEEPS}, {"difference", false, TABLE_KEEPS},
    {"$ per accepted", false, TABLE_SPARE}, {"a plan", false, TABLE_KEEPS}};

static size_t count_plans(const struct report_phases *phases)
{
    return phases->n_plans;
}

static struct slice points(struct arena *arena, struct interval difference)
{
    if (isnan(difference.mean))
        return slice_from("–");
    return arena_print(arena, "%+.1f [%+.1f … %+.1f] pp", 100 * difference.mean,
        100 * difference.low, 100 * difference.high);
}

static const char *plan_verdict(const struct report_planning *row)
{
    return row->verdict == STATS_SUPPORTED ? "raises acceptance"
           : row->verdict == STATS_REFUTED ? "lowers acceptance"
                                           : "INSUFFICIENT";
}

static void plan_cells(struct arena *arena, const struct report_phases *phases, size_t i,
    struct slice cells[CELLS_MOST])
{
    const struct report_planning *row = &phases->plans[i];
    cells[0] = named(arena, row->label, "all");
    cells[1] = named(arena, row->rung, "–");
    cells[2] = report_count(arena, row->planned.n);
    cells[3] = report_percent(arena, row->planned.success.mean);
    cells[4] = report_count(arena, row->alone.n);
    cells[5] = report_percent(arena, row->alone.success.mean);
    cells[6] = points(arena, row->difference);
    cells[7] = arena_print(arena, "%.*s against %.*s",
        SLICE_ARG(report_money(arena, row->planned.cost_per_accepted, row->planned.basis)),
        SLICE_ARG(report_money(arena, row->alone.cost_per_accepted, row->alone.basis)));
    struct slice basis = row->is_randomised ? arena_print(arena, "by dice on %.*s",
                                                  SLICE_ARG(report_count(arena, row->thrown)))
                                            : slice_from("not randomised");
    cells[8] = arena_print(arena, "%s, %.*s", plan_verdict(row), SLICE_ARG(basis));
}

/* ---- judges ---- */

static const struct table_column CHECKER_COLUMNS[] = {{"tasks", false, TABLE_SHRINKS},
    {"judge", false, TABLE_KEEPS}, {"on", false, TABLE_SPARE}, {"verdicts", true, TABLE_KEEPS},
    {"rejected", true, TABLE_KEEPS}, {"right/false/unknown", true, TABLE_KEEPS},
    {"missed", true, TABLE_KEEPS}, {"agrees with the truth", false, TABLE_KEEPS},
    {"$, per catch", false, TABLE_SPARE}};

static size_t count_checkers(const struct report_phases *phases)
{
    return phases->n_checkers;
}

static void checker_cells(struct arena *arena, const struct report_phases *phases, size_t i,
    struct slice cells[CELLS_MOST])
{
    const struct report_checker *row = &phases->checkers[i];
    int64_t known = row->confirmed + row->missed + row->caught + row->false_alarms;
    cells[0] = named(arena, row->label, "all");
    cells[1] = named(arena, row->name, "–");
    cells[2] = named(arena, row->rung, "–");
    cells[3] = report_count(arena, row->n);
    cells[4] = report_count(arena, row->failed);
    cells[5] = arena_print(arena, "%" PRId64 "/%" PRId64 "/%" PRId64, row->caught,
        row->false_alarms, row->failed - row->caught - row->false_alarms);
    cells[6] = report_count(arena, row->missed);
    cells[7] = known == 0 ? slice_from("not known")
                          : arena_print(arena, "%.*s of %" PRId64 " [%.*s]",
                                SLICE_ARG(report_percent(arena, row->agreement.mean)), known,
                                SLICE_ARG(report_percent_range(arena, row->agreement)));
    cells[8] = arena_print(arena, "%.*s, %.*s",
        SLICE_ARG(report_money(arena, row->cost_usd, REPORT_MEASURED)),
        SLICE_ARG(report_money(arena, row->cost_per_catch, REPORT_MEASURED)));
}

/* ---- audits ---- */

static const struct table_column AUDIT_COLUMNS[] = {{"tasks", false, TABLE_SHRINKS},
    {"done by", false, TABLE_SPARE}, {"audited", true, TABLE_KEEPS}, {"refuted", true, TABLE_KEEPS},
    {"could not tell", true, TABLE_SPARE}, {"falsely accepted", true, TABLE_KEEPS},
    {"95 %", false, TABLE_KEEPS}};

static size_t count_audits(const struct report_phases *phases)
{
    return phases->n_audits;
}

static void audit_cells(struct arena *arena, const struct report_phases *phases, size_t i,
    struct slice cells[CELLS_MOST])
{
    const struct report_audit *row = &phases->audits[i];
    cells[0] = named(arena, row->label, "all");
    cells[1] = named(arena, row->rung, "any");
    cells[2] = report_count(arena, row->n);
    cells[3] = report_count(arena, row->refuted);
    cells[4] = report_count(arena, row->unsure);
    cells[5] = report_percent(arena, row->false_accepts.mean);
    cells[6] = report_percent_range(arena, row->false_accepts);
}

#define N_OF(columns) (sizeof(columns) / sizeof((columns)[0]))
static const struct sheet SHEETS[] = {
    {"Does planning first raise acceptance?", PLAN_COLUMNS, N_OF(PLAN_COLUMNS), count_plans,
        plan_cells},
    {"What judges and reviews caught", CHECKER_COLUMNS, N_OF(CHECKER_COLUMNS), count_checkers,
        checker_cells},
    {"How often an audit refuted what was accepted", AUDIT_COLUMNS, N_OF(AUDIT_COLUMNS),
        count_audits, audit_cells},
};

static bool is_empty(const struct report_phases *phases)
{
    return phases->n_plans + phases->n_checkers + phases->n_audits == 0;
}

/* ---- what to make of it ---- */

enum { SENTENCES_MOST = 4 };

static size_t sentences(const struct report_phases *phases, const char *texts[SENTENCES_MOST])
{
    size_t n = 0;
    bool by_people = false, unsettled = false, unknown = false;
    for (size_t i = 0; i < phases->n_plans; i++) {
        by_people = by_people || !phases->plans[i].is_randomised;
        unsettled = unsettled || phases->plans[i].verdict == STATS_INSUFFICIENT;
    }
    for (size_t i = 0; i < phases->n_checkers; i++)
        unknown = unknown || isnan(phases->checkers[i].agreement.mean);
    if (by_people)
        texts[n++] = "not randomised: people, not dice, chose which of these tasks to plan, so the "
                     "difference may be one of tasks; `plan: {mode: auto}` with `explore` throws "
                     "dice";
    if (unsettled)
        texts[n++] = "INSUFFICIENT: the interval of the difference holds 0, so these outcomes do "
                     "not say whether a plan helps";
    if (unknown)
        texts[n++] = "whether a judge was right is known where an audit looked at the same change "
                     "or the user said (`rung log --amend`)";
    return n;
}

void report_print_phases(FILE *out, struct arena *arena, const struct report *report)
{
    const char *texts[SENTENCES_MOST];
    struct slice cells[CELLS_MOST];
    if (is_empty(&report->phases))
        return;
    fprintf(out, "\n%sPlanning and review%s\n", table_color_code(out, TABLE_BOLD),
        table_color_code(out, TABLE_PLAIN));
    for (size_t s = 0; s < N_OF(SHEETS); s++) {
        const struct sheet *sheet = &SHEETS[s];
        size_t n = sheet->count(&report->phases);
        if (n == 0)
            continue;
        fprintf(out, "%s\n", sheet->title);
        struct table *table = table_make(out, sheet->columns, sheet->n_columns);
        for (size_t i = 0; i < n && i < REPORT_GROUPS_SHOWN; i++) {
            sheet->cells(arena, &report->phases, i, cells);
            table_add_row(table);
            for (size_t c = 0; c < sheet->n_columns; c++)
                table_set(table, c, cells[c], TABLE_PLAIN);
        }
        table_print(table);
        table_free(table);
        if (n > REPORT_GROUPS_SHOWN)
            fprintf(out, "and %zu more rows (--format json has them)\n", n - REPORT_GROUPS_SHOWN);
    }
    for (size_t i = 0, n = sentences(&report->phases, texts); i < n; i++)
        table_print_text(out, slice_from(texts[i]), 0);
}

void report_print_phases_markdown(FILE *out, struct arena *arena, const struct report *report)
{
    const char *texts[SENTENCES_MOST];
    struct slice cells[CELLS_MOST];
    if (is_empty(&report->phases))
        return;
    fputs("\n## Planning and Review\n", out);
    for (size_t s = 0; s < N_OF(SHEETS); s++) {
        const struct sheet *sheet = &SHEETS[s];
        size_t n = sheet->count(&report->phases);
        if (n == 0)
            continue;
        fprintf(out, "\n### %s\n\n", sheet->title);
        for (size_t c = 0; c < sheet->n_columns; c++)
            fprintf(out, "| %s ", sheet->columns[c].title);
        fputs("|\n", out);
        for (size_t c = 0; c < sheet->n_columns; c++)
            fputs(sheet->columns[c].right ? "|---:" : "|---", out);
        fputs("|\n", out);
        for (size_t i = 0; i < n; i++) {
            sheet->cells(arena, &report->phases, i, cells);
            for (size_t c = 0; c < sheet->n_columns; c++) {
                fputs("| ", out);
                report_print_cell(out, arena, cells[c]);
                fputc(' ', out);
            }
            fputs("|\n", out);
        }
    }
    for (size_t i = 0, n = sentences(&report->phases, texts); i < n; i++)
        fprintf(out, "%s- %s\n", i ? "" : "\n", texts[i]);
}

/* ---- JSON ---- */

/* Empty: all of them, null. */
static void write_name(struct emit *emit, const char *key, struct slice name)
{
    emit_key(emit, key);
    if (name.len)
        emit_text(emit, name);
    else
        emit_null(emit);
}

static void write_arm(struct emit *emit, const char *key, const struct report_arm *arm)
{
    emit_key(emit, key);
    emit_open(emit, '{');
    emit_member_int64(emit, "n", arm->n);
    emit_member_int64(emit, "held", arm->held);
    stats_write_interval(emit, "success", arm->success);
    emit_member_usd(emit, "cost_usd", arm->cost_usd);
    emit_member_usd(emit, "cost_per_accepted", arm->cost_per_accepted);
    emit_member_cstring(emit, "cost_basis", report_basis_name(arm->basis));
    emit_close(emit, '}');
}

static void write_plan(struct emit *emit, const struct report_planning *row)
{
    emit_open(emit, '{');
    write_name(emit, "label", row->label);
    write_name(emit, "rung", row->rung);
    write_arm(emit, "planned", &row->planned);
    write_arm(emit, "alone", &row->alone);
    stats_write_interval(emit, "difference", row->difference);
    emit_member_bool(emit, "randomised", row->is_randomised);
    emit_member_int64(emit, "thrown", row->thrown);
    emit_member_cstring(emit, "verdict", report_verdict_name(row->verdict));
    emit_close(emit, '}');
}

static void write_checker(struct emit *emit, const struct report_checker *row)
{
    emit_open(emit, '{');
    write_name(emit, "label", row->label);
    emit_member_text(emit, "name", row->name);
    write_name(emit, "rung", row->rung);
    emit_member_int64(emit, "n", row->n);
    emit_member_int64(emit, "passed", row->passed);
    emit_member_int64(emit, "rejected", row->failed);
    emit_member_int64(emit, "unsure", row->unsure);
    emit_member_int64(emit, "caught", row->caught);
    emit_member_int64(emit, "false_alarms", row->false_alarms);
    emit_member_int64(emit, "confirmed", row->confirmed);
    emit_member_int64(emit, "missed", row->missed);
    stats_write_interval(emit, "agreement", row->agreement);
    emit_member_usd(emit, "cost_usd", row->cost_usd);
    emit_member_usd(emit, "cost_per_catch", row->cost_per_catch);
    emit_member_usd(emit, "cost_per_rejection", row->cost_per_rejection);
    emit_close(emit, '}');
}

static void write_audit(struct emit *emit, const struct report_audit *row)
{
    emit_open(emit, '{');
    write_name(emit, "label", row->label);
    write_name(emit, "rung", row->rung);
    emit_member_int64(emit, "n", row->n);
    emit_member_int64(emit, "refuted", row->refuted);
    emit_member_int64(emit, "unsure", row->unsure);
    stats_write_interval(emit, "false_accepts", row->false_accepts);
    emit_close(emit, '}');
}

void report_write_phases(struct emit *emit, const struct report *report)
{
    const struct report_phases *phases = &report->phases;
    if (is_empty(phases))
        return;
    emit_key(emit, "planning_and_review");
    emit_open(emit, '{');
    emit_key(emit, "plans");
    emit_open(emit, '[');
    for (size_t i = 0; i < phases->n_plans; i++)
        write_plan(emit, &phases->plans[i]);
    emit_close(emit, ']');
    emit_key(emit, "judges");
    emit_open(emit, '[');
    for (size_t i = 0; i < phases->n_checkers; i++)
        write_checker(emit, &phases->checkers[i]);
    emit_close(emit, ']');
    emit_key(emit, "audits");
    emit_open(emit, '[');
    for (size_t i = 0; i < phases->n_audits; i++)
        write_audit(emit, &phases->audits[i]);
    emit_close(emit, ']');
    emit_close(emit, '}');
}
