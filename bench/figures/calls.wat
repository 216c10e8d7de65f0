;; Sums the 64-bit words of ?object=, by itself or by calls of itself, deployed as "link" too.
;;   ?m=  s: here, once   S: here, ten times   c: one call does   C: ten calls in a row do, each given what the one before gave back
;;        l: as one of those: sums its input, and gives it back
(module
  (import "inlay" "request" (func $request (param i32 i32 i32 i32 i32) (result i32)))
  (import "inlay" "open" (func $open (param i32 i32 i32) (result i32)))
  (import "inlay" "call_input" (func $call_input (param i32 i32) (result i32)))
  (import "inlay" "map" (func $map (param i32 i64 i64 i32 i32) (result i32)))
  (import "inlay" "unmap" (func $unmap (param i32) (result i32)))
  (import "inlay" "close" (func $close (param i32) (result i32)))
  (import "inlay" "call" (func $call (param i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (import "inlay" "respond" (func $respond (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 64) "objectmlinkm=l")

  (func $parameter (param $name i32) (param $length i32) (result i32)
    (call $request (i32.const 5) (local.get $name) (local.get $length) (i32.const 1024) (i32.const 512)))
  ;; Maps all of the source at 32; its range goes to 16.
  (func $show
    (if (call $map (i32.load (i32.const 32)) (i64.const 0) (i64.load (i32.const 40)) (i32.const 0) (i32.const 16)) (then unreachable)))
  (func $sum
    (local $at i32) (local $end i32) (local $sum v128)
    (local.set $at (i32.load (i32.const 16)))
    (local.set $end (i32.add (local.get $at) (i32.load (i32.const 20))))
    (loop $again
      (local.set $sum (i64x2.add (local.get $sum) (v128.load (local.get $at))))
      (local.set $sum (i64x2.add (local.get $sum) (v128.load offset=16 (local.get $at))))
      (local.set $sum (i64x2.add (local.get $sum) (v128.load offset=32 (local.get $at))))
      (local.set $sum (i64x2.add (local.get $sum) (v128.load offset=48 (local.get $at))))
      (local.set $at (i32.add (local.get $at) (i32.const 64)))
      (br_if $again (i32.lt_u (local.get $at) (local.get $end))))
    (v128.store (i32.const 48) (local.get $sum)))
  ;; The window at 16 goes to another one, and what comes back of it takes its place.
  (func $hand_on
    (if (call $call (i32.const 71) (i32.const 4) (i32.const 75) (i32.const 3) (i32.const 16) (i32.const 1) (i32.const 128)) (then unreachable))
    (drop (call $unmap (i32.load (i32.const 16))))
    (if (call $map (i32.load (i32.const 140)) (i64.const 0) (i64.load (i32.const 152)) (i32.const 0) (i32.const 16)) (then unreachable))
    (drop (call $close (i32.load (i32.const 140)))))
  (func $often (param $times i32) (param $calls i32)
    (loop $again
      (if (local.get $calls) (then (call $hand_on)) (else (call $sum)))
      (br_if $again (local.tee $times (i32.sub (local.get $times) (i32.const 1))))))

  (func (export "inlay_handle") (result i32)
    (local $mode i32)
    (drop (call $parameter (i32.const 70) (i32.const 1)))
    (local.set $mode (i32.load8_u (i32.const 1024)))
    (if (i32.eq (local.get $mode) (i32.const 108)) (then
      (drop (call $call_input (i32.const 0) (i32.const 32)))
      (call $show) (call $sum)
      (return (call $respond (i32.const 16) (i32.const 1)))))
    (if (call $open (i32.const 1024) (call $parameter (i32.const 64) (i32.const 6)) (i32.const 32)) (then unreachable))
    (call $show)
    (call $often
      (select (i32.const 10) (i32.const 1) (i32.lt_u (local.get $mode) (i32.const 97)))
      (i32.eq (i32.or (local.get $mode) (i32.const 32)) (i32.const 99)))
    (i32.const 0)))
