/* What was recorded since evidence was built. */
#ifndef RUNG_EVAL_TAIL_H
#define RUNG_EVAL_TAIL_H

#include "evidence/evidence.h"
#include "ledger/ledger.h"

/* Experiments that are added to a snapshot when it is opened; beyond them `rung learn` is due. */
enum { EVAL_TAIL_MOST = 1000 };

/* Adds what was done after the newest attempt that the evidence knows, oldest first. *n says how
 * many: EVAL_TAIL_MOST + 1 where there are more. */
bool eval_add_tail(
    struct ledger *ledger, struct evidence *evidence, size_t *n, struct failure *failure) MUST_USE;

/* Adds the judged attempts of one experiment; `arena` is scratch. */
void eval_add_experiment(
    struct evidence *evidence, struct arena *arena, const struct experiment *experiment);

#endif
