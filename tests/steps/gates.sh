#!/bin/bash
# SPDX-License-Identifier: ISC
# gates.sh [NAME...] - the gates in tests/gates, each on the tree and on its planted defects.
. "$(dirname "$0")/../lib.sh"

gates=("$@")
[ $# -gt 0 ] || mapfile -t gates < <(cd "$cairn_root/tests/gates" && ls *.sh | sed 's/\.sh$//' | grep -vx lib)
for gate in "${gates[@]}"; do
    try "$gate" "$cairn_root/tests/gates/$gate.sh"
    try "$gate, planted" "$cairn_root/tests/gates/$gate.sh" --planted
done
finish
