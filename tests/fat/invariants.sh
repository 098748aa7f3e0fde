#!/bin/bash
# SPDX-License-Identifier: ISC
# Every invariant that fat/README.md numbers has a test that cites it as "fat (N)".
. "$(dirname "$0")/../lib.sh"
rules=$(sed -n '/^## Invariants/,/^## /s/^\([0-9]*\)\. .*/\1/p' "$cairn_root/fat/README.md")
[ -n "$rules" ] || fail invariants 'fat/README.md numbers none'
for rule in $rules; do
    if grep -rqF "fat ($rule)" "$cairn_root/tests/fat" --include='*.c'; then
        pass "fat ($rule)"
    else
        fail "fat ($rule)" 'no test cites it'
    fi
done
finish
