"""PUT ?through=FUNCTION: content goes through a function on its way to an object."""

import pytest

from guests import handle

SIZES = [0, 100, 16_383, 16_384, 3_000_001]
# Takes content whose first byte is not "!"; publishes nothing.
TAKES = handle(
    """(if (i32.and (i32.ne (call $input) (i32.const 0)) (i32.eq (i32.load8_u (i32.load (i32.const 32))) (i32.const 33)))
         (then (return (i32.const 5))))
       (i32.const 0)"""
)
# Publishes what it was given, without its last byte, as ?into=.
CUTS = handle(
    """(drop (call $input))
       (i32.store (i32.const 36) (i32.sub (i32.load (i32.const 36)) (i32.const 1)))
       (call $publish_into (i32.const 32) (i32.const 1))"""
)


def put(server, name, through, body, headers=None, **query):
    parameters = "".join(f"&{key}={value}" for key, value in query.items())
    return server.request("PUT", f"/o/{name}?through={through}{parameters}", body, headers)


@pytest.mark.parametrize("size", SIZES)
def test_content_that_the_function_takes_is_stored_as_it_is(server, noise, size):
    body = b"." + noise(size - 1) if size else b""
    answer = put(server, f"through/{size}", server.name_of(TAKES), body, {"Content-Type": "text/x"})
    assert answer.status == 201 and answer.json["bytes"] == size
    stored = server.get(f"through/{size}")
    assert stored.body == body and stored.headers["Content-Type"] == "text/x"
    assert stored.headers["ETag"] == answer.headers["ETag"]


@pytest.mark.parametrize("size", [10, 100_000])
def test_content_that_the_function_refuses_is_not_stored(server, noise, size):
    answer = put(server, f"through/refused-{size}", server.name_of(TAKES), b"!" + noise(size))
    assert answer.status == 422 and answer.problem == "content-refused" and "returned 5" in answer.detail
    assert server.get(f"through/refused-{size}").status == 404


def test_a_function_that_traps_refuses_too(server):
    answer = put(server, "through/trapped", server.name_of(handle("unreachable")), b"x")
    assert answer.status == 422 and "trapped" in answer.detail
    assert server.get("through/trapped").status == 404


def test_a_function_that_writes_to_the_content_refuses_too(server, noise):
    writes = handle("(i32.store8 (call $input) (i32.const 1)) (i32.const 0)")
    answer = put(server, "through/written", server.name_of(writes), noise(20_000))
    assert answer.status == 422 and answer.problem == "content-refused"
    assert server.get("through/written").status == 404


def test_what_the_function_publishes_is_stored_instead(server, noise):
    body = noise(50_000)
    answer = put(server, "through/cut", server.name_of(CUTS), body, into="through/cut")
    assert answer.status == 201 and answer.json["key"] == "cut" and answer.json["bytes"] == 49_999
    assert server.get("through/cut").body == body[:-1]


def test_it_may_publish_elsewhere(server, noise):
    body = noise(50_000)
    answer = put(server, "through/here", server.name_of(CUTS), body, into="through/there")
    assert answer.status == 201 and answer.json["key"] == "there"
    assert server.get("through/here").status == 404
    assert server.get("through/there").body == body[:-1]


def test_conditions_are_about_the_object_that_the_request_names(server, noise):
    first = put(server, "through/once", server.name_of(TAKES), b"one", {"If-None-Match": "*"})
    assert first.status == 201
    for through, more in ((TAKES, {}), (CUTS, {"into": "through/once"})):
        assert put(server, "through/once", server.name_of(through), noise(20_000), {"If-None-Match": "*"}, **more).status == 412
    assert put(server, "through/once", server.name_of(TAKES), b"two", {"If-Match": first.headers["ETag"]}).status == 200
    assert server.get("through/once").body == b"two"


def test_an_absent_function_is_told_before_content_is_received(server):
    answer = server.request("PUT", "/o/through/absent?through=nobody", b"", {"Expect": "100-continue", "Content-Length": "1000000"})
    assert answer.status == 404 and answer.problem == "function-not-found"


def test_large_content_is_copied_nowhere(server, noise):
    body = noise(5_000_000)
    answer = put(server, "through/cost", server.name_of(TAKES), body, {"Inlay-Cost": "?1"})
    assert answer.status == 201
    assert answer.cost["mapped"] == len(body) and answer.cost["copied"] <= 16_384, "what came with the head"


def test_small_content_is_counted_where_it_is_copied(server, noise):
    body = b"." + noise(999)
    answer = put(server, "through/small", server.name_of(TAKES), body, {"Inlay-Cost": "?1"})
    assert answer.status == 201
    assert answer.cost["copied"] == 2 * len(body), "into the function, and on its way to the disk"
