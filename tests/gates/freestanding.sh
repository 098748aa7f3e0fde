#!/bin/bash
# SPDX-License-Identifier: ISC
# Every core source is compiled freestanding, without the system's headers, and on x86_64 without a
# red zone (an interrupt on a unikernel's stack would write over it).
. "$(dirname "$0")/lib.sh"

commands=$build/compile_commands.json
flags='-ffreestanding -nostdinc'
[ "$(uname -m)" != x86_64 ] || flags+=' -mno-red-zone'

check() {
    local path line flag status=0
    while IFS= read -r path; do
        line=$(grep -F "\"command\"" "$commands" | grep -F -- "-c $repository/$path\"")
        [ -n "$line" ] || continue # a source that no target of this build compiles
        compiled=yes
        for flag in $flags; do
            grep -qF -- " $flag " <<<"$line" && continue
            echo "$path: compiled without $flag"
            status=1
        done
    done < <(sources 'base/*.c' 'block/*.c' 'fat/*.c' 'kv/*.c' 'unikernel/*.c' | grep -vE '/(host|gen|unix)/')
    [ "${compiled:-}" = yes ] || { echo "$commands: compiles none of the core" && return 1; }
    return $status
}

plant_flag() {
    sed '/base\/err\.c/s/ -nostdinc / /' "$commands" >"$scratch/commands.json"
    commands=$scratch/commands.json
    expect='base/err.c: compiled without -nostdinc'
}

gate "$@"
