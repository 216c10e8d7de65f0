;; Computes for about a millisecond, without touching memory, and answers with nothing.
(module
  (memory (export "memory") 1)
  (func (export "inlay_handle") (result i32)
    (local $left i32) (local $x i64)
    (local.set $left (i32.const 700000))
    (loop $again
      (local.set $x (i64.add (i64.mul (local.get $x) (i64.const 6364136223846793005)) (i64.const 1442695040888963407)))
      (br_if $again (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
    (i32.and (i32.wrap_i64 (local.get $x)) (i32.const 0))))
