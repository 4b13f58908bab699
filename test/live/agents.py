#!/usr/bin/env python3
"""The real agents through `rung run`, against a stand-in of their upstream on loopback.

agents.py RUNG [TEST …]

No model answers and no key is used: the agents are real, what they talk to is
test/standin/upstream.py. They are looked for in RUNG_CLAUDE, RUNG_CODEX and RUNG_OPENCODE (paths of
the programs), then on the PATH; what is not there is left out, and said. To get them:
    npm install --prefix DIRECTORY @anthropic-ai/claude-code @openai/codex opencode-ai
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import uuid

from fixture import GATES, Fixture, expect

STANDIN = pathlib.Path(__file__).resolve().parent.parent / "standin" / "upstream.py"
SKIPPED = 77  # meson's word for it
REAL = ("claude", "codex", "opencode")

# USD per million tokens: input, output, cache read, cache write for 5 minutes.
PRICES = {"claude-haiku-5-5": (0.10, 0.50, 0.01, 0.125), "claude-sonnet-5-5": (2, 10, 0.10, 2.50),
          "claude-opus-5-5": (4, 20, 0.20, 5)}

LADDER = """ladder:
  - {{rung: haiku, model: {provider}claude-haiku-5-5, effort: {haiku}}}
  - {{rung: sonnet, model: {provider}claude-sonnet-5-5, effort: {sonnet}}}
default: haiku
middle: sonnet
top: sonnet
review: {{when: [security], rung: sonnet}}
agent: {{{agent}, timeout_s: 120}}
"""

USAGE = [{"input_tokens": 1000, "output_tokens": 50, "cache_creation_input_tokens": 9000},
         {"input_tokens": 20, "output_tokens": 30, "cache_read_input_tokens": 10000}]


def find(name):
    return os.environ.get(f"RUNG_{name.upper()}") or shutil.which(name)


def cost_of(entry):
    """What the upstream would have charged for one request that it served."""
    use = entry["usage"]
    price = PRICES[entry["served"]]
    counts = [use[key] for key in ("input_tokens", "output_tokens", "cache_read_input_tokens",
                                   "cache_creation_input_tokens")]
    return sum(n * usd for n, usd in zip(counts, price)) / 1e6


class Upstream:
    """The stand-in with a script of its own, for as long as the `with` lasts."""

    def __init__(self, script):
        self.scratch = tempfile.TemporaryDirectory(prefix="rung-upstream-")
        self.log = pathlib.Path(self.scratch.name) / "log.jsonl"
        path = pathlib.Path(self.scratch.name) / "script.json"
        path.write_text(json.dumps(script))
        self.child = subprocess.Popen(
            [sys.executable, str(STANDIN), "--script", str(path), "--log", str(self.log)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.url = self.child.stdout.readline().strip()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.child.stdin.close()
        self.child.wait(timeout=10)
        self.child.stdout.close()

    def entries(self):
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def cost(self, model):
        return sum(cost_of(e) for e in self.entries() if e["model"] == model and "usage" in e)


def write(text, usage=USAGE[0], module="m001"):
    return {"tool": "Write", "text": "I write it.", "usage": usage,
            "input": {"file_path": f"{{cwd}}/src/{module}.txt", "content": text}}


def done(usage=USAGE[1]):
    return {"text": "Done.", "usage": usage}


LOOK = {"tool": "Read", "input": {"file_path": "{cwd}/src/m001.txt"}, "usage": USAGE[1]}
WRONG_THEN_RIGHT = {"claude-haiku-5-5": [write("wrong\n"), done()],
                    "claude-sonnet-5-5": [write("right\n"), done()]}


def claude(rung, upstream, more="", key="dummy", gates=GATES, **variables):
    agent = f"use: claude, program: {find('claude')}, permission: acceptEdits{more}"
    fixture = Fixture(rung, policy=LADDER.format(provider="", haiku="low", sonnet="medium",
                                                 agent=agent) + gates)
    fixture.environment |= {"ANTHROPIC_BASE_URL": upstream.url, "DISABLE_AUTOUPDATER": "1",
                            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1", **variables}
    if key:
        fixture.environment["ANTHROPIC_API_KEY"] = key
    return fixture


def test_claude_climbs(rung):
    with Upstream(WRONG_THEN_RIGHT) as upstream:
        fixture = claude(rung, upstream)
        got, _ = fixture.run_json("Mend m001", "--body", "It is open.", check=0)
        attempts = got["attempts"]
        expect([a["rung"] for a in attempts] == ["haiku", "sonnet"], f"two attempts: {attempts}")
        for attempt, model, effort in zip(attempts, PRICES, ("low", "medium")):
            expect(attempt["model"] == model == attempt["decided"], f"who answered: {attempt}")
            charged = upstream.cost(model)
            expect(abs(attempt["cost"] - charged) < 1e-9,
                   f"{model} cost ${attempt['cost']}, the upstream served ${charged}")
            expect(abs(attempt["reckonedCost"] - charged) < 1e-9, "tokens x prices are the same")
            expect(attempt["tokens"]["input"] == 1020 and attempt["tokens"]["output"] == 80 and
                   attempt["tokens"]["cacheRead"] == 10000, f"tokens: {attempt['tokens']}")
            asked = [e for e in upstream.entries() if e["model"] == model]
            expect({e["output_config"]["effort"] for e in asked} == {effort}, f"effort: {asked}")
            expect(str(uuid.UUID(attempt["session"])) == attempt["session"], "a session's id")
            expect(attempt["agentVersion"][0].isdigit(), f"version: {attempt['agentVersion']}")
            expect("error" not in attempt and "warnings" not in attempt, f"trouble: {attempt}")
        expect(len({a["session"] for a in attempts}) == 2, "a fresh session each")
        expect(abs(got["cost"] - sum(a["cost"] for a in attempts)) < 1e-9, "both count")
        expect([g["verdict"] for g in attempts[0]["gates"]][-1] == "fail" and
               [g["verdict"] for g in attempts[1]["gates"]][-1] == "pass", "its gate said so")
        expect(fixture.git("show", f"{got['branch']}:src/m001.txt") == "right", "the branch is ready")
        expect(fixture.git("show", "main:src/m001.txt") == "open", "main is as it was")
        [row] = fixture.rows()
        wanted = {"success": True, "decided": "claude-haiku-5-5", "served": "claude-sonnet-5-5",
                  "modelUsed": "sonnet", "rung": "haiku", "costSource": "measured",
                  "outcomeSource": "test"}
        expect(row | wanted == row, f"the ledger's row: {row}")
        expect(row["attempts"] == attempts, "every attempt stands in it")
        return f"haiku failed its gate, sonnet passed: ${got['cost']:.6f}, as served"


def test_claude_stops(rung):
    """Ends that are not the model's: each is told as what it is."""
    said = []

    def case(name, script, ending, stopped, words, status, more="", arguments=(), **variables):
        with Upstream(script) as upstream:
            fixture = claude(rung, upstream, more, **variables)
            got, ran = fixture.run_json("Mend m001", "--max-attempts", "1", *arguments, check=status)
            attempt = got["attempts"][0]
            told = f"{name}: {attempt.get('ending')}, {got['stopped_because']}: {got['why']}"
            print("  " + told)
            said.append(name)
            expect(attempt["ending"] == ending, f"{told}\n{attempt}\n{ran.stderr}")
            expect(got["stopped_because"] == stopped, told)
            expect(any(w in got["why"] for w in words), f"the sentence: {told}")
            expect(any(w in attempt["error"] for w in words), f"its error: {attempt}")
            return got, upstream

    haiku = "claude-haiku-5-5"
    case("turn limit", {haiku: [LOOK]}, "turn-limit", "max-attempts", ["turns"], 5,
         more=", max_turns: 2")
    got, upstream = case("budget", {haiku: [LOOK]}, "budget", "budget", ["budget"], 6,
                         arguments=("--budget", "0.0002"))
    expect(0.0002 <= got["cost"] and abs(got["cost"] - upstream.cost(haiku)) < 1e-9,
           f"what the overshoot cost is counted: ${got['cost']}, served ${upstream.cost(haiku)}")
    case("no key", {}, "not-logged-in", "agent-unusable", ["log in", "logged in"], 5, key=None)
    case("401", {haiku: [{"status": 401, "error": "authentication_error",
                          "message": "invalid x-api-key"}]},
         "not-logged-in", "agent-unusable", ["API key"], 5)
    for status, error in ((500, "api_error"), (529, "overloaded_error")):
        got, _ = case(str(status), {haiku: [{"status": status, "error": error}]},
                      "upstream" if status == 500 else "rate-limited", "upstream",
                      [str(status), "verloaded"], 5)
        expect(got["pending"] and got["success"] is None, "no outcome of the rung is made up")
    case("400", {haiku: [{"status": 400, "error": "invalid_request_error",
                          "message": "temperature: no"}]}, "rejected", "upstream",
         ["temperature"], 5)
    case("context", {haiku: [{"status": 400, "error": "invalid_request_error",
                              "message": "prompt is too long: 250000 tokens > 200000 maximum"}]},
         "cut", "max-attempts", ["too long"], 5)
    case("refusal", {haiku: [{"text": "No.", "stop_reason": "refusal"}]}, "refused", "max-attempts",
         ["can't help"], 5)
    return "told apart: " + ", ".join(said)


def test_claude_mismatch(rung):
    other = {"model": "claude-opus-5-5"}
    with Upstream({"claude-haiku-5-5": [write("right\n") | other, done() | other]}) as upstream:
        got, ran = claude(rung, upstream).run_json("Mend m001", check=0)
        [attempt] = got["attempts"]
        expect(attempt["model"] == "claude-opus-5-5" and attempt["decided"] == "claude-haiku-5-5",
               f"who was decided and who answered: {attempt}")
        expect(got["decided"] == "claude-haiku-5-5" and got["served"] == "claude-opus-5-5", "so says the row")
        expect("MODEL MISMATCH: claude-haiku-5-5 was decided, claude-opus-5-5 answered" in ran.stderr,
               f"loud: {ran.stderr}")
        charged = upstream.cost("claude-haiku-5-5")
        expect(abs(attempt["cost"] - charged) < 1e-9,
               f"at the prices of who answered: ${attempt['cost']}, not ${charged}")
        return f"opus answered for haiku: said, and booked at its prices, ${charged:.6f}"


BUSY = {"status": 429, "error": "rate_limit_error", "message": "slow down", "retry": True}


def test_claude_waits(rung):
    """It is told to wait, asks again once, is told again and gives up: the same rung goes on later."""
    script = {"claude-haiku-5-5": [BUSY | {"retry_after": 3, "times": 2}, write("right\n"), done()]}
    with Upstream(script) as upstream:
        fixture = claude(rung, upstream, CLAUDE_CODE_MAX_RETRIES="1")
        got, ran = fixture.run_json("Mend m001", check=0)
        expect([(a["rung"], a["ending"]) for a in got["attempts"]] ==
               [("haiku", "rate-limited"), ("haiku", "done")], f"the same rung again: {got}")
        expect(got["attempts"][0]["success"] is None, "a limit says nothing about the rung")
        expect("asks to wait" in ran.stderr, f"it says that it waits: {ran.stderr}")
        times = [e["at"] for e in upstream.entries()]
        expect(times[1] - times[0] > 2.9 and times[2] - times[1] > 2.9, f"waits obeyed: {times}")
        return f"waits of 3 s obeyed by agent and rung: {times[1] - times[0]:.1f}, {times[2] - times[1]:.1f} s"


def test_claude_swarm_waits(rung):
    """While one agent waits for its limit, no task is begun."""
    script = {"claude-haiku-5-5": [BUSY | {"retry_after": 6, "times": 1}, write("right\n"), done()]}
    with Upstream(script) as upstream:
        fixture = claude(rung, upstream)
        tasks = fixture.tasks([{"id": f"t-{i}", "title": f"Mend {i}"} for i in range(4)])
        fixture.call("swarm", "--file", tasks, "--jobs", "2", check=0)
        told = next(e["at"] for e in upstream.entries() if e["status"] == 429)
        begun = sorted(row["timestamp"] / 1000 - told for row in fixture.rows())
        expect(len(begun) == 4 and begun[1] < 2, f"two begin at once: {begun}")
        expect(begun[2] > 5.5, f"the third waits: {begun}")
        return f"told to wait 6 s, the third task began after {begun[2]:.1f} s"


def structured(answer):
    return {"tool": "StructuredOutput", "input": answer, "usage": USAGE[0]}


def part(module, complexity):
    return {"id": module, "title": f"Mend {module}", "description": f"Mend src/{module}.txt.",
            "files": [f"src/{module}.txt"], "acceptance": ["it is right"], "complexity": complexity}


def test_claude_plans(rung):
    """Plan, parts, review: each a session of its own, structured where it must be."""
    plan = {"tasks": [part("m000", "trivial"), part("m001", "trivial")]}
    verdict = {"verdict": "approve", "confidence": 0.9, "findings": []}
    with Upstream({"says:Split": [structured(plan), done()],
                   "says:You review a change": [structured(verdict), done()],
                   "says:Mend src/m000.txt": [write("right\n", module="m000"), done()],
                   "says:Mend src/m001.txt": [write("right\n"), done()]}) as upstream:
        fixture = claude(rung, upstream)
        got, ran = fixture.run_json("Mend both", "--plan", "sonnet", "--review", "always", check=0)
        phases = [(a["phase"], a["rung"]) for a in got["attempts"]]
        expect(sorted(phases) == [("execute", "haiku"), ("execute", "haiku"), ("plan", "sonnet"),
                                  ("review", "sonnet")], f"plan, two parts, review: {phases}")
        charged = sum(cost_of(e) for e in upstream.entries())
        expect(abs(got["cost"] - charged) < 1e-9, f"cost ${got['cost']}, served ${charged}")
        for module in ("m000", "m001"):
            expect(fixture.git("show", f"{got['branch']}:src/{module}.txt") == "right", module)
        expect(len({a["session"] for a in got["attempts"]}) == 4, "a fresh session each")
        return f"plan and review by sonnet, two parts by haiku: ${charged:.6f}, as served"


# What codex asks for needs no price of Anthropic's: the policy brings its own.
CODEX_PRICES = {"gpt-5.5-mini": (0.25, 2, 0.025, 0.3), "gpt-5.5": (1.5, 12, 0.15, 2)}
CODEX_LADDER = """ladder:
""" + "".join(
    f"  - {{rung: {rung}, model: {model}, effort: low, price: {{input: {price[0]}, output: {price[1]}, "
    f"cache_read: {price[2]}, cache_write: {price[3]}}}}}\n"
    for rung, (model, price) in zip(("mini", "full"), CODEX_PRICES.items())) + """default: mini
middle: full
top: full
agent: {use: codex, program: PROGRAM, permission: workspace-write, timeout_s: 120}
"""
CODEX_HOME = """model_provider = "standin"
[model_providers.standin]
name = "standin"
base_url = "URL/v1"
env_key = "STANDIN_KEY"
wire_api = "responses"
request_max_retries = 0
stream_max_retries = 0
"""


def codex(rung, upstream):
    fixture = Fixture(rung, policy=CODEX_LADDER.replace("PROGRAM", find("codex")) + GATES)
    home = fixture.top.parent / "home" / ".codex"
    home.mkdir()
    (home / "config.toml").write_text(CODEX_HOME.replace("URL", upstream.url))
    fixture.environment["STANDIN_KEY"] = "dummy"
    return fixture


def shell(text):
    return {"tool": "exec_command", "text": "I write it.", "usage": USAGE[0],
            "input": {"cmd": f"echo {text} > src/m001.txt"}}


def test_codex_climbs(rung):
    with Upstream({"gpt-5.5-mini": [shell("wrong"), done()],
                   "gpt-5.5": [shell("right"), done()]}) as upstream:
        fixture = codex(rung, upstream)
        got, _ = fixture.run_json("Mend m001", check=0)
        expect([a["rung"] for a in got["attempts"]] == ["mini", "full"], f"two attempts: {got}")
        for attempt, (model, price) in zip(got["attempts"], CODEX_PRICES.items()):
            expect(attempt["model"] == model and "served" not in attempt, f"who answered: {attempt}")
            wanted = (1020 * price[0] + 80 * price[1] + 10000 * price[2] + 9000 * price[3]) / 1e6
            expect(abs(attempt["cost"] - wanted) < 1e-9, f"${attempt['cost']}, not ${wanted}")
            expect(attempt["agentVersion"] and uuid.UUID(attempt["session"]), f"who: {attempt}")
            expect("warnings" not in attempt, f"trouble: {attempt}")
        expect({e["reasoning"]["effort"] for e in upstream.entries()} == {"low"}, "effort is passed")
        expect(got["served"] == "gpt-5.5" and got["costSource"] == "measured", f"the row: {got}")
        expect(fixture.git("show", f"{got['branch']}:src/m001.txt") == "right", "the branch is ready")
        return f"mini failed its gate, full passed: ${got['cost']:.6f}, each request read from disk"


def test_codex_mismatch(rung):
    other = {"model": "gpt-5.5"}
    with Upstream({"gpt-5.5-mini": [shell("right") | other, done() | other]}) as upstream:
        got, ran = codex(rung, upstream).run_json("Mend m001", check=0)
        [attempt] = got["attempts"]
        expect(attempt["model"] == "gpt-5.5" == got["served"], f"who answered: {attempt}")
        expect("MODEL MISMATCH: gpt-5.5-mini was decided, gpt-5.5 answered" in ran.stderr,
               f"loud: {ran.stderr}")
        return "gpt-5.5 answered for mini: said"


def test_codex_stops(rung):
    cases = {401: ("not-logged-in", "agent-unusable"), 400: ("rejected", "upstream"),
             429: ("rate-limited", "upstream"), 500: ("upstream", "upstream")}
    for status, (ending, stopped) in cases.items():
        step = {"status": status, "error": "invalid_request_error" if status < 429 else "server",
                "message": "stand-in", "retry": True}
        with Upstream({"gpt-5.5-mini": [step]}) as upstream:
            got, ran = codex(rung, upstream).run_json("Mend m001", "--max-attempts", "1", check=5)
            attempt = got["attempts"][0]
            told = f"{status}: {attempt['ending']}, {got['stopped_because']}: {got['why']}"
            print("  " + told)
            expect((attempt["ending"], got["stopped_because"]) == (ending, stopped), told)
            expect(any(w in attempt["error"] for w in (str(status), "stand-in", "high demand")), told)
            expect(got["pending"] and attempt["success"] is None, "no outcome is made up")
    return "told apart: " + ", ".join(map(str, cases))


def opencode(rung, upstream):
    agent = f"use: opencode, program: {find('opencode')}"
    fixture = Fixture(rung, policy=LADDER.format(provider="anthropic/", haiku="low",
                                                 sonnet="high", agent=agent) + GATES)
    models = {model: {"name": model, "cost": dict(zip(("input", "output", "cache_read",
                                                       "cache_write"), price))}
              for model, price in PRICES.items()}
    provider = {"options": {"baseURL": f"{upstream.url}/v1", "apiKey": "dummy"}, "models": models}
    fixture.environment |= {
        "OPENCODE_CONFIG_CONTENT": json.dumps({"provider": {"anthropic": provider}}),
        "OPENCODE_DISABLE_AUTOUPDATE": "1", "OPENCODE_DISABLE_MODELS_FETCH": "1"}
    return fixture


def write_lower(text):
    return {"tool": "write", "text": "I write it.", "usage": USAGE[0],
            "input": {"filePath": "{cwd}/src/m001.txt", "content": text}}


def test_opencode_climbs(rung):
    with Upstream({"claude-haiku-5-5": [write_lower("wrong\n"), done()],
                   "claude-sonnet-5-5": [write_lower("right\n"), done()]}) as upstream:
        fixture = opencode(rung, upstream)
        got, ran = fixture.run_json("Mend m001", check=0)
        expect([a["rung"] for a in got["attempts"]] == ["haiku", "sonnet"], f"two attempts: {got}")
        expect(set(e["model"] for e in upstream.entries()) == set(list(PRICES)[:2]),
               f"no hidden request: {upstream.entries()}")
        for attempt, model in zip(got["attempts"], PRICES):
            charged = upstream.cost(model)
            expect(abs(attempt["cost"] - charged) < 1e-9,
                   f"{model} cost ${attempt['cost']}, the upstream served ${charged}")
            expect(abs(attempt["reckonedCost"] - charged) < 1e-9, "tokens x prices are the same")
            expect(attempt["served"] == "unknown", f"it does not tell who answered: {attempt}")
        expect("does not tell which model answered" in ran.stderr, f"that is said: {ran.stderr}")
        expect("served" not in got, f"and not made up: {got.get('served')}")
        expect(fixture.git("show", f"{got['branch']}:src/m001.txt") == "right", "the branch is ready")
        return f"haiku failed its gate, sonnet passed: ${got['cost']:.6f}, as served; who answered unknown"


def test_opencode_stops(rung):
    cases = {401: ("not-logged-in", "agent-unusable"), 400: ("rejected", "upstream"),
             429: ("rate-limited", "upstream")}
    for status, (ending, stopped) in cases.items():
        step = {"status": status, "error": "invalid_request_error", "message": "stand-in"}
        with Upstream({"claude-haiku-5-5": [step]}) as upstream:
            got, _ = opencode(rung, upstream).run_json("Mend m001", "--max-attempts", "1", check=5)
            attempt = got["attempts"][0]
            told = f"{status}: {attempt['ending']}, {got['stopped_because']}: {got['why']}"
            print("  " + told)
            expect((attempt["ending"], got["stopped_because"]) == (ending, stopped), told)
    return "told apart: " + ", ".join(map(str, cases))


API = """agent: {{use: api, url: "{url}", key_variable: STANDIN_KEY, max_output_tokens: 1000, timeout_s: 20}}
gates:
  - {{name: answer, pattern: "^42$"}}
"""


def api(rung, upstream):
    ladder = LADDER.partition("agent:")[0].format(provider="", haiku="low", sonnet="medium")
    fixture = Fixture(rung, policy=ladder + API.format(url=upstream.url))
    fixture.environment["STANDIN_KEY"] = "dummy"
    return fixture


def test_api(rung):
    first, second = USAGE
    with Upstream({"claude-haiku-5-5": [{"text": "41", "usage": first}],
                   "claude-sonnet-5-5": [{"text": "42", "usage": second}]}) as upstream:
        fixture = api(rung, upstream)
        got, _ = fixture.run_json("What is 6 x 7?", "--review", "never", check=0)
        expect([a["rung"] for a in got["attempts"]] == ["haiku", "sonnet"], f"two attempts: {got}")
        charged = upstream.cost("claude-haiku-5-5") + upstream.cost("claude-sonnet-5-5")
        expect(abs(got["cost"] - charged) < 1e-9, f"cost ${got['cost']}, served ${charged}")
        expect(all(e["max_tokens"] == 1000 for e in upstream.entries()), "the longest answer")
        # 10,000 bytes of prompt and an answer of at most so many tokens fit into the budget
        fixture.run_json("What is 6 x 7?", "--body", "x" * 9000, "--budget", "0.0013", check=6)
        limited = [e["max_tokens"] for e in upstream.entries()][2:]
        expect(len(limited) == 1 and limited[0] < 1000, f"a hard budget cuts the answer: {limited}")
        expect(0.0013 >= (9000 * 0.1 + limited[0] * 0.5) / 1e6, "so that it cannot be passed")
        n = len(upstream.entries())
        got, _ = fixture.run_json("What is 6 x 7?", "--body", "x" * 9000, "--budget", "0.0005")
        expect(len(upstream.entries()) == n and got["cost"] == 0, f"too little: nothing is asked")
        expect("does not pay for the prompt" in got["why"] and got["stopped_because"] == "budget",
               f"the reason: {got['stopped_because']}: {got['why']}")
        return f"haiku wrong, sonnet right: ${charged:.6f}, as served; the budget is hard"


def test_api_waits(rung):
    with Upstream({"claude-haiku-5-5": [BUSY | {"retry_after": 2, "times": 1}, {"text": "42"}]}) as upstream:
        got, ran = api(rung, upstream).run_json("What is 6 x 7?", check=0)
        expect([a["ending"] for a in got["attempts"]] == ["rate-limited", "done"], f"{got['attempts']}")
        waited = upstream.entries()[1]["at"] - upstream.entries()[0]["at"]
        expect(1.9 < waited < 4.5 and "asks to wait 2 s" in ran.stderr, f"{waited} s: {ran.stderr}")
        return f"retry-after of 2 s obeyed: {waited:.1f} s"


SPENDER = STANDIN.parent / "spender.py"
REQUEST_USD = (20 * 0.10 + 30 * 0.50 + 10000 * 0.01) / 1e6  # of Haiku
REQUEST_SONNET_USD = (20 * 2 + 30 * 10 + 10000 * 0.10) / 1e6


def test_spender(rung):
    """A stand-in for claude that keeps to no cap is stopped at the line, and the judge gets a cap."""
    agent = f"use: claude, program: {SPENDER}"
    fixture = Fixture(rung, policy=LADDER.format(provider="", haiku="low", sonnet="medium",
                                                 agent=agent) + GATES)
    got, ran = fixture.run_json("Mend m001", "--body", "go on", "--budget", "0.001",
                                "--max-attempts", "1", check=6)
    [attempt] = got["attempts"]
    expect(attempt["ending"] == "budget" and got["stopped_because"] == "budget", f"why: {attempt}")
    n = round(attempt["cost"] / REQUEST_USD)
    expect(abs(attempt["cost"] - n * REQUEST_USD) < 1e-12, "every request is counted in full")
    expect(0.001 <= attempt["cost"] < 0.001 + REQUEST_USD, f"stopped at the line: {attempt['cost']}")
    said = "an attempt may be over it by that one request"
    expect("limit: $0.001 for the task" in ran.stderr and said in ran.stderr,
           f"said before the start: {ran.stderr}")
    expect(ran.stderr.index(said) < ran.stderr.index("attempt 1"), "before")
    plan = fixture.call("run", "Mend m001", "--dry-run", "--budget", "0.001", check=0)
    expect(said in plan.stderr, f"and by a dry run: {plan.stderr}")
    got, _ = fixture.run_json("Mend m001", "--review", "always", "--budget", "0.01", check=0)
    calls = [json.loads(line) for line in
             (fixture.top.parent / "home" / "calls.jsonl").read_text().splitlines()]
    caps = [float(call[call.index("--max-budget-usd") + 1]) for call in calls]
    expect(len(caps) == 3 and caps[1] == 0.01 and abs(caps[2] - (0.01 - REQUEST_USD)) < 1e-6,
           f"the judge's cap is what is left: {caps}")
    expect(abs(got["cost"] - REQUEST_USD - REQUEST_SONNET_USD) < 1e-9, "both are paid")
    got, _ = fixture.run_json("Mend m001", "--review", "always", "--budget", "0.0001", check=5)
    expect(got["stopped_because"] == "unchecked" and "nothing is left to pay a judge" in got["why"],
           f"a judge that cannot be paid: {got['stopped_because']}: {got['why']}")
    expect(len(got["attempts"]) == 1 and got["branch"], "is not asked, and the change waits")
    return f"stopped after {n} requests of a $0.001 budget; judges get what is left as their cap"


def verdicts(*words):
    return json.dumps({"reviews": [{"change": i, "verdict": word, "confidence": 0.9, "findings": []}
                                   for i, word in enumerate(words, 1)]})


def batch_script(answer, **batch):
    return {"claude-haiku-5-5": [{"text": "42", "usage": USAGE[0]}],
            "claude-sonnet-5-5": [{"text": answer, "usage": USAGE[1]}], "batch": batch}


def questions(fixture, n):
    return ["swarm", "--jobs", "2", "--review", "sonnet", "--file",
            fixture.tasks([{"id": f"q-{i}", "title": f"What is {i} x 7?"} for i in range(n)])]


def reviews_of(rows):
    return [a for row in rows for a in row["attempts"] if a["phase"] == "review"]


def test_api_batch(rung):
    """One review of all at the end, as a Message Batch at half the price."""
    with Upstream(batch_script(verdicts("approve", "reject", "approve"), polls=2)) as upstream:
        fixture = api(rung, upstream)
        done = fixture.call(*questions(fixture, 3), check=5)
        expect("3 changes are reviewed by sonnet in 1 prompt, as a Message Batch at half the price"
               in done.stderr, done.stderr)
        rows = {row["taskId"]: row for row in fixture.rows()}
        expect([rows[f"q-{i}"]["success"] for i in range(3)] == [True, False, True], rows)
        [served] = [e for e in upstream.entries() if e.get("batch")]
        expect(served["custom_id"].endswith("-r0") and served["output_config"]["format"], served)
        expect("42" in served["said"] and "What is 1 x 7?" in served["said"], "answers are shown")
        reviews = reviews_of(rows.values())
        expect(len(reviews) == 3 and all(a["batch"] == served["batch"] and a["priceFactor"] == 0.5
                                         for a in reviews), f"named so: {reviews}")
        charged = sum(a["cost"] for a in reviews)
        expect(abs(charged - cost_of(served) / 2) < 1e-9, f"${charged}, served {cost_of(served)}")
        total = sum(row["cost"] for row in rows.values())
        expect(abs(total - charged - 3 * upstream.cost("claude-haiku-5-5") / 3) < 1e-9, total)
    with Upstream(batch_script(verdicts("approve"), results=["expired"])) as upstream:
        fixture = api(rung, upstream)
        done = fixture.call(*questions(fixture, 1), check=5)
        [row] = fixture.rows()
        expect(row["pending"] and "expired" in row["notes"], f"nobody reviewed it: {row}")
        expect(row["attempts"][-1].get("cost") == 0, "and it cost nothing")
    with Upstream(batch_script(verdicts("approve"), results=["errored"])) as upstream:
        fixture = api(rung, upstream)
        fixture.call(*questions(fixture, 1), check=5)
        [row] = fixture.rows()
        expect(row["pending"] and "stand-in" in row["notes"], f"the API's words: {row}")
    with Upstream(batch_script(verdicts("approve"), status=404, error="not_found_error")) as upstream:
        fixture = api(rung, upstream)
        done = fixture.call(*questions(fixture, 1), check=0)
        [row] = fixture.rows()
        expect("one by one, at the full price" in done.stderr, done.stderr)
        [review] = reviews_of([row])
        expect("batch" not in review and review["cost"] ==
               round(upstream.cost("claude-sonnet-5-5"), 9), f"at the full price: {review}")
    return f"three reviewed for ${charged:.6f}, half of what was served; refused, asked one by one"


def test_api_batch_goes_on(rung):
    """Killed while a batch is in flight: its answer is read by the next start and paid once."""
    with Upstream(batch_script(verdicts("approve", "approve"), polls=3)) as upstream:
        fixture = api(rung, upstream)
        words = questions(fixture, 2)
        for how in ("kill", "terminate"):
            child = fixture.start(*words)
            fixture.wait_for_step('"batch":', 1)
            time.sleep(0.3)
            getattr(child, how)()
            child.wait(timeout=20)
            expect(not fixture.rows(), f"{how}: nothing is recorded before the answer")
        done = fixture.call(*words, check=0)
        expect("going on with" in done.stderr, done.stderr)
        asked = [e for e in upstream.entries() if e.get("batch")]
        expect(len(asked) == 1, f"one batch, whoever waits for it: {asked}")
        expect(len(upstream.entries()) == 3, "nor is anything else asked twice")
        rows = fixture.rows()
        expect(len(rows) == 2 and all(row["success"] for row in rows), rows)
        charged = sum(a["cost"] for a in reviews_of(rows))
        expect(abs(charged - cost_of(asked[0]) / 2) < 1e-9, f"paid once: ${charged}")
        return "killed and interrupted in flight, read by the third start"


TESTS = {
    "spender": [test_spender],
    "api": [test_api, test_api_waits, test_api_batch, test_api_batch_goes_on],
    "claude": [test_claude_climbs, test_claude_stops, test_claude_mismatch, test_claude_waits,
               test_claude_swarm_waits, test_claude_plans],
    "codex": [test_codex_climbs, test_codex_mismatch, test_codex_stops],
    "opencode": [test_opencode_climbs, test_opencode_stops],
}


def main():
    rung, wanted = sys.argv[1], sys.argv[2:]
    n = 0
    for agent, tests in TESTS.items():
        if agent in REAL and not find(agent):
            print(f"{agent} is not installed (npm, see the top of this file; RUNG_{agent.upper()} "
                  "names it): left out")
            continue
        for test in tests:
            name = test.__name__.removeprefix("test_")
            if not wanted or name in wanted:
                begun = time.monotonic()
                print(f"{name}: {test(rung)} ({time.monotonic() - begun:.0f} s)", flush=True)
                n += 1
    sys.exit(0 if n else SKIPPED)


main()
