#!/bin/bash
# SPDX-License-Identifier: ISC
# A result that is thrown away does not compile, in gcc and in clang, from a function and through a
# device's table of functions.
. "$(dirname "$0")/lib.sh"

careless='#include <cairn/blk.h>
void by_name(struct cairn_blk *dev);
void by_pointer(const struct cairn_blk_ops *ops, struct cairn_blk *dev);
void by_name(struct cairn_blk *dev)
{
    cairn_blk_flush(dev, NULL);
}
void by_pointer(const struct cairn_blk_ops *ops, struct cairn_blk *dev)
{
    ops->flush(dev, NULL);
}'

check() {
    local compiler output status=0
    for compiler in gcc clang; do
        output=$("$compiler" -x c -std=c11 -Wall -c -o "$scratch/out.o" -fno-diagnostics-color \
            -I "$root/base/include" -I "$root/block/include" - <<<"$careless" 2>&1)
        for line in 6 10; do
            grep -Eq "<stdin>:$line:.*unused" <<<"$output" && continue
            echo "$compiler: an ignored result in line $line passes:"
            echo "$careless"
            status=1
        done
    done
    return $status
}

plant_function() {
    sed -i '/cairn_blk_flush(/,/;/s/ *CAIRN_MUST_USE//; s/define CAIRN_MUST_USE_TYPE .*/define CAIRN_MUST_USE_TYPE/' \
        "$root/block/include/cairn/blk.h" "$root/base/include/cairn/err.h"
    expect='ignored result in line 6'
}

plant_pointer() {
    sed -i '/(\*flush)/,/;/s/ *CAIRN_MUST_USE//' "$root/block/include/cairn/blk.h"
    expect='gcc: an ignored result in line 10'
}

gate "$@"
