#!/bin/bash
# SPDX-License-Identifier: ISC
# mutants.sh [WORD] - put each mutant of mutants.txt (those with WORD in their name) into kv/native, and
# see that test-kv-crash finds something broken. Takes the libraries from $CAIRN_BUILD (build/release).
. "$(dirname "$0")/../../lib.sh"
. "$(dirname "$0")/../../crash/mutants.sh"

mutant_try() { # N
    local at=$scratch/$1 lib=$build_dir/lib args
    eval "args=($(cat "$at.args"))"
    gcc -O1 -std=c11 -w -ffreestanding -iquote "$cairn_root/kv/native" -iquote "$cairn_root/kv" \
        -I"$cairn_root" -I"$cairn_root/base/include" -I"$cairn_root/block/include" \
        -I"$cairn_root/kv/include" -c "$at.c" -o "$at.o" &&
        gcc "$build_dir/tests/kv/crash/CMakeFiles/test-kv-crash.dir/main.c.o" "$at.o" \
            "$lib"/libcairn-{kv-crash,kv,block,base,base-host,base,tape}.a -lpthread -o "$at.test" &&
        timeout 100 "$at.test" "${args[@]}" --jobs 1 >"$at.log" 2>&1
}

mutants_write "$(dirname "$0")/mutants.txt" kv native ||
    { fail "mutants" "mutants.txt does not fit kv/native" && finish; }
mutants_try "${1:-}"
mutants_report
finish
