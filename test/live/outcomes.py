#!/usr/bin/env python3
"""Recorded outcomes of real models, acted out by a scripted agent: what `rung swarm` measures and
what `rung eval --ladder` computes from the same rows agree on acceptance and cost.

outcomes.py RUNG [--full]"""
import json
import os
import pathlib
import sys

from fixture import CHECK, Fixture, expect

FULL = "--full" in sys.argv
ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
DATA = pathlib.Path(os.environ.get("RUNG_DATA") or ROOT.parent / "shared" / "data")
ROWS = None if FULL else 40  # all of them, or the first
LADDER = ["claude-haiku-4.5-high", "claude-sonnet-4.5", "claude-opus-4.5"]

AGENT = """import json, pathlib, sys
model, table = sys.argv[1], json.load(open(sys.argv[2]))
task = sys.stdin.read().split()[1]
ok, cost = table[task][model]
pathlib.Path("src/m000.txt").write_text("right\\n" if ok else "wrong\\n")
print(json.dumps({"answer": "done", "cost": cost, "model": model}))
"""

POLICY = """ladder:
{ladder}default: {first}
middle: {second}
top: {third}
labels:
  complexity: {{trivial: {first}, simple: {first}, standard: {first}, complex: {first}}}
gates:
  - {{name: tests, command: [python3, check.py], timeout_s: 60}}
agent:
  use: command
  command: [{python}, {agent}, "{{model}}", {table}]
  result: json
  paths: {{answer: answer, cost: cost, model: model}}
"""


def main():
    rung = sys.argv[1]
    source = DATA / "swebench.jsonl"
    if not source.exists():
        print(f"SKIP: {source} is not there (RUNG_DATA names its directory)")
        sys.exit(77)
    lines = source.read_text().splitlines()[:ROWS]
    rows = [json.loads(line) for line in lines]
    models = LADDER
    fixture = Fixture(rung, modules=1, trust=False)
    outside = fixture.top.parent
    (outside / "agent.py").write_text(AGENT)
    (outside / "rows.jsonl").write_text("\n".join(lines) + "\n")
    table = {row["id"]: {m: [row["models"][m]["ok"], row["models"][m]["cost"]] for m in models}
             for row in rows}
    (outside / "table.json").write_text(json.dumps(table))
    (fixture.top / "check.py").write_text(CHECK)
    (fixture.top / "rung.yaml").write_text(POLICY.format(
        ladder="".join(f"  - {{rung: r{i}, model: {m}}}\n" for i, m in enumerate(models)),
        first="r0", second="r1", third="r2", python=sys.executable, agent=outside / "agent.py",
        table=outside / "table.json"))
    fixture.call("trust", check=0)
    tasks = fixture.tasks([{"id": row["id"], "title": f"Solve {row['id']} today"} for row in rows])
    fixture.call("swarm", "--file", tasks, "--jobs", "4", "--stop-after", "0", timeout=1200)
    got = fixture.rows()
    accepted = sum(row["success"] for row in got) / len(got)
    cost = sum(row["cost"] for row in got) / len(got)
    done = fixture.call("eval", str(outside / "rows.jsonl"), "--ladder", ",".join(models), "--json",
                        check=0)
    policies = {p["name"]: p for line in done.stdout.splitlines()
                for p in json.loads(line).get("policies", [])}
    wanted = policies["ladder"]
    quality, usd = wanted["quality"][1], wanted["cost_usd"][1]
    expect(len(got) == len(rows), f"{len(got)} rows of {len(rows)}")
    expect(abs(accepted - quality) < 1e-9, f"acceptance {accepted}, eval says {quality}")
    expect(abs(cost - usd) < 1e-6, f"cost a task {cost}, eval says {usd}")
    print(f"{len(rows)} tasks of SWE-bench Verified, {' -> '.join(models)}: accepted "
          f"{100 * accepted:.1f} %, ${cost:.4f} a task, the same by eval")


main()
