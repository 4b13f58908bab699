#!/usr/bin/env python3
"""What a swarm costs beside the agents: `rung swarm --jobs 2` of agents that do nothing beside
`xargs -P 2` starting the same program, and the memory of rung and its keepers with many agents
running.

swarm.py RUNG [TASKS [AGENTS]]"""
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "live"))
from fixture import Fixture  # noqa: E402

TASKS = int(sys.argv[2]) if len(sys.argv) > 2 else 1000
AGENTS = int(sys.argv[3]) if len(sys.argv) > 3 else 500

POLICY = """ladder:
  - {{rung: only, model: only, effort: low}}
default: only
middle: only
top: only
labels: {{complexity: {{trivial: only, simple: only, standard: only, complex: only}}}}
assume: {{}}
agent: {{use: command, command: [{command}], timeout_s: 600}}
"""


def fixture_of(rung, command):
    fixture = Fixture(rung, trust=False)
    (fixture.top / "rung.yaml").write_text(POLICY.format(command=command))
    fixture.call("trust", check=0)
    return fixture


def tasks(n):
    return [{"id": f"t-{i}", "title": f"Nothing {i}"} for i in range(n)]


def seconds_of(work):
    begun = time.monotonic()
    work()
    return time.monotonic() - begun


def seconds_of_swarm(rung, command):
    fixture = fixture_of(rung, command)
    names = fixture.tasks(tasks(TASKS))
    return seconds_of(lambda: fixture.call(
        "swarm", "--file", names, "--jobs", "2", "--stop-after", "0", timeout=900))


def seconds_of_xargs(words, directory):
    text = "".join(f"{directory}/{i}\n" for i in range(TASKS))
    return seconds_of(lambda: subprocess.run(
        ["xargs", "-P", "2", "-n", "1", *words], input=text, text=True,
        stdout=subprocess.DEVNULL, check=True))


def bench_nothing(rung, command, name, rivals, rounds):
    """Side by side, in turns, so that both meet the same load; the middle of the rounds' ratios.
    A rival is the words that xargs starts for each task, with the name of a file that holds the
    task's text behind them."""
    with tempfile.TemporaryDirectory(prefix="rung-bench-") as directory:
        for i in range(TASKS):
            (pathlib.Path(directory) / str(i)).write_text(f"Nothing {i}\n")
        ours, theirs = [], {rival: [] for rival in rivals}
        for _ in range(rounds):
            ours.append(seconds_of_swarm(rung, command))
            for rival, words in rivals.items():
                theirs[rival].append(seconds_of_xargs(words, directory))
    for rival, seconds in theirs.items():
        ratios = sorted(a / b for a, b in zip(ours, seconds))
        print(f"{TASKS} agents `{name}`, 2 at a time, {rounds} rounds: swarm "
              f"{statistics.median(ours):.2f} s ({1000 * statistics.median(ours) / TASKS:.2f} ms "
              f"each, text on standard input, clean work tree, journal and ledger), xargs "
              f"{rival} {statistics.median(seconds):.2f} s: {statistics.median(ratios):.2f} times "
              f"({ratios[0]:.2f} to {ratios[-1]:.2f}), load {os.getloadavg()[0]:.1f}")


def proportional_kb(pid):
    try:
        text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:  # a git that has ended
        return 0
    for line in text.splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    return 0


def children(pid):
    """Of each of its threads: a child is the thread's that started it."""
    found = []
    for thread in pathlib.Path(f"/proc/{pid}/task").iterdir():
        try:
            found += [int(word) for word in (thread / "children").read_text().split()]
        except OSError:  # it ended meanwhile
            pass
    return found


def is_keeper(pid):
    try:
        return "rung-keep" in pathlib.Path(f"/proc/{pid}/comm").read_text()
    except OSError:
        return False


def bench_memory(rung):
    fixture = fixture_of(rung, "sleep, '60'")
    names = fixture.tasks(tasks(AGENTS))
    child = fixture.start("swarm", "--file", names, "--jobs", str(AGENTS), "--stop-after", "0")
    keepers = []
    for _ in range(600):
        time.sleep(0.1)
        keepers = [pid for pid in children(child.pid) if is_keeper(pid)]
        if len(keepers) >= AGENTS:
            break
    keep_kb = sum(proportional_kb(pid) for pid in keepers)
    own_kb = proportional_kb(child.pid)
    print(f"{len(keepers)} agents running: rung {own_kb / 1024:.1f} MB, its keepers "
          f"{keep_kb / 1024:.1f} MB (proportional), together {(own_kb + keep_kb) / 1024:.1f} MB")
    child.terminate()
    child.wait()


def main():
    rung = sys.argv[1]
    bench_nothing(rung, "'true'", "true", {
        "without any text": ["true"],
        "with the text on standard input": ["sh", "-c", 'exec true < "$0"']}, 5)
    bench_nothing(rung, "sleep, '0.1'", "sleep 0.1", {
        "without any text": ["sh", "-c", "exec sleep 0.1"]}, 1)
    bench_memory(rung)


main()
