"""Native code in a worker's or a lane's place gets nowhere: calls are made in the running processes themselves."""

import errno
import os
import pathlib
import signal
import struct

import pytest

import guests
import injection
from serving import Server, eventually, is_running

pytestmark = pytest.mark.skipif(not injection.CAN_INJECT, reason=injection.REASON)

WORKERS = 12        # So that none dies twice within a moment: its replacement would be waited for.
AT_CWD = -100
THREAD_ONLY = 0x10000
NOWHERE = 8         # An address that nothing is at: what would hurt the machine cannot even if it is let through.


def attempts(server, sibling):
    """Name -> call: what something that has taken a process over would try. Numbers are those of x86-64."""
    catalog = f"{server.data}/catalog.db".encode() + b"\0"
    here = f"{server.data}".encode() + b"\0"
    supervisor = server.pid
    internet = struct.pack("<HH4s8x", 2, server.port << 8 & 0xFF00 | server.port >> 8, bytes([127, 0, 0, 1]))
    return {
        "read /etc/passwd": (257, AT_CWD, b"/etc/passwd\0", 0),
        "open, the old way": (2, b"/etc/passwd\0", 0),
        "open with openat2": (437, AT_CWD, b"/etc/passwd\0", bytes(24), 24),
        "write the catalog": (257, AT_CWD, catalog, os.O_RDWR),
        "make a file": (257, AT_CWD, b"/tmp/inlay-escaped\0", os.O_CREAT | os.O_WRONLY, 0o600),
        "make a file, the old way": (85, b"/tmp/inlay-escaped\0", 0o600),
        "delete the catalog": (87, catalog),
        "rename the catalog": (82, catalog, b"/tmp/inlay-escaped\0"),
        "truncate the catalog": (76, catalog, 0),
        "link the catalog": (86, catalog, b"/tmp/inlay-escaped\0"),
        "open the catalog to everybody": (90, catalog, 0o777),
        "give the catalog away": (92, catalog, 65534, 65534),
        "make a directory": (83, b"/tmp/inlay-escaped\0", 0o700),
        "make a device": (133, b"/tmp/inlay-escaped\0", 0o20600, 0x101),
        "look at a file": (262, AT_CWD, b"/etc/passwd\0", bytes(256), 0),
        "look where a link leads": (89, b"/proc/self/exe\0", bytes(256), 256),
        "new socket": (41, 2, 1, 0),
        "netlink": (41, 16, 3, 0),
        "raw packets": (41, 17, 3, 768),
        "connect": (42, 5, internet, 16),
        "bind": (49, 5, internet, 16),
        "listen": (50, 5, 1),
        "connect by sending": (44, 5, b"x", 1, 0x20000000, internet, 16),
        "steer a listener's connections": (54, 5, 1, 51, bytes(16), 16),
        "filter a listener's connections": (54, 5, 1, 26, bytes(16), 16),
        "a socket pair that sends anywhere": (53, 1, 2, 0, bytes(8)),
        "fork": (56, signal.SIGCHLD),
        "vfork": (58,),
        "fork, the old way": (57,),
        "clone3": (435, bytes(88), 88),
        "a thread in a new user namespace": (56, THREAD_ONLY | 0x10000000),
        "run a program": (59, b"/bin/sh\0", 0, 0),
        "run a program by descriptor": (322, 5, b"\0", 0, 0, 0x1000),
        "kill the supervisor": (62, supervisor, signal.SIGKILL),
        "kill a sibling": (62, sibling, signal.SIGKILL),
        "kill the supervisor's thread": (234, supervisor, supervisor, signal.SIGKILL),
        "queue a signal": (129, supervisor, signal.SIGKILL, bytes(128)),
        "a descriptor of the supervisor": (434, supervisor, 0),
        "a descriptor from the supervisor": (438, 5, 0, 0),
        "trace a sibling": (101, 16, sibling, 0, 0),
        "read a sibling's memory": (310, sibling, bytes(16), 1, bytes(16), 1, 0),
        "write the supervisor's memory": (311, supervisor, bytes(16), 1, bytes(16), 1, 0),
        "the supervisor's limits": (302, supervisor, 7, bytes(16), 0),
        "become root": (117, 0, 0, 0),
        "become root's group": (119, 0, 0, 0),
        "all capabilities": (126, struct.pack("<II", 0x20080522, 0), b"\xff" * 24),
        "mount": (165, b"none\0", here, b"tmpfs\0", 0, 0),
        "unmount": (166, here, 0),
        "chroot": (161, here),
        "pivot_root": (155, here, here),
        "new namespaces": (272, 0x10000000),
        "another's namespace": (308, 5, 0),
        "bpf": (321, 0, bytes(64), 64),
        "perf": (298, bytes(128), 0, -1, -1, 0),
        "io_uring": (425, 8, bytes(128)),
        "userfaultfd": (323, 0),
        "kernel keys": (248, b"user\0", b"x\0", b"y\0", 1, -3),
        "shared memory": (29, 4711, 4096, 0o1600),
        "a message queue": (240, b"inlay\0", 0o102, 0o600, 0),
        "watch files": (294, 0),
        "open by handle": (304, AT_CWD, bytes(16), 0),
        "a kernel module": (175, bytes(16), 16, b"\0"),
        "another kernel": (246, 0, 0, 0, 0),
        "reboot": (169, 0, 0, 0, 0),
        "swap": (168, NOWHERE),
        "the clock": (227, 0, NOWHERE),
        "the host's name": (170, NOWHERE, 7),
        "memory that is code and can be written": (9, 0, 4096, 7, 0x22, -1, 0),
        "a file as code": (9, 0, 4096, 5, 2, 5, 0),
        "personality": (135, 0x0400000),
        "i/o ports": (172, 3),
        "segments": (154, 1, bytes(16), 16),
        "a terminal's input": (16, 2, 0x5412, b"x"),
        "a descriptor's signals to the supervisor": (72, 5, 8, supervisor),
        "a lease": (72, 5, 1024, 0),
        "dumpable again": (157, 4, 1, 0, 0, 0),
        "stop with the pidfd of a lane": (424, 5, signal.SIGSTOP, 0, 0),
    }


def outcome(pid, call):
    """"killed", or the error's name; anything else is an escape."""
    try:
        with injection.Injector(pid) as injector:
            answer = injector.call(*call)
    except injection.Killed as killed:
        assert killed.signal == signal.SIGSYS, killed
        return "killed"
    return errno.errorcode.get(-answer, f"gave {answer}") if answer < 0 else f"gave {answer}"


def look_at(server):
    """What nothing may have changed: the supervisor, the catalog's file and the places for new ones."""
    catalog = pathlib.Path(server.data) / "catalog.db"
    status = catalog.stat()
    return is_running(server.pid), status.st_ino, status.st_mode, status.st_uid, pathlib.Path("/tmp/inlay-escaped").exists()


@pytest.fixture(scope="module")
def many(module_data):
    with Server(module_data, workers=WORKERS) as made:
        made.put("b/k", b"kept")
        yield made
        assert made.stop() == 0


def try_all(server, processes, tell, kind):
    """Makes each attempt in the next process of `processes()`, which waits for one."""
    before, counts = look_at(server), {}
    for number, (name, call) in enumerate(attempts(server, sibling=server.worker_pids()[0]).items()):
        pid = processes(number)
        end = outcome(pid, call)
        assert end in ("killed", "EACCES", "ENOSYS"), f"{name}: {end}"
        assert look_at(server) == before, name
        counts[end] = counts.get(end, 0) + 1
        if end == "killed":
            assert eventually(lambda: not is_running(pid)), name
    tell(f"{sum(counts.values())} escapes tried in a {kind}, none worked: {counts}")
    assert sum(counts.values()) >= 25
    assert server.get("b/k").body == b"kept"


def test_no_escape_from_a_worker_works(many, tell):
    def worker(number):
        assert eventually(lambda: len(many.worker_pids()) == WORKERS, 20)
        return sorted(many.worker_pids())[number % WORKERS]

    try_all(many, worker, tell, "worker")


def test_no_escape_from_a_lane_works(many, tell):
    many.deploy("heavy", guests.module(guests.handle("(call $answer (i32.const 7))")), {"class": "heavy"})

    def lane(_):
        assert eventually(lambda: many.invoke("heavy").status == 200, 20)
        return next(iter(many.lane_pids()))

    try_all(many, lane, tell, "lane")


def test_workers_and_lanes_have_users_of_their_own_and_no_others(many):
    many.deploy("heavy", guests.module(guests.handle("(call $answer (i32.const 7))")), {"class": "heavy"})
    assert eventually(lambda: len(many.worker_pids()) == WORKERS, 20)
    assert many.invoke("heavy").status == 200
    users = {}
    for pid in [*many.worker_pids(), *many.lane_pids()]:
        status = dict(line.split(":\t", 1) for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines() if ":\t" in line)
        assert status["NoNewPrivs"] == "1" and status["Seccomp"] == "2"
        user = status["Uid"].split()
        assert len(set(user)) == 1 and user[0] != "0"
        assert int(status["CapEff"], 16) & ~(1 << 3) == 0, "none but CAP_FOWNER"
        users.setdefault(status["Name"], set()).add(user[0])
    assert len(users["inlay-worker"]) == WORKERS, "a user each"
    assert users["inlay-lane"] <= users["inlay-worker"], "that of its worker, which must be able to end it"


def test_a_worker_has_no_descriptor_that_leads_to_the_data_directory(many):
    for pid in many.worker_pids():
        for descriptor in pathlib.Path(f"/proc/{pid}/fd").iterdir():
            target = os.readlink(descriptor)
            assert "catalog" not in target and target != str(many.data), target
            assert not os.path.isdir(target) or target == "/", target
