#!/usr/bin/env python3
"""A real Claude Code with `rung hook`, before a stand-in of the API on loopback: its sub-agents get
the decided models, the ledger the costs of its transcripts, and no trouble of ours harms it.

claude_code.py RUNG; RUNG_CLAUDE names the program, without it everything is skipped."""
import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

from fixture import expect

UPSTREAM = pathlib.Path(__file__).resolve().parent.parent / "standin" / "upstream.py"
SKIPPED = 77
WAIT_S = 90
HOOK_TIMEOUT_S = 5  # what `rung init --claude` grants a hook

# Dollars per million tokens, as Anthropic lists them: input, output, cache read, cache write (5 min).
PRICES = {"claude-haiku-5-5": (0.10, 0.50, 0.01, 0.125), "claude-sonnet-5-5": (2, 10, 0.10, 2.50),
          "claude-opus-5-5": (4, 20, 0.20, 5)}

CALLS = [
    {"description": "Name it", "prompt": "Say the word sonnet.", "model": "sonnet"},
    {"description": "Fix typo in README", "prompt": "Fix typo in README.md: teh -> the."},
    {"description": "Security audit of login", "prompt": "Security audit: is the login safe?"}]
# Which model must have answered each call, and why the ledger says so.
WANTED = [("claude-sonnet-5-5", "forced"), ("claude-haiku-5-5", "pattern-match"),
          ("claude-opus-5-5", "pattern-match")]
# Other numbers for each call, so that a mix-up shows in the sums.
USAGES = [{"input_tokens": 1000 * (i + 3), "output_tokens": 700 + 31 * i,
           "cache_read_input_tokens": 20000 + 110 * i, "cache_creation_input_tokens": 3000 + i}
          for i in range(len(CALLS))]


def script():
    delegate = {"tools": [{"tool": "Agent", "input": {"subagent_type": "general-purpose", **call}}
                          for call in CALLS]}
    steps = {f"says:{call['prompt']}": [{"text": "Done (stand-in).", "usage": usage}]
             for call, usage in zip(CALLS, USAGES)}
    return {**steps, "says:DELEGATE": [delegate, {"text": "All done (stand-in)."}]}


def cost_usd(model, usage):
    price = PRICES[model]
    return (usage["input_tokens"] * price[0] + usage["output_tokens"] * price[1] +
            usage["cache_read_input_tokens"] * price[2] +
            usage["cache_creation_input_tokens"] * price[3]) / 1e6


class Session:
    """One project with our hooks, one run of Claude Code in it."""

    def __init__(self, rung):
        self.scratch = tempfile.TemporaryDirectory(prefix="rung-claude-")
        self.root = pathlib.Path(self.scratch.name)
        self.project = self.root / "project"
        self.bin = self.root / "bin"
        for folder in (self.project, self.bin, self.root / "home"):
            folder.mkdir()
        (self.bin / "rung").symlink_to(rung)
        self.environment = {
            "PATH": f"{self.bin}:{os.environ['PATH']}", "HOME": str(self.root / "home"),
            "ANTHROPIC_API_KEY": "stand-in", "DISABLE_AUTOUPDATER": "1", "LANG": "C.UTF-8",
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1"}
        subprocess.run(["git", "init", "-q"], cwd=self.project, check=True, env=self.environment)
        self.rung("init", "--claude")

    def rung(self, *words, check=True):
        done = subprocess.run([str(self.bin / "rung"), *words], cwd=self.project,
                              env=self.environment, stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=WAIT_S)
        if check and done.returncode:
            sys.exit(f"rung {' '.join(words)}: {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done

    def replace_rung(self, text):
        (self.bin / "rung").unlink()
        (self.bin / "rung").write_text(text)
        (self.bin / "rung").chmod(0o755)

    @contextlib.contextmanager
    def upstream(self):
        log, path = self.root / "log.jsonl", self.root / "script.json"
        log.unlink(missing_ok=True)
        path.write_text(json.dumps(script()))
        started = subprocess.Popen(
            [sys.executable, str(UPSTREAM), "--script", str(path), "--log", str(log)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        try:
            yield started.stdout.readline().strip()
        finally:
            started.stdin.close()
            started.terminate()
            started.wait()

    def run(self, claude):
        """(what claude printed, requests that the upstream saw, seconds)"""
        with self.upstream() as url:
            begin = time.monotonic()
            done = subprocess.run(
                [claude, "-p", "--model", "claude-fable-5-2", "--output-format", "json",
                 "DELEGATE three things."],
                cwd=self.project, env={**self.environment, "ANTHROPIC_BASE_URL": url},
                stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=WAIT_S)
            seconds = time.monotonic() - begin
        expect(done.returncode == 0, f"claude ended with {done.returncode}: {done.stdout} {done.stderr}")
        said = json.loads(done.stdout)
        expect(not said["is_error"] and "All done" in said["result"], f"the session ended well: {said}")
        requests = [json.loads(line) for line in (self.root / "log.jsonl").read_text().splitlines()]
        return said, requests, seconds

    def rows(self):
        """The ledger's experiments, by the description of the call; waits for the background."""
        rows = {}
        for _ in range(50):
            rows = {row["description"]: row for row in
                    map(json.loads, self.rung("export").stdout.splitlines())}
            if len(rows) == len(CALLS) and not any(row.get("pending") for row in rows.values()):
                break
            time.sleep(0.2)
        return rows


def answered(requests, call):
    """The request of that sub-agent."""
    found = [r for r in requests if call["prompt"] in r["said"] and "DELEGATE" not in r["said"]]
    expect(len(found) == 1, f"one request of \"{call['description']}\", not {len(found)}")
    return found[0]


def test_routed(rung, claude):
    session = Session(rung)
    said, requests, seconds = session.run(claude)
    rows = session.rows()
    ledger_sums = {}
    for call, usage, (model, strategy) in zip(CALLS, USAGES, WANTED):
        request, row = answered(requests, call), rows[call["description"]]
        expect(request["model"] == model, f"{call['description']}: {request['model']}, not {model}")
        expect(row["decided"] == model and row["served"] == model, f"decided and served: {row}")
        expect(row["routingStrategy"] == strategy and not row.get("pending"), f"strategy: {row}")
        expect(row["costSource"] == "measured" and row["outcomeSource"] == "none", f"sources: {row}")
        wanted_usd = cost_usd(model, usage)
        expect(abs(row["cost"] - wanted_usd) < 1e-9, f"cost {row['cost']}, not {wanted_usd}")
        ledger_sums[model] = row["cost"]
    for model, usd in ledger_sums.items():
        own_usd = said["modelUsage"][model]["costUSD"]
        expect(abs(usd - own_usd) < 1e-6, f"{model}: ledger ${usd:.6f}, Claude Code ${own_usd:.6f}")
    doctor = session.rung("doctor", "--json", check=False).stdout
    agents = [f for f in map(json.loads, doctor.splitlines()) if f["what"] == "sub-agent"]
    expect(len(agents) == len(CALLS) and all(f["state"] == "ok" for f in agents), f"doctor: {agents}")
    print(f"   {len(requests)} requests, {seconds:.1f} s, "
          f"${sum(ledger_sums.values()):.6f} of sub-agents in the ledger as in the session's own sum")


def unharmed(session, claude, what, models):
    """The session ends well, and its sub-agents run on `models`; None: on the session's own."""
    _, requests, seconds = session.run(claude)
    for call, model in zip(CALLS, models):
        request = answered(requests, call)
        expect(request["model"] == model, f"{what}: {call['description']} ran on {request['model']}")
    print(f"   {what}: {seconds:.1f} s")
    return seconds


OWN = "claude-fable-5-2"  # a sub-agent that nobody routes runs on the session's model
UNROUTED = ["claude-sonnet-5-5", OWN, OWN]


def test_crashing_hook(rung, claude):
    session = Session(rung)
    session.replace_rung("#!/bin/sh\nkill -SEGV $$\n")
    unharmed(session, claude, "a hook that crashes", UNROUTED)
    session.replace_rung("#!/bin/sh\nhead -c 100000 /dev/urandom\nexit 1\n")
    unharmed(session, claude, "a hook that prints rubbish and fails", UNROUTED)
    (session.bin / "rung").unlink()
    unharmed(session, claude, "no rung at all", UNROUTED)


def test_hanging_hook(rung, claude):
    session = Session(rung)
    session.replace_rung("#!/bin/sh\nexec sleep 300\n")
    seconds = unharmed(session, claude, "a hook that hangs", UNROUTED)
    most_s = 60  # before three calls, after three sub-agents and at the end
    expect(seconds < most_s, f"ended after its hooks' time was up: {seconds:.0f} s")


def test_bad_policies(rung, claude):
    session = Session(rung)
    policy = session.project / "rung.yaml"
    policy.write_text("ladder: [\n")
    unharmed(session, claude, "a policy that is no YAML", UNROUTED)
    policy.unlink()
    policy.mkdir()
    unharmed(session, claude, "a policy that cannot be read", UNROUTED)
    policy.rmdir()
    policy.write_text("ladder: [{rung: haiku, model: claude-opus-5-5}]\n"
                      "default: haiku\nmiddle: haiku\ntop: haiku\n")
    unharmed(session, claude, "a policy that nobody trusts", [m for m, _ in WANTED])


def main():
    rung = str(pathlib.Path(sys.argv[1]).resolve())
    claude = os.environ.get("RUNG_CLAUDE")
    if not claude or not shutil.which(claude):
        print("skipped: RUNG_CLAUDE names no Claude Code to check against")
        sys.exit(SKIPPED)
    version = subprocess.run([claude, "--version"], capture_output=True, text=True, timeout=WAIT_S,
                             env={"PATH": os.environ["PATH"], "HOME": "/nonexistent"})
    print(f"against {version.stdout.strip()}")
    for test in (test_routed, test_crashing_hook, test_hanging_hook, test_bad_policies):
        test(rung, claude)
        print("ok", test.__name__, flush=True)


if __name__ == "__main__":
    main()
