/* stats: receives numbers, hands on intervals, e-values, verdicts and scores. Pure: no clock, no
 * files, no log; chance comes in as dice. Refuses to know tasks, models, prices or policies.
 *
 * Whatever cannot be said from the numbers given is NaN (written to JSON as null): the mean of
 * nothing, a ratio to nothing, a score of inputs that are not numbers. Functions that return NaN
 * say so. Counts are doubles, so that counts with forgetting are allowed too. Nothing that a
 * caller passes is kept; nothing is left allocated. */
#ifndef RUNG_STATS_STATS_H
#define RUNG_STATS_STATS_H

#include "base/dice.h"
#include "base/failure.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    STATS_BINS = 10,             /* of calibration and of the routing curve */
    STATS_TASKS_MOST = 1000000,  /* a plan or a wait beyond this many tasks is "never" */
    STATS_WAIT_MOST = 100000,    /* likewise for the exact waiting time, which costs more */
    STATS_ROUNDS_MOST = 1000000, /* of a bootstrap */
    STATS_NEVER = -1,
};

/* x3 of the JSON formats. */
struct interval {
    double low, mean, high;
};

/* ---- special functions (special.c) ---- */

double stats_log_beta(double a, double b); /* ln B(a, b), a, b > 0 */

/* Beta(a, b) distribution, a, b > 0: P(X <= x), P(X > x), and their logarithms, which do not
 * underflow. Relative error about 1e-12 up to a + b = 1e6. Continued fraction: Numerical Recipes
 * §6.4; its leading factor after Loader, "Fast and Accurate Computation of Binomial
 * Probabilities" (2000). */
double stats_beta_below(double a, double b, double x);
double stats_beta_above(double a, double b, double x);
double stats_log_beta_below(double a, double b, double x);
double stats_log_beta_above(double a, double b, double x);

/* x with P(X <= x) = p, and x with P(X > x) = p, which is exact for small p too. */
double stats_beta_quantile(double a, double b, double p);
double stats_beta_upper_quantile(double a, double b, double p);

double stats_normal_below(double z);    /* P(Z <= z) */
double stats_normal_quantile(double p); /* Wichura, AS 241 (1988) */
double stats_student_quantile(double p, double degrees_of_freedom);

/* ---- a rate: k of n (binomial.c) ---- */

/* Two-sided intervals of a binomial rate at a level such as 0.95; mean = k/n. n = 0 gives
 * [0, NaN, 1]. Show Wilson or Jeffreys, decide by Clopper–Pearson. */
struct interval stats_clopper_pearson(double k, double n, double level);
struct interval stats_wilson(double k, double n, double level);
struct interval stats_jeffreys(double k, double n, double level); /* 0 and 1 at k = 0 and k = n */

/* One-sided Clopper–Pearson bounds: the rate is above (below) it with that confidence. */
double stats_clopper_pearson_lower(double k, double n, double confidence);
double stats_clopper_pearson_upper(double k, double n, double confidence);

/* Equal-tailed credible interval of Beta(a, b), and its mean a/(a+b). Exact; about 2 µs for a
 * cell of 20 outcomes. */
struct interval stats_beta_interval(double a, double b, double level);

/* P(X >= k) and P(X <= k) for X ~ Binomial(n, p): the exact one-sided p-values of "more (fewer)
 * than the base rate p". The mid versions count half of P(X = k). */
double stats_binomial_at_least(double k, double n, double p);
double stats_binomial_at_most(double k, double n, double p);
double stats_binomial_at_least_mid(double k, double n, double p);

/* Fisher's exact test, one-sided: of `all` tasks `all_hits` are hits; chance that `n` drawn from
 * them hold at least k hits. */
double stats_fisher_at_least(double k, double n, double all_hits, double all);
double stats_fisher_at_least_mid(double k, double n, double all_hits, double all);

/* ---- verdicts that may be looked at after every task (eprocess.c) ---- */

enum stats_verdict { STATS_INSUFFICIENT, STATS_SUPPORTED, STATS_REFUTED };

/* Natural logarithm of the e-value against H0 "rate <= p0" (above) or "rate >= p0" (below): the
 * likelihood ratio mixed uniformly over the rates on the other side,
 *     ln B(1+k, 1+n-k) + ln P(Beta(1+k, 1+n-k) > p0) - ln(1-p0) - k ln p0 - (n-k) ln(1-p0),
 * a supermartingale under every rate of H0, so that P(ever >= 1/alpha) <= alpha (Ville). Closed
 * form: METHODS §2.3. 0 < p0 < 1. */
double stats_log_eprocess_above(double k, double n, double p0);
double stats_log_eprocess_below(double k, double n, double p0);

/* The e-value itself, at most 1e300. */
double stats_eprocess_above(double k, double n, double p0);
double stats_eprocess_below(double k, double n, double p0);

/* SUPPORTED: e against "rate <= p0" has reached 1/alpha now; REFUTED: the mirror has. */
enum stats_verdict stats_verdict(double k, double n, double p0, double alpha);

/* For a single look planned beforehand: SUPPORTED where the one-sided Clopper–Pearson lower
 * bound is at p0 or above, REFUTED where the upper one is below p0. */
enum stats_verdict stats_verdict_one_look(double k, double n, double p0, double alpha);

/* How many more tasks would settle the claim, either way, if they came at the rate seen so far:
 * 0 where it is settled, STATS_NEVER where n = 0, where the rate is p0, or where it would take
 * more than STATS_TASKS_MOST. */
int64_t stats_eprocess_more_needed(double k, double n, double p0, double alpha);

/* ---- how many tasks a claim needs (power.c) ---- */

/* Smallest k of n at which the exact one-sided test of H0 "rate <= p0" rejects at alpha; n + 1
 * where none does. */
int64_t stats_critical_count(int64_t n, double p0, double alpha);

/* Chance that this test rejects after n tasks where the true rate is p. */
double stats_fixed_power(int64_t n, double p0, double p, double alpha);

/* Smallest n from which on the power never falls below `power` again (it is a saw over n);
 * STATS_NEVER where p <= p0 or beyond STATS_TASKS_MOST. */
int64_t stats_fixed_sample(double p0, double p, double alpha, double power);

/* Tasks after which the e-process, looked at after every task, has settled the claim (supported
 * if p > p0, refuted if p < p0) with probability `share`: 0.5 gives the median wait. Exact, by
 * recursion over the counts that are not settled yet. STATS_NEVER at p = p0 and beyond
 * STATS_WAIT_MOST. */
int64_t stats_eprocess_wait(double p0, double p, double alpha, double share);

/* Sample sizes for "not worse by `margin` or more" at one-sided alpha, where the true difference
 * (new minus old) is `difference` <= 0: tasks per arm for two independent arms of rate p, and
 * pairs where a share `discordance` of pairs disagrees. Normal approximation. STATS_NEVER where
 * the difference eats the margin. */
int64_t stats_noninferiority_per_arm(
    double p, double difference, double margin, double alpha, double power);
int64_t stats_noninferiority_pairs(
    double discordance, double difference, double margin, double alpha, double power);

#endif
