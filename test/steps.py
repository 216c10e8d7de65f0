"""Functions for the steps of pipelines, and what deploys and invokes these."""

import guests
from guests import COMMON, IMPORTS, handle

CALL_INPUT = '(import "inlay" "call_input" (func $call_input (param i32 i32) (result i32)))'


def with_inputs(fields):
    return f'(module {IMPORTS} {CALL_INPUT} (memory (export "memory") 4) {COMMON} {fields})'.encode()


# Answers with all its inputs, each behind ?t=, as ranges where they lie.
JOIN = with_inputs("""
  (data (i32.const 96) "t")
  (func (export "inlay_handle") (result i32) (local $i i32) (local $at i32) (local $tag i32)
    (local.set $tag (call $request (i32.const 5) (i32.const 96) (i32.const 1) (i32.const 1024) (i32.const 256)))
    (if (i32.lt_s (local.get $tag) (i32.const 0)) (then (local.set $tag (i32.const 0))))
    (local.set $at (i32.const 65536))
    (block $end (loop $next
      (br_if $end (call $call_input (local.get $i) (i32.const 16)))
      (i32.store (local.get $at) (i32.const 1024))
      (i32.store offset=4 (local.get $at) (local.get $tag))
      (if (call $map (i32.load (i32.const 16)) (i64.const 0) (i64.load (i32.const 24)) (i32.const 0) (i32.add (local.get $at) (i32.const 8))) (then unreachable))
      (local.set $at (i32.add (local.get $at) (i32.const 16)))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br $next)))
    (call $respond (i32.const 65536) (i32.mul (i32.const 2) (local.get $i))))""")
# Answers with the number of its inputs.
COUNT = with_inputs(handle("""
  (block $end (loop $next
    (br_if $end (call $call_input (local.get $i) (i32.const 16)))
    (local.set $i (i32.add (local.get $i) (i32.const 1)))
    (br $next)))
  (call $answer (local.get $i))""", "(local $i i32)"))
NOTHING = guests.module(handle("(i32.const 0)"))
TRAP = guests.module(handle("unreachable"))
SPIN = guests.module(guests.SPIN)
# Answers with status 404 and its input.
ABSENT = guests.module(handle('(drop (call $status (i32.const 404))) (drop (call $input)) (call $respond (i32.const 32) (i32.const 1))'))
# Traps unless the object ?object= is there; answers with it.
NEEDS = guests.module(guests.ECHO)
# Answers with 100,000 bytes of an output window; with 8,192 of its own memory, or 4,096, which are small; with 1,024 ranges of one byte of its input.
WINDOW = guests.module(handle("""
  (if (call $output (i64.const 100000) (i32.const 32)) (then unreachable))
  (i64.store (i32.load (i32.const 32)) (i64.const 7378697629483820646))
  (call $respond (i32.const 32) (i32.const 1))"""))
HEAP = guests.module(handle("""
  (memory.fill (i32.const 65536) (i32.const 104) (i32.const 8192))
  (i32.store (i32.const 0) (i32.const 65536)) (i32.store (i32.const 4) (i32.const 8192))
  (call $respond (i32.const 0) (i32.const 1))"""))
HEAP_SMALL = guests.module(handle("""
  (i32.store (i32.const 0) (i32.const 65536)) (i32.store (i32.const 4) (i32.const 4096))
  (call $respond (i32.const 0) (i32.const 1))"""))
RANGES = guests.module(handle("""
  (drop (call $input))
  (loop $more
    (i32.store (i32.add (i32.const 65536) (i32.mul (i32.const 8) (local.get $i))) (i32.load (i32.const 32)))
    (i32.store offset=4 (i32.add (i32.const 65536) (i32.mul (i32.const 8) (local.get $i))) (i32.const 1))
    (br_if $more (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 1024))))
  (call $respond (i32.const 65536) (i32.const 1024))""", "(local $i i32)"))
# Takes 30 ms.
SLOW = guests.module(handle("(call $wait (i64.const 30)) (i32.const 0)"))
# Publishes its input as ?into=, and answers with nothing.
PUBLISH = guests.module(handle("(drop (call $input)) (if (i32.lt_s (call $publish_into (i32.const 32) (i32.const 1)) (i32.const 0)) (then unreachable)) (i32.const 0)"))

# The same for names that are as long as they can be.
PUBLISH_LONG = guests.module(handle("""
  (drop (call $input))
  (if (i32.lt_s (call $publish (i32.const 2048) (call $request (i32.const 5) (i32.const 70) (i32.const 4) (i32.const 2048) (i32.const 2048))
                               (i32.const 0) (i32.const 0) (i32.const 32) (i32.const 1)) (i32.const 0)) (then unreachable))
  (i32.const 0)"""))

ALL = {"join": JOIN, "count": COUNT, "nothing": NOTHING, "trap": TRAP, "spin": SPIN, "absent": ABSENT, "needs": NEEDS, "publish": PUBLISH, "publish-long": PUBLISH_LONG,
       "window": WINDOW, "heap": HEAP, "heap-small": HEAP_SMALL, "ranges": RANGES, "slow": SLOW,
       "echo": guests.module(guests.ECHO)}


def deploy_all(server, query=None):
    for name, module in ALL.items():
        server.deploy(name, module, query)


def try_deploy(server, name, text, **query):
    return server.request("PUT", f"/v1/functions/{name}?class=pipeline" + "".join(f"&{key}={value}" for key, value in query.items()), text.encode())


def deploy(server, name, text, **query):
    answer = try_deploy(server, name, text, **query)
    assert answer.status in (200, 201), answer
    return name


def step(name, function, **keys):
    """One step as TOML; values as TOML writes them, texts quoted here."""
    def value(one):
        return one if isinstance(one, str) and one[:1] in "[{" else f'"{one}"' if isinstance(one, str) else str(one)
    return f"[step.{name}]\nfunction = \"{function}\"\n" + "".join(f"{key} = {value(one)}\n" for key, one in keys.items())
