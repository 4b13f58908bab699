#!/usr/bin/env python3
"""Beads and Gas Town from end to end: issues created, decided, written, worked on, closed, slung.

trackers.py RUNG; RUNG_BD and RUNG_GT name the real programs. Without them the stand-ins of
test/standin play, and what is printed says so. With dolt and tmux on PATH beside them a whole town
is made and a bead really dispatched. The home directory is an empty one; what the real programs
leave running ends with a namespace of its own, which also keeps them off the network:
unshare -n -r -p -f --mount-proc sh -c 'ip link set lo up; exec python3 trackers.py RUNG'."""
import json
import os
import pathlib
import shlex
import shutil
import signal
import subprocess
import sys
import time

from fixture import Fixture, expect

STANDINS = pathlib.Path(__file__).resolve().parent.parent / "standin"
WAIT_S = 30
HOOK_WAIT_S = 4
TOWN_WAIT_S = 200

# The scripted agent of the fixture can do what its rung's skill allows.
LABELS = [("Fix typo", "complexity:trivial", "small"), ("Add button", "complexity:simple", "small"),
          ("Refactor auth", "complexity:complex", "large")]
OURS = ("execution_suggested_model", "execution_reasoning_effort", "rung_decision")


class Beads(Fixture):
    """A project with a Beads backlog and our hooks in it."""

    def __init__(self, rung, bd, gt):
        super().__init__(rung)
        self.program, self.version, self.missed = bd, version_of(bd), 0
        places = self.top.parent / "bin"
        places.mkdir()
        for name, program in (("bd", bd), ("gt", gt), ("rung", self.rung)):
            (places / name).symlink_to(pathlib.Path(program).resolve())
        for helper in ("rung-run", "rung-keep"):
            (places / helper).symlink_to(self.rung.parent / helper)
        self.environment["PATH"] = f"{places}:{self.environment['PATH']}"
        for key, value in (("user.name", "Test"), ("user.email", "test@localhost")):
            self.git("config", "--global", key, value)
        if is_real(bd):
            self.bd("init", "--prefix", "csm")
        else:
            (self.top / ".beads").mkdir()

    def bd(self, *words):
        done = subprocess.run(["bd", *words], cwd=self.top, env=self.environment, text=True,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=WAIT_S,
                              executable=shutil.which("bd", path=self.environment["PATH"]))
        expect(done.returncode == 0, f"bd {' '.join(words)}: {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def issues(self):
        shown = json.loads(self.bd("list", "--json", "--all", "--limit", "0"))
        return {issue["id"]: issue for issue in (shown["data"] if isinstance(shown, dict) else shown)}

    def create(self, title, *words):
        before = set(self.issues())
        self.bd("create", title, *words)
        new = set(self.issues()) - before
        expect(len(new) == 1, f"one issue more, not {len(new)}")
        return new.pop()

    def end(self):
        """Ends the daemons and servers that the real programs began here."""
        for number, _ in self.processes():
            os.kill(number, signal.SIGKILL)

    def hook_did(self, truth, what):
        """Hooks run behind the back of the bd that began them. A bd of the daemon's time mostly ends
        before it has started one; what it missed is asked for."""
        end = time.monotonic() + HOOK_WAIT_S
        while not truth() and time.monotonic() < end:
            time.sleep(0.1)
        if truth():
            return
        expect(" 0." in self.version and is_real(self.program), f"a hook: {what}")
        self.call("bead", "sync", check=0)
        expect(truth(), f"`rung bead sync`: {what}")
        self.missed += 1

    def of_task(self, number):
        return [row for row in self.rows() if row["taskId"] == number]


def is_real(program):
    return pathlib.Path(program).parent != STANDINS


def version_of(program):
    done = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=WAIT_S,
                          cwd="/")
    return done.stdout.splitlines()[0]


def metadata(issue):
    return issue.get("metadata") or {}


def without_times(issue):
    return {key: value for key, value in issue.items() if key != "updated_at"}


def test_hooks(beads, _bd, _gt):
    beads.call("init", "--beads", check=0)
    numbers = [beads.create(title, "--label", label) for title, label, _ in LABELS]
    for number, (title, _, model) in zip(numbers, LABELS):
        beads.hook_did(lambda n=number: "rung_decision" in metadata(beads.issues()[n]),
                        f"the decision is in {title}'s metadata")
        issue = beads.issues()[number]
        expect(metadata(issue)["execution_suggested_model"] == model, f"{title}: {issue}")
        row, = beads.of_task(number)
        expect(row["pending"] and row["routingStrategy"] == "complexity-label", f"{title}: {row}")
    decided = [json.loads(line) for line in
               beads.call("route", "--from", "beads", "--json", check=0).stdout.splitlines()]
    for number, (title, _, model) in zip(numbers, LABELS):
        found, = [d for d in decided if d["task"] == number]
        expect(found["rung"] == model and found["strategy"] == "complexity-label",
               f"what we wrote is no wish: {found}")
    beads.bd("close", numbers[0], "--reason", "Completed")
    beads.bd("close", numbers[2], "--reason", "abandoned: too big")
    for number, success in ((numbers[0], True), (numbers[2], False)):
        beads.hook_did(lambda n=number: not beads.of_task(n)[0]["pending"], f"{number} has its outcome")
        row, = beads.of_task(number)
        expect(row["success"] is success and row["outcomeSource"] == "user", f"closed: {row}")
    log = (beads.top / ".beads" / "routing-experiments.jsonl").read_text().splitlines()
    expect({json.loads(line)["taskId"] for line in log} == {numbers[0], numbers[2]}, f"the log: {log}")
    beads.call("init", "--beads", "--remove", check=0)
    beads.bd("close", numbers[1], "--reason", "Completed")
    beads.call("bead", "sync", check=0)
    row, = beads.of_task(numbers[1])
    expect(not row["pending"] and row["success"], f"a closing that no hook told of: {row}")
    if beads.missed:
        print(f"   {beads.missed} of 5 hooks were never started by this bd; `rung bead sync` made up for them")


def test_write(beads, _bd, _gt):
    number = beads.create("Fix typo", "--label", "complexity:trivial")
    named = beads.create("Refactor auth", "--label", "model:large")
    before = beads.issues()
    done = beads.call("route", "--from", "beads", "--write", check=0)
    expect("1 decisions written, 0 stood there already, 1 left" in done.stderr, done.stderr)
    written = beads.issues()
    expect(metadata(written[number]).keys() == set(OURS), f"written: {written[number]}")
    expect(without_times(written[named]) == without_times(before[named]), "a person's wish stays")
    done = beads.call("route", "--from", "beads", "--write", check=0)
    expect("0 decisions written, 1 stood there already" in done.stderr, done.stderr)
    beads.bd("update", number, "--title", "Fix another typo")
    beads.call("route", "--from", "beads", "--undo", check=0)
    after = beads.issues()
    expect(not metadata(after[number]), f"undone: {after[number]}")
    expect(without_times(after[number]) == {**without_times(before[number]), "title": "Fix another typo"},
           f"all but the edit is as it was: {after[number]}")


def test_work(beads, _bd, _gt):
    beads.call("init", "--beads", check=0)
    number = beads.create("Mend it", "--label", "complexity:trivial", "-d", "module m001\nskill 2")
    beads.hook_did(lambda: "rung_decision" in metadata(beads.issues()[number]), "a decision")
    decision = metadata(beads.issues()[number])["rung_decision"]
    done = beads.call("work", number, "--json", check=0)
    got, issue = json.loads(done.stdout.splitlines()[-1]), beads.issues()[number]
    expect(issue["status"] == "closed", f"closed: {issue}")
    expect("accepted on middle" in issue["close_reason"] and got["branch"] in issue["close_reason"],
           f"the reason names rung and branch: {issue['close_reason']}")
    time.sleep(1)  # for the hook, which is to leave our own closing alone
    row, = beads.of_task(number)
    expect(row["id"] == decision and row["outcomeSource"] == "test" and not row["pending"],
           f"the decision has its one outcome, the gates': {row}")
    number = beads.create("Mend more", "--label", "complexity:complex", "-d", "module m002\nskill 4")
    beads.bd("update", number, "--claim")
    taken = beads.call("work", number, check=1)
    expect("somebody works on it" in taken.stderr, f"claimed by another: {taken.stderr}")
    beads.bd("update", number, "--status", "open")
    beads.call("work", number, check=5)
    issue = beads.issues()[number]
    expect(issue["status"] == "open" and "no-rung-left" in issue["notes"], f"given back: {issue}")


def test_sling(beads, _bd, gt):
    beads.call("init", "--beads", check=0)
    number = beads.create("Fix typo", "--label", "complexity:trivial")
    line = 'gt config agent set small "claude --model small --effort low"'
    done = beads.call("sling", number, "csm", "--dry-run", check=0)
    expect(done.stdout == f"gt sling {number} csm --agent small\n", f"what would be called: {done.stdout}")
    expect(f"gt has no agent small; make it with: {line}" in done.stderr, f"the alias: {done.stderr}")
    done = beads.call("sling", number, "csm", check=1)
    expect(f"make it with: {line}" in done.stderr, f"nothing is slung without it: {done.stderr}")
    if is_real(gt):
        return
    beads.environment["RUNG_STANDIN_AGENTS"] = "small"
    done = beads.call("sling", number, "csm", check=0)
    expect(f"<sling> <{number}> <csm> <--agent> <small>" in done.stdout, f"slung: {done.stdout}")
    beads.bd("close", number, "--reason", "Merged in 1a2b3c4")
    beads.hook_did(lambda: not beads.of_task(number)[0]["pending"], f"{number} has its outcome")


CLAUDE = """#!{python}
# Takes the place of claude: tells how it was started, and leaves a transcript as claude would.
import json, os, pathlib, re, sys, time
home = pathlib.Path.home()
with open(home / "claude.log", "a") as log:
    log.write(json.dumps({"words": sys.argv[1:], "environment": dict(os.environ)}) + "\\n")
at = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(time.time() + 1))
path = home / ".claude/projects" / re.sub(r"[^A-Za-z0-9]", "-", os.getcwd()) / "s1.jsonl"
path.parent.mkdir(parents=True, exist_ok=True)
path.write_text(json.dumps({"type": "assistant", "timestamp": at, "effort": "high",
    "gitBranch": os.environ.get("GT_BRANCH"), "message": {"id": "m1", "model": "claude-haiku-5-5",
    "usage": {"input_tokens": 10000, "output_tokens": 1000}}}) + "\\n")
print("\\u276f ", flush=True)  # what gt takes for a prompt
time.sleep(600)
"""


def begin_town(beads):
    """A town with one rig, csm, whose backlog is bd's; returns the rig's directory."""
    def call(where, *words):
        done = subprocess.run(words, cwd=where, env=beads.environment, stdin=subprocess.DEVNULL, text=True,
                              capture_output=True, timeout=TOWN_WAIT_S)
        expect(done.returncode == 0, f"{' '.join(words)}: {done.stdout}{done.stderr}")
    claude = beads.top.parent / "bin" / "claude"
    claude.write_text(CLAUDE.replace("{python}", sys.executable))
    claude.chmod(0o755)
    for key in ("user.name", "user.email"):
        call(beads.top, "dolt", "config", "--global", "--add", key, "test@localhost")
    call(beads.top, "git", "config", "--global", "beads.role", "maintainer")
    source, town = beads.top.parent / "source", beads.top.parent / "home" / "gt"
    source.mkdir()
    call(source, "git", "init", "-q", "-b", "main")
    call(source, "git", "commit", "-q", "--allow-empty", "-m", "Begin")
    call(beads.top, "gt", "install", str(town), "--name", "town")
    call(town, "gt", "rig", "add", "csm", f"file://{source}", "--prefix", "csm")
    for place, prefix in ((town / "csm", "csm"), (town, "hq")):
        (place / ".beads").chmod(0o700)
        call(place, "bd", "init", "--prefix", prefix, "--force")  # gt 1.0.1 cannot do it with bd 1.0.5
    return town / "csm"


def test_town(beads, bd, gt):
    if not is_real(gt) or not is_real(bd):
        print("   skipped: a town wants the real gt and bd")
        return
    if " 0." in version_of(bd):
        print("   skipped: gt wants a bd of at least 0.57")
        return
    if not shutil.which("dolt") or not shutil.which("tmux"):
        print("   skipped: a town wants dolt and tmux on PATH")
        return
    beads.top = begin_town(beads)
    beads.call("init", "--beads", check=0)
    number = beads.create("Fix typo", "--label", "complexity:trivial")
    beads.hook_did(lambda: "rung_decision" in metadata(beads.issues()[number]), "a decision")
    done = beads.call("sling", number, "csm", check=1)
    line = done.stderr.split("make it with: ")[1].split(" (")[0]
    subprocess.run(shlex.split(line), cwd=beads.top, env=beads.environment, check=True, capture_output=True)
    beads.call("sling", number, "csm", check=0, timeout=TOWN_WAIT_S)
    started = [json.loads(text) for text in
               (beads.top.parent.parent / "claude.log").read_text().splitlines()]
    ours, = [s for s in started if s["environment"].get("GT_AGENT") == "haiku"]
    expect(ours["words"][:4] == ["--model", "claude-haiku-5-5", "--effort", "medium"], f"started: {ours['words']}")
    expect(number in ours["environment"]["GT_BRANCH"], "the polecat has the bead")
    print(f"   gt started claude {' '.join(ours['words'][:4])} with CLAUDE_CODE_EFFORT_LEVEL="
          f"{ours['environment'].get('CLAUDE_CODE_EFFORT_LEVEL')}")
    beads.bd("close", number, "--force", "--reason", "Merged in 1a2b3c4")
    beads.hook_did(lambda: not beads.of_task(number)[0]["pending"], f"{number} has its outcome")
    row, = beads.of_task(number)
    expect(row["costSource"] == "measured" and row["cost"] == 0.0015, f"the polecat's cost: {row}")
    others = [row["taskId"] for row in beads.rows() if row["taskId"] != number]
    expect(not others, f"Gas Town's own issues are not decided: {others}")


def main():
    rung = sys.argv[1]
    programs = [os.environ.get("RUNG_BD") or str(STANDINS / "bd"),
                os.environ.get("RUNG_GT") or str(STANDINS / "gt")]
    for program in programs:
        print(f"against {'the real' if is_real(program) else 'a stand-in:'} {version_of(program)}")
    for test in (test_hooks, test_write, test_work, test_sling, test_town):
        beads = Beads(rung, *programs)
        test(beads, *programs)
        beads.end()
        print("ok", test.__name__, flush=True)


if __name__ == "__main__":
    main()
