/* SPDX-License-Identifier: ISC */
/* <assert.h> for xxhash.h, which takes from it static_assert alone. */
#ifndef CAIRN_SHIM_ASSERT_H
#define CAIRN_SHIM_ASSERT_H

#define static_assert _Static_assert

#endif
