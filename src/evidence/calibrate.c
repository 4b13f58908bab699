/* Bends forecasts to what came of them. Receives logits and outcomes, hands on three numbers;
 * refuses to know where the forecasts come from. */
#include "calibrate.h"

#include <math.h>

enum { SWEEPS_MOST = 200, CASES_LEAST = 100 };
static const double PENALTY = 10; /* about what a few hundred outcomes weigh */

/* ln σ(z), without overflow. */
static double log_sigmoid(double z)
{
    return z > 0 ? -log1p(exp(-z)) : z - log1p(exp(z));
}

static double bend(struct calibration calibration, double logit)
{
    return calibration.a * log_sigmoid(logit) - calibration.b * log_sigmoid(-logit) + calibration.c;
}

double calibration_apply(struct calibration calibration, double logit)
{
    return 1 / (1 + exp(-bend(calibration, logit)));
}

double calibration_loss(
    struct calibration calibration, const struct calibration_case *cases, size_t n)
{
    double loss = 0;
    for (size_t i = 0; i < n; i++) {
        double z = bend(calibration, cases[i].logit);
        loss -= cases[i].success * log_sigmoid(z) + (1 - cases[i].success) * log_sigmoid(-z);
    }
    return loss;
}

/* What each of a, b and c is multiplied by. */
static double slope(int number, double logit)
{
    return number == 0 ? log_sigmoid(logit) : number == 1 ? -log_sigmoid(-logit) : 1;
}

/* Newton's method along a, b and c in turn: the loss is convex in the three. */
struct calibration calibration_fit(const struct calibration_case *cases, size_t n, double penalty)
{
    double numbers[3] = {1, 1, 0};
    const double start[3] = {1, 1, 0};
    for (int sweep = 0; sweep < SWEEPS_MOST; sweep++) {
        double longest = 0;
        for (int k = 0; k < 3; k++) {
            struct calibration now = {numbers[0], numbers[1], numbers[2]};
            double gradient = penalty * (numbers[k] - start[k]), curvature = penalty;
            for (size_t i = 0; i < n; i++) {
                double x = slope(k, cases[i].logit), p = calibration_apply(now, cases[i].logit);
                gradient += (p - cases[i].success) * x;
                curvature += p * (1 - p) * x * x;
            }
            double to = numbers[k] - gradient / curvature;
            if (k < 2 && to < 0)
                to = 0;
            longest = fmax(longest, fabs(to - numbers[k]));
            numbers[k] = to;
        }
        if (longest < 1e-7)
            break;
    }
    return (struct calibration){numbers[0], numbers[1], numbers[2]};
}

struct calibration calibration_choose(const struct calibration_case *cases, size_t n)
{
    if (n < CASES_LEAST)
        return calibration_identity;
    const struct calibration_case *later = cases + n / 2;
    size_t n_later = n - n / 2;
    struct calibration first = calibration_fit(cases, n / 2, PENALTY);
    if (calibration_loss(first, later, n_later) >=
        calibration_loss(calibration_identity, later, n_later))
        return calibration_identity;
    return calibration_fit(cases, n, PENALTY);
}
