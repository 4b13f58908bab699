/* Answers what would be decided for a task that somebody types, by the policy that holds or by a
 * copy of it that they edit. Nothing is recorded. */
#include "api.h"

#include <string.h>

enum { TITLE_MOST = 2000, BODY_MOST = 200000, NAME_MOST = 200, PATH_MOST = 1000 };

enum {
    DECIDE_TITLE,
    DECIDE_BODY,
    DECIDE_LABELS,
    DECIDE_TYPE,
    DECIDE_TOUCHES,
    DECIDE_RUNG,
    DECIDE_POLICY,
    DECIDE_MEMBERS,
};

static const struct api_member MEMBERS[DECIDE_MEMBERS] = {
    [DECIDE_TITLE] = {"title", API_TEXT, 1, TITLE_MOST, 0, true},
    [DECIDE_BODY] = {"body", API_TEXT, 0, BODY_MOST, 0, false},
    [DECIDE_LABELS] = {"labels", API_TEXTS, 1, NAME_MOST, 64, false},
    [DECIDE_TYPE] = {"type", API_TEXT, 0, NAME_MOST, 0, false},
    [DECIDE_TOUCHES] = {"touches", API_TEXTS, 1, PATH_MOST, 256, false},
    [DECIDE_RUNG] = {"rung", API_TEXT, 0, NAME_MOST, 0, false},
    [DECIDE_POLICY] = {"policy", API_TEXT, 0, BODY_MOST, 0, false},
};

static struct task task_of(const struct api_value *values)
{
    return (struct task){.title = slice_trim(values[DECIDE_TITLE].text),
        .body = values[DECIDE_BODY].text,
        .type = values[DECIDE_TYPE].text,
        .source = "serve",
        .labels = {values[DECIDE_LABELS].texts, values[DECIDE_LABELS].n},
        .files = {values[DECIDE_TOUCHES].texts, values[DECIDE_TOUCHES].n},
        .priority = -1};
}

static void write_decision(struct emit *out, struct arena *arena, const struct decider *decider,
    const struct task *task, const struct policy_problems *problems)
{
    struct decision decision;
    struct emit own = {0}, rest = {0};
    decide(decider, task, arena, &decision);
    decide_write_json(decider, task, &decision, &own);
    emit_open(&rest, '{');
    api_write_problems(&rest, "policy_problems", problems);
    emit_close(&rest, '}');
    api_emit_joined(out, emit_slice(&own), emit_slice(&rest));
    emit_free(&own);
    emit_free(&rest);
}

/* A copy with mistakes decides nothing: the policy that holds does, and the problems say so. */
void api_decide(
    struct serve_state *state, const struct serve_request *request, struct serve_answer *answer)
{
    struct api_value values[DECIDE_MEMBERS] = {0};
    struct decider decider = state->decider;
    struct policy copy;
    struct policy_problems problems = {0};
    if (!api_read_body(request, answer, MEMBERS, DECIDE_MEMBERS, values))
        return;
    struct task task = task_of(values);
    if (task.title.len == 0) {
        serve_refuse(request, answer, 422, "\"title\" is blank");
        return;
    }
    bool copied =
        values[DECIDE_POLICY].text.len &&
        policy_parse(request->arena, "policy", values[DECIDE_POLICY].text, false, &copy, &problems);
    if (copied)
        decide_prepare(request->arena, &copy, &state->prices, state->today, state->evidence,
            state->view, &decider);
    if (values[DECIDE_RUNG].text.len) {
        decider.forced =
            policy_rung_by_wish(decider.policy, values[DECIDE_RUNG].text, (struct slice){0});
        if (decider.forced == POLICY_NONE)
            serve_refuse(request, answer, 422, "\"rung\" names no rung of the ladder");
    }
    if (answer->status == 0)
        write_decision(&answer->data, request->arena, &decider, &task, &problems);
    if (copied)
        policy_free(&copy);
}
