#!/bin/bash
# SPDX-License-Identifier: ISC
# Functions and files stay short: none over the limit, and the median function below its own. With
# --report prints the figures. Tables (*_table.c, *_table.h) and tests are measured, tables excused.
. "$(dirname "$0")/lib.sh"

function_max=70
function_median_max=12
file_max=600

functions() { # lines path name
    (cd "$root" && sources 'base/*.c' 'block/*.c' 'fat/*.c' 'kv/*.c' 'image/*.c' 'serve/*.c' 'tools/*.c' "$@" |
        ctags -f - -L - --languages=C --kinds-C=f --fields=+ne --excmd=number 2>/dev/null) |
        perl -F'\t' -lane '/\tline:(\d+)/ or next; $start = $1; /\tend:(\d+)/ or next;
            print $1 - $start + 1, " $F[1] $F[0]"' | sort -n
}

files() { # lines path
    (cd "$root" && sources '*.c' '*.h' | grep -v '_table\.[ch]$' | xargs -d '\n' wc -l) |
        awk '$2 != "total" { print $1, $2 }' | sort -n
}

at() { # PERCENT, of the first column on stdin
    awk -v p="$1" '{ line[NR] = $1 } END { i = int(NR * p / 100); print line[i < 1 ? 1 : i] + 0 }'
}

report() {
    local list
    list=$(functions)
    echo "functions: $(wc -l <<<"$list"), lines median $(at 50 <<<"$list"), 95th $(at 95 <<<"$list")," \
        "longest $(tail -n 1 <<<"$list")"
    list=$(files)
    echo "files: $(wc -l <<<"$list"), lines median $(at 50 <<<"$list"), longest $(tail -n 1 <<<"$list")"
}

check() {
    local found median
    found=$(
        functions 'tests/*.c' | awk -v max=$function_max \
            '$1 > max { print $2 ": function " $3 " has " $1 " lines, more than " max }'
        files | awk -v max=$file_max '$1 > max { print $2 ": has " $1 " lines, more than " max }'
    )
    median=$(functions | at 50)
    [ "$median" -le $function_median_max ] ||
        found+=$'\n'"the median function has $median lines, more than $function_median_max"
    [ -z "$found" ] || { echo "$found" && return 1; }
}

plant_function() {
    {
        printf 'int cairn_planted(int a)\n{\n'
        printf '    a += %s;\n' {1..80}
        printf '    return a;\n}\n'
    } >>"$root/base/err.c"
    expect='base/err.c: function cairn_planted'
}

plant_file() {
    printf '/* filler %s */\n' {1..700} >>"$root/base/include/cairn/def.h"
    expect='def.h: has 7'
}

[ "${1:-}" = --report ] && report && exit
gate "$@"
