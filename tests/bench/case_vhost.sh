#!/bin/bash
# SPDX-License-Identifier: ISC
# Reads of 4 KiB of a file in memory, served by qemu-storage-daemon over vhost-user: by Cairn, by a
# bare loop, and by qemu-img, which has the file without a server between. Links the libraries of the
# release build.
. "$(dirname "$0")/lib.sh"

socket=$work/vhost.sock
pid=""
trap '[ -z "$pid" ] || kill "$pid"' EXIT

program vhost
head -c 64M /dev/urandom >"$work/disk"

serve() { # BLOCKDEV_AS_JSON
    qemu-storage-daemon --pidfile "$work/vhost.pid" --blockdev "$1" \
        --export "type=vhost-user-blk,id=e,node-name=disk,num-queues=2,addr.type=unix,addr.path=$socket" &
    pid=$!
    until [ -e "$work/vhost.pid" ]; do sleep 0.05 && kill -0 "$pid"; done
}

serve_end() {
    kill "$pid" && wait "$pid" || true
    pid=""
    rm -f "$socket" "$work/vhost.pid"
}

# $runs runs: the least time of each row, and the ratios to the bare loop of all runs.
queue_rows() {
    for _ in $(seq "$runs"); do "$work/vhost" "$socket" 4000; done | awk '
        / at once/ { depth = $0; next }
        { key = depth "\n" substr($0, 1, 46); split(substr($0, 47), part)
          if (!(key in least)) keys[++count] = key
          if (!(key in least) || part[1] < least[key]) least[key] = part[1]
          ratios[key] = ratios[key] " " part[4]
          if (part[5] > kicks[key]) kicks[key] = part[5] }
        END { for (i = 1; i <= count; i++) { split(keys[i], name, "\n")
                  if (name[1] != depth) print depth = name[1]
                  printf "%s %10.1f us  x%s  %5.2f kicks\n", name[2], least[keys[i]], ratios[keys[i]], kicks[keys[i]] } }'
}

image_row() { # DEPTH
    local seconds
    seconds=$(qemu-img bench -f raw -i io_uring -c 200000 -d "$1" -s 4096 -S 32768 "$work/disk" |
        sed -nE 's/Run completed in ([0-9.]+) seconds.*/\1/p')
    awk -v s="$seconds" -v d="$1" 'BEGIN {
        printf "  %-44s %10.1f us\n", "qemu-img bench, no server, " d " in flight", s * 1e6 / 200000 * d }'
}

title "Reads of 4 KiB over vhost-user, io_uring below: medians of batches, the ratios of each run"
serve '{"driver": "file", "filename": "'"$work"'/disk", "aio": "io_uring", "read-only": true, "node-name": "disk"}'
queue_rows
serve_end
image_row 1
image_row 32

title "The same of a disk that does nothing (null-co): what is left is the queue"
serve '{"driver": "null-co", "size": 67108864, "read-only": true, "node-name": "disk"}'
queue_rows
serve_end
