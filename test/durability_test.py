"""The acknowledged is durable and whole: through traps, through restarts, and through kill -9 of everything under load."""

import contextlib
import http.client
import random
import sqlite3
import threading
import time

import pytest

from guests import handle, module
from serving import Connection, Server, eventually

# ---- effects are atomic ----

PUBLISHES = """
  (if (call $output (i64.const 20000) (i32.const 48)) (then unreachable))
  (memory.fill (i32.load (i32.const 48)) (i32.const 110) (i32.const 20000))
  (if (call $publish (i32.const 2048) (i32.const 8) (i32.const 0) (i32.const 0) (i32.const 48) (i32.const 1)) (then unreachable))
  (if (call $publish (i32.const 2056) (i32.const 8) (i32.const 2064) (i32.const 10) (i32.const 1024) (i32.const 1)) (then unreachable))
  (if (call $answer (i32.const 1)) (then unreachable))"""
NAMES = '(data (i32.const 2048) "atomic/aatomic/btext/plain") (data (i32.const 1024) "\\00\\08\\00\\00\\08\\00\\00\\00")'


@pytest.mark.parametrize(
    "end, status",
    [("unreachable", 500), ("(i32.const 1)", 500), ("(i32.const -5)", 500), ("(loop $again (br $again)) (i32.const 0)", 504),
     ("(i32.store8 (i32.const -1) (i32.const 1)) (i32.const 0)", 500)],
    ids=["trap", "code", "negative code", "deadline", "bounds"],
)  # fmt: skip
def test_a_function_that_publishes_and_then_fails_has_published_nothing(server, end, status):
    server.delete("atomic/a"), server.delete("atomic/b")
    server.put("atomic/a", b"old")
    assert server.run(handle(PUBLISHES + end) + NAMES, deployment={"timeout_ms": 100}).status == status
    assert server.get("atomic/a").body == b"old"
    assert server.get("atomic/b").status == 404


def test_what_a_function_publishes_is_there_when_it_answers_on_every_worker(server):
    name, workers = server.name_of(handle(PUBLISHES + "(i32.const 0)") + NAMES), list(server.connections_by_worker().values())
    for number in range(20):
        for key in "ab":
            server.delete("atomic/" + key)
        assert [one.request("GET", "/o/atomic/a").status for one in workers] == [404, 404]
        assert workers[number % 2].request("GET", f"/f/{name}").number == 1
        for worker in workers:
            assert worker.request("GET", "/o/atomic/a").body == b"n" * 20000
            other = worker.request("GET", "/o/atomic/b")
            assert other.body == b"atomic/a" and other.headers["Content-Type"] == "text/plain"


def test_of_one_name_published_twice_the_last_counts(server):
    guest = handle(
        """(if (call $publish (i32.const 2048) (i32.const 8) (i32.const 0) (i32.const 0) (i32.const 1032) (i32.const 1)) (then unreachable))
           (if (call $publish (i32.const 2048) (i32.const 8) (i32.const 0) (i32.const 0) (i32.const 1024) (i32.const 1)) (then unreachable))
           (call $answer (i32.const 1))"""
    ) + NAMES + '(data (i32.const 1032) "\\00\\04\\00\\00\\01\\00\\00\\00")'  # fmt: skip
    assert server.run(guest).number == 1
    assert server.get("atomic/a").body == b"atomic/a"


# ---- an orderly end ----


def test_objects_and_functions_are_there_after_a_restart(data, noise):
    with Server(data) as first:
        etags = {number: first.put(f"kept/{number}", noise(number * 1000, number)).headers["ETag"] for number in range(40)}
        first.delete("kept/7")
        assert first.stop() == 0
    with Server(data) as again:
        assert again.get("kept/7").status == 404
        for number in set(etags) - {7}:
            answer = again.get(f"kept/{number}")
            assert answer.body == noise(number * 1000, number) and answer.headers["ETag"] == etags[number]
        assert again.put("kept/1", b"new").headers["ETag"] not in etags.values()


def test_the_catalog_has_a_schema_version_and_a_newer_one_is_refused(data):
    with Server(data, workers=1) as first:
        first.put("b/k", b"x")
        assert first.stop() == 0
    with contextlib.closing(sqlite3.connect(data / "catalog.db")) as catalog:
        (version,) = catalog.execute("PRAGMA user_version").fetchone()
        assert version > 0
        catalog.execute("PRAGMA user_version = 9999")
    with pytest.raises(AssertionError, match="9999|newer|version"):
        Server(data, workers=1)
    with contextlib.closing(sqlite3.connect(data / "catalog.db")) as catalog:
        catalog.execute(f"PRAGMA user_version = {version}")
    with Server(data, workers=1) as again:
        assert again.get("b/k").body == b"x"


# ---- kill -9 of everything under load ----

ROUNDS = 20
WRITERS = 6
KEYS_PER_WRITER = 4
GONE = None  # The content of a key that is not there.
PUBLISH = module(handle("(drop (call $input)) (call $publish_into (i32.const 32) (i32.const 1))"))


def content_of(seed):
    """Content that tells its seed and is whole only with every byte of it: below and above the threshold."""
    dice = random.Random(seed)
    return b"%d:" % seed + dice.randbytes(dice.choice((0, 100, 5000, 20_000, 100_000)))


class Writer(threading.Thread):
    """Writes its own keys until the server is gone; knows for each key what it may hold."""

    def __init__(self, server, number, allowed, round_number):
        super().__init__()
        self.server, self.number, self.allowed = server, number, allowed
        self.dice = random.Random(round_number * 100 + number)
        self.acknowledged = 0
        self.wrong = []

    def run(self):
        with contextlib.suppress(OSError, http.client.HTTPException):
            with Connection(self.server, timeout=10) as connection:
                while True:
                    self.write_one(connection)

    def write_one(self, connection):
        key = f"w{self.number}k{self.dice.randrange(KEYS_PER_WRITER)}"
        kind = self.dice.choice(("put", "put", "publish", "delete"))
        content = GONE if kind == "delete" else content_of(self.dice.getrandbits(60))
        before = self.allowed[key]
        self.allowed[key] = before | {content}
        if kind == "put":
            answer = connection.request("PUT", f"/o/load/{key}", content)
        elif kind == "publish":
            answer = connection.request("POST", f"/f/publish?into=load/{key}", content)
        else:
            answer = connection.request("DELETE", f"/o/load/{key}")
        done = answer.status in (200, 201, 204) or (kind == "delete" and answer.status == 404 and GONE in before)
        if answer.status == 503:  # Refused while it ends: may not have happened, or have.
            return
        if not done:
            self.wrong.append((key, kind, answer))
        self.allowed[key] = {content}
        self.acknowledged += 1


def check_all(server, allowed):
    """Each key holds one of its allowed contents, which is the only one from here on."""
    with Connection(server) as connection:
        for key, contents in allowed.items():
            answer = connection.request("GET", f"/o/load/{key}")
            assert answer.status in (200, 404), answer
            found = answer.body if answer.status == 200 else GONE
            assert found in contents, f"{key}: {answer.status} {answer.body[:30]}, not one of {[one and one[:30] for one in contents]}"
            allowed[key] = {found}


def files_of(data, folder):
    return [path for path in (data / folder).rglob("*") if path.is_file()]


def test_nothing_acknowledged_is_lost_when_everything_is_killed_20_times(data):
    allowed = {f"w{writer}k{key}": {GONE} for writer in range(WRITERS) for key in range(KEYS_PER_WRITER)}
    acknowledged, dice = 0, random.Random(11)
    for round_number in range(ROUNDS):
        with Server(data, workers=2) as server:
            if round_number == 0:
                server.deploy("publish", PUBLISH)
            check_all(server, allowed)
            writers = [Writer(server, number, allowed, round_number) for number in range(WRITERS)]
            for writer in writers:
                writer.start()
            time.sleep(0.15 + dice.random() * 0.4)
            server.kill()
            for writer in writers:
                writer.join()
            acknowledged += sum(writer.acknowledged for writer in writers)
            assert not [wrong for writer in writers for wrong in writer.wrong]
    assert acknowledged > ROUNDS * 20, "hardly anything was written: this tested nothing"
    with Server(data, workers=2) as server:
        check_all(server, allowed)
        there = sum(contents != {GONE} for contents in allowed.values())
        assert eventually(lambda: len(files_of(data, "objects")) == there), "leftovers of the crashes were not swept"
        assert not list(data.rglob("*.tmp"))
        assert len(server.request("GET", "/o/load").json["objects"]) == there
        assert server.stop() == 0


def answering(number):
    return module(handle(f"(call $answer (i32.const {number}))"))


class Deployer(threading.Thread):
    """Deploys versions that answer rising numbers until the server is gone; knows which may be there."""

    def __init__(self, server, first, possible):
        super().__init__()
        self.server, self.first, self.possible = server, first, possible

    def run(self):
        with contextlib.suppress(OSError, http.client.HTTPException):
            for number in range(self.first, self.first + 50):
                self.possible.add(number)
                if self.server.try_deploy("versioned", answering(number)).status == 200:
                    self.possible.intersection_update({number})


def test_a_deploy_is_whole_or_not_there_after_a_kill(data):
    possible = set()
    for round_number in range(8):
        with Server(data, workers=1) as server:
            if round_number == 0:
                server.deploy("versioned", answering(-1))
            else:
                answers = []
                assert eventually(lambda: answers.append(server.invoke("versioned")) or answers[-1].status != 503)  # noqa: B023
                assert answers[-1].number in possible
                possible = {answers[-1].number}
            deployer = Deployer(server, round_number * 100, possible)
            deployer.start()
            time.sleep(0.03 + 0.02 * round_number)
            server.kill()
            deployer.join()
            possible.add(-1) if round_number == 0 else None
    with Server(data, workers=1) as server:
        assert eventually(lambda: len(files_of(data, "modules")) == 1)
        assert server.invoke("versioned").number in possible
        assert server.stop() == 0


def test_leftovers_of_a_crash_are_swept_at_the_next_start(data, noise):
    """Files that were made, but never came into the catalog, and temporary ones."""
    with Server(data, workers=1) as server:
        version = server.put("b/k", noise(50_000)).json["version"]
        server.deploy("f", answering(7))
        real = files_of(data, "objects") + files_of(data, "modules") + files_of(data, "compiled")
        assert len(real) == 3 and real[0] == server.object_file(version)
        assert server.stop() == 0
    # A version of that first start that the catalog does not know: with another count in its middle.
    planted = []
    for path in real:
        other = path.with_name(path.name[:16] + "7" + path.name[17:])
        planted += [other, path.with_name(other.name + ".tmp")]
    for path in planted:
        path.write_bytes(b"leftover")
    with Server(data, workers=1) as again:
        eventually(lambda: not any(path.exists() for path in planted), 3)
        assert [str(path.relative_to(data)) for path in planted if path.exists()] == []
        assert all(path.exists() for path in real)
        assert again.get("b/k").body == noise(50_000) and again.invoke("f").number == 7
        assert again.stop() == 0
