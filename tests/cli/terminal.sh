#!/bin/bash
# SPDX-License-Identifier: ISC
# What shows on a terminal: colour for directories unless it is not wanted.
. "$(dirname "$0")/lib.sh"
command -v script >/dev/null || { skip terminal 'there is no script' && finish; }
tree_make src
run build --quiet src d.img
on_terminal() { TERM=${TERM_WANTED:-xterm} script -qec "$1" /dev/null </dev/null; }

same 'directories are blue' "$(on_terminal "$cairn ls d.img" | grep -c $'\033\\[1;34msub')" 1
same 'NO_COLOR' "$(NO_COLOR=1 on_terminal "$cairn ls d.img" | grep -c $'\033')" 0
same 'a dumb terminal' "$(TERM_WANTED=dumb on_terminal "$cairn ls d.img" | grep -c $'\033')" 0
same 'an image does not go to a terminal' "$(on_terminal "$cairn build src -" | grep -c 'a pipe or a file')" 1
finish
