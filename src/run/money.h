/* What may still be spent: by a task, by the whole run, by the day across processes. */
#ifndef RUNG_RUN_MONEY_H
#define RUNG_RUN_MONEY_H

#include "engine.h"

/* What an attempt was given before it began, and has to settle when it is over. */
struct allowance {
    double usd;      /* the most that it may cost; 0: no limit was set */
    double reserved; /* of the run's and the day's budget */
    char id[64];     /* of the day's reservation; empty: none */
};

/* Waits while other attempts of this run hold money that may come back. False where nothing that
 * would pay for the expected cost (NAN: not known) is left; *why is a sentence then. */
bool money_take(struct run *run, struct slot *slot, double expected_usd,
    struct allowance *allowance, const char **why);

/* What it did cost; NAN counts as what was reserved. */
void money_settle(struct run *run, struct allowance *allowance, double cost_usd);

/* The day's book: a file of lines that processes share under a lock. A reservation that nobody
 * settled, because its process died, counts as spent. */
bool book_take(const char *path, int32_t day, const char *id, double wanted_usd, double limit_usd,
    double *free_usd, bool *granted, struct failure *failure) MUST_USE;
bool book_settle(const char *path, int32_t day, const char *id, double cost_usd,
    struct failure *failure) MUST_USE;

#endif
