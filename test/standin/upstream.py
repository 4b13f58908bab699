#!/usr/bin/env python3
"""A stand-in for the Messages API on loopback, for real agents in tests: no model answers here.
Beside it, under the same port, the Responses API as far as Codex needs it (responses.py).

usage: upstream.py [--port N] [--script FILE] [--log FILE]
Prints "http://127.0.0.1:PORT" when it listens. The script is JSON: {"MODEL or *": [step, …]}, or
{"says:TEXT": […]} for requests that offer tools and whose user says TEXT, which come before those
by model; the steps are given in order of the tool results that a request carries already, the
last one again and again:
  {"text": "…"}                                   an answer that ends the turn
  {"tool": "Write", "input": {…}, "text": "…"}    a tool call; {cwd} in its texts is the directory
                                                  that the request says the agent works in
  {"tools": [{"tool": "Agent", "input": {…}}, …]} several of them
  {"status": 529, "error": "overloaded_error", "message": "…", "retry_after": 7, "retry": true}
                                                  retry: the client is not told to give up
Beside these: "usage": {input_tokens, output_tokens, cache_read_input_tokens,
cache_creation_input_tokens}, "model": the id to answer with, "wait_s": seconds before it,
"times": given that often, then it is gone and the next stands in its place.
Message Batches are answered too, each request of one as it would be alone; "batch": {"polls": 2,
"results": ["succeeded", "errored", …], "status": 404} in the script says how often a batch is still
in progress when it is asked after, what becomes of its requests (the last again and again), and how
one is refused.
The log has a line for each request: what was asked, and what was served.
"""
import argparse
import http.server
import itertools
import json
import re
import sys
import threading
import time

import responses

IDS = itertools.count(1)
USAGE = {"input_tokens": 10, "output_tokens": 5, "cache_read_input_tokens": 0,
         "cache_creation_input_tokens": 0}


def tool_results(body):
    """How many answers to tool calls the conversation holds."""
    if "input" in body:
        return responses.tool_results(body)
    n = 0
    for message in body.get("messages", []):
        if isinstance(message.get("content"), list):
            n += sum(block.get("type") == "tool_result" for block in message["content"])
    return n


def place(body):
    """The directory that the agent says it works in."""
    found = re.search(r"(?:working directory: |<cwd>)([^\s\\<]+)", json.dumps(body))
    return found.group(1) if found else "."


def filled(value, cwd):
    """The input of a tool call with its blanks filled in."""
    if isinstance(value, dict):
        return {key: filled(item, cwd) for key, item in value.items()}
    return value.replace("{cwd}", cwd) if isinstance(value, str) else value


def said(body):
    """The texts of the user, together."""
    texts = []
    for message in body.get("messages", []):
        if message.get("role") == "user":
            content = message.get("content") or []
            texts += [content] if isinstance(content, str) else [b.get("text", "") for b in content]
    return "\n".join(texts)


def steps_for(script, body):
    if body.get("tools"):
        for key, steps in script.items():
            if key.startswith("says:") and key[5:] in said(body):
                return steps
    return script.get(body.get("model")) or script["*"]


def events(body, step):
    """The events of a streamed answer, as (name, data)."""
    usage = {**USAGE, **step.get("usage", {})}
    n = next(IDS)
    message = {"id": f"msg_standin_{n:06}", "type": "message", "role": "assistant",
               "model": step.get("model", body["model"]), "content": [], "stop_reason": None,
               "stop_sequence": None, "usage": {**usage, "output_tokens": 1}}
    blocks = []
    if step.get("text"):
        blocks.append(({"type": "text", "text": ""},
                       {"type": "text_delta", "text": step["text"]}))
    calls = step.get("tools", [step] if step.get("tool") else [])
    for i, call in enumerate(calls):
        blocks.append(({"type": "tool_use", "id": f"toolu_standin_{n:06}_{i}", "name": call["tool"],
                        "input": {}},
                       {"type": "input_json_delta",
                        "partial_json": json.dumps(filled(call["input"], place(body)))}))
    yield "message_start", {"message": message}
    for index, (start, delta) in enumerate(blocks):
        yield "content_block_start", {"index": index, "content_block": start}
        yield "content_block_delta", {"index": index, "delta": delta}
        yield "content_block_stop", {"index": index}
    reason = step.get("stop_reason", "tool_use" if calls else "end_turn")
    yield "message_delta", {"delta": {"stop_reason": reason, "stop_sequence": None},
                            "usage": usage}
    yield "message_stop", {}


def whole(body, step):
    """The same as one message, for a request that does not stream."""
    message, content = None, []
    for name, data in events(body, step):
        if name == "message_start":
            message = data["message"]
        elif name == "content_block_start":
            content.append(dict(data["content_block"]))
        elif name == "content_block_delta":
            if data["delta"]["type"] == "text_delta":
                content[-1]["text"] = data["delta"]["text"]
            else:
                content[-1]["input"] = json.loads(data["delta"]["partial_json"])
        elif name == "message_delta":
            message |= {"stop_reason": data["delta"]["stop_reason"], "usage": data["usage"]}
    return message | {"content": content}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    script, log, lock = {"*": [{"text": "Done (stand-in)."}]}, None, threading.Lock()
    batches = {}

    def log_message(self, *_):
        pass

    def answer(self, status, body, kind="application/json", headers=()):
        self.send_response(status)
        for name, value in (("content-type", kind), ("content-length", len(body)), *headers):
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(body)

    # ---- Message Batches, as the API's reference shows them ----

    def tell_batch(self, name):
        batch = self.batches[name]
        ended = batch["polls"] <= 0
        batch["polls"] -= 1
        counts = {"processing": 0 if ended else len(batch["lines"]), "succeeded": 0, "errored": 0,
                  "canceled": 0, "expired": 0}
        for line in batch["lines"] if ended else ():
            counts[line["result"]["type"]] += 1
        body = {"id": name, "type": "message_batch", "request_counts": counts,
                "processing_status": "ended" if ended else "in_progress",
                "created_at": "2026-11-22T18:00:00Z", "expires_at": "2026-11-23T18:00:00Z",
                "ended_at": "2026-11-22T18:00:01Z" if ended else None,
                "cancel_initiated_at": None, "archived_at": None,
                "results_url": "http://127.0.0.1:9/never-asked" if ended else None}
        self.answer(200, json.dumps(body).encode())

    def make_batch(self, body):
        plan = self.script.get("batch", {})
        if plan.get("status", 200) >= 400:
            return self.refuse(plan)
        ends, lines = plan.get("results", ["succeeded"]), []
        name = f"msgbatch_standin_{next(IDS):06}"
        for n, request in enumerate(body["requests"]):
            end, params = ends[min(n, len(ends) - 1)], request["params"]
            step = self.take_step(params)
            result = {"type": end}
            if end == "succeeded":
                self.write_log(params, step, batch=name, custom_id=request["custom_id"])
                result["message"] = whole(params, step)
            elif end == "errored":
                result["error"] = {"type": "error", "error": {"type": "api_error",
                                                              "message": "stand-in"}}
            lines.append({"custom_id": request["custom_id"], "result": result})
        # results come in any order
        self.batches[name] = {"polls": plan.get("polls", 1), "lines": lines[::-1]}
        return self.tell_batch(name)

    def do_GET(self):
        words = self.path.split("/")
        if words[:4] == ["", "v1", "messages", "batches"] and words[4:] and \
                words[4] in self.batches:
            if words[5:] == ["results"]:
                lines = self.batches[words[4]]["lines"]
                return self.answer(200, "".join(json.dumps(line) + "\n" for line in lines).encode(),
                                   "application/x-jsonl")
            return self.tell_batch(words[4])
        self.answer(404, b'{"type":"error","error":{"type":"not_found_error","message":"no"}}')

    do_HEAD = do_GET

    def stream(self, given, headers=()):
        text = "".join(f"event: {name}\ndata: {json.dumps({'type': name, **data})}\n\n"
                       for name, data in given)
        self.answer(200, text.encode(), "text/event-stream", headers)

    def take_step(self, body):
        with self.lock:
            steps = steps_for(self.script, body)
            if "times" in steps[0]:
                steps[0]["times"] -= 1
                return steps[0] if steps[0]["times"] else steps.pop(0)
        return steps[min(tool_results(body), len(steps) - 1)]

    def write_log(self, body, step, **more):
        if not self.log:
            return
        line = {"model": body.get("model"), "path": self.path, "at": time.time(),
                "output_config": body.get("output_config"), "reasoning": body.get("reasoning"),
                "max_tokens": body.get("max_tokens"), "status": step.get("status", 200),
                "served": step.get("model", body.get("model")), "said": said(body), **more}
        if line["status"] < 400:
            line["usage"] = {**USAGE, **step.get("usage", {})}
        with self.lock:
            self.log.write(json.dumps(line) + "\n")
            self.log.flush()

    def refuse(self, step):
        error = {"error": {"type": step.get("error", "api_error"),
                           "message": step.get("message", "stand-in")}}
        if not self.path.startswith("/v1/responses"):
            error = {"type": "error"} | error
        headers = [("retry-after", step.get("retry_after", 7))]
        if not step.get("retry"):
            headers.append(("x-should-retry", "false"))
        self.answer(step["status"], json.dumps(error).encode(), headers=headers)

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers.get("content-length", 0))) or b"{}")
        is_responses = self.path.startswith("/v1/responses")
        if not is_responses and (not self.path.startswith("/v1/messages") or
                                 "count_tokens" in self.path):
            return self.do_GET()
        if self.path.split("?")[0] == "/v1/messages/batches":
            return self.make_batch(body)
        step = self.take_step(body)
        self.write_log(body, step)
        time.sleep(step.get("wait_s", 0))
        if step.get("status", 200) >= 400:
            return self.refuse(step)
        if is_responses:
            model = step.get("model", body["model"])
            given = responses.events(model, step, next(IDS), {**USAGE, **step.get("usage", {})},
                                     filled(step.get("input", {}), place(body)))
            return self.stream(given, [("openai-model", model)])
        if not body.get("stream"):
            return self.answer(200, json.dumps(whole(body, step)).encode())
        self.stream(events(body, step))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--script")
    parser.add_argument("--log")
    options = parser.parse_args()
    if options.script:
        with open(options.script, encoding="utf-8") as file:
            Handler.script = {"*": Handler.script["*"], **json.load(file)}
    if options.log:
        Handler.log = open(options.log, "a", encoding="utf-8")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", options.port), Handler)
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        sys.stdin.read()  # ends with whoever started it
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
