"""Writes scores_values.h: what numpy, scipy and scikit-learn say of the scores in src/stats.

usage: python3 scores_oracle.py > scores_values.h      (numpy 2.4, scipy 1.17, scikit-learn 1.9)

The rows of a case are thrown with the generator of src/base/dice.c, re-implemented here, so that
the test can make the same rows from the same seed.
"""
import numpy as np
from scipy import stats
from sklearn import metrics

MASK = (1 << 64) - 1


class Dice:
    """xoshiro256++ seeded by splitmix64"""

    def __init__(self, seed):
        self.state = []
        for _ in range(4):
            seed = (seed + 0x9E3779B97F4A7C15) & MASK
            z = seed
            z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
            z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
            self.state.append(z ^ (z >> 31))

    def unit(self):
        s = self.state
        rotate = lambda x, k: ((x << k) | (x >> (64 - k))) & MASK
        result = (rotate((s[0] + s[3]) & MASK, 23) + s[0]) & MASK
        t = (s[1] << 17) & MASK
        s[2] ^= s[0]
        s[3] ^= s[1]
        s[1] ^= s[2]
        s[0] ^= s[3]
        s[2] ^= t
        s[3] = rotate(s[3], 45)
        return (result >> 11) * 2.0 ** -53


def number(x):
    x = float(x)
    return "NAN" if np.isnan(x) else repr(x)


def table(name, fields, rows):
    print(f"static const struct {{\n    double {', '.join(fields)};\n}} {name}[] = {{")
    for row in rows:
        print("    {" + ", ".join(number(x) for x in row) + "},")
    print("};\n")


def make_rows(case):
    """As make_rows in test_stats_scores.c: every third case has tied scores."""
    dice = Dice(case)
    n = 4 + case * case
    score, weak, strong, forecast, outcome = (np.zeros(n) for _ in range(5))
    for i in range(n):
        u = dice.unit()
        score[i] = np.floor(u * 5) / 8 if case % 3 == 0 else u
        weak[i] = dice.unit() < 0.8 - 0.3 * u
        strong[i] = dice.unit() < 0.8
        v = dice.unit()
        forecast[i] = (1 + np.floor(v * 4)) / 8 if case % 3 == 1 else 0.02 + 0.96 * v
        outcome[i] = dice.unit() < 0.3 + 0.5 * v
    return score, weak, strong, forecast, outcome


def route(score, weak, strong):
    """routellm/evals: benchmarks.py (pd.qcut into 10, duplicates dropped), evaluate.py"""
    thresholds = np.unique(np.quantile(score, np.linspace(0, 1, 11)))
    share, accuracy = [], []
    for i, threshold in enumerate(thresholds):
        picked = score >= threshold if i != len(thresholds) - 1 else score > threshold
        share.append(picked.mean())
        accuracy.append(np.where(picked, strong, weak).mean())
    order = np.argsort(share, kind="stable")
    share, accuracy = np.array(share)[order], np.array(accuracy)[order]
    w, s = weak.mean(), strong.mean()
    area = np.trapezoid(accuracy, share)
    low = np.trapezoid(np.full(len(share), w), share)
    high = np.trapezoid(np.full(len(share), s), share)
    with np.errstate(all="ignore"):
        apgr = (area - low) / (high - low) if s != w else np.nan
    cpt = [np.interp(x * (s - w) + w, accuracy, share) if s != w else np.nan for x in (0.2, 0.5, 0.8)]
    return [w, s, len(share), apgr] + cpt


def judge(forecast, outcome):
    both = 0 < outcome.mean() < 1
    brier = np.mean((forecast - outcome) ** 2)
    edges = np.quantile(forecast, np.arange(1, 10) / 10)
    bins = np.searchsorted(edges, forecast, side="left")
    ece = sum((bins == b).mean() * abs(outcome[bins == b].mean() - forecast[bins == b].mean())
              for b in np.unique(bins))
    skill = 1 - brier / np.mean((outcome.mean() - outcome) ** 2) if both else np.nan
    auc = metrics.roc_auc_score(outcome, forecast) if both else np.nan
    loss = metrics.log_loss(outcome, forecast, labels=[0, 1])
    return [outcome.mean(), brier, skill, loss, auc, ece]


def sums():
    """Rows 0 … n-1 of case 9: closed-form intervals at 95 %."""
    rows = []
    for case in [4, 7, 9, 20]:
        a, _, b, c, d = make_rows(case)
        a, c = a + 0.1, c + 0.1
        mean = stats.t.interval(0.95, len(a) - 1, a.mean(), stats.sem(a))
        welch = stats.ttest_ind(a, c, equal_var=False).confidence_interval(0.95)
        paired = stats.ttest_rel(a, c).confidence_interval(0.95)
        # ln of a ratio of means by the delta method, with Welch's degrees of freedom
        v, w = a.var(ddof=1) / len(a) / a.mean() ** 2, c.var(ddof=1) / len(c) / c.mean() ** 2
        freedom = (v + w) ** 2 / ((v * v + w * w) / (len(a) - 1))
        log_ratio, half = np.log(a.mean() / c.mean()), stats.t.ppf(0.975, freedom) * np.sqrt(v + w)
        # a ratio of sums: residuals around it
        ratio = a.sum() / d.sum()
        residual = a - ratio * d
        ratio_half = stats.t.ppf(0.975, len(a) - 1) * stats.sem(residual) / d.mean()
        rows.append([case, *mean, *welch, *paired, 1 - np.exp(log_ratio + half),
                     1 - np.exp(log_ratio - half), ratio - ratio_half, ratio, ratio + ratio_half])
    table("sum_intervals", ["seed", "mean_low", "mean_high", "welch_low", "welch_high", "paired_low",
                            "paired_high", "saving_low", "saving_high", "ratio_low", "ratio",
                            "ratio_high"], rows)


def bootstraps():
    """scipy's percentile bootstrap with many rounds: equal up to the noise of the dice."""
    a, _, _, c, d = make_rows(16)
    rng = np.random.default_rng(1)
    options = dict(paired=True, vectorized=True, n_resamples=40000, method="percentile", rng=rng)
    mean = stats.bootstrap((a,), lambda x, axis: x.mean(axis), **options).confidence_interval
    ratio = stats.bootstrap((a, d), lambda x, y, axis: x.sum(axis) / y.sum(axis),
                            **options).confidence_interval
    paired = stats.bootstrap((a, c), lambda x, y, axis: (x - y).mean(axis),
                             **options).confidence_interval
    table("bootstraps", ["mean_low", "mean_high", "ratio_low", "ratio_high", "paired_low",
                         "paired_high"], [[*mean, *ratio, *paired]])


def discoveries():
    dice = Dice(77)
    p = np.array([dice.unit() ** 3 for _ in range(40)])
    p[5] = p[6]
    table("discoveries", ["p", "adjusted"], zip(p, stats.false_discovery_control(p)))


print("/* Written by scores_oracle.py with numpy, scipy and scikit-learn; do not edit. */")
print("#ifndef RUNG_TEST_SCORES_VALUES_H\n#define RUNG_TEST_SCORES_VALUES_H\n\n#include <math.h>\n")
print("/* clang-format off */\n")
cases = [(case, make_rows(case)) for case in range(1, 37)]
table("routings", ["seed", "weak", "strong", "points", "apgr", "cpt20", "cpt50", "cpt80"],
      [[case] + route(*rows[:3]) for case, rows in cases])
table("forecasts", ["seed", "base_rate", "brier", "skill", "log_loss", "auc", "ece"],
      [[case] + judge(*rows[3:]) for case, rows in cases])
sums()
bootstraps()
discoveries()
print("/* clang-format on */\n#endif")
