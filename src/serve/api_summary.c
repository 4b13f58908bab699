/* Answers what the report knows, beside what a dashboard shows with it, and the five verdicts. */
#include "api.h"
#include "report/report.h"

#include <math.h>
#include <stdlib.h>

enum {
    RECENT = 10,
    LATEST_MOST = 2000, /* experiments that are added up where a filter is set */
    LATEST_LOOKS = 200000,
    KEPT_US = 1000000,
    KEPT_LONG_US = 10000000, /* of what takes long */
    DAY_MS = 86400000,
};

const struct serve_param API_SUMMARY_PARAMS[SUMMARY_PARAMS] = {
    [SUMMARY_SINCE] = {"since", .type = SERVE_TIME_MS, .help = "only from then on"},
    [SUMMARY_UNTIL] = {"until", .type = SERVE_TIME_MS, .help = "only before then"},
    [SUMMARY_PROJECT] = {"project", .type = SERVE_TEXT, .least = 1, .most = 512,
        .help = "only this project"},
};

static bool is_filtered(const struct serve_request *request)
{
    return request->params[SUMMARY_SINCE].given || request->params[SUMMARY_UNTIL].given ||
           request->params[SUMMARY_PROJECT].given;
}

static bool gather(struct serve_state *state, const struct serve_request *request,
    const struct ledger_filter *filter, struct report_facts *facts, bool *whole,
    struct failure *failure)
{
    static const struct ledger_pages latest = {.most = LATEST_MOST, .looks = LATEST_LOOKS};
    *whole = true;
    if (is_filtered(request))
        return report_gather_latest(request->arena, state->ledger, filter, &latest, &state->policy,
            &state->prices, state->today, facts, whole, failure);
    return report_gather(request->arena, state->ledger, NULL, &state->policy, &state->prices,
        state->today, facts, failure);
}

/* ---- rungs ---- */

/* 0 for the rung of the lowest assumed cost, and so on; those of unknown cost last, as listed. */
static int64_t colour_of(const struct report_facts *facts, size_t rung)
{
    double usd = facts->assumed_usd[rung];
    int64_t before = 0;
    for (size_t i = 0; i < facts->policy->n_rungs; i++) {
        double other = facts->assumed_usd[i];
        bool is_less = isnan(usd) ? !isnan(other) : other < usd;
        bool is_equal =
            isnan(usd) ? (bool)isnan(other) : !(other < usd) && !(other > usd) && !isnan(other);
        before += i != rung && (is_less || (is_equal && i < rung));
    }
    return before;
}

static void write_effort(struct emit *out, struct slice effort)
{
    emit_key(out, "effort");
    if (effort.len)
        emit_text(out, effort);
    else
        emit_null(out);
}

/* `rung` is n_rungs for one that the ladder has not. */
static void write_standing(struct emit *out, const struct report_facts *facts, size_t rung,
    const struct report_group *group)
{
    static const struct report_group nothing = {
        .success = {NAN, NAN, NAN}, .cost_per_task = NAN, .cost_per_accepted = NAN};
    const struct policy *policy = facts->policy;
    bool listed = rung < policy->n_rungs;
    struct slice name = listed ? policy->rungs[rung].name : group->key;
    group = group ? group : &nothing;
    emit_open(out, '{');
    emit_member_text(out, "rung", name);
    if (listed)
        emit_member_text(out, "model", policy->rungs[rung].model);
    else
        emit_member_null(out, "model");
    write_effort(out, listed ? policy->rungs[rung].effort : (struct slice){0});
    if (listed)
        emit_member_int64(out, "colour_index", colour_of(facts, rung));
    else
        emit_member_null(out, "colour_index");
    emit_member_bool(out, "is_middle", listed && (int)rung == policy->middle);
    emit_member_bool(out, "is_top", listed && (int)rung == policy->top);
    emit_member_int64(out, "n", group->n);
    emit_member_int64(out, "accepted", group->accepted);
    stats_write_interval(out, "success", group->success);
    emit_member_usd(out, "cost_usd", group->cost_usd);
    emit_member_cstring(out, "cost_basis", report_basis_name(group->basis));
    emit_member_usd(out, "cost_per_task", group->cost_per_task);
    emit_member_usd(out, "cost_per_accepted", group->cost_per_accepted);
    emit_member_usd(out, "assumed_usd", listed ? facts->assumed_usd[rung] : NAN);
    emit_close(out, '}');
}

static void write_standings(
    struct emit *out, const struct report_facts *facts, const struct report *report)
{
    const struct report_groups *groups = &report->by[REPORT_BY_MODEL];
    emit_key(out, "rungs");
    emit_open(out, '[');
    for (size_t i = 0; i < facts->policy->n_rungs; i++) {
        const struct report_group *group = NULL;
        for (size_t at = 0; at < groups->n && !group; at++)
            if (slice_equal(groups->items[at].key, facts->policy->rungs[i].name))
                group = &groups->items[at];
        write_standing(out, facts, i, group);
    }
    for (size_t at = 0; at < groups->n; at++)
        if (policy_rung_by_name(facts->policy, groups->items[at].key) == POLICY_NONE)
            write_standing(out, facts, facts->policy->n_rungs, &groups->items[at]);
    emit_close(out, ']');
}

/* ---- what stands beside the report ---- */

static void write_limit(struct emit *out, const char *key, double usd)
{
    emit_member_usd(out, key, usd > 0 ? usd : NAN);
}

static bool write_budget(struct emit *out, struct serve_state *state,
    const struct serve_request *request, struct failure *failure)
{
    struct ledger_span today = {
        .since_ms = request->now_ms / DAY_MS * DAY_MS, .hours = 24, .most = 1000};
    struct ledger_slot *slots;
    size_t n;
    double spent_usd = 0, day_usd = state->policy.budget_day_usd;
    if (!ledger_series(state->ledger, request->arena, &today, &slots, &n, failure))
        return false;
    for (size_t i = 0; i < n; i++)
        spent_usd += slots[i].cost_usd;
    emit_key(out, "budget");
    emit_open(out, '{');
    write_limit(out, "task_usd", state->policy.budget_task_usd);
    write_limit(out, "day_usd", day_usd);
    emit_member_usd(out, "spent_today_usd", spent_usd);
    emit_member_usd(out, "left_today_usd", day_usd > 0 ? fmax(day_usd - spent_usd, 0) : NAN);
    emit_close(out, '}');
    return true;
}

static void write_evidence(struct emit *out, const struct serve_state *state)
{
    emit_key(out, "evidence");
    if (!state->evidence) {
        emit_null(out);
        return;
    }
    struct evidence_about about = evidence_tell(state->evidence);
    emit_open(out, '{');
    emit_member_cstring(out, "id", about.id);
    emit_member_int64(out, "made_at", state->evidence_stamp.changed_ns / 1000000);
    emit_member_int64(out, "outcomes", (int64_t)about.attempts);
    emit_close(out, '}');
}

static void write_policy(struct emit *out, const struct policy *policy)
{
    emit_key(out, "policy");
    emit_open(out, '{');
    emit_member_cstring(out, "path", policy->path);
    emit_member_cstring(out, "hash", policy->hash);
    emit_member_bool(out, "trusted", policy->trusted);
    emit_close(out, '}');
}

static void write_looked(struct emit *out, const struct report *report, bool whole)
{
    emit_key(out, "looked");
    if (whole) {
        emit_null(out);
        return;
    }
    emit_open(out, '{');
    emit_member_int64(out, "latest", report->all.n);
    emit_member_cstring(out, "note",
        "so many pass the filter that only the latest were added up; `rung report` with the same "
        "filter adds up all");
    emit_close(out, '}');
}

static bool write_rest(struct emit *out, struct serve_state *state,
    const struct serve_request *request, const struct report_facts *facts,
    const struct report *report, bool whole, struct failure *failure)
{
    emit_open(out, '{');
    if (!report->has_evidence) { /* else the report's own members say them */
        emit_key(out, "alarms");
        emit_raw(out, slice_from("[]"));
        emit_key(out, "degenerate");
        emit_raw(out, slice_from("[]"));
    }
    write_standings(out, facts, report);
    bool ok = write_budget(out, state, request, failure);
    emit_member_int64(out, "pending", facts->counts.pending);
    emit_member_int64(out, "rejected", facts->counts.rejected);
    write_evidence(out, state);
    write_policy(out, &state->policy);
    write_looked(out, report, whole);
    emit_member_cstring(out, "version", RUNG_VERSION);
    emit_close(out, '}');
    return ok;
}

static bool write_summary(struct emit *out, struct serve_state *state,
    const struct serve_request *request, bool *whole, struct failure *failure)
{
    struct ledger_filter filter = {.state = LEDGER_DONE,
        .since_ms = request->params[SUMMARY_SINCE].whole,
        .until_ms = request->params[SUMMARY_UNTIL].whole,
        .project = request->params[SUMMARY_PROJECT].text};
    struct ledger_pages pages = {.order = LEDGER_NEWEST, .most = RECENT, .looks = LATEST_LOOKS};
    struct report_facts facts;
    struct report report;
    struct ledger_page page;
    if (!gather(state, request, &filter, &facts, whole, failure) ||
        !ledger_page(state->ledger, request->arena, &filter, &pages, &page, failure))
        return false;
    report_make(request->arena, &facts, &report);
    report_add_evidence(request->arena, state->evidence, &report);
    report.recent = page.items;
    report.n_recent = page.n;
    struct emit own = {0}, rest = {0};
    report_write_json(&own, &report);
    bool ok = write_rest(&rest, state, request, &facts, &report, *whole, failure);
    api_emit_joined(out, emit_slice(&own), emit_slice(&rest));
    emit_free(&own);
    emit_free(&rest);
    return ok;
}

void api_summary(
    struct serve_state *state, const struct serve_request *request, struct serve_answer *answer)
{
    const struct serve_value *params = request->params;
    struct slice words =
        arena_print(request->arena, "%lld %lld %.*s", (long long)params[SUMMARY_SINCE].whole,
            (long long)params[SUMMARY_UNTIL].whole, SLICE_ARG(params[SUMMARY_PROJECT].text));
    struct slice key;
    struct failure failure;
    bool whole;
    if (api_answer_kept(
            state, request, answer, is_filtered(request) ? KEPT_LONG_US : KEPT_US, words, &key))
        return;
    if (!write_summary(&answer->data, state, request, &whole, &failure)) {
        emit_clear(&answer->data);
        api_fail(request, answer, &failure);
        return;
    }
    api_keep(state, answer, key);
}

void api_validation(
    struct serve_state *state, const struct serve_request *request, struct serve_answer *answer)
{
    struct report_facts facts;
    struct report_validation validation;
    struct failure failure;
    struct slice key;
    if (api_answer_kept(state, request, answer, KEPT_US, (struct slice){0}, &key))
        return;
    if (!report_gather(request->arena, state->ledger, NULL, &state->policy, &state->prices,
            state->today, &facts, &failure)) {
        api_fail(request, answer, &failure);
        return;
    }
    report_validate(request->arena, &facts, false, &validation);
    report_write_validation(&answer->data, &validation);
    api_keep(state, answer, key);
}
