"""Files where they lie: `inlay put --link` takes a file below a link root, and gives it up before anybody can write it."""

import ctypes
import fcntl
import http.client
import mmap
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

import pytest

from cli_test import Cli
from guests import handle
from identity_test import SLOW, frames, running, settled_place_of
from serving import INLAY, Server, eventually

PAGE = mmap.PAGESIZE
SPAN = 4 << 20


def grants_leases(directory):
    """Why files there cannot be leased, or None."""
    probe = pathlib.Path(directory) / "probe"
    probe.write_bytes(b"x")
    descriptor = os.open(probe, os.O_RDONLY)
    try:
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        return None
    except OSError as error:
        return f"no leases here: {error}"
    finally:
        os.close(descriptor)
        probe.unlink()


class Linking:
    """A server with one link root, and the CLI beside it."""

    def __init__(self, data, root):
        self.data, self.root = data, root
        self.server = self.start()

    def start(self):
        self.server = Server(self.data, "--link-root", str(self.root), workers=2)
        self.cli = Cli(self.server.url)
        return self.server

    def file(self, name, content):
        path = self.root / name
        path.write_bytes(content)
        return path

    def link(self, name, path):
        return self.cli.json("put", name, path, "--link", "--data", self.data)

    def refusal(self, name, path):
        return self.cli.failed(1, "put", name, path, "--link", "--data", self.data)[1]["detail"]

    def gone(self, name):
        return self.server.get(name).status == 404


@pytest.fixture
def linking(data, disk):
    root = pathlib.Path(tempfile.mkdtemp(prefix="root-", dir=disk))
    if why := grants_leases(root):
        pytest.skip(why)
    made = Linking(data, root)
    yield made
    assert made.server.stop() == 0
    shutil.rmtree(root, ignore_errors=True)


def try_to_write(path):
    """Opens for writing without waiting: whether that can be had now."""
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK))
        return True
    except BlockingIOError:
        return False


def write_over(path, content):
    """Opens for writing, waiting for whoever holds a lease, and writes."""
    descriptor = os.open(path, os.O_WRONLY)
    os.pwrite(descriptor, content, 0)
    os.close(descriptor)


# ---- what is taken ----


def test_a_linked_file_reads_as_any_object_and_is_shown_as_linked(linking, noise):
    content = noise(SPAN)
    path = linking.file("file", content)
    answer = linking.link("links/file", path)
    assert answer["bytes"] == SPAN and answer["linked"] == str(path)
    server = linking.server
    got = server.get("links/file")
    assert got.body == content and got.headers["ETag"] == f'W/"{answer["version"]}"'
    assert got.headers["Content-Type"] == "application/octet-stream"
    assert server.get("links/file", {"Range": "bytes=5-9"}).body == content[5:10]
    assert server.get("links/file", {"If-None-Match": got.headers["ETag"]}).status == 304
    whole = server.get("links/file", {"Range": "bytes=5-9", "If-Range": got.headers["ETag"]})
    assert whole.status == 200, "a weak tag proves nothing of a range"
    server.deploy_example("sum")
    summed = server.invoke("sum", {"object": "links/file"}, headers={"Inlay-Cost": "?1"})
    server.put("links/own", content)
    assert summed.body == server.invoke("sum", {"object": "links/own"}).body
    assert summed.cost["mapped"] == SPAN and summed.cost["copied"] < 100, "but for the answer itself nothing is copied"
    listed = {one["key"]: one for one in server.request("GET", "/o/links").json["objects"]}
    assert listed["file"]["linked"] == str(path) and "linked" not in listed["own"]
    assert f"file -> {path}" in linking.cli.done("ls", "links").decode()
    assert not list((linking.data / "objects").rglob(answer["version"])), "no file of our own"


def test_the_frames_that_a_guest_reads_are_those_of_the_linked_file(linking, noise):
    content = noise(64 * PAGE)
    path = linking.file("file", content)
    linking.link("links/file", path)
    with running(linking.server, SLOW, {"object": "links/file"}) as answers:
        pid, address = settled_place_of(linking.server, str(path))
        descriptor = os.open(path, os.O_RDONLY)
        with mmap.mmap(descriptor, 64 * PAGE, mmap.MAP_PRIVATE, mmap.PROT_READ | mmap.PROT_WRITE) as mapped:
            assert mapped[:] == content
            here = ctypes.c_char.from_buffer(mapped)
            assert eventually(lambda: None not in frames(pid, address, 64), 0.5)
            if not frames(pid, address, 1)[0]:
                pytest.skip("page frame numbers are shown to root with CAP_SYS_ADMIN only")
            assert frames(pid, address, 64) == frames(os.getpid(), ctypes.addressof(here), 64)
            del here
        os.close(descriptor)
    assert answers[0].body == content


def test_only_files_below_a_link_root_are_taken(linking, data, tmp_path):
    outside = tmp_path / "outside"
    outside.write_bytes(b"outside")
    assert "lies below none of the server's link roots" in linking.refusal("links/x", outside)
    (linking.root / "symlink").symlink_to(outside)
    assert "lies below none" in linking.refusal("links/x", linking.root / "symlink")
    assert "no regular file" in linking.refusal("links/x", linking.root)
    assert "empty" in linking.refusal("links/x", linking.file("empty", b""))
    linking.cli.failed(2, "put", "links/x", linking.root / "absent", "--link", "--data", data)
    linking.cli.failed(2, "put", "links/x", outside, "--data", data)
    assert "no server" in linking.cli.failed(1, "put", "links/x", outside, "--link", "--data", tmp_path)[0]
    assert linking.gone("links/x")


def test_a_server_without_link_roots_takes_none_and_says_what_to_do(lone, tmp_path):
    (tmp_path / "file").write_bytes(b"content")
    said = Cli(lone.url).failed(1, "put", "links/x", tmp_path / "file", "--link", "--data", lone.data)[1]["detail"]
    assert "--link-root" in said


def test_a_link_root_that_is_not_there_is_told_at_the_start(data):
    ended = subprocess.run([INLAY, "serve", "--listen", "127.0.0.1:0", "--data", data, "--link-root", "/absent"], capture_output=True, timeout=30)
    assert ended.returncode == 1 and b"/absent" in ended.stderr


def test_a_file_that_somebody_writes_is_not_taken(linking):
    path = linking.file("file", b"content")
    with open(path, "r+b"):
        assert "open for writing" in linking.refusal("links/x", path)
    linking.link("links/x", path)


def test_the_door_is_its_owners_alone(linking):
    assert (linking.data / "link.sock").stat().st_mode & 0o777 == 0o600


def test_a_file_of_another_user_is_refused_by_a_server_that_is_not_root(disk):
    if os.geteuid() != 0:
        pytest.skip("only root can start a server as somebody else")
    place = pathlib.Path(tempfile.mkdtemp(dir="/var/tmp"))
    try:
        os.chmod(place, 0o755)
        for name in ("data", "root"):
            (place / name).mkdir()
            os.chown(place / name, 65534, 65534)
        (place / "root" / "roots").write_bytes(b"root's")
        binary = place / "inlay"
        shutil.copy(INLAY, binary)
        as_nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", str(binary)]
        process = subprocess.Popen([*as_nobody, "serve", "--listen", "127.0.0.1:0", "--workers", "1", "--data", str(place / "data"),
                                    "--link-root", str(place / "root")], stdout=subprocess.PIPE)  # fmt: skip
        try:
            assert process.stdout.readline().startswith(b"listening")
            linked = [INLAY, "put", "links/x", str(place / "root" / "roots"), "--link", "--data", str(place / "data")]
            refused = subprocess.run(linked, capture_output=True, timeout=30)
            assert refused.returncode == 1 and b"another user" in refused.stderr, refused
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(40)
    finally:
        shutil.rmtree(place)


# ---- how it ends ----


def test_whoever_opens_a_linked_file_for_writing_waits_until_the_object_is_gone(linking):
    path = linking.file("file", b"old content")
    linking.link("links/file", path)
    assert linking.server.get("links/file").body == b"old content"
    write_over(path, b"new")
    assert linking.gone("links/file")
    assert path.read_bytes() == b"new content"
    linking.link("links/file", path)
    assert linking.server.get("links/file").body == b"new content"


def test_a_hundred_readers_see_the_old_content_or_that_it_changed(linking):
    path = linking.file("file", bytes([1]) * SPAN)
    linking.link("links/file", path)
    server, ends = linking.server, []
    server.deploy_example("sum")
    right = server.invoke("sum", {"object": "links/file"}).body

    def read(number):
        """Until the object is gone; notes each answer that is not the old content."""
        while True:
            try:
                answer = server.invoke("sum", {"object": "links/file"}) if number % 2 else server.get("links/file")
            except (OSError, http.client.HTTPException):
                ends.append("cut")  # The response had begun.
                continue
            if answer.status == 404:
                return
            if answer.status != 200:
                ends.append(answer.problem)
            elif answer.body != (right if number % 2 else bytes([1]) * SPAN):
                ends.append("wrong")

    threads = [threading.Thread(target=read, args=(number,)) for number in range(100)]
    for thread in threads:
        thread.start()
    time.sleep(0.5)
    write_over(path, bytes([2]) * SPAN)
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    assert set(ends) <= {"object-changed", "cut"}, set(ends)
    assert linking.gone("links/file")
    assert server.metrics()["inlay_worker_deaths_total"] == 0


def test_a_guest_that_runs_while_its_file_is_written_ends_as_object_changed(linking):
    path = linking.file("file", bytes(64 * PAGE))
    linking.link("links/file", path)
    with running(linking.server, SLOW, {"object": "links/file"}) as answers:
        assert settled_place_of(linking.server, str(path))
        write_over(path, b"new")
    assert answers[0].problem == "object-changed"


def test_a_number_that_a_guest_makes_of_a_file_that_is_written_does_not_count(linking):
    path = linking.file("file", bytes(64 * PAGE))
    linking.link("links/file", path)
    late = handle("(drop (call $input)) (call $wait (i64.const 1500)) (call $answer (i32.load (i32.load (i32.const 32))))")
    with running(linking.server, late, {"object": "links/file"}) as answers:
        assert settled_place_of(linking.server, str(path))
        write_over(path, b"new!")
    assert answers[0].problem == "object-changed"


def test_a_truncated_file_takes_nobody_with_it(linking, noise):
    path = linking.file("file", noise(SPAN))
    linking.link("links/file", path)
    with running(linking.server, SLOW, {"object": "links/file"}) as answers:
        assert settled_place_of(linking.server, str(path))
        os.truncate(path, 0)
    assert answers[0].problem == "object-changed"
    assert linking.gone("links/file")
    assert linking.server.metrics()["inlay_worker_deaths_total"] == 0


def test_a_client_that_reads_slowly_gets_the_rest_of_nothing_else(linking):
    """What has not left yet when the file is written does not leave."""
    path = linking.file("file", bytes([1]) * (64 << 20))
    linking.link("links/file", path)
    with socket.create_connection((linking.server.host, linking.server.port)) as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        slow.sendall(b"GET /o/links/file HTTP/1.1\r\nHost: h\r\n\r\n")
        received = slow.recv(1000)
        write_over(path, bytes([2]) * (64 << 20))
        while part := slow.recv(1 << 20):
            received += part
    content = received.partition(b"\r\n\r\n")[2]
    assert 0 < len(content) < (64 << 20) and content == bytes([1]) * len(content)


def test_what_is_published_of_a_linked_file_stays_when_the_file_is_written(linking):
    path = linking.file("file", bytes([1]) * SPAN)
    linking.link("links/file", path)
    copies = handle("(drop (call $input)) (drop (call $publish_into (i32.const 32) (i32.const 1))) (i32.const 0)")
    assert linking.server.run(copies, {"object": "links/file", "into": "links/copy"}).status == 200
    write_over(path, bytes([2]) * SPAN)
    assert linking.server.get("links/copy").body == bytes([1]) * SPAN


def test_a_removed_file_is_noticed_at_the_next_look_up(linking):
    path = linking.file("file", b"content")
    linking.link("links/file", path)
    path.unlink()
    assert eventually(lambda: linking.gone("links/file"))


def test_removing_or_replacing_the_object_leaves_the_file_alone_and_lets_writers_in(linking):
    path = linking.file("file", b"content")
    linking.link("links/file", path)
    assert not try_to_write(path) and eventually(lambda: linking.gone("links/file"))
    for forget in (lambda: linking.server.delete("links/file"), lambda: linking.server.put("links/file", b"own")):
        linking.link("links/file", path)
        assert linking.server.get("links/file").body == b"content"
        assert forget().status in (200, 204)
        assert eventually(lambda: try_to_write(path))
        assert path.read_bytes() == b"content"
    assert linking.server.get("links/file").body == b"own"
    linking.link("links/file", path)
    assert linking.server.get("links/file").body == b"content"


def test_a_reader_of_a_replaced_link_reads_on_and_a_writer_waits_for_nobody_else(linking):
    path = linking.file("file", bytes(64 * PAGE))
    linking.link("links/file", path)
    with running(linking.server, SLOW, {"object": "links/file"}) as answers:
        assert settled_place_of(linking.server, str(path))
        linking.server.put("links/file", b"own")
    assert answers[0].body == bytes(64 * PAGE)
    assert eventually(lambda: try_to_write(path))


def test_over_a_restart_only_the_same_file_stays_linked(linking):
    same, other, away = (linking.file(name, name.encode()) for name in ("same", "other", "away"))
    for path in (same, other, away):
        linking.link(f"links/{path.name}", path)
    assert linking.server.stop() == 0
    os.replace(linking.file("new", b"other"), other)
    away.unlink()
    server = linking.start()
    assert server.get("links/same").body == b"same"
    assert linking.gone("links/other"), "it is another file now"
    assert server.get("links/away").problem == "object-changed", "its disk may be back at the next start"
    assert not try_to_write(same), "the lease is held again"
    assert eventually(lambda: linking.gone("links/same"))


def test_links_are_put_back_after_kill_9(linking):
    path = linking.file("file", b"content")
    linking.link("links/file", path)
    linking.server.kill()
    assert try_to_write(path)
    assert linking.start().get("links/file").status == 200
