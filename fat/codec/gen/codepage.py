#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Write fat/codec/codepage_table.h: the upper halves of the code pages of 8.3 names.

    python3 fat/codec/gen/codepage.py > fat/codec/codepage_table.h

The five bytes that code page 1252 leaves undefined are the C1 controls of the same number, as
Windows has them: so every byte has a character and the reverse is unique."""

PAGES = [437, 850, 852, 866, 1252]


def unit(page, byte):
    try:
        return ord(bytes([byte]).decode(f"cp{page}"))
    except UnicodeDecodeError:
        return byte


print("/* SPDX-License-Identifier: ISC */")
print("/* Made by gen/codepage.py; do not edit. */")
print("/* clang-format off */")
for page in PAGES:
    print(f"static const uint16_t codepage_{page}[128] = {{")
    for start in range(0x80, 0x100, 12):
        stop = min(start + 12, 0x100)
        print("    " + " ".join(f"0x{unit(page, b):04X}," for b in range(start, stop)))
    print("};")
