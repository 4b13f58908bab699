/* What the files of this room share for resampling. */
#ifndef RUNG_STATS_RESAMPLE_H
#define RUNG_STATS_RESAMPLE_H

#include "stats/stats.h"

/* Rows drawn with replacement: how often each of n comes. */
void resample_counts(struct dice *dice, uint32_t *counts, size_t n);

/* A row number below n; the bias is below n/2^53. */
size_t resample_row(struct dice *dice, size_t n);

size_t resample_rounds(struct stats_resampling how); /* bounded */

/* Sorts the values of all rounds and reads the interval off them; NaN values are left out. */
struct interval resample_interval(double mean, double *values, size_t rounds, double level);

#endif
