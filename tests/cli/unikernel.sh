#!/bin/bash
# SPDX-License-Identifier: ISC
# Applications: what app.yaml may say, what is made of it, and what wrong input is told.
. "$(dirname "$0")/lib.sh"

mkdir -p app/content && echo hello >app/content/a.txt

wrong() { # STATUS PATTERN YAML
    printf '%b' "$3" >app/app.yaml
    run unikernel configure app
    refuses "$1" "$2"
}

device='name: a\ndevices:\n  - name: data\n    type:'
wrong 2 'app.yaml: line 1: Unexpected key: nam' 'nam: x\n'
wrong 2 'line 4: .*fet' "$device fet\n"
wrong 2 'letters and digits, at most 20' 'name: much-too-long-and-dashed\n'
wrong 2 "'lots' is no size" 'name: a\nmemory: lots\n'
wrong 2 'below its least size' "$device block\n    size: 1M\n    least: 2M\n"
wrong 2 'not both' "$device fat\n    folder: content\n    image: x\n"
wrong 2 'says nothing' '\n'
wrong 4 'nowhere.*Not found' "$device fat\n    folder: nowhere\n"
run unikernel configure none
refuses 2 'open its app.yaml: Not found'

printf '%b' "$device fat\n    folder: content\n" >app/app.yaml
run unikernel configure -t vax app
refuses 2 'target=vax'
run unikernel build -d none app
refuses 4 'configure. makes it'
run unikernel configure app
expect 0
run ls app/build/unix/data.img
same 'the volume has what the folder has' "$out" a.txt
sound app/build/unix/data.img
run rm app/build/unix/data.img:/a.txt
run unikernel configure app
run ls app/build/unix/data.img
same 'an image is kept' "$out" ''
run unikernel configure --fresh app
run ls app/build/unix/data.img
same 'or made anew' "$out" a.txt
run unikernel run app
refuses 4 'build. makes it'
finish
