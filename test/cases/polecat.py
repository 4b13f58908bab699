#!/usr/bin/env python3
"""polecat.py RIG NAME BEAD: the transcripts that a Gas Town worker leaves below the working
directory's .claude: a session on the bead that begins in a moment, its sub-agent, one on another
bead, and one of the bead's from before it was handed over."""
import datetime
import json
import pathlib
import re
import sys

RIG, NAME, BEAD = sys.argv[1:4]
PLACE = str(pathlib.Path.cwd() / RIG / "polecats" / NAME / RIG)
PROJECT = pathlib.Path(".claude/projects") / re.sub(r"[^A-Za-z0-9]", "-", PLACE)


def write(path, bead, seconds, answer, output):
    at = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    at = at.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(line) + "\n" for line in [
        {"type": "user", "timestamp": at, "message": {"content": f"hooked: {bead}"}},
        {"type": "assistant", "timestamp": at, "effort": "high",
         "message": {"id": answer, "model": "claude-opus-5-5",
                     "usage": {"input_tokens": 1000, "output_tokens": output}}}]))


write(PROJECT / "s1.jsonl", BEAD, 2, "m1", 100)
write(PROJECT / "s1" / "subagents" / "agent-a.jsonl", "", 3, "m2", 0)
write(PROJECT / "s2.jsonl", "other-1", 4, "m3", 100)
write(PROJECT / "s3.jsonl", BEAD, -600, "m4", 100)
