#!/usr/bin/env python3
"""hook.py RUNG …: milliseconds of the whole process of `rung hook`, from fork to exit, beside
/bin/true and an interpreter that does nothing, taken in turns in one run: without a project, and in
one with a policy that is trusted and evidence of LEARNED outcomes. The ledger is written in the
background, as in use. With several programs (before and after a change) they take turns too. On
a busy machine `chrt -f 50 hook.py RUNG`, as root, goes before everybody else."""
import json
import os
import subprocess
import sys
import tempfile
import time

ROUNDS = 200
LEARNED = 20000
POLICY = """ladder:
  - {rung: haiku, model: claude-haiku-5-5}
  - {rung: sonnet, model: claude-sonnet-5-5}
  - {rung: opus, model: claude-opus-5-5}
default: sonnet
middle: sonnet
top: opus
goal: {value_usd: 20}
"""
CALL = json.dumps({"hook_event_name": "PreToolUse", "tool_name": "Agent", "tool_use_id": "toolu_bench",
                   "tool_input": {"description": "Fix typo in README", "prompt": "teh " * 250}}).encode()


def take(words, environment, cwd):
    begin = time.perf_counter()
    done = subprocess.run(words, input=CALL, stdout=subprocess.PIPE, env=environment, cwd=cwd)
    return (time.perf_counter() - begin) * 1000, done.stdout


def make_project(rung, place):
    """A home with a project in it, its policy trusted, its outcomes learned from."""
    environment = {"HOME": place, "PATH": "/usr/bin:/bin"}
    project = os.path.join(place, "project")
    os.mkdir(project)
    with open(os.path.join(project, "rung.yaml"), "w") as file:
        file.write(POLICY)
    maker = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../cases/make-outcomes.py")
    for words in ([rung, "trust"], [sys.executable, maker, "5", str(LEARNED), "rows.jsonl"],
                  [rung, "import", "rows.jsonl"], [rung, "learn"]):
        subprocess.run(words, cwd=project, env=environment, check=True, stdout=subprocess.DEVNULL)
    return environment, project, os.path.getsize(os.path.join(project, ".rung/ledger.db.evidence"))


def main():
    rungs = [os.path.abspath(path) for path in sys.argv[1:]]
    with tempfile.TemporaryDirectory() as home:
        bare = {"HOME": home, "PATH": "/usr/bin:/bin"}
        programs = {"/bin/true": (["/bin/true"], bare, home),
                    "python3 -c pass": (["/usr/bin/python3", "-c", "pass"], bare, home)}
        for i, rung in enumerate(rungs):
            name = f"rung hook {i + 1}" if len(rungs) > 1 else "rung hook"
            place = os.path.join(home, str(i))
            os.mkdir(place)
            environment, project, size = make_project(rung, place)
            programs[name] = ([rung, "hook"], environment, place)
            programs[name + " learned"] = ([rung, "hook"], environment, project)
        times = {name: [] for name in programs}
        unanswered = 0
        for _ in range(ROUNDS):
            for name, (words, environment, cwd) in programs.items():
                ms, out = take(words, environment, cwd)
                times[name].append(ms)
                unanswered += "hook" in name and b"updatedInput" not in out
        time.sleep(1)
    base = sorted(times["/bin/true"])[ROUNDS // 2]
    print(f"evidence: {size / 1e6:.2f} MB")
    for name, taken in times.items():
        taken.sort()
        print(f"whole process, {name:20}: p50 {taken[ROUNDS // 2]:6.2f} ms, p95 {taken[ROUNDS * 95 // 100]:6.2f} ms, "
              f"{taken[ROUNDS // 2] - base:+6.2f} ms beside true")
    print(f"calls left as they were: {unanswered} of {ROUNDS * 2 * len(rungs)}")


if __name__ == "__main__":
    main()
