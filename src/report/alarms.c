/* Receives the evidence's watches, hands on which have gone off and where outcomes teach nothing.
 * Refuses to judge what to do about it. */
#include "parts.h"

#include "base/clock.h"
#include "base/table.h"
#include "base/text.h"

#include <inttypes.h>
#include <math.h>

void report_add_evidence(
    struct arena *arena, const struct evidence *evidence, struct report *report)
{
    if (!evidence)
        return;
    report->has_evidence = true;
    report->n_alarms = evidence_alarms(evidence, arena, &report->alarms);
    const struct report_groups *rungs = &report->by[REPORT_BY_MODEL];
    report->degenerate = ARENA_ARRAY(arena, struct slice, rungs->n + 1);
    if (rungs->n == 1 && report->all.n >= EVIDENCE_ENOUGH)
        report->degenerate[report->n_degenerate++] = arena_print(arena,
            "all %" PRId64 " outcomes are of %.*s: nothing can be learned about "
            "any other rung (`explore` in rung.yaml tries one now and then)",
            report->all.n, SLICE_ARG(text_one_line(arena, rungs->items[0].key, 40)));
    for (size_t i = 0; i < rungs->n; i++) {
        const struct report_group *rung = &rungs->items[i];
        bool all = rung->accepted == rung->n, none = rung->accepted == 0;
        if (rung->n >= EVIDENCE_ENOUGH && (all || none))
            report->degenerate[report->n_degenerate++] = arena_print(arena,
                "%s of the %" PRId64 " outcomes of %.*s was accepted: they do not tell one task "
                "from another%s",
                all ? "every one" : "none", rung->n, SLICE_ARG(text_one_line(arena, rung->key, 40)),
                all ? "; is somebody checking?" : "");
    }
}

struct slice report_alarm_text(struct arena *arena, const struct evidence_alarm *alarm)
{
    char when[CLOCK_MS_BYTES];
    struct slice day = slice_sub(slice_from(clock_format_ms(alarm->at_ms, when)), 0, 10);
    struct slice label = alarm->label.len ? arena_print(arena, ", tasks with %.*s,",
                                                SLICE_ARG(text_one_line(arena, alarm->label, 40)))
                                          : (struct slice){"", 0};
    struct slice rung = text_one_line(arena, alarm->rung, 40),
                 model = text_one_line(arena, alarm->model, 60);
    if (alarm->of_cost)
        return arena_print(arena, "%.*s: %.*s%s%.*s%s%.*s costs %s: $%.4f a task, was $%.4f",
            SLICE_ARG(day), SLICE_ARG(rung), model.len ? " (" : "", SLICE_ARG(model),
            model.len ? ")" : "", SLICE_ARG(label), alarm->seen > alarm->expected ? "more" : "less",
            alarm->seen, alarm->expected);
    return arena_print(arena, "%.*s: %.*s%s%.*s%s%.*s is accepted less: %.0f %%, was %.0f %%",
        SLICE_ARG(day), SLICE_ARG(rung), model.len ? " (" : "", SLICE_ARG(model),
        model.len ? ")" : "", SLICE_ARG(label), 100 * alarm->seen, 100 * alarm->expected);
}

void report_print_alarms(FILE *out, struct arena *arena, const struct report *report)
{
    if (!report->has_evidence)
        return;
    fputs("\nalarms\n", out);
    for (size_t i = 0; i < report->n_alarms; i++) {
        fprintf(out, "  %s", table_color_code(out, TABLE_RED));
        table_print_text(out, report_alarm_text(arena, &report->alarms[i]), 2);
        fputs(table_color_code(out, TABLE_PLAIN), out);
    }
    if (report->n_alarms == 0)
        fputs("  none: success and cost are as they were, as far as the watches saw\n", out);
    for (size_t i = 0; i < report->n_degenerate; i++) {
        fputs("  ", out);
        table_print_text(out, report->degenerate[i], 2);
    }
}

void report_print_alarms_markdown(FILE *out, struct arena *arena, const struct report *report)
{
    if (!report->has_evidence)
        return;
    fputs("\n## Alarms\n\n", out);
    for (size_t i = 0; i < report->n_alarms; i++) {
        fputs("- ", out);
        report_print_cell(out, arena, report_alarm_text(arena, &report->alarms[i]));
        fputc('\n', out);
    }
    if (report->n_alarms == 0)
        fputs("- none\n", out);
    for (size_t i = 0; i < report->n_degenerate; i++) {
        fputs("- ", out);
        report_print_cell(out, arena, report->degenerate[i]);
        fputc('\n', out);
    }
}

void report_write_alarms(struct emit *emit, const struct report *report)
{
    struct arena arena = {0};
    if (!report->has_evidence)
        return;
    emit_key(emit, "alarms");
    emit_open(emit, '[');
    for (size_t i = 0; i < report->n_alarms; i++) {
        const struct evidence_alarm *alarm = &report->alarms[i];
        emit_open(emit, '{');
        emit_member_text(emit, "rung", alarm->rung);
        emit_member_text(emit, "model", alarm->model);
        emit_member_text(emit, "label", alarm->label);
        emit_member_cstring(emit, "of", alarm->of_cost ? "cost_usd" : "success");
        emit_member_double(emit, "expected", alarm->expected);
        emit_member_double(emit, "seen", alarm->seen);
        emit_member_int64(emit, "at", alarm->at_ms);
        emit_member_text(emit, "text", report_alarm_text(&arena, alarm));
        emit_close(emit, '}');
    }
    emit_close(emit, ']');
    arena_free(&arena);
    emit_key(emit, "degenerate");
    emit_open(emit, '[');
    for (size_t i = 0; i < report->n_degenerate; i++)
        emit_text(emit, report->degenerate[i]);
    emit_close(emit, ']');
}
