/* Receives forecasts of success and what became of them, hands on proper scores, calibration and
 * the calibration that a perfect forecaster would show. Refuses to recalibrate. */
#include "stats/stats.h"

#include "base/arena.h"
#include "stats/resample.h"

#include <math.h>
#include <stdlib.h>

struct judged {
    double forecast, outcome, log_loss;
};

static int compare_forecasts(const void *a, const void *b)
{
    const struct judged *x = a, *y = b;
    return (x->forecast > y->forecast) - (x->forecast < y->forecast);
}

static double log_loss_of(double p, double y)
{
    const double edge = 1e-15;
    double safe = fmin(1 - edge, fmax(edge, p));
    return -(y * log(safe) + (1 - y) * log1p(-safe));
}

/* The rows by rising forecast; false where a number is none. The caller frees them. */
static bool sort_rows(
    const double *forecast, const double *outcome, size_t n, struct judged **sorted)
{
    struct judged *rows = *sorted = memory_take(n * sizeof(*rows));
    for (size_t i = 0; i < n; i++) {
        double p = forecast[i], y = outcome ? outcome[i] : 0;
        if (!isfinite(p) || !isfinite(y))
            return false;
        rows[i] = (struct judged){p, y, log_loss_of(p, y)};
    }
    qsort(rows, n, sizeof(*rows), compare_forecasts);
    return true;
}

/* Where each bin ends (the number after its last row); returns how many bins there are. A bin
 * ends behind the last row at or below a 10-quantile. */
static size_t cut_bins(const struct judged *rows, size_t n, size_t ends[STATS_BINS])
{
    size_t bins = 0, end = 0;
    for (size_t j = 1; j <= STATS_BINS; j++) {
        size_t whole = j * (n - 1) / STATS_BINS, rest = j * (n - 1) % STATS_BINS;
        double edge = rows[whole].forecast;
        if (rest)
            edge += (rows[whole + 1].forecast - edge) * (double)rest / STATS_BINS;
        size_t begin = end;
        while (end < n && (j == STATS_BINS || rows[end].forecast <= edge))
            end++;
        if (end > begin)
            ends[bins++] = end;
    }
    return bins;
}

static double ece_of(const struct judged *rows, size_t n)
{
    size_t ends[STATS_BINS], bins = cut_bins(rows, n, ends), i = 0;
    double sum = 0;
    for (size_t bin = 0; bin < bins; bin++) {
        double off = 0;
        for (; i < ends[bin]; i++)
            off += rows[i].outcome - rows[i].forecast;
        sum += fabs(off);
    }
    return sum / (double)n;
}

/* Mann and Whitney: of all pairs of a hit and a miss, the share in which the hit ranks higher. */
static double auc_of(const struct judged *rows, size_t n)
{
    double hits = 0, misses = 0, above = 0;
    for (size_t i = 0; i < n;) {
        double tied_hits = 0, tied_misses = 0, score = rows[i].forecast;
        for (; i < n && rows[i].forecast == score; i++) {
            if (rows[i].outcome >= 0.5)
                tied_hits++;
            else
                tied_misses++;
        }
        above += tied_hits * (misses + tied_misses / 2);
        hits += tied_hits;
        misses += tied_misses;
    }
    return hits > 0 && misses > 0 ? above / hits / misses : NAN;
}

static struct stats_forecast judge_sorted(const struct judged *rows, size_t n)
{
    struct stats_forecast judged = {.n = (double)n};
    double squares = 0;
    for (size_t i = 0; i < n; i++) {
        double p = rows[i].forecast, y = rows[i].outcome;
        judged.base_rate += y;
        squares += y * y;
        judged.brier += (p - y) * (p - y);
        judged.log_loss += rows[i].log_loss;
    }
    judged.base_rate /= judged.n;
    judged.brier /= judged.n;
    judged.log_loss /= judged.n;
    double plain = squares / judged.n - judged.base_rate * judged.base_rate;
    judged.brier_skill = plain > 1e-12 ? 1 - judged.brier / plain : NAN;
    judged.auc = auc_of(rows, n);
    judged.ece = ece_of(rows, n);
    return judged;
}

struct stats_forecast stats_forecast(const double *forecast, const double *outcome, size_t n)
{
    struct stats_forecast judged = {(double)n, NAN, NAN, NAN, NAN, NAN, NAN};
    struct judged *rows = NULL;
    if (n > 0 && sort_rows(forecast, outcome, n, &rows))
        judged = judge_sorted(rows, n);
    free(rows);
    return judged;
}

double stats_auc(const double *score, const double *outcome, size_t n)
{
    struct judged *rows = NULL;
    double auc = n > 0 && sort_rows(score, outcome, n, &rows) ? auc_of(rows, n) : NAN;
    free(rows);
    return auc;
}

size_t stats_reliability(const double *forecast, const double *outcome, size_t n,
    struct stats_reliability bins[STATS_BINS])
{
    struct judged *rows = NULL;
    size_t ends[STATS_BINS], found = 0, i = 0;
    if (n > 0 && sort_rows(forecast, outcome, n, &rows))
        found = cut_bins(rows, n, ends);
    for (size_t bin = 0; bin < found; bin++) {
        double said = 0, seen = 0, count = (double)(ends[bin] - i);
        for (; i < ends[bin]; i++) {
            said += rows[i].forecast;
            seen += rows[i].outcome;
        }
        bins[bin] =
            (struct stats_reliability){count, said / count, stats_wilson(seen, count, 0.95)};
    }
    free(rows);
    return found;
}

enum { SCORES = 5 };

/* The scores in the order of struct stats_forecast_intervals. */
static void list_scores(const struct stats_forecast *judged, double scores[SCORES])
{
    scores[0] = judged->brier;
    scores[1] = judged->brier_skill;
    scores[2] = judged->log_loss;
    scores[3] = judged->auc;
    scores[4] = judged->ece;
}

/* Takes the bias of resampling off an interval of a number that is never below 0. */
static struct interval shifted_back(struct interval interval, const double *values, size_t n)
{
    if (n == 0)
        return interval;
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += values[i];
    double bias = sum / (double)n - interval.mean;
    interval.low = fmax(0, interval.low - bias);
    interval.high = fmax(0, interval.high - bias);
    return interval;
}

static struct stats_forecast_intervals bootstrap_sorted(
    const struct judged *rows, size_t n, struct stats_resampling how)
{
    size_t rounds = resample_rounds(how);
    uint32_t *counts = memory_take(n * sizeof(*counts));
    struct judged *drawn = memory_take(n * sizeof(*drawn));
    double *values = memory_take(SCORES * rounds * sizeof(*values));
    double scores[SCORES];
    struct stats_forecast judged;
    for (size_t round = 0; round < rounds; round++) {
        resample_counts(how.dice, counts, n);
        size_t filled = 0;
        for (size_t i = 0; i < n; i++)
            for (uint32_t copies = counts[i]; copies > 0; copies--)
                drawn[filled++] = rows[i];
        judged = judge_sorted(drawn, n);
        list_scores(&judged, scores);
        for (size_t score = 0; score < SCORES; score++)
            values[score * rounds + round] = scores[score];
    }
    judged = judge_sorted(rows, n);
    list_scores(&judged, scores);
    struct interval found[SCORES];
    for (size_t score = 0; score < SCORES; score++)
        found[score] = resample_interval(scores[score], values + score * rounds, rounds, how.level);
    found[4] = shifted_back(found[4], values + 4 * rounds, rounds);
    free(values);
    free(drawn);
    free(counts);
    return (struct stats_forecast_intervals){found[0], found[1], found[2], found[3], found[4]};
}

struct stats_forecast_intervals stats_forecast_bootstrap(
    const double *forecast, const double *outcome, size_t n, struct stats_resampling how)
{
    const struct interval unknown = {NAN, NAN, NAN};
    struct stats_forecast_intervals intervals = {unknown, unknown, unknown, unknown, unknown};
    struct judged *rows = NULL;
    if (n > 0 && sort_rows(forecast, outcome, n, &rows))
        intervals = bootstrap_sorted(rows, n, how);
    free(rows);
    return intervals;
}

struct interval stats_ece_null(const double *forecast, size_t n, struct stats_resampling how)
{
    struct interval band = {NAN, NAN, NAN};
    struct judged *rows = NULL;
    size_t rounds = resample_rounds(how);
    double *values = memory_take(rounds * sizeof(*values)), sum = 0;
    if (n == 0 || rounds == 0 || !sort_rows(forecast, NULL, n, &rows))
        goto done;
    for (size_t round = 0; round < rounds; round++) {
        for (size_t i = 0; i < n; i++)
            rows[i].outcome = dice_unit(how.dice) < rows[i].forecast;
        values[round] = ece_of(rows, n);
        sum += values[round];
    }
    band = resample_interval(sum / (double)rounds, values, rounds, 0.9);
done:
    free(values);
    free(rows);
    return band;
}
