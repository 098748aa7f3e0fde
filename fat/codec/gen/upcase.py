#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Write fat/codec/upcase_table.h: Unicode's simple upper case of the basic plane, reversible pairs only.

    python3 fat/codec/gen/upcase.py > fat/codec/upcase_table.h

A pair is reversible when lower(upper(c)) == c. Runs of pairs with one difference and a step of 1 or
2 become one row."""
import unicodedata


def simple_upper(char):
    """Python knows the full mapping; where that is longer, the simple one is the title case."""
    for mapped in (char.upper(), char.title()):
        if len(mapped) == 1:
            return mapped
    return char


def pairs():
    for unit in range(0x80, 0x10000):
        if 0xD800 <= unit <= 0xDFFF:
            continue
        upper = simple_upper(chr(unit))
        if ord(upper) < 0x10000 and ord(upper) != unit and upper.lower() == chr(unit):
            yield unit, ord(upper)


def runs():
    current = None  # [first, last, step, delta]; step 0: a single pair so far
    for unit, upper in pairs():
        delta = (upper - unit) & 0xFFFF
        if current and delta == current[3]:
            gap = unit - current[1]
            if gap <= 2 and current[2] in (0, gap):
                current[1], current[2] = unit, gap
                continue
        if current:
            yield current
        current = [unit, unit, 0, delta]
    yield current


print("/* SPDX-License-Identifier: ISC */")
print(f"/* Made by gen/upcase.py from Unicode {unicodedata.unidata_version}; do not edit. */")
print("/* clang-format off */")
print("static const struct upcase_run upcase_runs[] = {")
row = []
for first, last, step, delta in runs():
    row.append(f"{{ 0x{first:04X}, 0x{last:04X}, 0x{delta:04X}, {step or 1} }},")
    if len(row) == 3:
        print("    " + " ".join(row))
        row = []
if row:
    print("    " + " ".join(row))
print("};")
