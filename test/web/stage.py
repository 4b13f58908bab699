#!/usr/bin/env python3
"""A place with real data and `rung serve` over it, for tests that drive a browser.

stage.py RUNG: makes a repository whose ladder a scripted agent climbs, imports the examples,
decides the backlog, starts the server, and prints one JSON line {"url","login","token"}. Then each
line that it reads, a JSON array of words, is a `rung` command run there: {"status","out"} is
printed when it ends; one that begins with "&" goes on beside. It ends when its input does."""
import json
import os
import pathlib
import re
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parent.parent
sys.path.insert(0, str(TOP / "test" / "live"))
import fixture  # noqa: E402

fixture.POLICY = """ladder:
  - {{rung: haiku, model: small, effort: medium, price: {{input: 0.1, output: 0.5}}}}
  - {{rung: haiku-high, model: small, effort: high, price: {{input: 0.1, output: 0.5}}}}
  - {{rung: sonnet, model: middle, effort: medium, price: {{input: 1, output: 5}}}}
  - {{rung: opus, model: large, effort: high, price: {{input: 2, output: 10}}}}
default: sonnet
middle: sonnet
top: opus
labels:
  explicit: "model:"
  complexity: {{trivial: haiku, simple: haiku, standard: sonnet, complex: opus}}
patterns:
  - {{rung: haiku, words: [rename, typo, add endpoint, add route, create component]}}
  - {{rung: opus, in: title, words: [architecture, security audit, race condition]}}
assume:
  haiku: {{input: 9000, output: 4000}}
  haiku-high: {{input: 9000, output: 8000}}
  sonnet: {{input: 9000, output: 4000}}
  opus: {{input: 9000, output: 4000}}
agent:
  use: command
  command: [{python}, {agent}, "{{model}}", "{{effort}}", "{{phase}}"]
  result: json
  paths: {{answer: answer, cost: cost, model: model}}
  timeout_s: {timeout}
budget: {{task_usd: 2.00, day_usd: 50}}
review: {{when: [security, escalated], rung: opus}}
{gates}
"""
# What a gate prints may be anything that a model wrote.
fixture.CHECK = 'print("\\033[31m<script>alert(4)</script>\\033[0m")\n' + fixture.CHECK
MODULES = 24
OUTCOMES = 600
DAYS = 30
# What a task may be called, and what it may have printed.
HOSTILE = {
    "id": "exp_hostile", "timestamp": 1795000000000, "taskId": "hostile", "success": False, "cost": 0.01,
    "description": "<img src=x onerror=alert(1)>\n\n\u202e\u001b[2J<script>alert(2)</script>",
    "modelUsed": "sonnet", "routingStrategy": "default", "routingConfidence": 0.6,
    "notes": "\u001b[31m<script>alert(3)</script>", "labels": ["<b>", "\u001b]0;x\u0007"],
}


def backlog():
    folder = pathlib.Path(os.environ.get("RUNG_DATA") or TOP.parent / "shared" / "data")
    whole = folder / "backlog.jsonl"
    return whole if whole.is_file() else TOP / "examples" / "backlog.jsonl"


def outcomes(path):
    """Outcomes by the chances of make-outcomes.py, spread over the days until now."""
    subprocess.run([sys.executable, str(TOP / "test/cases/make-outcomes.py"), "7", str(OUTCOMES),
                    str(path)], check=True)
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    for i, row in enumerate(rows):
        row["timestamp"] = int(1000 * (time.time() - DAYS * 86400 * (1 - i / OUTCOMES)))
    return rows


def swarm_rows():
    labels = ["complexity:trivial", "complexity:standard", None]
    return [{"id": f"t-{i}", "title": f"Mend module {i}",
             "labels": [labels[i % 3]] if labels[i % 3] else [],
             "body": f"module m{i:03d}\nskill {1 + i * 7 % 4}\nnap {0.4 + i % 5 / 5}"}
            for i in range(MODULES)]


class Stage(fixture.Fixture):
    def __init__(self, rung):
        super().__init__(rung, modules=MODULES)
        # The scratch directory's ledger, like any that this user began, is this user's.
        self.call("import", str(TOP / "examples" / "experiments.jsonl"), check=0)
        rows = self.top.parent / "rows.jsonl"
        rows.write_text("".join(json.dumps(row) + "\n" for row in [*outcomes(rows), HOSTILE]))
        self.call("import", str(rows), check=0)
        self.call("route", "--record", "--from", "beads", "--file", str(backlog()), check=0)
        self.call("learn", check=0)
        self.tasks(swarm_rows())
        self.server = subprocess.Popen(
            [str(self.rung), "serve", "--listen", "127.0.0.1:0"], cwd=self.top,
            env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)

    def addresses(self):
        """What the server prints until it is ready, as far as a test needs it."""
        url = login = None
        while not (url and login):
            line = self.server.stdout.readline()
            if not line:
                sys.exit("rung serve ended before it listened")
            found = re.search(r"(http://[^\s/]+)(/login\?code=\S+)?", line)
            url = found.group(1) if found else url
            login = found.group(0) if found and found.group(2) else login
        return {"url": url, "login": login, "rung": str(self.rung), "top": str(self.top),
                "tasks": str(self.top.parent / "tasks.jsonl")}


def main():
    stage = Stage(sys.argv[1])
    beside = []
    try:
        print(json.dumps(stage.addresses()), flush=True)
        for line in sys.stdin:
            words = json.loads(line)
            if words[0] == "&":
                beside.append(stage.start(*words[1:]))
                continue
            done = stage.call(*words)
            print(json.dumps({"status": done.returncode, "out": done.stdout[-2000:] + done.stderr[-2000:]}), flush=True)
    finally:
        for child in [*beside, stage.server]:
            child.terminate()
            child.wait(timeout=20)


main()
