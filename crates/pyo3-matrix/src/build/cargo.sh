#!/bin/sh
# Stands in for cargo while a wheel is built, and keeps what cargo says that it compiled. Everything else is cargo.
case "$1" in rustc) shift ;; *) exec cargo "$@" ;; esac
# setuptools-rust has no way to ask for this; with maturin it stands there already.
case " $* " in *" --locked "*) ;; *) set -- --locked "$@" ;; esac
status=$PYO3_MATRIX_MESSAGES.status
# They say which crates the build has.
printf '%s\n' rustc "$@" >"${PYO3_MATRIX_MESSAGES%.jsonl}.arguments"
{
  cargo rustc "$@"
  echo $? >"$status"
} | tee "$PYO3_MATRIX_MESSAGES"
code=$(cat "$status") && rm "$status" && exit "$code"
