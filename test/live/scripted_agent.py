#!/usr/bin/env python3
"""A scripted agent: takes the place of a model of known skill and really edits files.

scripted_agent.py MODEL EFFORT reads a task from standard input. The task's text names its module
("module m007") and how hard it is ("skill 2"); a model of at least that skill mends the module,
another one writes a wrong answer. What it costs is in the table below, in dollars. A line
"trick NAME" makes it misbehave."""
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import time

SKILL = {"small": 1, "middle": 2, "large": 3}
COST = {"small": 0.0123, "middle": 0.0457, "large": 0.1301}


def fork_away():
    """A grandchild in a session of its own that ignores every polite signal."""
    subprocess.Popen([sys.executable, "-c",
                      "import signal,time\n"
                      "for s in (1,2,15): signal.signal(s, signal.SIG_IGN)\n"
                      "time.sleep(600)"], start_new_session=True, stdin=subprocess.DEVNULL,
                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def ignore_and_sleep():
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    time.sleep(600)


def print_much():
    chunk = b"x" * (1 << 20)
    try:
        for _ in range(1024):
            os.write(1, chunk)
    except OSError:
        pass


def kill_keeper():
    fork_away()
    os.kill(os.getppid(), signal.SIGKILL)
    time.sleep(600)


def edit(path, text):
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def write_hook():
    common = subprocess.run(["git", "rev-parse", "--git-common-dir"], capture_output=True,
                            text=True).stdout.strip()
    edit(pathlib.Path(common) / "hooks" / "post-commit", "#!/bin/sh\ntouch /tmp/rung-was-here\n")


TRICKS = {
    "fork": fork_away,
    "stubborn": ignore_and_sleep,
    "gigabyte": print_much,
    "regicide": kill_keeper,
    "policy": lambda: edit("rung.yaml", "default: large\n"),
    "gate": lambda: edit("check.py", "import sys\nsys.exit(0)\n"),
    "hook": write_hook,
    "claude": lambda: edit(".claude/settings.json", "{}\n"),
    "rung": lambda: edit(".rung/ledger.db", "mine\n"),
}


def plan(text):
    """The parts that the task's text asks for, the last given first; or nonsense. Each depends on
    the one before it, but for "beside". "nap S" and "writes FILE" are handed on to it."""
    if "plan nonsense" in text:
        return {"tasks": [{"id": "../x"}]}
    modules = re.findall(r"part (m\d+) skill (\d) (\w+)( beside)?(?: (nap [\d.]+))?"
                         r"(?: (writes \S+))?", text)
    parts = [{"id": m, "title": f"Mend {m}",
              "description": "\n".join([f"module {m}", f"skill {skill}", nap, writes]),
              "files": [f"src/{m}.txt"], "acceptance": ["it is right"], "complexity": complexity,
              "depends_on": [modules[i - 1][0]] if i and not beside else []}
             for i, (m, skill, complexity, beside, nap, writes) in enumerate(modules)]
    return {"tasks": parts[::-1]}


def answer(model, value):
    print(json.dumps({"answer": json.dumps(value), "cost": COST[model], "model": model}))


def main():
    model = sys.argv[1]
    text = sys.stdin.read()
    phase = os.environ.get("RUNG_PHASE") or (sys.argv[3] if len(sys.argv) > 3 else "execute")
    if phase == "plan":
        answer(model, plan(text))
        return
    if phase == "review" and "\nChange 1:\n" in text:  # several at once
        if "review slow" in text:
            time.sleep(1.5)
        changes = re.split(r"^Change \d+:$", text, flags=re.M)[1:]
        answer(model, {"reviews": [
            {"change": i, "verdict": "reject" if "review reject" in change else "approve",
             "confidence": 0.9, "findings": []} for i, change in enumerate(changes, 1)
            if "review forget" not in change]})
        return
    if phase in ("review", "judge"):
        verdict = "reject" if "review reject" in text else "approve"
        answer(model, {"verdict": verdict, "confidence": 0.9, "findings": []})
        return
    module = re.search(r"module (m\d+)", text)
    needed = re.search(r"skill (\d)", text)
    nap = re.search(r"nap ([\d.]+)", text)
    if nap:
        time.sleep(float(nap.group(1)))
    writes = re.search(r"^writes (\S+)$", text, re.M)
    if writes:
        edit(writes.group(1), f"written by {module.group(1)}\n")
    for name in re.findall(r"^trick (\w+)", text, re.M):
        TRICKS.get(name, lambda: None)()
    good = needed is None or SKILL[model] >= int(needed.group(1))
    if module and "trick lazy" not in text:
        edit(f"src/{module.group(1)}.txt", "right\n" if good else "wrong\n")
    if "trick sneak" in text and model == "small":
        edit("src/sneaked", "what only a strict gate finds\n")
    if "trick garbage" in text:
        print('{"cost": "much", [')
        return
    served = "another-model" if "trick masquerade" in text else model
    print(json.dumps({"answer": "done", "cost": COST[model], "model": served}))


if __name__ == "__main__":
    main()
