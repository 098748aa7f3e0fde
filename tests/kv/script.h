/* SPDX-License-Identifier: ISC */
/*
 * A script on a small native store over sim: batches, some of them sorted, that count and set
 * values from 0 to 40,000 bytes, a dictionary that is removed now and then, snapshots, checkpoints.
 * Whatever becomes of the device in between, what is there afterwards is what some first steps of
 * it left.
 */
#ifndef KV_SCRIPT_H
#define KV_SCRIPT_H

#include <cairn/blk_sim.h>
#include <cairn/kv_native.h>

extern struct cairn_blk_sim script_sim; /* between disk_open and disk_close */
extern struct cairn_kv *script_kv;      /* when store_open succeeded */

/* Make the empty store that each disk begins with. */
void script_make(void);
/* A disk with the empty store, under a plan by which nothing fails. */
void script_disk_open(void);
void script_disk_close(void);
enum cairn_err script_store_open(void) CAIRN_MUST_USE;
/* Steps until one fails; the last that was acknowledged. *over: none failed. */
unsigned script_run(bool *over) CAIRN_MUST_USE;
/* What is there is what steps 1 to n left, where n is `least` or, if not `exact`, one more. */
void script_matches(unsigned least, bool exact);

#endif
