#!/bin/bash
# SPDX-License-Identifier: ISC
# What several threads do to devices and layers at once, with gcc's ThreadSanitizer.
. "$(dirname "$0")/../lib.sh"

export TSAN_OPTIONS=halt_on_error=1 # a child that raced ends as one that crashed
bin=$cairn_root/build/tsan/bin

build_tests() {
    cd "$cairn_root" && cmake --preset tsan &&
        cmake --build --preset tsan --target test-block-contract test-block test-virtio \
            test-kv-threads
}

try 'build tsan' build_tests
if [ "$results_failed" -eq 0 ]; then
    try 'threads on every stack' "$bin/test-block-contract" --rule threads
    try 'two halves on every stack' "$bin/test-block-contract" --rule begin
    try 'planted races are found' "$bin/test-block-contract" --faults
    try 'random stacks' "$bin/test-block-contract" --random 60 1000
    try 'neighbours within a block' env CK_RUN_CASE=threads "$bin/test-block"
    try 'threads on the queues of a virtio disk' env CK_RUN_CASE=threads "$bin/test-virtio"
    try 'threads on a key-value store' "$bin/test-kv-threads"
fi
finish
