"""`inlay fsck` finds and names each kind of damage, beside a server or without one, and changes nothing."""

import hashlib
import json
import os
import sqlite3
import subprocess

import pytest

from cli_test import Cli
from guests import ECHO, module
from links_test import linking  # noqa: F401
from serving import INLAY, Server, eventually


def tree_of(directory):
    """Every entry below a directory with what it is and holds: what a command that changes nothing leaves as it was."""
    tree = {}
    for path in sorted(directory.rglob("*")):
        status = path.lstat()
        content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() and not path.is_symlink() else ""
        tree[str(path.relative_to(directory))] = (status.st_mode, status.st_size, status.st_mtime_ns, status.st_ino, content)
    return tree


def fsck(data, *arguments):
    """The exit code, and the document or the error; as text it must end the same."""
    command = [INLAY, "fsck", "--data", str(data), *arguments]
    as_json = subprocess.run([*command, "--json"], capture_output=True, timeout=60)
    as_text = subprocess.run(command, capture_output=True, timeout=60)
    assert as_json.returncode == as_text.returncode, (as_json, as_text)
    document = json.loads(as_json.stdout or as_json.stderr)
    for finding in document.get("findings", ()):
        assert all(finding.values()), finding
        for part in ("kind", "thing", "found", "remedy"):
            assert finding[part] in as_text.stdout.decode()
    return as_json.returncode, document


def findings(data, *arguments):
    """What is wrong with the data of a stopped server, after checking that looking changed nothing."""
    before = tree_of(data)
    code, document = fsck(data, *arguments)
    assert tree_of(data) == before
    assert code == (1 if document["findings"] else 0) and document["findings_total"] == len(document["findings"]), document
    assert not document["served"]
    return {(one["kind"], one["thing"]) for one in document["findings"]}


@pytest.fixture
def filled(data, noise):
    """The data directory of a server that was stopped, with ten objects and a function."""
    with Server(data, workers=1) as server:
        for number in range(10):
            server.put(f"b/{number}", noise(number * 5000, number))
        server.deploy("echo", module(ECHO))
        assert server.stop() == 0
    return data


def object_file(data, name):
    bucket, _, key = name.partition("/")
    with sqlite3.connect(f"file:{data}/catalog.db?immutable=1", uri=True) as catalog:
        (version,) = catalog.execute("SELECT version FROM objects WHERE bucket = ? AND key = ?", (bucket, key.encode())).fetchone()
    return data / "objects" / version[-2:] / version


def module_file(data):
    (path,) = (data / "modules").iterdir()
    return path


def flip(path, at=0):
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)


def test_data_of_a_stopped_server_is_clean_and_left_as_it_is(filled):
    assert findings(filled) == findings(filled, "--content") == set()
    code, document = fsck(filled, "--content")
    assert document["objects"] == 10 and document["object_bytes"] == 45 * 5000 and document["functions"] == 1
    assert "not verified: no hash of them is stored" in document["content"]


def test_data_of_a_killed_server_is_read_with_its_log_and_left_as_it_is(data):
    with Server(data, workers=1) as server:
        server.put("b/k", b"content")
        server.kill()
    assert (data / "catalog.db-wal").stat().st_size > 0
    assert findings(data) == set()
    assert fsck(data)[1]["objects"] == 1


@pytest.mark.parametrize(
    "harm, kind",
    [(lambda path: path.unlink(), "missing"), (lambda path: os.truncate(path, 100), "size"), (lambda path: path.write_bytes(path.read_bytes() + b"x"), "size"),
     (lambda path: (path.unlink(), path.mkdir()), "unreadable"), (lambda path: (path.unlink(), path.symlink_to("/etc/passwd")), "unreadable"),
     (lambda path: (path.unlink(), os.mkfifo(path)), "unreadable")],
    ids=["removed", "truncated", "grown", "directory", "symlink", "pipe"],
)  # fmt: skip
def test_a_damaged_file_is_found_of_an_object_and_of_a_module(filled, harm, kind):
    harm(object_file(filled, "b/3"))
    harm(module_file(filled))
    assert findings(filled) == {(f"object-{kind}", "b/3"), (f"module-{kind}", "echo")}


def test_changed_content_is_found_of_modules_and_said_to_be_unverified_of_objects(filled):
    flip(object_file(filled, "b/3"))
    flip(module_file(filled), 8)
    assert findings(filled) == set()
    assert findings(filled, "--content") == {("module-content", "echo")}


def test_files_without_names_and_with_wrong_ones_are_found(filled):
    version = "00000001" + "f" * 22 + "aa"
    (filled / "objects" / "aa").mkdir(exist_ok=True)
    for name in (f"objects/aa/{version}", f"objects/aa/{version[:-1]}b", "objects/note", "objects/aa/note", f"modules/{version}.wasm", f"modules/{version}"):
        (filled / name).write_bytes(b"x")
    assert findings(filled) == {
        ("without-name", f"objects/aa/{version}"), ("wrong-name", f"objects/aa/{version[:-1]}b"), ("wrong-name", "objects/note"),
        ("wrong-name", "objects/aa/note"), ("without-name", f"modules/{version}.wasm"), ("wrong-name", f"modules/{version}"),
    }  # fmt: skip


def test_what_a_finding_without_a_name_promises_the_next_start_does(filled):
    version = "00000001" + "0" * 22 + "aa"
    (filled / "objects" / "aa").mkdir(exist_ok=True)
    (filled / "objects" / "aa" / version).write_bytes(b"x")
    assert len(findings(filled)) == 1
    with Server(filled, workers=1) as server:
        assert eventually(lambda: not (filled / "objects" / "aa" / version).exists())
        assert server.stop() == 0
    assert findings(filled) == set()


def test_a_damaged_catalog_is_found_and_nothing_is_compared_to_it(filled):
    object_file(filled, "b/3").unlink()
    with open(filled / "catalog.db", "r+b") as catalog:
        catalog.seek(4096)
        catalog.write(b"\xaa" * 8192)
    assert {kind for kind, _ in findings(filled)} == {"catalog-damaged"}
    (filled / "catalog.db").write_bytes(b"no catalog")
    assert findings(filled) == {("catalog-damaged", "catalog.db")}
    (filled / "catalog.db").unlink()
    assert findings(filled) == {("catalog-missing", "catalog.db")}


def test_linked_files_that_went_or_changed_are_found(linking):  # noqa: F811
    for name in ("same", "gone", "changed"):
        linking.link(f"b/{name}", linking.file(name, b"content"))
    assert linking.server.stop() == 0
    (linking.root / "gone").unlink()
    (linking.root / "changed").write_bytes(b"other content")
    assert findings(linking.data) == {("link-missing", "b/gone"), ("link-changed", "b/changed")}
    linking.start()


def test_more_findings_than_are_shown_are_counted(filled):
    for number in range(1001):
        (filled / "objects" / f"note {number}").write_bytes(b"")
    code, document = fsck(filled)
    assert code == 1 and document["findings_total"] == 1001 and len(document["findings"]) == 1000


def test_beside_a_running_server_what_is_in_flight_is_no_damage(data):
    with Server(data) as server:
        cli = Cli(server.url)
        stop = [subprocess.Popen(["sh", "-c", f"while :; do echo $$ | {INLAY} put b/{number} - ; {INLAY} rm b/{number}; done"],
                                 env=cli.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True) for number in range(3)]  # fmt: skip
        try:
            for _ in range(30):
                code, document = fsck(data)
                assert code == 0 and document["served"] and document["findings"] == [], document
        finally:
            for one in stop:
                one.kill()
                one.wait()
        server.put("b/harmed", b"content")
        object_file_beside(server, "b/harmed").unlink()
        code, document = fsck(data)
        assert code == 1 and [(one["kind"], one["thing"]) for one in document["findings"]] == [("object-missing", "b/harmed")]


def object_file_beside(server, name):
    version = server.get(name).headers["ETag"].strip('"')
    return server.data / "objects" / version[-2:] / version


def test_no_server_starts_while_it_is_looked_at_and_many_may_look(filled):
    import fcntl

    with open(filled / "lock") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        assert findings(filled) == set()
        ended = subprocess.run([INLAY, "serve", "--listen", "127.0.0.1:0", "--data", str(filled)], capture_output=True, timeout=30)
        assert ended.returncode == 1 and b"inlay fsck or backup" in ended.stderr


def test_what_cannot_be_looked_at_is_exit_code_2(tmp_path, filled):
    for directory in (tmp_path, tmp_path / "absent", filled / "lock"):
        code, document = fsck(directory)
        assert code == 2 and document["error"]["detail"], document
    with sqlite3.connect(filled / "catalog.db") as catalog:
        catalog.execute("PRAGMA user_version = 99")
    catalog.close()
    assert fsck(filled)[0] == 2
