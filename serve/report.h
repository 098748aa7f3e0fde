/* SPDX-License-Identifier: ISC */
/* What was done to a served device, as a few lines of text. */
#ifndef CAIRN_SERVE_REPORT_H
#define CAIRN_SERVE_REPORT_H

#include <cairn/blk_sim.h>
#include <cairn/blk_stats.h>
#include <stdio.h>

/* A table: requests, errors, bytes, share in order, and how long they took. */
void serve_report_stats(FILE *to, struct cairn_blk_stats *stats);

/* How often each rule of the plan hit. */
void serve_report_sim(FILE *to, const struct cairn_blk_sim *sim);

#endif
