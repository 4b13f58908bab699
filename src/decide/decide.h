/* decide: receives a policy, prices, evidence and one task, hands on a `struct decision` that
 * explains itself. Pure: the same policy, evidence, task and dice give the same decision. Refuses
 * to know where tasks come from or what becomes of the decision.
 *
 * Ownership: a decider lives in the arena it was made in; a decision's slices live in the task's
 * arena, the policy or the task. */
#ifndef RUNG_DECIDE_DECIDE_H
#define RUNG_DECIDE_DECIDE_H

#include "base/dice.h"
#include "base/emit.h"
#include "evidence/evidence.h"
#include "policy/policy.h"
#include "price/price.h"
#include "stats/stats.h"
#include "task/task.h"

enum { DECIDE_MATCHES_MOST = 8, DECIDE_WARNINGS_MOST = 16 };

enum decide_strategy {
    DECIDE_FORCED,           /* a person named the rung for this call */
    DECIDE_EXPLICIT_LABEL,   /* model:haiku; Beads' execution_suggested_model */
    DECIDE_COMPLEXITY_LABEL, /* complexity:trivial, its synonyms, Task Master's scores */
    DECIDE_PATTERN_MATCH,    /* words or expressions of the policy */
    DECIDE_LEARNED,          /* evidence moved the choice */
    DECIDE_DEFAULT,          /* nothing spoke */
    DECIDE_STRATEGIES,
};

const char *decide_strategy_name(enum decide_strategy strategy); /* "complexity-label" */
bool decide_strategy_from_name(struct slice name, enum decide_strategy *strategy);

/* Confidence that a strategy states before any outcome: 1.00, 1.00, 0.95, 0.85, –, 0.60. */
double decide_stated_confidence(enum decide_strategy strategy);

/* Weight, in tasks, of the Beta prior that a stated confidence stands for. */
enum { DECIDE_PRIOR_WEIGHT = 8 };

/* What one rung is expected to do for the task at hand. An interval is 95 %; NAN stands for what
 * is not known. */
struct decide_option {
    int rung;
    struct interval success, cost_usd;
    bool measured;        /* the cost is */
    struct slice why_not; /* empty for the chosen one */
    double propensity;    /* probability with which this call chose it */
};

struct decision {
    int rung;
    enum decide_strategy strategy, base_strategy;
    double confidence; /* that the first attempt on `rung` is accepted; 1: obeyed */
    struct interval success, cost_usd;
    bool cost_measured;
    struct slice why;
    struct slice requested;                    /* what was asked for by name; empty: nothing */
    struct slice pattern;                      /* that decided, where one did */
    struct slice matched[DECIDE_MATCHES_MOST]; /* labels and patterns that spoke */
    size_t n_matched;
    struct slice warnings[DECIDE_WARNINGS_MOST];
    size_t n_warnings;
    struct decide_option *options; /* one for each rung of the ladder, by its index */
    int *climb;                    /* the rungs to climb to, in order, where a gate fails */
    size_t n_climb;
    bool explored;
    struct evidence_estimate *estimates; /* by rung; NULL where nothing was learned */
};

/* A policy made ready for many decisions: what each rung is assumed to cost on that day, what is
 * known of it, and what the goal makes of that. */
struct decider {
    const struct policy *policy;
    const struct evidence *evidence; /* NULL: nothing was learned yet */
    struct evidence_arms arms;
    struct evidence_view *view; /* scratch memory for predictions */
    struct evidence_goal goal;
    bool has_goal;                            /* false: the tiers decide */
    double *assumed_usd;                      /* by rung; NAN where tokens or price are unknown */
    struct interval prior[DECIDE_STRATEGIES]; /* success by tier, tuned by outcomes */
    struct dice
        *dice;    /* NULL: nothing is explored, and of two mixed actions the likelier is taken */
    int forced;   /* rung that a person named for this call, or POLICY_NONE */
    int cheapest; /* rung of the lowest expected cost; the first listed among equals */
};

/* `evidence` may be NULL; it and `view` must outlive the decider. */
void decide_prepare(struct arena *arena, const struct policy *policy,
    const struct price_table *prices, int32_t day, const struct evidence *evidence,
    struct evidence_view *view, struct decider *decider);

/* Finds what a success must be worth at the margin so that the policy's goal is met on average
 * over the tasks that the evidence was learned from: the smallest value at which the mean success
 * reaches the kept rung's less `within`, or the largest at which the mean cost stays within the
 * day's budget, with the mixture of the two policies beside that border that meets the goal
 * exactly. The tiers' goal gives a value of 0. */
struct evidence_goal decide_tune(const struct decider *decider, struct arena *arena);

void decide(const struct decider *decider, const struct task *task, struct arena *arena,
    struct decision *decision);

/* The decision as one JSON object: {task,title,rung,…}. */
void decide_write_json(const struct decider *decider, const struct task *task,
    const struct decision *decision, struct emit *emit);

#endif
