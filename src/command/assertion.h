/* What a test of a policy asks for: `moves<=40,cost<=+0,success>=-1%`. */
#ifndef RUNG_COMMAND_ASSERTION_H
#define RUNG_COMMAND_ASSERTION_H

#include "base/arena.h"
#include "base/failure.h"

enum { ASSERTIONS_MOST = 16 };

enum assertion_subject { ASSERT_MOVES, ASSERT_COST, ASSERT_SUCCESS, ASSERT_SUBJECTS };

/* A bound is a number as it is, a share ("%"), or a change: what has a sign. */
struct assertion {
    enum assertion_subject subject;
    struct slice text, compare; /* as it was typed; "<=", "<", ">=", ">", "=" */
    double bound;
    bool is_change, is_percent;
};

const char *assertion_subject_name(enum assertion_subject subject);

/* False, naming the comparison, where one is none. */
bool assertions_read(struct slice text, struct assertion assertions[ASSERTIONS_MOST], size_t *n,
    struct failure *failure) MUST_USE;

/* NAN never holds. */
bool assertion_holds(const struct assertion *assertion, double value);

#endif
