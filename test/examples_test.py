"""The example functions, in C and in C++, answer what coreutils and plain arithmetic answer, on objects and on bodies of every size."""

import array
import json
import random
import struct
import subprocess

import pytest

from serving import Connection

SIZES = [0, 1, 7, 8, 9, 63, 64, 65, 4095, 16383, 16384, 16385, 65535, 65536, 65537, 300_001]
EXAMPLES = ["noop", "echo", "wc", "sum", "sample", "upper", "grep", "longest"]
# Language -> the names of its functions where they are not those of the examples. `sample` and `longest` are in one language.
LANGUAGES = {"c": {"upper": "upper_c", "grep": "grep_c"}, "cpp": {name: f"{name}_cpp" for name in ("noop", "echo", "wc", "sum")}}
COST = {"Inlay-Cost": "?1"}
MAP_THRESHOLD = 16 << 10
MIB = 1 << 20
MOD = 1 << 64


def run(command, content):
    ended = subprocess.run(command, input=content, capture_output=True, env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"})
    assert ended.returncode in (0, 1) and not ended.stderr, ended
    return ended.stdout


def wc(content):
    lines, words, size = map(int, run(["wc", "-lwc"], content).split())
    return {"lines": lines, "words": words, "bytes": size}


def words_of(content):
    return struct.unpack(f"<{len(content) // 8}Q", content[: len(content) // 8 * 8])


def sample(content, n, seed):
    words, x, total = words_of(content), seed, 0
    for _ in range(n if words else 0):
        x = (x * 6364136223846793005 + 1442695040888963407) % MOD
        total = (total + words[(x >> 33) % len(words)]) % MOD
    return total


def longest(content):
    lines = content.split(b"\n")
    lines = lines if lines[-1] else lines[:-1]
    sizes = [len(line) for line in lines]
    first = sizes.index(max(sizes)) if sizes else 0
    return {"lines": len(lines), "longest": {"offset": sum(sizes[:first]) + first, "bytes": max(sizes, default=0)}}


def texts():
    """Contents of several kinds: all bytes, text with long and short lines, and the bytes on which words turn."""
    dice = random.Random(20)
    alphabets = {"bytes": bytes(range(256)), "text": b"abcdefgh IJKL\n\n\t", "edges": b"\0 \t\n\v\f\r!~\x7f\x80\xa0\xff\x20x"}
    return [
        pytest.param(bytes(dice.choices(alphabet, k=size)), id=f"{kind}-{size}")
        for kind, alphabet in alphabets.items()
        for size in SIZES
    ]


class Examples:
    """A server with the examples in one language, by their names."""

    def __init__(self, server, language):
        self.put, self.get = server.put, server.get
        self.server, self.names = server, LANGUAGES[language]
        for name in EXAMPLES:
            server.deploy_example(self.function(name))

    def function(self, name):
        return self.names.get(name, name)

    def invoke(self, name, *arguments, **options):
        return self.server.invoke(self.function(name), *arguments, **options)


@pytest.fixture(scope="module", params=LANGUAGES)
def examples(request, shared_server):
    return Examples(shared_server, request.param)


@pytest.fixture(params=["body", "object"])
def ask(request, examples, server):
    """ask(name, content, query) -> Answer, with the content as body or as object."""
    with Connection(server) as connection:

        def by_body(name, content, query=""):
            return connection.request("POST", f"/f/{examples.function(name)}?{query}", content)

        def by_object(name, content, query=""):
            assert connection.request("PUT", "/o/examples/input", content).status in (200, 201)
            return connection.request("GET", f"/f/{examples.function(name)}?object=examples/input&{query}")

        yield by_body if request.param == "body" else by_object


def text_answer(answer):
    assert answer.status == 200, answer
    return answer.body


@pytest.mark.parametrize("content", texts())
def test_examples_agree_with_coreutils_and_arithmetic(ask, content):
    assert json.loads(text_answer(ask("wc", content))) == wc(content)
    assert int(text_answer(ask("sum", content))) == sum(words_of(content)) % MOD
    assert int(text_answer(ask("sample", content, "n=100&seed=42"))) == sample(content, 100, 42)
    assert text_answer(ask("upper", content)) == run(["tr", "a-z", "A-Z"], content)
    assert text_answer(ask("echo", content)) == content
    assert json.loads(text_answer(ask("longest", content))) == longest(content)
    for word in ("a", "ab", "abc IJ"):
        # grep itself adds the final newline.
        assert text_answer(ask("grep", content, "word=" + word.replace(" ", "+"))) == run(["grep", "-aF", word], content), word


def test_answers_have_the_form_that_is_fixed(examples):
    assert examples.invoke("noop").body == b"ok\n"
    counted = examples.invoke("wc", body=b"two words\n")
    assert counted.body == b'{"lines":1,"words":2,"bytes":10}\n' and counted.headers["Content-Type"] == "application/json"
    assert examples.invoke("sum", body=bytes([1] + [0] * 7 + [2] + [0] * 7 + [9] * 7)).body.strip() == b"3"


def test_echo_keeps_the_content_type(examples):
    assert examples.invoke("echo", body=b"x", headers={"Content-Type": "text/x-own; a=b"}).headers["Content-Type"] == "text/x-own; a=b"
    assert examples.invoke("echo", body=b"x").headers["Content-Type"] == "application/octet-stream"
    too_long = examples.invoke("echo", body=b"x", headers={"Content-Type": "t" * 1024})
    assert (too_long.status, too_long.body) == (400, b"Content-Type: this is too long\n")


def drawn_texts():
    """20 contents, of up to 64 MiB: one of that size, the others as often small as large."""
    dice = random.Random(64)
    for size in (64 * MIB, *(int(2 ** dice.uniform(0, 23)) for _ in range(19))):
        table = bytes.maketrans(bytes(range(256)), bytes(dice.choices(b"abcdefgh IJKL \n\t\x80\xff~", k=256)))
        yield pytest.param(size, table, id=str(size))


@pytest.mark.parametrize("size, table", drawn_texts())
def test_random_texts_of_up_to_64_mib_are_read_in_place(examples, server, size, table):
    content = random.Random(size).randbytes(size).translate(table)
    examples.put("examples/drawn", content)
    words = array.array("Q", content[: size // 8 * 8])
    expected = {
        "echo": content, "upper": content.upper(), "grep": run(["grep", "-aF", "abc"], content), "sum": b"%d\n" % (sum(words) % MOD),
        "wc": b'{"lines":%(lines)d,"words":%(words)d,"bytes":%(bytes)d}\n' % {key.encode(): value for key, value in wc(content).items()},
    }  # fmt: skip
    for name, body in expected.items():
        answer = examples.invoke(name, {"object": "examples/drawn", "word": "abc"}, headers=COST)
        assert answer.status == 200 and answer.body == body, name
        if size >= MAP_THRESHOLD:
            # What is told from own memory is copied, and so are a newline that grep adds and a last window that is small.
            own = {"echo": 0, "upper": 0, "grep": 1}.get(name, len(body) + size % (64 * MIB) % MAP_THRESHOLD)
            assert answer.cost["copied"] <= own, name


def test_streams_are_answered_as_bodies_are(examples, noise):
    content = b"Some words, and then\n" * 40_000 + noise(300_001, 3)
    own_type = {"Content-Type": "text/x-own"}
    for name in ("wc", "upper"):
        chunks = iter([content[at : at + 70_001] for at in range(0, len(content), 70_001)])
        whole = examples.invoke(name, body=content, headers=own_type)
        streamed = examples.invoke(name, {"stream": 1}, chunks, headers=own_type)
        assert streamed.status == 200 and streamed.body == whole.body, name
        assert streamed.headers["Content-Type"] == whole.headers["Content-Type"], name


def test_sum_takes_a_piece(examples, noise):
    content = noise(200_000, 5)
    examples.put("examples/piece", content)
    for offset, length in ((0, 200_000), (8, 100_000), (3, 16_384), (199_999, 1), (200_000, 0), (4096, 65_536), (16_383, 50_001)):
        answer = examples.invoke("sum", {"object": "examples/piece", "offset": offset, "length": length})
        assert int(text_answer(answer)) == sum(words_of(content[offset : offset + length])) % MOD, (offset, length)
    answer = examples.invoke("sum", {"object": "examples/piece", "offset": 100_000})
    assert int(text_answer(answer)) == sum(words_of(content[100_000:])) % MOD


def test_texts_of_several_windows_are_read_as_one(examples):
    """Lines and words of many lengths over two borders of windows."""
    dice = random.Random(8)
    content = b"\n".join(dice.choice((b"", b"a b", b"word " * dice.randint(1, 100), b"x" * dice.randint(1, 400_000))) for _ in range(1700))
    assert 140 * MIB > len(content) > 70 * MIB
    examples.put("examples/text", content)
    assert json.loads(text_answer(examples.invoke("longest", {"object": "examples/text"}))) == longest(content)
    assert json.loads(text_answer(examples.invoke("wc", {"object": "examples/text"}))) == wc(content)
    for offset in (0, 3):
        answer = examples.invoke("sum", {"object": "examples/text", "offset": offset})
        assert int(text_answer(answer)) == sum(words_of(content[offset:])) % MOD


def test_sample_has_its_defaults(examples, noise):
    content = noise(100_000, 6)
    examples.put("examples/sampled", content)
    answer = examples.invoke("sample", {"object": "examples/sampled"})
    assert int(text_answer(answer)) == sample(content, 1, 0)
    answer = examples.invoke("sample", {"object": "examples/sampled", "n": 5000, "seed": MOD - 1})
    assert int(text_answer(answer)) == sample(content, 5000, MOD - 1)


@pytest.mark.parametrize("size", [0, 100, 16_384, 1_000_001])
def test_upper_publishes_its_window_as_an_object(examples, size):
    content = bytes(random.Random(size).choices(b"abcXYZ 09\n", k=size))
    examples.put("examples/lower", content)
    answer = examples.invoke("upper", {"object": "examples/lower", "into": "published/upper it"})
    assert answer.status == 200 and answer.json == {"object": "published/upper it", "bytes": size}
    assert examples.get("published/upper it").body == content.upper()
    assert examples.get("examples/lower").body == content


def test_upper_may_replace_its_own_input(examples):
    examples.put("examples/itself", b"abc" * 10_000)
    assert examples.invoke("upper", {"object": "examples/itself", "into": "examples/itself"}).status == 200
    assert examples.get("examples/itself").body == b"ABC" * 10_000


def test_grep_finds_words_in_thousands_of_lines(examples):
    dice = random.Random(9)
    content = b"\n".join(b"needle %d" % number if dice.random() < 0.5 else b"hay" * dice.randint(0, 9) for number in range(20_000))
    answer = examples.invoke("grep", {"word": "needle"}, body=content)
    assert answer.body == run(["grep", "-aF", "needle"], content) and answer.body.count(b"\n") > 5000
    assert text_answer(examples.invoke("grep", {"word": "nothing"}, body=content)) == b""


BAD = [
    ("wc", "object=examples/absent", 404), ("sum", "object=absent/absent", 404), ("upper", "object=absent", 400),
    ("sum", "offset=x", 400), ("sum", "offset=5", 400), ("sum", "length=5", 400), ("sum", "offset=18446744073709551616", 400),
    ("sample", "n=x", 400), ("sample", "seed=-1", 400), ("grep", "", 400), ("grep", "word=a%0ab", 400),
    ("upper", "into=bad", 400), ("upper", "into=a/../b", 400), ("echo", "object=%00/x", 400),
    ("sum", "length=3&offset=1", 400), ("grep", "word=" + "x" * 1025, 400), ("upper", "into=a/" + "k" * 3000, 400),
    ("upper", "into=%ff%fe/x", 400), ("grep", "word=x&object=absent/absent", 404), ("echo", "object=a/" + "k" * 3000, 400),
]  # fmt: skip


@pytest.mark.parametrize("name, query, status", BAD)
def test_a_bad_question_is_answered_with_its_name(examples, name, query, status):
    answer = examples.server.request("POST", f"/f/{examples.function(name)}?{query}", b"abc")
    assert answer.status == status, answer
    parameter = query.partition("=")[0] or "word"
    named = ["absent"] if status == 404 else [parameter]
    assert any(text.encode() in answer.body for text in named), answer


@pytest.mark.parametrize("name, query, status", BAD)
def test_both_languages_say_the_same_of_a_bad_question(server, name, query, status):
    told = []
    for language in LANGUAGES:
        function = Examples(server, language).function(name)
        answer = server.request("POST", f"/f/{function}?{query}", b"abc")
        told.append((answer.status, answer.headers["Content-Type"], answer.body))
    assert told[0] == told[1] and told[0][0] == status
