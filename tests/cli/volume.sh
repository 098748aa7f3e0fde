#!/bin/bash
# SPDX-License-Identifier: ISC
# What a volume does not say of itself: code page, short names, zone of its times.
. "$(dirname "$0")/lib.sh"

number() { # IMAGE OFFSET: two bytes of it
    od -An -tu2 -j"$2" -N2 "$1"
}
field() { # IMAGE OFFSET BYTES: of the root's first slot, in hexadecimal
    od -An -tx1 -j$((($(number "$1" 14) + 2 * $(number "$1" 22)) * 512 + $2)) -N"$3" "$1" | tr -d ' \n'
}

run format --quiet --size=1440K --type=12 a.img && expect 0
cp a.img plain.img

# Names.
run touch a.img:/READ.TXT && expect 0
run ls --short-names=lower a.img && expect 0 '^read.txt$'
run ls --short-names=win95 a.img && expect 0 '^READ.TXT$'
cp plain.img a.img
run touch --short-names=winnt a.img:/read.txt && expect 0
same 'winnt stores case bits' "$(field a.img 0 13)" 52454144202020205458542018
run ls a.img && expect 0 '^read.txt$'
run find --short-names=win95 a.img && expect 0 'READ.TXT$'
run tree --short-names=win95 a.img && expect 0 'READ.TXT'
run cat --short-names=win95 a.img:/read.txt && expect 0
cp plain.img a.img
run touch a.img:/read.txt && expect 0
same 'mixed stores a long name' "$(field a.img 11 1)" 0f
cp plain.img a.img
run mkdir --no-numeric-tail 'a.img:/a long name' && expect 0
run ls --alias a.img && expect 0 '^ALONGNAM '
run mv --codepage=866 'a.img:/a long name' a.img:/имя && expect 0
run ls --alias --codepage=866 a.img && expect 0 '^ИМЯ '
run ls --codepage=932 a.img && refuses 2 'one byte a character'
run ls --codepage=x a.img && refuses 2 'codepage'
run ls --short-names=upper a.img && refuses 2 'lower, win95, winnt or mixed'

# Times: those of the volume are local, those of the command line are UTC.
cp plain.img a.img
run touch --tz=+05:30 --time=2024-05-01T12:00:00Z a.img:/T && expect 0
run ls -l a.img && expect 0 '2024-05-01 17:30:00  T$'
run ls -l --tz=+05:30 a.img && expect 0 '2024-05-01 12:00:00  T$'
run ls -l --tz=-02:00 a.img && expect 0 '2024-05-01 19:30:00  T$'
run ls -l --tz=local a.img && expect 0 '2024-05-01 08:30:00  T$'
run extract --quiet --tz=+05:30 a.img out && expect 0
same 'extract sets the time' "$(stat -c %Y out/T)" 1714564800
run touch -t 2024-05-01T17:30:00Z a.img:/U && expect 0
run cp -p --tz=+05:30 out/T a.img:/V && expect 0
run ls -l a.img && expect 0 '2024-05-01 17:30:00  V$'
run touch --time=1970-01-01 a.img:/T && expect 0
run ls -l a.img && expect 0 '1980-01-01 00:00:00  T$'
run touch --time=2200-01-01 a.img:/T && expect 0
run ls -l a.img && expect 0 '2107-12-31 23:59:58  T$'
for zone in utc +5:30 +05:3 05:30 +05:60 +25:00 +05-30 ''; do
    run ls --tz="$zone" a.img && refuses 2 'UTC, local'
done

# Builds.
mkdir src && : >src/имя.txt && touch -d 2024-05-01T12:00:00Z src/имя.txt
run build --quiet --tz=+05:30 --codepage=866 src b.img && expect 0
run ls -l --tz=+05:30 b.img && expect 0 '2024-05-01 12:00:00'
run ls --alias --codepage=866 b.img && expect 0 '^ИМЯ.TXT '
run build --plan --json --codepage=866 src && expect 0 '"alias": "ИМЯ.TXT"'
run build --codepage=936 src b.img && refuses 2 'one byte a character'
export SOURCE_DATE_EPOCH=1714564800
run format --quiet --size=1440K --type=12 --tz=+01:00 --label=L c.img && expect 0
same 'format: 13:00, the first of May 2024' "$(field c.img 22 4)" 0068a158
finish
