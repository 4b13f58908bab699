#!/usr/bin/env python3
"""kill -9 of rung, of what keeps its agents, of agents, and of all at once, at any moment: no
process is left after two seconds, no row is lost or doubled, --resume finishes.

kills.py RUNG [--full]"""
import os
import pathlib
import random
import signal
import sys
import time

from fixture import Fixture, expect

FULL = "--full" in sys.argv
TIMES = 200 if FULL else 20
BATCH = 5  # kills of one run, which then has to finish


def children(pid):
    """Of each of its threads: a child is the thread's that started it."""
    found = []
    try:
        for thread in pathlib.Path(f"/proc/{pid}/task").iterdir():
            found += [int(word) for word in (thread / "children").read_text().split()]
    except OSError:
        pass
    return found


def kill(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def strike(child, whom):
    keepers = children(child.pid)
    agents = [a for k in keepers for a in children(k)]
    targets = {"rung": [child.pid], "keepers": keepers, "agents": agents,
               "all": [child.pid, *keepers, *agents], "rung and keepers": [child.pid, *keepers]}
    for pid in targets[whom]:
        kill(pid)
    return len(keepers), len(agents)


def wait_gone(fixture, seconds):
    end = time.monotonic() + seconds
    while fixture.processes() and time.monotonic() < end:
        time.sleep(0.05)
    return fixture.processes()


def one_run(rung, chance, whoms, struck):
    fixture = Fixture(rung, modules=6)
    rows = [{"id": f"t-{i}", "title": f"Mend {i}",
             "body": f"module m{i:03d}\nskill {1 + i % 2}\nnap 0.1\ntrick fork\n"}
            for i in range(6)]
    words = ["swarm", "--file", fixture.tasks(rows), "--jobs", "3", "--stop-after", "0"]
    finished = False
    for n, whom in enumerate(whoms, 1):
        child = fixture.start(*words)
        time.sleep(chance.uniform(0.05, 1.2))
        for i, n_struck in enumerate(strike(child, whom)):
            struck[i] += n_struck
        finished = child.wait(timeout=60) in (0, 5)  # it goes on without keepers and agents
        # Where rung and its keepers died at once, the next start ends what is left.
        if whom in ("all", "rung and keepers"):
            fixture.call("clean", check=0)
        left = wait_gone(fixture, 2)
        expect(not left, f"{whom}: left after 2 s: {left}")
        ids = [row["taskId"] for row in fixture.rows()]
        expect(len(ids) == len(set(ids)), f"{whom}: a row is doubled: {ids}")
        if finished:
            break
    if not finished:
        fixture.call(*words)
    ids = sorted(row["taskId"] for row in fixture.rows())
    expect(ids == sorted(row["id"] for row in rows), f"every task has one row: {ids}")
    expect(not fixture.left_over(), f"left over: {fixture.left_over()}")
    return n


def one_pipeline(rung, chance):
    """The same with plans, parts side by side and a review at the end: nothing that has ended is
    done, and paid, again."""
    fixture = Fixture(rung, modules=12)
    rows = [{"id": f"t-{i}", "title": f"Do {i}", "body": "".join(
        f"part m{3 * i + k:03d} skill 1 trivial beside nap 0.2\n" for k in range(3))}
        for i in range(4)]
    words = ["swarm", "--file", fixture.tasks(rows), "--jobs", "4", "--stop-after", "0", "--plan",
             "middle", "--review", "large"]
    for n in range(1, BATCH + 1):
        child = fixture.start(*words)
        time.sleep(chance.uniform(0.2, 2))
        strike(child, chance.choice(["rung", "all", "rung and keepers"]))
        if child.wait(timeout=60) == 0:
            break
        fixture.call("clean", check=0)
        left = wait_gone(fixture, 2)
        expect(not left, f"left after 2 s: {left}")
    else:
        fixture.call(*words, check=0)
    got = {row["taskId"]: row for row in fixture.rows()}
    expect(len(got) == 4 and all(row["success"] for row in got.values()), f"all are done: {got}")
    for row in got.values():
        ended = sorted((a["phase"], a.get("part", "")) for a in row["attempts"] if "error" not in a)
        expect(len(ended) == len(set(ended)) == 5, f"each step once: {ended}")
    expect(not fixture.left_over(), f"left over: {fixture.left_over()}")
    return n


def main():
    rung = sys.argv[1]
    chance = random.Random(11)
    done, struck = 0, [0, 0]
    while done < TIMES:
        whoms = [chance.choice(["rung", "rung", "all", "rung and keepers"])
                 for _ in range(BATCH - 1)]
        whoms.append(chance.choice(["keepers", "agents"]))
        done += one_run(rung, chance, whoms, struck)
    expect(min(struck) > 0, f"keepers and agents were there to be killed: {struck}")
    print(f"{done} kills: nothing left alive after 2 s, no row lost or doubled, all finished")
    chance = random.Random()
    done = sum(one_pipeline(rung, chance) for _ in range(TIMES // 10))
    print(f"{done} kills of planned and reviewed swarms: no plan, part or review is paid twice")


main()
