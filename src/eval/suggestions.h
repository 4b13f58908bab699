/* Rules proposed from the ledger, and tasks that began on the wrong rung. */
#ifndef RUNG_EVAL_SUGGESTIONS_H
#define RUNG_EVAL_SUGGESTIONS_H

#include "decide/decide.h"
#include "ledger/ledger.h"
#include "suggest.h"

enum { SUGGEST_MISROUTED_MOST = 10000 };

/* A task that, seen from afterwards, should have begun elsewhere. */
struct misrouted {
    struct slice experiment, id, title, rung, why; /* ids of the experiment and the task */
};

struct suggestions {
    struct arena *arena; /* in which all of it is made */
    const struct policy *policy;
    const struct price_table *prices;
    int32_t today;
    size_t most;        /* tasks to look at, the latest; 0: all */
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

/* Reads finished, judged tasks that the filter lets pass and finds what goes with what; fills
 * everything behind `most`. */
bool suggest_find(struct suggestions *suggestions, struct ledger *ledger,
    const struct ledger_filter *filter, struct failure *failure) MUST_USE;

struct slice suggest_cheap_name(const struct suggestions *suggestions);
/* The rung that a hint would send tasks to. */
struct slice suggest_rung_of(const struct suggestions *suggestions, const struct eval_hint *hint);

/* One hint as an object; `i` counts from 0. */
void suggest_write_hint(const struct suggestions *suggestions, struct emit *emit, size_t i);

/* The object of `rung learn --suggest --json`, on one line. */
void suggest_write_json(const struct suggestions *suggestions, struct emit *emit);

#endif
