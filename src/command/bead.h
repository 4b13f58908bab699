/* One bead, read and decided: what `rung sling` and `rung bead` share. */
#ifndef RUNG_COMMAND_BEAD_H
#define RUNG_COMMAND_BEAD_H

#include "connect/connect.h"
#include "learned.h"
#include "pending.h"

struct bead {
    struct task_reader *reader; /* holds the task's texts */
    struct task task;
    struct decision decision;
};

/* Reads the first issue of `bytes`, which `name` calls in messages and which must outlive it. */
bool bead_read(struct arena *arena, const char *name, struct slice bytes, struct bead *bead,
    struct failure *failure) MUST_USE;
void bead_close(struct bead *bead);

/* What a command that decides beads needs: the policy, prices, evidence and dice of here. */
struct bead_desk {
    struct call *call;
    const struct option_value *ledger_option;
    struct workspace workspace;
    struct learned learned;
    struct decider decider;
    struct dice dice;
};

bool bead_desk_open(struct call *call, const struct option_value *policy_option,
    const struct option_value *ledger_option, struct bead_desk *desk,
    struct failure *failure) MUST_USE;
void bead_desk_close(struct bead_desk *desk);

/* Keeps one decision as pending in the ledger; *id, in the call's arena, is its experiment's. */
bool bead_keep(struct bead_desk *desk, const struct bead *bead, struct slice *id,
    struct failure *failure) MUST_USE;

/* Writes the decision into the bead's metadata, marked as ours by rung_decision. False also where
 * bd would not. A bead on which a person named model or effort is left alone: *left is true. */
bool bead_write(struct bead_desk *desk, const struct bead *bead, struct slice id, bool *left,
    struct failure *failure) MUST_USE;

#endif
