#!/bin/bash
# SPDX-License-Identifier: ISC
# crash.sh [--long] - every state that a power cut may leave of a FAT volume (tests/fat/crash). With
# --mutants: that pieces taken out of its crash order are found.
. "$(dirname "$0")/../lib.sh"
try "build release" build release
[ "$results_failed" -eq 0 ] || finish
if [ "${1:-}" = --mutants ]; then exec "$cairn_root/tests/fat/crash/mutants.sh"; fi
if "$cairn_root/build/release/bin/test-fat-crash" "$@"; then
    pass "every state that a cut may leave"
else
    fail "every state that a cut may leave" "see above what was done and what is wrong"
fi
finish
