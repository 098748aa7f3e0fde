#!/bin/bash
# SPDX-License-Identifier: ISC
# doxygen reads the public headers without a warning.
. "$(dirname "$0")/lib.sh"

check() {
    local found
    found=$(cd "$root" && { cat Doxyfile; echo "OUTPUT_DIRECTORY=$scratch/doxygen"; } |
        doxygen - 2>&1 >/dev/null | sed "s,$root/,,")
    [ -z "$found" ] || { echo "$found" && return 1; }
}

plant_wrong_name() {
    printf '/** @param wrong is no parameter */\nint cairn_planted(int right);\n' \
        >>"$root/base/include/cairn/def.h"
    expect='def.h:.*wrong'
}

gate "$@"
