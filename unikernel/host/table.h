/* SPDX-License-Identifier: ISC */
/* The device table: C source that defines cairn_env_app as app.yaml declares it. */
#ifndef CAIRN_UNIKERNEL_FRONT_TABLE_H
#define CAIRN_UNIKERNEL_FRONT_TABLE_H

#include "unikernel/host/app.h"

#include <stdio.h>

/* False: writing failed; errno says why. The same app makes the same bytes. */
bool front_table_write(const struct front_app *app, FILE *to) CAIRN_MUST_USE;

#endif
