#!/bin/bash
# SPDX-License-Identifier: ISC
# The C sources look as .clang-format says.
. "$(dirname "$0")/lib.sh"

check() {
    local found
    found=$(cd "$root" && sources '*.c' '*.h' |
        xargs -d '\n' clang-format --dry-run --style=file 2>&1 | grep -E '^[^ ].*(warning|error):')
    [ -z "$found" ] || { echo "$found" && return 1; }
}

plant_layout() {
    echo 'int cairn_planted ( void ) ;' >>"$root/base/include/cairn/def.h"
    expect='base/include/cairn/def.h'
}

gate "$@"
