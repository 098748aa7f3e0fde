/* SPDX-License-Identifier: ISC */
#include "units.h"

int main(void)
{
    static TCase *(*const units[])(void) = { host_units };
    return units_run("base/host", units, 1);
}
