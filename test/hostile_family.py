"""A family of hostile guests: as many distinct ones as are asked for, the same ones for the same seed.

Each kind is a function that takes a source of randomness and gives the fields of a module. What a guest may meet is not said
here: it is any end that guests can have (hostile_family_test.py).
"""

import random
import typing

import guests
from guests import handle

MIB = 1 << 20
OBJECTS = {"hostile/big": MIB, "hostile/edge": 16384, "hostile/small": 100}
SLOTS = [4096 + 8 * i for i in range(4)]  # Where windows' addresses and lengths are written.
LIST = 8192  # Where lists of ranges are written.
EDGES = [0, 1, 7, 8, 64, 100, 1023, 1024, 4095, 4096, 16383, 16384, 65535, 65536, 131071, 131072, MIB - 1, MIB, MIB + 1, 2**31 - 1, 2**31,
         2**32 - 65536, 2**32 - 4, 2**32 - 1]  # fmt: skip
WIDE_EDGES = [*EDGES, 2**32, 2**33, 2**62, 2**63 - 1, 2**63, 2**64 - MIB, 2**64 - 1]

# The parameters of what guests import: n for an i32, w for an i64.
CALLS = {"request": "nnnnn", "body": "n", "open": "nnn", "map": "nwwnn", "move": "nwwn", "prefetch": "nww", "output": "wn", "unmap": "n",
         "status": "n", "header": "nnnn", "respond": "nn", "publish": "nnnnnn", "log": "nnn", "clock": "nn", "random": "nn", "cost": "n"}  # fmt: skip
STREAM_CALLS = {**CALLS, "receive": "n", "send": "nn"}


class Guest(typing.NamedTuple):
    kind: str
    module: bytes
    query: dict
    body: typing.Optional[bytes]

    @property
    def is_stream(self):
        return "stream" in self.query

    @property
    def may_be_refused(self):
        """Whether a deploy may say that this is no function."""
        return self.kind in ("no_function", "data")


def number(draw, edges=EDGES):
    return draw.choice(edges) if draw.random() < 0.7 else draw.getrandbits(draw.randrange(1, 33))


def i32(draw):
    return f"(i32.const {number(draw)})"


def i64(draw):
    return f"(i64.const {number(draw, WIDE_EDGES)})"


def address(draw):
    """A number, or one around a window."""
    if draw.random() < 0.3:
        return i32(draw)
    near = f"(i32.add (i32.load (i32.const {draw.choice(SLOTS)})) (i32.const {draw.choice([0, 0, 0, 8, 4096, -1, -16, -65536, 65536])}))"
    return near if draw.random() < 0.6 else f"(i32.add {near} (i32.load (i32.const {draw.choice(SLOTS) + 4})))"


def length(draw):
    return f"(i32.const {draw.choice([1, 8, 100, 4096, 65536, 65537, MIB, 4 * MIB]) if draw.random() < 0.8 else number(draw)})"


# ---- statements ----


def host_call(draw, calls=None):
    name, parameters = draw.choice(list((calls or CALLS).items()))
    values = [i64(draw) if one == "w" else address(draw) for one in parameters]
    return f"(drop (call ${name} {' '.join(values)}))"


def window(draw):
    """Makes, moves or ends a window, mostly a possible one."""
    slot = f"(i32.const {draw.choice(SLOTS)})"
    begin = draw.choice([0, 0, 1, 4096, 65536, draw.randrange(MIB)])
    piece = f"(i64.const {begin}) (i64.const {draw.choice([0, 1, 100, 16384, 65536, MIB - begin])})"
    if draw.random() < 0.15:
        piece = f"{i64(draw)} {i64(draw)}"
    at = f"(i32.load (i32.const {draw.choice(SLOTS)}))" if draw.random() < 0.8 else address(draw)
    source = "(i32.load (i32.const 16))" if draw.random() < 0.9 else i32(draw)
    maps = f"(drop (call $map {source} {piece} (i32.const {draw.choice([0, 0, 0, 1, 1, 2, 3, 4])}) {slot}))"
    return draw.choice([maps, maps, maps, f"(drop (call $move {at} {piece} {slot}))", f"(drop (call $unmap {at}))",
                        f"(drop (call $prefetch {source} {piece}))",
                        f"(drop (call $output (i64.const {draw.choice([1, 100, 65536, MIB, 3 * MIB])}) {slot}))"])  # fmt: skip


def access(draw):
    """Reads or writes somewhere."""
    at = address(draw)
    return draw.choice([f"(drop ({draw.choice(['i32.load8_s', 'i32.load', 'i64.load', 'v128.load'])} {at}))",
                        f"(i32.store {at} (i32.const 7))", f"(i64.store offset={draw.choice([0, 8, 65536, 2**32 - 1])} {at} (i64.const 7))",
                        f"(v128.store {at} (v128.const i64x2 1 1))", f"(memory.fill {at} (i32.const 7) {length(draw)})",
                        f"(memory.copy {at} {address(draw)} {length(draw)})", f"(memory.copy {address(draw)} {at} {length(draw)})",
                        f"(memory.init $text {at} (i32.const 0) (i32.const {draw.choice([0, 1, 4, 5])}))"])  # fmt: skip


def growth(draw):
    return f"(drop (memory.grow (i32.const {draw.choice([0, 1, 2, 15, 16, 17, 64, 1000, 65535, 65536, 2**32 - 1])})))"


def ranges(draw):
    """Writes a list and answers with it, or publishes it."""
    count = draw.randrange(1, 9)
    stores = "".join(f"(i32.store (i32.const {LIST + 8 * i}) {address(draw)}) (i32.store (i32.const {LIST + 8 * i + 4}) {length(draw)})"
                     for i in range(count))  # fmt: skip
    said = count if draw.random() < 0.8 else number(draw)
    name = draw.choice(["(i32.const 2048) (i32.const 12)", "(i32.const 2048) (i32.const 12)", f"{address(draw)} {i32(draw)}"])
    ends = [f"(drop (call $respond (i32.const {LIST}) (i32.const {said})))",
            f"(drop (call $publish {name} (i32.const 0) (i32.const 0) (i32.const {LIST}) (i32.const {said})))"]  # fmt: skip
    return stores + draw.choice(ends)


def repeated(draw, statement):
    """A statement again and again, or for ever."""
    rounds = draw.choice([2, 10, 300, 20_000, 2**32 - 1])
    return (f"(local.set $rounds (i32.const {rounds})) (loop $again {statement} "
            "(br_if $again (local.tee $rounds (i32.sub (local.get $rounds) (i32.const 1)))))")  # fmt: skip


# ---- kinds ----

TEXT = '(data $text "text") (data (i32.const 2048) "hostile/made")'


def program(draw, makers, most=24):
    return "".join(draw.choice(makers)(draw) for _ in range(draw.randrange(1, most)))


def entry(draw, statements):
    return handle(f"{statements} (i32.const {draw.choice([0, 0, 0, 1, -1])})", "(local $rounds i32)") + TEXT


def window_games(draw):
    return entry(draw, "(call $source)" + program(draw, [window, window, access, growth]))


def writes_to_inputs(draw):
    return entry(draw, f"(i32.store (i32.const {draw.choice(SLOTS)}) (call $input))" + program(draw, [access], 8))


def host_pointers(draw):
    return entry(draw, program(draw, [host_call], 8))


def wild_ranges(draw):
    return entry(draw, "(call $source)" + program(draw, [window, ranges], 10))


def soup(draw):
    return entry(draw, "(call $source)" + program(draw, [window, access, growth, ranges, host_call]))


def repetition(draw):
    return entry(draw, "(call $source)" + repeated(draw, program(draw, [window, access, growth, host_call], 4)))


def stream(draw):
    calls = {name: STREAM_CALLS[name] for name in ("receive", "send", "send", "unmap", "respond", "status", "output")}
    some = [lambda d: host_call(d, calls), ranges, window, access,
            lambda d: f"(drop (call $send (i32.const {LIST}) (i32.const {d.choice([0, 1, 2])})))"]  # fmt: skip
    body = program(draw, some, 8)
    return entry(draw, repeated(draw, body) if draw.random() < 0.3 else body)


def logs(draw):
    line = f"(drop (call $log (i32.const {draw.choice([0, 1, 2, 9, -1])}) {draw.choice(['(i32.const 0)', address(draw)])} {length(draw)}))"
    return entry(draw, repeated(draw, line))


def trap(draw):
    """One that ends in a trap, at some depth of calls."""
    why = draw.choice(["unreachable", f"(drop (i32.div_s {i32(draw)} (i32.const 0)))", f"(drop (i64.rem_u {i64(draw)} (i64.const 0)))",
                       "(drop (i32.div_s (i32.const 0x80000000) (i32.const -1)))", "(drop (i32.trunc_f64_s (f64.const nan)))",
                       f"(drop (i64.trunc_f32_u (f32.const -{number(draw) + 1}.5)))", f"(drop (i64.load offset=4294967295 {i32(draw)}))",
                       "(memory.fill (i32.const 131000) (i32.const 1) (i32.const 1000))", "(data.drop $text) " + access(draw),
                       f"(f64.store offset={number(draw)} (i32.const 131065) (f64.const 0))"])  # fmt: skip
    depth = f"(func $deeper (param $left i32) (if (local.get $left) (then (call $deeper (i32.sub (local.get $left) (i32.const 1)))) (else {why})))"
    return entry(draw, f"(call $deeper (i32.const {draw.randrange(2000)}))") + depth


def recursion(draw):
    """Without end: directly, by turns or through a table, with small and large frames."""
    many = draw.randrange(1, 200)
    locals_ = "".join(f"(local $v{i} i64)" for i in range(many))
    kept = "".join(f"(local.set $v{i} (i64.load (i32.const {8 * i})))" for i in range(many))
    used = "".join(f"(i64.store (i32.const {8 * i}) (local.get $v{i}))" for i in range(many))
    call = draw.choice(["(call $down)", "(call $other)", "(call_indirect (i32.const 0))"])
    return (entry(draw, "(call $down)") + "(table 1 funcref) (elem (i32.const 0) $down)"
            f"(func $down {locals_} {kept} {call} {used}) (func $other {program(draw, [growth], 3)} (call $down))")  # fmt: skip


def tables(draw):
    """Indirect calls and tables, within and beyond what there is."""
    size = draw.choice([0, 1, 10, 10_000, 20_000])
    at = f"(i32.const {draw.choice([0, size - 1, size, size + 1]) if draw.random() < 0.7 else number(draw)})"
    some = [f"(call_indirect (type $void) {at})", f"(drop (call_indirect (type $number) {at} {i32(draw)}))", f"(table.set $t {at} (ref.func $f))",
            f"(drop (ref.is_null (table.get $t {at})))", f"(table.fill $t {at} (ref.null func) {i32(draw)})",
            f"(table.copy $t $t {at} {i32(draw)} {i32(draw)})", f"(table.init $t $e {at} (i32.const 0) (i32.const {draw.randrange(4)}))",
            f"(drop (table.grow $t (ref.func $f) {i32(draw)}))", "(elem.drop $e)"]  # fmt: skip
    body = "".join(draw.choice(some) for _ in range(draw.randrange(1, 8)))
    return (entry(draw, repeated(draw, body) if draw.random() < 0.3 else body) + f"(table $t {size} funcref) (elem $e func $f $f)"
            "(type $void (func)) (type $number (func (param i32) (result i32))) (func $f (type $void))")  # fmt: skip


def early(draw):
    """Before the entry point: in a start function or in _initialize."""
    body = draw.choice(["unreachable", "(loop $for_ever (br $for_ever))", program(draw, [growth, access, host_call], 6), "(call $early)"])
    begin = draw.choice(["(start $early)", '(export "_initialize" (func $early))', '(start $early) (export "_initialize" (func $early))'])
    return entry(draw, "") + f"(func $early {body}) {begin}"


def hungry(draw):
    """Takes all the memory there is and writes to it."""
    step, stride = draw.choice([1, 3, 16, 100]), draw.choice([1, 4096, 65536])
    fill = draw.choice(["(i32.store8 (i32.mul (memory.size) (i32.const 65535)) (i32.const 1))",
                        f"(memory.fill (i32.const {10_000 + stride}) (i32.const 1) (i32.const {draw.randrange(100_000)}))"])  # fmt: skip
    return entry(draw, f"(loop $more {fill} (br_if $more (i32.ne (memory.grow (i32.const {step})) (i32.const -1))))"
                       + program(draw, [access, growth, window], 4))  # fmt: skip


def data(draw):
    """Many, large or misplaced data segments."""
    many, size = draw.choice([(1, 100_000), (1000, 10), (1, 140_000), (60, 3000)])
    first = draw.choice([0, 3000, 131_000, number(draw)])
    step = draw.choice([0, 1, size])
    return entry(draw, "") + "".join(f'(data (i32.const {(first + i * step) % 2**32}) "{"x" * size}")' for i in range(many))


def no_function(draw):
    """What a deploy refuses, or a worker must bear."""
    import_ = draw.choice(['"inlay" "map" (func (param i32))', '"inlay" "absent" (func)', '"env" "memory" (memory 1)', '"inlay" "log" (global i32)',
                           '"inlay" "body" (func (param i32) (result v128))', f'"wasi{number(draw)}" "f" (func)'])  # fmt: skip
    result = draw.choice(["v128", "i64", "f32", "funcref", "i32 i32", "i32"])
    extra = draw.choice([f"(import {import_})", f"(table {number(draw)} funcref)", "(table 1 funcref)" * draw.randrange(1, 9),
                         f"(memory (export \"memory\") {draw.choice([0, 1, 1000, 65536])} {draw.choice([0, 1, 1000, 65536])})",
                         "(memory 1)" * 2, "(global i32 (i32.const 1))" * draw.choice([1, 1000, 50_000])])  # fmt: skip
    memory = "" if "(memory" in extra else '(memory (export "memory") 2)'
    return f'(module {extra} {memory} (func (export "inlay_handle") (result {result}) unreachable) (func {access_of_nothing(draw)}))'


def access_of_nothing(draw):
    return "nop " * draw.choice([0, 1, 1000]) + f"(drop (i64.const {draw.getrandbits(60)}))"


KINDS = [window_games, writes_to_inputs, host_pointers, wild_ranges, soup, repetition, stream, logs, trap, recursion, tables, early, hungry, data,
         no_function]  # fmt: skip


def family(count, seed=1):
    """`count` guests of all kinds in turn, each another module."""
    draw, made = random.Random(seed), set()
    while len(made) < count:
        kind = KINDS[len(made) % len(KINDS)]
        module = guests.module(kind(draw))
        if module in made:
            continue
        made.add(module)
        query = {"stream": "1"} if kind is stream else {}
        body = draw.randbytes(draw.choice([0, 100, 20_000, MIB])) if kind is stream or draw.random() < 0.3 else None
        if body is None:
            query["object"] = draw.choice(list(OBJECTS))
        yield Guest(kind.__name__, module, query, body)
