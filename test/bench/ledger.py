#!/usr/bin/env python3
"""ledger.py PROGRAM MAKE_OUTCOMES [N]: whole-process times of a ledger of N experiments (1,000,000):
import, report, log; beside the report the same aggregation by the sqlite3 shell, beside log an
insert by it, equally durable."""
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

RUNS, LOGS = 7, 60
AGGREGATION = """
CREATE TEMP VIEW e AS SELECT e.*, m.text AS model, s.text AS strategy_name FROM experiment e
 JOIN name m ON m.number = e.model_used JOIN name s ON s.number = e.strategy;
SELECT model, count(*), sum(success = 2), sum(cost), avg(seconds), avg(quality) FROM e
 WHERE pending = 0 GROUP BY model;
SELECT strategy_name, count(*), sum(success = 2), sum(cost), avg(confidence) FROM e
 WHERE pending = 0 GROUP BY strategy_name;
"""


def seconds(words, **more):
    started = time.perf_counter()
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL, **more)
    return time.perf_counter() - started


def median(words, runs=RUNS, **more):
    return statistics.median(seconds(words, **more) for _ in range(runs))


def main():
    program, make = sys.argv[1:3]
    n = int(sys.argv[3]) if len(sys.argv) > 3 else 1000000
    with tempfile.TemporaryDirectory(prefix="rung-bench-") as directory:
        source, database = pathlib.Path(directory) / "all.jsonl", pathlib.Path(directory) / "ledger.db"
        env = {"HOME": directory, "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "RUNG_LEDGER": f"sqlite:{database}"}
        here = {"env": env, "cwd": directory}
        with open(source, "wb") as out:
            subprocess.run([make, str(n)], check=True, stdout=out)
        took = seconds([program, "import", str(source)], **here)
        print(f"import   {n:>9,} experiments in {took:.1f} s: {n / took:,.0f} a second (goal 50,000)")
        report = median([program, "report"], **here)
        shell = median(["sqlite3", str(database)], runs=3, input=AGGREGATION.encode(), **here)
        print(f"report   {1000 * report:9.1f} ms over {n:,} (goal 300); the sqlite3 shell's aggregation by model and "
              f"strategy {1000 * shell:,.0f} ms: {shell / report:,.0f} times as long")
        since = median([program, "report", "--since", "2025-12-25"], runs=3, **here)
        print(f"report   {1000 * since:9.1f} ms for the last week of the year alone (--since)")
        log = median([program, "log", "t", "--rung", "haiku", "--success", "--cost", "0.01"], runs=LOGS, **here)
        insert = median(["sqlite3", str(pathlib.Path(directory) / "plain.db")], runs=LOGS, input=(
            b"PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE IF NOT EXISTS t(a, b, c);"
            b"INSERT INTO t VALUES(1, 2, 3);"), **here)
        print(f"log      {1000 * log:9.1f} ms, whole process, durable (goal 15); an insert by the sqlite3 shell "
              f"{1000 * insert:.1f} ms")


if __name__ == "__main__":
    main()
