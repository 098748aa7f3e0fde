#!/bin/bash
# SPDX-License-Identifier: ISC
# What a layer of BLOCK costs. Links the libraries of the release build.
. "$(dirname "$0")/lib.sh"

title 'A checked 512-byte read in memory, through layers'
program layers
"$work/layers" | sed 's/^/  /'
