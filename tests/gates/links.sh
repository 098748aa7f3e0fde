#!/bin/bash
# SPDX-License-Identifier: ISC
# Links between the project's own documents lead somewhere, and every folder of sources has its map.
. "$(dirname "$0")/lib.sh"

check() {
    local path target status=0
    while IFS= read -r path; do
        while IFS= read -r target; do
            [[ $target =~ ^(https?:|mailto:|$) ]] && continue
            [ -e "$root/$(dirname "$path")/$target" ] && continue
            echo "$path: links to $target, which is not there"
            status=1
        done < <(grep -oE '\]\([^)#]*' "$root/$path" | cut -c 3-)
    done < <(sources '*.md')
    while IFS= read -r path; do
        [ -f "$root/$path/README.md" ] || { echo "$path/: has no README.md" && status=1; }
    done < <(cd "$root" && printf '%s\n' base block fat kv image serve tools tests scripts docs fixtures)
    return $status
}

plant_dead_link() {
    echo 'See [the plan](docs/nowhere.md).' >>"$root/README.md"
    expect='README.md: links to docs/nowhere.md'
}

plant_no_map() {
    rm -f "$root/base/README.md"
    expect='base/: has no README.md'
}

gate "$@"
