/* policy, lookups: receives a policy and what somebody wrote (a wish, a label, a score), hands on
 * the rung that it names. Refuses to know which of several wishes wins. */
#include "policy.h"

#include "schema.h"

#include <string.h>

int policy_rung_by_name(const struct policy *policy, struct slice name)
{
    for (size_t i = 0; i < policy->n_rungs; i++)
        if (slice_equal(policy->rungs[i].name, name))
            return (int)i;
    return POLICY_NONE;
}

/* Place on the scale of efforts; that of "medium" for a rung that leaves it to the vendor, -1
 * for a word that is no effort. */
static int effort_level(struct slice effort)
{
    for (int i = 0; SCHEMA_EFFORTS[i]; i++)
        if (slice_is_caseless(effort, SCHEMA_EFFORTS[i]))
            return i;
    return effort.len ? -1 : effort_level(slice_from("medium"));
}

/* Without a date ("-20251001") or a window ("[1m]") at its end. */
static struct slice undated(struct slice model)
{
    if (slice_ends(model, "[1m]"))
        model.len -= 4;
    if (model.len <= 9 || model.base[model.len - 9] != '-')
        return model;
    for (size_t i = model.len - 8; i < model.len; i++)
        if (model.base[i] < '0' || model.base[i] > '9')
            return model;
    return slice_sub(model, 0, model.len - 9);
}

/* "haiku" in "claude-haiku-5-5": only Anthropic's ids are built so. */
static bool is_tier_of(struct slice wish, struct slice model)
{
    struct slice part;
    if (!slice_starts(model, "claude-"))
        return false;
    model = slice_sub(model, strlen("claude-"), model.len);
    while (slice_next_field(&model, '-', &part))
        if (part.len && slice_equal_caseless(part, wish) &&
            !(part.base[0] >= '0' && part.base[0] <= '9'))
            return true;
    return false;
}

/* A rung that the wish names before any effort is looked at. */
static int named_rung(const struct policy *policy, struct slice wish)
{
    for (size_t i = 0; i < policy->n_rungs; i++)
        if (slice_equal_caseless(policy->rungs[i].name, wish))
            return (int)i;
    for (size_t i = 0; i < policy->n_rungs; i++)
        if (slice_equal_caseless(policy->rungs[i].model, wish))
            return (int)i;
    for (size_t i = 0; i < policy->n_rungs; i++)
        if (slice_equal_caseless(undated(policy->rungs[i].model), undated(wish)))
            return (int)i;
    for (size_t i = 0; i < policy->n_rungs; i++)
        if (is_tier_of(wish, policy->rungs[i].model))
            return (int)i;
    return POLICY_NONE;
}

int policy_rung_by_wish(const struct policy *policy, struct slice wish, struct slice effort)
{
    wish = slice_trim(wish);
    effort = slice_trim(effort);
    int rung = wish.len ? named_rung(policy, wish) : POLICY_NONE, level = effort_level(effort);
    if (rung == POLICY_NONE || effort.len == 0 || level < 0)
        return rung;
    int best = rung, least = -1;
    for (size_t i = 0; i < policy->n_rungs; i++) {
        if (!slice_equal(policy->rungs[i].model, policy->rungs[rung].model))
            continue;
        int away = effort_level(policy->rungs[i].effort) - level;
        away = away < 0 ? -away : away;
        if (least < 0 || away < least || (away == least && (int)i == rung)) {
            least = away;
            best = (int)i;
        }
    }
    return best;
}

static int find_label(const struct policy *policy, struct slice value, bool is_synonym)
{
    value = slice_trim(value);
    for (size_t i = 0; i < policy->n_complexity; i++)
        if (policy->complexity[i].is_synonym == is_synonym &&
            slice_equal_caseless(policy->complexity[i].value, value))
            return policy->complexity[i].rung;
    return POLICY_NONE;
}

int policy_rung_by_complexity(const struct policy *policy, struct slice value)
{
    int rung = find_label(policy, value, false);
    return rung != POLICY_NONE ? rung : find_label(policy, value, true);
}

int policy_rung_by_label(const struct policy *policy, struct slice label)
{
    return find_label(policy, label, true);
}

int policy_rung_by_score(const struct policy *policy, int score)
{
    if (score < 1 || score > 10)
        return POLICY_NONE;
    const char *value = score <= 3 ? "simple" : score <= 6 ? "standard" : "complex";
    return find_label(policy, slice_from(value), false);
}
