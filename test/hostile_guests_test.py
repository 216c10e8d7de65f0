"""Guests that break the rules of memory: each gets a clean error, no data changes, and the same worker goes on serving."""

import os
import threading
import time

import pytest

from guests import SPIN, Codes, handle

BIG = 1 << 20


@pytest.fixture(scope="module")
def content(noise):
    return {"hostile/big": noise(BIG, 1), "hostile/small": noise(100, 2), "hostile/edge": noise(16384, 3)}


@pytest.fixture
def host(lone, content):
    """The lone server with some objects, which are as they were afterwards."""
    if lone.get("hostile/big").status != 200:
        for name, body in content.items():
            lone.put(name, body)
    yield lone
    for name, body in content.items():
        assert lone.get(name).body == body, f"{name} has changed"


def run_on(host, body, source="hostile/big", **deployment):
    """Runs an entry point whose input is an object, or the same bytes as a body."""
    if source == "body":
        return host.run(handle(body), body=b"x" * BIG, deployment=deployment or None)
    return host.run(handle(body), {"object": source}, deployment=deployment or None)


# ---- inputs are read-only ----

PLAIN_STORES = {
    "the first byte": "(i32.store8 (call $input) (i32.const 1))",
    "the last byte": "(i32.store8 (i32.add (call $input) (i32.const 0xfffff)) (i32.const 1))",
    "a vector": "(v128.store (call $input) (v128.const i64x2 1 1))",
    "an atomic width": "(i64.store offset=4096 (call $input) (i64.const 1))",
}
BULK_STORES = {
    "memory.fill of all": "(memory.fill (call $input) (i32.const 7) (i32.const 0x100000))",
    "memory.fill of one byte": "(memory.fill (i32.add (call $input) (i32.const 5000)) (i32.const 7) (i32.const 1))",
    "memory.copy into it": "(memory.copy (call $input) (i32.const 0) (i32.const 100000))",
    "memory.copy within it": "(memory.copy (call $input) (i32.add (call $input) (i32.const 4096)) (i32.const 100000))",
    "memory.init": "(memory.init $text (call $input) (i32.const 0) (i32.const 4))",
    "a fill that begins in own memory": "(memory.fill (i32.sub (call $input) (i32.const 16)) (i32.const 7) (i32.const 100))",
}
HOST_STORES = {
    "request": "(drop (call $request (i32.const 2) (i32.const 0) (i32.const 0) (call $input) (i32.const 4096)))",
    "body": "(drop (call $body (call $input)))",
    "open": "(drop (call $open (i32.const 2048) (i32.const 11) (call $input)))",
    "map": "(drop (call $map (i32.const 0) (i64.const 0) (i64.const 0) (i32.const 0) (call $input)))",
    "move": "(drop (call $move (call $input) (i64.const 0) (i64.const 0x80000) (i32.add (call $input) (i32.const 8192))))",
    "output": "(drop (call $output (i64.const 100) (call $input)))",
    "clock": "(drop (call $clock (i32.const 0) (call $input)))",
    "random": "(drop (call $random (call $input) (i32.const 65536)))",
    "cost": "(drop (call $cost (call $input)))",
}
STORES = {**PLAIN_STORES, **BULK_STORES, **HOST_STORES}


@pytest.mark.parametrize("source", ["hostile/big", "body"])
@pytest.mark.parametrize("how", STORES)
def test_a_write_to_an_input_ends_the_invocation_and_changes_nothing(host, how, source):
    guest = handle(STORES[how] + "(i32.const 0)") + '(data $text "text") (data (i32.const 2048) "hostile/big")'
    query = {"object": source} if source != "body" else None
    answer = host.run(guest, query, body=b"x" * BIG if source == "body" else None)
    assert answer.status == 500 and answer.problem == "input-is-read-only", answer
    assert ("hostile/big" if query else "body") in answer.detail


@pytest.mark.parametrize("how", [*PLAIN_STORES, *BULK_STORES])
def test_a_write_to_a_small_input_does_not_reach_the_object(host, how):
    """Below the threshold the guest has a copy."""
    guest = handle(STORES[how].replace("0xfffff", "99").replace("0x100000", "100").replace("5000", "50")
                   .replace("100000", "50").replace("4096", "8") + "(i32.const 0)") + '(data $text "text")'  # fmt: skip
    assert host.run(guest, {"object": "hostile/small"}).status in (200, 500)


def test_what_is_staged_beside_a_write_to_an_input_does_not_take_effect(host):
    guest = handle(
        """(drop (call $input))
           (drop (call $publish_into (i32.const 32) (i32.const 1)))
           (drop (call $answer (i32.const 1)))
           (memory.fill (i32.load (i32.const 32)) (i32.const 7) (i32.const 100))
           (i32.const 0)"""
    )
    answer = host.run(guest, {"object": "hostile/big", "into": "hostile/stolen"})
    assert answer.status == 500 and answer.problem == "input-is-read-only"
    assert host.get("hostile/stolen").status == 404


def test_fills_of_many_windows_at_once_are_survived(host):
    guest = handle(
        """(call $source)
           (loop $again
             (drop (call $map (i32.load (i32.const 16)) (i64.const 0) (i64.const 0x100000) (i32.const 0) (i32.const 32)))
             (local.set $count (i32.add (local.get $count) (i32.const 1)))
             (br_if $again (i32.lt_u (local.get $count) (i32.const 300))))
           (memory.fill (i32.const 1024) (i32.const 7) (i32.sub (i32.mul (memory.size) (i32.const 65536)) (i32.const 1024)))
           (i32.const 0)""", "(local $count i32)"
    )  # fmt: skip
    for _ in range(3):
        answer = host.run(guest, {"object": "hostile/big"})
        assert answer.status == 500 and answer.problem == "input-is-read-only"


# ---- windows that are gone ----

UNMAPPED = "(local.set $at (call $input)) (if (call $unmap (local.get $at)) (then unreachable))"
USES = {
    "a load": "(drop (i32.load (local.get $at)))",
    "a store": "(i32.store (local.get $at) (i32.const 1))",
    "memory.copy from it": "(memory.copy (i32.const 4096) (local.get $at) (i32.const 100))",
    "memory.copy to it": "(memory.copy (local.get $at) (i32.const 4096) (i32.const 100))",
    "memory.fill": "(memory.fill (local.get $at) (i32.const 1) (i32.const 0x100000))",
    "log": "(drop (call $log (i32.const 1) (local.get $at) (i32.const 100)))",
    "open": "(drop (call $open (local.get $at) (i32.const 100) (i32.const 16)))",
    "respond from it": "(i32.store (i32.const 1024) (local.get $at)) (i32.store (i32.const 1028) (i32.const 100))"
                       "(drop (call $respond (i32.const 1024) (i32.const 1)))",
    "respond with its list": "(drop (call $respond (local.get $at) (i32.const 2)))",
    "publish from it": "(i32.store (i32.const 1024) (local.get $at)) (i32.store (i32.const 1028) (i32.const 1000))"
                       "(drop (call $publish (i32.const 2048) (i32.const 14) (i32.const 0) (i32.const 0) (i32.const 1024) (i32.const 1)))",
    "clock": "(drop (call $clock (i32.const 0) (local.get $at)))",
}  # fmt: skip


@pytest.mark.parametrize("source", ["hostile/big", "hostile/small"])
@pytest.mark.parametrize("how", USES)
def test_an_unmapped_window_cannot_be_used(host, how, source):
    """Nothing of it may be read or kept, as free memory beyond the limit least of all."""
    guest = handle(UNMAPPED + USES[how] + "(i32.const 0)", "(local $at i32)") + '(data (i32.const 2048) "hostile/stolen")'
    answer = host.run(guest, {"object": source})
    assert answer.status == 500 and answer.problem == "function-trapped", answer
    assert host.get("hostile/stolen").status == 404


def test_unmapping_what_is_no_window_is_refused(host):
    guest = handle(
        """(local.set $at (call $input))
           (i32.store (i32.const 1024) (call $unmap (i32.const 0)))
           (i32.store (i32.const 1028) (call $unmap (i32.const -1)))
           (i32.store (i32.const 1032) (call $unmap (i32.add (local.get $at) (i32.const 1))))
           (i32.store (i32.const 1036) (call $unmap (local.get $at)))
           (i32.store (i32.const 1040) (call $unmap (local.get $at)))
           (call $answer_numbers (i32.const 5))""", "(local $at i32)"
    )  # fmt: skip
    absent = Codes.ABSENT
    for source in ("hostile/big", "hostile/small"):
        assert host.run(guest, {"object": source}).numbers == [absent, absent, absent, 0, absent]


def test_mapping_and_unmapping_for_ever_costs_nothing(host):
    guest = handle(
        """(call $source)
           (loop $again
             (if (call $map (i32.load (i32.const 16)) (i64.const 0) (i64.const 0x100000) (i32.const 0) (i32.const 32)) (then unreachable))
             (if (i32.eqz (i32.load (i32.load (i32.const 32)))) (then unreachable))
             (if (call $unmap (i32.load (i32.const 32))) (then unreachable))
             (local.set $count (i32.add (local.get $count) (i32.const 1)))
             (br_if $again (i32.lt_u (local.get $count) (i32.const 20000))))
           (call $answer (memory.size))""", "(local $count i32)"
    )  # fmt: skip
    assert host.run(guest, {"object": "hostile/big"}).number < 100


# ---- pieces of sources ----


@pytest.mark.parametrize(
    "offset, length, code",
    [(BIG, 0, 0), (BIG + 1, 0, Codes.RANGE), (0, BIG + 1, Codes.RANGE), (1, BIG, Codes.RANGE), (BIG - 1, 1, 0), (BIG, 1, Codes.RANGE),
     (1, -1, Codes.RANGE), (-1, 1, Codes.RANGE), (-1, -1, Codes.RANGE), (1, 2**63 - 1, Codes.RANGE), (4096, 2**32, Codes.RANGE)],
)  # fmt: skip
def test_a_piece_must_lie_inside_its_source(host, offset, length, code):
    body = f"""(call $source)
      (call $answer (call $map (i32.load (i32.const 16)) (i64.const {offset}) (i64.const {length}) (i32.const 0) (i32.const 32)))"""
    assert run_on(host, body).number == run_on(host, body, "body").number == code


def test_only_sources_and_flags_that_exist_can_be_mapped(host):
    for source, flags, code in ((2, 0, "ABSENT"), (-1, 0, "ABSENT"), (1, 4, "ARGUMENT"), (1, -1, "ARGUMENT"), (1, 3, None)):
        body = f"""(call $source)
          (call $answer (call $map (i32.const {source}) (i64.const 0) (i64.const 20000) (i32.const {flags}) (i32.const 32)))"""
        assert run_on(host, body).number == (getattr(Codes, code) if code else 0), (source, flags)


@pytest.mark.parametrize("name", ["hostile", "hostile/", "/big", "", "hostile/../big", "a b/c", "hostile/\\ff", "hostile/\\00", "../x/y"])
def test_a_bad_name_cannot_be_opened_or_published(host, name):
    size = len(name.replace("\\ff", "x").replace("\\00", "x"))
    guest = handle(
        f"""(i32.store (i32.const 1024) (call $open (i32.const 2048) (i32.const {size}) (i32.const 16)))
            (i32.store (i32.const 1028)
              (call $publish (i32.const 2048) (i32.const {size}) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)))
            (call $answer_numbers (i32.const 2))"""
    ) + f'(data (i32.const 2048) "{name}")'
    assert host.run(guest).numbers == [Codes.NAME, Codes.NAME]


def test_64_bytes_after_every_window_can_be_read(host):
    """SIMD code looks ahead; and what it sees there is nobody else's."""
    assert host.run(handle("(drop (call $input)) (i32.const 0)"), body=b"S" * 300_000).status == 200
    for length in (1, 100, 16383, 16384, 65472, 65536, 131072, 131071, BIG - 65536, BIG):
        body = f"""(call $source)
          (if (call $map (i32.load (i32.const 16)) (i64.const 0) (i64.const {length}) (i32.const 0) (i32.const 32)) (then unreachable))
          (memory.copy (i32.const 1024) (i32.add (i32.load (i32.const 32)) (i32.const {length})) (i32.const 64))
          (call $answer_numbers (i32.const 16))"""
        answer = run_on(host, body)
        assert answer.status == 200 and b"SSSS" not in answer.body, length


def test_own_memory_grows_behind_windows_without_touching_them(host, content):
    guest = handle(
        """(drop (call $input))
           (local.set $at (i32.mul (memory.grow (i32.const 3)) (i32.const 65536)))
           (memory.fill (local.get $at) (i32.const 7) (i32.const 196608))
           (call $respond (i32.const 32) (i32.const 1))""", "(local $at i32)"
    )  # fmt: skip
    assert host.run(guest, {"object": "hostile/big"}).body == content["hostile/big"]


# ---- an object whose file is cut behind our back ----

WAITS = "(drop (call $input)) (call $wait (i64.const 400))"
LAST = "(i32.add (i32.load (i32.const 32)) (i32.const 0xf0000))"
TRUNCATED_USES = {
    "loads": f"(drop (i32.load {LAST}))",
    "memory.copy": f"(memory.copy (i32.const 4096) {LAST} (i32.const 1000))",
    "a host call": f"(drop (call $log (i32.const 1) {LAST} (i32.const 1000)))",
    "memory.fill": f"(memory.fill {LAST} (i32.const 1) (i32.const 1000))",
}


@pytest.mark.parametrize("how", TRUNCATED_USES)
def test_an_object_truncated_while_it_is_mapped_ends_only_its_reader(host, how):
    version = host.put("hostile/cut", b"c" * BIG).json["version"]
    name, answers = host.name_of(handle(WAITS + TRUNCATED_USES[how] + "(i32.const 0)")), []
    reader = threading.Thread(target=lambda: answers.append(host.invoke(name, {"object": "hostile/cut"})))
    reader.start()
    time.sleep(0.15)
    os.truncate(host.object_file(version), 4096)
    reader.join()
    assert answers[0].status == 500, answers
    assert answers[0].problem in (["object-changed"] if how != "memory.fill" else ["object-changed", "input-is-read-only"])


@pytest.mark.parametrize("size", [BIG, 10_000])
def test_an_object_truncated_before_it_is_mapped_gives_no_data(host, size):
    version = host.put("hostile/cut-before", b"c" * size).json["version"]
    os.truncate(host.object_file(version), 100)
    guest = handle("(drop (i32.load8_u (i32.add (call $input) (i32.const 9000)))) (call $answer (i32.const 1))")
    answer = host.run(guest, {"object": "hostile/cut-before"})
    assert answer.status == 500, answer


# ---- one guest does not change another's time or place ----


def test_others_are_served_after_every_kind_of_end(host):
    for body in ("unreachable", "(i32.store (i32.const -1) (i32.const 1))", "(i32.store8 (call $input) (i32.const 1))"):
        for _ in range(30):
            assert run_on(host, body + "(i32.const 0)").status == 500
    assert host.run(SPIN, deployment={"timeout_ms": 50}).status == 504
    assert host.run(handle("(call $answer (i32.const 5))")).number == 5
