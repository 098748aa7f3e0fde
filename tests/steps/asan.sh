#!/bin/bash
# SPDX-License-Identifier: ISC
# Every ctest (units, properties, fixtures of the fuzzers, peers, command line) with gcc and with
# AddressSanitizer and UndefinedBehaviorSanitizer.
. "$(dirname "$0")/../lib.sh"
build_and_ctest asan
finish
