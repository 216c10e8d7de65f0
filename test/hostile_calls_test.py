"""Guests that call the host with every wrong argument or without end: each gets its code, and the same worker goes on serving."""

import time

import pytest

from guests import SPIN, Codes, handle

END = 131072  # Of the two pages of memory that a test's guest has.
TEXT = '(data (i32.const 2048) "hostile/x") (data (i32.const 2100) "X")'

# Pointer and length of pieces that do not lie inside memory: behind it, over its end, wrapping around 2^32, huge.
OUTSIDE = [(END, 1), (END - 1, 2), (END - 4, 2**32 - 1), (2**32 - 1, 1), (2**32 - 1, 2), (2**32 - 4, 8), (0, END + 1), (2**31, 2**31),
           (1, 2**32 - 1), (2**32 - 65536, 65536)]  # fmt: skip

# Calls with a pointer $p and a length $n to put in.
POINTER_CALLS = {
    "request, buffer": "(call $request (i32.const 1) (i32.const 0) (i32.const 0) {p} {n})",
    "request, name": "(call $request (i32.const 5) {p} {n} (i32.const 4096) (i32.const 10))",
    "open, name": "(call $open {p} {n} (i32.const 16))",
    "header, name": "(call $header {p} {n} (i32.const 2100) (i32.const 1))",
    "header, value": "(call $header (i32.const 2100) (i32.const 1) {p} {n})",
    "publish, name": "(call $publish {p} {n} (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))",
    "publish, type": "(call $publish (i32.const 2048) (i32.const 9) {p} {n} (i32.const 0) (i32.const 0))",
    "log": "(call $log (i32.const 1) {p} {n})",
    "respond, a range": "(i32.store (i32.const 512) {p}) (i32.store (i32.const 516) {n}) (call $respond (i32.const 512) (i32.const 1))",
    "publish, a range": "(i32.store (i32.const 512) {p}) (i32.store (i32.const 516) {n})"
    "(call $publish (i32.const 2048) (i32.const 9) (i32.const 0) (i32.const 0) (i32.const 512) (i32.const 1))",
}

# Calls that write a structure of so many bytes at $p.
STRUCTURE_CALLS = {
    "body": ("(call $body {p})", 16),
    "open": ("(call $open (i32.const 2048) (i32.const 9) {p})", 16),
    "map": ("(call $map (i32.const 0) (i64.const 0) (i64.const 0) (i32.const 0) {p})", 8),
    "move": ("(call $move (i32.const 0) (i64.const 0) (i64.const 0) {p})", 8),
    "output": ("(call $output (i64.const 100) {p})", 8),
    "clock": ("(call $clock (i32.const 0) {p})", 8),
    "cost": ("(call $cost {p})", 32),
    "random": ("(call $random {p} (i32.const 100))", 100),
    "respond, the list": ("(call $respond {p} (i32.const 3))", 24),
    "publish, the list": ("(call $publish (i32.const 2048) (i32.const 9) (i32.const 0) (i32.const 0) {p} (i32.const 3))", 24),
}


def returned(answer):
    """The code with which a function failed."""
    assert answer.problem == "function-failed", answer
    return int(answer.detail.split(" returned ")[1].split(";")[0])


def codes_of(lone, call, places):
    """What the call gives for each pointer and length, each in an invocation of its own."""
    found = []
    for pointer, length in places:
        text = call.format(p=f"(i32.const {pointer})", n=f"(i32.const {length})")
        guest = handle(f"(i32.store (i32.const 1024) (block (result i32) {text})) (i32.load (i32.const 1024))")
        answer = lone.run(guest + TEXT)
        found.append(0 if answer.status == 200 else returned(answer))
    return found


@pytest.mark.parametrize("name", POINTER_CALLS)
def test_a_pointer_and_length_outside_of_memory_are_refused(lone, name):
    assert set(codes_of(lone, POINTER_CALLS[name], OUTSIDE)) == {Codes.POINTER}


@pytest.mark.parametrize("name", STRUCTURE_CALLS)
def test_a_structure_outside_of_memory_is_refused(lone, name):
    call, size = STRUCTURE_CALLS[name]
    places = [(END - size + 1, 0), (END, 0), (2**32 - 1, 0), (2**32 - size, 0), (2**32 - size + 1, 0), (2**31, 0)]
    assert set(codes_of(lone, call, places)) == {Codes.POINTER}


def test_an_empty_piece_may_lie_at_the_very_end(lone):
    assert codes_of(lone, POINTER_CALLS["log"], [(END, 0), (0, 0)]) == [0, 0]
    assert codes_of(lone, POINTER_CALLS["log"], [(END + 1, 0)]) == [Codes.POINTER]


@pytest.mark.parametrize(
    "call, code",
    [("(call $respond (i32.const 1024) (i32.const 1025))", "LIMIT"), ("(call $respond (i32.const 1024) (i32.const -1))", "LIMIT"),
     ("(call $respond (i32.const 0) (i32.const 0x20000001))", "LIMIT"),
     ("(drop (call $respond (i32.const 0) (i32.const 0))) (call $respond (i32.const 0) (i32.const 0))", "TWICE"),
     ("(call $output (i64.const 0) (i32.const 32))", "ARGUMENT"), ("(call $output (i64.const -1) (i32.const 32))", "LIMIT"),
     ("(call $output (i64.const 0x80000001) (i32.const 32))", "LIMIT"),
     ("(call $open (i32.const 2048) (i32.const 9) (i32.const 32))", "ABSENT"), ("(call $open (i32.const 2048) (i32.const 0) (i32.const 32))", "NAME"),
     ("(call $publish (i32.const 2048) (i32.const 9) (i32.const 3000) (i32.const 2) (i32.const 0) (i32.const 0))", "ARGUMENT"),
     ("(call $publish (i32.const 2048) (i32.const 9) (i32.const 2048) (i32.const 300) (i32.const 0) (i32.const 0))", "ARGUMENT"),
     ("(call $publish (i32.const 2048) (i32.const 9) (i32.const 0) (i32.const 0) (i32.const 1024) (i32.const 1025))", "LIMIT")],
)  # fmt: skip
def test_a_wrong_argument_gets_its_code(lone, call, code):
    guest = handle(f"(i32.store (i32.const 1024) (block (result i32) {call})) (i32.load (i32.const 1024))")
    answer = lone.run(guest + TEXT + '(data (i32.const 3000) "\\0d\\0a")')
    assert answer.status == 500 and f"returned {getattr(Codes, code)};" in answer.detail


def test_ranges_may_overlap_and_repeat(lone, noise):
    """Each leaves as often as it is named."""
    body = noise(100_000)
    guest = handle(
        """(drop (call $input)) (local.set $at (i32.load (i32.const 32)))
           (i32.store (i32.const 1024) (local.get $at)) (i32.store (i32.const 1028) (i32.const 100000))
           (i32.store (i32.const 1032) (i32.add (local.get $at) (i32.const 50))) (i32.store (i32.const 1036) (i32.const 60000))
           (i32.store (i32.const 1040) (local.get $at)) (i32.store (i32.const 1044) (i32.const 0))
           (i32.store (i32.const 1048) (i32.const 1024)) (i32.store (i32.const 1052) (i32.const 32))
           (i32.store (i32.const 1056) (i32.add (local.get $at) (i32.const 4095))) (i32.store (i32.const 1060) (i32.const 2))
           (call $respond (i32.const 1024) (i32.const 5))""", "(local $at i32)"
    )  # fmt: skip
    answer = lone.run(guest, body=body)
    assert answer.body == body + body[50:60050] + answer.body[160_000:160_032] + body[4095:4097]
    assert len(answer.body) == 160_034


def test_a_result_may_be_written_over_the_name_it_was_asked_by(lone):
    guest = handle("(call $open (i32.const 2048) (i32.const 13) (i32.const 2044))") + '(data (i32.const 2048) "hostile/named")'
    assert f"returned {Codes.ABSENT};" in lone.run(guest).detail
    lone.put("hostile/named", b"x")
    assert lone.run(guest).status == 200


def test_a_range_may_reach_from_a_window_into_what_lies_behind_it(lone, noise):
    body = noise(65_537)
    guest = handle(
        """(drop (call $input))
           (i32.store (i32.const 36) (i32.const 70000))
           (call $respond (i32.const 32) (i32.const 1))"""
    )
    answer = lone.run(guest, body=body)
    assert answer.status == 200 and answer.body == body + bytes(70_000 - 65_537)


def test_a_list_of_ranges_may_lie_in_an_input(lone):
    ranges = (2048).to_bytes(4, "little") + (9).to_bytes(4, "little")
    guest = handle("(call $respond (call $input) (i32.const 1024))") + TEXT
    assert lone.run(guest, body=ranges * 2500).body == b"hostile/x" * 1024


# ---- without end ----


def count_until_refused(call, limit):
    """A guest that makes a call until it is refused, and fails with 1000 times how often it went well, less the code."""
    return handle(
        f"""(block $refused (loop $again
              (local.set $code {call})
              (br_if $refused (i32.lt_s (local.get $code) (i32.const 0)))
              (local.set $count (i32.add (local.get $count) (i32.const 1)))
              (br_if $again (i32.lt_u (local.get $count) (i32.const {limit})))))
            (i32.sub (i32.mul (i32.const 1000) (local.get $count)) (local.get $code))""", "(local $count i32) (local $code i32)"
    ) + TEXT  # fmt: skip


MAP = "(call $map (i32.const 0) (i64.const 0) (i64.const {}) (i32.const 0) (i32.const 32))"


@pytest.mark.parametrize(
    "call, at_least, at_most, codes",
    [(MAP.format(64 << 20), 55, 64, {"NO_ROOM", "LIMIT"}),   # the address space
     (MAP.format(16384), 10_000, 10_000, {"LIMIT"}),         # windows at once
     (MAP.format(100), 1000, 10_000, {"LIMIT"}),             # small pieces, copied
     ("(call $output (i64.const 0x10000000) (i32.const 32))", 8, 8, {"LIMIT"}),  # 2 GiB of output
     ("(call $output (i64.const 1) (i32.const 32))", 1000, 10_000, {"LIMIT", "IO"}),
     ("(call $open (i32.const 2048) (i32.const 9) (i32.const 32))", 1000, 1024, {"LIMIT"}),
     ("(call $publish (i32.const 2048) (i32.const 9) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))", 16, 16, {"LIMIT"})],
)  # fmt: skip
def test_a_call_in_a_loop_is_refused_at_a_limit(lone, call, at_least, at_most, codes):
    lone.put("hostile/x", b"x" * 20_000)
    answer = lone.run(count_until_refused(call, 20_000), body=bytes(64 << 20))
    count, code = divmod(returned(answer), 1000)
    assert at_least <= count <= at_most and -code in {getattr(Codes, name) for name in codes}
    assert ("it had met a limit: " in answer.detail) == (-code == Codes.LIMIT), "and which one"
    assert lone.run(handle("(call $answer (i32.const 1))")).number == 1


def test_recursion_without_end_is_a_trap(lone):
    for depth in ("(func $deep (call $deep))", "(func $deep (local i64 i64 i64 i64) (call $deep) (call $deep))"):
        answer = lone.run(depth + handle("(call $deep) (i32.const 0)"))
        assert answer.status == 500 and answer.problem == "function-trapped" and "stack" in answer.detail


SPINS = {
    "nothing": SPIN,
    "host calls": handle("(loop $again (drop (call $clock (i32.const 1) (i32.const 40))) (br $again)) (i32.const 0)"),
    "moves": handle("(drop (call $input)) (loop $again (drop (call $move (i32.load (i32.const 32)) (i64.const 4096) (i64.const 0x100000)"
                    "(i32.const 32))) (br $again)) (i32.const 0)"),
    "prefetches": handle("(call $source) (loop $again (drop (call $prefetch (i32.const 0) (i64.const 0) (i64.const 0x200000)))"
                         "(br $again)) (i32.const 0)"),
    "maps": handle("(call $source) (loop $again (drop (call $map (i32.const 0) (i64.const 0) (i64.const 0x100000) (i32.const 0) (i32.const 32)))"
                   "(drop (call $unmap (i32.load (i32.const 32)))) (br $again)) (i32.const 0)"),
    "fills": handle("(drop (memory.grow (i32.const 1000))) (loop $again (memory.fill (i32.const 1024) (i32.const 1) (i32.const 0x3000000))"
                    "(br $again)) (i32.const 0)"),
    "calls": "(func $down (param i32) (if (local.get 0) (then (call $down (i32.sub (local.get 0) (i32.const 1))))))"
             + handle("(loop $again (call $down (i32.const 100)) (br $again)) (i32.const 0)"),
}  # fmt: skip


@pytest.mark.parametrize("name", SPINS)
def test_whatever_a_guest_spins_on_it_is_ended_at_its_deadline(lone, name):
    start = time.monotonic()
    answer = lone.run(SPINS[name], body=bytes(2 << 20), deployment={"timeout_ms": 150})
    assert answer.status == 504 and answer.problem == "function-timed-out"
    assert 0.15 <= time.monotonic() - start < 1


def test_a_guest_that_grows_gets_its_limit_and_no_more(lone):
    guest = handle(
        """(block $full (loop $again (br_if $full (i32.lt_s (memory.grow (i32.const 7)) (i32.const 0))) (br $again)))
           (block $full (loop $again (br_if $full (i32.lt_s (memory.grow (i32.const 1)) (i32.const 0))) (br $again)))
           (memory.fill (i32.const 1024) (i32.const 7) (i32.sub (i32.mul (memory.size) (i32.const 65536)) (i32.const 1024)))
           (call $answer (memory.size))"""
    )
    for pages in (2, 100, 1024):
        assert lone.run(guest, deployment={"memory_bytes": pages << 16}).number == pages


def test_windows_do_not_make_own_memory_larger(lone):
    """Neither those that are mapped nor those that are gone."""
    guest = handle(
        """(drop (call $input)) (if {release} (then (drop (call $unmap (i32.load (i32.const 32))))))
           (block $full (loop $again
             (br_if $full (i32.lt_s (memory.grow (i32.const 1)) (i32.const 0)))
             (local.set $count (i32.add (local.get $count) (i32.const 1))) (br $again)))
           (call $answer (local.get $count))""", "(local $count i32)"
    )  # fmt: skip
    for release in ("(i32.const 0)", "(i32.const 1)"):
        grown = lone.run(guest.format(release=release), body=bytes(32 << 20), deployment={"memory_bytes": 64 << 16}).number
        assert 50 <= grown <= 62, release


@pytest.mark.parametrize("size", [1, 16383, 16384, 65536, 1 << 20])
def test_windows_count_apart_from_own_memory(lone, noise, size):
    """A function that has used up its own memory can still map its input and make an output."""
    body = noise(size)
    guest = handle(
        """(drop (memory.grow (i32.const 62)))
           (drop (call $input))
           (if (call $output (i64.const 100000) (i32.const 48)) (then unreachable))
           (memory.fill (i32.load (i32.const 48)) (i32.const 7) (i32.const 100000))
           (call $respond (i32.const 32) (i32.const 1))"""
    )
    answer = lone.run(guest, body=body, deployment={"memory_bytes": 64 << 16})
    assert answer.status == 200 and answer.body == body


def test_a_table_that_grows_without_end_is_refused(lone):
    guest = "(table $t 1 funcref)" + handle(
        """(loop $again (br_if $again (i32.ge_s (table.grow $t (ref.null func) (i32.const 1000)) (i32.const 0))))
           (call $answer (table.size $t))"""
    )
    assert lone.run(guest).number <= 20_000


def test_large_results_of_own_memory_leave_and_are_published_whole(lone):
    """Several at once, each of the largest size that travels without a file of its own, and larger ones."""
    guest = handle(
        """(memory.fill (i32.const 4096) (i32.const 7) (i32.const 100000))
           (i32.store (i32.const 1024) (i32.const 4096)) (i32.store (i32.const 1028) (i32.const {size}))
           (loop $again
             (i32.store8 (i32.const 2056) (i32.add (i32.const 97) (local.get $count)))
             (if (call $publish (i32.const 2048) (i32.const 9) (i32.const 0) (i32.const 0) (i32.const 1024) (i32.const 1)) (then unreachable))
             (local.set $count (i32.add (local.get $count) (i32.const 1)))
             (br_if $again (i32.lt_u (local.get $count) (i32.const 16))))
           (call $respond (i32.const 1024) (i32.const 1))""", "(local $count i32)"
    ) + TEXT  # fmt: skip
    for size in (100, 16_384, 16_385, 65_536, 65_537, 100_000):
        answer = lone.run(guest.replace("{size}", str(size)))
        assert answer.status == 200 and answer.body == bytes([7]) * size, (size, answer)
        for letter in "abcdefghijklmnop":
            assert lone.get("hostile/" + letter).body == bytes([7]) * size, size
