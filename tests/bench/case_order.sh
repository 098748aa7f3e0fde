# SPDX-License-Identifier: ISC
# What the crash order costs, in memory and on the disk of the temporary folder.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

title '10,000 files copied into an image of as many, a sync at the end: in crash order, and without'
program order
disk=$(mktemp -d "${TMPDIR:-/var/tmp}/cairn-bench-XXXXXX")
trap 'rm -rf "$disk"' EXIT
"$work/order" "$work" 'in memory'
"$work/order" "$disk" 'on disk'
