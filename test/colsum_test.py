"""colsum in each language: the sum of a column of an Arrow IPC file, the same to the last bit, in place, whatever the file says."""

import array
import random
import struct
import subprocess

import pytest

import arrow_files
from arrow_files import CODES, FILLERS, Chunk, Field, answer, filler, plain_field, write, write_columns
from serving import EXAMPLES, ROOT

COST = {"Inlay-Cost": "?1"}
MIB = 1 << 20
NO_TOOLCHAIN = 3
# Language -> what builds its examples, and into which directory; none: the tree's own build.
LANGUAGES = {
    "c": (None, EXAMPLES, "colsum"),
    "cpp": (None, EXAMPLES, "colsum_cpp"),
    "rust": (ROOT / "sdk" / "rust" / "build", ROOT / "build" / "sdk" / "rust", "colsum"),
    "assemblyscript": (ROOT / "sdk" / "assemblyscript" / "build", ROOT / "build" / "sdk" / "assemblyscript", "colsum"),
    "go": (ROOT / "sdk" / "go" / "build", ROOT / "build" / "sdk" / "go", "colsum"),
}
BUILT = {}


def built(language):
    """The module, or the reason why there is none."""
    build, directory, name = LANGUAGES[language]
    if build and not build.exists():
        return f"there is no {build.relative_to(ROOT)}"
    if build:
        ended = subprocess.run([build, directory], capture_output=True, text=True)
        if ended.returncode == NO_TOOLCHAIN:
            return ended.stderr.strip()
        assert ended.returncode == 0, ended.stderr
    return (directory / f"{name}.wasm").read_bytes()


class Colsum:
    """The function in one language; calling it gives its Answer about a column of a file that goes as an object, or as the body."""

    def __init__(self, server, name):
        self.server, self.name = server, name

    def __call__(self, content, column="x", as_body=False):
        query = {"column": column}
        if not as_body:
            self.server.put("arrow/file", content)
            query["object"] = "arrow/file"
        return self.invoke(query, content if as_body else None)

    def invoke(self, query, body=None):
        return self.server.invoke(self.name, query, body, COST)


@pytest.fixture(params=LANGUAGES)
def colsum(request, shared_server, server):
    language = request.param
    if language not in BUILT:
        BUILT[language] = built(language)
        if isinstance(BUILT[language], bytes):
            shared_server.deploy(f"colsum-{language}", BUILT[language])
    if isinstance(BUILT[language], str):
        pytest.skip(BUILT[language])
    return Colsum(server, f"colsum-{language}")


def summed(told, expected):
    assert (told.status, told.body.decode(), told.headers["Content-Type"]) == (200, expected, "text/plain"), told


def refused(told, words):
    assert (told.status, told.body.decode()) == (422, words + "\n"), told


def drawn(kind, rows, dice):
    """Values of all kinds: small and large, and for floats of sizes at which the order of additions shows in the sum."""
    code = CODES[kind]
    if not kind.startswith("float"):
        return array.array(code, dice.randbytes(rows * array.array(code).itemsize))
    return array.array(code, [dice.uniform(-1, 1) * 10.0 ** dice.randrange(-2, 3) for _ in range(rows)])


def chunks_of(kind, sizes, nulls, dice):
    return [Chunk(drawn(kind, rows, dice), [dice.random() >= nulls for _ in range(rows)] if nulls else None) for rows in sizes]


@pytest.mark.parametrize("kind", CODES)
@pytest.mark.parametrize("nulls", [0, 0.01, 0.5, 1])
def test_each_type_is_summed_with_and_without_nulls(colsum, kind, nulls):
    dice = random.Random(kind)
    chunks = chunks_of(kind, (0, 1, 7, 8, 9, 31, 32, 33, 1000, 4096, 4099), nulls, dice)
    content = write_columns({"first": ("int8", [Chunk(array.array("b", len(one.values) * [3])) for one in chunks]), "x": (kind, chunks)})
    summed(colsum(content), answer(kind, chunks))
    summed(colsum(content, as_body=True), answer(kind, chunks))
    summed(colsum(content, "first"), f"{3 * sum(len(one.values) for one in chunks)}\n")


@pytest.mark.parametrize("seed", range(20))
def test_random_files_of_up_to_64_mib(colsum, seed):
    dice = random.Random(seed)
    kind = dice.choice(list(CODES))
    width = array.array(CODES[kind]).itemsize
    total = (64 * MIB if seed == 0 else int(2 ** dice.uniform(3, 22))) // width
    cuts = sorted(dice.randrange(total + 1) for _ in range(dice.randrange(5)))
    sizes = [end - begin for begin, end in zip([0, *cuts], [*cuts, total])]
    chunks = chunks_of(kind, sizes, 0 if seed == 0 else dice.choice((0, 0.1)), dice) if seed else large(kind, sizes, dice)
    told = colsum(write_columns({"x": (kind, chunks)}, legacy=dice.random() < 0.3))
    summed(told, answer(kind, chunks))
    if total * width >= 64 << 10:
        assert told.cost["copied"] == len(told.body), "only the answer is copied"


def large(kind, sizes, dice):
    """The same values over and over: drawing takes long."""
    piece = drawn(kind, 10_007, dice)
    return [Chunk((piece * (size // len(piece) + 1))[:size]) for size in sizes]


TIES = [[1 + 2.0**-17], [1 + 3 * 2.0**-17]]  # 18 digits, the last a 5.
EXTREMES = [[5e-324], [2.0**-1074 * 3], [2.2250738585072014e-308], [1.7976931348623157e308], [1.7976931348623157e308] * 9]
NO_NUMBERS = [[float("nan")], [float("inf")], [float("-inf")], [float("inf"), float("-inf")] * 8]
FORMS = [[], [0.0], [-0.0], [5.0], [-100.0], [1 / 3], [0.1] * 10, [0.5, 0.25], [0.0001], [0.00001234], [-1.5e-7], [1e16], [1e17], [1e23],
         [99999999999999999.0], [123456789012345680.0], [2.0**53 + 2, 0.5], [9007199254740993.0]]  # fmt: skip


@pytest.mark.parametrize("values", [*FORMS, *TIES, *EXTREMES, *NO_NUMBERS])
def test_floats_are_written_as_printf_writes_them(colsum, values):
    chunks = [Chunk(array.array("d", values))]
    summed(colsum(write_columns({"x": ("float64", chunks)})), answer("float64", chunks))


def test_random_floats_are_written_as_printf_writes_them(colsum):
    """A batch with one row for each; a file with as many columns."""
    dice = random.Random(9)
    columns = {f"c{number}": ("float64", [Chunk(array.array("d", dice.randbytes(8)))]) for number in range(50)}
    content = write_columns(columns)
    for name, (kind, chunks) in columns.items():
        summed(colsum(content, name), answer(kind, chunks))


def test_lanes_are_added_in_the_order_that_is_said(colsum):
    """Numbers of all sizes, which swallow parts of each other: any other order gives another sum."""
    dice = random.Random(8)
    for kind in ("float64", "float32"):
        columns = {}
        for number in range(30):
            values = [[dice.uniform(-1, 1) * 2.0 ** dice.randrange(60) for _ in range(rows)] for rows in (9, 37)]
            columns[f"c{number}"] = (kind, [Chunk(array.array(CODES[kind], one)) for one in values])
        content = write_columns(columns)
        for name, (_, chunks) in columns.items():
            summed(colsum(content, name, as_body=True), answer(kind, chunks))


@pytest.mark.parametrize("other", FILLERS)
def test_columns_of_other_kinds_before_it_do_not_move_it(colsum, other):
    dice = random.Random(other)
    batches, chunks = [], []
    for rows in (100, 0, 9):
        others = [filler(other, rows, dice) for _ in range(2)]
        chunks.append(Chunk(drawn("int32", rows, dice), [dice.random() < 0.5 for _ in range(rows)]))
        batches.append([array for _, array in others] + [chunks[-1].array()])
    fields = [field for field, _ in others] + [plain_field("x", "int32")]
    content = write(fields, batches)
    summed(colsum(content), answer("int32", chunks))
    refused(colsum(content, f"other {other}"),
            f"column=other {other}: this is no plain column of whole numbers or floats of 8 to 64 bits")  # fmt: skip


def test_a_file_of_metadata_version_4_has_validities_of_unions(colsum):
    field, made = filler("sparse", 10, random.Random(1))
    made.buffers.insert(0, b"\xff\xff")
    chunk = Chunk(array.array("h", range(10)))
    summed(colsum(write([field, plain_field("x", "int16")], [[made, chunk.array()]], version=arrow_files.V4)), "45\n")


def test_what_pyarrow_writes_is_read_and_what_we_write_is_read_by_it(colsum):
    pyarrow = pytest.importorskip("pyarrow")
    dice = random.Random(4)
    chunks = chunks_of("float64", (1000, 50), 0.2, dice)
    table = pyarrow.ipc.open_file(write_columns({"x": ("float64", chunks)})).read_all()
    table.validate(full=True)
    sink = pyarrow.BufferOutputStream()
    with pyarrow.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    summed(colsum(sink.getvalue().to_pybytes()), answer("float64", chunks))


def test_a_column_of_256_mib_is_read_in_place(colsum):
    """Beside another: of that nothing is looked at."""
    rows = 16 * MIB
    piece = array.array("q", random.Random(2).randbytes(8 * 1024))
    chunks = [Chunk(piece * (rows // 1024))] * 2
    told = colsum(write_columns({"y": ("int64", chunks), "x": ("int64", chunks)}))
    total = sum(piece) * (rows // 1024) * 2 % (1 << 64)
    summed(told, f"{total - (1 << 64) if total >> 63 else total}\n")
    assert told.cost["mapped"] >= 512 * MIB and told.cost["copied"] == len(told.body)


# ---- refusals ------------------------------------------------------------------------------------------------------------------

DAMAGED = "the file: it is damaged: an offset or a length in it does not fit"
NUMBERS = {"x": ("int32", [Chunk(array.array("i", range(1000))), Chunk(array.array("i", range(7)), [True] * 6 + [False])])}


def test_what_cannot_be_summed_is_named(colsum):
    refused(colsum(write_columns(NUMBERS), "y\nz"), "column=y\nz: the file has no such column")
    refused(colsum(write_columns(NUMBERS), ""), "column=: the file has no such column")
    refused(colsum(write_columns(NUMBERS, compression=True)), "the file: its columns are compressed: write it without compression")
    refused(colsum(write_columns(NUMBERS, endianness=1)), "the file: it is big-endian, and only little-endian ones are read")
    for content in (b"", b"ARROW1", b"PAR1" + bytes(100) + b"PAR1", b"ARROW1\0\0" + bytes(100), write_columns(NUMBERS)[:-1],
                    write_columns(NUMBERS, version=2)):  # fmt: skip
        refused(colsum(content, as_body=True), "the file: this is not an Arrow IPC file of format version 4 or 5")
    refused(colsum(b"ARROW1\0\0" + struct.pack("<i", 9) + b"ARROW1"), DAMAGED)


def test_bad_questions_are_answered_as_by_the_other_examples(colsum):
    assert colsum(write_columns(NUMBERS), "c" * 1025).status == 400
    told = colsum.invoke({"object": "arrow/absent", "column": "x"})
    assert (told.status, told.body) == (404, b"object=arrow/absent: there is no such object\n")
    told = colsum.invoke({}, b"")
    assert (told.status, told.body) == (400, b"column: this parameter is needed\n")


def test_children_that_many_parents_share_are_not_gone_through_for_each(colsum):
    """Thirty levels of a pair that is the same table twice: a billion fields in two kilobytes."""
    nested = plain_field("x", "int32")
    for depth in range(30):
        nested = Field(f"deep {depth}", "struct", children=[nested, nested])
    refused(colsum(write([nested], [], shared=True), "y"), "the file: it has too many columns, or they are nested too deeply")
    for depth in range(40):
        nested = Field(f"deeper {depth}", "struct", children=[nested])
    refused(colsum(write([nested], [], shared=True), "y"), "the file: it has too many columns, or they are nested too deeply")


def test_a_batch_that_is_named_again_and_again_does_not_multiply_the_work(colsum):
    batches = [[Chunk(array.array("q", range(100_000))).array()]]
    summed(colsum(write([plain_field("x", "int64")], batches)), "4999950000\n")
    refused(colsum(write([plain_field("x", "int64")], batches, repeat=2)), DAMAGED)
    empty = [[Chunk(array.array("q")).array()]]
    refused(colsum(write([plain_field("x", "int64")], empty, repeat=100_000)), DAMAGED)


@pytest.mark.parametrize(
    "nodes, buffers",
    [([(4, 0)], [b"", bytes(15)]), ([(4, 1)], [b"", bytes(16)]), ([(4, 5)], [b"\xff", bytes(16)]), ([(4, -1)], [b"\xff", bytes(16)]),
     ([(3, 0)], [b"", bytes(16)]), ([(5, 0)], [b"", bytes(20)]), ([], []), ([(4, 0)], [b""]), ([(4, 0)], []), ([], [b"", bytes(16)])],
)  # fmt: skip
def test_what_a_batch_does_not_hold_is_damage(colsum, nodes, buffers):
    """Values or validity too short, more nulls than rows, other rows than the batch, no node, no buffers."""
    first = Chunk(array.array("i", range(4)))
    fields = [plain_field("first", "int32"), plain_field("x", "int32")]
    content = write(fields, [[first.array(), arrow_files.Array(nodes, buffers)]])
    summed(colsum(content, "first"), "6\n")
    refused(colsum(content), DAMAGED)


def test_a_validity_that_is_too_short_is_damage(colsum):
    for rows, validity in ((9, 1), (8, 0), (1000, 124)):
        made = arrow_files.Array([(rows, 1)], [bytes(validity), bytes(4 * rows)])
        refused(colsum(write([plain_field("x", "int32")], [[made]])), DAMAGED)


def small_file():
    """Every part that the reader looks at: children, views, nulls."""
    dice = random.Random(1)
    (views, view_array), (union, union_array) = filler("utf8_view", 3, dice), filler("dense", 3, dice)
    chunk = Chunk(array.array("h", [1, 2, 3]), [True, False, True])
    return write([views, union, plain_field("x", "int16")], [[view_array, union_array, chunk.array()]])


HOSTILE = small_file()


@pytest.mark.parametrize("mask", [0x01, 0x80, 0xFF])
def test_no_flipped_byte_traps(colsum, mask):
    """Each byte of the footer and of the batch's head."""
    assert colsum(HOSTILE).status == 200
    for at in range(8, len(HOSTILE)):
        content = bytearray(HOSTILE)
        content[at] ^= mask
        assert colsum(bytes(content), as_body=True).status in (200, 422), at


def test_no_cut_traps(colsum):
    for size in range(0, len(HOSTILE), 3):
        assert colsum(HOSTILE[:size], as_body=True).status == 422
        assert colsum(HOSTILE[:size] + b"ARROW1", as_body=True).status == 422
        assert colsum(HOSTILE[:8] + HOSTILE[size + 8 :], as_body=True).status in (200, 422)


def test_no_extreme_number_traps(colsum):
    """Each word of the file as one of the numbers on which sums overflow."""
    for at in range(8, len(HOSTILE) - 8, 4):
        for number in (0xFFFFFFFFFFFFFFFF, 0x7FFFFFFFFFFFFFFF, 0x80000000, 0x7FFFFFFF, 0xFFFFFFF8):
            content = bytearray(HOSTILE)
            struct.pack_into("<Q" if number >> 32 else "<I", content, at, number)
            assert colsum(bytes(content), as_body=True).status in (200, 422), (at, number)


def test_each_language_says_the_same_of_changed_files(colsum, server):
    server.deploy_example("colsum")
    dice = random.Random(12)
    for _ in range(400):
        content = bytearray(HOSTILE)
        for _ in range(dice.choice((1, 1, 2, 3))):
            at = dice.randrange(8, len(content) - 8)
            if dice.random() < 0.5:
                content[at] ^= 1 << dice.randrange(8)
            else:
                struct.pack_into("<I", content, at & ~3, dice.choice((0, 1, 2, 4, 7, 0x7F, 0x7FFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)))
        answers = [server.invoke(name, {"column": "x"}, bytes(content)) for name in ("colsum", colsum.name)]
        assert (answers[0].status, answers[0].body) == (answers[1].status, answers[1].body), bytes(content)
