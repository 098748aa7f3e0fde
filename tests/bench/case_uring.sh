#!/bin/bash
# SPDX-License-Identifier: ISC
# Random 4 KiB reads of a file on the disk (not in memory, where $work is): by io_uring, by system
# calls, by a bare ring, and by fio. Links the libraries of the release build.
. "$(dirname "$0")/lib.sh"

file=$(dirname "$cairn")/../bench-uring.img

program uring
trap 'rm -f "$file"' EXIT
head -c 1G /dev/urandom >"$file"
sync "$file"

cat "$file" >/dev/null

title "Random 4 KiB reads of 1 GiB on $(stat -f -c %T "$file"): medians of batches"
"$work/uring" "$file" 500

# fio with as many in flight: first without pause, which is the disk's limit, then in whole batches.
fio_row() { # LABEL FIO_OPTION...
    local label=$1
    shift
    fio --name=reads --filename="$file" --readonly --rw=randread --bs=4k --direct=1 --runtime=5 \
        --time_based --output-format=json "$@" |
        perl -MJSON::PP -0777 -e 'my $iops = decode_json(<STDIN>)->{jobs}[0]{read}{iops};
            printf "  %-44s %10.1f us for 64\n", $ARGV[0], 64e6 / $iops' "$label"
}
ring=(--ioengine=io_uring --iodepth=64)
echo " O_DIRECT, fio"
fio_row "io_uring, 64 in flight at all times" "${ring[@]}"
fio_row "io_uring, 64 at once" "${ring[@]}" --iodepth_batch_submit=64 \
    --iodepth_batch_complete_min=64 --iodepth_low=1
fio_row "one call after the other" --ioengine=psync
