/* Answers which of the recorded tasks another policy would start elsewhere, and what that would
 * have got. */
#include "api.h"
#include "eval/eval.h"

#include <stdlib.h>

enum {
    DECISIONS = 2000,
    DECISIONS_MOST = 10000,
    ROWS_MOST = 200,
    POLICY_TEXT_MOST = 200000,
};

#define LAST_MS 253402300799999.0 /* the end of the year 9999 */

enum { REPLAY_POLICY, REPLAY_SINCE, REPLAY_LIMIT, REPLAY_MEMBERS };
static const struct api_member MEMBERS[REPLAY_MEMBERS] = {
    [REPLAY_POLICY] = {"policy", API_TEXT, 0, POLICY_TEXT_MOST, 0, true},
    [REPLAY_SINCE] = {"since", API_WHOLE, 0, LAST_MS, 0, false},
    [REPLAY_LIMIT] = {"limit", API_WHOLE, 1, DECISIONS_MOST, 0, false},
};

static void write_rows(struct emit *out, const struct replayed *replayed)
{
    size_t n = 0;
    emit_key(out, "rows");
    emit_open(out, '[');
    for (size_t i = replayed->n; i-- > 0 && n < ROWS_MOST;) {
        const struct replay_row *row = &replayed->rows[i];
        if (!row->moved)
            continue;
        n++;
        emit_open(out, '{');
        emit_member_text(out, "id", row->experiment);
        emit_member_text(out, "taskId", row->id);
        emit_member_text(out, "title", row->title);
        emit_member_text(out, "from", replay_action_name(replayed, row->from));
        emit_member_text(out, "to", replayed->actions[row->to].rung);
        emit_member_text(out, "why", row->why);
        emit_close(out, '}');
    }
    emit_close(out, ']');
}

static void write_replay(struct emit *out, const struct replayed *replayed)
{
    struct emit own = {0}, rest = {0};
    size_t decisions = replayed->n - replayed->forced;
    replay_write_json(replayed, &own);
    emit_open(&rest, '{');
    emit_member_int64(&rest, "n", (int64_t)replayed->n);
    emit_member_double(&rest, "share", decisions ? (double)replayed->moves / (double)decisions : 0);
    emit_member_bool(&rest, "latest_only", replayed->n == replayed->most);
    write_rows(&rest, replayed);
    emit_close(&rest, '}');
    api_emit_joined(out, emit_slice(&own), emit_slice(&rest));
    emit_free(&own);
    emit_free(&rest);
}

static void refuse_late(
    const struct serve_request *request, struct serve_answer *answer, const struct failure *failure)
{
    serve_refuse(request, answer, 503, "%s", failure->text);
    answer->retry_after_s = 1;
}

static void replay(struct serve_state *state, const struct serve_request *request,
    struct serve_answer *answer, const struct api_value *values, const struct policy *policy)
{
    struct replayed *replayed = memory_take(sizeof(*replayed)); /* large */
    struct ledger_filter filter = {
        .state = LEDGER_ANY, .since_ms = (int64_t)values[REPLAY_SINCE].number};
    struct failure failure;
    *replayed = (struct replayed){.arena = request->arena,
        .policy = *policy,
        .prices = &state->prices,
        .today = state->today,
        .deadline_us = request->deadline_us,
        .most = values[REPLAY_LIMIT].given ? (size_t)values[REPLAY_LIMIT].number : DECISIONS};
    if (replay_ledger(replayed, state->ledger, &filter, state->evidence, state->view, &failure))
        write_replay(&answer->data, replayed);
    else if (replayed->is_late)
        refuse_late(request, answer, &failure);
    else
        api_fail(request, answer, &failure);
    free(replayed);
}

void api_replay(
    struct serve_state *state, const struct serve_request *request, struct serve_answer *answer)
{
    struct api_value values[REPLAY_MEMBERS] = {0};
    struct policy policy;
    struct policy_problems problems = {0};
    if (!api_read_body(request, answer, MEMBERS, REPLAY_MEMBERS, values))
        return;
    if (!policy_parse(
            request->arena, "policy", values[REPLAY_POLICY].text, false, &policy, &problems)) {
        serve_refuse(request, answer, 422, "the policy has %zu problems, the first: %.*s",
            problems.n + problems.more, SLICE_ARG(problems.items[0].sentence));
        return;
    }
    replay(state, request, answer, values, &policy);
    policy_free(&policy);
}
