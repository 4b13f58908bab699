/* Receives the p-values of many claims, hands on which of them stand when a bounded share may be
 * false. */
#include "stats/stats.h"

#include "base/arena.h"

#include <math.h>
#include <stdlib.h>

struct claim {
    double p;
    size_t index;
};

static int compare_claims(const void *a, const void *b)
{
    const struct claim *x = a, *y = b;
    if (x->p != y->p)
        return x->p < y->p ? -1 : 1;
    return (x->index > y->index) - (x->index < y->index);
}

size_t stats_discoveries(
    const double *p_values, size_t n, double rate, bool *accepted, double *adjusted)
{
    struct claim *claims = memory_take(n * sizeof(*claims));
    for (size_t i = 0; i < n; i++)
        claims[i] = (struct claim){isnan(p_values[i]) ? INFINITY : p_values[i], i};
    qsort(claims, n, sizeof(*claims), compare_claims);
    size_t found = 0;
    double least = 1; /* the adjusted p-value: least of p·n/rank from this rank on */
    for (size_t rank = n; rank > 0; rank--) {
        const struct claim *claim = &claims[rank - 1];
        least = fmin(least, claim->p * (double)n / (double)rank);
        bool stands = isfinite(claim->p) && least <= rate;
        found += stands;
        if (accepted)
            accepted[claim->index] = stands;
        if (adjusted)
            adjusted[claim->index] = isfinite(claim->p) ? least : NAN;
    }
    free(claims);
    return found;
}
