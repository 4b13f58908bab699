#!/usr/bin/env python3
"""route.py RUNG: tasks a second through `rung route --json`, reading and writing included, beside
jq taking one field of the same file; and the whole process of one decision beside /bin/true and an
interpreter that does nothing. All in one run, taken in turns: ratios count."""
import os
import pathlib
import subprocess
import sys
import tempfile
import time

LINES, TURNS, ROUNDS = 100_000, 5, 100
ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


def backlog():
    """The lines of a real backlog where there is one, else of the example."""
    data = pathlib.Path(os.environ.get("RUNG_DATA", ROOT / ".." / "shared" / "data")) / "backlog.jsonl"
    path = data if data.exists() else ROOT / "examples" / "backlog.jsonl"
    return path.name, path.read_bytes().splitlines(keepends=True)


def seconds(words, environment, cwd):
    begin = time.perf_counter()
    subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL, env=environment, cwd=cwd, check=True)
    return time.perf_counter() - begin


def median_of(programs, turns, environment, cwd):
    times = {name: [] for name in programs}
    for _ in range(turns):
        for name, words in programs.items():
            times[name].append(seconds(words, environment, cwd))
    return {name: sorted(taken)[len(taken) // 2] for name, taken in times.items()}


def main():
    rung = os.path.abspath(sys.argv[1])
    name, lines = backlog()
    with tempfile.TemporaryDirectory() as home:
        environment = {"HOME": home, "PATH": "/usr/bin:/bin"}
        path = os.path.join(home, "many.jsonl")
        with open(path, "wb") as file:
            for i in range(LINES):
                file.write(lines[i % len(lines)])
        took = median_of({"rung": [rung, "route", "--from", "beads", "--file", path, "--all", "--json"],
                          "jq": ["jq", "-c", ".title", path]}, TURNS, environment, home)
        print(f"{LINES} lines of {name}: rung route --json {LINES / took['rung']:.0f} a second, "
              f"jq -c .title {LINES / took['jq']:.0f} a second, ratio {took['jq'] / took['rung']:.2f}")
        took = median_of({"true": ["/bin/true"], "rung": [rung, "route", "Fix typo"],
                          "python": ["/usr/bin/python3", "-c", "pass"]}, ROUNDS, environment, home)
        print(f"whole process, p50: /bin/true {1000 * took['true']:.2f} ms, rung route \"Fix typo\" "
              f"{1000 * took['rung']:.2f} ms, python3 -c pass {1000 * took['python']:.2f} ms")


if __name__ == "__main__":
    main()
