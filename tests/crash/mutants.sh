# SPDX-License-Identifier: ISC
# For the mutants.sh of a proof, which sources this behind lib.sh: puts each mutant of a list into the
# code, and sees that the proof finds something broken.
#
# A list begins with a paragraph of prose. A mutant is its name, its file (as FOLDER/FILE in another
# folder than the proof's usual one) and the test's arguments (where the usual ones would take long to
# come to it), the lines that are replaced ("-", found exactly once) and what replaces them ("+").

build_dir=$(realpath "${CAIRN_BUILD:-$cairn_root/build/release}")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# Mutant number N of LIST for files of MODULE, whose usual folder is DIR: its name into
# $scratch/N.name, its folder into N.dir, the test's arguments into N.args, the changed file into N.c.
mutants_write() { # LIST MODULE DIR
    perl -0777 -e '
        my ($list, $root, $usual, $scratch, $n) = (@ARGV, 0);
        open my $in, "<", $list or die "$list: $!\n";
        my (undef, @blocks) = split /\n\n/, <$in>;
        for (@blocks) {
            my ($name, $where, @lines) = split /\n/;
            my ($dir, $file, $args) = $where =~ m{^(?:(\w+)/)?(\S+)(?: (.*))?$};
            $dir //= $usual;
            my $old = join "", map { /^-(.*)/ ? "$1\n" : () } @lines;
            my $new = join "", map { /^\+(.*)/ ? "$1\n" : () } @lines;
            open my $source, "<", "$root/$dir/$file" or die "$dir/$file: $!\n";
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
        }' "$1" "$cairn_root/$2" "$3" "$scratch"
}

# mutant_try N, which the proof defines, builds N.c and leaves what its test says in N.log.
mutant_judge() { # N
    mutant_try "$1" >"$scratch/$1.build" 2>&1 || true
    grep -A 3 '^BROKEN\|^again: \|:[FE]:' "$scratch/$1.log" >"$scratch/$1.found" || rm "$scratch/$1.found"
}

mutants_numbers() {
    ls "$scratch" | sed -n 's/\.name$//p' | sort -n
}

# Those with WORD in their name, two at a time.
mutants_try() { # WORD
    local jobs=0 n
    for n in $(mutants_numbers); do
        grep -q -- "$1" "$scratch/$n.name" || { rm "$scratch/$n.name" && continue; }
        mutant_judge "$n" &
        jobs=$((jobs + 1))
        [ $jobs -lt 2 ] || { wait -n && jobs=$((jobs - 1)); } || jobs=$((jobs - 1))
    done
    wait
}

mutants_report() {
    local n title
    for n in $(mutants_numbers); do
        title="without: $(cat "$scratch/$n.name")"
        if [ -f "$scratch/$n.found" ]; then
            pass "$title"
        else
            fail "$title" "nothing is found broken: $(tail -n 3 "$scratch/$n.log" "$scratch/$n.build")"
        fi
    done
}
