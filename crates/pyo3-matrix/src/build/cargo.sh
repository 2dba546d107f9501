#!/bin/sh
# Stands in for cargo while maturin builds a wheel, and keeps what cargo says that it compiled. Everything else is cargo.
case "$1" in rustc) ;; *) exec cargo "$@" ;; esac
status=$PYO3_MATRIX_MESSAGES.status
# They say which crates the build has.
printf '%s\n' "$@" >"${PYO3_MATRIX_MESSAGES%.jsonl}.arguments"
{
  cargo "$@"
  echo $? >"$status"
} | tee "$PYO3_MATRIX_MESSAGES"
code=$(cat "$status") && rm "$status" && exit "$code"
