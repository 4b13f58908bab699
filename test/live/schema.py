#!/usr/bin/env python3
"""The API against its own description, asked by schemathesis (PyPI) with cases that it makes up:
no 5xx, no status, media type or body that the description does not have. The event stream is
left out: it has no end.

schema.py RUNG [--full]; a few cases an operation, with --full 1,000. RUNG_SCHEMATHESIS names the
program where it is not on the PATH; without it everything is skipped."""
import os
import pathlib
import shutil
import subprocess
import sys

from server import Server

SKIPPED = 77
FEW, MANY = 10, 1000
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
EXAMPLES = pathlib.Path(__file__).resolve().parent.parent.parent / "examples" / "experiments.jsonl"
JOURNAL = """{"run":"run_1","at":1767700000000,"signature":"x","settings":{}}
{"task":0,"is":{"id":"t","title":"<script>"}}
{"task":0,"attempting":"haiku"}
"""


def find_program():
    named = os.environ.get("RUNG_SCHEMATHESIS")
    return named or shutil.which("st") or shutil.which("schemathesis")


def main():
    rung, full = sys.argv[1], "--full" in sys.argv[2:]
    program = find_program()
    if not program:
        print("skipped: schemathesis is not installed (pip install schemathesis, or RUNG_SCHEMATHESIS)")
        sys.exit(SKIPPED)
    with Server(rung) as server:
        if EXAMPLES.exists():
            server.rung("import", str(EXAMPLES))
        (server.path / "runs").mkdir()
        (server.path / "runs" / "run_1.jsonl").write_text(JOURNAL)
        done = subprocess.run(
            [program, "run", f"http://127.0.0.1:{server.port}/openapi.json", "--no-color",
             "-H", f"Authorization: Bearer {server.token}", "--exclude-path", "/api/events",
             "--checks", CHECKS, "--phases", "examples,coverage,fuzzing",
             "-n", str(MANY if full else FEW), "--generation-database", "none"],
            cwd=server.path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode:
            print(done.stdout[-8000:])
        else:
            print("\n".join(line for line in done.stdout.splitlines() if "passed" in line or "Tested" in line))
        server.is_well()
        memory = server.memory_bytes("VmHWM") / 1e6
        status = server.stop()
    print(f"the server took {memory:.0f} MB at most and ended with {status}")
    sys.exit(1 if done.returncode or status else 0)


main()
