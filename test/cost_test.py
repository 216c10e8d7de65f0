"""What an invocation costs is told and true: large content is mapped and never copied, and /metrics sums the same numbers."""

import random
import time

import pytest

import guests
from guests import handle
from serving import Server
from wire import Wire

WITH_COST = {"Inlay-Cost": "?1"}
HEAD_ROOM = 16384  # What may come with a head, and is copied.
SIZES = [16384, 16385, 65536, 100_001, 1 << 20, 20 << 20]


def invoke_slowly(server, name, fields, pieces):
    """Sends the head, then the pieces, each after the server has most likely read what came before it."""
    with Wire(server) as wire:
        wire.send_in_pieces(
            [f"POST /f/{name} HTTP/1.1\r\nHost: h\r\nInlay-Cost: ?1\r\n{fields}\r\n\r\n".encode(), *pieces], pause=0.05
        )
        return wire.answer()


@pytest.mark.parametrize("size", SIZES)
def test_an_object_is_mapped_and_not_copied(server, noise, size):
    server.deploy_example("echo")
    server.put("cost/object", noise(size))
    answer = server.invoke("echo", {"object": "cost/object"}, headers=WITH_COST)
    assert answer.body == noise(size)
    assert (answer.cost["mapped"], answer.cost["copied"]) == (size, 0)


@pytest.mark.parametrize("size", SIZES)
def test_a_body_is_mapped_and_what_comes_behind_its_head_is_not_copied(server, noise, size):
    answer = invoke_slowly(server, server.name_of(guests.ECHO), f"Content-Length: {size}", [noise(size)])
    assert answer.body == noise(size)
    assert (answer.cost["mapped"], answer.cost["copied"]) == (size, 0)


@pytest.mark.parametrize("size", SIZES)
def test_of_a_body_at_most_what_came_with_its_head_is_copied(server, noise, size):
    name, body = server.name_of(guests.ECHO), noise(size)
    with Wire(server) as wire:
        wire.send(f"POST /f/{name} HTTP/1.1\r\nHost: h\r\nInlay-Cost: ?1\r\nContent-Length: {size}\r\n\r\n".encode() + body)
        answer = wire.answer()
    assert answer.body == body and answer.cost["mapped"] == size
    assert answer.cost["copied"] <= HEAD_ROOM


@pytest.mark.parametrize("chunk", [1000, 16384, 100_000, 1 << 20, 4 << 20])
def test_of_a_chunked_body_at_most_16_kib_are_copied(server, noise, chunk):
    """Chunks of one size, as clients send them, that arrive in any number of pieces."""
    body = noise(4 << 20)
    text = b"".join(b"%x\r\n%s\r\n" % (len(body[at : at + chunk]), body[at : at + chunk]) for at in range(0, len(body), chunk))
    answer = invoke_slowly(server, server.name_of(guests.ECHO), "Transfer-Encoding: chunked", [text + b"0\r\n\r\n"])
    assert answer.body == body
    assert answer.cost["mapped"] == len(body) and answer.cost["copied"] <= HEAD_ROOM


def test_of_a_body_in_chunks_of_changing_size_at_most_16_kib_are_copied(server, noise):
    body, dice, pieces, at = noise(4 << 20), random.Random(4), [], 0
    while at < len(body):
        piece = body[at : at + dice.randint(1, 40_000)]
        pieces.append(b"%x\r\n%s\r\n" % (len(piece), piece))
        at += len(piece)
    answer = invoke_slowly(server, server.name_of(guests.ECHO), "Transfer-Encoding: chunked", [b"".join(pieces) + b"0\r\n\r\n"])
    assert answer.body == body
    assert answer.cost["copied"] <= HEAD_ROOM


@pytest.mark.parametrize("size", SIZES)
def test_an_output_is_mapped_and_not_copied(server, size):
    server.deploy_example("upper")
    server.put("cost/lower", b"a" * size)
    for query in ({"object": "cost/lower"}, {"object": "cost/lower", "into": "cost/upper"}):
        answer = server.invoke("upper", query, headers=WITH_COST)
        assert answer.status == 200 and answer.cost["mapped"] == 2 * size
        told = len(answer.body) if "into" in query else 0  # The line of text about the object comes from the heap.
        assert answer.cost["copied"] == told, query
    assert server.get("cost/upper").body == b"A" * size


def test_publishing_an_input_whole_copies_nothing(server, noise):
    server.put("cost/whole", noise(1 << 20))
    guest = handle("(drop (call $input)) (call $publish_into (i32.const 32) (i32.const 1))")
    answer = server.run(guest, {"object": "cost/whole", "into": "cost/again"}, headers=WITH_COST)
    assert answer.status == 200 and answer.cost["copied"] == 0
    assert server.get("cost/again").body == noise(1 << 20)


def test_a_small_object_is_copied_once_and_counted(server):
    guest = handle("(drop (call $input)) (i32.const 0)")
    for size in (0, 1, 100, 16383):
        server.put("cost/small", b"x" * size)
        cost = server.run(guest, {"object": "cost/small"}, headers=WITH_COST).cost
        assert (cost["mapped"], cost["copied"]) == (0, size)


def test_a_piece_of_an_object_counts_by_its_own_size(server, noise):
    server.put("cost/large", noise(1 << 20))
    server.deploy_example("sum")
    for offset, length, mapped in ((5, 16384, 16384), (70_000, 200_000, 200_000), (8, 16383, 0)):
        query = {"object": "cost/large", "offset": offset, "length": length}
        cost = server.invoke("sum", query, headers=WITH_COST).cost
        assert cost["mapped"] == mapped
        assert cost["copied"] < 32 + (length if mapped == 0 else 0), "the answer, and a small piece"


def test_results_from_the_heap_are_copied_and_counted(server):
    for size in (100, 16384, 65536, 65537):
        guest = handle(
            f"""(i32.store (i32.const 0) (i32.const 1024)) (i32.store (i32.const 4) (i32.const {size}))
                (call $respond (i32.const 0) (i32.const 1))"""
        )
        assert server.run(guest, headers=WITH_COST).cost["copied"] == size


def test_private_counts_the_pages_that_the_function_wrote(server):
    guest = handle("(drop (memory.grow (i32.const 100))) (memory.fill (i32.const 131072) (i32.const 1) (i32.const {})) (i32.const 0)")
    none = server.run(guest.replace("{}", "0"), headers=WITH_COST).cost["private"]
    some = server.run(guest.replace("{}", "4096000"), headers=WITH_COST).cost["private"]
    assert none <= 64 * 1024 and 4_096_000 <= some - none <= 4_096_000 + 64 * 1024


def test_times_are_told(server):
    start = time.monotonic()
    cost = server.run(handle("(call $wait (i64.const 200)) (i32.const 0)"), headers=WITH_COST).cost
    spent_us = (time.monotonic() - start) * 1e6
    assert 200_000 <= cost["run_us"] and cost["run_us"] + cost["instantiate_us"] < spent_us


@pytest.mark.parametrize("value", [None, "?0", "1", "true"])
def test_the_cost_is_told_only_when_asked_for(server, value):
    answer = server.run(guests.ECHO, body=b"x", headers={"Inlay-Cost": value} if value else None)
    assert answer.status == 200 and answer.headers["Inlay-Cost"] is None


def test_failures_tell_their_cost_too(server):
    server.put("cost/large", bytes(1 << 20))
    answer = server.run(handle("(drop (call $input)) unreachable"), {"object": "cost/large"}, headers=WITH_COST)
    assert answer.status == 500 and answer.cost["mapped"] == 1 << 20


def test_the_guest_is_told_the_same_cost(server):
    guest = handle(
        """(drop (call $input)) (drop (call $input)) (drop (call $unmap (i32.load (i32.const 32))))
           (drop (call $cost (i32.const 1024)))
           (call $answer_numbers (i32.const 8))"""
    )
    server.put("cost/large", bytes(1 << 20))
    answer = server.run(guest, {"object": "cost/large"}, headers=WITH_COST)
    mapped, _, copied, _, windows, _, reserved, _ = answer.numbers
    assert (mapped, copied, windows, reserved) == (2 << 20, 0, 1, 0)
    assert answer.cost["mapped"] == mapped and answer.cost["copied"] == 32


def copied_by_metrics(metrics):
    return sum(value for name, value in metrics.items() if name.startswith("inlay_copied_bytes_total"))


def test_metrics_sum_what_the_invocations_told(data, noise):
    with Server(data, workers=2) as own:
        for name in ("echo", "upper", "sum"):
            own.deploy_example(name)
        own.put("cost/large", noise(1 << 20))
        own.put("cost/small", noise(1000))
        before, told = own.metrics(), {"mapped": 0, "copied": 0, "run_us": 0}
        workers = list(own.connections_by_worker().values())
        for number in range(60):
            name, query = ("echo", "upper", "sum")[number % 3], ("object=cost/large", "object=cost/small", "")[number // 3 % 3]
            body = None if query else noise(50_000, number)
            answer = workers[number % 2].request("POST", f"/f/{name}?{query}", body, WITH_COST)
            assert answer.status == 200
            told = {key: told[key] + answer.cost[key] for key in told}
        after = own.metrics()
        grown = lambda name: after[name] - before[name]  # noqa: E731
        assert grown("inlay_mapped_bytes_total") == told["mapped"]
        assert grown("inlay_run_microseconds_total") == told["run_us"]
        assert copied_by_metrics(after) - copied_by_metrics(before) == told["copied"]
        assert grown('inlay_invocations_total{outcome="completed"}') == 60


def test_storing_and_fetching_large_objects_copies_nothing(data, noise):
    with Server(data, workers=1) as own:
        before = copied_by_metrics(own.metrics())
        with Wire(own) as wire:
            wire.send_in_pieces([b"PUT /o/cost/large HTTP/1.1\r\nHost: h\r\nContent-Length: 8388608\r\n\r\n", noise(8 << 20)], 0.05)
            assert wire.answer().status == 201
        assert own.get("cost/large").body == noise(8 << 20)
        assert copied_by_metrics(own.metrics()) == before
