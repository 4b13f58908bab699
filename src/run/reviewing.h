/* Inside the review at the end: what its prompts are made of, for the two ways of asking. */
#ifndef RUNG_RUN_REVIEWING_H
#define RUNG_RUN_REVIEWING_H

#include "attempt.h"
#include "money.h"
#include "reviews.h"

/* The tasks of one prompt. */
struct group {
    struct slot **slots;
    struct gate_reviewed *changes;
    size_t n;
    const char *name; /* its custom id in a batch */
    struct attempt attempt;
    struct agent_start start; /* in a batch */
};

struct reviewing {
    struct run *run;
    struct slot desk; /* stands for all of them where money is asked for */
    struct group *groups;
    size_t n;
    int rung;
};

/* Lives as long as the run. */
static inline struct arena *reviewing_arena(struct reviewing *reviewing)
{
    return &reviewing->desk.job.arena;
}

void reviewing_note(struct reviewing *reviewing, struct slice text);

/* What their tasks' own budgets leave together, and of the run's and the day's. */
bool reviewing_take_money(
    struct reviewing *reviewing, struct allowance *allowance, const char **why);

/* Writes each task's share down and ends it; ends all because of `why`, unreviewed. What an earlier
 * start has ended is left alone. */
void reviewing_end_group(
    struct reviewing *reviewing, struct group *group, const struct agent_result *whole);
void reviewing_end_all(struct reviewing *reviewing, struct slice why);

/* The two ways: a prompt after the other, or all as a Message Batch, by the groups that an earlier
 * start sent where there is one (reviewing_take_up). */
void reviewing_ask_one_by_one(struct reviewing *reviewing);
void reviewing_ask_as_batch(struct reviewing *reviewing);
void reviewing_take_up(struct reviewing *reviewing);
void reviewing_add_group(
    struct reviewing *reviewing, struct slot **slots, struct gate_reviewed *changes, size_t n);
struct gate_reviewed reviewing_change_of(struct reviewing *reviewing, const struct slot *slot);

#endif
