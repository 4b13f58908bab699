#!/usr/bin/env python3
"""Stand-in for GitHub's API on loopback, as far as `gh issue list`, `gh issue edit` and `gh label
create` ask it: not the real one. gh talks plain http to the host github.localhost, and reaches this
one with http_proxy=http://127.0.0.1:PORT.

github.py ISSUES: a JSON list of issues as `gh issue list --json` prints them, of which labels are
changed. Prints the port that it listens on; ends with its standard input."""
import http.server
import json
import pathlib
import sys
import threading

ISSUES = pathlib.Path(sys.argv[1])
LABELS = []
LOCK = threading.Lock()


def label_id(name):
    return f"L_{name}"


def node(issue):
    labels = [{"id": label_id(label["name"]), "name": label["name"], "description": "", "color": "ededed"}
              for label in issue["labels"]]
    return {"__typename": "Issue", "id": f"I_{issue['number']}", "number": issue["number"],
            "title": issue["title"], "body": issue.get("body", ""), "state": issue.get("state", "OPEN"),
            "url": f"http://github.localhost/o/r/issues/{issue['number']}",
            "labels": {"nodes": labels, "totalCount": len(labels)}}


def change_labels(issue, name, names):
    known = [label["name"] for label in issue["labels"]]
    if name == "add":
        known += [label for label in names if label not in known]
    else:
        known = [label for label in known if label not in names]
    issue["labels"] = [{"name": label} for label in known]


def mutate(query, variables, issues):
    name = "removeLabelsFromLabelable" if "removeLabels" in query else "addLabelsToLabelable"
    given = variables["input"]
    number = int(given["labelableId"].split("_")[1])
    issue = next(i for i in issues if i["number"] == number)
    change_labels(issue, name[:3], [label[2:] for label in given["labelIds"]])
    ISSUES.write_text(json.dumps(issues))
    return {name: {"__typename": ""}}


def answer(query, variables):
    """No more than is asked for: gh takes nothing else."""
    issues = json.loads(ISSUES.read_text())
    if query.lstrip().startswith("mutation"):
        return mutate(query, variables, issues)
    end = {"hasNextPage": False, "endCursor": ""}
    if "issues(" in query:
        return {"repository": {"hasIssuesEnabled": True, "issues": {
            "totalCount": len(issues), "nodes": [node(i) for i in issues], "pageInfo": end}}}
    if "number" in variables:
        issue = next((node(i) for i in issues if i["number"] == variables["number"]), None)
        return {"repository": {"hasIssuesEnabled": True, "issue": issue}}
    names = {*LABELS, *(label["name"] for issue in issues for label in issue["labels"])}
    return {"repository": {"labels": {
        "nodes": [{"id": label_id(name), "name": name} for name in sorted(names)], "pageInfo": end}}}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers.get("content-length", 0))) or b"{}")
        with LOCK:
            if self.path.endswith("/graphql"):
                said = {"data": answer(body["query"], body.get("variables", {}))}
            else:
                LABELS.append(body.get("name"))
                said = {"id": 1, "name": body.get("name")}
        payload = json.dumps(said).encode()
        self.send_response(200 if "data" in said else 201)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)


def main():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(server.server_port, flush=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdin.read()


main()
