#!/usr/bin/env python3
"""A stand-in for Claude Code that keeps to no cap: told "go on", it streams one request after
another, each 10,000 tokens read from the cache, 20 of input and 30 of output, until it is ended.
Otherwise it mends src/m001.txt, or approves as a judge, with one such request, and says what it
cost. Each call's arguments are a line of $HOME/calls.jsonl."""
import json
import os
import pathlib
import sys
import time

USAGE = {"input_tokens": 20, "output_tokens": 1, "cache_read_input_tokens": 10000,
         "cache_creation_input_tokens": 0}
MODEL = sys.argv[sys.argv.index("--model") + 1]


def say(kind, **more):
    print(json.dumps({"type": kind, "session_id": "s", **more}), flush=True)


def request(n):
    say("system", subtype="status", status="requesting")
    time.sleep(0.3)  # a model takes its time: who is to be stopped here is
    message = {"id": f"m{n}", "model": MODEL, "content": [], "usage": USAGE}
    say("stream_event", event={"type": "message_start", "message": message}, api_message_id=f"m{n}")
    say("assistant", message=message)
    say("stream_event", event={"type": "message_delta", "usage": USAGE | {"output_tokens": 30}},
        api_message_id=f"m{n}")


def main():
    text = sys.stdin.read()
    with (pathlib.Path(os.environ["HOME"]) / "calls.jsonl").open("a") as calls:
        calls.write(json.dumps(sys.argv[1:]) + "\n")
    say("system", subtype="init", claude_code_version="0-stand-in")
    n = 0
    while "go on" in text and n < 200:
        n += 1
        request(n)
    request(n + 1)
    answer = {"verdict": "approve", "confidence": 0.9, "findings": []}
    is_judge = os.environ.get("RUNG_PHASE") in ("review", "judge")
    if not is_judge:
        pathlib.Path("src/m001.txt").write_text("right\n")
    say("result", subtype="success", is_error=False, num_turns=1, result="done",
        structured_output=answer if is_judge else None,
        modelUsage={MODEL: {"inputTokens": 20, "outputTokens": 30, "cacheReadInputTokens": 10000}})


main()
