# SPDX-License-Identifier: ISC
# Copying 1 GiB to and from an NBD server on a Unix socket, beside nbdcopy, which like our copy has
# a thread and a connection for each core. nbdkit keeps the export in its memory; the file lies on
# the disk of the temporary folder.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$here/../..
lib=$(cd "$(dirname "$cairn")/../lib" && pwd)
command -v nbdkit >/dev/null && command -v nbdcopy >/dev/null || { echo '  no nbdkit or nbdcopy here' && exit; }

disk=$(mktemp -d "${TMPDIR:-/var/tmp}/cairn-bench-XXXXXX")
stop() {
    [ ! -f "$disk/pid" ] || kill "$(cat "$disk/pid")"
    rm -rf "$disk"
}
trap stop EXIT
cmake --build "$root/build/release" --target cairn-shared >/dev/null
gcc -O2 -I"$root/base/include" -I"$root/block/include" -o "$work/copy" "$here/copy.c" \
    -L"$lib" -Wl,-rpath,"$lib" -lcairn -lpthread

file=$disk/file back=$disk/back uri="nbd+unix:///?socket=$disk/socket" threads=$(nproc)
head -c 1G /dev/urandom >"$file"
nbdkit -P "$disk/pid" -U "$disk/socket" memory 1G
until [ -S "$disk/socket" ] && [ -s "$disk/pid" ]; do sleep 0.1; done
empty="rm -f '$back'; truncate -s 1G '$back'"

title '1 GiB from a file to an NBD server'
row 'nbdcopy' true nbdcopy "$file" "$uri"
row "copy through BLOCK, $threads threads" true "$work/copy" "$file" "$uri" "$threads"
row 'copy through BLOCK, 1 thread' true "$work/copy" "$file" "$uri"

title '1 GiB from an NBD server to a file'
row 'nbdcopy' "$empty" nbdcopy "$uri" "$back"
row "copy through BLOCK, $threads threads" "$empty" "$work/copy" "$uri" "$back" "$threads"
row 'copy through BLOCK, 1 thread' "$empty" "$work/copy" "$uri" "$back"
cmp "$file" "$back" || echo '  the copy differs'
