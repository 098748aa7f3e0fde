#!/bin/bash
# SPDX-License-Identifier: ISC
# The same sources with clang, optimised, and every ctest once more, but what is tagged as thorough,
# which gcc's sanitizers watch.
. "$(dirname "$0")/../lib.sh"
export CK_EXCLUDE_TAGS=thorough
build_and_ctest clang
finish
