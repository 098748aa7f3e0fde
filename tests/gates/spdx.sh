#!/bin/bash
# SPDX-License-Identifier: ISC
# Every source file names its licence in its first two lines.
. "$(dirname "$0")/lib.sh"

check() {
    local path status=0
    while IFS= read -r path; do
        head -n 2 "$root/$path" | grep -q 'SPDX-License-Identifier: ISC' && continue
        echo "$path: its first two lines do not hold SPDX-License-Identifier: ISC"
        status=1
    done < <(
        sources '*.c' '*.h' '*.sh' '*.py' '*.cmake' '*CMakeLists.txt'
        cd "$root" && sources | xargs -d '\n' grep -lI -m1 '^#!' -- 2>/dev/null
    )
    return $status
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
