#!/bin/bash
# SPDX-License-Identifier: ISC
# mutants.sh [WORD] - put each mutant of mutants.txt (those with WORD in their name) into fat/volume, and
# see that test-fat-crash finds something broken. Takes the libraries from $CAIRN_BUILD
# (build/release).
. "$(dirname "$0")/../../lib.sh"
build_dir=$(realpath "${CAIRN_BUILD:-$cairn_root/build/release}")
mutants=$(dirname "$0")/mutants.txt
word=${1:-}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# Mutant number N: its name into $scratch/N.name, test-fat-crash's arguments into N.args, the changed
# file into N.c.
mutants_write() {
    perl -0777 -e '
        my ($list, $volume, $scratch, $n) = (@ARGV, 0);
        open my $in, "<", $list or die "$list: $!\n";
        my (undef, @blocks) = split /\n\n/, <$in>;
        for (@blocks) {
            my ($name, $where, @lines) = split /\n/;
            my ($file, $args) = split / /, $where, 2;
            my $old = join "", map { /^-(.*)/ ? "$1\n" : () } @lines;
            my $new = join "", map { /^\+(.*)/ ? "$1\n" : () } @lines;
            open my $source, "<", "$volume/$file" or die "$volume/$file: $!\n";
            my $text = <$source>;
            my $at = index $text, $old;
            die "$name: $file does not have its lines, or has them twice\n"
                if $at < 0 || index($text, $old, $at + 1) >= 0;
            substr $text, $at, length $old, $new;
            $n++;
            for my $part (["name", $name], ["args", $args // "--quick"], ["c", $text]) {
                open my $out, ">", "$scratch/$n.$part->[0]" or die;
                print $out $part->[1];
            }
        }' "$mutants" "$cairn_root/fat/volume" "$scratch"
}

# What is found goes into N.log; N.found is there when it is what should be.
mutant_try() { # N
    local at=$scratch/$1 lib=$build_dir/lib args
    eval "args=($(cat "$scratch/$1.args"))"
    gcc -O1 -std=c11 -w -ffreestanding -iquote "$cairn_root/fat/volume" -I"$cairn_root/base/include" \
        -I"$cairn_root/block/include" -I"$cairn_root/fat/include" -c "$at.c" -o "$at.o" &&
        gcc "$build_dir"/tests/fat/crash/CMakeFiles/test-fat-crash.dir/main.c.o "$at.o" \
            "$lib"/libcairn-{crash,fat,block,base,base-host,base,tape}.a -lpthread -o "$at.test" ||
        return
    timeout 200 "$at.test" "${args[@]}" --jobs 1 >"$at.log" 2>&1 || true
    grep -A 3 '^BROKEN' "$at.log" >"$at.found" || rm "$at.found"
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
