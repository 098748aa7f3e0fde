#!/bin/bash
# SPDX-License-Identifier: ISC
# mutants.sh [WORD] - put each mutant of mutants.txt (those with WORD in their name) into fat/volume or
# fat/layout, and see that test-fat-crash or test-fat-layout finds something broken. Takes the libraries
# from $CAIRN_BUILD (build/release).
. "$(dirname "$0")/../../lib.sh"
build_dir=$(realpath "${CAIRN_BUILD:-$cairn_root/build/release}")
mutants=$(dirname "$0")/mutants.txt
word=${1:-}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# Mutant number N: its name into $scratch/N.name, its folder of fat/ into N.dir, the test's arguments
# into N.args, the changed file into N.c.
mutants_write() {
    perl -0777 -e '
        my ($list, $fat, $scratch, $n) = (@ARGV, 0);
        open my $in, "<", $list or die "$list: $!\n";
        my (undef, @blocks) = split /\n\n/, <$in>;
        for (@blocks) {
            my ($name, $where, @lines) = split /\n/;
            my ($dir, $file, $args) = $where =~ m{^(?:(\w+)/)?(\S+)(?: (.*))?$};
            $dir //= "volume";
            my $old = join "", map { /^-(.*)/ ? "$1\n" : () } @lines;
            my $new = join "", map { /^\+(.*)/ ? "$1\n" : () } @lines;
            open my $source, "<", "$fat/$dir/$file" or die "$dir/$file: $!\n";
            my $text = <$source>;
            my $at = index $text, $old;
            die "$name: $file does not have its lines, or has them twice\n"
                if $at < 0 || index($text, $old, $at + 1) >= 0;
            substr $text, $at, length $old, $new;
            $n++;
            for my $part (["name", $name], ["dir", $dir], ["args", $args // "--quick"], ["c", $text]) {
                open my $out, ">", "$scratch/$n.$part->[0]" or die;
                print $out $part->[1];
            }
        }' "$mutants" "$cairn_root/fat" "$scratch"
}

# What is found goes into N.log; N.found is there when it is what should be.
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
    grep -A 3 '^BROKEN\|:[FE]:' "$at.log" >"$at.found" || rm "$at.found"
}

mutants_write || { fail "mutants" "mutants.txt does not fit fat/volume" && finish; }
jobs=0
for name in $(ls "$scratch" | sed -n 's/\.name$//p' | sort -n); do
    grep -q -- "$word" "$scratch/$name.name" || { rm "$scratch/$name.name" && continue; }
    mutant_try "$name" >"$scratch/$name.build" 2>&1 &
    jobs=$((jobs + 1))
    [ $jobs -lt 2 ] || { wait -n && jobs=$((jobs - 1)); } || jobs=$((jobs - 1))
done
wait
for name in $(ls "$scratch" | sed -n 's/\.name$//p' | sort -n); do
    title="without: $(cat "$scratch/$name.name")"
    if [ -f "$scratch/$name.found" ]; then
        pass "$title"
    else
        fail "$title" "nothing is found broken: $(tail -n 3 "$scratch/$name.log" "$scratch/$name.build")"
    fi
done
finish
