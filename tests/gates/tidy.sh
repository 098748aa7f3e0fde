#!/bin/bash
# SPDX-License-Identifier: ISC
# clang-tidy, with the checks of .clang-tidy, over every library and the command line.
. "$(dirname "$0")/lib.sh"

# The commands are gcc's: clang takes them, but for gcc's own header folder.
commands_for_clang() {
    sed "s,-isystem $(gcc -print-file-name=include),-isystem $(clang -print-file-name=include),g" \
        "$build/compile_commands.json"
}

# What the build compiles; of a planted tree only the planted file, since all would take a minute.
files() {
    [ -f "$root/planted.c" ] && echo "$root/planted.c" && return
    sed -n "s,^ *\"file\": \"\($root/\(base\|block\|fat\|kv\|unikernel\|image\|serve\|tools\)/.*\.c\)\".*,\1,p" \
        "$build/compile_commands.json" | sort -u
}

check() {
    local found
    commands_for_clang >"$scratch/compile_commands.json"
    [ -n "$(files)" ] || { echo "$build/compile_commands.json: compiles nothing of $root" && return 1; }
    found=$(files | (cd "$root" && xargs -P "$(nproc)" -n 4 clang-tidy -p "$scratch" --quiet) 2>/dev/null |
        grep -E '(warning|error):' | sed "s,^$root/,," | sort -u)
    [ -z "$found" ] || { echo "$found" && return 1; }
}

plant_null() {
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
