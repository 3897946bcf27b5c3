;; A component without its closing bracket: what follows says whether its instances may be used again.
(component
    (core module $m
        (memory (export "memory") 1)
        (func (export "realloc") (param i32 i32 i32 i32) (result i32) i32.const 1024)
        (func (export "f") (param i32 i32 i32) (result i32)
            (i32.store (i32.const 0) (local.get 0))
            (i32.store (i32.const 4) (local.get 1))
            (i32.store (i32.const 8) (local.get 2))
            (i32.const 0)))
    (core instance $i (instantiate $m))
    (type $place' (record (field "path" string) (field "line" u32)))
    (component $shim
        (import "place" (type $place (eq $place')))
        (import "f" (func $f (param "at" $place) (result $place)))
        (export $out "place" (type $place))
        (export "f" (func $f) (func (param "at" $out) (result $out))))
    (func $f (param "at" $place') (result $place')
        (canon lift (core func $i "f") (memory $i "memory") (realloc (func $i "realloc"))))
    (instance $api (instantiate $shim (with "place" (type $place')) (with "f" (func $f))))
    (export "bench:echo/api@0.1.0" (instance $api))
