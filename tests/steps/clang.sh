#!/bin/bash
# SPDX-License-Identifier: ISC
# The same sources with clang, optimised, and every ctest once more, but what is tagged as thorough,
# which gcc's sanitizers watch, and what asks other programs about the bytes, which no compiler changes.
. "$(dirname "$0")/../lib.sh"
export CK_EXCLUDE_TAGS=thorough
build_and_ctest clang -E '-(peers|made|random)$'
finish
