#!/usr/bin/env python3
"""Nothing is lost: kills, full disks, many writers and strangers against a real ledger.

ledger.py PROGRAM [--full] [test …]; --full takes the counts of the specification, otherwise a
share of them that fits into `make test`. Prints a line a test and a summary."""
import hashlib
import json
import os
import pathlib
import random
import resource
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
DATA = pathlib.Path(os.environ.get("RUNG_DATA") or ROOT.parent / "shared" / "data")
FULL = "--full" in sys.argv
OPERATIONS = 10000 if FULL else 200
IMPORTED = 10000
WRITERS, WRITES = 8, 1000 if FULL else 25
WAIT_S = 120


class Place:
    """A directory with a ledger of its own."""

    def __init__(self, program):
        self.directory = tempfile.TemporaryDirectory(prefix="rung-live-")
        self.path = pathlib.Path(self.directory.name)
        self.database = self.path / "ledger.db"
        self.program = program
        self.env = {"HOME": str(self.path), "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8",
                    "RUNG_LEDGER": f"sqlite:{self.database}"}
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS"):
            if name in os.environ:
                self.env[name] = os.environ[name]

    def start(self, *words, stdin=subprocess.DEVNULL, **more):
        return subprocess.Popen([self.program, *words], cwd=self.path, env=self.env, stdin=stdin,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)

    def run(self, *words, want=0, **more):
        child = self.start(*words, **more)
        out, err = child.communicate(timeout=WAIT_S)
        if want is not None:
            expect(child.returncode == want, f"rung {words[0]} ended with {child.returncode}: {err}")
        return out if want is not None else (child.returncode, out, err)

    def ids(self):
        return {json.loads(line)["id"] for line in self.run("export").splitlines()}

    def check_whole(self):
        """The file is sound, and what is maintained equals what is there."""
        with sqlite3.connect(self.database) as db:
            verdict = db.execute("PRAGMA integrity_check").fetchone()[0]
        expect(verdict == "ok", f"integrity_check says {verdict}")
        rows = [json.loads(line) for line in self.run("export", "--done").splitlines()]
        report = json.loads(self.run("report", "--json"))
        expect(report["n"] == len(rows), f"the report counts {report['n']}, the export {len(rows)}")
        accepted = sum(row["success"] is True for row in rows)
        expect(report["all"]["accepted"] == accepted, "accepted tasks are miscounted")
        spent = sum(row["cost"] or 0 for row in rows)
        expect(not rows or abs((report["all"]["cost_usd"] or 0) - spent) < 1e-6 * max(1, spent),
               "costs are misadded")


def expect(truth, sentence):
    if not truth:
        raise AssertionError(sentence)


def experiments(n, seed):
    """n random experiments with every field now and then, as JSONL; their notes are hostile."""
    rng = random.Random(seed)
    words = ["fix", "typo", "añadir", "页面", "race", "\u202eevil", 'quo"te', "tab\there", "nul\u0000",
             "line\nbreak", "🙂"]
    for i in range(n):
        rung = rng.choice(["haiku", "sonnet", "opus", "gone-rung"])
        row = {"id": f"exp_{seed}_{i:06d}", "timestamp": 1767647361000 + rng.randrange(10**10),
               "taskId": f"t-{rng.randrange(n)}", "description": " ".join(rng.choices(words, k=5)),
               "modelUsed": rung,
               "routingStrategy": rng.choice(["default", "pattern-match", "forced", "learned"]),
               "routingConfidence": rng.choice([None, 1, 0.6, rng.random()]), "success": rng.random() < 0.8,
               "cost": rng.choice([None, 0, rng.random(), 1e-7]), "notes": rng.choice(["", *words])}
        if rng.random() < 0.5:
            row["timeToComplete"] = rng.random() * 1000
            row["qualityScore"] = rng.randrange(1, 6)
        if rng.random() < 0.5:
            row |= {"labels": rng.sample(words[:5], k=2), "project": rng.choice(["a", "b"]),
                    "costSource": rng.choice(["measured", "assumed"]),
                    "outcomeSource": rng.choice(["test", "review", "user", "none"]),
                    "propensities": {"haiku": 0.25, "sonnet": 0.75}, "future": {"x": [1, None, "y"]}}
        if rng.random() < 0.2:
            row["attempts"] = [{"rung": "haiku", "model": "m-1", "phase": "execute", "success": False, "seconds": 3,
                                "gates": [{"name": "tests", "verdict": "fail", "seconds": 1.5}], "odd": True},
                               {"rung": rung, "model": "m-2", "phase": "execute", "success": row["success"],
                                "tokens": {"input": 10, "output": 5, "cacheRead": 1e6}}]
        yield json.dumps(row, ensure_ascii=rng.random() < 0.5)


def kill_import(program):
    """kill -9 in the middle of imports: whole batches, a whole file, and the rest can follow."""
    place, rng = Place(program), random.Random(1)
    lines = list(experiments(IMPORTED, 1))
    source = place.path / "all.jsonl"
    source.write_text("\n".join(lines) + "\n")
    started = time.monotonic()
    place.run("import", str(source), "--ledger", f"sqlite:{place.path}/timing.db")
    whole_s = time.monotonic() - started
    kills = 0
    for _ in range(40 if FULL else 8):
        child = place.start("import", str(source))
        time.sleep(rng.random() * whole_s)
        child.kill()
        child.communicate()
        kills += child.returncode == -signal.SIGKILL
        if place.database.exists():
            place.check_whole()
        if child.returncode == 0:
            for file in place.path.glob("ledger.db*"):
                file.unlink()
    place.run("import", str(source))
    expect(len(place.ids()) == IMPORTED, "the import could not be completed")
    place.check_whole()
    expect(kills > 0, "no import was killed in its middle")
    return f"{kills} imports of {IMPORTED:,} killed, ledger whole each time, completed afterwards"


def kill_log(program):
    """kill -9 at any moment of many logs: what was acknowledged is there."""
    place, rng = Place(program), random.Random(2)
    acknowledged, kills = set(), 0
    took = []
    for i in range(6):
        started = time.monotonic()
        place.run("log", "t", "--rung", "haiku", "--success")
        took.append(time.monotonic() - started)
    one_s = sorted(took)[2]
    for i in range(OPERATIONS):
        child = place.start("log", f"t-{i}", "--rung", rng.choice(["haiku", "opus"]),
                            rng.choice(["--success", "--failure"]), "--cost", "0.01")
        if rng.random() < 0.5:
            time.sleep(rng.random() * one_s)
            child.kill()
        out, _ = child.communicate()
        kills += child.returncode == -signal.SIGKILL
        if out.endswith("\n"):
            acknowledged.add(out.split()[0])
    lost = acknowledged - place.ids()
    expect(kills > 0, "no log was killed")
    expect(not lost, f"{len(lost)} acknowledged records are lost, such as {sorted(lost)[:3]}")
    place.check_whole()
    return f"{OPERATIONS:,} logs, {kills:,} killed, {len(acknowledged):,} acknowledged, none lost"


def many_writers(program):
    """Eight processes log at once: every record arrives."""
    place = Place(program)
    script = ('i=0; while [ $i -lt "$3" ]; do '
              '"$1" log "w$2-$i" --rung haiku --success --cost 0.01 || exit 1; i=$((i+1)); done')
    started = time.monotonic()
    children = [subprocess.Popen(["sh", "-c", script, "sh", program, str(w), str(WRITES)], cwd=place.path,
                                 env=place.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
                for w in range(WRITERS)]
    acknowledged = set()
    for child in children:
        out, err = child.communicate()
        expect(child.returncode == 0, f"a writer failed: {err}")
        acknowledged |= {line.split()[0] for line in out.splitlines()}
    took = time.monotonic() - started
    expect(len(acknowledged) == WRITERS * WRITES, f"{len(acknowledged)} were acknowledged")
    expect(acknowledged == place.ids(), "what is there is not what was acknowledged")
    place.check_whole()
    return f"{WRITERS} processes x {WRITES:,} logs in {took:.1f} s, all there"


def full_disk(program):
    """No room: an error, and the ledger stays whole; with room again the work goes on."""
    place = Place(program)
    first, second = place.path / "1.jsonl", place.path / "2.jsonl"
    first.write_text("\n".join(experiments(200, 3)) + "\n")
    second.write_text("\n".join(experiments(20000, 4)) + "\n")
    place.run("import", str(first))
    before = place.run("export")
    room = place.database.stat().st_size + 40000

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))

    status, _, err = place.run("import", str(second), want=None, preexec_fn=limit)
    expect(status == 1 and "error" in err, f"import without room ended with {status}: {err}")
    expect(place.run("export") == before, "what was there before is not there any more")
    place.check_whole()
    logged = 0
    for i in range(200):
        status, out, err = place.run("log", f"x{i}", "--rung", "haiku", "--success", "--notes", "n" * 3000,
                                     want=None, preexec_fn=limit)
        if status:
            break
        logged += 1
    expect(status == 1 and "error" in err and not out, f"log without room ended with {status}: {err}{out}")
    expect(len(place.ids()) == 200 + logged, "an acknowledged record is lost")
    place.check_whole()
    place.run("import", str(second))
    expect(len(place.ids()) == 20200 + logged, "with room again the import is not complete")
    place.check_whole()
    return f"import and log refuse with a sentence, {200 + logged} records whole, then 20,000 more"


def newer_version(program):
    """A ledger of a later version is refused and not touched."""
    place = Place(program)
    place.run("log", "t", "--rung", "haiku", "--success")
    with sqlite3.connect(place.database) as db:
        db.execute("PRAGMA user_version = 99")
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    before = hashlib.sha256(place.database.read_bytes()).hexdigest()
    for words in (["log", "t", "--rung", "haiku", "--success"], ["report"], ["export"]):
        status, _, err = place.run(*words, want=None)
        expect(status == 1 and "newer" in err, f"rung {words[0]} ended with {status}: {err}")
    expect(hashlib.sha256(place.database.read_bytes()).hexdigest() == before, "the file was changed")
    return "refused with a sentence, file unchanged"


def round_trip(program):
    """Export, import into an empty ledger, export: the same bytes."""
    told = []
    random_ones = Place(program)
    (random_ones.path / "in.jsonl").write_text("\n".join(experiments(10000, 5)) + "\n")
    random_ones.run("import", "in.jsonl")
    eight = Place(program)
    eight.run("import", str(ROOT / "examples" / "experiments.jsonl"))
    places = [("10,000 random ones", random_ones), ("the eight", eight)]
    if (DATA / "backlog.jsonl").exists():
        backlog = Place(program)
        backlog.run("route", "--file", str(DATA / "backlog.jsonl"), "--all", "--record", "--json")
        places.append(("the backlog as pending", backlog))
    else:
        told.append(f"(no {DATA / 'backlog.jsonl'}: its part is left out)")
    for name, place in places:
        out = place.run("export")
        expect(out.count("\n") > 7, f"{name}: only {out.count(chr(10))} lines")
        (place.path / "out.jsonl").write_text(out)
        empty = Place(program)
        empty.run("import", str(place.path / "out.jsonl"))
        expect(empty.run("export") == out, f"{name}: not the same bytes")
        rows = empty.run("export", "--format", "csv")
        expect(rows.startswith("id,timestamp,taskId,description,modelUsed,routingStrategy,routingConfidence,"
                               "success,cost,timeToComplete,qualityScore,notes\n"), f"{name}: CSV header")
        told.append(f"{name} ({out.count(chr(10)):,})")
    return ", ".join(told) + ": byte-identical"


def routed(n, seed, success, explored=0.3):
    """n verified, measured experiments on two rungs, explored with known propensities."""
    rng = random.Random(seed)
    for i in range(n):
        rung = "sonnet" if rng.random() < explored else "haiku"
        cost = {"haiku": 0.004, "sonnet": 0.08}[rung] * (0.5 + rng.random())
        yield json.dumps({"id": f"r{i:06d}", "timestamp": 1767647361000 + i, "taskId": f"t{i}", "description": "",
                          "modelUsed": rung, "routingStrategy": "complexity-label", "routingConfidence": 0.95,
                          "success": rng.random() < success[rung], "cost": cost, "costSource": "measured",
                          "outcomeSource": "test", "propensities": {"haiku": 1 - explored, "sonnet": explored},
                          "decided": f"m-{rung}"})


def verdicts(program):
    """Exit statuses and verdicts that a person sees, from too little to enough, and a refutation."""
    def judged(lines, *words):
        place = Place(program)
        (place.path / "in.jsonl").write_text("\n".join(lines) + "\n")
        place.run("import", "in.jsonl")
        status, out, err = place.run("validate", "--json", *words, want=None)
        told = json.loads(out)
        expect(status == {"SUPPORTED": 0, "REFUTED": 3, "INSUFFICIENT": 4}[told["verdict"]], f"exit {status}: {err}")
        return {row["id"]: row for row in told["criteria"]}, told["verdict"]

    def haiku(k, n, source="test"):
        for i in range(n):
            yield json.dumps({"id": f"h{i}", "timestamp": 1767647361000 + i, "taskId": f"t{i}", "description": "",
                              "modelUsed": "haiku", "success": i >= n - k, "outcomeSource": source})

    for k, n, words, source, wanted in [
            (27, 27, [], "test", "INSUFFICIENT"), (28, 28, [], "review", "SUPPORTED"),
            (18, 18, ["--one-look"], "test", "INSUFFICIENT"), (19, 19, ["--one-look"], "test", "SUPPORTED"),
            (28, 28, [], "user", "INSUFFICIENT"), (41, 42, [], "test", "INSUFFICIENT"),
            (42, 43, [], "test", "SUPPORTED"), (10, 20, [], "test", "REFUTED")]:
        row = judged(haiku(k, n, source), *words)[0]["cheap-success"]
        expect((row["verdict"], row["k"], row["n"]) == (wanted, k, n), f"{k} of {n} {words} {source}: {row}")
    rows, verdict = judged(routed(3000, 5, {"haiku": 0.95, "sonnet": 0.95}))
    expect(verdict == "SUPPORTED", f"an even, cheap rung is not supported: {rows}")
    rows, verdict = judged(routed(3000, 6, {"haiku": 0.6, "sonnet": 0.95}))
    expect(verdict == "REFUTED" and rows["no-regression"]["verdict"] == "REFUTED" and
           rows["cost-reduction"]["verdict"] == "SUPPORTED", f"a worse, cheap rung: {rows}")
    return "27, 28, 18, 19, 41, 42 and 10 as they must be; all five supported; a worse rung refuted"


TESTS = [verdicts, kill_import, kill_log, many_writers, full_disk, newer_version, round_trip]


def main():
    program = os.path.abspath(sys.argv[1])
    wanted = [word for word in sys.argv[2:] if not word.startswith("--")]
    failed = total = 0
    for test in TESTS:
        if wanted and test.__name__ not in wanted:
            continue
        total += 1
        started = time.monotonic()
        try:
            told = test(program)
            print(f"ok      {test.__name__}: {told} [{time.monotonic() - started:.1f} s]", flush=True)
        except (AssertionError, subprocess.TimeoutExpired) as error:
            failed += 1
            print(f"FAILED  {test.__name__}: {error}", flush=True)
    print(f"{total - failed} passed, {failed} failed")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
