/* Receives a report, writes it as JSON; what is not known is null, never 0. */
#include "parts.h"

#include "base/clock.h"

#include <math.h>

static void write_group(struct emit *emit, const struct report_group *group, enum report_by by)
{
    emit_open(emit, '{');
    emit_member_text(emit, "key", group->key);
    emit_member_int64(emit, "n", group->n);
    emit_member_int64(emit, "accepted", group->accepted);
    stats_write_interval(emit, "success", group->success);
    emit_member_usd(emit, "cost_usd", group->cost_usd);
    emit_member_cstring(emit, "cost_basis", report_basis_name(group->basis));
    emit_member_usd(emit, "cost_per_task", group->cost_per_task);
    emit_member_usd(emit, "cost_per_accepted", group->cost_per_accepted);
    emit_member_double(emit, "seconds", group->seconds);
    emit_member_double(emit, "quality", group->quality);
    if (by == REPORT_BY_STRATEGY)
        emit_member_double(emit, "stated", group->stated);
    emit_close(emit, '}');
}

static void write_groups(struct emit *emit, const struct report *report)
{
    static const char *const keys[REPORT_BY_NONE] = {
        "by_model", "by_strategy", "by_label", "by_pattern", "by_project", "by_day"};
    for (int by = 0; by < REPORT_BY_NONE; by++) {
        emit_key(emit, keys[by]);
        emit_open(emit, '[');
        for (size_t i = 0; i < report->by[by].n; i++)
            write_group(emit, &report->by[by].items[i], (enum report_by)by);
        emit_close(emit, ']');
    }
}

static void write_texts(struct emit *emit, const char *key, const struct slice *texts, size_t n)
{
    emit_key(emit, key);
    emit_open(emit, '[');
    for (size_t i = 0; i < n; i++)
        emit_text(emit, texts[i]);
    emit_close(emit, ']');
}

static void write_savings(struct emit *emit, const struct report *report)
{
    emit_key(emit, "savings");
    emit_open(emit, '[');
    for (size_t i = 0; i < report->n_savings; i++) {
        const struct report_saving *saving = &report->savings[i];
        emit_open(emit, '{');
        emit_member_text(emit, "baseline", saving->baseline);
        emit_member_usd(emit, "baseline_usd", saving->baseline_usd);
        emit_member_usd(emit, "usd", saving->usd);
        emit_member_double(emit, "percent", round(saving->percent * 1e9) / 1e9);
        stats_write_interval(emit, "interval", saving->interval);
        emit_member_cstring(emit, "basis", report_basis_name(saving->basis));
        emit_close(emit, '}');
    }
    emit_close(emit, ']');
}

static void write_projections(struct emit *emit, const struct report *report)
{
    emit_key(emit, "projection");
    emit_open(emit, '[');
    for (size_t i = 0; i < report->n_projections; i++) {
        const struct report_projection *row = &report->projections[i];
        emit_open(emit, '{');
        emit_member_int64(emit, "tasks", row->tasks);
        emit_member_text(emit, "against", row->against);
        emit_member_usd(emit, "actual", row->actual);
        emit_member_usd(emit, "baseline", row->baseline);
        emit_member_usd(emit, "saved", row->saved);
        stats_write_interval(emit, "interval", row->interval);
        emit_member_cstring(emit, "basis", report_basis_name(row->basis));
        emit_close(emit, '}');
    }
    emit_close(emit, ']');
}

void report_write_calibration(struct emit *emit, const struct report_calibration *c)
{
    emit_open(emit, '{');
    emit_member_int64(emit, "n", c->n);
    emit_member_double(emit, "stated", c->stated);
    emit_member_double(emit, "observed", c->observed);
    emit_member_double(emit, "ece", c->error);
    stats_write_interval(emit, "ece_null", c->error_null);
    emit_key(emit, "bins");
    emit_open(emit, '[');
    for (size_t i = 0; i < c->n_bins; i++) {
        const struct report_bin *bin = &c->bins[i];
        emit_open(emit, '{');
        emit_member_double(emit, "from", bin->from);
        emit_member_double(emit, "to", bin->to);
        emit_member_int64(emit, "n", bin->n);
        emit_member_double(emit, "stated", bin->stated);
        stats_write_interval(emit, "observed", bin->observed);
        emit_close(emit, '}');
    }
    emit_close(emit, ']');
    emit_close(emit, '}');
}

static void write_gates(struct emit *emit, const struct report *report)
{
    emit_key(emit, "gates");
    emit_open(emit, '[');
    for (size_t i = 0; i < report->n_gates; i++) {
        const struct report_gate *gate = &report->gates[i];
        emit_open(emit, '{');
        emit_member_text(emit, "name", gate->name);
        emit_member_int64(emit, "n", gate->n);
        emit_member_int64(emit, "asked_again", gate->asked_again);
        emit_member_int64(emit, "flaky", gate->flaky);
        emit_member_int64(emit, "wasted_climbs_avoided", gate->climbs);
        emit_member_int64(emit, "false_acceptances_avoided", gate->acceptances);
        emit_member_int64(emit, "passed_once", gate->passed);
        emit_member_int64(emit, "confirmed", gate->confirmed);
        stats_write_interval(emit, "false_acceptances", gate->false_acceptances);
        emit_close(emit, '}');
    }
    emit_close(emit, ']');
}

void report_write_json(struct emit *emit, const struct report *report)
{
    emit_open(emit, '{');
    emit_member_int64(emit, "schema", REPORT_SCHEMA);
    emit_member_int64(emit, "n", report->all.n);
    emit_key(emit, "period");
    if (report->first_day.len) {
        emit_open(emit, '[');
        emit_text(emit, report->first_day);
        emit_text(emit, report->last_day);
        emit_close(emit, ']');
    } else {
        emit_null(emit);
    }
    emit_key(emit, "all");
    write_group(emit, &report->all, REPORT_BY_STRATEGY);
    write_groups(emit, report);
    write_texts(emit, "warnings", report->warnings, report->n_warnings);
    write_texts(emit, "notes", report->notes, report->n_notes);
    write_savings(emit, report);
    write_projections(emit, report);
    emit_member_double(emit, "mean_confidence", report->calibration.stated);
    emit_key(emit, "calibration");
    report_write_calibration(emit, &report->calibration);
    report_write_phases(emit, report);
    report_write_alarms(emit, report);
    write_gates(emit, report);
    emit_key(emit, "recent");
    emit_open(emit, '[');
    for (size_t i = 0; i < report->n_recent; i++)
        record_write(emit, &report->recent[i]);
    emit_close(emit, ']');
    emit_close(emit, '}');
    emit_bytes(emit, slice_from("\n"));
}
