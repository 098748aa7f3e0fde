#!/bin/bash
# SPDX-License-Identifier: ISC
# mutants.sh [WORD] - put each mutant of mutants.txt (those with WORD in their name) into fat/volume or
# fat/layout, and see that test-fat-crash or test-fat-layout finds something broken. Takes the libraries
# from $CAIRN_BUILD (build/release).
. "$(dirname "$0")/../../lib.sh"
. "$(dirname "$0")/../../crash/mutants.sh"

mutant_try() { # N
    local at=$scratch/$1 tests=$build_dir/tests/fat lib=$build_dir/lib dir args test
    dir=$(cat "$at.dir")
    eval "args=($(cat "$at.args"))"
    test=("$tests/crash/CMakeFiles/test-fat-crash.dir/main.c.o" "$lib/libcairn-crash.a")
    if [ "$dir" = layout ]; then test=("$tests"/CMakeFiles/test-fat-layout.dir/*.o); fi
    gcc -O1 -std=c11 -w -ffreestanding -iquote "$cairn_root/fat/$dir" -I"$cairn_root/base/include" \
        -I"$cairn_root/block/include" -I"$cairn_root/fat/include" -c "$at.c" -o "$at.o" &&
        gcc "${test[@]}" "$at.o" "$lib"/libcairn-{fat,block,base,base-host,base,tape}.a \
            -lcheck_pic -lsubunit -lrt -lm -lpthread -o "$at.test" ||
        return
    if [ "$dir" = layout ]; then
        CK_RUN_CASE=${args[0]} timeout 200 "$at.test" >"$at.log" 2>&1 || true
    else
        timeout 200 "$at.test" "${args[@]}" --jobs 1 >"$at.log" 2>&1 || true
    fi
}

mutants_write "$(dirname "$0")/mutants.txt" fat volume ||
    { fail "mutants" "mutants.txt does not fit fat/volume" && finish; }
mutants_try "${1:-}"
mutants_report
finish
