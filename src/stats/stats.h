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
#include "base/emit.h"
#include "base/failure.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    STATS_BINS = 10,             /* of calibration and of the routing curve */
    STATS_TASKS_MOST = 1000000,  /* a plan or a wait beyond this many tasks is "never" */
    STATS_WAIT_MOST = 100000,    /* likewise for the exact waiting time, which costs more */
    STATS_ROUNDS_MOST = 1000000, /* of a bootstrap or a simulation; more are cut to it */
    STATS_ESS_LEAST = 50,        /* below this effective sample size a what-if is refused */
    STATS_NEVER = -1,
};

/* x3 of the JSON formats. */
struct interval {
    double low, mean, high;
};

/* key: [low, mean, high], rounded to 1e-9, with null for what is not known; or null where no mean
 * is (json.c). */
void stats_write_interval(struct emit *emit, const char *key, struct interval interval);

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

/* Difference of two independent rates, k1/n1 - k2/n2: Wilson's limits squared and added (Newcombe,
 * "Interval estimation for the difference between independent proportions", 1998, method 10).
 * n1 or n2 = 0 gives [-1, NaN, 1]. */
struct interval stats_rate_difference(double k1, double n1, double k2, double n2, double level);

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

/* The same for a mean of bounded values, such as paired differences of success (-1, 0, 1): how
 * often each value came. */
struct stats_valued {
    const double *values, *counts;
    size_t n;
};

/* ln of the e-value against H0 "mean <= `mean`" where no value can be below `least`, or against H0
 * "mean >= `mean`" where none can be above `most`: the average over fixed stakes s in (0, 1) of
 * the product of 1 + s (x - mean)/(mean - least), each a supermartingale under H0 (Waudby-Smith
 * and Ramdas, "Estimating means of bounded random variables by betting", 2023). */
double stats_log_eprocess_mean_above(const struct stats_valued *seen, double least, double mean);
double stats_log_eprocess_mean_below(const struct stats_valued *seen, double most, double mean);

/* How many more values, in the proportions seen so far, until that e-value reaches 1/alpha: the
 * one above where `edge` < mean, else the one below. 0 and STATS_NEVER as for a rate. */
int64_t stats_eprocess_mean_more_needed(
    const struct stats_valued *seen, double edge, double mean, double alpha);

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

/* Learn-then-Test: thresholds in order from strict to lax, with the tasks each would have routed
 * to the cheap rung and how many of those failed. How many thresholds, from the strictest on, keep
 * the failure rate at or below `most` with confidence 1 - delta: the first refusal ends the walk
 * (Angelopoulos et al., "Learn then Test", 2021; bound: Clopper–Pearson). */
size_t stats_learn_then_test(
    const double *failed, const double *routed, size_t n, double most, double delta);

/* ---- means, ratios, differences from rows (bootstrap.c) ---- */

/* How to resample: percentile bootstrap over rows. The same dice give the same interval. */
struct stats_resampling {
    double level;  /* 0.95 */
    size_t rounds; /* 1000; 0 leaves low and high NaN */
    struct dice *dice;
};

/* NaN where n = 0 or where the denominators add up to 0. */
struct interval stats_bootstrap_mean(const double *values, size_t n, struct stats_resampling how);
struct interval stats_bootstrap_difference(/* mean of a[i] - b[i], paired */
    const double *a, const double *b, size_t n, struct stats_resampling how);
struct interval stats_bootstrap_ratio(/* sum of over ÷ sum of under, row by row together */
    const double *over, const double *under, size_t n, struct stats_resampling how);
struct interval stats_bootstrap_saving(/* 1 - sum of cost ÷ sum of baseline */
    const double *cost, const double *baseline, size_t n, struct stats_resampling how);

/* Any statistic of rows that are named by their numbers 0 … n-1; NaN answers are left out, and
 * the interval is NaN where fewer than half of the rounds gave a number. */
struct interval stats_bootstrap(size_t n,
    double (*statistic)(const void *context, const uint32_t *rows, size_t n), const void *context,
    struct stats_resampling how);

/* Quantile of sorted values, linear between them (type 7, as numpy); NaN where n = 0. */
double stats_quantile(const double *sorted, size_t n, double q);

/* ---- the same from sums that are maintained, not scanned (sums.c) ---- */

/* Of a million rows or none: closed forms, where the bootstrap would be slow. Low and high are
 * NaN below two rows. */
struct stats_sums {
    double n, sum, squares;
};
struct stats_pair_sums {
    double n, a, b, aa, ab, bb;
};
void stats_sums_add(struct stats_sums *sums, double value);
void stats_pair_sums_add(struct stats_pair_sums *sums, double a, double b);

struct interval stats_mean_interval(const struct stats_sums *sums, double level); /* Student */

/* Two independent groups: mean a - mean b (Welch), and 1 - mean a ÷ mean b (delta method on the
 * logarithm of the ratio; NaN where a mean is not positive). */
struct interval stats_difference_interval(
    const struct stats_sums *a, const struct stats_sums *b, double level);
struct interval stats_saving_interval(
    const struct stats_sums *cost, const struct stats_sums *baseline, double level);

/* Rows that carry both: mean of a - b, and sum a ÷ sum b (delta method; NaN where sum b is 0),
 * such as dollars per accepted task. */
struct interval stats_paired_difference_interval(const struct stats_pair_sums *sums, double level);
struct interval stats_ratio_interval(const struct stats_pair_sums *sums, double level);

/* ---- how well a router ranks (routing.c) ---- */

struct stats_curve_point {
    double strong_share, quality;
};

/* Routing between a weak and a strong model by a score (high: send to the strong one), judged as
 * RouteLLM's evaluate.py and benchmarks.py do: thresholds at the 10-quantiles of the score, equal
 * ones once; a row goes to the strong model at `score >= threshold`, at the last threshold only
 * above it. APGR = (area of the curve - area of weak) / (area of strong - area of weak), by
 * trapezoids: 0.5 for random, above 1 possible. Where all scores tie, the curve runs straight
 * from all-weak to all-strong. */
struct stats_routing {
    double weak, strong; /* mean quality of each model alone */
    double apgr;         /* NaN: no rows, a number that is none, or weak = strong */
    size_t n_points;
    struct stats_curve_point points[STATS_BINS + 2]; /* by rising share of the strong model */
};
struct stats_routing stats_routing(
    const double *score, const double *weak, const double *strong, size_t n);

/* CPT(gain): share of calls to the strong model, 0 … 1, at which the gain in quality is `gain`
 * of what the strong model would gain. As numpy.interp over the points, including what that does
 * where quality is not monotone. NaN where apgr is. */
double stats_routing_cpt(const struct stats_routing *routing, double gain);

struct stats_routing_intervals {
    struct interval apgr, cpt50, cpt80;
};
struct stats_routing_intervals stats_routing_bootstrap(const double *score, const double *weak,
    const double *strong, size_t n, struct stats_resampling how);

/* ---- how well a forecast of success is calibrated (forecast.c) ---- */

/* Forecasts are probabilities, outcomes 0 … 1. Bins of equal mass: forecasts at or below the same
 * 10-quantile share one, so equal forecasts are never torn apart. */
struct stats_forecast {
    double n, base_rate;
    double brier;       /* mean (forecast - outcome)^2 */
    double brier_skill; /* 1 - brier ÷ that of always saying the base rate; NaN if that is 0 */
    double log_loss;    /* nats; forecasts are kept 1e-15 away from 0 and 1 */
    double auc;         /* ties count half; outcomes from 0.5 on are hits; NaN if all are alike */
    double ece;         /* sum over bins of n_bin/n · |mean outcome - mean forecast| */
};
struct stats_forecast stats_forecast(const double *forecast, const double *outcome, size_t n);

/* ece: resampling adds noise, hence bias; the interval is shifted back by the mean of it. */
struct stats_forecast_intervals {
    struct interval brier, brier_skill, log_loss, auc, ece;
};
struct stats_forecast_intervals stats_forecast_bootstrap(
    const double *forecast, const double *outcome, size_t n, struct stats_resampling how);

/* The ECE that a perfect forecaster who says these forecasts would show, by simulation: 5th
 * percentile, mean, 95th percentile (how.level is not used). */
struct interval stats_ece_null(const double *forecast, size_t n, struct stats_resampling how);

struct stats_reliability {
    double n, forecast;       /* in this bin: count and mean forecast */
    struct interval observed; /* mean outcome with Wilson's 95 % interval */
};
size_t stats_reliability(const double *forecast, const double *outcome, size_t n,
    struct stats_reliability bins[STATS_BINS]); /* how many bins are used */

/* Area under the ROC curve of any score. */
double stats_auc(const double *score, const double *outcome, size_t n);

/* ---- has the world changed? (drift.c) ---- */

/* CUSUM of the Bernoulli log-likelihood ratio, for a fall of the success rate from `expected` to
 * `feared`; an alarm resets it. (Page 1954.) */
struct stats_success_drift {
    double expected, feared, limit;
    double sum;
};

/* The watch for a rate: fears odds of 0.35 of the expected ones (.88 -> .72), and has the limit at
 * which false alarms come every 2,000 tasks or more, whatever the rate. `expected` is kept within
 * .02 … .98; NaN counts as .02. */
struct stats_success_drift stats_success_drift_from(double expected);
bool stats_success_drift_add(struct stats_success_drift *drift, bool success); /* true: alarm */

/* Two-sided CUSUM on standardised residuals of log cost ((ln cost - mean) ÷ sd), each cut at ±4
 * so that one dear task is no alarm. A zeroed struct is ready for use. */
struct stats_cost_drift {
    double up, down;
};
int stats_cost_drift_add(struct stats_cost_drift *drift, double residual); /* +1 dearer, -1, 0 */

/* ---- what another policy would have done (offpolicy.c) ---- */

/* One decision of the log, seen by the policy in question. */
struct stats_logged {
    double reward;       /* success, or dollars */
    double propensity;   /* with which the action was taken, > 0 */
    double target;       /* probability with which the policy in question takes that action */
    double model_taken;  /* expected reward of the action taken, by a model fitted on other rows */
    double model_target; /* expected reward under the policy in question, by that model */
};

struct stats_off_policy {
    struct interval naive;         /* mean reward where the policy agrees: biased, a warning */
    struct interval direct;        /* mean of the model under the policy */
    struct interval snips;         /* rewards weighted by target ÷ propensity, self-normalised */
    struct interval doubly_robust; /* direct, plus the weighted errors of the model */
    double effective_n;            /* (sum of weights)^2 ÷ sum of squared weights */
    double agreeing;               /* rows with target > 0 */
};

/* Intervals by bootstrap over rows; those of snips and doubly_robust are stretched by Student's
 * quantile at the effective sample size over the normal one, since they are too narrow without;
 * doubly_robust at the rows that its spread rests on where those are fewer.
 * Dudík et al., "Doubly robust policy evaluation" (2011); Swaminathan and Joachims (2015). False,
 * naming the row, where a number is out of range. That the policy takes no action whose propensity
 * was 0 is the caller's to check. */
bool stats_off_policy(const struct stats_logged *rows, size_t n, struct stats_resampling how,
    struct stats_off_policy *estimate, struct failure *failure) MUST_USE;

/* True where the effective sample size is too small for a what-if to be shown. */
bool stats_off_policy_is_thin(const struct stats_off_policy *estimate);

/* ---- many claims at once (discovery.c) ---- */

/* Benjamini–Hochberg (1995): which of n p-values can be called discoveries when the expected share
 * of false ones among them is to stay at or below `rate`. Returns how many; `accepted` and
 * `adjusted` (each may be NULL) have n places. A p-value that is NaN is never accepted. */
size_t stats_discoveries(
    const double *p_values, size_t n, double rate, bool *accepted, double *adjusted);

#endif
