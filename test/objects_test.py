"""Objects over HTTP: content, names, ranges, conditions, listings, and what everybody sees after an acknowledged write."""

import http.client
import os
import threading

import pytest

from serving import Connection, Server, quote
from wire import Wire


def version_of(answer):
    return answer.headers["ETag"].strip('"')


# ---- content ----


@pytest.mark.parametrize("size", [0, 1, 4095, 16383, 16384, 16385, 1 << 20, 20 << 20])
def test_an_object_comes_back_as_it_was_put(server, noise, size):
    body = noise(size, size)
    server.put("content/sized", body, {"Content-Type": "image/png"})
    answer = server.get("content/sized")
    assert answer.status == 200 and answer.body == body
    assert answer.headers["Content-Type"] == "image/png"


def test_a_chunked_upload_of_20_mib_comes_back_as_it_was_put(server, noise):
    body = noise(20 << 20, 3)
    server.put("content/chunked", (body[at : at + 100_000] for at in range(0, len(body), 100_000)))
    assert server.get("content/chunked").body == body


def test_put_returns_the_id_of_the_version_which_is_its_etag(server):
    server.delete("content/versions")
    first = server.put("content/versions", b"one")
    second = server.put("content/versions", b"one")
    assert (first.status, second.status) == (201, 200)
    assert first.json["version"] == version_of(first) != version_of(second) == second.json["version"]
    assert server.get("content/versions").headers["ETag"] == second.headers["ETag"]


def test_a_deleted_object_is_gone(server):
    server.put("content/deleted", b"x")
    assert server.delete("content/deleted").status == 204
    answer = server.get("content/deleted")
    assert answer.status == 404 and answer.problem == "object-not-found" and "content/deleted" in answer.detail
    answer = server.delete("content/deleted")
    assert answer.status == 404 and answer.problem == "object-not-found"


def test_content_type_defaults_to_bytes_and_has_a_bound(server):
    server.put("content/typeless", b"x")
    assert server.get("content/typeless").headers["Content-Type"] == "application/octet-stream"
    answer = server.request("PUT", "/o/content/long-type", b"x", {"Content-Type": "text/" + "x" * 300})
    assert answer.status == 400 and server.get("content/long-type").status == 404


# ---- ranges and conditions ----

SIZE = 100_000
RANGES = {
    "bytes=0-0": (0, 1),
    "bytes=0-": (0, SIZE),
    "bytes=99999-": (SIZE - 1, 1),
    "bytes=4096-8191": (4096, 4096),
    "bytes=1-99999": (1, SIZE - 1),
    "bytes=-1": (SIZE - 1, 1),
    "bytes=-100000": (0, SIZE),
    "bytes=-999999": (0, SIZE),
    "bytes=50000-999999999999999999999999999": (50000, 50000),
    "BYTES=5-6": (5, 2),
}


@pytest.mark.parametrize("text", RANGES)
def test_a_range_is_cut_out(server, noise, text):
    body = noise(SIZE, 1)
    etag = server.put("range/one", body).headers["ETag"]
    answer = server.get("range/one", {"Range": text})
    first, length = RANGES[text]
    assert answer.status == 206 and answer.body == body[first : first + length]
    assert answer.headers["Content-Range"] == f"bytes {first}-{first + length - 1}/{SIZE}"
    assert answer.headers["ETag"] == etag


@pytest.mark.parametrize("text", ["bytes=100000-", "bytes=100000-100001", "bytes=-0", "bytes=99999999999999999999999-"])
def test_a_range_outside_of_the_object_is_a_416_with_its_size(server, text):
    server.put("range/one", bytes(SIZE))
    answer = server.get("range/one", {"Range": text})
    assert answer.status == 416 and answer.problem == "range-not-satisfiable"
    assert answer.headers["Content-Range"] == f"bytes */{SIZE}"


@pytest.mark.parametrize("text", ["bytes=5-2", "bytes=x-", "bytes", "items=0-1", "bytes=--1", "bytes=1-2-3", "bytes=0x1-2"])
def test_what_is_no_range_is_ignored(server, text):
    server.put("range/one", bytes(SIZE))
    answer = server.get("range/one", {"Range": text})
    assert answer.status == 200 and len(answer.body) == SIZE


def test_a_range_counts_only_for_the_version_that_if_range_names(server):
    etag = server.put("range/one", bytes(SIZE)).headers["ETag"]
    assert server.get("range/one", {"Range": "bytes=0-0", "If-Range": etag}).status == 206
    assert server.get("range/one", {"Range": "bytes=0-0", "If-Range": '"other"'}).status == 200


def test_no_byte_of_an_empty_object_can_be_ranged(server):
    server.put("range/empty", b"")
    assert server.get("range/empty", {"Range": "bytes=0-0"}).status == 416


def test_get_honours_if_none_match_and_if_match(server):
    etag = server.put("conditions/get", b"content").headers["ETag"]
    for known in (etag, f'"x", {etag}', "W/" + etag, "*"):
        answer = server.get("conditions/get", {"If-None-Match": known})
        assert answer.status == 304 and answer.body == b"" and answer.headers["ETag"] == etag, known
    assert server.get("conditions/get", {"If-None-Match": '"other"'}).body == b"content"
    assert server.get("conditions/get", {"If-Match": etag}).status == 200
    assert server.get("conditions/get", {"If-Match": '"other"'}).status == 412


def test_put_honours_preconditions(server):
    server.delete("conditions/put")
    name, put = "/o/conditions/put", lambda body, field: server.request("PUT", name, body, field)
    assert put(b"0", {"If-Match": "*"}).status == 412
    assert put(b"1", {"If-Match": '"some"'}).status == 412
    assert server.get("conditions/put").status == 404
    created = put(b"2", {"If-None-Match": "*"})
    assert created.status == 201
    for field in ({"If-None-Match": "*"}, {"If-Match": '"other"'}, {"If-Match": '""'}):
        answer = put(b"3", field)
        assert answer.status == 412 and answer.problem == "precondition-failed", field
        assert server.get("conditions/put").body == b"2"
    assert put(b"4", {"If-Match": created.headers["ETag"]}).status == 200
    assert put(b"5", {"If-Match": created.headers["ETag"]}).status == 412, "an old version must not match"
    assert put(b"6", {"If-Match": "*"}).status == 200
    assert server.get("conditions/put").body == b"6"


def test_delete_honours_preconditions(server):
    etag = server.put("conditions/delete", b"x").headers["ETag"]
    assert server.delete("conditions/delete", {"If-Match": '"other"'}).status == 412
    assert server.get("conditions/delete").status == 200
    assert server.delete("conditions/delete", {"If-Match": etag}).status == 204
    assert server.get("conditions/delete").status == 404


def test_of_many_that_create_at_once_one_wins(server):
    for round_number in range(5):
        statuses, name = [], f"/o/conditions/race{round_number}"

        def create(body):
            statuses.append(server.request("PUT", name, body, {"If-None-Match": "*"}).status)  # noqa: B023

        threads = [threading.Thread(target=create, args=(b"%d" % number,)) for number in range(8)]
        [one.start() for one in threads], [one.join() for one in threads]
        assert sorted(statuses) == [201] + [412] * 7


# ---- names ----


@pytest.mark.parametrize(
    "key", ["ü/ñ/漢字/😀", "a b", "a+b", "%", "%41", "a%2fb", "?", "#", '"\\', "//", "/a", "a/", ".a", "..a/...", "~", "a\u0085", "k" * 1024]
)  # fmt: skip
def test_a_key_is_any_utf8_after_one_decoding(server, key):
    server.put("names/" + key, key.encode())
    assert server.get("names/" + key).body == key.encode()
    assert key in [one["key"] for one in server.request("GET", "/o/names").json["objects"]]
    assert server.delete("names/" + key).status == 204


def test_escapes_are_decoded_once_and_only_once(server):
    server.request("PUT", "/o/names/a%2Fb%252F", b"x")
    assert server.request("GET", "/o/names/a%2fb%252F").status == 200
    assert [one["key"] for one in server.request("GET", "/o/names?prefix=a/b").json["objects"]] == ["a/b%2F"]
    assert server.request("GET", "/o/names/a/b/").status == 404


@pytest.mark.parametrize(
    "escaped", [".", "..", "a/../b", "a/.", "%2e%2e", "a/%2E", "%00", "a%0ab", "%7f", "%1f", "%ff", "%c0%af", "%ed%a0%80", "%f5%80%80%80",
                "%", "%4", "%zz", "k" * 1025]
)  # fmt: skip
def test_a_bad_key_is_refused(server, escaped):
    for method in ("PUT", "GET", "DELETE"):
        answer = server.request(method, "/o/names/" + escaped, b"x" if method == "PUT" else None)
        assert answer.status == 400 and answer.problem in ("bad-name", "bad-request"), method


@pytest.mark.parametrize("bucket", ["%20", "a%20b", "%C3%BC", ".", "..", "a:b", "a%2Fb", "a*", "b" * 256, ""])
def test_a_bad_bucket_is_refused(server, bucket):
    answer = server.request("PUT", f"/o/{bucket}/key", b"x")
    assert answer.status == 400 and answer.problem == "bad-name"


def test_a_bucket_comes_into_being_with_its_first_object(server):
    for bucket in ("A-z.0_9", "...", "b" * 255):
        assert server.request("GET", f"/o/{bucket}").problem == "bucket-not-found"
        server.put(f"{bucket}/key", b"x")
        assert bucket in [one["name"] for one in server.request("GET", "/o").json["buckets"]]


# ---- listings ----


def test_a_listing_gives_every_key_once_in_byte_order(server):
    keys = sorted((f"{number % 7}/{number}" for number in range(120)), key=str.encode) + ["z", "ä", "漢"]
    with Connection(server) as connection:
        for key in keys:
            assert connection.request("PUT", "/o/listing/" + quote(key), key.encode()).status == 201
        for prefix, limit in (("", 7), ("", 1000), ("3/", 5), ("ä", 1), ("nothing", 5)):
            found, after = [], ""
            while after is not None:
                target = f"/o/listing?prefix={quote(prefix)}&limit={limit}&after={quote(after)}"
                page = connection.request("GET", target).json
                assert len(page["objects"]) <= limit
                assert all(one["bytes"] == len(one["key"].encode()) for one in page["objects"])
                found += [one["key"] for one in page["objects"]]
                after = page["next"]
            assert found == [key for key in keys if key.startswith(prefix)], (prefix, limit)


def test_buckets_are_listed_page_by_page(server):
    for number in range(7):
        server.put(f"page-{number}/k", b"x")
    found, after = [], "page-"
    while after is not None and (not found or found[-1].startswith("page-")):
        page = server.request("GET", f"/o?limit=3&after={after}").json
        assert len(page["buckets"]) <= 3
        found += [one["name"] for one in page["buckets"]]
        after = page["next"]
    assert [name for name in found if name.startswith("page-")] == [f"page-{number}" for number in range(7)]
    for query in ("limit=0", "limit=1001", "after=%zz"):
        assert server.request("GET", "/o?" + query).status == 400


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "limit=x", "limit=-1", "prefix=%zz"])
def test_a_bad_listing_is_refused(server, query):
    server.put("listing-bad/k", b"x")
    assert server.request("GET", "/o/listing-bad?" + query).status == 400


# ---- who sees what, when ----


def test_a_write_is_seen_by_the_next_request_on_every_worker(server):
    workers = list(server.connections_by_worker().values())
    assert len(workers) == 2
    for number in range(150):
        writer, body = workers[number % 2], b"%d" % number
        if number % 5 == 4:
            assert writer.request("DELETE", "/o/seen/key").status == 204
            assert [one.request("GET", "/o/seen/key").status for one in workers] == [404, 404], number
            continue
        etag = writer.request("PUT", "/o/seen/key", body).headers["ETag"]
        for reader in (*workers, *workers):
            answer = reader.request("GET", "/o/seen/key")
            assert answer.body == body and answer.headers["ETag"] == etag, number


def test_a_reader_gets_the_whole_of_the_version_it_began_with(server, noise):
    """Overwritten and deleted while it is sent: neither shows."""
    old, new = noise(32 << 20, 1), noise(32 << 20, 2)
    for destroy in ("overwrite", "delete"):
        server.put("seen/long", old)
        with Wire(server) as reader:
            reader.send(b"GET /o/seen/long HTTP/1.1\r\nHost: h\r\n\r\n")
            reader.received = reader.socket.recv(10000)
            server.put("seen/long", new) if destroy == "overwrite" else server.delete("seen/long")
            after = server.get("seen/long")
            assert after.body == new if destroy == "overwrite" else after.status == 404
            assert reader.answer().body == old


# ---- damage ----


def test_an_object_whose_file_is_gone_is_an_error_that_says_so(data):
    with Server(data, workers=1) as broken:
        kept, lost = broken.put("damage/kept", b"x" * 20000), broken.put("damage/lost", b"y" * 20000)
        assert broken.stop() == 0
        broken.object_file(version_of(lost)).unlink()
    with Server(data, workers=1) as broken:
        answer = broken.get("damage/lost")
        assert answer.status == 500 and answer.problem == "corrupt" and "damage/lost" in answer.detail
        assert broken.get("damage/kept").headers["ETag"] == kept.headers["ETag"]


def test_a_truncated_object_file_cuts_the_answer_short_and_harms_nothing_else(lone, noise):
    lone.put("damage/other", b"z" * 20000)
    answer = lone.put("damage/truncated", noise(8 << 20))
    os.truncate(lone.object_file(version_of(answer)), 1 << 20)
    with pytest.raises((http.client.IncompleteRead, ConnectionError)):
        lone.get("damage/truncated")
    assert lone.get("damage/other").body == b"z" * 20000
