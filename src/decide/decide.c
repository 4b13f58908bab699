/* Receives one task and a prepared policy; asks the tiers in their order and writes down which
 * spoke, what it would cost and what the alternatives were. Knows no format and does no I/O. */
#include "inquiry.h"

#include <math.h>

static const struct {
    const char *name;
    double stated;
} STRATEGIES[DECIDE_STRATEGIES] = {
    [DECIDE_FORCED] = {"forced", 1.00},
    [DECIDE_EXPLICIT_LABEL] = {"explicit-label", 1.00},
    [DECIDE_COMPLEXITY_LABEL] = {"complexity-label", 0.95},
    [DECIDE_PATTERN_MATCH] = {"pattern-match", 0.85},
    [DECIDE_LEARNED] = {"learned", NAN},
    [DECIDE_DEFAULT] = {"default", 0.60},
};

static const struct interval UNKNOWN = {NAN, NAN, NAN};

const char *decide_strategy_name(enum decide_strategy strategy)
{
    return STRATEGIES[strategy].name;
}

bool decide_strategy_from_name(struct slice name, enum decide_strategy *strategy)
{
    for (int i = 0; i < DECIDE_STRATEGIES; i++)
        if (slice_is(name, STRATEGIES[i].name)) {
            *strategy = (enum decide_strategy)i;
            return true;
        }
    return false;
}

double decide_stated_confidence(enum decide_strategy strategy)
{
    return STRATEGIES[strategy].stated;
}

/* Success of a first attempt by the tier that chose it: Beta(8c, 8(1-c)) before any outcome. */
static struct interval prior_of(const struct evidence *evidence, enum decide_strategy strategy)
{
    double stated = decide_stated_confidence(strategy), a = 0, b = 0;
    if (!(stated < 1))
        return UNKNOWN; /* obeyed, or learned */
    a = DECIDE_PRIOR_WEIGHT * stated;
    b = DECIDE_PRIOR_WEIGHT * (1 - stated);
    if (evidence)
        evidence_tier(evidence, (int)strategy, stated, DECIDE_PRIOR_WEIGHT, &a, &b);
    return stats_beta_interval(a, b, 0.95);
}

void decide_prepare(struct arena *arena, const struct policy *policy,
    const struct price_table *prices, int32_t day, const struct evidence *evidence,
    struct evidence_view *view, struct decider *decider)
{
    *decider = (struct decider){
        .policy = policy, .evidence = evidence, .view = view, .forced = POLICY_NONE};
    for (int i = 0; i < DECIDE_STRATEGIES; i++)
        decider->prior[i] = prior_of(evidence, (enum decide_strategy)i);
    decider->assumed_usd = ARENA_ARRAY(arena, double, policy->n_rungs);
    for (size_t i = 0; i < policy->n_rungs; i++) {
        double *usd = &decider->assumed_usd[i];
        if (!policy_assumed_cost(&policy->rungs[i], prices, day, usd))
            *usd = NAN;
        if (*usd < decider->assumed_usd[decider->cheapest])
            decider->cheapest = (int)i;
    }
    if (!evidence)
        return;
    evidence_match(evidence, policy, &decider->arms);
    decider->has_goal = policy->goal.kind != POLICY_GOAL_TIERS &&
                        evidence_get_goal(evidence, policy->hash, &decider->goal);
}

static void add_warning(struct inquiry *inquiry, struct slice sentence)
{
    struct decision *decision = inquiry->decision;
    if (decision->n_warnings < DECIDE_WARNINGS_MOST)
        decision->warnings[decision->n_warnings++] = sentence;
}

static void add_match(struct inquiry *inquiry, struct slice what)
{
    struct decision *decision = inquiry->decision;
    if (decision->n_matched < DECIDE_MATCHES_MOST)
        decision->matched[decision->n_matched++] = what;
}

static void speak(struct inquiry *inquiry, int rung, enum decide_strategy strategy)
{
    inquiry->decision->rung = rung;
    inquiry->decision->strategy = strategy;
}

/* Several wishes or labels that disagree: the higher rung counts, and the decision says so. */
static int higher_of(struct inquiry *inquiry, int before, int now, const char *what)
{
    if (before == POLICY_NONE || before == now)
        return now;
    int higher = before > now ? before : now;
    add_warning(inquiry,
        arena_print(inquiry->arena, "two %s disagree (%.*s, %.*s): the higher rung counts", what,
            SLICE_ARG(rung_name(inquiry, before)), SLICE_ARG(rung_name(inquiry, now))));
    return higher;
}

static bool ask_forced(struct inquiry *inquiry)
{
    int rung = inquiry->decider->forced;
    if (rung == POLICY_NONE)
        return false;
    speak(inquiry, rung, DECIDE_FORCED);
    inquiry->decision->requested = rung_name(inquiry, rung);
    inquiry->decision->why = arena_print(
        inquiry->arena, "--rung %.*s was asked for", SLICE_ARG(rung_name(inquiry, rung)));
    return true;
}

/* The effort that a person asked for; what Rung wrote itself is no wish. */
static struct slice wanted_effort(const struct task *task)
{
    return task->rung_decision.len ? (struct slice){0} : task->suggested_effort;
}

/* An effort that no rung of the wished model has is never passed over in silence. */
static void warn_of_effort(struct inquiry *inquiry, int rung)
{
    struct slice wanted = wanted_effort(inquiry->task);
    struct slice has = inquiry->policy->rungs[rung].effort;
    if (wanted.len == 0 || slice_equal_caseless(wanted, has))
        return;
    add_warning(
        inquiry, arena_print(inquiry->arena,
                     "execution_reasoning_effort %.*s: no rung has it for that model; %.*s is %.*s",
                     SLICE_ARG(wanted), SLICE_ARG(rung_name(inquiry, rung)),
                     SLICE_ARG(has.len ? has : slice_from("at the model's own effort"))));
}

/* One wish, by a label or by metadata: counts it if it names a rung; says which one is obeyed. */
static void hear_wish(struct inquiry *inquiry, struct slice what, struct slice value, int *so_far)
{
    struct decision *decision = inquiry->decision;
    int rung = policy_rung_by_wish(inquiry->policy, value, wanted_effort(inquiry->task));
    if (rung == POLICY_NONE) {
        add_warning(inquiry,
            arena_print(inquiry->arena, "%.*s names no rung of the ladder", SLICE_ARG(what)));
        return;
    }
    add_match(inquiry, what);
    warn_of_effort(inquiry, rung);
    int counts = higher_of(inquiry, *so_far, rung, "explicit wishes");
    if (counts == *so_far)
        return;
    *so_far = counts;
    decision->requested = value;
    decision->why = arena_print(inquiry->arena, "%.*s asks for %.*s by name", SLICE_ARG(what),
        SLICE_ARG(rung_name(inquiry, rung)));
}

static bool ask_explicit(struct inquiry *inquiry)
{
    const struct task *task = inquiry->task;
    int rung = POLICY_NONE;
    struct slice value, prefix = inquiry->policy->explicit_prefix;
    for (size_t at = 0; task_label_value(task, prefix.base, &at, &value);)
        hear_wish(inquiry,
            arena_print(inquiry->arena, "label %.*s%.*s", SLICE_ARG(prefix), SLICE_ARG(value)),
            value, &rung);
    if (task->suggested_model.len && task->rung_decision.len == 0)
        hear_wish(inquiry,
            arena_print(
                inquiry->arena, "execution_suggested_model %.*s", SLICE_ARG(task->suggested_model)),
            task->suggested_model, &rung);
    if (rung == POLICY_NONE)
        return false;
    speak(inquiry, rung, DECIDE_EXPLICIT_LABEL);
    return true;
}

/* The rung a label asks for: a whole label that is a synonym, or `complexity:VALUE`. */
static int complexity_of_label(struct inquiry *inquiry, struct slice label)
{
    static const char prefix[] = "complexity:";
    int rung = policy_rung_by_label(inquiry->policy, label);
    if (rung != POLICY_NONE || !slice_is_caseless(slice_sub(label, 0, sizeof(prefix) - 1), prefix))
        return rung;
    struct slice value = slice_sub(label, sizeof(prefix) - 1, label.len);
    rung = policy_rung_by_complexity(inquiry->policy, value);
    if (rung == POLICY_NONE)
        add_warning(inquiry, arena_print(inquiry->arena, "label %.*s is not in the policy's list",
                                 SLICE_ARG(label)));
    return rung;
}

static bool ask_complexity(struct inquiry *inquiry)
{
    const struct task *task = inquiry->task;
    int rung = POLICY_NONE;
    struct slice spoke = {0};
    for (size_t i = 0; i < task->labels.n; i++) {
        struct slice label = task->labels.items[i];
        int asked = complexity_of_label(inquiry, label);
        if (asked == POLICY_NONE)
            continue;
        int counts = higher_of(inquiry, rung, asked, "complexity labels");
        spoke = counts == asked && counts != rung ? label : spoke;
        rung = counts;
        add_match(inquiry, arena_print(inquiry->arena, "label %.*s", SLICE_ARG(label)));
    }
    if (rung == POLICY_NONE && task->complexity > 0) {
        rung = policy_rung_by_score(inquiry->policy, task->complexity);
        spoke = arena_print(inquiry->arena, "complexity score %d", task->complexity);
        add_match(inquiry, spoke);
        inquiry->decision->why = arena_print(inquiry->arena, "%.*s of 10 asks for %.*s",
            SLICE_ARG(spoke), SLICE_ARG(rung_name(inquiry, rung)));
    } else if (rung != POLICY_NONE) {
        inquiry->decision->why = arena_print(inquiry->arena, "label %.*s asks for %.*s",
            SLICE_ARG(spoke), SLICE_ARG(rung_name(inquiry, rung)));
    }
    if (rung == POLICY_NONE)
        return false;
    speak(inquiry, rung, DECIDE_COMPLEXITY_LABEL);
    return true;
}

/* How a person reads a pattern: without the mark of a word taken as it is spelt. */
static struct slice pattern_text(struct inquiry *inquiry, const struct policy_match *match)
{
    char *plain = arena_take(inquiry->arena, match->pattern.len + 1);
    size_t n = 0;
    for (size_t i = 0; i < match->pattern.len; i++)
        if (match->pattern.base[i] != '=')
            plain[n++] = match->pattern.base[i];
    return arena_print(inquiry->arena, "\"%.*s\" in the %s", (int)n, plain,
        match->found_in == POLICY_IN_TITLE ? "title" : "text");
}

static bool ask_patterns(struct inquiry *inquiry)
{
    struct policy_match matches[DECIDE_MATCHES_MOST];
    size_t n = policy_match(
        inquiry->policy, inquiry->task->title, inquiry->task->body, matches, DECIDE_MATCHES_MOST);
    if (n == 0)
        return false;
    for (size_t i = 0; i < n; i++)
        add_match(inquiry, pattern_text(inquiry, &matches[i]));
    speak(inquiry, matches[0].rung, DECIDE_PATTERN_MATCH);
    inquiry->decision->why = arena_print(inquiry->arena, "%.*s is work for %.*s",
        SLICE_ARG(inquiry->decision->matched[inquiry->decision->n_matched - n]),
        SLICE_ARG(rung_name(inquiry, matches[0].rung)));
    return true;
}

static void ask_default(struct inquiry *inquiry)
{
    speak(inquiry, inquiry->policy->default_rung, DECIDE_DEFAULT);
    inquiry->decision->why = arena_print(inquiry->arena, "no label or pattern spoke: the default");
}

/* An effort asked for without a model: the tier's rung at that effort, where the ladder has it. */
static void heed_effort(struct inquiry *inquiry)
{
    struct decision *decision = inquiry->decision;
    struct slice effort = wanted_effort(inquiry->task);
    if (effort.len == 0 || decision->strategy <= DECIDE_EXPLICIT_LABEL)
        return;
    struct slice model = inquiry->policy->rungs[decision->rung].model;
    int rung = policy_rung_by_wish(inquiry->policy, model, effort);
    add_match(
        inquiry, arena_print(inquiry->arena, "execution_reasoning_effort %.*s", SLICE_ARG(effort)));
    if (rung != POLICY_NONE)
        warn_of_effort(inquiry, rung);
    if (rung == POLICY_NONE || rung == decision->rung)
        return;
    decision->rung = rung;
    decision->why = arena_print(inquiry->arena, "%.*s; effort %.*s was asked for",
        SLICE_ARG(decision->why), SLICE_ARG(effort));
}

static void list_climb(struct inquiry *inquiry)
{
    struct decision *decision = inquiry->decision;
    size_t n = inquiry->policy->n_rungs;
    if (decision->climb) /* learned: the ladder that pays, or none */
        return;
    decision->climb = ARENA_ARRAY(inquiry->arena, int, n);
    for (size_t i = (size_t)decision->rung + 1; i < n; i++)
        decision->climb[decision->n_climb++] = (int)i;
}

void decide(const struct decider *decider, const struct task *task, struct arena *arena,
    struct decision *decision)
{
    *decision = (struct decision){.success = UNKNOWN, .cost_usd = UNKNOWN};
    struct inquiry inquiry = {decider, decider->policy, task, arena, decision};
    if (!ask_forced(&inquiry) && !ask_explicit(&inquiry) && !ask_complexity(&inquiry) &&
        !ask_patterns(&inquiry))
        ask_default(&inquiry);
    heed_effort(&inquiry);
    decision->base_strategy = decision->strategy;
    weigh_options(&inquiry);
    weigh_evidence(&inquiry);
    explain_options(&inquiry);
    list_climb(&inquiry);
}
