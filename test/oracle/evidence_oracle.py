"""Expected values for test_learner.c, from scikit-learn and scipy.

Usage: python3 test/oracle/evidence_oracle.py > test/oracle/evidence_values.h
"""

import numpy as np
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression

PENALTY = 3.0
FIGURES = 28


def generator(seed):
    """The same numbers as oracle_next() in test_learner.c: a 32-bit LCG, upper 16 bits."""
    state = seed
    while True:
        state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
        yield (state >> 16) / 65536.0


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def print_array(name, values):
    body = ",\n    ".join(f"{v:.12g}" for v in values)
    print(f"static const double {name}[] = {{\n    {body},\n}};\n")


def surface():
    draw = generator(7)
    rows = np.array([[np.float32(next(draw)) for _ in range(FIGURES)] for _ in range(200)], float)
    y = np.array([1 if r[0] + r[1] - r[2] > 0.9 * next(draw) else 0 for r in rows])
    scaled = np.clip((rows - rows.mean(0)) / rows.std(0), -4, 4)
    model = LogisticRegression(C=1 / PENALTY, tol=1e-12, max_iter=10000).fit(scaled, y)
    print_array("oracle_surface", list(model.coef_[0]) + [model.intercept_[0]])


def prior():
    draw = generator(11)
    n, rungs, labels = 300, 3, 7
    rung = [int(next(draw) * rungs) for _ in range(n)]
    first = [int(next(draw) * 4) for _ in range(n)]
    second = [4 + int(next(draw) * 3) for _ in range(n)]
    weight = [0.5 if next(draw) < 0.5 else 1.0 for _ in range(n)]
    y = [1.0 if next(draw) < sigmoid(0.5 * rung[i] + 0.7 - 0.5 * first[i]) else 0.0
         for i in range(n)]
    precision = [1.0] * 4 + [2.5] * 3

    def loss(x):
        theta, b = x[:rungs], x[rungs:]
        z = np.array([theta[rung[i]] - b[first[i]] - b[second[i]] for i in range(n)])
        nll = np.sum(np.array(weight) * (np.logaddexp(0, z) - np.array(y) * z))
        return nll + 0.5 * np.dot(precision, b**2) + 0.5 * 0.05 * np.sum(theta**2)

    best = minimize(loss, np.zeros(rungs + labels), method="BFGS", options={"gtol": 1e-9})
    best = minimize(loss, best.x, method="Nelder-Mead",
                    options={"xatol": 1e-9, "fatol": 1e-14, "maxiter": 200000, "maxfev": 200000})
    print_array("oracle_prior", best.x)


def beta_calibration():
    draw = generator(13)
    z = np.array([6 * next(draw) - 3 for _ in range(400)])
    y = np.array([1.0 if next(draw) < sigmoid(0.5 * v + 0.3) else 0.0 for v in z])

    def loss(x):
        bent = x[0] * -np.logaddexp(0, -z) - x[1] * -np.logaddexp(0, z) + x[2]
        nll = np.sum(np.logaddexp(0, bent) - y * bent)
        return nll + 0.5 * 2.0 * ((x[0] - 1) ** 2 + (x[1] - 1) ** 2 + x[2] ** 2)

    best = minimize(loss, [1, 1, 0], method="L-BFGS-B", bounds=[(0, None), (0, None), (None, None)],
                    options={"ftol": 1e-15, "gtol": 1e-10})
    print_array("oracle_calibration", best.x)


print("/* Written by test/oracle/evidence_oracle.py. */")
surface()
prior()
beta_calibration()
