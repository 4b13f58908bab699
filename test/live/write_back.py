#!/usr/bin/env python3
"""Decisions written into a real backlog in every format and taken out again: what is written stands
where the format has its place and nowhere else, an edit in between survives, and what remains after
--undo is the backlog, byte for byte.

write_back.py RUNG: the backlog is $RUNG_DATA/backlog.jsonl; bd is the stand-in, and so is gh unless
RUNG_GH names the real one, which then talks to a stand-in of GitHub's API."""
import contextlib
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

from fixture import expect

HERE = pathlib.Path(__file__).resolve().parent
DATA = pathlib.Path(os.environ.get("RUNG_DATA", HERE.parent.parent.parent / "shared" / "data"))
SKIPPED = 77
BY_PROGRAM_MOST = 15  # a stand-in is started several times for each
EDIT = ("Edited", "Edited in between")


class Place:
    """A directory with one backlog."""

    def __init__(self, rung, name):
        self.rung, self.name = rung, name
        self.scratch = tempfile.TemporaryDirectory(prefix="rung-write-")
        self.top = pathlib.Path(self.scratch.name) / "project"
        self.top.mkdir()
        self.environment = {"PATH": f"{HERE.parent / 'standin'}:{os.environ['PATH']}", "LANG": "C.UTF-8",
                            "HOME": self.scratch.name}

    def route(self, *words):
        done = subprocess.run([self.rung, "route", *words], cwd=self.top, env=self.environment, text=True,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=300)
        expect(done.returncode == 0, f"{self.name}: rung route {' '.join(words)}: {done.stderr[-2000:]}")
        return done

    def texts(self):
        return {path.relative_to(self.top): path.read_bytes() for path in sorted(self.top.rglob("*"))
                if path.is_file() and not {".rung", ".git"} & set(path.parts)
                and path.name not in ("gh.log", "gh-labels.json")}


def count(stderr, what):
    return int(re.search(rf"(\d+) {what}", stderr).group(1))


def go_round(place, words, without_ours, edit):
    """Writes, writes again, edits, takes out."""
    before = place.texts()
    done = place.route(*words, "--write")
    n, written = count(done.stderr, "decisions written"), place.texts()
    expect(n > 0 and written != before, f"{place.name}: something is written")
    for path, text in written.items():
        expect(without_ours(text) == before[path], f"{place.name}: {path} differs in more than decisions")
    again = place.route(*words, "--write")
    expect(count(again.stderr, "decisions written") == 0, f"{place.name}: a second time: {again.stderr}")
    expect(place.texts() == written, f"{place.name}: a second time changes nothing")
    for path, text in before.items():
        (place.top / path).write_bytes(edit(written[path]))
        before[path] = edit(text)
    undone = place.route(*words, "--undo")
    expect(count(undone.stderr, "decisions taken out") == n, f"{place.name}: {undone.stderr}")
    after = place.texts()
    for path, text in before.items():
        expect(after[path] == text, f"{place.name}: {path} is not as it was")
    print(f"   {place.name}: {n} decisions in {len(before)} file{'s' * (len(before) > 1)}, "
          f"{sum(map(len, before.values()))} bytes as they were")


def edited(text):
    return text.replace(EDIT[0].encode(), EDIT[1].encode())


def test_markdown(rung, issues):
    place = Place(rung, "Markdown")
    lines = ["# Edited backlog", ""]
    for issue in issues:
        lines.append(f"- [ ] {issue['id']}: {' '.join(issue['title'].split())}")
        lines += ["  " + line for line in issue.get("description", "").splitlines()[:2]] + [""]
    (place.top / "TODO.md").write_text("\n".join(lines), newline="\n")
    go_round(place, ["--from", "markdown", "--file", "TODO.md"],
             lambda text: re.sub(rb" \[rung:[a-z-]+\]", b"", text), edited)


def test_taskmaster(rung, issues):
    place = Place(rung, "Task Master")
    tasks = [{"id": i, "title": issue["title"], "description": issue.get("description", ""), "status": "pending",
              "dependencies": [], "priority": "medium", "n": 1.50, "subtasks": []}
             for i, issue in enumerate(issues, 1)]
    tasks[0]["title"] = "Edited"
    text = json.dumps({"master": {"tasks": tasks, "metadata": {"created": "2026"}}}, indent=2, ensure_ascii=False)
    (place.top / "tasks.json").write_text(text)
    made = rb',(\s*)"metadata": \{"rung_decision"[^}]*\}'
    go_round(place, ["--file", "tasks.json"], lambda text: re.sub(made, b"", text), edited)


def test_backlog(rung, issues):
    place = Place(rung, "Backlog.md")
    folder = place.top / "backlog" / "tasks"
    folder.mkdir(parents=True)
    shapes = ["labels: []\n", "labels:\n  - docs\n", "", "labels: [docs, 'a:b']\n"]
    for i, issue in enumerate(issues, 1):
        (folder / f"task-{i} - x.md").write_text(
            f"---\nid: TASK-{i}\ntitle: {json.dumps(issue['title'], ensure_ascii=False)}\nstatus: To Do\n"
            f"{shapes[i % 4]}created_date: '2026-01-01 10:00'\n---\n\n## Description\n\nEdited\n"
            f"{issue.get('description', '')}\n", newline="\n")
    def without_ours(text):
        text = re.sub(rb"labels: \['rung:[a-z-]+'\]\n", b"labels: []\n", text)
        text = re.sub(rb"labels: \[ 'rung:[a-z-]+' \]\n", b"", text)
        return re.sub(rb", 'rung:[a-z-]+'|  - 'rung:[a-z-]+'\n", b"", text)
    go_round(place, ["--from", "backlog"], without_ours, edited)


@contextlib.contextmanager
def real_gh(place):
    """The real gh before a stand-in of the API, to which it goes as to a proxy."""
    programs = pathlib.Path(place.scratch.name) / "bin"
    programs.mkdir()
    (programs / "gh").symlink_to(pathlib.Path(os.environ["RUNG_GH"]).resolve())
    server = subprocess.Popen([sys.executable, HERE.parent / "standin" / "github.py", place.top / "gh.json"],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    place.environment |= {
        "PATH": f"{programs}:{place.environment['PATH']}", "GH_HOST": "github.localhost",
        "GH_TOKEN": "stand-in", "GH_ENTERPRISE_TOKEN": "stand-in", "GH_PROMPT_DISABLED": "1",
        "GH_NO_UPDATE_NOTIFIER": "1", "http_proxy": f"http://127.0.0.1:{server.stdout.readline().strip()}"}
    for words in (["init", "-q"], ["remote", "add", "origin", "http://github.localhost/o/r.git"]):
        subprocess.run(["git", *words], cwd=place.top, env=place.environment, check=True)
    version = subprocess.run(["gh", "--version"], env=place.environment, capture_output=True, text=True,
                             executable=programs / "gh")
    place.name = version.stdout.splitlines()[0]
    try:
        yield
    finally:
        server.stdin.close()
        server.wait()


def test_github(rung, issues):
    place = Place(rung, "GitHub (stand-in gh)")
    rows = [{"number": i, "title": issue["title"], "body": issue.get("description", "") + " Edited",
             "labels": [{"name": label} for label in issue.get("labels", [])], "state": "OPEN"}
            for i, issue in enumerate(issues[:BY_PROGRAM_MOST], 1)]
    (place.top / "gh.json").write_text(json.dumps(rows))
    with real_gh(place) if os.environ.get("RUNG_GH") else contextlib.nullcontext():
        go_round(place, ["--from", "github"],
                 lambda text: re.sub(rb'(, )?\{"name": "rung:[a-z-]+"\}', b"", text), edited)


def test_beads(rung, issues):
    place = Place(rung, "Beads (stand-in bd)")
    (place.top / ".beads").mkdir()
    rows = [{**issue, "title": "Edited " + issue["title"]} for issue in issues[:BY_PROGRAM_MOST]]
    (place.top / ".beads" / "standin.json").write_text(json.dumps(rows, indent=1) + "\n")
    def without_ours(text):
        return re.sub(rb',\n  "metadata": \{\n   "execution_suggested_model"[^}]*\}', b"", text)
    go_round(place, ["--from", "beads"], without_ours, edited)


def main():
    rung, path = str(pathlib.Path(sys.argv[1]).resolve()), DATA / "backlog.jsonl"
    if not path.exists():
        print(f"skipped: there is no {path.name} (set RUNG_DATA)")
        sys.exit(SKIPPED)
    with open(path, encoding="utf-8") as file:
        issues = [json.loads(line) for line in file]
    issues = [issue for issue in issues if issue.get("status") == "open" and not issue.get("metadata")]
    for test in (test_markdown, test_taskmaster, test_backlog, test_github, test_beads):
        test(rung, issues)
        print("ok", test.__name__, flush=True)


if __name__ == "__main__":
    main()
