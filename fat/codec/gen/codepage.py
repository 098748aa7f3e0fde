#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Write fat/codec/codepage_table.h: the upper halves of the code pages of 8.3 names.

    python3 fat/codec/gen/codepage.py > fat/codec/codepage_table.h

The pages are Microsoft's. A byte without character becomes the C1 control of the same number below
0xA0, as Windows has it, and a private character (U+F700 + byte) from there on: so every byte has a
character of its own, and every name on the disk can be named."""

# The default page first, since it is looked for most.
PAGES = [437, 737, 775, 850, 852, 855, 857, 860, 861, 862, 863, 864, 865, 866, 869, 874]
PAGES += [1250, 1251, 1252, 1255]


def unit(page, byte):
    try:
        return ord(bytes([byte]).decode(f"cp{page}"))
    except UnicodeDecodeError:
        return byte if byte < 0xA0 else 0xF700 + byte


print("/* SPDX-License-Identifier: ISC */")
print("/* Made by gen/codepage.py; do not edit. */")
print("/* clang-format off */")
print("static const struct codepage codepages[] = {")
for page in PAGES:
    units = [unit(page, byte) for byte in range(0x80, 0x100)]
    assert len(set(units)) == len(units) and min(units) >= 0x80, page
    print(f"    {{ CAIRN_FAT_CP{page}, {{")
    for start in range(0, 128, 12):
        print("        " + " ".join(f"0x{u:04X}," for u in units[start : start + 12]))
    print("    } },")
print("};")
