#!/bin/bash
# SPDX-License-Identifier: ISC
# clang-tidy, with the checks of .clang-tidy, over every library and the command line.
. "$(dirname "$0")/lib.sh"

# Of planted.c alone, when it is there: the others cost a minute.
check() {
    local found list
    list=$(cd "$root" && ls planted.c 2>/dev/null ||
        sources 'base/*.c' 'block/*.c' 'fat/*.c' 'image/*.c' 'tools/*.c')
    # The commands are gcc's: clang-tidy takes them, but not gcc's own header folder.
    found=$(cd "$root" && sed "s,-isystem $(gcc -print-file-name=include),-isystem $(clang -print-file-name=include),g" \
        "$build/compile_commands.json" >"$scratch/compile_commands.json" &&
        xargs -P "$(nproc)" -n 4 clang-tidy -p "$scratch" --quiet <<<"$list" 2>/dev/null |
        grep -E '(warning|error):' | sed "s,^$root/,," | sort -u)
    [ -z "$found" ] || { echo "$found" && return 1; }
}

plant_use_after_check() {
    cat >"$root/planted.c" <<'C'
int cairn_planted(int *p);
int cairn_planted(int *p)
{
    if (!p) {
        return *p;
    }
    return 0;
}
C
    expect='planted.c:5:.*null'
}

gate "$@"
