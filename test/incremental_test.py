"""`inlay serve --incremental`: machine code is kept from version to version, and each answers as if all of it had been compiled. That it is used: engine_test."""

import os
import pathlib

import pytest

import guests
from guests import handle
from serving import Server

TICK_MS = 1000 // os.sysconf("SC_CLK_TCK")


def many_functions(answer, count=1500):
    """Many that take long to compile, all different, and one that answers."""
    steps = [f"(local.set $x (i32.xor (i32.mul (local.get $a) (i32.load offset={step} (local.get $x))) (local.get $x)))" for step in range(40)]
    body = " ".join(steps)
    return handle(f"(call $answer (i32.const {answer}))") + "".join(
        f"(func (param $a i32) (result i32) (local $x i32) (local.set $x (i32.const {number})) {body} (local.get $x))" for number in range(count))


def ended_children_ms(server):
    """Processor time of the server's children that have ended."""
    fields = pathlib.Path(f"/proc/{server.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[13]) + int(fields[14])) * TICK_MS


def kept(server):
    return sum("inlay-kept-code" in os.readlink(link) for link in pathlib.Path(f"/proc/{server.pid}/fd").iterdir())


@pytest.mark.parametrize("how", ["flag", "file", "not"])
def test_code_is_kept_where_that_is_asked_for(data, how, tell):
    config = data.with_suffix(".toml")
    config.write_text(f"incremental = {'true' if how == 'file' else 'false'}\n")
    took = []
    with Server(data, *(["--incremental"] if how == "flag" else ["--config", str(config)]), workers=1) as server:
        for version in (1, 2, 3):
            before = ended_children_ms(server)
            server.deploy("many", guests.module(many_functions(version)))
            took.append(ended_children_ms(server) - before)
            assert server.invoke("many").number == version
            assert kept(server) == (0 if how == "not" else 1)
        assert server.stop() == 0
    config.unlink()
    tell(f"{how}: {took} ms of the processor")
