/* Receives a decision, hands on its JSON. */
#include "decide.h"

#include <math.h>

static void write_slices(struct emit *emit, const char *key, const struct slice *items, size_t n)
{
    emit_key(emit, key);
    emit_open(emit, '[');
    for (size_t i = 0; i < n; i++)
        emit_text(emit, items[i]);
    emit_close(emit, ']');
}

static void write_alternatives(
    struct emit *emit, const struct policy *policy, const struct decision *decision)
{
    emit_key(emit, "alternatives");
    emit_open(emit, '[');
    for (size_t i = 0; i < policy->n_rungs; i++) {
        const struct decide_option *option = &decision->options[i];
        if (option->rung == decision->rung)
            continue;
        emit_open(emit, '{');
        emit_member_text(emit, "rung", policy->rungs[option->rung].name);
        stats_write_interval(emit, "success", option->success);
        stats_write_interval(emit, "cost_usd", option->cost_usd);
        emit_member_text(emit, "why_not", option->why_not);
        emit_close(emit, '}');
    }
    emit_close(emit, ']');
}

void decide_write_json(const struct decider *decider, const struct task *task,
    const struct decision *decision, struct emit *emit)
{
    const struct policy *policy = decider->policy;
    const struct policy_rung *rung = &policy->rungs[decision->rung];
    emit_open(emit, '{');
    emit_member_text(emit, "task", task->id);
    emit_member_text(emit, "title", task->title);
    emit_member_text(emit, "rung", rung->name);
    emit_member_text(emit, "model", rung->model);
    emit_key(emit, "effort");
    if (rung->effort.len)
        emit_text(emit, rung->effort);
    else
        emit_null(emit);
    emit_member_cstring(emit, "strategy", decide_strategy_name(decision->strategy));
    emit_member_cstring(emit, "base_strategy", decide_strategy_name(decision->base_strategy));
    emit_member_usd(emit, "confidence", decision->confidence);
    stats_write_interval(emit, "success", decision->success);
    stats_write_interval(emit, "cost_usd", decision->cost_usd);
    emit_member_cstring(emit, "cost_basis", decision->cost_measured ? "measured" : "assumed");
    emit_member_text(emit, "why", decision->why);
    write_slices(emit, "matched", decision->matched, decision->n_matched);
    write_slices(emit, "warnings", decision->warnings, decision->n_warnings);
    emit_key(emit, "climb");
    emit_open(emit, '[');
    for (size_t i = 0; i < decision->n_climb; i++)
        emit_text(emit, policy->rungs[decision->climb[i]].name);
    emit_close(emit, ']');
    write_alternatives(emit, policy, decision);
    emit_member_double(emit, "propensity", decision->options[decision->rung].propensity);
    emit_key(emit, "requested");
    if (decision->requested.len)
        emit_text(emit, decision->requested);
    else
        emit_null(emit);
    emit_member_cstring(emit, "policy", policy->hash);
    emit_member_cstring(
        emit, "evidence", decider->evidence ? evidence_tell(decider->evidence).id : NULL);
    emit_close(emit, '}');
}
