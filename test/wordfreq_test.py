"""The map and reduce of the examples gives what coreutils give, whatever the text and wherever it is cut."""

import collections
import os
import random
import subprocess
import time

import pytest

from serving import EXAMPLES, Server

MIB = 1 << 20


@pytest.fixture(scope="module", params=["auto", "heavy"])
def counting(request, tmp_path_factory):
    with Server(tmp_path_factory.mktemp("wordfreq"), workers=1) as server:
        server.deploy("wordfreq", (EXAMPLES / "wordfreq.wasm").read_bytes(), {"class": request.param})
        yield server


def reference(text):
    counts = collections.Counter(text.split())
    return b"".join(b"%d %s\n" % (count, word) for word, count in sorted(counts.items(), key=lambda one: (-one[1], one[0])))


def words_of(size, seed):
    """Text with few frequent words and many rare ones."""
    dice = random.Random(seed)
    words = [bytes(dice.choices(b"abcdefghijklmnop", k=dice.randint(1, 9))) for _ in range(5000)]
    text = b" ".join(dice.choices(words, [1 / (1 + rank) for rank in range(len(words))], k=size // 6))
    return text.replace(b"a ", b"a\n").replace(b"b ", b"b \t ")


@pytest.mark.parametrize("text", [b"", b" ", b"one", b" one", b"one two one\n", b"x" * 3 * MIB, b" " * 3 * MIB, b"\x00\xff \x00\xff\r\x0b\x0c\xa0"],
                         ids=["empty", "space", "word", "led", "words", "a long word", "much space", "bytes"])
def test_small_texts_are_counted(counting, text):
    assert counting.invoke("wordfreq", body=text).body == reference(text)


def test_a_text_of_many_pieces_is_counted_as_coreutils_do(counting):
    text = words_of(20 * MIB, 1)
    counting.put("texts/large", text)
    answer = counting.request("GET", "/f/wordfreq?object=texts/large", headers={"Inlay-Cost": "?1"})
    assert answer.status == 200 and answer.body == reference(text)
    assert answer.cost["copied"] < len(text) / 100, "edges of pieces, of two pages each"
    shell = "LC_ALL=C tr -s '[:space:]' '\\n' | sort | uniq -c | sort -k1,1nr -k2 | sed 's/^ *//'"
    counted = subprocess.run(["bash", "-c", shell], input=text, stdout=subprocess.PIPE, env={**os.environ, "LC_ALL": "C"}, check=True).stdout
    assert counted == answer.body


def test_it_uses_more_than_one_processor(counting):
    if (os.cpu_count() or 1) < 2:
        pytest.skip("one processor")
    counting.put("texts/larger", words_of(20 * MIB, 2) * 3)
    counting.invoke("wordfreq", {"object": "texts/larger"})
    usage = lambda: counting.request("GET", "/v1/functions/wordfreq").json["usage"]["cpu_us"] / 1e6  # noqa: E731
    before, begin = usage(), time.monotonic()
    assert counting.invoke("wordfreq", {"object": "texts/larger"}).status == 200
    took, used = time.monotonic() - begin, usage() - before
    print(f"{used:.2f} s of processors in {took:.2f} s")
    assert used > 1.1 * took
