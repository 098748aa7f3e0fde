# SPDX-License-Identifier: ISC
# A gate looks at the tree (and what was built of it) and finds fault or not. Each gate defines
#   check           prints each fault on a line of its own, prefixed by its place; returns 1 then
#   plant_<what>    puts one defect into the copy of the tree in $root, and sets `expect` to words
#                   that the gate must say about it (an extended regular expression)
# and ends with `gate "$@"`. `gate.sh` checks the repository, `gate.sh --planted` checks that each
# planted defect is found, so that a gate which checks nothing is seen.
#
# Gates over built things take them from $build (environment CAIRN_BUILD, default build/release).
set -uo pipefail
export LC_ALL=C.UTF-8

repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
root=$repository
build=$(realpath -m "${CAIRN_BUILD:-$repository/build/release}")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# Reading a clone of another user's is harmless here, and git must not list nothing instead.
tree_git() {
    git -c safe.directory='*' "$@"
}

# The files of the tree that fit the patterns, relative to $root; of the repository only what git
# knows or would add, so that editors' and build's droppings do not count.
sources() { # PATTERN...
    (cd "$root" && tree_git ls-files -co --exclude-standard -- "$@" | sort -u |
        while IFS= read -r path; do [ -f "$path" ] && printf '%s\n' "$path"; done)
}

tree_copy() {
    mkdir -p "$1"
    (cd "$repository" && tree_git ls-files -z -co --exclude-standard | tar -c --null -T - \
        --ignore-failed-read 2>/dev/null) | tar -x -C "$1"
    git -C "$1" init -q
}

planted() {
    local plant output status=0
    for plant in $(declare -F | sed -n 's/^declare -f \(plant_.*\)/\1/p'); do
        root=$scratch/$plant
        tree_copy "$root"
        expect=
        "$plant" || { echo "$plant: could not plant its defect" && status=1 && continue; }
        if output=$(check 2>&1); then
            echo "$plant: the planted defect was not found"
            status=1
        elif ! grep -Eq -- "$expect" <<<"$output"; then
            printf '%s: the gate failed without saying "%s":\n%s\n' "$plant" "$expect" "$output"
            status=1
        fi
        rm -rf "$root"
    done
    return $status
}

gate() {
    [ -n "$(sources 'base/*.c')" ] || { echo "git lists no sources in $root" && exit 1; }
    case ${1:-} in
    '') check ;;
    --planted) planted ;;
    *) echo "usage: $0 [--planted]" >&2 && exit 2 ;;
    esac
}
