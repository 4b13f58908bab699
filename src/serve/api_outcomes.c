/* Receives what became of a task: completes its pending decision, or adds a whole experiment. The
 * same outcome may be sent again; another one for the same id is refused. */
#include "api.h"

#include <math.h>

enum { NAME_MOST = 120, NOTES_MOST = 10000 };

enum {
    OUTCOME_ID,
    OUTCOME_TASK,
    OUTCOME_SUCCESS,
    OUTCOME_COST,
    OUTCOME_QUALITY,
    OUTCOME_SECONDS,
    OUTCOME_NOTES,
    OUTCOME_SOURCE,
    OUTCOME_MEMBERS,
};

static const struct api_member MEMBERS[OUTCOME_MEMBERS] = {
    [OUTCOME_ID] = {"id", API_TEXT, 1, NAME_MOST, 0, false},
    [OUTCOME_TASK] = {"taskId", API_TEXT, 1, NAME_MOST, 0, false},
    [OUTCOME_SUCCESS] = {"success", API_BOOL, 0, 0, 0, true},
    [OUTCOME_COST] = {"cost", API_NUMBER, 0, 1e6, 0, false},
    [OUTCOME_QUALITY] = {"quality", API_NUMBER, 1, 5, 0, false},
    [OUTCOME_SECONDS] = {"seconds", API_NUMBER, 0, 1e8, 0, false},
    [OUTCOME_NOTES] = {"notes", API_TEXT, 0, NOTES_MOST, 0, false},
    [OUTCOME_SOURCE] = {"outcomeSource", API_TEXT, 4, 6, 0, false},
};

struct outcome {
    const struct api_value *values;
    enum record_outcome_source source;
};

/* What was said replaces what the decision left open. */
static void fill(struct experiment *e, void *context)
{
    const struct outcome *outcome = context;
    const struct api_value *values = outcome->values;
    e->pending = false;
    e->success = values[OUTCOME_SUCCESS].truth ? RECORD_ACCEPTED : RECORD_FAILED;
    e->outcome_source = outcome->source;
    if (e->model_used.len == 0)
        e->model_used = e->rung;
    if (values[OUTCOME_COST].given) {
        e->cost_usd = values[OUTCOME_COST].number;
        e->cost_source = RECORD_MEASURED;
    }
    if (values[OUTCOME_SECONDS].given)
        e->seconds = values[OUTCOME_SECONDS].number;
    if (values[OUTCOME_QUALITY].given)
        e->quality = values[OUTCOME_QUALITY].number;
    if (values[OUTCOME_NOTES].given)
        e->notes = values[OUTCOME_NOTES].text;
}

static bool is_same_text(const struct experiment *a, const struct experiment *b)
{
    struct emit left = {0}, right = {0};
    record_write(&left, a);
    record_write(&right, b);
    bool same = slice_equal(emit_slice(&left), emit_slice(&right));
    emit_free(&left);
    emit_free(&right);
    return same;
}

static void write_put(struct serve_answer *answer, struct slice id, enum ledger_put put)
{
    static const char *const names[] = {
        [LEDGER_ADDED] = "added", [LEDGER_COMPLETED] = "completed", [LEDGER_KEPT] = "kept"};
    emit_open(&answer->data, '{');
    emit_member_text(&answer->data, "id", id);
    emit_member_cstring(&answer->data, "put", names[put]);
    emit_close(&answer->data, '}');
}

/* ---- of a pending decision ---- */

/* Sent again: it is there already where filling it in once more changes nothing. */
static void answer_again(struct serve_state *state, const struct serve_request *request,
    struct serve_answer *answer, struct outcome *outcome)
{
    struct experiment before, after;
    struct failure failure;
    bool found = false;
    struct slice id = outcome->values[OUTCOME_ID].text;
    if (!ledger_get(state->ledger, request->arena, id, &before, &found, &failure)) {
        api_fail(request, answer, &failure);
        return;
    }
    after = before;
    fill(&after, outcome);
    if (!found)
        serve_refuse(request, answer, 404, "no decision is pending for this %s",
            id.len ? "id" : "task; a whole experiment can be sent instead");
    else if (is_same_text(&before, &after))
        write_put(answer, before.id, LEDGER_KEPT);
    else
        serve_refuse(request, answer, 409, "another outcome of this id is recorded");
}

static void complete(
    struct serve_state *state, const struct serve_request *request, struct serve_answer *answer)
{
    struct api_value values[OUTCOME_MEMBERS] = {0};
    struct outcome outcome = {.values = values, .source = RECORD_USER};
    struct experiment completed;
    struct failure failure;
    bool found = false;
    if (!api_read_body(request, answer, MEMBERS, OUTCOME_MEMBERS, values))
        return;
    if (!values[OUTCOME_ID].given && !values[OUTCOME_TASK].given) {
        serve_refuse(request, answer, 422, "the body names neither \"id\" nor \"taskId\"");
        return;
    }
    if (values[OUTCOME_SOURCE].given &&
        (!record_outcome_source_from_name(values[OUTCOME_SOURCE].text, &outcome.source) ||
            outcome.source == RECORD_NOBODY)) {
        serve_refuse(request, answer, 422, "\"outcomeSource\" is test, review or user");
        return;
    }
    if (!ledger_complete(state->ledger, request->arena, values[OUTCOME_ID].text,
            values[OUTCOME_TASK].text, fill, &outcome, &completed, &found, &failure))
        api_fail(request, answer, &failure);
    else if (found)
        write_put(answer, completed.id, LEDGER_COMPLETED);
    else
        answer_again(state, request, answer, &outcome);
}

/* ---- a whole experiment ---- */

static void add(
    struct serve_state *state, const struct serve_request *request, struct serve_answer *answer)
{
    struct experiment experiment, before;
    struct failure failure;
    enum ledger_put put;
    bool found = false;
    if (!record_read_json(request->arena, request->body_json, &experiment, &failure)) {
        serve_refuse(request, answer, 422, "%s", failure.text);
        return;
    }
    if (experiment.id.len == 0) {
        serve_refuse(request, answer, 422, "\"id\" is empty");
        return;
    }
    if (!ledger_add(state->ledger, &experiment, &put, &failure) ||
        (put == LEDGER_KEPT &&
            !ledger_get(state->ledger, request->arena, experiment.id, &before, &found, &failure))) {
        api_fail(request, answer, &failure);
        return;
    }
    if (found && !is_same_text(&before, &experiment) && state->policy.keep_text)
        serve_refuse(request, answer, 409, "another experiment of this id is recorded");
    else
        write_put(answer, experiment.id, put);
}

void api_outcomes(
    struct serve_state *state, const struct serve_request *request, struct serve_answer *answer)
{
    struct json timestamp = json_get(request->body_json, "timestamp");
    if (timestamp.document)
        add(state, request, answer);
    else
        complete(state, request, answer);
}
