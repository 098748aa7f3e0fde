#!/bin/bash
# SPDX-License-Identifier: ISC
# gates.sh [NAME...] - the gates in tests/gates, each on the tree and, at the same time, on its
# planted defects.
. "$(dirname "$0")/../lib.sh"

gates=("$@")
[ $# -gt 0 ] || mapfile -t gates < <(cd "$cairn_root/tests/gates" && ls *.sh | sed 's/\.sh$//' | grep -vx lib)
planted=$(mktemp)
trap 'rm -f "$planted"' EXIT

planted_says() { # STATUS
    cat "$planted"
    return "$1"
}

for gate in "${gates[@]}"; do
    "$cairn_root/tests/gates/$gate.sh" --planted >"$planted" 2>&1 &
    process=$!
    try "$gate" "$cairn_root/tests/gates/$gate.sh"
    status=0
    wait $process || status=$?
    try "$gate, planted" planted_says $status
done
finish
