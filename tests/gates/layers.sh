#!/bin/bash
# SPDX-License-Identifier: ISC
# An #include runs downward or within its module: base < block < fat < kv < unikernel and
# base < block < fat < kv < image < serve < tools; of kv/ only onfat/ and its header need fat/. The core (base,
# block, fat, kv outside host/, unikernel outside unix/ and host/) includes nothing of host/, and of the system only the
# compiler's headers.
. "$(dirname "$0")/lib.sh"

# Reads paths, prints faults.
judge='
my $n = 0;
my %rank = map { $_ => $n++ } qw(base block fat kv image serve tools);
$rank{unikernel} = $rank{image}; # beside it
my %home = map { m,^(\w+)/include/(.*), ? ($2 => $1) : () } glob "*/include/cairn/*.h";
my %compiler = map { ("$_.h" => 1) } qw(stdarg stdbool stddef stdint limits);

# The module that an include names: <cairn/fat.h> is where that header lies, "fat/name.h" says it.
sub module { my ($name) = @_; $home{$name} // ($name =~ m,^(\w+)/, ? $1 : "") }

# xxhash.h is compiled freestanding behind base/shim, by one source and the shims themselves.
sub shimmed { my ($path, $name) = @_; $path =~ m,^base/shim/, || "$path $name" eq "base/hash128.c xxhash.h" }

# The one sideways edge: a directory of a FAT volume as a store.
sub on_fat { $_[0] =~ m,^kv/(onfat/|include/cairn/kv_fat\.h$), }

while (my $path = <STDIN>) {
    chomp $path;
    my ($mine) = $path =~ m,^(\w+)/,;
    next if !defined $rank{$mine};
    my $core = $path =~ m,^(base|block|fat|kv|unikernel)/, && $path !~ m,/(host|gen|unix)/,;
    open my $file, "<", $path or next;
    while (<$file>) {
        my ($kind, $name) = /^\s*#\s*include\s*([<"])([^>"]*)/ or next;
        my $theirs = module($name);
        my $fault = ($rank{$theirs} // -1) > $rank{$mine} ? "which is of a higher layer"
            : $theirs eq "fat" && $mine eq "kv" && !on_fat($path) ? "and a store stands beside FAT, not on it"
            : !$core ? next
            : $name =~ m,\bhost/, ? "and the core may not need the host"
            : $kind eq "<" && $name !~ m,^cairn/, && !$compiler{$name} && !shimmed($path, $name)
                ? "which is not the compiler'"'"'s own header" : next;
        print "$path:$.: includes $name, $fault\n";
    }
}'

check() {
    local found
    found=$(cd "$root" && sources '*.c' '*.h' | perl -e "$judge")
    [ -z "$found" ] || { echo "$found" && return 1; }
}

plant_upward() {
    echo '#include <cairn/fat.h>' >>"$root/block/front/front.c"
    expect='block/front/front.c:.*higher layer'
}

plant_private() {
    echo '#include "image/tree.h"' >>"$root/fat/codec/name.c"
    expect='fat/codec/name.c:.*higher layer'
}

plant_host() {
    echo '#include "base/host/clock.h"' >>"$root/fat/codec/name.c"
    expect='fat/codec/name.c:.*may not need the host'
}

plant_sideways() {
    echo '#include <cairn/fat.h>' >>"$root/kv/front/front.c"
    expect='kv/front/front.c:.*beside FAT'
}

plant_libc() {
    echo '#include <stdio.h>' >>"$root/base/err.c"
    expect='base/err.c:.*stdio.h'
}

gate "$@"
