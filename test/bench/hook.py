#!/usr/bin/env python3
"""hook.py RUNG: milliseconds of the whole process of `rung hook`, from fork to exit, beside
/bin/true and an interpreter that does nothing, taken in turns in one run. The ledger is written in
the background, as in use."""
import json
import os
import subprocess
import sys
import tempfile
import time

ROUNDS = 200
CALL = json.dumps({"hook_event_name": "PreToolUse", "tool_name": "Agent", "tool_use_id": "toolu_bench",
                   "tool_input": {"description": "Fix typo in README", "prompt": "teh " * 250}}).encode()


def take(words, environment, cwd):
    begin = time.perf_counter()
    done = subprocess.run(words, input=CALL, stdout=subprocess.PIPE, env=environment, cwd=cwd)
    return (time.perf_counter() - begin) * 1000, done.stdout


def main():
    rung = os.path.abspath(sys.argv[1])
    programs = {"/bin/true": ["/bin/true"], "rung hook": [rung, "hook"],
                "python3 -c pass": ["/usr/bin/python3", "-c", "pass"]}
    times = {name: [] for name in programs}
    unanswered = 0
    with tempfile.TemporaryDirectory() as home:
        environment = {"HOME": home, "PATH": "/usr/bin:/bin"}
        for _ in range(ROUNDS):
            for name, words in programs.items():
                ms, out = take(words, environment, home)
                times[name].append(ms)
                unanswered += name == "rung hook" and b"haiku" not in out
        time.sleep(1)
    base = sorted(times["/bin/true"])[ROUNDS // 2]
    for name, taken in times.items():
        taken.sort()
        print(f"whole process, {name:16}: p50 {taken[ROUNDS // 2]:6.2f} ms, p95 {taken[ROUNDS * 95 // 100]:6.2f} ms, "
              f"{taken[ROUNDS // 2] - base:+6.2f} ms beside true")
    print(f"calls left as they were: {unanswered} of {ROUNDS}")


if __name__ == "__main__":
    main()
