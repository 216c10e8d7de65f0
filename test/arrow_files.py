"""Arrow IPC files written by hand, and what colsum is to answer about them.

A file is made of a schema (Field) and batches (lists of Array, one for each column). The format: Columnar.html of arrow.apache.org,
with File.fbs, Message.fbs and Schema.fbs.
"""

import array
import math
import struct
from dataclasses import dataclass, field
from typing import Optional

MAGIC = b"ARROW1"
V4, V5 = 3, 4
LANES = 8
CODES = {"int8": "b", "int16": "h", "int32": "i", "int64": "q", "uint8": "B", "uint16": "H", "uint32": "I", "uint64": "Q",
         "float32": "f", "float64": "d"}  # fmt: skip
TYPES = {"null": 1, "int": 2, "float": 3, "binary": 4, "utf8": 5, "bool": 6, "date": 8, "list": 12, "struct": 13, "union": 14,
         "fixed_list": 16, "large_utf8": 20, "run_end": 22, "utf8_view": 24, "list_view": 25}  # fmt: skip


# ---- FlatBuffers: a table is a dict of field number -> (format, value), Table, Vector or text ------------------------------


@dataclass
class Table:
    fields: dict


@dataclass
class Vector:
    """Of tables, or of structures that `pack` has packed already."""

    elements: list
    tables: bool = True
    shared: bool = False  # All are the first one.


class Builder:
    """Writes what is pointed to behind what points to it."""

    def __init__(self):
        self.bytes = bytearray(4)

    def pad(self, alignment, phase=0):
        while (len(self.bytes) + phase) % alignment:
            self.bytes.append(0)

    def point(self, slot):
        struct.pack_into("<I", self.bytes, slot, len(self.bytes) - slot)

    def place(self, slot, value):
        if isinstance(value, Table):
            self.table(slot, value.fields)
        elif isinstance(value, Vector):
            self.vector(slot, value)
        else:
            self.pad(4)
            self.point(slot)
            self.bytes += struct.pack("<I", len(value)) + value + b"\0"

    def table(self, slot, fields):
        offsets, size = {}, 4
        for number, value in fields.items():
            width = struct.calcsize("<" + value[0]) if isinstance(value, tuple) else 4
            size += -size % width
            offsets[number] = size
            size += width
        count = max(fields, default=-1) + 1
        self.pad(8, 4 + 2 * count)
        vtable = len(self.bytes)
        self.bytes += struct.pack(f"<HH{count}H", 4 + 2 * count, size, *(offsets.get(number, 0) for number in range(count)))
        begin = len(self.bytes)
        struct.pack_into("<I", self.bytes, slot, begin - slot)
        self.bytes += struct.pack("<i", begin - vtable) + bytes(size - 4)
        for number, value in fields.items():
            if isinstance(value, tuple):
                struct.pack_into("<" + value[0], self.bytes, begin + offsets[number], value[1])
        for number, value in fields.items():
            if not isinstance(value, tuple):
                self.place(begin + offsets[number], value)

    def vector(self, slot, vector):
        self.pad(8, 4)
        self.point(slot)
        self.bytes += struct.pack("<I", len(vector.elements))
        if not vector.tables:
            self.bytes += b"".join(vector.elements)
            return
        begin = len(self.bytes)
        self.bytes += bytes(4 * len(vector.elements))
        for number, element in enumerate(vector.elements):
            slot = begin + 4 * number
            if vector.shared and number:
                struct.pack_into("<I", self.bytes, slot, struct.unpack_from("<I", self.bytes, begin)[0] - 4 * number)
            else:
                self.place(slot, element)


def flat(fields):
    builder = Builder()
    builder.table(0, fields)
    builder.pad(8)
    return bytes(builder.bytes)


# ---- schemas and columns -----------------------------------------------------------------------------------------------------


@dataclass
class Field:
    name: str
    type: str
    parameters: dict = field(default_factory=dict)  # fields of the type's table
    children: list = field(default_factory=list)
    dictionary: bool = False

    def table(self, shared=False):
        fields = {0: self.name.encode(), 1: ("B", 1), 2: ("B", TYPES[self.type]), 3: Table(self.parameters)}
        if self.dictionary:
            fields[4] = Table({0: ("q", 7), 1: Table({0: ("i", 32), 1: ("B", 1)})})
        if self.children:
            distinct = self.children[:1] if shared else self.children
            tables = [child.table(shared) for child in distinct]
            fields[5] = Vector(tables * (len(self.children) // len(distinct)), True, shared)
        return Table(fields)


@dataclass
class Array:
    """A column of one batch: its nodes and buffers, its children's among them."""

    nodes: list
    buffers: list
    variadic: list = field(default_factory=list)


def plain_field(name, kind, **more):
    if kind.startswith("float"):
        return Field(name, "float", {0: ("h", int(kind[5:]) // 32)}, **more)
    return Field(name, "int", {0: ("i", int(kind.lstrip("uint"))), 1: ("B", kind[0] != "u")}, **more)


def bits(flags):
    made = bytearray(-(-len(flags) // 8))
    for number, flag in enumerate(flags):
        made[number // 8] |= flag << number % 8
    return bytes(made)


@dataclass
class Chunk:
    """Values of one batch, and which of them count; None: all."""

    values: array.array
    valid: Optional[list] = None

    def array(self):
        nulls = 0 if self.valid is None else self.valid.count(False)
        return Array([(len(self.values), nulls)], [bits(self.valid) if nulls else b"", memoryview(self.values).cast("B")])


def filler(kind, rows, dice):
    """A column of another kind, whose nodes and buffers stand before those that are asked for: a field and a function that makes one."""
    name = f"other {kind}"
    texts = array.array("i", range(0, 3 * rows + 3, 3)).tobytes(), b"abc" * rows
    item, item_array = plain_field("item", "int16"), Chunk(array.array("h", [7] * rows)).array()

    def with_item(nodes, buffers):
        return Array(nodes + item_array.nodes, buffers + item_array.buffers)

    offsets = array.array("i", range(rows + 1)).tobytes()
    made = {
        "null": lambda: (Field(name, "null"), Array([(rows, rows)], [])),
        "bool": lambda: (Field(name, "bool"), Array([(rows, 0)], [b"", bytes(rows // 8 + 1)])),
        "date": lambda: (Field(name, "date", {0: ("h", 0)}), Array([(rows, 0)], [b"", bytes(4 * rows)])),
        "half": lambda: (Field(name, "float", {0: ("h", 0)}), Array([(rows, 0)], [b"", bytes(2 * rows)])),
        "utf8": lambda: (Field(name, "utf8"), Array([(rows, 0)], [b"", *texts])),
        "list": lambda: (Field(name, "list", children=[item]), with_item([(rows, 0)], [b"", offsets])),
        "list_view": lambda: (Field(name, "list_view", children=[item]), with_item([(rows, 0)], [b"", offsets, offsets])),
        "fixed_list": lambda: (Field(name, "fixed_list", {0: ("i", 1)}, [item]), with_item([(rows, 0)], [b""])),
        "struct": lambda: (Field(name, "struct", children=[item]), with_item([(rows, 0)], [b""])),
        "dense": lambda: (Field(name, "union", {0: ("h", 1)}, [item]), with_item([(rows, 0)], [bytes(rows), offsets])),
        "sparse": lambda: (Field(name, "union", {0: ("h", 0)}, [item]), with_item([(rows, 0)], [bytes(rows)])),
        "run_end": lambda: (Field(name, "run_end", children=[item, item]),
                            Array([(rows, 0)] + 2 * item_array.nodes, 2 * item_array.buffers)),
        "dictionary": lambda: (plain_field(name, "int32", dictionary=True), Array([(rows, 0)], [b"", bytes(4 * rows)])),
        "utf8_view": lambda: views(name, rows, dice.randrange(4)),
    }  # fmt: skip
    return made[kind]()


def views(name, rows, count):
    return Field(name, "utf8_view"), Array([(rows, 0)], [b"", bytes(16 * rows)] + [b"text"] * count, [count])


FILLERS = ["null", "bool", "date", "half", "utf8", "list", "list_view", "fixed_list", "struct", "dense", "sparse", "run_end", "dictionary",
           "utf8_view"]  # fmt: skip


# ---- files -------------------------------------------------------------------------------------------------------------------


def schema(fields, endianness=0, shared=False):
    return Table({0: ("h", endianness), 1: Vector([one.table(shared) for one in fields])})


def message(kind, header, body_bytes, version, legacy):
    head = flat({0: ("h", version), 1: ("B", kind), 2: header, 3: ("q", body_bytes)})
    head += bytes(4) if legacy else b""  # Heads end on a multiple of 8.
    return (struct.pack("<i", len(head)) if legacy else struct.pack("<ii", -1, len(head))) + head


def batch(arrays, rows, compression=False):
    """The header of a batch, and its body."""
    body, buffers = [], []
    size = 0
    for one in (buffer for each in arrays for buffer in each.buffers):
        buffers.append(struct.pack("<qq", size, len(one)))
        body += [one, bytes(-len(one) % 8)]
        size += len(one) + -len(one) % 8
    nodes = [struct.pack("<qq", *node) for each in arrays for node in each.nodes]
    fields = {0: ("q", rows), 1: Vector(nodes, False), 2: Vector(buffers, False)}
    if compression:
        fields[3] = Table({0: ("b", 1)})
    variadic = [struct.pack("<q", count) for each in arrays for count in each.variadic]
    if variadic:
        fields[4] = Vector(variadic, False)
    return Table(fields), b"".join(body)


def write(fields, batches, version=V5, legacy=False, endianness=0, compression=False, shared=False, repeat=1):
    """`batches`: lists of Array. Hostile: `shared`: the children of a field are all the first of them; `repeat`: so often the footer names
    all batches."""
    described = schema(fields, endianness, shared)
    parts = [MAGIC + b"\0\0", message(1, described, 0, version, legacy)]
    size, blocks = sum(map(len, parts)), []
    for arrays in batches:
        header, body = batch(arrays, arrays[0].nodes[0][0], compression)
        head = message(3, header, len(body), version, legacy)
        blocks.append(struct.pack("<qi4xq", size, len(head), len(body)))
        parts += [head, body]
        size += len(head) + len(body)
    end = b"" if legacy else struct.pack("<ii", -1, 0)
    footer = flat({0: ("h", version), 1: described, 2: Vector([], False), 3: Vector(blocks * repeat, False)})
    return b"".join([*parts, end, footer, struct.pack("<i", len(footer)), MAGIC])


def write_columns(columns, **more):
    """From name -> (kind, chunks), all with as many batches."""
    fields = [plain_field(name, kind) for name, (kind, _) in columns.items()]
    return write(fields, [[chunk.array() for chunk in chunks] for chunks in zip(*(chunks for _, chunks in columns.values()))], **more)


# ---- answers -----------------------------------------------------------------------------------------------------------------


def float_text(number):
    return "nan" if math.isnan(number) else "%.17g" % number


def lanes_sum(chunks):
    lanes = [0.0] * LANES
    for chunk in chunks:
        for k in range(LANES):
            total, values = lanes[k], chunk.values[k::LANES]
            for value in values if chunk.valid is None else (value for value, one in zip(values, chunk.valid[k::LANES]) if one):
                total += value
            lanes[k] = total
    a = lanes
    return ((a[0] + a[4]) + (a[2] + a[6])) + ((a[1] + a[5]) + (a[3] + a[7]))


def answer(kind, chunks):
    """What colsum answers about a column of these chunks."""
    if kind.startswith("float"):
        return float_text(lanes_sum(chunks)) + "\n"
    total = sum(sum(chunk.values if chunk.valid is None else (v for v, one in zip(chunk.values, chunk.valid) if one)) for chunk in chunks)
    total %= 1 << 64
    return f"{total - (1 << 64) if kind[0] == 'i' and total >> 63 else total}\n"
