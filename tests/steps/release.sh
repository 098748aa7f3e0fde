#!/bin/bash
# SPDX-License-Identifier: ISC
# The release build with gcc: what the gates over symbols look at and the oracles run.
. "$(dirname "$0")/../lib.sh"
try "build release" build release
finish
