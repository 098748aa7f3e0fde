#!/bin/bash
# SPDX-License-Identifier: ISC
# hard_tree.sh FOLDER - make a folder of what FAT implementations get wrong: the names, sizes, depths
# and times that a FAT volume can hold and that are easily mistaken. The same tree each time.
set -euo pipefail
export LC_ALL=C.UTF-8
mkdir -p "$1"
cd "$1"

put() { # NAME [BYTES]: that many bytes that tell where in which file they are
    mkdir -p "$(dirname "$1")"
    awk -v name="$1" -v bytes="${2:-20}" 'BEGIN {
        for (n = 0; n < bytes; n += length(line)) { line = n " " name "\n"; printf "%s", line }
    }' | head -c "${2:-20}" >"$1" || true
}

# Short names with their NT case bits, and what only looks like one.
for name in README.TXT lower.txt Readme.txt.d/Readme.txt MAKE.c make.H .profile a.b.c a..b 8CHARS.x \
    '9 chars.x' noext UPPER x.y.z.tar.gz 12345678.123 123456789.12 A.1234 'tilde~1.txt' 'TILDE~1.TX'; do
    put "short/$name"
done

# Characters: two and four bytes of UTF-8, surrogates, composed and decomposed, all that only long
# names allow, and the code page's own.
for name in 'größe.txt' 'GRÖSSE.TXT' '日本語のファイル.txt' '😀 emoji.txt' '😀😁😂' 'Ångström' 'é.nfc' 'é.nfd' \
    'привет.txt' 'πρόλογος' 'plus+comma,semi;equal=[brackets].txt' " leading space" 'in  side' 'ß' 'ǆ.lj' \
    '%percent & $dollar !bang #hash @at `tick` {brace} ^~.txt' "quote's" '한국어' 'עברית' 'å' $'\u00e5.x'; do
    put "letters/$name"
done

# Lengths: one unit short of, at, and beyond each number of long slots; the longest there is.
for units in 1 8 9 12 13 14 25 26 27 39 200 254 255; do
    put "lengths/$(printf "%0${units}d" 0 | tr 0 n)"
done
put "lengths/$(printf '😀%.0s' {1..63})" # 126 units

# One basis for many aliases, also by the alias of another.
for n in {1..150}; do put "alike/file number $n.txt" "$n"; done
put 'alike/FILENU~1.TXT'
put 'alike/FILENU~9.TXT'

# Sizes around sectors and clusters.
for bytes in 0 1 511 512 513 2047 2048 2049 4095 4096 4097 32768 65536 65537 300000; do
    put "sizes/$bytes.bin" "$bytes"
done

mkdir -p empty/of/all deep
(
    cd deep
    for n in {1..40}; do mkdir "level $n" && cd "level $n"; done
    put 'at the bottom.txt'
)

put 'read only.txt'
chmod 444 'read only.txt' 'short/README.TXT'

# Times: FAT counts two seconds from 1980 to 2107.
find . -exec touch -h -d '2024-02-29 12:34:56Z' {} +
touch -d '1980-01-01 00:00:00Z' sizes/0.bin
touch -d '2107-12-31 23:59:58Z' sizes/1.bin
touch -d '2000-02-29 23:59:58Z' sizes
