#!/bin/bash
# SPDX-License-Identifier: ISC
# Every source file names its licence in its first two lines.
. "$(dirname "$0")/lib.sh"

programs() {
    sources '*.c' '*.h' '*.sh' '*.py' '*.cmake' '*CMakeLists.txt'
    cd "$root" && sources | xargs -d '\n' grep -lI -m1 '^#!' -- 2>/dev/null
}

check() {
    local found
    found=$(cd "$root" && programs | sort -u | xargs -d '\n' awk '
        function judge() { if (path && !named) print path ": its first two lines name no licence" }
        FNR == 1 { judge(); path = FILENAME; named = 0 }
        FNR <= 2 && /SPDX-License-Identifier: ISC/ { named = 1 }
        END { judge() }')
    [ -z "$found" ] || { echo "$found" && return 1; }
}

plant_source() {
    echo 'int cairn_planted;' >"$root/base/planted.c"
    expect='base/planted.c'
}

plant_script() {
    printf '#!/bin/sh\ntrue\n' >"$root/scripts/planted"
    expect='scripts/planted'
}

gate "$@"
