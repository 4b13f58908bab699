/* The work trees of a run, one for each task that is being worked on. A tree in which an attempt
 * touched nothing is the next task's as it stands; any other is made anew before it is used. */
#ifndef RUNG_RUN_TREES_H
#define RUNG_RUN_TREES_H

#include "check.h"

/* Belongs to whoever took it until it is given back. */
struct tree {
    struct worktree place;      /* where it is; nothing may be there yet */
    struct check_before before; /* as it was when it was made ready */
    struct arena arena;         /* what `before` points to */
    bool is_as_before;          /* its holder found that nothing was touched since */
    int64_t seen_us;            /* when it was found so */
    struct tree *next;
};

/* A tree that nobody uses, best one that stands at this base already. */
struct tree *trees_take(struct run *run, const char *base);
void trees_give(struct run *run, struct tree *tree);

/* Before each attempt: the base commit's files and nothing else are in it. Where the run is in the
 * user's own work tree, that one is taken as it is. */
bool trees_make_ready(
    struct run *run, struct tree *tree, const char *base, struct failure *failure) MUST_USE;

/* Takes all of them away, once nobody works any more, those of an earlier start of the run among
 * them. A run that was told to stop leaves what is on the disk to --resume or `rung clean`. */
bool trees_end(struct run *run, struct failure *failure) MUST_USE;

#endif
