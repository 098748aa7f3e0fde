# SPDX-License-Identifier: ISC
# The FAT library itself, on memory. Links the libraries of the release build.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

title 'The FAT library on memory: names in one directory, 2 GiB streams, random 512-byte reads'
program volume
"$work/volume"
