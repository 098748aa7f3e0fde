# SPDX-License-Identifier: ISC
# For the cases of tests/bench. `run` sets $work (in memory), $cairn, $timeit, $bare, $runs.
set -euo pipefail
export LC_ALL=C.UTF-8

median_ms="" peak_kib="" reference_ms=""

title() { # TEXT
    reference_ms=
    printf '\n%s\n' "$1"
}

# Median of $runs runs of a command, each after a shell command that is not counted.
measure() { # PREPARE COMMAND...
    local rest
    read -r median_ms rest peak_kib < <("$timeit" "$runs" "$@" 2>"$work/error" || echo "- - -")
    [ "$median_ms" != - ] || tail -n 3 "$work/error" >&2
}

# One row of the table. The first row of a title is the reference of the ratios after it.
row() { # LABEL PREPARE COMMAND...
    local label=$1
    shift
    measure "$@"
    : "${reference_ms:=$median_ms}"
    awk -v l="$label" -v t="$median_ms" -v r="$reference_ms" -v k="$peak_kib" 'BEGIN {
        if (t == "-") { printf "  %-44s failed\n", l; exit }
        printf "  %-44s %10.1f ms  x %6.2f  %8.1f MiB\n", l, t, (r > 0 ? t / r : 0), k / 1024 }'
}

# A folder of FILES files over FOLDERS folders, BYTES in all. NAME is a printf format of the number.
tree() { # FOLDER FILES FOLDERS BYTES NAME
    [ ! -d "$1" ] || return 0
    perl -e 'my ($to, $files, $folders, $bytes, $name) = @ARGV;
        mkdir $to; my $size = int($bytes / $files);
        for my $n (0 .. $files - 1) {
            my $dir = $folders > 1 ? "$to/folder " . $n % $folders : $to;
            mkdir $dir if $n < $folders && $folders > 1;
            # Sizes vary by half around the mean.
            my $length = int($size / 2 + $size * ($n * 7919 % 1000) / 1000);
            open my $f, ">", sprintf("%s/$name", $dir, $n) or die $!;
            print $f substr("$n " x ($length / (1 + length $n) + 1), 0, $length);
        }' "$@"
}

# An image of a size that holds the bytes with room to spare, made and filled by the tools in use
# everywhere.
mtools_build() { # FOLDER IMAGE KIB
    rm -f "$2" && mkfs.fat -C "$2" "$3" >/dev/null && mcopy -s -i "$2" "$1"/* ::
}
export -f mtools_build

# Compile NAME.c of this folder into $work/NAME, with the libraries of the build that is measured.
program() { # NAME
    local root lib module uring="" flags=()
    root=$(dirname "${BASH_SOURCE[0]}")/../..
    lib=$(dirname "$cairn")/../lib
    for module in base block fat image; do flags+=("-I$root/$module/include"); done
    ! pkg-config --exists liburing || uring=-luring
    gcc -O2 -D_GNU_SOURCE -I"$root" "${flags[@]}" -o "$work/$1" "$root/tests/bench/$1.c" \
        "$lib/libcairn-fat.a" "$lib/libcairn-block-host.a" "$lib/libcairn-block.a" \
        "$lib/libcairn-base.a" "$lib/libcairn-base-host.a" "$lib/libcairn-base.a" $uring -lpthread -ldl
}
