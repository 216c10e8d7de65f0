"""`inlay dev`: a project is served while it is written."""

import contextlib
import ctypes
import json
import os
import signal
import statistics
import subprocess
import time

import pytest

from developing import Dev
from guests import handle
from projects import COPY, NOWHERE, SOURCES, Project, failed_early, inlay, missing, skip_without_packages, with_trap
from serving import INLAY, eventually, is_running

SOON = 1.0  # Seconds from the end of a build to the new answer.


def answers(number):
    return handle(f"(call $answer (i32.const {number}))")


def number(answer):
    assert answer[0] == 200, answer
    return int.from_bytes(answer[1], "little")


@contextlib.contextmanager
def watches_taken():
    """While this user has no inotify instance left."""
    libc, taken = ctypes.CDLL(None), []
    while (fd := libc.inotify_init1(os.O_CLOEXEC)) >= 0 and len(taken) < 10_000:
        taken.append(fd)
    try:
        yield
    finally:
        for fd in taken:
            os.close(fd)


@pytest.fixture
def project(place):
    return Project(place / "project", answers(1))


@pytest.fixture
def dev(project):
    with Dev(project.directory) as made:
        made.await_event("deployed")
        yield made


def test_a_save_is_served_within_a_second_of_the_build_s_end(dev, project, tell):
    assert number(dev.ask()) == 1
    saved, took = time.monotonic(), []
    for version in range(2, 7):
        saved = time.monotonic()
        project.write(answers(version))
        built, deployed = dev.await_event("built", version), dev.await_event("deployed", version)
        assert number(dev.ask()) == version
        took.append((deployed["at"] - built["at"], deployed["at"] - saved))
        assert took[-1][0] < SOON and dev.await_event("changed", version - 1)["files"] == ["function.wat"]
    tell(f"from the build's end {max(took)[0] * 1000:.0f} ms at most, from the save {max(one for _, one in took) * 1000:.0f} ms")


@pytest.mark.parametrize("lang", SOURCES)
def test_in_each_language_half_of_the_saves_at_least_are_served_as_soon(place, lang, tell):
    """And errors of a run and of a build are told with their lines."""
    if missing(lang):
        pytest.skip(missing(lang))
    assert inlay("new", "counts", "--lang", lang, "--in", place).returncode == 0
    source, took = place / "counts" / SOURCES[lang], []
    with Dev(place / "counts") as dev:
        if failed_early(dev):
            skip_without_packages(lang, place / "counts")
        whole = dev.await_event("deployed")["took_ms"] / 1000
        if "warm = true" in (place / "counts/inlay.toml").read_text():
            dev.await_event("warmed")
            assert dev.ask(b"one\n") == (200, b'{"lines":1,"bytes":4}')
        text = source.read_text()
        for version in range(2, 7):
            source.write_text(text.replace("application/json", f"application/json; v={'x' * version}"))
            built, deployed = dev.await_event("built", version), dev.await_event("deployed", version)
            assert dev.ask(b"one\n") == (200, b'{"lines":1,"bytes":4}')
            took.append(deployed["at"] - built["at"])
        trapping, at = with_trap(lang, text)
        source.write_text(trapping)
        dev.await_event("deployed", 7)
        assert dev.ask(b"one\n")[0] == 500
        dev.await_event("log", seconds=10, holds=lambda one: at.search(one["text"]))
        source.write_text(text + "nonsense(")
        dev.await_event("failed")
        assert any(source.name in line for line in dev.errors), dev.errors
    tell(f"{lang}: {', '.join(f'{one * 1000:.0f}' for one in took)} ms from the build's end; the first {whole * 1000:.0f}")
    assert statistics.median(took) < max(SOON, 0.8 * whole), "on a machine where compiling all of it takes longer, less than that"


def test_what_is_to_be_warm_is_served_first_and_then_initialised(project):
    counts = "(global $made (mut i32) (i32.const 0))" + handle("(call $answer (global.get $made))")
    warmed = counts + '(func (export "inlay_warm") (global.set $made (i32.const 7)))'
    project.describe(deploy="warm = true")
    project.write(warmed)
    with Dev(project.directory) as dev:
        dev.await_event("deployed")
        assert number(dev.ask()) == 0, "nobody has called it"
        dev.await_event("warmed")
        assert number(dev.ask()) == 7
        project.write(counts + '(func (export "inlay_warm") unreachable)')
        assert "inlay_warm" in dev.await_event("failed")["error"]["detail"]
        assert number(dev.ask()) == 0 and len(dev.all("deployed")) == 2
        for version in range(3, 7):  # Each save puts it off.
            project.write(counts + f"(global i32 (i32.const {version}))")
            dev.await_event("deployed", version)
        dev.await_event("warmed", 2)
        time.sleep(2)
        assert len(dev.all("warmed")) == 2


def test_many_files_that_are_saved_at_once_are_one_build(dev, project):
    for part in range(40):
        (project.directory / f"part{part}.c").write_text("x")
        time.sleep(0.005)  # Some tools take a moment for each file.
    dev.await_event("deployed", 2)
    time.sleep(0.5)
    assert len(dev.all("building")) == 2 and len(dev.await_event("changed")["files"]) == 40


def test_what_builds_make_is_not_built_for(dev, project):
    for name in ("build/other", ".git/index", "node_modules/a", "target/b", "inlay-sdk/inlay.h", "function.wat~", ".function.wat.swp"):
        path = project.directory / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("x")
    time.sleep(0.7)
    assert len(dev.all("building")) == 1
    below = project.directory / "new/deep"
    below.mkdir(parents=True)
    (below / "part.c").write_text("x")
    assert dev.await_event("changed")["files"] == ["new/deep/part.c"]
    dev.await_event("deployed", 2)
    (below / "part.c").write_text("other")
    dev.await_event("deployed", 3)


def test_a_build_that_fails_leaves_the_old_one_serving(dev, project):
    project.describe(command="echo 'function.c:3: no' >&2; exit 7")
    failed = dev.await_event("failed")
    assert "exit code 7" in failed["error"]["detail"] and "goes on serving" in failed["consequence"]
    assert "function.c:3: no\n" in dev.errors and number(dev.ask()) == 1
    project.describe()
    dev.await_event("deployed", 2)
    project.write("(module)")
    refused = dev.await_event("failed", 2)
    assert "inlay_handle" in refused["error"]["detail"] or "memory" in refused["error"]["detail"], refused
    assert number(dev.ask()) == 1
    project.write(answers(4))
    dev.await_event("deployed", 3)
    assert number(dev.ask()) == 4


def test_an_inlay_toml_that_cannot_be_read_leaves_the_old_one_in_force(dev, project):
    (project.directory / "inlay.toml").write_text("name = 3\n")
    assert "line 1" in dev.await_event("failed")["error"]["detail"]
    project.write(answers(5))
    assert eventually(lambda: number(dev.ask()) == 5)
    project.describe(deploy='timeout = "100ms"')
    project.write(handle("(loop $again (br $again)) (i32.const 0)"))
    assert eventually(lambda: b"100 ms" in dev.ask()[1]), "options of [deploy] are taken over"


@pytest.mark.parametrize("changes", ["date +%N > stamp.c", "touch stamp-$(date +%N).c"], ids=["one file", "a new one each time"])
def test_builds_that_change_their_own_sources_become_rare(project, changes):
    project.describe(command=f"{COPY} && {changes}")
    with Dev(project.directory) as dev:
        first = dev.await_event("repeats", seconds=30)
        assert first["files"][0].startswith("stamp") and first["wait_ms"] == 1000
        second = dev.await_event("repeats", 2)
        assert second["at"] - first["at"] > 1 and second["wait_ms"] == 2000
        assert len(dev.all("building")) == 6
        project.write(answers(9))
        dev.await_event("building", 7, seconds=1)
        assert eventually(lambda: number(dev.ask()) == 9)


def test_no_save_is_lost_of_a_file_that_is_saved_during_each_build(project):
    project.describe(command=COPY + " && sleep 0.4")
    with Dev(project.directory) as dev:
        for version in range(2, 9):
            dev.await_event("building", version - 1)
            time.sleep(0.1)
            project.write(answers(version))
        assert eventually(lambda: number(dev.ask()) == 8, seconds=20)


def test_it_ends_also_while_a_function_is_initialised(project):
    project.describe(deploy="warm = true")
    project.write('(func (export "inlay_warm") (loop $again (br $again)))' + handle("(i32.const 0)"))
    with Dev(project.directory) as dev:
        dev.await_event("deployed")
        compiling = eventually(lambda: any(b"initialise" in open(f"/proc/{pid}/cmdline", "rb").read() for pid in dev.children()))
        assert compiling
        told = time.monotonic()
        assert dev.end() == 0 and time.monotonic() - told < 10


@pytest.mark.parametrize("watches", ["watches", "polling"])
def test_each_save_is_built_for_also_where_builds_touch_what_is_no_source(project, watches):
    project.describe(command=COPY + " && touch Cargo.lock")
    with watches_taken() if watches == "polling" else contextlib.nullcontext(), Dev(project.directory) as dev:
        dev.await_event("deployed")
        for version in range(2, 9):
            project.write(answers(version))
            dev.await_event("deployed", version)
            assert number(dev.ask()) == version
        assert len(dev.all("building")) == 8 and len(dev.all("polling")) == (watches == "polling")


def test_what_is_saved_while_a_build_runs_is_built_for_at_its_end(dev, project):
    project.describe(command=COPY + " && sleep 0.5")
    dev.await_event("building", 2)
    time.sleep(0.2)
    project.write(answers(6))
    dev.await_event("deployed", 3)
    assert number(dev.ask()) == 6 and [one["files"] for one in dev.all("changed")] == [["inlay.toml"], ["function.wat"]]


def test_a_new_place_of_the_module_is_left_out_from_then_on(dev, project):
    project.describe(command="mkdir -p out/deep && cp function.wat out/deep/", module="./out/deep/function.wat")
    dev.await_event("deployed", 3)  # What lay in the old place is now among the sources, and new there.
    for version in range(4, 6):
        project.write(answers(version))
        dev.await_event("deployed", version)
    time.sleep(0.7)
    assert [one["files"] for one in dev.all("changed")] == [["inlay.toml"], ["build/function.wat"], ["function.wat"], ["function.wat"]]


def test_log_lines_costs_and_errors_are_told_as_they_come(dev, project):
    project.write('(data (i32.const 1024) "got here")' + handle("(drop (call $log (i32.const 2) (i32.const 1024) (i32.const 8))) (i32.const 0)"))
    dev.await_event("deployed", 2)
    for _ in range(3):
        dev.ask()
    line = dev.await_event("log", seconds=5)
    assert line["level"] == "warn" and line["text"] == "got here" and line["invocation"]
    assert eventually(lambda: dev.all("requests") and dev.all("requests")[-1]["usage"]["invocations"] == 3)
    project.write(handle("unreachable"))
    dev.await_event("deployed", 3)
    assert dev.ask()[0] == 500
    assert "unreachable" in dev.await_event("log", seconds=5, holds=lambda one: one["level"] == "error")["text"]


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGKILL])
def test_its_server_ends_with_it(dev, how):
    children = dev.children()
    assert len(children) >= 2, "a server and its worker"
    code = dev.end(how)
    assert code == (-signal.SIGKILL if how == signal.SIGKILL else 0), dev.errors
    assert eventually(lambda: not any(map(is_running, children)), seconds=15)


def test_it_ends_also_when_it_is_told_to_while_it_asks_its_server(project):
    """At moments around its first questions, which come right after a deploy."""
    for step in range(10):
        with Dev(project.directory) as dev:
            dev.await_event("deployed")
            time.sleep(step * 0.0008)
            assert dev.end() == 0


def test_a_build_that_runs_ends_with_it(project):
    project.describe(command="sleep 77.25 & wait")
    with Dev(project.directory) as dev:
        dev.await_event("building")
        assert eventually(lambda: len(dev.children()) >= 4)
        children = dev.children()
        assert dev.end() == 0
        assert eventually(lambda: not any(map(is_running, children)), seconds=15)


def test_a_server_that_dies_ends_it_with_what_the_server_said(dev):
    server = next(pid for pid in dev.children() if open(f"/proc/{pid}/cmdline").read().split("\0")[1] == "serve")
    os.kill(server, signal.SIGKILL)
    assert dev.wait() == 1
    assert json.loads(dev.errors[-1])["error"]["type"] == "urn:inlay:client:server-ended"


def test_a_second_one_in_the_same_place_is_refused_and_the_port_can_be_chosen(dev, project):
    with Dev(project.directory) as second:
        assert second.wait() == 1
        assert "Another inlay dev may run here" in json.loads(second.errors[-1])["error"]["detail"]
    port = dev.url.split(":")[2].split("/")[0]
    assert dev.end() == 0
    with Dev(project.directory, "--port", port) as again:
        again.await_event("deployed")
        assert again.url == f"http://127.0.0.1:{port}/f/f" and number(again.ask()) == 1
    assert subprocess.run([INLAY, "dev", project.directory, "--port", "70000"], capture_output=True, env=NOWHERE).returncode == 2


def test_stored_objects_are_there_again_after_a_restart(dev, project):
    def client(of, *arguments, **options):
        return subprocess.run([INLAY, *arguments, "--server", of.await_event("serving")["server"]], capture_output=True, **options)

    assert client(dev, "put", "b/k", "-", input=b"kept").returncode == 0
    assert dev.end() == 0
    with Dev(project.directory) as again:
        assert client(again, "get", "b/k").stdout == b"kept"


def test_without_watches_it_looks_by_the_clock(project):
    with watches_taken(), Dev(project.directory) as dev:
        dev.await_event("polling")
        dev.await_event("deployed")
        project.write(answers(3))
        dev.await_event("deployed", 2)
        assert number(dev.ask()) == 3


def test_people_are_told_in_lines(project):
    with subprocess.Popen([INLAY, "dev", project.directory], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=NOWHERE) as process:
        said = []
        for line in process.stdout:
            said.append(line)
            if line.startswith("deployed f (version"):
                break
        process.send_signal(signal.SIGTERM)
        said += process.stdout
    assert said[0].startswith("serving http://127.0.0.1:") and said[1].startswith("  curl --data-binary @FILE http://127.0.0.1:")
    assert any(line.startswith("built build/function.wat in 0.") for line in said) and said[-1] == "stopped\n"
