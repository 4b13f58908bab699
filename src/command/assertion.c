/* Receives the text of --assert, hands on comparisons. Refuses to know where values come from. */
#include "assertion.h"

#include <math.h>

static const char *const SUBJECTS[ASSERT_SUBJECTS] = {"moves", "cost", "success"};
static const char *const COMPARES[] = {"<=", ">=", "==", "<", ">", "="};

enum { COMPARES_COUNT = sizeof(COMPARES) / sizeof(COMPARES[0]) };

const char *assertion_subject_name(enum assertion_subject subject)
{
    return SUBJECTS[subject];
}

static bool read_bound(struct slice text, struct assertion *assertion)
{
    if (text.len == 0)
        return false;
    assertion->is_change = text.base[0] == '+' || text.base[0] == '-';
    assertion->is_percent = slice_ends(text, "%");
    double sign = text.base[0] == '-' ? -1 : 1;
    text = slice_sub(text, assertion->is_change, text.len - assertion->is_percent);
    if (slice_starts(text, "$"))
        text = slice_sub(text, 1, text.len);
    if (!slice_to_double(text, &assertion->bound) || !(assertion->bound >= 0))
        return false;
    assertion->bound *= sign;
    return assertion->subject != ASSERT_MOVES || !assertion->is_change;
}

static bool read_one(struct slice text, struct assertion *assertion)
{
    *assertion = (struct assertion){.text = text};
    size_t at = SIZE_MAX;
    for (int i = 0; i < COMPARES_COUNT && at == SIZE_MAX; i++) {
        at = slice_find(text, COMPARES[i]);
        assertion->compare = slice_from(COMPARES[i]);
    }
    if (at == SIZE_MAX)
        return false;
    struct slice subject = slice_trim(slice_sub(text, 0, at));
    for (int i = 0; i < ASSERT_SUBJECTS; i++)
        if (slice_is(subject, SUBJECTS[i])) {
            assertion->subject = (enum assertion_subject)i;
            return read_bound(
                slice_trim(slice_sub(text, at + assertion->compare.len, text.len)), assertion);
        }
    return false;
}

bool assertions_read(struct slice text, struct assertion assertions[ASSERTIONS_MOST], size_t *n,
    struct failure *failure)
{
    struct slice one;
    for (*n = 0; slice_next_field(&text, ',', &one); (*n)++) {
        if (*n == ASSERTIONS_MOST)
            return failure_set(failure, "--assert takes at most %d comparisons", ASSERTIONS_MOST);
        if (!read_one(slice_trim(one), &assertions[*n]))
            return failure_set(failure,
                "--assert \"%.*s\": a comparison is moves, cost or success, then <=, <, >=, > or "
                "=, then a number, such as moves<=40, moves<=5%%, cost<=+0, cost<=-10%%, "
                "cost<=0.25 or success>=-1%%",
                SLICE_ARG(slice_trim(one)));
    }
    return *n > 0 || failure_set(failure, "--assert is empty: it wants moves<=40 or the like");
}

bool assertion_holds(const struct assertion *assertion, double value)
{
    const double slack = 1e-12; /* sums of dollars that should be equal */
    double bound = assertion->bound;
    if (isnan(value))
        return false;
    if (slice_is(assertion->compare, "<="))
        return value <= bound + slack;
    if (slice_is(assertion->compare, ">="))
        return value >= bound - slack;
    if (slice_is(assertion->compare, "<"))
        return value < bound;
    if (slice_is(assertion->compare, ">"))
        return value > bound;
    return fabs(value - bound) <= slack;
}
