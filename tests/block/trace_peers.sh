#!/bin/bash
# SPDX-License-Identifier: ISC
# trace_peers.sh TRACE_TOOL: logs of writes that QEMU's blklogwrites wrote, replayed by Cairn; and
# ours by replay-log of xfstests, where that is in the PATH.
set -euo pipefail
export LC_ALL=C.UTF-8
tool=$1

command -v qemu-io >/dev/null || { echo "skipped: there is no qemu-io here" && exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
failed=0

fresh() { # NAME...
    rm -f "$@" && truncate -s 4M "$@"
}

same() { # WHAT
    if cmp disk again; then echo "ok      $1"; else echo "FAILED  $1" && failed=1; fi
}

# A drawn session on a disk below blklogwrites.
by_qemu() { # SECTOR_BYTES
    local i at
    RANDOM=$1
    {
        for i in {1..80}; do
            at=$((RANDOM % 900 * 4096))
            case $((RANDOM % 8)) in
            0) echo flush ;;
            1) echo "write -z $at $((4096 * (1 + RANDOM % 9)))" ;;
            2) echo "discard $at $((4096 * (1 + RANDOM % 9)))" ;;
            3) echo "write -f -P $((RANDOM % 256)) $at 4096" ;;
            *) echo "write -P $((RANDOM % 256)) $at $((4096 * (1 + RANDOM % 20)))" ;;
            esac
        done
    } >commands
    qemu-io --image-opts "driver=blklogwrites,log-sector-size=$1,discard=unmap,\
file.driver=file,file.filename=disk,file.discard=unmap,log.driver=file,log.filename=log" \
        <commands >said 2>&1 || { cat said && return 1; }
    ! grep -i 'error\|fail' said
}

for sector in 512 4096; do
    fresh disk again log
    by_qemu "$sector"
    "$tool" replay log again
    same "blklogwrites with sectors of $sector, replayed"
done

for block in 512 4096; do
    fresh disk again
    rm -f log && truncate -s 64M log
    "$tool" record 7 disk log "$block"
    "$tool" replay log again 'done'
    same "our log with blocks of $block, replayed"
    if command -v replay-log >/dev/null; then
        fresh again
        replay-log --log log --replay again --limit 100000 >/dev/null
        same "our log with blocks of $block, by replay-log"
    else
        echo "        replay-log of xfstests is not here"
    fi
done
exit $failed
