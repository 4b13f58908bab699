"""A `rung serve` of a test's own, and requests to it byte by byte."""
import json
import os
import pathlib
import re
import select
import signal
import socket
import subprocess
import tempfile
import time

WAIT_S = 30
EVENT_WAIT_S = 10  # less than there is between heartbeats


def expect(truth, sentence):
    if not truth:
        raise AssertionError(sentence)


class Answer:
    """The head and the body of one answer."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)


def read_answer(stream, method="GET"):
    """One answer off a socket's file; None where the connection ended before it."""
    line = stream.readline()
    if not line:
        return None
    status, headers = int(line.split()[1]), {}
    while (line := stream.readline().strip()):
        name, value = line.decode().split(":", 1)
        headers[name.lower()] = value.strip()
    length = int(headers.get("content-length", 0))
    return Answer(status, headers, b"" if method == "HEAD" else stream.read(length))


class Event:
    """One server-sent event; its data as JSON."""

    def __init__(self, lines):
        fields = dict(line.split(": ", 1) for line in lines)
        self.kind, self.id, self.data = fields["event"], fields["id"], json.loads(fields["data"])

    def __repr__(self):
        return f"{self.kind} {self.id} {self.data}"


class Listener:
    """A connection to /api/events."""

    def __init__(self, server, last_id, buffer=None):
        self.socket = socket.socket()
        if buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        self.socket.settimeout(EVENT_WAIT_S)
        self.socket.connect(("127.0.0.1", server.port))
        head = f"Last-Event-ID: {last_id}\r\n" if last_id else ""
        self.socket.sendall(
            f"GET /api/events HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n{head}\r\n".encode())
        self.stream = self.socket.makefile("rb")
        expect(b" 200 " in self.stream.readline(), "the event stream is refused")
        while self.stream.readline().strip():
            pass

    def take_one(self):
        """The next event; comments are passed over."""
        lines = []
        while True:
            line = self.stream.readline()
            expect(line, "the event stream ended")
            line = line.decode().rstrip("\n")
            if line and not line.startswith((":", "retry:")):
                lines.append(line)
            elif not line and lines:
                return Event(lines)

    def take(self, n):
        """The next n events that are no alarms."""
        events = []
        while len(events) < n:
            event = self.take_one()
            if event.kind != "alarm":
                events.append(event)
        return events

    def take_alarm(self):
        """The next alarm; other events are passed over."""
        while (event := self.take_one()).kind != "alarm":
            pass
        return event

    def close(self):
        self.stream.close()
        self.socket.close()


class Server:
    """The program, its ledger and its token in a directory that goes with it."""

    def __init__(self, program, *options, host="127.0.0.1", database=None, **more):
        self.program = program
        self.directory = tempfile.TemporaryDirectory(prefix="rung-serve-")
        self.path = pathlib.Path(self.directory.name)
        self.database = pathlib.Path(database or self.path / "ledger.db")
        self.env = {"HOME": str(self.path), "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8",
                    "RUNG_LEDGER": f"sqlite:{self.database}"}
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS"):
            if name in os.environ:
                self.env[name] = os.environ[name]
        self.options, self.host, self.more = options, host, more
        self.talk = open(self.path / "stderr", "w+b")
        self.start(0)

    def start(self, port):
        self.child = subprocess.Popen(
            [self.program, "serve", "--listen", f"{self.host}:{port}", *self.options],
            cwd=self.path, env=self.env, stdout=subprocess.PIPE, stderr=self.talk, **self.more)
        self.read_link()

    def read_link(self):
        ready, _, _ = select.select([self.child.stdout], [], [], WAIT_S)
        line = self.child.stdout.readline().decode() if ready else ""
        told = re.match(r"rung serve: http://(\S+):(\d+)/login\?code=(\w+)$", line.strip())
        if not told:
            self.talk.seek(0)
            raise AssertionError(f"it said {line!r} and {self.talk.read().decode()!r}")
        self.port, self.code = int(told.group(2)), told.group(3)

    @property
    def token(self):
        return (self.database.parent / "serve.token").read_text().strip()

    def connect(self, timeout=WAIT_S):
        return socket.create_connection(("127.0.0.1", self.port), timeout=timeout)

    def send(self, raw, timeout=WAIT_S, method="GET"):
        """What is answered to these bytes, as they are."""
        with self.connect(timeout) as one:
            try:
                one.sendall(raw)
            except (BrokenPipeError, ConnectionResetError):
                pass  # refused before it was read: the answer is there
            with one.makefile("rb") as stream:
                return read_answer(stream, method)

    def ask(self, path, method="GET", body=None, **headers):
        """A well-formed request; header names with _ for -."""
        fields = {"Host": f"127.0.0.1:{self.port}", "Connection": "close"}
        if body is not None:
            body = body if isinstance(body, bytes) else json.dumps(body).encode()
            fields |= {"Content-Type": "application/json", "Content-Length": str(len(body))}
        fields |= {name.replace("_", "-"): value for name, value in headers.items()}
        head = "".join(f"{name}: {value}\r\n" for name, value in fields.items() if value)
        raw = f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + (body or b"")
        return self.send(raw, method=method)

    def listen(self, last_id=None, buffer=None):
        return Listener(self, last_id, buffer)

    def rung(self, *words, **more):
        return subprocess.run([self.program, *words], cwd=self.path, env=self.env, check=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more).stdout

    def memory_bytes(self, what="VmRSS"):
        status = pathlib.Path(f"/proc/{self.child.pid}/status").read_text()
        return int(re.search(rf"{what}:\s+(\d+) kB", status).group(1)) * 1024

    def is_well(self):
        """Another client is answered, and soon."""
        started = time.monotonic()
        answer = self.ask("/healthz")
        expect(answer and answer.status == 200, "another client is not answered")
        return time.monotonic() - started

    def stop(self, how=signal.SIGTERM):
        if self.child.poll() is None:
            self.child.send_signal(how)
        status = self.child.wait(timeout=WAIT_S)
        self.child.stdout.close()
        return status

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if self.child.poll() is None:
            self.child.kill()
            self.child.wait()
        self.talk.close()
        if not self.child.stdout.closed:
            self.child.stdout.close()
        self.directory.cleanup()
