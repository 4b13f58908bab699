/* Rules proposed from the ledger (`rung learn --suggest`), and written into the policy. */
#ifndef RUNG_COMMAND_SUGGEST_H
#define RUNG_COMMAND_SUGGEST_H

#include "eval/eval.h"
#include "store.h"

enum { SUGGEST_MISROUTED_SHOWN = 20, SUGGEST_MISROUTED_MOST = 10000 };

/* A task that, seen from afterwards, should have begun elsewhere. */
struct misrouted {
    struct slice id, title, why;
};

struct suggestions {
    struct call *call;
    const struct workspace *workspace;
    int cheap;          /* rung that the hints are about */
    struct slice value; /* a value of `complexity:` that means it; empty: none does */
    struct slice away;  /* the same for the middle rung */
    struct eval_hint_row *rows;
    size_t n, room;
    struct eval_hint *hints;
    size_t n_hints;
    double base_rate;
    struct misrouted *misrouted;
    size_t n_misrouted;
};

/* Reads finished, judged tasks and finds what goes with what. */
bool suggest_find(
    struct suggestions *suggestions, struct ledger *ledger, struct failure *failure) MUST_USE;

void suggest_print(const struct suggestions *suggestions);
void suggest_write_json(const struct suggestions *suggestions, struct emit *emit);

/* Writes the hints that `list` numbers ("1,3"; "all") into the policy's file: lines are added,
 * nothing else is touched. The result is checked before it replaces the file; a policy that was
 * trusted is trusted again. *n says how many were written. */
bool suggest_accept(const struct suggestions *suggestions, struct slice list, size_t *n,
    struct failure *failure) MUST_USE;

#endif
