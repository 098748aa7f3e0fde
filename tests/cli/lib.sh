# SPDX-License-Identifier: ISC
# For the scripts in this folder: run cairn, and say what must come of it.
#   run ls d.img          keeps $status, $out, $err
#   expect 0 'pattern'    the exit code, and a regular expression that the output has
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
set +e

cairn=$(readlink -f "$1")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 1
unset SOURCE_DATE_EPOCH NO_COLOR
export TZ=Asia/Tokyo # nothing may depend on it

run() {
    last="cairn $*"
    "$cairn" "$@" >.out 2>.err
    status=$?
    out=$(tr '\0' '@' <.out) err=$(cat .err)
}

expect() { # STATUS [PATTERN-OF-OUTPUT]
    [ "$status" -eq "$1" ] || { fail "$last" "exit $status, not $1: $out $err" && return; }
    if [ -n "${2:-}" ]; then
        grep -qE -- "$2" .out || { fail "$last" "no /$2/ in: $out" && return; }
    fi
    pass "$last"
}

# It fails with this code, one line that matches, and nothing on standard output.
refuses() { # STATUS PATTERN
    [ "$status" -eq "$1" ] || { fail "$last" "exit $status, not $1: $err" && return; }
    [ -z "$out" ] || { fail "$last" "printed: $out" && return; }
    [ "$(wc -l <.err)" -eq 1 ] || { fail "$last" "not one line: $err" && return; }
    grep -qE -- "^cairn.*$2" .err || { fail "$last" "no /$2/ in: $err" && return; }
    pass "$last"
}

same() { # NAME ACTUAL WANTED
    if [ "$2" = "$3" ]; then pass "$1"; else fail "$1" "is: $2, not: $3"; fi
}

# The volume has nothing wrong with it, by our judgement and by another's.
sound() { # IMAGE
    run check --quiet "$1"
    expect 0
    if command -v fsck.fat >/dev/null && [[ $1 != *:* ]]; then try "fsck.fat $1" fsck.fat -n "$1"; fi
}

# A small tree to work with.
tree_make() { # FOLDER
    mkdir -p "$1/sub/deep"
    echo hello >"$1/a.txt"
    echo 'a name' >"$1/Long file name.text"
    head -c 3000000 /dev/urandom >"$1/sub/big.bin"
    : >"$1/sub/deep/empty"
    touch -d '2021-03-04 05:06:08Z' "$1/a.txt"
}
