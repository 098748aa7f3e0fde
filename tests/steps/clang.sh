#!/bin/bash
# SPDX-License-Identifier: ISC
# The same sources with clang, optimised, and every ctest once more.
. "$(dirname "$0")/../lib.sh"
build_and_ctest clang
finish
