"""Nothing of one invocation is seen by another: memory is fresh each time, and no mapping or descriptor outlives its use."""

import collections
import contextlib
import os
import pathlib
import re
import threading

import pytest

from guests import handle, module
from serving import Server, eventually
from wire import Wire

# Windows of a guest. (A worker's own views, from which it sends and into which it receives, are shared: r--s, and rw-s of bodies.)
WINDOW = re.compile(r" r--p .*(/objects/|memfd:inlay-(?!shared))| rw-s .*memfd:inlay-output")


def checking_guest(pages, image):
    """A module whose entry fails unless its memory is its own data image and else zero; then it spoils all of it.

    With ?object= it maps that object and an output first, checks what lies behind the window, and spoils the output.
    """
    text = f"""
      (data (i32.const 9000) "{image}")
      (func $all_zero (param $at i32) (param $end i32) (result i32)
        (loop $again
          (if (i64.ne (i64.load (local.get $at)) (i64.const 0)) (then (return (i32.const 0))))
          (br_if $again (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 8))) (local.get $end))))
        (i32.const 1))
      (func (export "inlay_handle") (result i32) (local $image i32)
        (local.set $image (i32.load (i32.const 9000)))
        (if (i32.eqz (call $all_zero (i32.const 1024) (i32.const 9000))) (then (return (i32.const 1))))
        (if (i64.ne (i64.load (i32.const 9000)) (i64.load (i32.const 9008))) (then (return (i32.const 2))))
        (if (i32.eqz (call $all_zero (i32.const 9016) (i32.const {pages * 65536}))) (then (return (i32.const 3))))
        (if (i32.ne (memory.size) (i32.const {pages})) (then (return (i32.const 4))))
        (if (i32.gt_s (call $request (i32.const 5) (i32.const 64) (i32.const 6) (i32.const 512) (i32.const 0)) (i32.const 0)) (then
          (if (i32.eqz (call $all_zero (i32.add (call $input) (i32.const 20000)) (i32.add (i32.load (i32.const 32)) (i32.const 20480))))
            (then (return (i32.const 5))))
          (if (call $output (i64.const 70000) (i32.const 40)) (then (return (i32.const 6))))
          (if (i32.eqz (call $all_zero (i32.load (i32.const 40)) (i32.add (i32.load (i32.const 40)) (i32.const 70000))))
            (then (return (i32.const 7))))
          (memory.fill (i32.load (i32.const 40)) (i32.const 0xaa) (i32.const 70000))))
        (if (i32.eqz (call $all_zero (i32.mul (memory.grow (i32.const 2)) (i32.const 65536)) (i32.mul (memory.size) (i32.const 65536))))
          (then (return (i32.const 8))))
        (memory.fill (i32.const 1024) (i32.const 0xaa) (i32.const {pages * 65536 - 1024}))
        (memory.fill (i32.sub (i32.mul (memory.size) (i32.const 65536)) (i32.const 131072)) (i32.const 0xaa) (i32.const 131072))
        (call $answer (local.get $image)))"""
    return module(text, f'(memory (export "memory") {pages})')


def mappings(pid):
    return pathlib.Path(f"/proc/{pid}/maps").read_text().splitlines()


def test_ten_thousand_instances_of_two_modules_see_zeros_and_their_own_data(lone_server):
    server = lone_server
    (worker,) = server.worker_pids()
    server.deploy("one-page", checking_guest(1, "\\11" * 16))
    server.deploy("sixteen-pages", checking_guest(16, "\\22" * 16))
    server.put("isolation/window", b"w" * 20000)
    images = {"one-page": 0x11111111, "sixteen-pages": 0x22222222}
    kinds = [(name, query) for name in images for query in ("", "?object=isolation/window")]
    order = [kinds[number * 7 // 3 % 4] for number in range(10_000)]
    counts = []
    with Wire(server, timeout=60) as wire:
        for at in range(0, 10_000, 100):
            batch = order[at : at + 100]
            wire.send(b"".join(f"GET /f/{name}{query} HTTP/1.1\r\nHost: h\r\n\r\n".encode() for name, query in batch))
            assert [wire.answer().number for _ in batch] == [images[name] for name, _ in batch]
            counts.append(len(mappings(worker)))
    assert server.worker_pids() == [worker]
    assert not [line for line in mappings(worker) if WINDOW.search(line)]
    assert counts[-1] <= counts[9] + 8, f"mappings pile up: {counts[9]}, then {counts[-1]}"


def test_no_mapping_and_no_descriptor_outlives_its_invocation(lone_server, noise):
    server = lone_server
    (worker,) = server.worker_pids()
    server.put("isolation/large", noise(3 << 20))

    def descriptors():
        names = collections.Counter()
        for entry in pathlib.Path(f"/proc/{worker}/fd").iterdir():
            with contextlib.suppress(OSError):
                names[re.sub(r"\d+", "", os.readlink(entry))] += 1
        return names

    ends = ["(i32.const 0)", "(i32.const 1)", "unreachable", "(i32.store8 (i32.load (i32.const 32)) (i32.const 1)) (i32.const 0)",
            "(memory.fill (i32.load (i32.const 32)) (i32.const 1) (i32.const 100000)) (i32.const 0)",
            "(call $respond (i32.const 32) (i32.const 1))", "(call $respond (i32.const 48) (i32.const 1))",
            "(call $publish_into (i32.const 48) (i32.const 1))", "(loop $again (br $again)) (i32.const 0)"]  # fmt: skip
    guests = [handle("(drop (call $input)) (drop (call $output (i64.const 5000000) (i32.const 48)))" + end) for end in ends]

    def one_round():
        for guest in guests:
            for query, body in (({"object": "isolation/large", "into": "isolation/out"}, None), ({"into": "isolation/out"}, noise(1 << 20))):
                server.run(guest, query, body, deployment={"timeout_ms": 30})

    one_round()
    assert eventually(lambda: not [line for line in mappings(worker) if WINDOW.search(line)])
    before = descriptors(), len(mappings(worker))
    for _ in range(5):
        one_round()
    assert eventually(lambda: not descriptors() - before[0]), descriptors() - before[0]
    assert not [line for line in mappings(worker) if WINDOW.search(line)]
    assert len(mappings(worker)) <= before[1] + 8
    assert server.worker_pids() == [worker]


@pytest.mark.parametrize("first, second", [(300_000, 20_001), (65_536, 16_385), (1 << 20, 4097)])
def test_the_page_behind_a_body_holds_nothing_of_an_earlier_one(lone, first, second):
    """Pages of bodies may be used again; what lies behind the end of a body must not show what was there before."""
    echo_tail = handle(
        """(drop (call $input))
           (memory.copy (i32.const 1024) (i32.add (i32.load (i32.const 32)) (i32.load (i32.const 36))) (i32.const 4000))
           (call $answer_numbers (i32.const 1000))"""
    )
    for _ in range(5):
        lone.run(echo_tail, body=b"S" * first)
        answer = lone.run(echo_tail, body=b"t" * second)
        assert answer.status == 200 and b"S" not in answer.body


def test_an_object_replaced_and_deleted_while_a_guest_reads_does_not_change_for_it(server):
    guest = handle(
        """(drop (call $input)) (call $wait (i64.const 400))
           (call $respond (i32.const 32) (i32.const 1))"""
    )
    name, answers = server.name_of(guest), []
    reader, writer = server.connections_by_worker().items()
    version = writer[1].request("PUT", "/o/isolation/replaced", b"1" * 500_000).json["version"]
    ask = lambda: answers.append(reader[1].request("GET", f"/f/{name}?object=isolation/replaced"))  # noqa: E731
    thread = threading.Thread(target=ask)
    thread.start()
    assert eventually(lambda: any(version in line for pid in [reader[0], *server.lane_pids()] for line in mappings(pid)))
    assert writer[1].request("PUT", "/o/isolation/replaced", b"2" * 500_000).status == 200
    assert writer[1].request("DELETE", "/o/isolation/replaced").status == 204
    assert not answers, "the guest had ended already"
    thread.join()
    assert answers[0].body == b"1" * 500_000


def test_two_servers_side_by_side_share_nothing(data):
    with Server(data / "a", workers=1) as one, Server(data / "b", workers=1) as other:
        one.put("shared/key", b"one")
        assert other.get("shared/key").status == 404
        one.deploy("own", checking_guest(1, "\\11" * 16))
        assert other.invoke("own").status == 404
