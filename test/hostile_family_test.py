"""Thousands of hostile guests, one after the other and beside each other: no worker dies, and a neighbour hardly notices.

1,000 of them by default; INLAY_HOSTILE=10000 for more.
"""

import collections
import concurrent.futures
import http.client
import os
import re
import threading
import time
import types

import guests
from guests import handle
from hostile_family import OBJECTS, Guest, family
from serving import Connection, query_text

COUNT = int(os.environ.get("INLAY_HOSTILE", 1000))
CLIENTS = 4
DEPLOYMENT = {"timeout_ms": 50, "cpu_ms": 500, "memory_bytes": 64 << 20}  # The second is what ends a stream that goes on and on.
# How a guest may end. Anything else is ours to answer for.
ENDS = {"function-failed", "function-trapped", "function-timed-out", "input-is-read-only", "overloaded"}
P99_RATIO_MAX = 3
P99_SLACK_MS = 20


ADDRESS = re.compile(rb"\b0x[0-9a-fA-F]{9,}|\b[0-9a-f]{12}\b")  # A guest's own have 32 bits.


def end_of(answer):
    """The problem's name, or that the guest has answered itself."""
    if answer.status >= 400 and ADDRESS.search(answer.body):
        return f"an address of the host is told: {answer.body!r}"
    return answer.problem if answer.headers.get("Content-Type") == "application/problem+json" else "answered"


def live_and_die(connection, name, guest):
    """Deploys, invokes and removes it; gives how it ended."""
    deployed = connection.request("PUT", f"/v1/functions/{name}{query_text(DEPLOYMENT)}", guest.module)
    if deployed.status not in (200, 201):
        return "refused" if guest.may_be_refused and deployed.problem == "bad-module" else f"deploy: {deployed}"
    try:
        ended = end_of(connection.request("POST" if guest.body else "GET", f"/f/{name}{query_text(guest.query)}", guest.body))
    except (http.client.IncompleteRead, ConnectionResetError, BrokenPipeError) as error:
        if not guest.is_stream:
            return f"invoke: {error!r}"
        ended = "cut"  # The only way to end a response that has begun.
    if guest.is_stream:
        connection.http.close()  # The server does so too, if a part of the body is unread.
    removed = connection.request("DELETE", f"/v1/functions/{name}")
    return ended if removed.status in (200, 204) else f"remove: {removed}"


def attack(address, client, some):
    """In a process of its own. Gives how many ended how, and what must not be."""
    counts, wrong = collections.Counter(), []
    for number, guest in enumerate(some):
        with Connection(address, timeout=20) as connection:
            try:
                ended = live_and_die(connection, f"hostile-{client}-{number}", guest)
            except Exception as error:
                ended = repr(error)
        counts[ended if len(ended) < 30 else "wrong"] += 1
        if ended not in ENDS | {"answered", "refused", "cut"}:
            wrong.append((guest.kind, ended, guest.module.decode()[-1500:]))
    return counts, wrong


def beside(server, some):
    """Runs the guests while a neighbour asks for no-ops: counts, what must not be, the neighbour's p99 in ms."""
    address, over, waits = types.SimpleNamespace(host=server.host, port=server.port, headers={}), threading.Event(), []

    def neighbour():
        with Connection(server) as connection:
            while not over.is_set():
                begun = time.monotonic()
                assert connection.request("GET", "/f/noop").status == 200
                waits.append(1000 * (time.monotonic() - begun))
                time.sleep(0.002)

    thread = threading.Thread(target=neighbour)
    with concurrent.futures.ProcessPoolExecutor(CLIENTS) as clients:
        parts = [clients.submit(attack, address, client, some[client::CLIENTS]) for client in range(CLIENTS)]
        thread.start()
        try:
            results = [part.result() for part in parts]
        finally:
            over.set()
            thread.join()
    counts = sum((counts for counts, _ in results), collections.Counter())
    return counts, [one for _, wrong in results for one in wrong], sorted(waits)[len(waits) * 99 // 100]


def harmless(count):
    return [Guest("harmless", guests.module(handle(f"(call $answer (i32.const {i}))")), {}, None) for i in range(count)]


def test_no_worker_dies_of_a_family_of_hostile_guests_and_its_neighbour_is_served(server, noise, tell):
    server.deploy_example("noop")
    contents = {name: noise(size, 7) for name, size in OBJECTS.items()}
    for name, content in contents.items():
        server.put(name, content)
    some = list(family(COUNT))
    counts, wrong, usual = beside(server, harmless(200))
    # 50 ms are short on a busy machine: some may run out of them, or have no turn within them.
    assert not wrong and set(counts) <= {"answered", "function-timed-out", "overloaded"}, (counts, wrong[:1])
    assert counts["answered"] >= 0.9 * sum(counts.values()), counts
    workers, begun = server.worker_pids(), time.monotonic()
    counts, wrong, p99 = beside(server, some)
    tell(f"{sum(counts.values())} guests in {time.monotonic() - begun:.0f} s: {dict(counts.most_common())}")
    tell(f"p99 of a neighbour's no-ops: {p99:.1f} ms, beside harmless guests {usual:.1f} ms")
    assert not wrong, f"{len(wrong)}, of which the first: {wrong[0][0]}: {wrong[0][1]}\n{wrong[0][2]}"
    assert server.worker_pids() == workers
    assert {name: server.get(name).body for name in contents} == contents
    assert p99 <= P99_RATIO_MAX * usual + P99_SLACK_MS
