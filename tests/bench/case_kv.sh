#!/bin/bash
# SPDX-License-Identifier: ISC
# Cairn's key-value store beside others, shortly: kv/run measures more, and with more patience.
. "$(dirname "$0")/lib.sh"

title 'Key-value stores: plain workloads, and durable puts where a flush takes 100 us'
CAIRN_BENCH_BUILD=$(dirname "$(dirname "$cairn")") "$(dirname "$0")/kv/run" --runs "$runs" \
    --keys 200000 --seconds 2 --delays 100 --groups plain,durable "$work" 2>"$work/kv.log" ||
    tail -n 3 "$work/kv.log" >&2
