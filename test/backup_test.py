"""`inlay backup`: whole and of one moment under load, restored by serving it, and never there half."""

import json
import random
import shutil
import signal
import subprocess
import threading
import time
import zlib

from fsck_test import findings, object_file_beside, tree_of
from guests import ECHO, module
from links_test import linking  # noqa: F401
from serving import INLAY, Connection, Server, eventually


def backup(to, data, *arguments):
    ended = subprocess.run([INLAY, "backup", str(to), "--data", str(data), *arguments, "--json"], capture_output=True, timeout=120)
    return ended.returncode, json.loads(ended.stdout or ended.stderr)


def done(*arguments):
    code, document = backup(*arguments)
    assert code == 0, document
    return document


def content_of(key, number):
    """What a writer puts as its `number`-th version of a key: says so itself, and is of a size of its own."""
    head = f"{key} {number} ".encode()
    return head + random.Random(zlib.crc32(head)).randbytes(number * 7919 % 40000)


def is_whole(key, content):
    name, number, _ = content.split(b" ", 2)
    return name.decode() == key and content == content_of(key, int(number))


class Load:
    """Four clients that put, overwrite and delete the keys of one bucket until they are told to end."""

    def __init__(self, server, keys=24):
        self.ended, self.numbers = threading.Event(), [0] * 4
        self.threads = [threading.Thread(target=self.run, args=(server, one, keys)) for one in range(4)]
        for thread in self.threads:
            thread.start()

    def run(self, server, one, keys):
        mine = random.Random(one)
        with Connection(server) as connection:
            while not self.ended.is_set():
                key = f"k{mine.randrange(keys)}"
                if mine.random() < 0.2:
                    assert connection.request("DELETE", f"/o/load/{key}").status in (204, 404)
                else:
                    self.numbers[one] += 4
                    answer = connection.request("PUT", f"/o/load/{key}", content_of(key, self.numbers[one] + one))
                    assert answer.status in (200, 201), answer

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.ended.set()
        for thread in self.threads:
            thread.join()


def test_a_backup_under_load_restores_to_exactly_what_it_names(data, disk):
    backups = []
    with Server(data) as server:
        server.deploy("echo", module(ECHO))
        with Load(server) as load:
            time.sleep(0.5)
            for number in range(12):
                backups.append(disk / f"{data.name}-backup-{number}")
                done(backups[-1], data, *(["--copy"] if number % 2 else []))
        assert all(load.numbers), "everybody wrote"
    for path in backups:
        assert findings(path, "--content") == set()
    for path in (backups[0], backups[-1]):
        with Server(path, workers=1) as restored:
            names = [one["key"] for one in restored.request("GET", "/o/load").json["objects"]]
            assert len(names) > 5
            for key in names:
                answer = restored.get(f"load/{key}")
                assert answer.status == 200 and is_whole(key, answer.body), key
            assert eventually(lambda: restored.invoke("echo", body=b"hello").body == b"hello"), "compiled anew"
            restored.put("load/new", b"content")
            assert restored.stop() == 0
        assert findings(path) == set()
    for path in backups:
        shutil.rmtree(path)


def test_removals_that_waited_are_made_up_for(data, disk):
    with Server(data, workers=1) as server:
        server.put("b/k", b"old")
        old = object_file_beside(server, "b/k")
        holder = subprocess.Popen(["python3", "-c", HOLDER, str(data / "objects")], stdout=subprocess.PIPE)
        assert holder.stdout.readline() == b"held\n"
        server.put("b/k", b"new")
        time.sleep(0.3)
        assert old.exists()
        holder.kill()
        holder.wait()
        server.put("b/k", b"newer")
        assert eventually(lambda: not old.exists())


HOLDER = """
import fcntl, os, struct, sys, time
file = os.open(sys.argv[1], os.O_RDONLY)
fcntl.fcntl(file, 37, struct.pack('hhqqi4x', fcntl.F_RDLCK, 0, 0, 0, 0))  # F_OFD_SETLK
print('held', flush=True)
time.sleep(60)
"""


def test_a_backup_of_a_stopped_or_killed_server_leaves_its_data_as_it_is(data, disk):
    for end in ("stop", "kill"):
        with Server(data, workers=1) as server:
            server.put(f"b/{end}", b"content")
            getattr(server, end)()
        before, to = tree_of(data), disk / f"{data.name}-{end}"
        done(to, data, "--copy")
        assert tree_of(data) == before
        with Server(to, workers=1) as restored:
            assert restored.get(f"b/{end}").body == b"content"
        shutil.rmtree(to)


def test_killed_at_any_moment_it_leaves_nothing_that_passes_for_a_backup(data, disk):
    with Server(data, workers=1) as server:
        for number in range(300):
            server.put(f"b/{number}", b"x" * 3000)
        to, mine, seen = disk / f"{data.name}-killed", random.Random(7), {"nothing": 0, "whole": 0}
        started = time.monotonic()
        done(to, data, "--copy")
        lasts = time.monotonic() - started
        shutil.rmtree(to)
        for _ in range(40):
            process = subprocess.Popen([INLAY, "backup", str(to), "--data", str(data), "--copy"], stdout=subprocess.DEVNULL)
            time.sleep(mine.random() * lasts * 1.1)
            process.send_signal(signal.SIGKILL)
            process.wait()
            if to.exists():  # It had ended, or all but that.
                assert findings(to, "--content") == set() and json.loads((to / "backup.json").read_text())["objects"] == 300
                shutil.rmtree(to)
                seen["whole"] += 1
            else:
                seen["nothing"] += 1
            unfinished = to.with_name(to.name + ".unfinished")
            if unfinished.exists():
                code, document = backup(to, data)
                assert code == 1 and str(unfinished) in document["error"]["detail"] and not to.exists()
                shutil.rmtree(unfinished)
        assert seen["nothing"] > 10, seen
        assert server.get("b/299").body == b"x" * 3000


def test_nothing_is_written_over(data, tmp_path):
    with Server(data, workers=1) as server:
        server.put("b/k", b"content")
        (tmp_path / "file").write_bytes(b"x")
        before = tree_of(tmp_path)
        for to in (tmp_path, tmp_path / "file", tmp_path / "absent" / "below"):
            code, document = backup(to, data)
            assert code == 1 and document["error"]["detail"], document
        assert tree_of(tmp_path) == before
        (tmp_path / "empty").mkdir()
        done(tmp_path / "empty", data)
        assert backup(tmp_path / "empty", data)[0] == 1
        assert backup(tmp_path / "other", tmp_path / "no data")[0] == 1


def test_of_damaged_data_there_is_no_backup(data, tmp_path):
    with Server(data, workers=1) as server:
        server.put("b/k", b"content")
        object_file_beside(server, "b/k").unlink()
        code, document = backup(tmp_path / "to", data)
        assert code == 1 and "b/k" in document["error"]["detail"] and "inlay fsck" in document["error"]["detail"]
        assert list(tmp_path.iterdir()) == []


def test_where_files_can_be_shared_they_are_and_copy_shares_none(data, disk):
    with Server(data, workers=1) as server:
        server.put("b/k", b"content" * 1000)
        path = object_file_beside(server, "b/k")
        shared, copied = disk / f"{data.name}-shared", disk / f"{data.name}-copied"
        assert done(shared, data)["shared_files"] == 1 and path.stat().st_nlink == 2
        assert done(copied, data, "--copy")["copied_files"] == 1 and path.stat().st_nlink == 2
        # What is deleted here stays there.
        server.delete("b/k")
        assert findings(shared, "--content") == findings(copied, "--content") == set()
        shutil.rmtree(shared), shutil.rmtree(copied)


def test_linked_objects_stay_links(linking, disk):  # noqa: F811
    linking.link("b/linked", linking.file("file", b"content"))
    to = disk / f"{linking.data.name}-backup"
    document = done(to, linking.data)
    assert document["linked_objects"] == 1 and document["shared_files"] == document["copied_files"] == 0
    assert findings(to) == set()
    assert linking.server.stop() == 0
    with Server(to, "--link-root", str(linking.root), workers=1) as restored:
        assert restored.get("b/linked").body == b"content"
        assert restored.stop() == 0
    linking.start()
    shutil.rmtree(to)
