"""Go functions that are initialised at deploy: they answer what cold ones do, and what the start has made is of all invocations."""

import time

import pytest

from go_sdk_test import EXAMPLES, MIB, OUT, WITH_COST, drawn, modules, numbers, told  # noqa: F401 (modules is a fixture)

OWN = {"env": "OWN=value"}


@pytest.fixture
def go(server, modules):  # noqa: F811
    for name in [*EXAMPLES, "guest"]:
        for kind, query in (("cold", {}), ("warm", {"warm": 1})):
            if f"go-{kind}-{name}" not in server.deployed:
                server.deploy(f"go-{kind}-{name}", (modules / f"{name}.wasm").read_bytes(), {**query, **OWN})
                server.deployed.add(f"go-{kind}-{name}")
    return server


@pytest.mark.parametrize("size", [0, 7, 16_383, 16_385, 5 * MIB + 3])
def test_warm_functions_answer_what_cold_ones_do(go, size):
    content = drawn(size, size)
    go.put("go/warm", content)
    for name in EXAMPLES:
        query = {"object": "go/warm", "word": "ab", "column": "a"}
        cold, warm = (go.invoke(f"go-{kind}-{name}", query, headers=WITH_COST) for kind in ("cold", "warm"))
        assert told(warm) == told(cold), name
        assert warm.cost["copied"] == cold.cost["copied"], name
        assert told(go.invoke(f"go-warm-{name}", {"word": "ab"}, content)) == told(go.invoke(f"go-cold-{name}", {"word": "ab"}, content)), name


def test_a_warm_heap_leaves_windows_alone(go):
    go.put("go/filled-warm", b"\xa5" * (64 * MIB))
    answer = go.invoke("go-warm-guest", {"way": "first", "mib": 48, "object": "go/filled-warm"})
    allocated, *wrong = numbers(answer)
    assert (allocated, wrong) == (48 * MIB, [0, 0, 0, 0])


def starts(go, kind):
    answers = []
    for _ in range(4):
        answers.append(go.invoke(f"go-{kind}-guest", {"way": "start"}).body.decode().splitlines())
        time.sleep(0.01)
    return [list(lines) for lines in zip(*answers)]


def test_the_limits_of_warm_starts_are_those_that_are_documented(go):
    made, drawn_now, crypto, clocks, environment, own = starts(go, "warm")
    assert len(set(made)) == 1 and made[0].endswith(' ""'), "one start, without an environment"
    assert len(set(drawn_now)) == len(set(crypto)) == 4, "what is asked for later is new"
    assert clocks == sorted(set(clocks)), "the clock goes on"
    assert set(environment) == {'""'} and set(own) == {'"value" true'}, "request.Env is there, os.Getenv is not"


def test_a_cold_function_starts_anew_each_time(go):
    made, _, _, _, environment, _ = starts(go, "cold")
    assert len(set(made)) == 4 and made[0].endswith(' "value"')
    assert set(environment) == {'"value"'}
