/* Receives a report, prints it as Markdown for a page or a pull request. */
#include "parts.h"

#include "base/clock.h"
#include "base/text.h"

#include <inttypes.h>
#include <math.h>

/* One line, with what Markdown or HTML would take for markup escaped. */
void report_print_cell(FILE *out, struct arena *arena, struct slice text)
{
    struct slice line = text_one_line(arena, text, 0);
    for (size_t i = 0; i < line.len; i++) {
        char c = line.base[i];
        if (c == '|' || c == '\\' || c == '`' || c == '*' || c == '_' || c == '[' || c == ']')
            fputc('\\', out);
        if (c == '<')
            fputs("&lt;", out);
        else if (c == '&')
            fputs("&amp;", out);
        else
            fputc(c, out);
    }
}

static void print_group(
    FILE *out, struct arena *arena, const struct report_group *group, enum report_by by)
{
    fputs("| ", out);
    report_print_cell(out, arena, group->key);
    fprintf(out, " | %" PRId64 " | %.*s [%.*s] |", group->n,
        SLICE_ARG(report_percent(arena, group->success.mean)),
        SLICE_ARG(report_percent_range(arena, group->success)));
    if (by == REPORT_BY_STRATEGY)
        fprintf(out, " %.*s |", SLICE_ARG(report_percent(arena, group->stated)));
    fprintf(out, " %.*s | %.*s | %.*s | %.*s%s | %.*s%s |\n",
        SLICE_ARG(report_money(arena, group->cost_usd, group->basis)),
        SLICE_ARG(report_money(arena, group->cost_per_task, group->basis)),
        SLICE_ARG(report_money(arena, group->cost_per_accepted, group->basis)),
        SLICE_ARG(report_number(arena, group->quality, 1)), isnan(group->quality) ? "" : "/5",
        SLICE_ARG(report_number(arena, group->seconds, 0)), isnan(group->seconds) ? "" : "s");
}

static void print_groups(
    FILE *out, struct arena *arena, const struct report *report, enum report_by by)
{
    static const char *const titles[REPORT_BY_NONE] = {
        "Model", "Strategy", "Label", "Pattern", "Project", "Day"};
    const struct report_groups *groups = &report->by[by];
    if (groups->n == 0)
        return;
    bool stated = by == REPORT_BY_STRATEGY;
    fprintf(out, "\n## Performance by %s\n\n", titles[by]);
    fprintf(out,
        "| %s | Count | Success Rate [95 %%] |%s Cost | Avg Cost | Per Accepted | Avg Quality | "
        "Avg Time |\n|---|---:|---|%s---:|---:|---:|---:|---:|\n",
        titles[by], stated ? " Stated |" : "", stated ? "---:|" : "");
    for (size_t i = 0; i < groups->n; i++)
        print_group(out, arena, &groups->items[i], by);
}

static void print_savings(FILE *out, struct arena *arena, const struct report *report)
{
    if (report->n_savings == 0)
        return;
    fprintf(out, "\n## Cost Savings\n\nTotal spent: %.*s\n\n",
        SLICE_ARG(report_money(arena, report->all.cost_usd, report->all.basis)));
    fputs("| Against | Would cost | Saved | % | 95 % |\n|---|---:|---:|---:|---|\n", out);
    for (size_t i = 0; i < report->n_savings; i++) {
        const struct report_saving *saving = &report->savings[i];
        fputs("| ", out);
        report_print_cell(out, arena, saving->baseline);
        fprintf(out, " | %.*s | %.*s | %.*s | ",
            SLICE_ARG(report_money(arena, saving->baseline_usd, saving->basis)),
            SLICE_ARG(report_money(arena, saving->usd, saving->basis)),
            SLICE_ARG(report_percent(arena, saving->percent / 100)));
        if (!isnan(saving->interval.low))
            fprintf(out, "%.1f … %.1f %% |\n", saving->interval.low, saving->interval.high);
        else
            fprintf(out, "%s |\n", report_why_no_interval(saving));
    }
    fputs("\n| Tasks | Routed | Against | Would cost | Saved |\n|---:|---:|---|---:|---:|\n", out);
    for (size_t i = 0; i < report->n_projections; i++) {
        const struct report_projection *row = &report->projections[i];
        fprintf(out, "| %" PRId64 " | %.*s | %.*s | %.*s | %.*s |\n", row->tasks,
            SLICE_ARG(report_money(arena, row->actual, report->all.basis)), SLICE_ARG(row->against),
            SLICE_ARG(report_money(arena, row->baseline, row->basis)),
            SLICE_ARG(report_money(arena, row->saved, row->basis)));
    }
}

static void print_calibration(FILE *out, struct arena *arena, const struct report *report)
{
    const struct report_calibration *c = &report->calibration;
    if (c->n == 0)
        return;
    fputs("\n## Stated Against Observed Confidence\n\n"
          "| Stated | Tasks | Mean | Accepted | 95 % |\n|---|---:|---:|---:|---|\n",
        out);
    for (size_t i = 0; i < c->n_bins; i++) {
        const struct report_bin *bin = &c->bins[i];
        fprintf(out, "| %.1f … %.1f | %" PRId64 " | %.*s | %.*s | %.*s |\n", bin->from, bin->to,
            bin->n, SLICE_ARG(report_percent(arena, bin->stated)),
            SLICE_ARG(report_percent(arena, bin->observed.mean)),
            SLICE_ARG(report_percent_range(arena, bin->observed)));
    }
    fprintf(out,
        "\nMean stated confidence %.*s; calibration error %.3f, of a perfect forecaster of as many "
        "tasks %.3f … %.3f.\n",
        SLICE_ARG(report_percent(arena, c->stated)), c->error, c->error_null.low,
        c->error_null.high);
}

static void print_recent(FILE *out, struct arena *arena, const struct report *report)
{
    char when[CLOCK_MS_BYTES];
    if (report->n_recent == 0)
        return;
    fputs("\n## Recent\n\n| When | Task | | Model | Strategy | | Cost |\n"
          "|---|---|---|---|---|---|---:|\n",
        out);
    for (size_t i = 0; i < report->n_recent; i++) {
        const struct experiment *e = &report->recent[i];
        const struct slice cells[] = {slice_from(clock_format_ms(e->at_ms, when)), e->task_id,
            e->description, e->model_used, e->strategy};
        for (size_t j = 0; j < sizeof(cells) / sizeof(cells[0]); j++) {
            fputs("| ", out);
            report_print_cell(out, arena, cells[j]);
            fputc(' ', out);
        }
        enum report_basis basis =
            e->cost_source == RECORD_MEASURED ? REPORT_MEASURED : REPORT_ASSUMED;
        fprintf(out, "| %s | %.*s |\n", e->success == RECORD_ACCEPTED ? "✓" : "✗",
            SLICE_ARG(report_money(arena, e->cost_usd, basis)));
    }
}

static void print_remarks(FILE *out, struct arena *arena, const struct report *report)
{
    if (report->n_warnings + report->n_notes)
        fputs("\n## Remarks\n\n", out);
    for (size_t i = 0; i < report->n_warnings; i++) {
        fputs("- **Warning:** ", out);
        report_print_cell(out, arena, report->warnings[i]);
        fputc('\n', out);
    }
    for (size_t i = 0; i < report->n_notes; i++) {
        fputs("- ", out);
        report_print_cell(out, arena, report->notes[i]);
        fputc('\n', out);
    }
    if (report->all.basis == REPORT_ASSUMED)
        fputs("- ~ assumed: it rests on costs that nobody measured\n", out);
}

void report_print_markdown(
    FILE *out, struct arena *arena, const struct report *report, enum report_by by)
{
    fputs("# Routing Experiments Report\n\n", out);
    if (report->first_day.len)
        fprintf(out, "Period: %.*s to %.*s\n\n", SLICE_ARG(report->first_day),
            SLICE_ARG(report->last_day));
    fprintf(out, "Total: %" PRId64 " tasks, %" PRId64 " accepted\n", report->all.n,
        report->all.accepted);
    for (int i = 0; i < REPORT_BY_NONE; i++)
        if (by == REPORT_BY_NONE ? i != REPORT_BY_DAY : i == (int)by)
            print_groups(out, arena, report, (enum report_by)i);
    if (by == REPORT_BY_NONE) {
        print_savings(out, arena, report);
        report_print_phases_markdown(out, arena, report);
        print_calibration(out, arena, report);
        print_recent(out, arena, report);
    }
    report_print_alarms_markdown(out, arena, report);
    print_remarks(out, arena, report);
}
