"""Writes stats_values.h: what scipy and mpmath say of the numbers that src/stats computes.

usage: python3 stats_oracle.py > stats_values.h      (scipy 1.17, mpmath 1.3, numpy 2.4)
"""
import mpmath as mp
import numpy as np
from scipy import stats

mp.mp.dps = 40


def number(x):
    x = float(x)
    if np.isnan(x):
        return "NAN"
    if np.isinf(x):
        return "INFINITY" if x > 0 else "-INFINITY"
    return repr(x)


def table(name, fields, rows):
    print(f"static const struct {{\n    double {', '.join(fields)};\n}} {name}[] = {{")
    for row in rows:
        print("    {" + ", ".join(number(x) for x in row) + "},")
    print("};\n")


def log_beta_below(a, b, x):
    """ln I_x(a, b) by the series of positive terms x^a y^b / (a B) * 2F1(a+b, 1; a+1; x)."""
    a, b, x = mp.mpf(a), mp.mpf(b), mp.mpf(x)
    if x > (a + 1) / (a + b + 2):
        return mp.log(1 - mp.exp(log_beta_below(b, a, 1 - x)))
    term = total = mp.mpf(1)
    i = 0
    while term > total * mp.mpf(10) ** -35:
        term *= x * (a + b + i) / (a + 1 + i)
        total += term
        i += 1
    front = a * mp.log(x) + b * mp.log1p(-x) - mp.log(a)
    front -= mp.loggamma(a) + mp.loggamma(b) - mp.loggamma(a + b)
    return front + mp.log(total)


def special():
    rows = []
    for a, b, x in [(1, 1, 0.3), (0.5, 0.5, 0.01), (0.05, 3, 0.2), (3, 0.05, 0.9), (6.5, 0.5, 0.5),
                    (7, 1, 0.85), (20, 30, 0.1), (20, 30, 0.45), (200, 40, 0.85), (1000, 3000, 0.26),
                    (1e5, 9e5, 0.1001), (1e5, 9e5, 0.09), (5e5, 5e5, 0.5), (999999, 2, 0.9999),
                    (2, 999999, 1e-7), (1, 1e6, 1e-9), (1e6, 1, 1 - 1e-9), (0.01, 1e6, 1e-8),
                    (4000, 10, 0.5), (10, 4000, 0.7), (850001, 150001, 0.85), (850001, 150001, 0.84)]:
        rows.append((a, b, x, log_beta_below(a, b, x), log_beta_below(b, a, 1 - mp.mpf(x)),
                     mp.loggamma(a) + mp.loggamma(b) - mp.loggamma(mp.mpf(a) + b)))
    table("beta_tails", ["a", "b", "x", "log_below", "log_above", "log_beta"], rows)

    rows = []
    for a, b in [(1, 1), (0.5, 0.5), (0.5, 6.5), (7, 1), (0.4, 7.6), (4.8, 3.2), (20, 30), (3, 500),
                 (1000, 3000), (1e5, 9e5), (999999, 2), (1, 1e6), (0.1, 40), (40, 0.1), (5e5, 5e5)]:
        for p in [1e-9, 0.001, 0.025, 0.3, 0.5, 0.8, 0.975, 0.9999]:
            rows.append((a, b, p, stats.beta.ppf(p, a, b), stats.beta.isf(p, a, b)))
    table("beta_quantiles", ["a", "b", "p", "quantile", "upper"], rows)

    table("normal_quantiles", ["p", "z"],
          [(p, stats.norm.ppf(p)) for p in [1e-300, 1e-20, 1e-6, 0.01, 0.025, 0.3, 0.5, 0.6, 0.925,
                                            0.95, 0.975, 0.9999, 1 - 1e-12]])
    table("normal_tails", ["z", "p"],
          [(z, stats.norm.cdf(z)) for z in [-37, -8, -1.96, -0.1, 0, 0.5, 3, 9]])
    table("student_quantiles", ["p", "f", "t"],
          [(p, f, stats.t.ppf(p, f)) for p in [0.001, 0.025, 0.3, 0.5, 0.7, 0.95, 0.975]
           for f in [1, 2, 7, 30, 999, 1e6]])


COUNTS = [(0, 1), (1, 1), (0, 6), (6, 6), (5, 6), (1, 20), (10, 20), (19, 20), (19, 19), (41, 42),
          (331, 500), (0, 1000), (999, 1000), (12, 100000), (85000, 100000), (0, 1000000),
          (1, 1000000), (500000, 1000000), (999999, 1000000), (1000000, 1000000)]


def rates():
    rows = []
    for k, n in COUNTS:
        for level in [0.9, 0.95, 0.999]:
            wilson = stats.binomtest(k, n).proportion_ci(level, "wilson")
            tail = (1 - level) / 2
            exact_low = stats.beta.ppf(tail, k, n - k + 1) if k else 0
            exact_high = stats.beta.isf(tail, k + 1, n - k) if k < n else 1
            lower = stats.beta.ppf(1 - level, k, n - k + 1) if k else 0
            upper = stats.beta.isf(1 - level, k + 1, n - k) if k < n else 1
            jeffreys = stats.beta(k + 0.5, n - k + 0.5)
            rows.append((k, n, level, exact_low, exact_high, lower, upper, wilson.low, wilson.high,
                         jeffreys.ppf(tail) if k else 0, jeffreys.isf(tail) if k < n else 1))
    table("rates", ["k", "n", "level", "exact_low", "exact_high", "lower", "upper", "wilson_low",
                    "wilson_high", "jeffreys_low", "jeffreys_high"], rows)

    rows = []
    for k, n, p in [(0, 5, 0.3), (3, 5, 0.3), (6, 5, 0.3), (6, 6, 0.85), (15, 20, 0.4), (60, 100, 0.5),
                    (99, 100, 0.2), (5200, 10000, 0.5), (100500, 1000000, 0.1)]:
        x = stats.binom(n, p)
        rows.append((k, n, p, x.sf(k - 1), x.cdf(k), x.sf(k) + x.pmf(k) / 2))
    table("binomial_tails", ["k", "n", "p", "at_least", "at_most", "mid"], rows)

    rows = []
    for k, n, hits, everything in [(3, 5, 4, 10), (0, 5, 4, 10), (4, 5, 4, 10), (5, 5, 4, 10),
                                   (2, 9, 3, 10), (1, 9, 3, 10), (30, 40, 500, 1000), (90, 100, 700, 1000),
                                   (5100, 10000, 500000, 1000000), (2, 3, 3, 3), (0, 0, 5, 9)]:
        x = stats.hypergeom(everything, hits, n)
        rows.append((k, n, hits, everything, x.sf(k - 1), x.sf(k) + x.pmf(k) / 2))
    table("fisher_tails", ["k", "n", "hits", "everything", "at_least", "mid"], rows)


def log_e_above(k, n, p0):
    """ln of the mean over q in [p0, 1] of the likelihood ratio of q against p0, by quadrature."""
    p0 = mp.mpf(p0)

    def log_ratio(q):
        value = k * mp.log(q / p0) if k else mp.mpf(0)
        return value + ((n - k) * mp.log((1 - q) / (1 - p0)) if n > k else 0)

    peak = max(p0, mp.mpf(k) / n if n else p0)
    width = mp.sqrt(peak * (1 - peak) / n + mp.mpf(1) / n ** 2) if n else mp.mpf(1)
    height = log_ratio(min(peak, 1 - mp.mpf(10) ** -30))
    cuts = sorted({p0, mp.mpf(1)} | {min(max(peak + s * width, p0), mp.mpf(1))
                                     for s in [-30, -12, -6, -3, -1, 0, 1, 3, 6, 12, 30]})
    mean = mp.quad(lambda q: mp.exp(log_ratio(q) - height) if q < 1 or k == n else mp.mpf(0), cuts)
    return height + mp.log(mean / (1 - p0))


def e_values():
    rows = []
    for k, n in [(0, 0), (6, 6), (27, 27), (28, 28), (41, 42), (42, 43), (10, 20), (0, 50), (300, 400),
                 (900, 1000), (42500, 50000), (43500, 50000)]:
        for p0 in [0.85, 0.5, 0.05]:
            rows.append((k, n, p0, log_e_above(k, n, p0), log_e_above(n - k, n, 1 - mp.mpf(p0))))
    table("e_values", ["k", "n", "p0", "log_above", "log_below"], rows)


def plans():
    """The last n whose exact one-sided test lacks power, plus one."""
    n = np.arange(1, 6000)
    rows = []
    for p0, p in [(0.85, 0.87), (0.85, 0.88), (0.85, 0.9), (0.85, 0.92), (0.85, 0.95), (0.85, 0.99),
                  (0.5, 0.6), (0.5, 0.9), (0.05, 0.08), (0.8, 0.9), (0.95, 0.99)]:
        # scipy's isf may be one off at the boundary: repair by looking
        k = stats.binom.isf(0.05, n, p0) + 1
        k = np.where(stats.binom.sf(k - 2, n, p0) <= 0.05, k - 1, k)
        k = np.where(stats.binom.sf(k - 1, n, p0) > 0.05, k + 1, k)
        power = stats.binom.sf(k - 1, n, p)
        rows.append((p0, p, n[power < 0.8][-1] + 1, n[power < 0.9][-1] + 1))
    table("fixed_samples", ["p0", "p", "for_80", "for_90"], rows)


print("/* Written by stats_oracle.py with scipy and mpmath; do not edit. */")
print("#ifndef RUNG_TEST_STATS_VALUES_H\n#define RUNG_TEST_STATS_VALUES_H\n\n#include <math.h>\n")
print("/* clang-format off */\n")
special()
rates()
e_values()
plans()
print("/* clang-format on */\n#endif")
