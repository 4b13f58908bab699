#!/usr/bin/env python3
"""Whoever connects: malformed requests, slow and greedy clients, other origins, a rebound name.

serve.py PROGRAM [--full] [test …]; --full takes 1 GB and 10,000 connections, otherwise a share of
them that fits into `make test`. Prints a line a test and a summary."""
import json
import os
import resource
import signal
import socket
import stat
import subprocess
import sys
import time

from server import Server, expect, read_answer

FULL = "--full" in sys.argv
GREEDY_BYTES = (1 << 30) if FULL else (64 << 20)
IDLE = 10000 if FULL else 2000
SLOW_S = 15  # the head of a request may take 10
MEMORY_MOST = 100 << 20

HOST = "Host: 127.0.0.1:{port}\r\n"
MALFORMED = {
    "both lengths": "POST /healthz HTTP/1.1\r\n" + HOST +
                    "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nG",
    "two lengths": "POST /healthz HTTP/1.1\r\n" + HOST + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "a length with a sign": "POST /healthz HTTP/1.1\r\n" + HOST + "Content-Length: +1\r\n\r\na",
    "another coding behind chunked": "POST /healthz HTTP/1.1\r\n" + HOST +
                                     "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "a chunk of no size": "POST /healthz HTTP/1.1\r\n" + HOST + "Transfer-Encoding: chunked\r\n\r\nxyz\r\n",
    "a chunk too short": "POST /healthz HTTP/1.1\r\n" + HOST +
                         "Transfer-Encoding: chunked\r\n\r\n2\r\nabcd\r\n0\r\n\r\n",
    "a trailer": "POST /healthz HTTP/1.1\r\n" + HOST +
                 "Transfer-Encoding: chunked\r\n\r\n0\r\nHost: evil\r\n\r\n",
    "bare line feeds": "GET /healthz HTTP/1.1\nHost: 127.0.0.1:{port}\n\n",
    "one bare line feed": "GET /healthz HTTP/1.1\r\n" + HOST + "X: 1\nY: 2\r\n\r\n",
    "a folded header": "GET /healthz HTTP/1.1\r\n" + HOST + "X: 1\r\n 2\r\n\r\n",
    "a blank before the colon": "GET /healthz HTTP/1.1\r\n" + HOST + "X : 1\r\n\r\n",
    "a header without a colon": "GET /healthz HTTP/1.1\r\n" + HOST + "X\r\n\r\n",
    "two hosts": "GET /healthz HTTP/1.1\r\n" + HOST + HOST + "\r\n",
    "no host": "GET /healthz HTTP/1.1\r\n\r\n",
    "a control character": "GET /heal\x01thz HTTP/1.1\r\n" + HOST + "\r\n",
    "a broken escape": "GET /%zz HTTP/1.1\r\n" + HOST + "\r\n",
    "a NUL in the path": "GET /%00 HTTP/1.1\r\n" + HOST + "\r\n",
    "no path": "GET healthz HTTP/1.1\r\n" + HOST + "\r\n",
    "another protocol": "GET /healthz FTP/1.1\r\n" + HOST + "\r\n",
    "TLS": "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    "an unknown parameter": "GET /healthz?x=1 HTTP/1.1\r\n" + HOST + "\r\n",
    "a body where none is taken": "GET /healthz HTTP/1.1\r\n" + HOST + "Content-Length: 1\r\n\r\na",
}
TOO_LARGE = {
    431: "GET /healthz HTTP/1.1\r\n" + HOST + "X: " + "x" * 17000 + "\r\n\r\n",
    414: "GET /" + "x" * 9000 + " HTTP/1.1\r\n" + HOST + "\r\n",
    413: "POST /healthz HTTP/1.1\r\n" + HOST + "Content-Length: 1048577\r\n\r\n",
    505: "GET /healthz HTTP/2.0\r\n" + HOST + "\r\n",
    417: "POST /healthz HTTP/1.1\r\n" + HOST + "Expect: cake\r\nContent-Length: 1\r\n\r\na",
}


def malformed(program):
    with Server(program) as server:
        def told(text):
            return server.send(text.replace("{port}", str(server.port)).encode("latin-1"))
        for name, text in MALFORMED.items():
            answer = told(text)
            expect(answer and answer.status == 400, f"{name}: {answer and answer.status}, not 400")
            expect(answer.json()["success"] is False and answer.json()["message"], f"{name}: no sentence")
        for status, text in TOO_LARGE.items():
            answer = told(text)
            expect(answer and answer.status == status, f"{answer and answer.status}, not {status}")
        server.is_well()
    return f"{len(MALFORMED)} kinds refused with 400, {len(TOO_LARGE)} with what each is"


def methods(program):
    """HEAD, OPTIONS, 405, pipelining, Expect, a request of one byte a packet."""
    with Server(program) as server:
        whole, head = server.ask("/healthz"), server.ask("/healthz", "HEAD")
        expect(head.status == 200 and not head.body and
               head.headers["content-length"] == whole.headers["content-length"], "HEAD is not GET's head")
        options = server.ask("/healthz", "OPTIONS")
        expect(options.status == 204 and options.headers["allow"] == "GET, HEAD, OPTIONS", "OPTIONS")
        expect("access-control-allow-origin" not in options.headers, "another origin is let in")
        refused = server.ask("/healthz", "DELETE")
        expect(refused.status == 405 and "GET" in refused.headers["allow"], "405 without Allow")
        expect(server.ask("/nowhere").status == 404, "404")
        for name in ("content-security-policy", "x-content-type-options", "cache-control"):
            expect(name in whole.headers, f"{name} is not said")
        with server.connect() as one:
            request = f"GET /healthz HTTP/1.1\r\nHost: localhost:{server.port}\r\n\r\n".encode()
            one.sendall(request * 40)
            with one.makefile("rb") as stream:
                answers = [read_answer(stream) for _ in range(40)]
            expect(all(a and a.status == 200 for a in answers), "not all of 40 in a row are answered")
        with server.connect() as one:
            for byte in request:
                one.sendall(bytes([byte]))
            with one.makefile("rb") as stream:
                expect(read_answer(stream).status == 200, "a byte at a time")
        with server.connect() as one:
            one.sendall(f"POST /healthz HTTP/1.1\r\nHost: localhost:{server.port}\r\n"
                        "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n".encode())
            expect(one.recv(25) == b"HTTP/1.1 100 Continue\r\n\r\n", "no 100 Continue")
            one.sendall(b"{}")
            with one.makefile("rb") as stream:
                expect(read_answer(stream).status == 405, "nothing after 100 Continue")
    return "HEAD, OPTIONS, 405, 404, 40 in a row, a byte a packet, Expect"


def places(program):
    """Rebound host names, other origins, other sites, forms."""
    with Server(program, "--name", "rung.example.org") as server:
        def status(path="/healthz", method="GET", **headers):
            headers.setdefault("Authorization", f"Bearer {server.token}")
            return server.ask(path, method, **headers).status
        own = f"127.0.0.1:{server.port}"
        for host in (own, f"localhost:{server.port}", f"LocalHost:{server.port}",
                     f"[::1]:{server.port}", "rung.example.org"):
            expect(status(Host=host) == 200, f"Host: {host} is refused")
        for host in ("evil.example", f"evil.example:{server.port}", "127.0.0.1", "127.0.0.1:1",
                     f"127.0.0.1.evil.example:{server.port}", f"evil@{own}", "rung.example.org.evil"):
            expect(status(Host=host) == 421, f"Host: {host} is served")
        expect(status(Origin=f"http://{own}") == 200, "its own origin is refused")
        for origin in ("http://evil.example", "null", "http://127.0.0.1:1", f"ftp://{own}", own):
            expect(status(Origin=origin) == 403, f"Origin: {origin} is served")
        expect(status(Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="no-cors") == 403, "a foreign image")
        expect(status(Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="navigate") == 200, "a link from elsewhere")
        expect(status(Sec_Fetch_Site="same-origin", Sec_Fetch_Mode="cors") == 200, "its own page")
        expect(server.send(f"GET http://evil.example/healthz HTTP/1.1\r\nHost: {own}\r\n\r\n".encode())
               .status == 421, "another host in the target")
        expect(status(Authorization="") == 401, "a proxy's clients read without a token")
    with Server(program) as server:
        form = server.ask("/api/routing/outcomes", "POST", b"a=b", Origin="http://evil.example",
                          Content_Type="application/x-www-form-urlencoded")
        expect(form.status == 403, f"a form of another site: {form.status}")
        expect(server.ask("/healthz").status == 200, "reading on loopback wants a token")
        expect(server.ask("/healthz", X_Forwarded_For="192.0.2.1").status == 401, "a proxy's clients read")
    return "5 names served, 7 refused; 5 origins, foreign images and forms refused"


def tokens(program):
    """The token's file, the one-time link, the session."""
    with Server(program) as server:
        path = server.database.parent / "serve.token"
        expect(stat.S_IMODE(path.stat().st_mode) == 0o600, "the token file is not of mode 600")
        expect(len(server.token) == 64, "the token is short")
        first = server.ask(f"/login?code={server.code}")
        expect(first.status == 303 and first.headers["location"] == "/", "the link does not log in")
        cookie = first.headers["set-cookie"]
        expect("HttpOnly" in cookie and "SameSite=Strict" in cookie, f"the cookie is {cookie}")
        expect(server.token not in cookie, "the cookie is the token")
        for code in (server.code, "", "x" * 64):
            expect(server.ask(f"/login?code={code}").status == 403, f"the code {code!r} logs in")
        server.child.send_signal(signal.SIGHUP)
        server.read_link()
        again = server.ask(f"/login?code={server.code}")
        expect(again.headers["set-cookie"] == cookie, "a second link gives another session")
        token, port = server.token, server.port
        expect(server.stop() == 0, "SIGTERM does not end it with 0")
        server.start(port)
        expect(server.token == token, "the token changed at a restart")
        server.stop()
        path.chmod(0o644)
        refused = subprocess.run([program, "serve", "--listen", "127.0.0.1:0"], cwd=server.path,
                                 env=server.env, capture_output=True, text=True, timeout=30)
        expect(refused.returncode == 1 and "chmod 600" in refused.stderr, f"said {refused.stderr}")
        path.unlink()
        path.symlink_to("/etc/passwd")
        refused = subprocess.run([program, "serve", "--listen", "127.0.0.1:0"], cwd=server.path,
                                 env=server.env, capture_output=True, text=True, timeout=30)
        expect(refused.returncode == 1 and "link" in refused.stderr, f"said {refused.stderr}")
    return "mode 600, kept, no link followed; a code is good once, SIGHUP prints another"


def writing(program):
    """What writes wants the token, or the session with what only the page can add."""
    with Server(program) as server:
        own, path = f"http://127.0.0.1:{server.port}", "/api/routing/outcomes"
        cookie = server.ask(f"/login?code={server.code}").headers["set-cookie"].split(";")[0]

        def status(number, **headers):
            return server.ask(path, "POST", json.loads(rows(1, number)), **headers).status
        expect(status(1) == 401, "without a token")
        expect(status(1, Authorization="Bearer " + "0" * 64) == 401, "with another token")
        expect(status(1, Cookie=cookie) == 403, "with the cookie alone")
        expect(status(1, Cookie=cookie, Origin=own) == 403, "with cookie and origin")
        expect(status(1, Cookie=cookie, X_Rung="1") == 403, "with cookie and header")
        expect(status(1, Cookie=cookie, X_Rung="1", Origin="http://evil.example") == 403, "from elsewhere")
        expect(not server.rung("export"), "something was written all the same")
        expect(status(1, Cookie=cookie, X_Rung="1", Origin=own) == 200, "the page may not write")
        expect(status(2, Authorization=f"Bearer {server.token}") == 200, "the token may not write")
        expect(status(2, Authorization=f"Bearer {server.token}") == 200, "not twice the same")
        expect(status(3, Authorization=f"Bearer {server.token}", Content_Type="text/plain") == 415, "as a form")
        expect(len(server.rung("export").splitlines()) == 2, "not two rows")
    return "6 ways refused, the page's and the token's taken, the same row once"


def open_address(program):
    """On an address that others reach everything wants the token."""
    with Server(program) as server:
        refused = subprocess.run([program, "serve", "--listen", "0.0.0.0:0"], cwd=server.path,
                                 env=server.env, capture_output=True, text=True, timeout=30)
        expect(refused.returncode == 1 and "--token-file" in refused.stderr, f"said {refused.stderr}")
        token_file = server.path / "token"
        token_file.write_text("t" * 40 + "\n")
        token_file.chmod(0o600)
        with Server(program, "--token-file", str(token_file), host="0.0.0.0") as other:
            for path in ("/healthz", "/", "/openapi.json", "/nowhere"):
                expect(other.ask(path).status == 401, f"{path} without a token")
                expect(other.ask(path, Authorization="Bearer " + "u" * 40).status == 401, "another token")
            expect(other.ask("/healthz", Authorization="Bearer " + "t" * 40).status == 200, "the token")
            cookie = other.ask(f"/login?code={other.code}").headers["set-cookie"].split(";")[0]
            expect(other.ask("/", Cookie=f"a=b; {cookie}").status == 200, "the session")
            other.talk.seek(0)
            expect(b"caddy" in other.talk.read(), "it does not say how to put TLS in front")
    return "refuses to begin without a token file; then 401 for all but the token and the link"


def slow(program):
    """Heads that come a byte a second, a body that stops."""
    with Server(program) as server:
        head = f"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nX: ".encode()
        slow_ones = [server.connect() for _ in range(50)]
        body = server.connect()
        body.sendall(f"POST /healthz HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n"
                     "Content-Length: 1000000\r\n\r\n".encode())
        started = time.monotonic()
        for one in slow_ones:
            one.sendall(head)
        worst = ended = 0
        while time.monotonic() - started < SLOW_S and ended < len(slow_ones):
            for one in slow_ones:
                try:
                    one.sendall(b"x")
                except OSError:
                    ended += 1
            ended = 0 if ended < len(slow_ones) else ended
            worst = max(worst, server.is_well())
            time.sleep(0.5)
        for one in slow_ones + [body]:
            one.settimeout(5)
            with one.makefile("rb") as stream:
                try:
                    answer = read_answer(stream)
                    expect(answer is None or answer.status == 408, "a slow client is answered")
                except ConnectionResetError:
                    pass
            one.close()
        expect(worst < 1, f"another client waited {worst:.1f} s")
    return f"50 slow heads and a body that stops ended; another client waited {worst * 1000:.0f} ms at most"


def greedy(program):
    """A body without an end, chunked and with a length."""
    with Server(program) as server:
        for framing in ("Content-Length: %d" % GREEDY_BYTES, "Transfer-Encoding: chunked"):
            sent, block = 0, b"x" * 65536
            with server.connect() as one:
                one.sendall(f"POST /healthz HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n{framing}\r\n\r\n".encode())
                try:
                    while sent < GREEDY_BYTES:
                        one.sendall(b"10000\r\n" + block + b"\r\n" if "chunked" in framing else block)
                        sent += len(block)
                except OSError:
                    pass
            expect(sent < GREEDY_BYTES, "all of it was taken")
            expect(server.memory_bytes() < MEMORY_MOST, f"{server.memory_bytes()} bytes of memory")
        server.is_well()
    return f"ended after {sent >> 20} MB of {GREEDY_BYTES >> 20}"


def idle(program):
    """More connections than it keeps, saying nothing; others are answered all the while."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    room = IDLE + 100 if hard == resource.RLIM_INFINITY else min(IDLE + 100, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, room), hard))
    n, worst = min(IDLE, room - 100), 0
    with Server(program) as server:
        connections = []
        for i in range(n):
            connections.append(server.connect())
            if i % 100 == 0:
                worst = max(worst, server.is_well())
        fds = len(os.listdir(f"/proc/{server.child.pid}/fd"))
        expect(fds < 700, f"the server holds {fds} descriptors")
        expect(server.memory_bytes() < MEMORY_MOST, f"{server.memory_bytes()} bytes of memory")
        expect(worst < 1, f"another client waited {worst:.1f} s")
        for one in connections:
            one.close()
        server.is_well()
    return f"{n} idle connections, {fds} descriptors in the server; another client waited {worst * 1000:.0f} ms at most"


def never_reads(program):
    """Clients that ask and never read: bounded, and others are answered."""
    with Server(program) as server:
        request = f"GET /openapi.json HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n\r\n".encode()
        deaf = []
        for _ in range(100):
            one = socket.socket()
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            one.connect(("127.0.0.1", server.port))
            one.settimeout(0.2)
            try:
                for _ in range(2000):
                    one.sendall(request)
            except OSError:
                pass
            deaf.append(one)
        worst = max(server.is_well() for _ in range(20))
        memory = server.memory_bytes()
        expect(memory < MEMORY_MOST, f"{memory} bytes of memory")
        expect(worst < 1, f"another client waited {worst:.1f} s")
        for one in deaf:
            one.close()
        server.is_well()
    return f"100 clients that never read: {memory >> 20} MB; another waited {worst * 1000:.0f} ms at most"


def rows(n, first=0, success=True, **more):
    """Lines of experiments as other programs write them."""
    return "".join(json.dumps({"id": f"e{i}", "timestamp": 1767225600000 + i, "taskId": f"t{i}",
                               "description": "x" * 500, "modelUsed": "haiku", "routingStrategy": "default",
                               "routingConfidence": 0.6, "success": success, "cost": 0.01,
                               "timeToComplete": 1, "qualityScore": 4, "notes": "", **more}) + "\n"
                   for i in range(first, first + n)).encode()


def ids_of(events):
    return [event.data["id"] for event in events if event.kind in ("decision", "experiment")]


LADDER = """ladder:
  - {rung: haiku, model: claude-haiku-5-5, effort: medium}
  - {rung: opus, model: claude-opus-5-5, effort: medium}
default: haiku
middle: haiku
top: opus
"""


def strange_policies(program):
    """Policies that a page sends: expressions that never end, aliases, depth, commands and files."""
    expressions = "patterns:\n" + "".join(
        f"  - {{rung: opus, in: any, expression: '(a|aa)+{i}b'}}\n" for i in range(64))
    aliases = "a: &a [x, x]\n" + "".join(f"b{i}: &b{i} [*{'a' if i == 0 else f'b{i - 1}'}, *a]\n"
                                        for i in range(60))
    touching = LADDER + "gates:\n  - {name: x, command: [touch, made]}\nledger: sqlite:made.db\n"
    with Server(program) as server:
        server.rung("import", "-", input=rows(500).replace(b"x" * 500, b"a" * 60000))
        task, worst = {"title": "a" * 2000, "body": "a" * 60000}, 0
        def is_sound(policy):
            return server.ask("/api/policy/check", "POST", {"policy": policy}).json()["data"]["ok"]
        expect(is_sound(LADDER + expressions), "the expressions are not taken")
        expect(is_sound(touching), "the gate is not taken")
        for policy in (LADDER + expressions, LADDER + aliases, "[" * 90000, "- " * 90000, touching):
            for path, body in (("/api/policy/check", {}), ("/api/routing/decide", task),
                               ("/api/routing/replay", {"limit": 500})):
                started = time.monotonic()
                answer = server.ask(path, "POST", {**body, "policy": policy})
                expect(answer.status in (200, 422, 503), f"{path}: {answer.status}")
                worst = max(worst, time.monotonic() - started)
        expect(worst < SLOW_S * 2, f"one took {worst:.1f} s")
        made = [path.name for path in server.path.iterdir() if path.name.startswith("made")]
        expect(not made, f"a policy that was tried made {made}")
        for cursor in ("nffffffffffffffff-1", "n7fffffffffffffff-7fffffffffffffff", "n-", "o1-" + "1" * 99):
            answer = server.ask(f"/api/routing/experiments?cursor={cursor}")
            expect(answer.status in (200, 400), f"cursor {cursor}: {answer.status}")
        server.is_well()
        expect(server.stop() == 0, "it does not end with 0")
    return f"5 policies checked, decided by and replayed, {worst:.1f} s at most; none touched a file"


def other_ledger(program):
    """The ledger's file taken away, and a link put in its place."""
    with Server(program) as server:
        def status_within(seconds, wanted):
            until = time.monotonic() + seconds
            while server.ask("/healthz").status != wanted and time.monotonic() < until:
                time.sleep(0.1)
            return server.ask("/healthz").status
        away, elsewhere = server.path / "away.db", server.path / "elsewhere.db"
        server.database.rename(away)
        expect(status_within(5, 500) == 500, "a ledger that is gone is answered from")
        server.database.symlink_to(elsewhere)
        told = server.ask("/api/routing/outcomes", "POST", {"id": "x", "success": True},
                          Authorization=f"Bearer {server.token}")
        expect(told.status == 500 and "replaced" in told.json()["message"], "an outcome is taken and lost")
        expect(not elsewhere.exists(), "a link was followed")
        server.database.unlink()
        away.rename(server.database)
        expect(status_within(5, 200) == 200, "it does not go on with what is put back")
    return "refused until the file of the start is back"


def deaf_to_pages(program):
    """Many ask for all of the ledger at once and read nothing: what is made for them is bounded."""
    with Server(program) as server:
        server.rung("import", "-", input=rows(200).replace(b"x" * 500, b"y" * 5000))
        request = (f"GET /api/routing/experiments?limit=200 HTTP/1.1\r\nHost: 127.0.0.1:{server.port}"
                   "\r\n\r\n").encode()
        deaf, most = [], 0
        for _ in range(400):
            one = socket.socket()
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            one.connect(("127.0.0.1", server.port))
            deaf.append(one)
        for one in deaf:
            one.sendall(request)
        until = time.monotonic() + 5
        while time.monotonic() < until:
            most = max(most, server.memory_bytes())
            time.sleep(0.1)
        for one in deaf:
            one.close()
        expect(most < 2 * MEMORY_MOST, f"{most >> 20} MB of memory")
        server.is_well()
    return f"400 pages of 1 MB asked for, none read: {most >> 20} MB at most"


def events(program):
    """Rows of other processes, runs' journals, resuming from every id, over a restart too."""
    with Server(program) as server:
        first = server.listen()
        hello = first.take(1)[0]
        expect(hello.kind == "hello" and hello.id, "the first event is not hello")
        server.rung("import", "-", input=rows(300))
        told = first.take(300)
        expect(ids_of(told) == [f"e{i}" for i in range(300)], "not each row once, in order")
        for at in (0, 1, 150, 255, 256, 298):
            second = server.listen(told[at].id)
            expect(second.take(1)[0].id == told[at].id, "hello of who comes back is not his place")
            again = ids_of(second.take(299 - at))
            expect(again == [f"e{i}" for i in range(at + 1, 300)], f"resumed at {at}: {len(again)}")
            second.close()
        runs = server.path / "runs"
        runs.mkdir()
        with open(runs / "run_abc_1.jsonl", "w", encoding="utf-8", buffering=1) as journal:
            journal.write('{"run":"run_abc_1","at":1}\n{"task":0,"at":1,"experiment":{}}\n')
            journal.write('{"task":0,"attempting":"haiku"}\n{"task":0,"spe')
            steps = first.take(3)
            expect([step.data["step"] for step in steps] == ["began", "queued", "attempting"], f"{steps}")
            expect(steps[2].data["rung"] == "haiku" and steps[2].data["task"] == 0, "what is attempted")
            place = steps[1].id
            first.close()
            port = server.port
            server.stop()
            journal.write('nd":0.25}\n')
            server.rung("import", "-", input=rows(3, 300))
            server.start(port)
            journal.write('{"end":true}\n')
            third = server.listen(place)
            missed = third.take(1 + 3 + 3)[1:]
            expect(ids_of(missed) == ["e300", "e301", "e302"], "rows of while it was down")
            steps = [event.data["step"] for event in missed if event.kind == "attempt"]
            expect(steps == ["attempting", "spending", "ended"], f"steps of while it was down: {steps}")
        for bad in ("x", "-1;0", "1;2;../../etc/passwd:0", "1;2;a:b", "9" * 30, "1" * 5000):
            answer = server.ask(f"/api/events?last_event_id={bad}", "HEAD")
            expect(answer.status in (200, 400), f"last_event_id={bad}: {answer.status}")
        stranger = server.listen("999999;0")
        expect(stranger.take(1)[0].id.split(";")[0] == "303", "a place of another ledger")
    return "300 rows in order, resumed at 6 places; a run's steps and 3 rows over a restart"


JUDGED = {"decided": "claude-haiku-5-5", "outcomeSource": "test", "costSource": "measured"}


def alarms(program):
    """A rung that fails from one day on: whoever listens is told, and whoever comes later."""
    with Server(program) as server:
        first = server.listen()
        first.take(1)
        server.rung("import", "-", input=rows(300, **JUDGED))
        server.rung("learn")
        server.rung("import", "-", input=rows(200, 300, success=False, **JUDGED))
        server.rung("learn")
        told = first.take_alarm()
        expect(told.data and told.data[0]["rung"] == "haiku" and "accepted less" in told.data[0]["text"],
               f"the alarm says {told.data}")
        second = server.listen(told.id)
        expect(second.take_alarm().data == told.data, "who comes later is not told")
    return told.data[0]["text"]


def deaf_listener(program):
    """A listener that does not read costs others nothing; when it reads, nothing is missing."""
    with Server(program) as server:
        deaf = server.listen(buffer=4096)
        deaf.take(1)
        good = server.listen()
        good.take(1)
        n, started = 40000, time.monotonic()
        writer = subprocess.Popen([program, "import", "-"], cwd=server.path, env=server.env,
                                  stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        writer.stdin.write(rows(n))
        writer.stdin.close()
        seen = ids_of(good.take(n))
        expect(len(seen) == n and len(set(seen)) == n, f"{len(set(seen))} of {n} rows")
        took = time.monotonic() - started
        expect(writer.wait(timeout=30) == 0, "the import failed")
        memory = server.memory_bytes()
        expect(memory < MEMORY_MOST, f"{memory} bytes of memory")
        text = server.ask("/metrics").body.decode()
        expect("rung_event_listeners 2\n" in text, "the deaf one was dropped before its time")
        expect(ids_of(deaf.take(n)) == seen, "who begins to read late misses something")
    return f"one took {n} rows in {took:.1f} s, {memory >> 20} MB; who began to read later misses none"


def ends(program):
    """SIGTERM and Ctrl-C, with connections of every kind open."""
    for how in (signal.SIGTERM, signal.SIGINT):
        with Server(program) as server:
            idle_one, half = server.connect(), server.connect()
            half.sendall(b"GET / HTTP/1.1\r\nHost: ")
            server.is_well()
            started = time.monotonic()
            expect(server.stop(how) == 0, "it does not end with 0")
            took = time.monotonic() - started
            expect(took < 7, f"it took {took:.1f} s")
            idle_one.close()
            half.close()
    with Server(program) as server:
        expect(server.stop() == 0, "it does not end with 0")
        refused = subprocess.run([program, "serve", "--listen", "127.0.0.1:99999"], cwd=server.path,
                                 env=server.env, capture_output=True, text=True, timeout=30)
        expect(refused.returncode == 1 and "65535" in refused.stderr, f"said {refused.stderr}")
    return f"ends with 0 on SIGTERM and SIGINT, {took:.1f} s with half a request open"


TESTS = [malformed, methods, places, tokens, writing, open_address, slow, greedy, idle, never_reads,
         strange_policies, other_ledger, deaf_to_pages,
         events, alarms, deaf_listener, ends]


def main():
    program = os.path.abspath(sys.argv[1])
    wanted = [word for word in sys.argv[2:] if not word.startswith("--")]
    failed = total = 0
    for test in TESTS:
        if wanted and test.__name__ not in wanted:
            continue
        total += 1
        started = time.monotonic()
        try:
            told = test(program)
            print(f"ok      {test.__name__}: {told} [{time.monotonic() - started:.1f} s]", flush=True)
        except (AssertionError, OSError, subprocess.TimeoutExpired) as error:
            failed += 1
            print(f"FAILED  {test.__name__}: {error}", flush=True)
    print(f"{total - failed} passed, {failed} failed")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
