"""Guests of tests: WAT around a test's own few lines, so that each shows only what it is about."""

import pathlib
import re

HEADER = (pathlib.Path(__file__).resolve().parent.parent / "abi" / "inlay.h").read_text()


class Codes:
    """The error codes of abi/inlay.h by name: Codes.ABSENT is INLAY_E_ABSENT."""


for _name, _value in re.findall(r"INLAY_E_(\w+) = (-\d+)", HEADER):
    setattr(Codes, _name, int(_value))

# Parts of the request, as in abi/inlay.h.
PARTS = {name.lower(): int(value) for name, value in re.findall(r"INLAY_PART_(\w+) = (\d+)", HEADER)}

IMPORTS = """
  (import "inlay" "request" (func $request (param i32 i32 i32 i32 i32) (result i32)))
  (import "inlay" "body" (func $body (param i32) (result i32)))
  (import "inlay" "open" (func $open (param i32 i32 i32) (result i32)))
  (import "inlay" "map" (func $map (param i32 i64 i64 i32 i32) (result i32)))
  (import "inlay" "move" (func $move (param i32 i64 i64 i32) (result i32)))
  (import "inlay" "prefetch" (func $prefetch (param i32 i64 i64) (result i32)))
  (import "inlay" "output" (func $output (param i64 i32) (result i32)))
  (import "inlay" "unmap" (func $unmap (param i32) (result i32)))
  (import "inlay" "status" (func $status (param i32) (result i32)))
  (import "inlay" "header" (func $header (param i32 i32 i32 i32) (result i32)))
  (import "inlay" "respond" (func $respond (param i32 i32) (result i32)))
  (import "inlay" "publish" (func $publish (param i32 i32 i32 i32 i32 i32) (result i32)))
  (import "inlay" "log" (func $log (param i32 i32 i32) (result i32)))
  (import "inlay" "clock" (func $clock (param i32 i32) (result i32)))
  (import "inlay" "random" (func $random (param i32 i32) (result i32)))
  (import "inlay" "cost" (func $cost (param i32) (result i32)))
  (import "inlay" "receive" (func $receive (param i32) (result i32)))
  (import "inlay" "send" (func $send (param i32 i32) (result i32)))
"""

# Memory below 1024 belongs to these; tests use what lies above it.
COMMON = """
  (data (i32.const 64) "objectinto")
  ;; Answers with the i32s that lie from 1024 on.
  (func $answer_numbers (param $count i32) (result i32)
    (i32.store (i32.const 0) (i32.const 1024))
    (i32.store (i32.const 4) (i32.mul (i32.const 4) (local.get $count)))
    (call $respond (i32.const 0) (i32.const 1)))
  ;; Answers with one i32.
  (func $answer (param $number i32) (result i32)
    (i32.store (i32.const 0) (i32.const 8))
    (i32.store (i32.const 4) (i32.const 4))
    (i32.store (i32.const 8) (local.get $number))
    (call $respond (i32.const 0) (i32.const 1)))
  ;; Opens ?object=, or else the body, as the source at 16.
  (func $source (local $length i32)
    (local.set $length (call $request (i32.const 5) (i32.const 64) (i32.const 6) (i32.const 512) (i32.const 512)))
    (if (i32.lt_s (local.get $length) (i32.const 0))
      (then (drop (call $body (i32.const 16))))
      (else (if (call $open (i32.const 512) (local.get $length) (i32.const 16)) (then unreachable)))))
  ;; Maps all of that source. Its window's range goes to 32; gives the address.
  (func $input (result i32)
    (call $source)
    (if (call $map (i32.load (i32.const 16)) (i64.const 0) (i64.load (i32.const 24)) (i32.const 0) (i32.const 32))
      (then unreachable))
    (i32.load (i32.const 32)))
  ;; Publishes `count` ranges at `ranges` as ?into=.
  (func $publish_into (param $ranges i32) (param $count i32) (result i32)
    (call $publish (i32.const 512)
      (call $request (i32.const 5) (i32.const 70) (i32.const 4) (i32.const 512) (i32.const 512))
      (i32.const 0) (i32.const 0) (local.get $ranges) (local.get $count)))
  ;; Spins for so long, and a little longer: what is told of the clock is up to two steps late.
  (func $wait (param $milliseconds i64)
    (local $end i64)
    (drop (call $clock (i32.const 1) (i32.const 40)))
    (local.set $end (i64.add (i64.load (i32.const 40)) (i64.mul (i64.const 1000000) (i64.add (local.get $milliseconds) (i64.const 2)))))
    (loop $again
      (drop (call $clock (i32.const 1) (i32.const 40)))
      (br_if $again (i64.lt_u (i64.load (i32.const 40)) (local.get $end)))))
"""


def module(fields, memory='(memory (export "memory") 2)'):
    """The text of a module of these fields with everything imported, or `fields` itself if it is a whole module."""
    whole = fields.lstrip().startswith("(module")
    return (fields if whole else f"(module {IMPORTS} {memory} {COMMON} {fields})").encode()


def handle(body, local=""):
    """The field of an entry point with this body."""
    return f'(func (export "inlay_handle") (result i32) {local} {body})'


ECHO = handle("(drop (call $input)) (call $respond (i32.const 32) (i32.const 1))")
SPIN = handle("(loop $again (br $again)) (i32.const 0)")
