/* SPDX-License-Identifier: ISC */
/* Which stacks the contract is held against. */
#ifndef CAIRN_TESTS_STACKS_H
#define CAIRN_TESTS_STACKS_H

#include <stddef.h>
#include <stdint.h>

#define STACK_BYTES 128

extern const char *const stacks[];
extern const size_t stack_count;

/* Random stack number n: up to 6 layers over some bottom, the same in every run. */
void stack_draw(uint64_t number, char name[STACK_BYTES]);

#endif
