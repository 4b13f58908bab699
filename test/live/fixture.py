"""A repository with failing tests, a policy for the scripted agent, and calls of rung in it."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
AGENT = HERE / "scripted_agent.py"

POLICY = """ladder:
  - {{rung: small, model: small, effort: low}}
  - {{rung: middle, model: middle, effort: medium}}
  - {{rung: large, model: large, effort: high}}
default: small
middle: middle
top: large
labels:
  complexity: {{trivial: small, simple: small, standard: middle, complex: large}}
assume: {{small: {{input: 1000, output: 100}}, middle: {{input: 1000, output: 100}}}}
agent:
  use: command
  command: [{python}, {agent}, "{{model}}", "{{effort}}", "{{phase}}"]
  result: json
  paths: {{answer: answer, cost: cost, model: model}}
  timeout_s: {timeout}
review: {{when: [security, escalated], rung: large}}
{gates}
"""

GATES = """gates:
  - {name: tests, command: [python3, check.py], timeout_s: 60}
"""

# Every module that was changed must be right, and something must be.
CHECK = """import pathlib, sys
bad = [p.name for p in pathlib.Path("src").glob("*.txt") if p.read_text() == "wrong\\n"]
good = [p.name for p in pathlib.Path("src").glob("*.txt") if p.read_text() == "right\\n"]
print("wrong:", *bad, "right:", *good)
sys.exit(1 if bad or not good else 0)
"""


class Fixture:
    def __init__(self, rung, modules=3, gates=GATES, timeout=20, trust=True, policy=None):
        self.rung = pathlib.Path(rung).resolve()
        self.scratch = tempfile.TemporaryDirectory(prefix="rung-live-", ignore_cleanup_errors=True)
        root = pathlib.Path(self.scratch.name)
        self.top = root / "repository"
        self.environment = {
            "PATH": os.environ["PATH"], "HOME": str(root / "home"), "LANG": "C.UTF-8",
            "XDG_CONFIG_HOME": str(root / "config"), "XDG_DATA_HOME": str(root / "data")}
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS"):
            if name in os.environ:
                self.environment[name] = os.environ[name]
        (self.top / "src").mkdir(parents=True)
        (root / "home").mkdir()
        for i in range(modules):
            (self.top / "src" / f"m{i:03d}.txt").write_text("open\n")
        (self.top / "check.py").write_text(CHECK)
        (self.top / "rung.yaml").write_text(policy or POLICY.format(
            python=sys.executable, agent=AGENT, gates=gates, timeout=timeout))
        self.git("init", "-q", "-b", "main")
        self.commit("Begin")
        if trust:
            self.call("trust", check=0)

    def git(self, *arguments):
        return subprocess.run(["git", *arguments], cwd=self.top, env=self.environment, check=True,
                              capture_output=True, text=True).stdout.strip()

    def commit(self, words):
        self.git("add", "-A")
        self.git("-c", "user.name=Test", "-c", "user.email=test@localhost", "commit", "-qm", words)

    def call(self, *arguments, check=None, timeout=120):
        done = subprocess.run([str(self.rung), *arguments], cwd=self.top, env=self.environment,
                              capture_output=True, text=True, timeout=timeout,
                              stdin=subprocess.DEVNULL)
        if check is not None and done.returncode != check:
            sys.exit(f"rung {' '.join(arguments)}: status {done.returncode}, not {check}\n"
                     f"{done.stdout[-4000:]}\n{done.stderr[-4000:]}")
        return done

    def start(self, *arguments):
        return subprocess.Popen([str(self.rung), *arguments], cwd=self.top, env=self.environment,
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                stdin=subprocess.DEVNULL)

    def run_json(self, *arguments, check=None):
        done = self.call("run", *arguments, "--json", check=check)
        lines = done.stdout.splitlines()
        return (json.loads(lines[-1]) if lines else None), done

    def rows(self):
        done = self.call("export", check=0)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def branches(self):
        return self.git("for-each-ref", "--format=%(refname:short)", "refs/heads/rung/").split()

    def wait_for_step(self, words, n):
        """Until the journal of the run holds these words so often."""
        end = time.monotonic() + 60
        while time.monotonic() < end:
            text = "".join(p.read_text() for p in (self.top / ".rung/runs").glob("*.jsonl"))
            if text.count(words) >= n:
                return
            time.sleep(0.01)
        sys.exit(f"FAILED: {words} is not {n} times in the journal")

    def left_over(self):
        """Work trees and scratch directories that are still there."""
        found = []
        for name in ("worktrees", "scratch"):
            folder = self.top / ".rung" / name
            found += sorted(folder.iterdir()) if folder.is_dir() else []
        return found

    def processes(self):
        """Processes of this fixture: those that have its directory in environment or command."""
        found = []
        for entry in pathlib.Path("/proc").iterdir():
            if not entry.name.isdigit() or int(entry.name) == os.getpid():
                continue
            try:
                words = (entry / "environ").read_bytes() + (entry / "cmdline").read_bytes()
                state = (entry / "stat").read_text().rsplit(")", 1)[1].split()[0]
            except OSError:
                continue
            if self.scratch.name.encode() in words and state != "Z":
                found.append((int(entry.name), (entry / "cmdline").read_bytes()))
        return found

    def tasks(self, rows):
        path = self.top.parent / "tasks.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        return str(path)


def expect(truth, what):
    if not truth:
        sys.exit(f"FAILED: {what}")
