#!/usr/bin/env python3
"""serve.py PROGRAM MAKE_OUTCOMES LOG_STEADILY [N [SECONDS]]: every read of the API over a ledger of
N experiments (1,000,000) while another process logs 500 a second, then 200 listeners to the events
of SECONDS (60). Times are of whole requests on a connection that stays open."""
import http.client
import multiprocessing
import pathlib
import re
import select
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "live"))
from server import Server  # noqa: E402

RATE, LISTENERS, ASKED, GOAL_MS, MEMORY_MB = 500, 200, 200, 50, 100
# What people and pages ask besides an operation without parameters.
QUERIES = {
    "/api/routing/experiments": ["limit=200", "label=label-7", "rung=opus&outcome=failed", "text=invoices",
                                 "text=nowhere-to-be-found", "order=oldest", "since=2025-06-01&until=2025-06-02"],
    "/api/routing/summary": ["since=2025-12-01", "project=shop"],
    "/api/routing/series": ["by=hour", "since=2025-06-01&until=2025-07-01"],
}


def reads(server):
    """The targets of all reads that the server describes."""
    document = server.ask("/openapi.json").json()
    rows = server.ask("/api/routing/experiments?limit=1")
    example = {"id": rows.json()["data"][0]["id"]} if rows.status == 200 else {}
    for path, operations in document["paths"].items():
        if "get" not in operations or path in ("/api/events", "/openapi.json"):
            continue
        if "{" in path and not path.startswith("/api/routing/experiments"):
            continue  # no run is made here
        target = path.format(**example) if "{" in path else path
        yield target
        for query in QUERIES.get(path, []):
            yield f"{target}?{query}"


def ask_steadily(server, target, n):
    """Milliseconds of n requests, sorted, and the last status."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    times = []
    for _ in range(n):
        started = time.perf_counter()
        connection.request("GET", target)
        answer = connection.getresponse()
        answer.read()
        times.append(1000 * (time.perf_counter() - started))
    connection.close()
    return sorted(times), answer.status


def bench_reads(server, log):
    targets = list(reads(server))
    writer = subprocess.Popen([log, f"sqlite:{server.database}", str(RATE), "600"], stdout=subprocess.PIPE)
    time.sleep(1)
    worst = 0
    for target in targets:
        times, status = ask_steadily(server, target, ASKED)
        p50, p99 = times[len(times) // 2], times[int(len(times) * 0.99) - 1]
        worst = max(worst, p99)
        mark = "" if p99 <= GOAL_MS and status == 200 else "  <--"
        print(f"{target:<58} p50 {p50:7.2f} ms  p99 {p99:7.2f} ms  most {times[-1]:7.1f}  {status}{mark}", flush=True)
    writer.kill()
    writer.wait()
    print(f"worst p99 {worst:.1f} ms (goal {GOAL_MS}) beside {RATE} new rows a second; "
          f"memory {server.memory_bytes() / 1e6:.0f} MB, at most {server.memory_bytes('VmHWM') / 1e6:.0f} (goal {MEMORY_MB})")


def listen_all(port, n, ready, wanted, out):
    """Counts the events of n listeners; each must see each row once, by the ledger's numbers."""
    poll, last, counts, tails = select.epoll(), {}, {}, {}
    sockets = {}
    for _ in range(n):
        one = socket.create_connection(("127.0.0.1", port))
        one.sendall(f"GET /api/events HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
        sockets[one.fileno()], counts[one.fileno()], tails[one.fileno()] = one, 0, b""
        poll.register(one, select.EPOLLIN)
    ready.set()
    numbers, lost, ended, deadline = re.compile(rb"^event: experiment\nid: (\d+);", re.M), 0, 0, None
    while True:
        for descriptor, _ in poll.poll(0.5):
            data = sockets[descriptor].recv(1 << 18)
            if not data:
                ended += 1
                poll.unregister(descriptor)
                continue
            data = tails[descriptor] + data
            cut = data.rfind(b"\n\n") + 2
            data, tails[descriptor] = data[:cut], data[cut:]
            seen = [int(number) for number in numbers.findall(data)]
            counts[descriptor] += len(seen)
            for number in seen:
                lost += descriptor in last and number != last[descriptor] + 1
                last[descriptor] = number
        if wanted.value >= 0:
            deadline = deadline or time.monotonic() + 30
            if all(count >= wanted.value for count in counts.values()) or time.monotonic() > deadline:
                break
    out.put((list(counts.values()), lost, ended))


def bench_events(server, log, seconds):
    time.sleep(1)  # what the reads' writer wrote last is told to nobody
    ready, wanted, out = multiprocessing.Event(), multiprocessing.Value("q", -1), multiprocessing.Queue()
    listener = multiprocessing.Process(target=listen_all, args=(server.port, LISTENERS, ready, wanted, out))
    listener.start()
    ready.wait()
    time.sleep(1)
    written = subprocess.run([log, f"sqlite:{server.database}", str(RATE), str(seconds)], check=True,
                             stdout=subprocess.PIPE).stdout
    logged, finished = int(written), time.monotonic()
    wanted.value = logged
    counts, lost, ended = out.get()
    late = time.monotonic() - finished
    listener.join()
    slow = re.search(r"slow_total (\d+)", server.ask("/metrics").body.decode()).group(1)
    print(f"events   {logged} rows in {seconds} s to {LISTENERS} listeners: {min(counts)} to {max(counts)} each, "
          f"{lost} gaps, {ended} ended, all within {late:.2f} s of the last; {slow} times one fell behind; "
          f"memory at most {server.memory_bytes('VmHWM') / 1e6:.0f} MB")
    return min(counts) == max(counts) == logged and not lost


def main():
    program, make, log = sys.argv[1:4]
    n = int(sys.argv[4]) if len(sys.argv) > 4 else 1000000
    seconds = int(sys.argv[5]) if len(sys.argv) > 5 else 60
    with tempfile.TemporaryDirectory(prefix="rung-bench-") as directory:
        database = pathlib.Path(directory) / "ledger.db"
        source = pathlib.Path(directory) / "all.jsonl"
        with open(source, "wb") as out:
            subprocess.run([make, str(n)], check=True, stdout=out)
        subprocess.run([program, "import", str(source), "--ledger", f"sqlite:{database}"], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=directory)
        source.unlink()
        started = time.perf_counter()
        with Server(program, database=database) as server:
            server.ask("/api/routing/summary")
            print(f"serve    {n:,} experiments; first summary {time.perf_counter() - started:.2f} s after the start "
                  "(goal 1)")
            bench_reads(server, log)
            complete = bench_events(server, log, seconds)
            server.stop()
    sys.exit(not complete)


if __name__ == "__main__":
    main()
