/* Answers how much was done, accepted and spent by day or hour, as columns for a chart. */
#include "api.h"

#include <stdlib.h>

enum {
    SLOTS_MOST = 20000,
    HOURS_SHOWN = 48,
    HOURS_MOST = 31 * 24,
    HOUR_MS = 3600000,
    DAY_HOURS = 24
};

const struct serve_param API_SERIES_PARAMS[SERIES_PARAMS] = {
    [SERIES_BY] = {"by", .type = SERVE_CHOICE, .choices = "day|hour",
        .help = "what a column stands for, in UTC (day)"},
    [SERIES_SINCE] = {"since", .type = SERVE_TIME_MS,
        .help = "from the hour of then on; by hour at most 31 days, and 48 hours where nothing "
                "is said"},
    [SERIES_UNTIL] = {"until", .type = SERVE_TIME_MS, .help = "before then"},
};

static struct ledger_span span_of(const struct serve_request *request)
{
    const struct serve_value *params = request->params;
    bool by_hour = params[SERIES_BY].whole == 1;
    struct ledger_span span = {.since_ms = params[SERIES_SINCE].whole,
        .until_ms = params[SERIES_UNTIL].whole,
        .hours = by_hour ? 1 : DAY_HOURS,
        .most = SLOTS_MOST};
    if (!by_hour)
        return span;
    int64_t end_ms = span.until_ms ? span.until_ms : request->now_ms;
    int64_t hours = params[SERIES_SINCE].given ? HOURS_MOST : HOURS_SHOWN;
    int64_t earliest_ms = end_ms - hours * HOUR_MS;
    if (span.since_ms < earliest_ms)
        span.since_ms = earliest_ms > 0 ? earliest_ms : 0;
    return span;
}

/* One series: of a rung, or of all where `rung` is NULL. `what` picks the figure. */
enum figure { FIGURE_N, FIGURE_ACCEPTED, FIGURE_COST };

static void write_figure(struct emit *out, const char *key, const struct ledger_slot *slots,
    size_t n, const struct slice *rung, enum figure what)
{
    emit_key(out, key);
    emit_open(out, '[');
    for (size_t i = 0; i < n;) {
        int64_t at_ms = slots[i].at_ms, count = 0, cost_n = 0;
        double cost_usd = 0;
        for (; i < n && slots[i].at_ms == at_ms; i++) {
            if (rung && !slice_equal(slots[i].rung, *rung))
                continue;
            count += what == FIGURE_ACCEPTED ? slots[i].accepted : slots[i].n;
            cost_n += slots[i].cost_n;
            cost_usd += slots[i].cost_usd;
        }
        if (what != FIGURE_COST)
            emit_int64(out, count);
        else if (cost_n || count == 0)
            emit_usd(out, cost_n ? cost_usd : 0);
        else
            emit_null(out);
    }
    emit_close(out, ']');
}

static void write_figures(
    struct emit *out, const struct ledger_slot *slots, size_t n, const struct slice *rung)
{
    write_figure(out, "n", slots, n, rung, FIGURE_N);
    write_figure(out, "accepted", slots, n, rung, FIGURE_ACCEPTED);
    write_figure(out, "cost_usd", slots, n, rung, FIGURE_COST);
}

static bool is_known(const struct slice *rungs, size_t n, struct slice rung)
{
    for (size_t i = 0; i < n; i++)
        if (slice_equal(rungs[i], rung))
            return true;
    return false;
}

/* Those of the ladder first, in its order, then the others. */
static size_t list_rungs(struct arena *arena, const struct policy *policy,
    const struct ledger_slot *slots, size_t n, struct slice **listed)
{
    size_t n_listed = 0, room = 0;
    struct slice *there = NULL, *rungs = NULL;
    size_t n_there = 0, room_there = 0;
    for (size_t i = 0; i < n; i++)
        if (!is_known(there, n_there, slots[i].rung)) {
            there = arena_grow(arena, there, n_there, &room_there, sizeof(*there));
            there[n_there++] = slots[i].rung;
        }
    for (size_t i = 0; i < policy->n_rungs + n_there; i++) {
        struct slice rung =
            i < policy->n_rungs ? policy->rungs[i].name : there[i - policy->n_rungs];
        if (is_known(rungs, n_listed, rung) || !is_known(there, n_there, rung))
            continue;
        rungs = arena_grow(arena, rungs, n_listed, &room, sizeof(*rungs));
        rungs[n_listed++] = rung;
    }
    *listed = rungs;
    return n_listed;
}

void api_series(
    struct serve_state *state, const struct serve_request *request, struct serve_answer *answer)
{
    struct ledger_span span = span_of(request);
    struct ledger_slot *slots;
    struct slice *rungs;
    struct failure failure;
    struct emit *out = &answer->data;
    size_t n;
    if (!ledger_series(state->ledger, request->arena, &span, &slots, &n, &failure)) {
        api_fail(request, answer, &failure);
        return;
    }
    emit_open(out, '{');
    emit_member_cstring(out, "by", span.hours == 1 ? "hour" : "day");
    emit_key(out, "at");
    emit_open(out, '[');
    for (size_t i = 0; i < n; i++)
        if (i == 0 || slots[i].at_ms != slots[i - 1].at_ms)
            emit_int64(out, slots[i].at_ms);
    emit_close(out, ']');
    size_t n_rungs = list_rungs(request->arena, &state->policy, slots, n, &rungs);
    emit_key(out, "rungs");
    emit_open(out, '[');
    for (size_t i = 0; i < n_rungs; i++) {
        emit_open(out, '{');
        emit_member_text(out, "rung", rungs[i]);
        write_figures(out, slots, n, &rungs[i]);
        emit_close(out, '}');
    }
    emit_close(out, ']');
    write_figures(out, slots, n, NULL);
    emit_close(out, '}');
}
