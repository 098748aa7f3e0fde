#!/bin/sh
# SPDX-License-Identifier: ISC
# What we build, judged by programs that we did not write: fsck.fat finds nothing, mtools reads back
# every byte, and an archive of a folder gives the folder's image.
set -eu

tool=$1
for need in fsck.fat mcopy mdir tar; do
    command -v "$need" >/dev/null || { echo "skipped: no $need" && exit 77; }
done
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
export MTOOLS_SKIP_CHECK=1 LC_ALL=C.UTF-8

fail() {
    echo "FAIL: $*" >&2
    exit 1
}

make_source() {
    mkdir -p source/EFI/BOOT source/empty "source/a long directory name/b/c/d"
    : >source/nothing
    echo hello >source/README
    echo short >source/short.txt
    echo mixed >source/Mixed.Txt
    echo long >"source/a long file name with spaces.text"
    echo accent >"source/été.txt"
    echo smile >"source/☺.txt"
    head -c 4096 /dev/urandom >source/EFI/BOOT/BOOTX64.EFI
    head -c 700001 /dev/urandom >"source/a long directory name/large.bin"
    head -c 5000 /dev/urandom >"source/a long directory name/b/c/d/deep.dat"
    for i in $(seq 100); do echo "$i" >"source/EFI/file number $i.txt"; done
    chmod a-w source/README
}

# judge NAME OPTIONS...: build with them and compare what mtools reads with the source.
judge() {
    name=$1
    shift
    "$tool" "$@" source image 2>log || fail "$name: $(cat log)"
    fsck.fat -n image >log 2>&1 || fail "$name: $(cat log)"
    rm -rf back && mkdir back
    mcopy -s -Q -i image '::/*' back/ </dev/null || fail "$name: mcopy"
    diff -r source back || fail "$name: contents differ"
}

make_source
judge plain
judge label -l "SOME LABEL"
mdir -i image :: | grep -q "is SOME LABEL" || fail "no label"
judge fat12 -t 12
judge fat16 -t 16 -f 20000000
judge fat32 -t 32
judge fat32-4k -t 32 -c 4096
for cluster in 512 1024 2048 8192 65536; do judge "clusters of $cluster" -c "$cluster"; done
for size in 1500000 2880000 16777216 134217728 1073741824; do judge "size $size" -s "$size"; done
judge "with room" -f 10000000

"$tool" source image 2>log
tar cf source.tar -C source .
"$tool" source.tar from-tar 2>log
cmp image from-tar || fail "an archive differs from its folder"
gzip <source.tar | "$tool" - from-stdin 2>log
cmp image from-stdin || fail "an archive on standard input differs"
"$tool" source - 2>log | cmp - image || fail "a pipe differs"
"$tool" -j 8 source threads 2>log
cmp image threads || fail "threads make a difference"

tar cf linked.tar -C source README --transform 's/README/first/' README
echo later >second
tar rf linked.tar --transform 's/second/README/' second
"$tool" linked.tar linked 2>log
[ "$(mcopy -i linked ::/README -)" = later ] || fail "a later entry does not replace an earlier"
tar cPf evil.tar ../"$(basename "$dir")"/second
if "$tool" evil.tar evil 2>log; then fail "a path out of the archive is taken"; fi
grep -q "leaves the archive" log || fail "no notice of it"
[ ! -e evil ] || fail "something was written"

rm -rf source && mkdir source
for i in $(seq 20000); do : >"source/file number $i.txt"; done
judge "20,000 names alike"
echo ok
