#!/usr/bin/env python3
"""Writes report_values.h: comparisons with the middle rung, computed row by row with numpy, and
their e-values by numerical integration of the normal mixture (scipy), not by its closed form."""
import math

import numpy as np
from scipy import integrate, optimize

ALPHA = 0.05
rng = np.random.default_rng(7)


def log_e(z, t):
    """ln of the integral of the likelihood ratio exp(m z sqrt(t) - m^2 t / 2) over a normal prior
    of m with the variance that is best at t = 200."""
    level = -2 * math.log(ALPHA)
    variance = (level + math.log(level + 1)) / 200
    centre = z * math.sqrt(t) * variance / (t * variance + 1)
    width = math.sqrt(variance / (t * variance + 1))

    def exponent(m):
        return m * z * math.sqrt(t) - m * m * t / 2 - m * m / (2 * variance)

    shift = exponent(centre)
    area, _ = integrate.quad(lambda m: math.exp(exponent(m) - shift), centre - 12 * width, centre + 12 * width,
                             epsabs=0, epsrel=1e-11, points=[centre])
    return shift + math.log(area) - math.log(2 * math.pi * variance) / 2


def signed(gain, variance, t):
    value = log_e(gain / math.sqrt(variance), t)
    return value if gain > 0 else -max(value, 0)


def lower(gain, variance, t):
    edge = optimize.brentq(lambda z: log_e(z, t) - math.log(1 / ALPHA), 0.01, 50, xtol=1e-13)
    return gain - edge * math.sqrt(variance)


def shrunk(rate, n):
    """Variance of a rate with two successes and two failures added."""
    r = (rate * n + 2) / (n + 4)
    return r * (1 - r) / n


def row(n, p, success, middle_success, cost, middle_cost):
    taken = int(n * p)
    accepted, hits = int(n * success), int(taken * middle_success)
    usd = rng.gamma(2, cost / 2, n)
    middle = rng.gamma(2, middle_cost / 2, taken)
    here = usd.mean(), usd.var(ddof=1) / n
    w = np.full(taken, 1 / p)
    there = np.average(middle, weights=w)
    there_var = np.sum(w**2 * (middle - there) ** 2) / w.sum() ** 2
    gain = there - here[0]
    cost_lower = lower(gain, here[1] + there_var, n)
    y = np.r_[np.ones(hits), np.zeros(taken - hits)]
    rate, other = accepted / n, np.average(y, weights=w)
    variance = shrunk(rate, n) + max(np.sum(w**2 * (y - other) ** 2) / w.sum() ** 2, shrunk(other, taken))
    margin = 0.05
    values = [n, accepted, p, taken, hits, usd.sum(), (usd**2).sum(), middle.sum(), (middle**2).sum(),
              1 - here[0] / there, cost_lower / there, signed(gain, here[1] + there_var, n),
              rate - other, lower(rate - other + margin, variance, n) - margin,
              signed(rate - other + margin, variance, n)]
    return "    {" + ", ".join(repr(float(v)) for v in values) + "},"


def bet(counts, mean):
    """ln of the average, over 128 stakes, of the wealth of one who bets that the mean difference
    is above `mean`; half of the stakes even, half on a log scale."""
    stakes = [(i + 0.5) / 64 for i in range(64)] + [1000 ** -((i + 0.5) / 64) for i in range(64)]
    wealth = [math.fsum(n * math.log(1 + s * (x - mean) / (mean + 1)) for x, n in zip((-1, 0, 1), counts))
              for s in stakes]
    top = max(wealth)
    return top + math.log(math.fsum(math.exp(w - top) for w in wealth) / len(wealth))


def pair_row(worse, same, better):
    counts = worse, same, better
    edge = optimize.brentq(lambda m: bet(counts, m) - math.log(1 / ALPHA), -1 + 1e-9, 1 - 1e-9, xtol=1e-13)
    values = [*counts, (better - worse) / sum(counts), edge, bet(counts, -0.05)]
    return "    {" + ", ".join(repr(float(v)) for v in values) + "},"


def main():
    print("/* Written by report_oracle.py; do not edit. */\n#ifndef RUNG_TEST_REPORT_VALUES_H\n"
          "#define RUNG_TEST_REPORT_VALUES_H\n")
    print("struct report_oracle {\n    double n, accepted, p, taken, hits, usd, usd_squares, middle_usd, "
          "middle_usd_squares;\n    double saving, saving_lower, log_e_saving, difference, difference_lower,\n"
          "        log_e_difference;\n};\n")
    print("static const struct report_oracle REPORT_ORACLE[] = {")
    print(row(1000, 0.2, 0.85, 0.86, 0.05, 0.08))
    print(row(400, 0.5, 0.70, 0.86, 0.05, 0.052))
    print(row(5000, 0.05, 0.90, 0.90, 0.12, 0.10))
    print(row(3000, 0.1, 0.88, 0.88, 0.05, 0.09))
    print("};\n")
    print("struct pair_oracle {\n    double worse, same, better, difference, lower, log_e;\n};\n")
    print("static const struct pair_oracle PAIR_ORACLE[] = {")
    print(pair_row(6, 280, 14))
    print(pair_row(12, 176, 12))
    print(pair_row(40, 100, 10))
    print("};\n\n#endif")


if __name__ == "__main__":
    main()
