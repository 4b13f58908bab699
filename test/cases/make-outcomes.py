#!/usr/bin/env python3
"""make-outcomes.py SEED TASKS FILE: experiments as JSONL, for cases that need more than a few rows.

Easy tasks (complexity:trivial) start on haiku, hard ones on opus, one in ten on any rung. Which
label goes with what: `area:docs` with haiku's success on tasks that no rule sends there, titles
with "migrate schema" with its failure, `noise:*` with nothing."""
import json
import random
import sys

RUNGS = ["haiku", "sonnet", "opus"]
SUCCESS = {"easy": [0.85, 0.88, 0.90], "hard": [0.40, 0.55, 0.70], "docs": [0.97, 0.97, 0.97],
           "plain": [0.60, 0.75, 0.85], "schema": [0.15, 0.75, 0.85]}
USD = [0.25, 0.56, 0.72]
WORDS = "button invoice parser session cache export worker".split()


def experiment(dice, i):
    kind = dice.choices(list(SUCCESS), [3, 3, 1, 2, 1])[0]
    labels = [f"noise:{dice.randrange(4)}"]
    strategy, preferred = "default", 1
    if kind in ("easy", "hard"):
        strategy, preferred = "complexity-label", 0 if kind == "easy" else 2
        labels.append("complexity:" + ("trivial" if kind == "easy" else "complex"))
    if kind == "docs":
        labels.append("area:docs")
    title = f"{dice.choice(WORDS)} {dice.choice(WORDS)} number {i}"
    if kind == "schema":
        title = f"Migrate schema of {dice.choice(WORDS)} {i}"
    chances = [0.1 / 3] * 3
    chances[preferred] += 0.9
    rung = dice.choices(range(3), chances)[0]
    return {
        "id": f"exp_{i}", "timestamp": 1793577600000 + 60000 * i, "taskId": f"t-{i}",
        "description": title, "modelUsed": RUNGS[rung], "routingStrategy": strategy,
        "routingConfidence": 0.95 if strategy != "default" else 0.6,
        "success": dice.random() < SUCCESS[kind][rung],
        "cost": round(USD[rung] * dice.uniform(0.5, 1.5), 6), "notes": "", "schema": 1,
        "labels": labels, "rung": RUNGS[rung],
        "propensities": {name: round(p, 9) for name, p in zip(RUNGS, chances)},
        "costSource": "measured", "outcomeSource": "test",
    }


def main():
    dice = random.Random(int(sys.argv[1]))
    with open(sys.argv[3], "w") as out:
        for i in range(int(sys.argv[2])):
            out.write(json.dumps(experiment(dice, i)) + "\n")


if __name__ == "__main__":
    main()
