"""What docs/abi.md promises about windows and results where nothing goes wrong."""

import pytest

from guests import Codes, handle

OUTPUT = """(if (call $output (i64.const 100000) (i32.const 32)) (then unreachable))
  (memory.fill (i32.load (i32.const 32)) (i32.const 7) (i32.const 100000))"""
LEAVE = {"respond": "(call $respond (i32.const 32) (i32.const 1))", "publish": "(call $publish_into (i32.const 32) (i32.const 1))"}


def left(server, leaving, guest, **source):
    """What left: the response, or the object that was published."""
    server.delete("contract/left")
    answer = server.run(guest, {"into": "contract/left", **source.pop("query", {})}, **source)
    assert answer.status == 200, answer
    return answer.body if leaving == "respond" else server.get("contract/left").body


@pytest.mark.parametrize("leaving", LEAVE)
@pytest.mark.parametrize("size", [100, 16383, 16384, 100_000])
def test_what_left_from_an_input_window_is_not_lost_when_it_is_unmapped(server, noise, leaving, size):
    guest = handle(f"(drop (call $input)) (if {LEAVE[leaving]} (then unreachable)) (call $unmap (i32.load (i32.const 32)))")
    assert left(server, leaving, guest, body=noise(size)) == noise(size)


@pytest.mark.parametrize("leaving", LEAVE)
def test_what_left_from_an_output_window_is_not_lost_when_it_is_unmapped(server, leaving):
    guest = handle(f"{OUTPUT} (if {LEAVE[leaving]} (then unreachable)) (call $unmap (i32.load (i32.const 32)))")
    assert left(server, leaving, guest) == b"\7" * 100_000


@pytest.mark.parametrize("leaving", LEAVE)
def test_an_output_window_that_is_unmapped_and_made_again_does_not_change_what_left(server, leaving):
    guest = handle(
        f"""{OUTPUT} (if {LEAVE[leaving]} (then unreachable))
            (if (call $unmap (i32.load (i32.const 32))) (then unreachable))
            (if (call $output (i64.const 100000) (i32.const 32)) (then unreachable))
            (if (i32.load8_u (i32.load (i32.const 32))) (then unreachable))
            (memory.fill (i32.load (i32.const 32)) (i32.const 9) (i32.const 100000)) (i32.const 0)"""
    )
    assert left(server, leaving, guest) == b"\7" * 100_000


@pytest.mark.parametrize("leaving", LEAVE)
def test_what_an_output_window_holds_at_the_return_is_what_leaves(server, leaving):
    guest = handle(f"{OUTPUT} (if {LEAVE[leaving]} (then unreachable)) (i32.store8 (i32.load (i32.const 32)) (i32.const 9)) (i32.const 0)")
    assert left(server, leaving, guest) == b"\x09" + b"\7" * 99_999


@pytest.mark.parametrize("leaving", LEAVE)
@pytest.mark.parametrize("size", [100, 60_000, 70_000])
def test_what_leaves_from_the_heap_is_what_it_held_at_the_call(server, leaving, size):
    guest = handle(
        f"""(memory.fill (i32.const 4096) (i32.const 7) (i32.const {size}))
            (i32.store (i32.const 32) (i32.const 4096)) (i32.store (i32.const 36) (i32.const {size}))
            (if {LEAVE[leaving]} (then unreachable))
            (memory.fill (i32.const 4096) (i32.const 9) (i32.const {size})) (i32.const 0)"""
    )
    assert left(server, leaving, guest) == b"\7" * size


@pytest.mark.parametrize("leaving", LEAVE)
def test_a_part_of_a_window_may_leave(server, noise, leaving):
    for offset, length in ((0, 1), (0, 50_000), (1, 50_000), (4096, 50_000), (99_999, 1)):
        guest = handle(
            f"""(i32.store (i32.const 32) (i32.add (call $input) (i32.const {offset}))) (i32.store (i32.const 36) (i32.const {length}))
                {LEAVE[leaving]}"""
        )
        assert left(server, leaving, guest, body=noise(100_000)) == noise(100_000)[offset : offset + length], (offset, length)


def test_windows_begin_zero_keep_the_place_of_their_offset_and_do_not_move(server, noise):
    server.put("contract/placed", noise(300_000))
    guest = handle(
        """(call $source)
           (if (call $map (i32.load (i32.const 16)) (i64.const {}) (i64.const 100000) (i32.const 0) (i32.const 1024)) (then unreachable))
           (drop (memory.grow (i32.const 5)))
           (if (call $output (i64.const 3000000) (i32.const 1032)) (then unreachable))
           (if (call $map (i32.load (i32.const 16)) (i64.const 4096) (i64.const 100000) (i32.const 0) (i32.const 1040)) (then unreachable))
           (i32.store (i32.const 1048) (i32.load (i32.load (i32.const 1024))))
           (i32.store (i32.const 1052) (i32.load (i32.load (i32.const 1032))))
           (call $answer_numbers (i32.const 8))"""
    )
    for offset in (0, 1, 4095, 4096, 5000, 131_073):
        numbers = server.run(guest.replace("{}", str(offset)), {"object": "contract/placed"}).numbers
        first, output, second = (numbers[at] & 0xFFFFFFFF for at in (0, 2, 4))
        assert first % 4096 == offset % 4096 and second % 4096 == 0
        assert numbers[6] == int.from_bytes(noise(300_000)[offset : offset + 4], "little", signed=True) and numbers[7] == 0
        places = sorted([(first, 100_000), (output, 3_000_000), (second, 100_000)])
        assert all(at + size <= following for (at, size), (following, _) in zip(places, places[1:]))


def test_a_length_of_0_gives_address_0_and_takes_no_window(server):
    guest = handle(
        """(call $source) (i32.store (i32.const 1024) (i32.const 77)) (i32.store (i32.const 1028) (i32.const 77))
           (if (call $map (i32.load (i32.const 16)) (i64.const 3) (i64.const 0) (i32.const 0) (i32.const 1024)) (then unreachable))
           (drop (call $cost (i32.const 1032)))
           (call $answer_numbers (i32.const 10))"""
    )
    answer = server.run(guest, body=b"abc")
    assert answer.numbers[:2] == [0, 0] and answer.numbers[6] == 0


def test_a_response_without_ranges_or_without_respond_is_empty(server):
    for body in ("(i32.const 0)", "(call $respond (i32.const 0) (i32.const 0))", "(call $respond (i32.const 512) (i32.const 3))"):
        answer = server.run(handle(body))
        assert answer.status == 200 and answer.body == b"" and answer.headers["Content-Length"] == "0"


def test_a_content_type_is_set_once_and_has_a_default(server):
    guest = handle(
        """(i32.store (i32.const 1024) (call $header (i32.const 2048) (i32.const 12) (i32.const 2060) (i32.const 3)))
           (i32.store (i32.const 1028) (call $header (i32.const 2063) (i32.const 12) (i32.const 2060) (i32.const 3)))
           (call $answer_numbers (i32.const 2))"""
    ) + '(data (i32.const 2048) "Content-Typea/bcontent-type")'
    answer = server.run(guest)
    assert answer.numbers == [0, Codes.TWICE] and answer.headers.get_all("Content-Type") == ["a/b"]
    assert server.run(handle("(call $answer (i32.const 1))")).headers["Content-Type"] == "application/octet-stream"


def test_a_function_that_has_used_up_its_outputs_can_still_say_so(server):
    guest = handle(
        """(if (call $output (i64.const 0x40000000) (i32.const 32)) (then unreachable))
           (if (call $output (i64.const 0x40000000) (i32.const 32)) (then unreachable))
           (call $answer (call $output (i64.const 1) (i32.const 32)))"""
    )
    assert server.run(guest).number == Codes.LIMIT
