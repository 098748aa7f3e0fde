#!/bin/busybox sh
# SPDX-License-Identifier: ISC
# What a tree holds, as text to compare: run in its root, in the oracle's machine or on the host (by
# busybox there too, so that both say it alike). The root directory has no times on FAT.
find . -type f ! -perm -200 | sort | sed 's/^/read-only /'
find . -mindepth 1 -type d -exec stat -c 'directory %Y %n' {} + | sort -k 3
find . -type f -exec stat -c 'file %s %Y %n' {} + | sort -k 4
find . -type f -exec sha256sum {} + | sort -k 2
