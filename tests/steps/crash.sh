#!/bin/bash
# SPDX-License-Identifier: ISC
# crash.sh [--long] - every state that a power cut may leave of a FAT volume (tests/fat/crash) and of a
# key-value store (tests/kv/crash). With --mutants: that pieces taken out of their crash order are found.
. "$(dirname "$0")/../lib.sh"
try "build release" build release
[ "$results_failed" -eq 0 ] || finish
if [ "${1:-}" = --mutants ]; then
    for proof in fat kv; do
        log=$("$cairn_root/tests/$proof/crash/mutants.sh") || fail "$proof" "a fault that was planted is not found"
        echo "$log"
        results_passed=$((results_passed + $(grep -c '^ok ' <<<"$log")))
    done
    finish
fi
for proof in fat kv; do
    if "$cairn_root/build/release/bin/test-$proof-crash" "$@"; then
        pass "$proof: every state that a cut may leave"
    else
        fail "$proof: every state that a cut may leave" "see above what was done and what is wrong"
    fi
done
finish
