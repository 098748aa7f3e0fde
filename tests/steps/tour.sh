#!/bin/bash
# SPDX-License-Identifier: ISC
# The tour in README.md says what its commands really print.
. "$(dirname "$0")/../lib.sh"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

tour() {
    sed -n '/^```console/,/^```$/p' "$cairn_root/README.md" | grep -v '^```'
}

# The commands once more, each followed by what it prints now, in a folder with fixtures/sample as
# "walk".
tour_now() {
    local line
    cp -r "$cairn_root/fixtures/sample" "$work/walk"
    chmod a-w "$work/walk/notes/keep this one.txt"
    cd "$work" || return
    PATH=$cairn_root/build/release/bin:$PATH
    while IFS= read -r line; do
        printf '$ %s\n' "$line"
        eval "$line" 2>&1 || true
    done < <(tour | sed -n 's/^\$ //p')
}

try "README.md's tour" diff <(tour) <(tour_now)
finish
