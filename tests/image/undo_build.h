/* SPDX-License-Identifier: ISC */
/* Undo files made by hand. */
#ifndef CAIRN_TESTS_UNDO_BUILD_H
#define CAIRN_TESTS_UNDO_BUILD_H

#include <image/undo.h>

/* Make the checksums of an undo file right, whatever else is in it; a file that is shorter than
 * its header says is hashed as far as it goes. */
void undo_sign(uint8_t *bytes, size_t len);

/* A descriptor of a file in memory with these bytes. */
int undo_file(const uint8_t *bytes, size_t len);

#endif
