/* A ledger decided once more by another policy. */
#ifndef RUNG_COMMAND_REPLAYED_H
#define RUNG_COMMAND_REPLAYED_H

#include "eval/eval.h"
#include "learned.h"

enum { REPLAY_KEPT = 16 };

/* A start that some policy can take: a rung of the new policy's ladder (its index), or one of the
 * ledger that this ladder has not, or has as another model. */
struct replay_action {
    struct slice rung, model, effort;
};

struct replay_row {
    struct task task; /* as far as the ledger knows it */
    struct slice id, title;
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
    struct call *call;
    struct workspace workspace; /* of the new policy */
    struct replay_action actions[EVAL_ACTIONS_MOST];
    size_t n_actions;
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

/* Reads the ledger and decides all of it anew; fills everything. */
bool replay_ledger(struct replayed *replayed, struct ledger *ledger,
    const struct ledger_filter *filter, const struct learned *learned,
    struct failure *failure) MUST_USE;

/* "haiku", or "haiku (claude-haiku-4-5)" where the new ladder's haiku is another model. */
struct slice replay_action_name(const struct replayed *replayed, size_t action);

/* Why a figure cannot be given, a sentence; empty where it can. */
struct slice replay_why_not(const struct replayed *replayed, const struct eval_replay *figure);

void replay_print(const struct replayed *replayed, bool show);
void replay_write_json(const struct replayed *replayed, bool show, struct emit *emit);

#endif
