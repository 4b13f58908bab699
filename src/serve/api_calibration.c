/* Answers whether stated confidence held, what each rung cost and got, which labels and patterns
 * earn their place, what the outcomes suggest, and which tasks began on the wrong rung. */
#include "api.h"
#include "eval/eval.h"
#include "report/report.h"

#include <math.h>

enum {
    LATEST_MOST = 2000, /* outcomes in which suggestions are looked for */
    GROUPS_MOST = 200,
    MISROUTED_MOST = 50,
    KEPT_US = 60000000,
    ENOUGH = 8, /* outcomes before a label is said to tell anything */
};

/* ---- cost and quality ---- */

static void write_point(
    struct emit *out, struct slice name, const char *kind, double cost_usd, double success)
{
    if (isnan(cost_usd) || isnan(success))
        return;
    emit_open(out, '{');
    emit_member_text(out, "name", name);
    emit_member_cstring(out, "kind", kind);
    emit_member_usd(out, "cost_usd", cost_usd);
    emit_member_double(out, "success", success);
    emit_close(out, '}');
}

static void write_curve(struct emit *out, struct arena *arena, const struct report *report)
{
    const struct report_groups *rungs = &report->by[REPORT_BY_MODEL];
    emit_key(out, "curve");
    emit_open(out, '{');
    emit_key(out, "points");
    emit_open(out, '[');
    if (report->all.n)
        write_point(out, slice_from("routing"), "policy", report->all.cost_per_task,
            report->all.success.mean);
    for (size_t i = 0; i < rungs->n; i++)
        write_point(out, arena_print(arena, "always-%.*s", SLICE_ARG(rungs->items[i].key)),
            "control", rungs->items[i].cost_per_task, rungs->items[i].success.mean);
    for (size_t i = 0; i < report->n_savings; i++)
        if (slice_is(report->savings[i].baseline, "random-same-share") && report->all.n)
            write_point(out, report->savings[i].baseline, "control",
                report->savings[i].per_task_usd, report->all.success.mean);
    emit_close(out, ']');
    emit_member_cstring(out, "note",
        "means of the tasks that each rung was given, which are not the same tasks: what moving "
        "would give is for `rung replay` to say");
    emit_close(out, '}');
}

/* ---- labels and patterns ---- */

static struct slice note_of(
    struct arena *arena, const struct report_group *group, double all, bool *agrees)
{
    *agrees = false;
    if (group->n < ENOUGH)
        return arena_print(arena, "fewer than %d outcomes: nothing can be said", ENOUGH);
    *agrees = group->success.high >= all;
    if (!*agrees)
        return arena_print(arena, "accepted less than all tasks (%.0f %% of them)", 100 * all);
    return arena_print(arena,
        group->success.low > all ? "accepted more than all tasks (%.0f %% of them)"
                                 : "accepted about as often as all tasks (%.0f %% of them)",
        100 * all);
}

/* Whether what spoke for a rung was followed by acceptance as often as anything was. */
static void write_groups(struct emit *out, struct arena *arena, const char *key,
    const struct report_groups *groups, double all)
{
    emit_key(out, key);
    emit_open(out, '[');
    for (size_t i = 0; i < groups->n && i < GROUPS_MOST; i++) {
        const struct report_group *group = &groups->items[i];
        bool agrees;
        struct slice note = note_of(arena, group, all, &agrees);
        emit_open(out, '{');
        emit_member_text(out, "key", group->key);
        emit_member_int64(out, "n", group->n);
        emit_member_int64(out, "accepted", group->accepted);
        stats_write_interval(out, "success", group->success);
        if (group->n < ENOUGH)
            emit_member_null(out, "agrees");
        else
            emit_member_bool(out, "agrees", agrees);
        emit_member_text(out, "note", note);
        emit_close(out, '}');
    }
    emit_close(out, ']');
}

/* ---- suggestions and misrouted tasks ---- */

static void write_misrouted(struct emit *out, const struct misrouted *task)
{
    emit_open(out, '{');
    emit_member_text(out, "id", task->experiment);
    emit_member_text(out, "taskId", task->id);
    emit_member_text(out, "title", task->title);
    emit_member_text(out, "rung", task->rung);
    emit_member_text(out, "why", task->why);
    emit_close(out, '}');
}

static bool write_suggestions(struct emit *out, struct serve_state *state, struct arena *arena,
    int64_t n_done, struct failure *failure)
{
    static const struct ledger_filter done = {.state = LEDGER_DONE};
    struct suggestions found = {.arena = arena,
        .policy = &state->policy,
        .prices = &state->prices,
        .today = state->today,
        .most = LATEST_MOST};
    if (!suggest_find(&found, state->ledger, &done, failure))
        return false;
    emit_key(out, "suggestions");
    emit_open(out, '[');
    for (size_t i = 0; i < found.n_hints; i++)
        suggest_write_hint(&found, out, i);
    emit_close(out, ']');
    emit_key(out, "misrouted");
    emit_open(out, '[');
    for (size_t i = 0; i < found.n_misrouted && i < MISROUTED_MOST; i++)
        write_misrouted(out, &found.misrouted[i]);
    emit_close(out, ']');
    emit_key(out, "looked");
    if (n_done <= LATEST_MOST) {
        emit_null(out);
        return true;
    }
    emit_open(out, '{');
    emit_member_int64(out, "latest", LATEST_MOST);
    emit_member_cstring(out, "note",
        "suggestions and misrouted tasks are of the latest outcomes; `rung learn --suggest` looks "
        "at all");
    emit_close(out, '}');
    return true;
}

void api_calibration(
    struct serve_state *state, const struct serve_request *request, struct serve_answer *answer)
{
    struct arena *arena = request->arena;
    struct report_facts facts;
    struct report report;
    struct failure failure;
    struct slice key;
    struct emit own = {0}, rest = {0};
    if (api_answer_kept(state, request, answer, KEPT_US, (struct slice){0}, &key))
        return;
    bool ok = report_gather(
        arena, state->ledger, NULL, &state->policy, &state->prices, state->today, &facts, &failure);
    if (ok) {
        report_make(arena, &facts, &report);
        report_write_calibration(&own, &report.calibration);
        emit_open(&rest, '{');
        write_curve(&rest, arena, &report);
        write_groups(&rest, arena, "labels", &report.by[REPORT_BY_LABEL], report.all.success.mean);
        write_groups(
            &rest, arena, "patterns", &report.by[REPORT_BY_PATTERN], report.all.success.mean);
        ok = write_suggestions(&rest, state, arena, facts.counts.done, &failure);
        emit_close(&rest, '}');
    }
    if (ok) {
        api_emit_joined(&answer->data, emit_slice(&own), emit_slice(&rest));
        api_keep(state, answer, key);
    } else {
        api_fail(request, answer, &failure);
    }
    emit_free(&own);
    emit_free(&rest);
}
