/* Receives a report, prints it as tables that a person enjoys: small bars, intervals, and a mark
 * on everything that is assumed. */
#include "parts.h"

#include "base/clock.h"
#include "base/table.h"
#include "base/text.h"

#include <inttypes.h>
#include <math.h>

enum { BAR_COLUMNS = 8, KEY_COLUMNS = 32, TITLE_COLUMNS = 44, WIDE_BAR_COLUMNS = 20 };

/* Rungs wear the colours of their place in the ladder: cheap, middle, dear. */
static enum table_color color_of(const struct policy *policy, struct slice rung)
{
    int i = policy_rung_by_name(policy, rung);
    if (i == POLICY_NONE)
        return TABLE_PLAIN;
    return i >= policy->top ? TABLE_YELLOW : i >= policy->middle ? TABLE_PURPLE : TABLE_BLUE;
}

static void heading(FILE *out, const char *text)
{
    fprintf(out, "\n%s%s%s\n", table_color_code(out, TABLE_BOLD), text,
        table_color_code(out, TABLE_PLAIN));
}

static void print_head(FILE *out, struct arena *arena, const struct report *report)
{
    const struct report_group *all = &report->all;
    fprintf(out, "%s%.*s task%s%s", table_color_code(out, TABLE_BOLD),
        SLICE_ARG(report_count(arena, all->n)), all->n == 1 ? "" : "s",
        table_color_code(out, TABLE_PLAIN));
    if (report->first_day.len)
        fprintf(out, ", %.*s", SLICE_ARG(report->first_day));
    if (!slice_equal(report->first_day, report->last_day))
        fprintf(out, " to %.*s", SLICE_ARG(report->last_day));
    if (all->n == 0) {
        fputs(": no outcome is recorded; `rung log` and `rung import` bring them in\n", out);
        return;
    }
    fprintf(out, "\n%.*s accepted: %.*s, 95 %% interval %.*s\n",
        SLICE_ARG(report_count(arena, all->accepted)),
        SLICE_ARG(report_percent(arena, all->success.mean)),
        SLICE_ARG(report_percent_range(arena, all->success)));
    fprintf(out, "%.*s spent, %.*s per accepted task\n",
        SLICE_ARG(report_money(arena, all->cost_usd, all->basis)),
        SLICE_ARG(report_money(arena, all->cost_per_accepted, all->basis)));
}

static struct slice short_number(struct arena *arena, double number)
{
    return report_number(arena, number, number < 100 ? 1 : 0);
}

static void add_group(struct table *table, struct arena *arena, const struct report *report,
    const struct report_group *group, enum report_by by)
{
    char bar[TABLE_BAR_BYTES];
    double share = (double)group->n / (double)report->all.n;
    enum table_color color =
        by == REPORT_BY_MODEL ? color_of(report->policy, group->key) : TABLE_PLAIN;
    size_t at = 0;
    table_add_row(table);
    table_set(table, at++, text_one_line(arena, group->key, KEY_COLUMNS), color);
    table_set(table, at++, report_count(arena, group->n), TABLE_PLAIN);
    if (by != REPORT_BY_STRATEGY)
        table_set(table, at++, slice_from(table_bar(share, BAR_COLUMNS, bar)), color);
    table_set(table, at++, report_count(arena, group->accepted), TABLE_PLAIN);
    table_set(table, at++, report_percent(arena, group->success.mean), TABLE_PLAIN);
    table_set(table, at++, report_percent_range(arena, group->success), TABLE_DIM);
    if (by == REPORT_BY_STRATEGY)
        table_set(table, at++, report_percent(arena, group->stated), TABLE_PLAIN);
    table_set(table, at++, report_money(arena, group->cost_usd, group->basis), TABLE_PLAIN);
    table_set(
        table, at++, report_money(arena, group->cost_per_accepted, group->basis), TABLE_PLAIN);
    table_set(table, at++, short_number(arena, group->seconds), TABLE_PLAIN);
    table_set(table, at++, short_number(arena, group->quality), TABLE_PLAIN);
}

static void print_groups(
    FILE *out, struct arena *arena, const struct report *report, enum report_by by, size_t most)
{
    enum { COLUMNS = 11, SHARE = 2, STATED = 6 }; /* stated confidence takes the place of bars */
    static const struct table_column columns[COLUMNS] = {{"", false, TABLE_SHRINKS},
        {"tasks", true, TABLE_KEEPS}, {"share", false, TABLE_SPARE},
        {"accepted", true, TABLE_SPARE}, {"rate", true, TABLE_KEEPS}, {"95 %", false, TABLE_KEEPS},
        {"stated", true, TABLE_KEEPS}, {"spent", true, TABLE_SPARE_LAST},
        {"an accepted", true, TABLE_SPARE_LAST}, {"seconds", true, TABLE_SPARE},
        {"of 5", true, TABLE_SPARE}};
    struct table_column shown[COLUMNS];
    const struct report_groups *groups = &report->by[by];
    size_t n = 0;
    for (size_t i = 0; i < COLUMNS; i++)
        if (i != (by == REPORT_BY_STRATEGY ? SHARE : STATED))
            shown[n++] = columns[i];
    shown[0].title = report_by_name(by);
    fputc('\n', out);
    struct table *table = table_make(out, shown, n);
    for (size_t i = 0; i < groups->n && i < most; i++)
        add_group(table, arena, report, &groups->items[i], by);
    table_print(table);
    table_free(table);
    if (groups->n > most)
        fprintf(out, "and %zu more: --by %s shows all\n", groups->n - most, report_by_name(by));
}

static struct slice interval_or_why(struct arena *arena, const struct report_saving *saving)
{
    if (!isnan(saving->interval.low))
        return arena_print(arena, "%.1f … %.1f %%", saving->interval.low, saving->interval.high);
    return slice_from(report_why_no_interval(saving));
}

static void print_savings(FILE *out, struct arena *arena, const struct report *report)
{
    static const struct table_column columns[] = {{"against", false, TABLE_KEEPS},
        {"would cost", true, TABLE_SPARE_LAST}, {"spent", true, TABLE_SPARE},
        {"saved", true, TABLE_KEEPS}, {"", true, TABLE_KEEPS}, {"", false, TABLE_SPARE},
        {"95 %", false, TABLE_KEEPS}};
    char bar[TABLE_BAR_BYTES];
    heading(out, "Saved");
    struct table *table = table_make(out, columns, 7);
    for (size_t i = 0; i < report->n_savings; i++) {
        const struct report_saving *saving = &report->savings[i];
        table_add_row(table);
        table_set(table, 0, saving->baseline, TABLE_PLAIN);
        table_set(table, 1, report_money(arena, saving->baseline_usd, saving->basis), TABLE_PLAIN);
        table_set(
            table, 2, report_money(arena, report->all.cost_usd, report->all.basis), TABLE_PLAIN);
        enum table_color color = saving->usd > 0   ? TABLE_GREEN
                                 : saving->usd < 0 ? TABLE_RED
                                                   : TABLE_PLAIN;
        table_set(table, 3, report_money(arena, saving->usd, saving->basis), color);
        table_set(table, 4, report_percent(arena, saving->percent / 100), color);
        table_set(table, 5, slice_from(table_bar(saving->percent / 100, BAR_COLUMNS, bar)), color);
        table_set(table, 6, interval_or_why(arena, saving), TABLE_DIM);
    }
    table_print(table);
    table_free(table);
}

static struct slice saved_range(struct arena *arena, const struct report_projection *row)
{
    if (isnan(row->interval.low))
        return row->basis == REPORT_MEASURED ? slice_from("no interval: too few tasks")
                                             : slice_from("no interval: assumed");
    return arena_print(arena, "%.*s … %.*s",
        SLICE_ARG(report_money(arena, row->interval.low, row->basis)),
        SLICE_ARG(report_money(arena, row->interval.high, row->basis)));
}

static void print_projections(FILE *out, struct arena *arena, const struct report *report)
{
    static const struct table_column columns[] = {{"tasks", true, TABLE_KEEPS},
        {"routed", true, TABLE_SPARE}, {"against", false, TABLE_SPARE},
        {"would cost", true, TABLE_KEEPS}, {"saved", true, TABLE_KEEPS},
        {"95 %", false, TABLE_KEEPS}};
    if (report->n_projections == 0)
        return;
    heading(out, "At this rate");
    struct table *table = table_make(out, columns, 6);
    for (size_t i = 0; i < report->n_projections; i++) {
        const struct report_projection *row = &report->projections[i];
        table_add_row(table);
        table_set(table, 0, report_count(arena, row->tasks), TABLE_PLAIN);
        table_set(table, 1, report_money(arena, row->actual, report->all.basis), TABLE_PLAIN);
        table_set(table, 2, row->against, TABLE_PLAIN);
        table_set(table, 3, report_money(arena, row->baseline, row->basis), TABLE_PLAIN);
        table_set(table, 4, report_money(arena, row->saved, row->basis), TABLE_PLAIN);
        table_set(table, 5, saved_range(arena, row), TABLE_DIM);
    }
    table_print(table);
    table_free(table);
}

static void print_calibration(FILE *out, struct arena *arena, const struct report *report)
{
    static const struct table_column columns[] = {{"stated", false, TABLE_KEEPS},
        {"tasks", true, TABLE_KEEPS}, {"mean", true, TABLE_KEEPS}, {"accepted", true, TABLE_KEEPS},
        {"", false, TABLE_SPARE}, {"95 %", false, TABLE_KEEPS}};
    const struct report_calibration *c = &report->calibration;
    char bar[TABLE_BAR_BYTES];
    if (c->n == 0)
        return;
    heading(out, "Stated against observed confidence");
    struct table *table = table_make(out, columns, 6);
    for (size_t i = 0; i < c->n_bins; i++) {
        const struct report_bin *bin = &c->bins[i];
        bool within = bin->stated >= bin->observed.low && bin->stated <= bin->observed.high;
        table_add_row(table);
        table_set(table, 0, arena_print(arena, "%.1f … %.1f", bin->from, bin->to), TABLE_PLAIN);
        table_set(table, 1, report_count(arena, bin->n), TABLE_PLAIN);
        table_set(table, 2, report_percent(arena, bin->stated), TABLE_PLAIN);
        table_set(table, 3, report_percent(arena, bin->observed.mean), TABLE_PLAIN);
        table_set(table, 4, slice_from(table_bar(bin->observed.mean, WIDE_BAR_COLUMNS, bar)),
            within ? TABLE_GREEN : TABLE_RED);
        table_set(table, 5, report_percent_range(arena, bin->observed), TABLE_DIM);
    }
    table_print(table);
    table_free(table);
    fprintf(out, "mean stated %.*s, accepted %.*s of %.*s forecasts\n",
        SLICE_ARG(report_percent(arena, c->stated)), SLICE_ARG(report_percent(arena, c->observed)),
        SLICE_ARG(report_count(arena, c->n)));
    table_print_text(out,
        arena_print(arena, "calibration error %.3f; a perfect forecaster of as many: %.3f … %.3f%s",
            c->error, c->error_null.low, c->error_null.high,
            c->error > c->error_null.high ? "; not calibrated" : ""),
        0);
}

static void print_recent(FILE *out, struct arena *arena, const struct report *report)
{
    static const struct table_column columns[] = {{"when", false, TABLE_SPARE},
        {"task", false, TABLE_SHRINKS}, {"", false, TABLE_SHRINKS}, {"rung", false, TABLE_KEEPS},
        {"strategy", false, TABLE_SPARE}, {"", false, TABLE_KEEPS}, {"cost", true, TABLE_KEEPS}};
    char when[CLOCK_MS_BYTES];
    if (report->n_recent == 0)
        return;
    heading(out, "Recent");
    struct table *table = table_make(out, columns, 7);
    for (size_t i = 0; i < report->n_recent; i++) {
        const struct experiment *e = &report->recent[i];
        bool accepted = e->success == RECORD_ACCEPTED;
        table_add_row(table);
        table_set(
            table, 0, slice_sub(slice_from(clock_format_ms(e->at_ms, when)), 0, 10), TABLE_DIM);
        table_set(table, 1, text_one_line(arena, e->task_id, KEY_COLUMNS), TABLE_DIM);
        table_set(table, 2, text_one_line(arena, e->description, TITLE_COLUMNS), TABLE_PLAIN);
        table_set(table, 3, text_one_line(arena, e->model_used, 16),
            color_of(report->policy, e->model_used));
        table_set(table, 4, text_one_line(arena, e->strategy, 20), TABLE_PLAIN);
        table_set(table, 5, slice_from(accepted ? "✓" : "✗"), accepted ? TABLE_GREEN : TABLE_RED);
        table_set(table, 6,
            report_money(arena, e->cost_usd,
                e->cost_source == RECORD_MEASURED ? REPORT_MEASURED : REPORT_ASSUMED),
            TABLE_PLAIN);
    }
    table_print(table);
    table_free(table);
}

static void print_remarks(FILE *out, const struct report *report)
{
    if (report->n_warnings + report->n_notes)
        fputc('\n', out);
    for (size_t i = 0; i < report->n_warnings; i++) {
        fprintf(out, "%swarning:%s ", table_color_code(out, TABLE_YELLOW),
            table_color_code(out, TABLE_PLAIN));
        table_print_text(out, report->warnings[i], 9);
    }
    for (size_t i = 0; i < report->n_notes; i++) {
        fputs("note: ", out);
        table_print_text(out, report->notes[i], 6);
    }
    if (report->all.basis == REPORT_ASSUMED)
        fputs("~ assumed: it rests on costs that nobody measured\n", out);
}

void report_print_text(
    FILE *out, struct arena *arena, const struct report *report, enum report_by by)
{
    print_head(out, arena, report);
    if (report->all.n == 0) {
        print_remarks(out, report);
        return;
    }
    if (by != REPORT_BY_NONE) {
        print_groups(out, arena, report, by, SIZE_MAX);
        print_remarks(out, report);
        return;
    }
    for (int i = 0; i < REPORT_BY_NONE; i++) {
        bool says_more = report->by[i].n > 1 || i == REPORT_BY_MODEL || i == REPORT_BY_STRATEGY;
        if (says_more && report->by[i].n && i != REPORT_BY_DAY)
            print_groups(out, arena, report, (enum report_by)i, REPORT_GROUPS_SHOWN);
    }
    print_savings(out, arena, report);
    print_projections(out, arena, report);
    report_print_phases(out, arena, report);
    print_calibration(out, arena, report);
    print_recent(out, arena, report);
    report_print_alarms(out, arena, report);
    print_remarks(out, report);
}
