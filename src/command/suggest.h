/* Rules proposed from the ledger (`rung learn --suggest`): shown, and written into the policy. */
#ifndef RUNG_COMMAND_SUGGEST_H
#define RUNG_COMMAND_SUGGEST_H

#include "eval/eval.h"
#include "store.h"

enum { SUGGEST_MISROUTED_SHOWN = 20 };

void suggest_print(const struct suggestions *suggestions, FILE *out);

/* Writes the hints that `list` numbers ("1,3"; "all") into the policy's file: lines are added,
 * nothing else is touched. The result is checked before it replaces the file; a policy that was
 * trusted is trusted again. *n says how many were written. */
bool suggest_accept(const struct suggestions *suggestions, struct slice list, size_t *n,
    struct failure *failure) MUST_USE;

#endif
