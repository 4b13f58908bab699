#!/usr/bin/env python3
"""Runs text cases: run.py PROGRAM FILE.case …

A case file holds cases, each begun by "=== name". Within one, a line "--- part" begins a part:
  --- file NAME     a file that the case finds in its directory
  --- run           command lines, split as a shell splits words but run without one; `rung` is
                    the program under test, also by the names `routing-report` and
                    `gt-smart-sling`; first words NAME=VALUE are its environment; last words
                    "< NAME" give a file as standard input;
                    $SOURCE is the root of the project, $RUNG the program under test
  --- stdout        exactly what they print, together
  --- stdout has    lines that must each stand somewhere in it
  --- stdout lacks  lines that must not
  --- stderr has    likewise, of standard error
  --- standins      (no text) `bd` and `gt` of test/standin and `rung` itself are on PATH
  --- exit N        exit status of the last command (0 where not given)
Each case runs in a new empty directory that is also its home, with a clean environment.
"""
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

WAIT_S = 60
ALIASES = ("rung", "routing-report", "gt-smart-sling")
SOURCE = str(pathlib.Path(__file__).resolve().parent.parent.parent)


def parse(path):
    cases, case, part = [], None, None
    for line in path.read_text().splitlines():
        if line.startswith("=== "):
            case = {"name": line[4:], "parts": []}
            cases.append(case)
        elif line.startswith("--- "):
            part = (line[4:], [])
            case["parts"].append(part)
        elif case and case["parts"]:
            part[1].append(line)
        elif line and not line.startswith("#"):
            sys.exit(f"{path}: text outside a case: {line}")
    return cases


def run_lines(program, lines, cwd, standins):
    path = f"{SOURCE}/test/standin:{os.path.dirname(program)}:" if standins else ""
    usual = {"HOME": cwd, "PATH": path + "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "COLUMNS": "160"}
    for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS"):
        if name in os.environ:
            usual[name] = os.environ[name]
    out, err, status = "", "", 0
    for line in filter(None, lines):
        words = [word.replace("$SOURCE", SOURCE).replace("$RUNG", program) for word in shlex.split(line)]
        env = dict(usual)
        while re.match(r"[A-Z_]+=", words[0]):
            name, _, env[name] = words.pop(0).partition("=")
        stdin = subprocess.DEVNULL
        if len(words) > 2 and words[-2] == "<":
            stdin = open(pathlib.Path(cwd) / words[-1], "rb")
            words = words[:-2]
        started = program if words[0] in ALIASES else shutil.which(words[0], path=env["PATH"]) or words[0]
        done = subprocess.run(words, executable=started, cwd=cwd, env=env, stdin=stdin,
                              capture_output=True, timeout=WAIT_S)
        out += done.stdout.decode("utf-8", "surrogateescape")
        err += done.stderr.decode("utf-8", "surrogateescape")
        status = done.returncode
    return out, err, status


def write_file(cwd, name, text):
    path = pathlib.Path(cwd) / name
    path.parent.mkdir(parents=True, exist_ok=True)
    while text and text[-1] == "":
        text = text[:-1]
    path.write_text("\n".join(text) + "\n")


def judge(part, out, err):
    """(number of checks, what is wrong) of one part of a case."""
    kind, text = part
    wanted = [line for line in text if line]
    stream = err if kind.startswith("stderr") else out
    if kind == "stdout":
        same = out.rstrip("\n") == "\n".join(text).rstrip("\n")
        return 1, [] if same else ["standard output is not as written"]
    if kind.endswith(" has"):
        return len(wanted), [f"{kind[:6]} lacks: {line}" for line in wanted if line not in stream]
    if kind.endswith(" lacks"):
        return len(wanted), [f"{kind[:6]} has: {line}" for line in wanted if line in stream]
    return 0, []


def check(case, program):
    """What is wrong with a case, as sentences, and what it printed."""
    wrong, checks, lines, wanted_exit = [], 0, [], 0
    with tempfile.TemporaryDirectory() as cwd:
        for kind, text in case["parts"]:
            if kind.startswith("file "):
                write_file(cwd, kind[5:], text)
            elif kind == "run":
                lines += text
            elif kind.startswith("exit "):
                wanted_exit = int(kind[5:])
                checks += 1
        standins = any(kind == "standins" for kind, _ in case["parts"])
        out, err, status = run_lines(program, lines, cwd, standins)
        out, err = out.replace(cwd, "$CASE"), err.replace(cwd, "$CASE")
    for part in case["parts"]:
        n, sentences = judge(part, out, err)
        checks += n
        wrong += sentences
    if status != wanted_exit:
        wrong.append(f"exit status {status}, not {wanted_exit}")
    if checks == 0:
        wrong.append("the case checks nothing")
    return wrong, out, err


def main():
    program = os.path.abspath(sys.argv[1])
    failed = total = 0
    for path in map(pathlib.Path, sys.argv[2:]):
        for case in parse(path):
            total += 1
            wrong, out, err = check(case, program)
            if wrong:
                failed += 1
                print(f"FAILED {path.name}: {case['name']}")
                print("\n".join("  " + line for line in wrong))
                print("  stdout:\n" + out + "  stderr:\n" + err)
    print(f"{total - failed} passed, {failed} failed")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
