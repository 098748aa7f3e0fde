#!/bin/bash
# SPDX-License-Identifier: ISC
# Cairn's options of names and times against those of the Linux kernel's vfat: what one stores, the
# other must store to the byte; what is shown must be the same. docs/vfat.md lists what differs, and
# why; nothing else may.
. "$(dirname "$0")/../lib.sh"

here=$cairn_root/tests/oracle
cairn=$cairn_root/build/release/bin/cairn
work=$(mktemp -d)
trap '"$here/vfat" stop; rm -rf "$work"' EXIT
pages=(437 737 775 850 852 855 857 860 861 862 863 864 865 866 869 874 1250 1251 1255)
all='rw,utf8,tz=UTC'

same() { # TEST WANTED GOT
    if cmp -s "$2" "$3"; then
        pass "$1"
    else
        fail "$1" "$(diff "$2" "$3" | head -n 20)"
    fi
}

healthy() { # TEST IMAGE
    try "$1: cairn check" "$cairn" check --quiet "$2"
    try "$1: fsck.fat" fsck.fat -n "$2"
}

empty() { # IMAGE
    rm -f "$1"
    "$cairn" format --quiet --size=16M --type=12 --cluster=16K --id=1 "$1"
}

# ---- work for the guest ---------------------------------------------------------------------------

guest=$work/guest.sh
guest_begin() {
    cat >"$guest" <<'EOF'
again() { cd / && umount /mnt && mount -t vfat -o "$1" /dev/vda /mnt && cd /mnt; }
makes() { mkdir "$1"; while IFS= read -r name; do : >"$1/$name"; done; }
EOF
}
guest_makes() { # OPTIONS FOLDER NAMES: FILE
    printf 'again %s\nmakes %s <<"EOF"\n%s\nEOF\n' "$1" "$2" "$(<"$3")" >>"$guest"
}
guest_lists() { # OPTIONS TITLE
    printf 'again %s\nfor f in *; do echo "%s $f"; done\n' "$1" "$2" >>"$guest"
}
guest_run() { # IMAGE
    "$here/vfat" run "$1" "$guest" -o "$all"
}

cairn_makes() { # IMAGE FOLDER NAMES: FILE; OPTION...
    local image=$1 folder=$2 names=() name
    while IFS= read -r name; do names+=("$image:/$folder/$name"); done <"$3"
    "$cairn" mkdir "${@:4}" "$image:/$folder" && "$cairn" touch "${@:4}" "${names[@]}"
}

# ---- how names are stored -------------------------------------------------------------------------

# In this order; those of the same beginning take all tails of one digit.
names_list() {
    printf '%s\n' UPPER.TXT lower.txt Mixed.Txt HALF.txt half2.TXT NOEXT noext2 a 'with space.txt' \
        two.dots.txt .leading ..x.y 'a+b.txt' '[c].txt' 'trail~1.x' toolongext.html 'é.txt' 'Ü.TXT' \
        'ÄÖ.txt' 'имя.txt' '日本.txt' '😀.txt' 'é+.txt' 12345678.123 a.b.c .profile \
        'ALONGN~1.TXT' 'a long name.txt' 'a long name.text' "$(printf '%0255d' 0)"
    printf 'ABCDEFGHI%s.txt\n' 1 2 3 4 5 6 7 8 9
    printf 'Ab Cdefgh%s.txt\n' 1 2 3 4 5 6 7 8 9
    printf 'ab c%s\n' 1 2 3
}

stored() {
    local n=0 policy tail page cairn_tail
    names_list >"$work/names"
    empty "$work/linux.img" && empty "$work/cairn.img"
    guest_begin
    for policy in lower win95 winnt mixed ''; do
        for tail in '' ,nonumtail; do
            for page in 437 850 866; do
                guest_makes "$all,codepage=$page$tail${policy:+,shortname=$policy}" D$n "$work/names"
                cairn_tail=${tail:+--no-numeric-tail}
                cairn_makes "$work/cairn.img" D$n "$work/names" --codepage=$page $cairn_tail \
                    ${policy:+--short-names=$policy}
                n=$((n + 1))
            done
        done
    done
    guest_run "$work/linux.img" >"$work/said"
    same "Linux makes every name" /dev/null "$work/said"
    "$here/slots" names "$work/linux.img" >"$work/wanted"
    "$here/slots" names "$work/cairn.img" >"$work/got"
    same "$n combinations of short names, tails, code pages: the same slots" "$work/wanted" "$work/got"
    healthy 'combinations, by Linux' "$work/linux.img"
    healthy 'combinations, by Cairn' "$work/cairn.img"
}

# ---- code pages -----------------------------------------------------------------------------------

# A name for every character of the upper half, told apart by its byte.
page_names() { # PAGE
    local byte char
    for ((byte = 0x80; byte < 0x100; byte++)); do
        char=$(printf "\\x$(printf %x "$byte")" | iconv -f "CP$1" -t UTF-8 2>/dev/null) || continue
        [[ $char == [[:print:]] ]] && printf '%02x%s\n' "$byte" "$char"
    done
}

aliases() { # IMAGE PAGE
    "$cairn" ls --alias --codepage="$2" "$1:/D$2" | sort -b -k 2
}

# Where Cairn's aliases may differ, which docs/vfat.md explains: letters whose upper case the page
# lacks, those whose case is not one to one, characters that Linux's table lacks.
differs_by_rule() { # PAGE NAME ALIAS-OF-LINUX ALIAS-OF-CAIRN
    local base=${2:0:2} char=${2:2} upper
    base=${base^^} upper=${char^}
    [[ $1:${2:0:2} =~ ^(874:80|1251:(88|a5)|1255:(a1|af|bf|fd|fe))$ || $char == [ıς] ]] && return
    [[ $char != "$upper" && $4 == "${base}_~1" ]] || return 1
    ! iconv -f UTF-8 -t "CP$1" <<<"$upper" >/dev/null 2>&1 || [[ ${upper,} != "$char" ]]
}

page_compare() { # PAGE
    local alias name other_alias other_name equal=0 ruled=0 bad=
    while read -r alias name other_alias other_name; do
        if [[ $name == "$other_name" && $alias == "$other_alias" ]]; then
            equal=$((equal + 1))
        elif [[ $name == "$other_name" ]] && differs_by_rule "$1" "$name" "$alias" "$other_alias"; then
            ruled=$((ruled + 1))
        else
            bad+=" $name: $alias, $other_name: $other_alias;"
        fi
    done < <(paste -d ' ' <(aliases "$work/linux.img" "$1") <(aliases "$work/cairn.img" "$1"))
    if [[ ! $bad && $equal -gt 64 ]]; then
        pass "code page $1: $equal aliases are Linux's, $ruled differ by rule"
    else
        fail "code page $1" "$equal equal;$bad"
    fi
}

coded() {
    local page
    empty "$work/linux.img" && empty "$work/cairn.img"
    guest_begin
    for page in "${pages[@]}"; do
        page_names "$page" >"$work/names"
        guest_makes "$all,codepage=$page" "D$page" "$work/names"
        cairn_makes "$work/cairn.img" "D$page" "$work/names" --codepage="$page"
    done
    guest_run "$work/linux.img" >"$work/said"
    same "Linux makes a name of each character" /dev/null "$work/said"
    for page in "${pages[@]}"; do page_compare "$page"; done
    healthy 'code pages, by Linux' "$work/linux.img"
    healthy 'code pages, by Cairn' "$work/cairn.img"
}

# ---- how names are shown --------------------------------------------------------------------------

# What Cairn shows for bytes without character, Linux shows as '?'. Of the bytes that only one of the
# tables has nothing is compared, nor of the I with dot, whose lower case is another letter's; and
# Linux's table of 1251 knows no lower case of Latin letters.
shown_plainly() {
    perl -CSD -ne 's/[\x{F700}-\x{F7FF}]|\\xc2\\x[89][0-9a-f]/?/g;
        s/[A-Z]/lc $&/ge if /^1251/;
        print unless /^(874 \S+ 80|1255 \S+ (AF|DF|FD|FE)|857 \S+ 98)/i' | LC_ALL=C sort
}

shown() {
    local page policy
    empty "$work/raw.img"
    "$here/slots" plant "$work/raw.img"
    guest_begin
    for page in "${pages[@]}"; do
        for policy in lower win95 winnt mixed; do
            guest_lists "ro,utf8,codepage=$page,shortname=$policy" "$page $policy"
            "$cairn" ls --codepage="$page" --short-names=$policy "$work/raw.img" | sed "s/^/$page $policy /"
        done
    done | shown_plainly >"$work/got"
    guest_run "$work/raw.img" | shown_plainly >"$work/wanted"
    same "$(wc -l <"$work/got") names of ${#pages[@]} code pages and 4 policies are shown alike" \
        "$work/wanted" "$work/got"
}

# ---- more names of one beginning than there are short tails ---------------------------------------

tailed() {
    local image
    seq -f 'the same beginning %g.text' 40 | sort >"$work/names"
    empty "$work/linux.img" && empty "$work/cairn.img"
    guest_begin
    guest_makes "$all" D "$work/names"
    guest_run "$work/linux.img" && cairn_makes "$work/cairn.img" D "$work/names"
    for image in linux cairn; do
        "$cairn" ls "$work/$image.img:/D" | sort >"$work/got"
        same "40 names alike, by $image: Cairn reads them" "$work/names" "$work/got"
        guest_begin
        echo 'cd D && for f in *; do echo "$f"; done | sort' >>"$guest"
        guest_run "$work/$image.img" >"$work/got"
        same "40 names alike, by $image: Linux reads them" "$work/names" "$work/got"
        healthy "40 names alike, by $image" "$work/$image.img"
    done
}

# ---- times ----------------------------------------------------------------------------------------

# Before the first, the first, odd seconds, both ends of a day, the last, after the last.
seconds='0 315532799 315532800 315619199 1714564801 1714521600 1714607999 4102444799 4354819199
    4354819200 5000000000'

# Minutes from UTC: as Linux is told, as Cairn is.
zones='tz=UTC:UTC time_offset=330:+05:30 time_offset=-120:-02:00 time_offset=720:+12:00'

linux_times() { # FOLDER
    printf 'for f in %s/*; do stat -c "%%n %%Y %%X" $f; done\n' "$1" >>"$guest"
}
cairn_times() { # IMAGE FOLDER ZONE
    "$cairn" ls --json --tz="$3" "$1:/$2" | FOLDER=$2 perl -MTime::Local=timegm -ne '
        sub at { my @t = reverse split /[-T:Z]/, shift; $t[4]--; timegm(@t) }
        print "$ENV{FOLDER}/$1 ", at($2), " ", at($3), "\n"
            if /"name": "(\w+)".*"modified": "([^"]+)".*"accessed": "([^"]+)"/'
}

times() {
    local zone s image n=0
    empty "$work/linux.img" && empty "$work/cairn.img"
    guest_begin
    for zone in $zones; do
        n=$((n + 1))
        printf 'again rw,utf8,%s\nmkdir Z%s\n' "${zone%%:*}" $n >>"$guest"
        "$cairn" mkdir "$work/cairn.img:/Z$n"
        for s in $seconds; do
            echo "touch -d @$s Z$n/T$s" >>"$guest"
            "$cairn" touch --tz="${zone#*:}" --time="@$s" "$work/cairn.img:/Z$n/T$s"
        done
    done
    guest_run "$work/linux.img"
    "$here/slots" times "$work/linux.img" | grep /T >"$work/wanted"
    "$here/slots" times "$work/cairn.img" | grep /T >"$work/got"
    same "$(wc -l <"$work/got") times are stored alike" "$work/wanted" "$work/got"
    for image in linux cairn; do
        guest_begin
        n=0
        for zone in $zones; do
            n=$((n + 1))
            echo "again ro,utf8,${zone%%:*}" >>"$guest" && linux_times Z$n
            cairn_times "$work/$image.img" Z$n "${zone#*:}"
        done | sort >"$work/got"
        guest_run "$work/$image.img" | sort >"$work/wanted"
        same "times stored by $image are read alike" "$work/wanted" "$work/got"
    done
}

if have "Linux vfat's options" qemu-system-x86_64 busybox cpio fsck.fat perl iconv &&
    { [ -x "$cairn" ] || { fail "Linux vfat's options" "$cairn is not built: ./test release" && false; }; }; then
    stored
    coded
    shown
    tailed
    times
fi
finish
