#!/bin/bash
# SPDX-License-Identifier: ISC
# reflink.sh TEST_BLOCK: the copies of test-block on an XFS of our own, where blocks are shared.
set -euo pipefail
test_block=$1

skip() {
    echo "skipped: $1" && exit 77
}

command -v mkfs.xfs >/dev/null || skip 'there is no mkfs.xfs here'
work=$(mktemp -d)
trap '{ ! mountpoint -q "$work/mnt" || umount "$work/mnt"; } && rm -rf "$work"' EXIT
mkdir "$work/mnt"
truncate -s 400M "$work/xfs"
mkfs.xfs -q "$work/xfs"
mount -o loop "$work/xfs" "$work/mnt" 2>/dev/null || skip 'mounting needs root and a loop device'

CK_RUN_CASE=copy CAIRN_TEST_REFLINK=1 TMPDIR=$work/mnt "$test_block"
