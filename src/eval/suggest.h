/* What goes with the cheap rung's success, and with its failure, beyond chance: rules that a
 * policy might take up. */
#ifndef RUNG_EVAL_SUGGEST_H
#define RUNG_EVAL_SUGGEST_H

#include "base/arena.h"
#include "stats/stats.h"

enum {
    EVAL_HINT_SUPPORT = 8, /* attempts of the cheap rung before a feature is looked at */
    EVAL_HINT_FEATURES_MOST = 1 << 20,
};

/* How strongly a task's start is decided already. */
enum eval_spoke { EVAL_SPOKE_DEFAULT, EVAL_SPOKE_PATTERN, EVAL_SPOKE_LABEL, EVAL_SPOKE_PERSON };

/* One finished task. */
struct eval_hint_row {
    struct slice title;
    const struct slice *labels;
    size_t n_labels;
    bool began_cheap; /* its first attempt was on the cheap rung … */
    bool held;        /* … and that attempt was accepted; of other rungs likewise */
    double cost_usd;  /* of all its attempts; NAN: not known */
    bool goes_cheap;  /* the policy would start it on the cheap rung now */
    enum eval_spoke spoke;
};

enum eval_hint_kind { EVAL_HINT_LABEL, EVAL_HINT_PREFIX, EVAL_HINT_WORDS };

struct eval_hint {
    enum eval_hint_kind kind;
    struct slice text;          /* "area:docs"; "area:"; "migrate schema", one or two words */
    bool to_cheap;              /* else away from it */
    double n, held;             /* first attempts of the cheap rung on such tasks */
    struct interval success;    /* Wilson, 95 % */
    double other_n, other_held; /* first attempts of all other rungs on them */
    double p, adjusted;         /* Fisher's exact mid-p, one-sided; after Benjamini–Hochberg */
    size_t moves;               /* tasks that the rule would have moved */
    struct interval saved_usd;  /* all those moves together, 95 %; NAN where costs are missing */
};

/* A feature is tested among the tasks that a rule could move, since the policy chose the others for
 * what they are; where the cheap rung was tried on too few of those, or most are such, among all
 * tasks.
 *
 * Hints at a false-discovery rate of `rate` over all features and both directions, those that
 * save most first. Towards the cheap rung only where it would have moved a task and the other
 * rungs did no better by more than 5 points. *base_rate: of the cheap rung on all tasks. */
size_t eval_suggest(struct arena *arena, const struct eval_hint_row *rows, size_t n, double rate,
    struct eval_hint **hints, double *base_rate);

const char *eval_hint_kind_name(enum eval_hint_kind kind); /* "label", "prefix", "words" */

#endif
