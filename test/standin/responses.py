"""The Responses API for upstream.py: what Codex speaks. The same steps, told as its events."""
import json


def tool_results(body):
    """How many answers to tool calls the conversation holds."""
    return sum(item.get("type", "").endswith("_call_output") for item in body["input"])


def items(step, n, tool_input):
    """What the model gives out in one answer."""
    given = []
    if step.get("text"):
        given.append({"type": "message", "role": "assistant", "id": f"msg_standin_{n:06}",
                      "content": [{"type": "output_text", "text": step["text"]}]})
    if step.get("tool"):
        given.append({"type": "function_call", "id": f"fc_standin_{n:06}",
                      "call_id": f"call_standin_{n:06}", "name": step["tool"],
                      "arguments": json.dumps(tool_input)})
    return given


def usage_of(usage):
    """Here what is cached is a part of the input."""
    cached, written = usage["cache_read_input_tokens"], usage["cache_creation_input_tokens"]
    total = usage["input_tokens"] + cached + written
    return {"input_tokens": total,
            "input_tokens_details": {"cached_tokens": cached, "cache_write_tokens": written},
            "output_tokens": usage["output_tokens"],
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": total + usage["output_tokens"]}


def events(model, step, n, usage, tool_input):
    """The events of a streamed answer, as (name, data)."""
    response = {"id": f"resp_standin_{n:06}", "object": "response", "model": model}
    yield "response.created", {"response": response | {"status": "in_progress"}}
    for index, item in enumerate(items(step, n, tool_input)):
        yield "response.output_item.done", {"output_index": index, "item": item}
    yield "response.completed", {"response": response | {"status": "completed",
                                                         "usage": usage_of(usage)}}
