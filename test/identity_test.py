"""The page that a guest reads is the page of the object: the same frame of memory, seen in /proc/PID/pagemap (root)."""

import contextlib
import ctypes
import mmap
import os
import pathlib
import re
import struct
import threading

import pytest

from guests import handle
from serving import eventually
from wire import Wire

PAGE = mmap.PAGESIZE
PRESENT = 1 << 63
FRAME = (1 << 55) - 1
PAGES = 64
# Touches each page of its input, says so in its log's absence by spinning, and answers with it.
SLOW = handle(
    """(drop (call $input))
       (loop $again
         (drop (i32.load (i32.add (i32.load (i32.const 32)) (local.get $at))))
         (br_if $again (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 4096))) (i32.load (i32.const 36)))))
       (call $wait (i64.const 1200))
       (call $respond (i32.const 32) (i32.const 1))""", "(local $at i32)"
)  # fmt: skip
# Writes an output window, waits, responds with it.
WRITES = handle(
    """(drop (call $output (i64.const 8388608) (i32.const 32)))
       (memory.fill (i32.load (i32.const 32)) (i32.const 7) (i32.load (i32.const 36)))
       (call $wait (i64.const 1200))
       (call $respond (i32.const 32) (i32.const 1))"""
)


def frames(pid, address, pages):
    """The page frame numbers behind so many pages of a process; None for those that are not present."""
    with open(f"/proc/{pid}/pagemap", "rb") as file:
        file.seek(address // PAGE * 8)
        entries = struct.unpack(f"<{pages}Q", file.read(8 * pages))
    return [entry & FRAME if entry & PRESENT else None for entry in entries]


@pytest.fixture(autouse=True)
def frames_are_shown():
    here = ctypes.create_string_buffer(b"x" * PAGE)
    if os.geteuid() != 0 or not frames(os.getpid(), ctypes.addressof(here), 1)[0]:
        pytest.skip("page frame numbers are shown to root with CAP_SYS_ADMIN only")


@contextlib.contextmanager
def own_mapping(descriptor, pages):
    """Our own mapping of a file, every page touched: its address."""
    with mmap.mmap(descriptor, pages * PAGE, mmap.MAP_PRIVATE, mmap.PROT_READ | mmap.PROT_WRITE) as mapped:
        for at in range(0, pages * PAGE, PAGE):
            mapped[at]
        here = ctypes.c_char.from_buffer(mapped)
        yield ctypes.addressof(here)
        del here


def mappings_of(pid, wanted):
    """The addresses of the mappings of a process whose lines in /proc/PID/maps match; none of one that is gone."""
    try:
        lines = pathlib.Path(f"/proc/{pid}/maps").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return []
    return [int(line.partition("-")[0], 16) for line in lines if re.search(wanted, line)]


def mapping_of(pid, wanted):
    """The first of them, or None."""
    return next(iter(mappings_of(pid, wanted)), None)


def place_of(server, wanted):
    """The lane that has this file mapped, and the address; None while there is none. (A worker maps what it sends.)"""
    for pid in server.lane_pids():
        with contextlib.suppress(OSError):
            if address := mapping_of(pid, wanted):
                return pid, address
    return None


def settled_place_of(server, wanted):
    """The same once the guest is where it will end: it has begun in its worker and moves to a lane."""
    assert eventually(lambda: place_of(server, wanted), 1)
    return place_of(server, wanted)


def inode_at(pid, address):
    """That of the file mapped at an address."""
    lines = pathlib.Path(f"/proc/{pid}/maps").read_text().splitlines()
    return next(int(line.split()[4]) for line in lines if int(line.partition("-")[0], 16) == address)


def descriptor_of(pid, inode):
    """A descriptor of ours for the file that a process holds."""
    for entry in pathlib.Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            if entry.stat().st_ino == inode:
                return os.open(entry, os.O_RDWR)
    return None


@contextlib.contextmanager
def running(server, guest, query=None, body=None):
    """Has the guest run while the block does; gives the list that gets its answer."""
    name, answers = server.name_of(guest), []
    thread = threading.Thread(target=lambda: answers.append(server.invoke(name, query, body)))
    thread.start()
    yield answers
    thread.join()


def test_the_frames_that_a_guest_reads_are_those_of_the_object(lone, noise):
    content = noise(PAGES * PAGE)
    version = lone.put("identity/object", content).json["version"]
    with running(lone, SLOW, {"object": "identity/object"}) as answers:
        pid, address = settled_place_of(lone, re.escape(version))
        descriptor = os.open(lone.object_file(version), os.O_RDWR)
        with own_mapping(descriptor, PAGES) as here:
            assert eventually(lambda: None not in frames(pid, address, PAGES), 0.5)
            assert frames(pid, address, PAGES) == frames(os.getpid(), here, PAGES)
        os.close(descriptor)
    assert answers[0].body == content


def test_the_frames_that_a_function_published_are_those_of_the_object(lone, noise):
    content = noise(PAGES * PAGE).upper()
    lone.deploy_example("upper")
    assert lone.invoke("upper", {"into": "identity/published"}, content).status == 200
    with running(lone, SLOW, {"object": "identity/published"}) as answers:
        pid, address = settled_place_of(lone, "memfd:inlay-output")
        descriptor = descriptor_of(lone.pid, inode_at(pid, address))
        assert descriptor, "the supervisor keeps them"
        with own_mapping(descriptor, PAGES) as here:
            assert eventually(lambda: None not in frames(pid, address, PAGES), 0.5)
            assert frames(pid, address, PAGES) == frames(os.getpid(), here, PAGES)
        os.close(descriptor)
    assert answers[0].body == content


def test_a_piece_shows_the_frames_of_its_own_place(lone, noise):
    version = lone.put("identity/piece", noise(PAGES * PAGE)).json["version"]
    guest = handle(
        f"""(call $source)
            (if (call $map (i32.load (i32.const 16)) (i64.const {7 * PAGE + 5}) (i64.const {20 * PAGE}) (i32.const 0) (i32.const 32))
              (then unreachable))
            (memory.copy (i32.const 4096) (i32.load (i32.const 32)) (i32.const 8192))
            (call $wait (i64.const 1000)) (i32.const 0)"""
    )
    with running(lone, guest, {"object": "identity/piece"}) as answers:
        pid, address = settled_place_of(lone, re.escape(version))
        descriptor = os.open(lone.object_file(version), os.O_RDWR)
        with own_mapping(descriptor, PAGES) as here:
            assert eventually(lambda: frames(pid, address, 1)[0], 0.5)
            assert frames(pid, address, 2) == frames(os.getpid(), here + 7 * PAGE, 2)
        os.close(descriptor)
    assert answers[0].status == 200


def test_the_frames_that_a_guest_reads_are_those_the_body_was_received_into(lone, noise):
    worker, content = lone.worker_pids()[0], noise(PAGES * PAGE)
    with running(lone, SLOW, body=content) as answers:
        pid, address = settled_place_of(lone, "memfd:inlay-body")
        descriptor = descriptor_of(worker, inode_at(pid, address))
        assert descriptor is not None and os.pread(descriptor, len(content), 0) == content
        with mmap.mmap(descriptor, PAGES * PAGE, mmap.MAP_PRIVATE, mmap.PROT_READ | mmap.PROT_WRITE) as mapped:
            assert mapped[:] == content
            here = ctypes.c_char.from_buffer(mapped)
            assert eventually(lambda: None not in frames(pid, address, PAGES), 0.5)
            assert frames(pid, address, PAGES) == frames(os.getpid(), ctypes.addressof(here), PAGES)
            del here
        os.close(descriptor)
    assert answers[0].body == content


def test_the_frames_that_a_guest_wrote_are_those_that_leave_as_the_response(lone):
    """A client that does not read keeps the response in the worker, where its file can be looked at."""
    worker, name = lone.worker_pids()[0], lone.name_of(WRITES)
    with Wire(lone) as slow:
        slow.send(f"GET /f/{name} HTTP/1.1\r\nHost: h\r\n\r\n".encode())
        pid, address = settled_place_of(lone, "memfd:inlay-output")
        assert eventually(lambda: None not in frames(pid, address, PAGES), 0.5)
        written, inode = frames(pid, address, PAGES), inode_at(pid, address)
        slow.received = slow.socket.recv(1000)  # The guest is through: its response is on the way.
        assert place_of(lone, "memfd:inlay-output") is None, "the guest's mapping has outlived it"
        # The kernel is given the addresses at which the worker has these very pages.
        sent_from = mapping_of(worker, "memfd:inlay-output")
        assert frames(worker, sent_from, 1)[0] == written[0]
        descriptor = descriptor_of(worker, inode)
        with mmap.mmap(descriptor, PAGES * PAGE, mmap.MAP_PRIVATE, mmap.PROT_READ | mmap.PROT_WRITE) as mapped:
            assert mapped[:] == bytes([7]) * len(mapped)
            here = ctypes.c_char.from_buffer(mapped)
            assert frames(os.getpid(), ctypes.addressof(here), PAGES) == written
            del here
        os.close(descriptor)
        assert slow.answer().body == bytes([7]) * (8 << 20)
