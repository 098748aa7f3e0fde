/* SPDX-License-Identifier: ISC */
#include "units.h"

int main(void)
{
    static TCase *(*const units[])(void) = { arena_units,    checksum_units, date_units,
                                             duration_units, err_units,      log_units,
                                             text_units,     why_units };
    return units_run("base", units, sizeof(units) / sizeof(units[0]));
}
