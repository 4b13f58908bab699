/* Receives parameters of the beta, normal and Student distributions, hands on their tails and
 * quantiles, accurate in relative terms far out in the tails. Knows nothing of what is counted. */
#include "stats/stats.h"

#include "stats/special.h"

#include <assert.h>
#include <math.h>

enum { FRACTION_STEPS_MOST = 200000, NEWTON_STEPS_MOST = 200 };

static const double half_log_two_pi = 0.918938533204672741780329736406;

/* ln Γ(a) minus Stirling's formula for it. */
static double stirling_error(double a)
{
    if (a < 15) {
        int sign;
        return lgamma_r(a, &sign) - (a - 0.5) * log(a) + a - half_log_two_pi;
    }
    double r = 1 / (a * a);
    return (1.0 / 12 - r * (1.0 / 360 - r * (1.0 / 1260 - r * (1.0 / 1680 - r / 1188)))) / a;
}

double stats_log_beta(double a, double b)
{
    assert(a > 0 && b > 0);
    return half_log_two_pi - (a - 0.5) * log1p(b / a) - b * log1p(a / b) - 0.5 * log(b) +
           stirling_error(a) + stirling_error(b) - stirling_error(a + b);
}

/* u ln(u/v) + v - u without cancellation where u is near v (Loader's bd0). */
static double deviance(double u, double v)
{
    if (fabs(u - v) >= 0.1 * (u + v))
        return u * log(u / v) + v - u;
    double r = (u - v) / (u + v);
    double sum = (u - v) * r;
    double term = 2 * u * r;
    for (int j = 1; j < 1000; j++) {
        term *= r * r;
        double next = sum + term / (2 * j + 1);
        if (next == sum)
            break;
        sum = next;
    }
    return sum;
}

struct beta_shape beta_shape(double a, double b)
{
    assert(a > 0 && b > 0);
    double log_scale = 0.5 * log(a * (b / (a + b))) - half_log_two_pi - stirling_error(a) -
                       stirling_error(b) + stirling_error(a + b);
    return (struct beta_shape){a, b, log_scale};
}

/* The continued fraction of a·I_x(a, b)·B(a, b) / (x^a y^b) by Lentz's method; converges fast for
 * x below the mean. */
static double beta_fraction(double a, double b, double x)
{
    const double tiny = 1e-300;
    double c = 1, d = 1 - (a + b) * x / (a + 1);
    d = 1 / (fabs(d) < tiny ? tiny : d);
    double h = d;
    for (int i = 1; i <= FRACTION_STEPS_MOST; i++) {
        double m = i, a2m = a + 2 * m;
        double even = m * (b - m) * x / ((a2m - 1) * a2m);
        d = 1 + even * d;
        d = 1 / (fabs(d) < tiny ? tiny : d);
        c = 1 + even / c;
        c = fabs(c) < tiny ? tiny : c;
        h *= d * c;
        double odd = -(a + m) * (a + b + m) * x / (a2m * (a2m + 1));
        d = 1 + odd * d;
        d = 1 / (fabs(d) < tiny ? tiny : d);
        c = 1 + odd / c;
        c = fabs(c) < tiny ? tiny : c;
        h *= d * c;
        if (fabs(d * c - 1) < 4e-16)
            break;
    }
    return h;
}

/* ln(1 - e^l), l <= 0 */
static double log_complement(double l)
{
    return l > -0.6931471805599453 ? log(-expm1(l)) : log1p(-exp(l));
}

struct beta_point beta_at(const struct beta_shape *shape, double x, double y)
{
    double a = shape->a, b = shape->b;
    if (!(x > 0))
        return (struct beta_point){-INFINITY, 0, -INFINITY};
    if (!(y > 0))
        return (struct beta_point){0, -INFINITY, -INFINITY};
    double log_factor = shape->log_scale - deviance(a, (a + b) * x) - deviance(b, (a + b) * y);
    struct beta_point point = {.log_factor = log_factor};
    if (x <= (a + 1) / (a + b + 2)) {
        point.log_below = fmin(0, log_factor + log(beta_fraction(a, b, x) / a));
        point.log_above = log_complement(point.log_below);
    } else {
        point.log_above = fmin(0, log_factor + log(beta_fraction(b, a, y) / b));
        point.log_below = log_complement(point.log_above);
    }
    return point;
}

double stats_log_beta_below(double a, double b, double x)
{
    struct beta_shape shape = beta_shape(a, b);
    return beta_at(&shape, x, 1 - x).log_below;
}

double stats_log_beta_above(double a, double b, double x)
{
    struct beta_shape shape = beta_shape(a, b);
    return beta_at(&shape, x, 1 - x).log_above;
}

double stats_beta_below(double a, double b, double x)
{
    return exp(stats_log_beta_below(a, b, x));
}

double stats_beta_above(double a, double b, double x)
{
    return exp(stats_log_beta_above(a, b, x));
}

/* Where to begin looking for the logit of a quantile. */
static double quantile_guess(double a, double b, double p)
{
    /* The left asymptote of ln P(X <= x) in t = logit x: never above the solution. */
    if (a <= 1 || b <= 1)
        return (log(p) + log(a) + stats_log_beta(a, b)) / a;
    /* Abramowitz and Stegun 26.5.22 */
    double z = -stats_normal_quantile(p);
    double u = 1 / (2 * a - 1), v = 1 / (2 * b - 1);
    double h = 2 / (u + v), l = (z * z - 3) / 6;
    double w = z * sqrt(h + l > 0 ? h + l : 0) / h - (v - u) * (l + 5.0 / 6 - 2 / (3 * h));
    return log(a / b) - 2 * w;
}

static struct beta_shape mirrored(const struct beta_shape *shape)
{
    return (struct beta_shape){shape->b, shape->a, shape->log_scale};
}

/* The quantile x (and y = 1 - x) for a lower tail p <= 1/2. In t = logit x, ln P(X <= x) rises
 * and is concave for every a and b (the density in t is log-concave), so Newton's step never
 * ends right of the solution and the search needs no bracket; Halley's term makes it cubic. */
static void beta_solve(const struct beta_shape *shape, double p, double *x, double *y)
{
    double a = shape->a, b = shape->b;
    double log_p = log(p), t = quantile_guess(a, b, p);
    for (int i = 0; i < NEWTON_STEPS_MOST; i++) {
        *x = 1 / (1 + exp(-t));
        *y = 1 / (1 + exp(t));
        if (*x <= 0 || *y <= 0)
            return;
        struct beta_point point = beta_at(shape, *x, *y);
        double off = point.log_below - log_p;
        double slope = exp(point.log_factor - point.log_below);
        if (!(slope > 0)) {
            t -= 1;
            continue;
        }
        double step = off / slope;
        double bend = 1 - 0.5 * step * (a * *y - b * *x - slope);
        t -= step / fmin(2, fmax(0.5, bend));
        if (fabs(off) < 1e-5)
            break;
    }
    *x = 1 / (1 + exp(-t));
    *y = 1 / (1 + exp(t));
}

/* x where P(X <= x) = p, or P(X > x) = p */
static double beta_find(const struct beta_shape *shape, double p, bool upper)
{
    if (!(p >= 0 && p <= 1))
        return NAN;
    if (p <= 0 || p >= 1)
        return (p <= 0) == upper ? 1 : 0;
    if (p > 0.5) {
        upper = !upper;
        p = 1 - p;
    }
    double x, y;
    struct beta_shape mirror = mirrored(shape);
    if (upper)
        beta_solve(&mirror, p, &y, &x);
    else
        beta_solve(shape, p, &x, &y);
    return x;
}

double stats_beta_quantile(double a, double b, double p)
{
    struct beta_shape shape = beta_shape(a, b);
    return beta_find(&shape, p, false);
}

double stats_beta_upper_quantile(double a, double b, double p)
{
    struct beta_shape shape = beta_shape(a, b);
    return beta_find(&shape, p, true);
}

struct interval stats_beta_interval(double a, double b, double level)
{
    struct beta_shape shape = beta_shape(a, b);
    double tail = (1 - level) / 2;
    return (struct interval){
        beta_find(&shape, tail, false), a / (a + b), beta_find(&shape, tail, true)};
}

double stats_normal_below(double z)
{
    return 0.5 * erfc(-z * 0.70710678118654752440);
}

static double polynomial(const double coefficients[8], double x)
{
    double sum = 0;
    for (int i = 7; i >= 0; i--)
        sum = sum * x + coefficients[i];
    return sum;
}

/* Wichura, "Algorithm AS 241: The percentage points of the normal distribution", PPND16. */
double stats_normal_quantile(double p)
{
    static const double middle_over[8] = {3.3871328727963666080e0, 1.3314166789178437745e2,
        1.9715909503065514427e3, 1.3731693765509461125e4, 4.5921953931549871457e4,
        6.7265770927008700853e4, 3.3430575583588128105e4, 2.5090809287301226727e3};
    static const double middle_under[8] = {1, 4.2313330701600911252e1, 6.8718700749205790830e2,
        5.3941960214247511077e3, 2.1213794301586595867e4, 3.9307895800092710610e4,
        2.8729085735721942674e4, 5.2264952788528545610e3};
    static const double tail_over[8] = {1.42343711074968357734e0, 4.63033784615654529590e0,
        5.76949722146069140550e0, 3.64784832476320460504e0, 1.27045825245236838258e0,
        2.41780725177450611770e-1, 2.27238449892691845833e-2, 7.74545014278341407640e-4};
    static const double tail_under[8] = {1, 2.05319162663775882187e0, 1.67638483018380384940e0,
        6.89767334985100004550e-1, 1.48103976427480074590e-1, 1.51986665636164571966e-2,
        5.47593808499534494600e-4, 1.05075007164441684324e-9};
    static const double far_over[8] = {6.65790464350110377720e0, 5.46378491116411436990e0,
        1.78482653991729133580e0, 2.96560571828504891230e-1, 2.65321895265761230930e-2,
        1.24266094738807843860e-3, 2.71155556874348757815e-5, 2.01033439929228813265e-7};
    static const double far_under[8] = {1, 5.99832206555887937690e-1, 1.36929880922735805310e-1,
        1.48753612908506148525e-2, 7.86869131145613259100e-4, 1.84631831751005468180e-5,
        1.42151175831644588870e-7, 2.04426310338993978564e-15};
    if (!(p >= 0 && p <= 1))
        return NAN;
    if (p <= 0 || p >= 1)
        return p <= 0 ? -INFINITY : INFINITY;
    double q = p - 0.5;
    if (fabs(q) <= 0.425) {
        double r = 0.180625 - q * q;
        return q * polynomial(middle_over, r) / polynomial(middle_under, r);
    }
    double r = sqrt(-log(q < 0 ? p : 1 - p));
    double z = r <= 5 ? polynomial(tail_over, r - 1.6) / polynomial(tail_under, r - 1.6)
                      : polynomial(far_over, r - 5) / polynomial(far_under, r - 5);
    return q < 0 ? -z : z;
}

/* T = sqrt(f (1-X)/X) with X ~ Beta(f/2, 1/2) */
double stats_student_quantile(double p, double degrees_of_freedom)
{
    double f = degrees_of_freedom;
    if (!(p > 0 && p < 1 && f > 0))
        return NAN;
    if (f > 1e7)
        return stats_normal_quantile(p);
    double tail = p < 0.5 ? p : 1 - p;
    if (tail >= 0.5)
        return 0;
    double x, y;
    struct beta_shape shape = beta_shape(f / 2, 0.5), mirror = mirrored(&shape);
    if (tail <= 0.25)
        beta_solve(&shape, 2 * tail, &x, &y);
    else
        beta_solve(&mirror, 1 - 2 * tail, &y, &x);
    double t = sqrt(f * y / x);
    return p < 0.5 ? -t : t;
}
