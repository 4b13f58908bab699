/* What another policy would have got on one's own ledger, by logged propensities (METHODS §3). */
#ifndef RUNG_EVAL_REPLAY_H
#define RUNG_EVAL_REPLAY_H

#include "base/arena.h"
#include "base/failure.h"
#include "stats/stats.h"

enum {
    EVAL_ACTIONS_MOST = 128,   /* rungs of both ladders */
    EVAL_REPLAY_ROUNDS = 1000, /* of the bootstrap, fewer where there are very many rows */
    EVAL_REPLAY_ROUNDS_LEAST = 200,
};

/* One logged decision. Arrays hold a probability for each action and add up to 1. */
struct eval_logged {
    size_t taken;             /* the action that was logged */
    const double *propensity; /* with which each could have been; of the taken one > 0 */
    const double *target;     /* with which the new policy takes each */
    uint64_t kind;            /* hash of what rules see of the task: its label group */
    uint64_t task;            /* hash of its id: one task is never on both sides of a fold */
    double reward;            /* success 0 or 1, or USD; NAN: not known, the row is left out */
};

enum eval_replay_state {
    EVAL_REPLAY_KNOWN,
    EVAL_REPLAY_EMPTY,   /* no row has a reward */
    EVAL_REPLAY_UNTRIED, /* the new policy takes an action that could not have been taken */
    EVAL_REPLAY_CHANCE,  /* it could have been, but by chance never was where policies differ */
    EVAL_REPLAY_THIN,    /* effective sample size below STATS_ESS_LEAST */
};

/* Means a decision, 95 % intervals by bootstrap over rows. Only `logged` and `naive` are filled
 * (where n > 0) unless the state is KNOWN. */
struct eval_replay {
    enum eval_replay_state state;
    size_t n;
    struct interval logged;     /* plain mean of what was logged, exploration included */
    struct interval naive;      /* mean where both agree: biased, never to be shown bare */
    struct interval unexplored; /* doubly robust: the logged policy without its exploration */
    struct interval replayed;   /* doubly robust: the new policy */
    struct interval change;     /* replayed − unexplored, paired: 0 where the policies agree */
    struct interval relative;   /* replayed ÷ unexplored − 1, paired */
    double effective_n;
    size_t differing;                            /* rows on which the policies differ … */
    size_t tried;                                /* … and the log took what the new one prefers */
    size_t untried, first_untried, last_untried; /* rows that make the state UNTRIED */
    size_t untried_action;                       /* of the first of them */
};

/* The reward model is additive, rung + label group, each shrunk to nothing where few rows speak,
 * cross-fitted over 5 folds of tasks. The logged policy without exploration takes its likeliest
 * action; where none has three quarters it mixed on purpose and stays as it was. `n_actions` is
 * at most EVAL_ACTIONS_MOST. The same rows and seed give the same figures. False, naming the row,
 * where a propensity is out of range. */
bool eval_replay(const struct eval_logged *rows, size_t n, size_t n_actions, uint64_t seed,
    struct eval_replay *found, struct failure *failure) MUST_USE;

/* The action that a policy prefers: of the greatest probability, the first among equals. */
size_t eval_preferred(const double *probabilities, size_t n_actions);

#endif
