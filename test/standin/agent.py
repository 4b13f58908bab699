#!/usr/bin/env python3
"""A stand-in for a coding agent: speaks the recorded output of claude, codex or opencode, or that of
a declared program, does what a table says, and really edits files. No model is asked.

Called by the name claude, codex or opencode (a link to this file), or with --speak NAME as the first
arguments. The table is JSON in the file that $STANDIN_TABLE names (the agent's environment is its
caller's):
  {"rungs": {"MODEL[@EFFORT]": {"skill": 0.6,           the share of tasks that it solves
                                "seed": 1,               which ones (a hash of task and seed)
                                "solves": ["t1"],        or exactly these
                                "tokens": {"input": 1000, "output": 200, "cache_read": 0,
                                           "cache_write": 0},
                                "usd": 0.01,             its own total (claude, opencode, program)
                                "turns": 3, "wait_s": 0,
                                "served": "other-model", "trouble": "…"}},
   "tasks": {"t1": {"write": {"PATH": "TEXT solved"}, "spoil": {"PATH": "TEXT not solved"}}},
   "answers": {"plan": {…}, "review": {…}, "judge": {…}}}    structured answers by phase
The task is the first of the table's names that the prompt holds, as "task t1". Trouble is one of
turn-limit, budget, not-logged-in, upstream, garbage, crash, hang, deaf (ignores SIGTERM, and its
child does too), flood (1 GB), repeat (the same tool call again and again).
"""
import hashlib
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import time
import uuid

VERSION = "stand-in 1"


def option(arguments, *names):
    """The value of an option, given as two words or with "="; None where it is missing."""
    for i, word in enumerate(arguments):
        for name in names:
            if word == name and i + 1 < len(arguments):
                return arguments[i + 1]
            if word.startswith(name + "="):
                return word[len(name) + 1:]
    return None


def say(value):
    print(json.dumps(value), flush=True)


class Call:
    """What this run was asked, and what the table says about it."""

    def __init__(self, speaks, arguments):
        self.speaks, self.arguments = speaks, arguments
        self.model = option(arguments, "--model", "-m") or os.environ.get("RUNG_MODEL", "none")
        effort = option(arguments, "--effort", "--variant")
        codex_effort = re.search(r'model_reasoning_effort="(\w+)"', " ".join(arguments))
        self.effort = effort or (codex_effort.group(1) if codex_effort else None) or \
            os.environ.get("RUNG_EFFORT", "")
        self.phase = os.environ.get("RUNG_PHASE", "execute")
        table_path = os.environ.get("STANDIN_TABLE")
        table = json.loads(pathlib.Path(table_path).read_text()) if table_path else {}
        rungs = table.get("rungs", {})
        self.row = rungs.get(f"{self.model}@{self.effort}") or rungs.get(self.model) or {}
        self.tasks, self.answers = table.get("tasks", {}), table.get("answers", {})
        prompt_file = option(arguments, "--prompt-file")
        self.prompt = pathlib.Path(prompt_file).read_text() if prompt_file else sys.stdin.read()
        self.task = self.find_task()
        self.session = option(arguments, "--session-id") or str(uuid.uuid4())
        self.tokens = {"input": 1000, "output": 100, "cache_read": 0, "cache_write": 0,
                       **self.row.get("tokens", {})}
        self.usd = self.row.get("usd")
        self.turns = max(1, self.row.get("turns", 2))
        self.served = self.row.get("served", self.model)
        self.trouble = self.row.get("trouble", "")

    def find_task(self):
        for word in re.findall(r"task ([\w.-]+)", self.prompt):
            if word.rstrip(".") in self.tasks:
                return word.rstrip(".")
        return None

    def solves(self):
        if "solves" in self.row:
            return self.task in self.row["solves"]
        key = f"{self.row.get('seed', 1)}/{self.task}/{self.model}@{self.effort}"
        dice = int.from_bytes(hashlib.sha256(key.encode()).digest()[:6], "big") / 2**48
        return dice < self.row.get("skill", 1)

    def work(self):
        """Edits the files that the table names; returns what was written."""
        task = self.tasks.get(self.task, {})
        files = task.get("write" if self.solves() else "spoil", {})
        if self.phase != "execute":
            return {}
        for name, text in files.items():
            path = pathlib.Path(name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return files

    def structured(self):
        return self.answers.get(self.phase)

    def answer(self):
        structured = self.structured()
        return json.dumps(structured) if structured else f"Done ({self.speaks} stand-in)."

    def share(self):
        """The tokens of each turn: all the same, the rest in the last."""
        parts = [{k: v // self.turns for k, v in self.tokens.items()} for _ in range(self.turns)]
        for key, total in self.tokens.items():
            parts[-1][key] += total - sum(part[key] for part in parts)
        return parts


# ---- claude: stream-json of 2.1.330 ----

def claude_usage(tokens, output):
    return {"input_tokens": tokens["input"], "output_tokens": output,
            "cache_read_input_tokens": tokens["cache_read"],
            "cache_creation_input_tokens": tokens["cache_write"]}


def claude_message(call, n, tokens, content):
    say({"type": "assistant", "message": {
        "id": f"msg_standin_{n}", "type": "message", "role": "assistant", "model": call.served,
        "content": [content], "stop_reason": None, "usage": claude_usage(tokens, 1)},
        "parent_tool_use_id": None, "session_id": call.session})


def claude_result(call, **members):
    usage = {} if members.get("is_error") and not members.get("usd") else {call.model: {
        "inputTokens": call.tokens["input"], "outputTokens": call.tokens["output"],
        "cacheReadInputTokens": call.tokens["cache_read"],
        "cacheCreationInputTokens": call.tokens["cache_write"],
        "costUSD": members.get("usd", 0), "costBasis": "list"}}
    say({"type": "result", "subtype": "success", "is_error": False, "api_error_status": None,
         "num_turns": call.turns, "result": call.answer(), "stop_reason": "end_turn",
         "session_id": call.session, "total_cost_usd": members.pop("usd", 0) or 0, "usage": {},
         "modelUsage": usage, "permission_denials": [], "terminal_reason": "completed", **members})


def speak_claude(call):
    say({"type": "system", "subtype": "init", "cwd": os.getcwd(), "session_id": call.session,
         "tools": ["Edit"], "model": call.model, "permissionMode": "default",
         "apiKeySource": "none", "claude_code_version": VERSION})
    if call.trouble == "not-logged-in":
        claude_result(call, is_error=True, result="Not logged in · Please run /login")
        return 1
    if call.trouble == "upstream":
        claude_result(call, is_error=True, api_error_status=500, result="API Error: 500 stand-in")
        return 1
    written = call.work()
    for n, tokens in enumerate(call.share()):
        path = next(iter(written), "README.md")
        tool = {"type": "tool_use", "id": f"toolu_{n}", "name": "Edit" if written else "Read",
                "input": {"file_path": path, "n": n}}
        text = {"type": "text", "text": call.answer()}
        claude_message(call, n, tokens, text if n + 1 == call.turns else tool)
        if n + 1 < call.turns:
            say({"type": "user", "message": {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": f"toolu_{n}", "content": "ok"}]},
                "session_id": call.session})
    limits = {"turn-limit": ("error_max_turns", "Reached maximum number of turns"),
              "budget": ("error_max_budget_usd", "Reached maximum budget")}
    usd = call.usd or 0
    if call.trouble in limits:
        subtype, words = limits[call.trouble]
        claude_result(call, subtype=subtype, is_error=True, errors=[words], result=None, usd=usd)
        return 1
    structured = {"structured_output": call.structured()} if call.structured() else {}
    claude_result(call, usd=usd, **structured)
    return 0


# ---- codex: exec --json of 0.169 ----

def speak_codex(call):
    say({"type": "thread.started", "thread_id": call.session})
    say({"type": "turn.started"})
    if call.trouble in ("not-logged-in", "upstream"):
        status = "401 Unauthorized" if call.trouble == "not-logged-in" else "500 stand-in"
        say({"type": "turn.failed", "error": {"message": f"unexpected status {status}"}})
        return 1
    for n, name in enumerate(call.work()):
        say({"type": "item.completed", "item": {
            "id": f"item_{n}", "type": "file_change", "status": "completed",
            "changes": [{"path": name, "kind": "update"}]}})
    say({"type": "item.completed",
         "item": {"id": "item_last", "type": "agent_message", "text": call.answer()}})
    tokens = call.tokens
    say({"type": "turn.completed", "usage": {
        "input_tokens": tokens["input"] + tokens["cache_read"] + tokens["cache_write"],
        "cached_input_tokens": tokens["cache_read"],
        "cache_write_input_tokens": tokens["cache_write"], "output_tokens": tokens["output"]}})
    return 0


# ---- opencode: run --format json of 1.18 ----

def speak_opencode(call):
    if call.trouble in ("not-logged-in", "upstream"):
        name = "ProviderAuthError" if call.trouble == "not-logged-in" else "APIError"
        say({"type": "error", "sessionID": call.session,
             "error": {"name": name, "data": {"message": "stand-in"}}})
        return 1
    written = call.work()
    for n, tokens in enumerate(call.share()):
        last = n + 1 == call.turns
        if not last:
            say({"type": "tool_use", "sessionID": call.session, "part": {
                "tool": "edit" if written else "read", "callID": f"c{n}", "state": {
                    "status": "completed", "input": {"filePath": next(iter(written), "x"), "n": n},
                    "output": "ok"}}})
        else:
            say({"type": "text", "sessionID": call.session, "part": {"text": call.answer()}})
        say({"type": "step_finish", "sessionID": call.session, "part": {
            "id": f"prt_{n}", "reason": "stop" if last else "tool-calls",
            "tokens": {"input": tokens["input"], "output": tokens["output"], "reasoning": 0,
                       "cache": {"read": tokens["cache_read"], "write": tokens["cache_write"]}},
            "cost": (call.usd or 0) / call.turns}})
    return 0


# ---- a declared program: one JSON object ----

def speak_program(call):
    if call.trouble in ("not-logged-in", "upstream"):
        say({"error": "Not logged in" if call.trouble == "not-logged-in" else "API Error: 500"})
        return 1
    call.work()
    say({"agent": VERSION, "model": call.served, "session": call.session, "text": call.answer(),
         "usage": {**call.tokens, **({} if call.usd is None else {"usd": call.usd})}})
    return 0


# ---- trouble of any agent ----

def make_trouble(call):
    """True where the trouble is all that there is to see."""
    if call.trouble == "garbage":
        print("\x1b[31mSegmentation violation in\x00 reality\x1b[0m\n{\"type\":")
    elif call.trouble == "flood":
        for _ in range(1 << 14):
            sys.stdout.write("flood " * 10922 + "\n")
    elif call.trouble == "hang":
        time.sleep(3600)
    elif call.trouble == "deaf":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        subprocess.Popen([sys.executable, "-c", "import signal, time; signal.signal("
                          "signal.SIGTERM, signal.SIG_IGN); time.sleep(3600)"])
        time.sleep(3600)
    elif call.trouble == "repeat":
        for n in range(100000):
            claude_message(call, n, call.tokens, {"type": "tool_use", "id": f"t{n}", "name": "Read",
                                                  "input": {"file_path": "same"}})
            time.sleep(0.01)
    else:
        return False
    return True


SPEAK = {"claude": speak_claude, "codex": speak_codex, "opencode": speak_opencode,
         "program": speak_program}


def main():
    arguments, name = sys.argv[1:], pathlib.Path(sys.argv[0]).name
    if arguments[:1] == ["--speak"]:
        name, arguments = arguments[1], arguments[2:]
    if name not in SPEAK:
        sys.exit(f"agent.py: speaks {', '.join(SPEAK)}; give --speak NAME")
    if "--version" in arguments:
        print(VERSION)
        return 0
    call = Call(name, arguments)
    print(f"{name} stand-in: no model is asked", file=sys.stderr)
    time.sleep(call.row.get("wait_s", 0))
    if call.trouble == "crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    return 0 if make_trouble(call) else SPEAK[name](call)


if __name__ == "__main__":
    sys.exit(main())
