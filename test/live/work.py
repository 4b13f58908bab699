#!/usr/bin/env python3
"""`rung work` with the stand-in bd and agents of known skill: claimed, run, closed or given back.

work.py RUNG"""
import json
import os
import pathlib
import pty
import subprocess
import sys
import time

from fixture import Fixture, expect

STANDINS = pathlib.Path(__file__).resolve().parent.parent / "standin"


def make(rung):
    fixture = Fixture(rung)
    fixture.environment["PATH"] = f"{STANDINS}:{fixture.rung.parent}:{fixture.environment['PATH']}"
    (fixture.top / ".beads").mkdir()
    return fixture


def add(fixture, number, skill, status="open"):
    path = fixture.top / ".beads" / "standin.json"
    issues = json.loads(path.read_text()) if path.exists() else []
    issues.append({"id": number, "title": "Mend it", "status": status, "labels": ["complexity:trivial"],
                   "description": f"module m001\nskill {skill}\n"})
    path.write_text(json.dumps(issues))


def bead(fixture, number):
    issues = json.loads((fixture.top / ".beads" / "standin.json").read_text())
    return next(issue for issue in issues if issue["id"] == number)


def test_accepted(rung):
    fixture = make(rung)
    fixture.call("init", "--beads", check=0)
    add(fixture, "csm-1", 2)
    done = fixture.call("work", "csm-1", "--json", check=0)
    got = json.loads(done.stdout.splitlines()[-1])
    closed = bead(fixture, "csm-1")
    expect(closed["status"] == "closed", f"closed: {closed}")
    expect("accepted on middle" in closed["close_reason"] and got["branch"] in closed["close_reason"],
           f"the reason names rung and branch: {closed['close_reason']}")
    expect(f"${got['cost']:.4f}" in closed["close_reason"], f"and the cost: {closed['close_reason']}")
    expect(len(fixture.rows()) == 1, "one row: our own closing sets off no second outcome")


def test_given_back(rung):
    fixture = make(rung)
    add(fixture, "csm-1", 4)
    fixture.call("work", "csm-1", check=5)
    back = bead(fixture, "csm-1")
    expect(back["status"] == "open" and "no-rung-left" in back["notes"], f"given back: {back}")


def test_refused(rung):
    fixture = make(rung)
    add(fixture, "csm-1", 1, status="in_progress")
    add(fixture, "csm-2", 1, status="closed")
    taken = fixture.call("work", "csm-1", check=1)
    expect("csm-1: it is in_progress: somebody works on it" in taken.stderr, f"claimed by another: {taken.stderr}")
    done = fixture.call("work", "csm-2", check=1)
    expect("csm-2: it is closed" in done.stderr, f"closed: {done.stderr}")
    add(fixture, "csm-3", 1)
    plan = fixture.call("work", "csm-3", "--dry-run", check=0)
    expect("small" in plan.stdout and bead(fixture, "csm-3")["status"] == "open", "a dry run claims nothing")
    missing = fixture.call("work", "csm-9", check=1)
    expect("no issue found" in missing.stderr, f"not there: {missing.stderr}")


def test_slow(rung):
    fixture = make(rung)
    fixture.environment["RUNG_STANDIN_BD"] = "slow"
    ours, terminal = pty.openpty()
    begin = time.monotonic()
    done = subprocess.run([str(fixture.rung), "work", "csm-1"], cwd=fixture.top, env=fixture.environment,
                          stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=terminal, timeout=60)
    seconds, said = time.monotonic() - begin, os.read(ours, 65536).decode()
    expect(done.returncode == 1 and 9 < seconds < 20, f"given up in time: {done.returncode}, {seconds} s")
    expect(said.startswith("rung: waiting for bd show\r\n"), f"said meanwhile: {said}")
    expect("bd show did not answer within 10 s and was stopped" in said, f"said in the end: {said}")
    expect(not fixture.processes(), f"nothing is left behind: {fixture.processes()}")


def main():
    rung = sys.argv[1]
    tests = [test_accepted, test_given_back, test_refused, test_slow]
    for test in tests:
        test(rung)
        print("ok", test.__name__)


if __name__ == "__main__":
    main()
