/* A ledger decided once more by another policy. */
#ifndef RUNG_EVAL_REPLAYED_H
#define RUNG_EVAL_REPLAYED_H

#include "decide/decide.h"
#include "ledger/ledger.h"
#include "replay.h"

enum { REPLAY_KEPT = 16 };

/* A start that some policy can take: a rung of the new policy's ladder (its index), or one of the
 * ledger that this ladder has not, or has as another model. */
struct replay_action {
    struct slice rung, model, effort;
};

struct replay_row {
    struct task task;                   /* as far as the ledger knows it */
    struct slice id, experiment, title; /* the task's id, the experiment's */
    int64_t at_ms;
    size_t from, to; /* actions: what the ledger's policy preferred, what the new one does */
    size_t taken;    /* what was started */
    struct slice strategy, why;
    double cost_to_usd, cost_from_usd; /* expected; NAN: not known */
    bool forced;                       /* a person named the rung: no policy decides it */
    bool moved, usable;                /* usable: its propensities can be judged by */
    struct eval_logged logged;         /* its reward is set for each figure */
    struct evidence_attempt *judged;
    size_t n_judged;
    double success, cost_usd; /* NAN: open, unknown */
};

struct replayed {
    struct arena *arena;  /* in which all of it is made */
    struct policy policy; /* the new one */
    const struct price_table *prices;
    int32_t today;
    size_t most;         /* decisions to replay, the latest; 0: all */
    int64_t deadline_us; /* by clock_monotonic_us: not done by then it fails; 0: there is none */
    struct replay_action actions[EVAL_ACTIONS_MOST];
    size_t n_actions;
    bool is_late; /* it failed at the deadline */
    struct replay_row *rows;
    size_t n, room;
    const double *kept[REPLAY_KEPT]; /* propensities of late, shared */
    size_t next_kept;
    size_t forced;                             /* left as a person wanted them */
    size_t hashed, unjudged, unsound, assumed; /* rows about which a warning is due */
    size_t moves, explored;
    double expected_from_usd, expected_to_usd; /* sums over the rows where both are known */
    size_t expected_n;
    bool expected_is_assumed;
    size_t *usable; /* numbers of the rows that the figures rest on */
    size_t n_usable;
    struct eval_replay success, cost;
};

/* Reads what the filter lets pass and decides all of it anew; fills everything behind `most`.
 * A policy of tiers decides by `evidence` (may be NULL), one with a goal by what is read; `view` is
 * scratch memory. */
bool replay_ledger(struct replayed *replayed, struct ledger *ledger,
    const struct ledger_filter *filter, const struct evidence *evidence, struct evidence_view *view,
    struct failure *failure) MUST_USE;

/* The task of an experiment as far as the ledger knows it: its body is not kept. */
struct task eval_task_of(const struct experiment *experiment);

/* "haiku", or "haiku (claude-haiku-4-5)" where the new ladder's haiku is another model. */
struct slice replay_action_name(const struct replayed *replayed, size_t action);

/* Why a figure cannot be given, a sentence; empty where it can. */
struct slice replay_why_not(const struct replayed *replayed, const struct eval_replay *figure);

/* Moves by where from and where to, the most frequent first; numbers of actions. */
struct replay_move {
    size_t from, to, tasks, tried; /* tried: the ledger did start there */
};
struct replay_move *replay_moves(const struct replayed *replayed, size_t *n);

/* The object of `rung replay --json`, on one line; and one object a line for each of the tasks that
 * move. */
void replay_write_json(const struct replayed *replayed, struct emit *emit);
void replay_write_tasks(const struct replayed *replayed, struct emit *emit);

#endif
