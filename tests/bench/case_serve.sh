# SPDX-License-Identifier: ISC
# Copying 1 GiB out of and into a file that `cairn serve` serves, beside nbdkit's own file plugin. Both
# run nbdkit; the copies are nbdcopy's, and the file is in the page cache. What is written is flushed at
# the end by both, as serve does that anyway.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

command -v nbdkit >/dev/null && command -v nbdcopy >/dev/null || { echo '  no nbdkit or nbdcopy here' && exit; }
[ -e "$(dirname "$cairn")/nbdkit-cairn-plugin.so" ] || { echo '  this build has no plugin' && exit; }

disk=$(mktemp -d "${TMPDIR:-/var/tmp}/cairn-bench-XXXXXX")
trap 'rm -rf "$disk"' EXIT
file=$disk/file to=$disk/to
head -c 1G /dev/urandom >"$file"
cp "$file" "$to"

title '1 GiB served from a file'
row 'nbdkit file' true nbdkit -U - file "$file" --run 'nbdcopy "$uri" null:'
row 'cairn serve' true "$cairn" serve "$file" -- nbdcopy '$uri' null:

title '1 GiB into a file that is served'
row 'nbdkit file' true nbdkit -U - file "$to" --run "nbdcopy --flush '$file' \"\$uri\""
row 'cairn serve' true "$cairn" serve --write "$to" -- nbdcopy --flush "$file" '$uri'
cmp "$file" "$to" || echo '  the copy differs'
