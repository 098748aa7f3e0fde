/* SPDX-License-Identifier: ISC */
#ifndef CAIRN_UNIKERNEL_PRINT_H
#define CAIRN_UNIKERNEL_PRINT_H

#include <cairn/log.h>
#include <cairn/why.h>

/* The reporter that writes each message as a line to the console. */
struct cairn_log_reporter *env_log_console(void);

/* "device: explanation", a line. */
void env_print_why(const char *device, const struct cairn_why *why);

#endif
