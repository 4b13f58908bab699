"""Prints the table of limits in src/stats/drift.c: at each expected rate the limit of the Bernoulli
CUSUM (odds fall to 0.35 of what they were) at which false alarms come every 2,300 tasks.

usage: python3 drift_oracle.py      (numpy 2.4)

L(s), the mean number of tasks until an alarm from sum s, solves
    L(s) = 1 + p L(max(0, s - down)) + (1 - p) [s + up < limit] L(s + up),
here on a grid with straight lines between its points.
"""
import numpy as np


def tasks_between_alarms(p, limit, points=500):
    odds = 0.35 * p / (1 - p)
    feared = odds / (1 + odds)
    down, up = -np.log(feared / p), np.log((1 - feared) / (1 - p))
    grid = np.linspace(0, limit, points)
    step = grid[1]
    matrix = np.eye(points)
    for i, s in enumerate(grid):
        for weight, to in [(p, max(0.0, s - down)), (1 - p, s + up)]:
            if to >= limit:
                continue
            j = min(int(to / step), points - 2)
            part = to / step - j
            matrix[i, j] -= weight * (1 - part)
            matrix[i, j + 1] -= weight * part
    return np.linalg.solve(matrix, np.ones(points))[0]


def limit_for(p, tasks):
    low, high = 1.0, 8.0
    for _ in range(18):
        middle = (low + high) / 2
        low, high = (middle, high) if tasks_between_alarms(p, middle) < tasks else (low, middle)
    return high


if __name__ == "__main__":
    print(f"at .88 with limit 5: {tasks_between_alarms(0.88, 5.0):.0f} tasks")
    for p in [0.02, 0.05] + [i / 10 for i in range(1, 9)] + [0.85, 0.9, 0.95, 0.98]:
        print(f"    {{{p:.2f}, {limit_for(p, 2300):.2f}}},", flush=True)
