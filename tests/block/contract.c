/* SPDX-License-Identifier: ISC */
/*
 * The contract of BLOCK: each rule holds on each device and stack, or says that it does not
 * apply. Prints a table of stacks and rules; `test-block-contract STACK RULE HEX` replays a tape.
 */
#include "rules.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RUNS 30

static const char *const stacks[] = {
    "mem",
    "file",
    "shm",
    "uring",
    "direct",
    "direct_pread",
    "nbd",
    "sim",
    "strict",
    "virtio-split",
    "virtio-packed",
    "slice/mem",
    "slice/file",
    "slice/uring",
    "smaller/direct",
    "larger/mem",
    "smaller/mem",
    "readonly/mem",
    "slice/sim",
    "slice/virtio-packed",
    "smaller/virtio-split",
    "smaller/sim",
    "slice/strict",
    "larger/strict",
    "smaller/strict",
    "slice/smaller/sim",
    "larger/slice/shm",
    "slice/slice/slice/mem",
    "smaller/slice/file",
    "readonly/slice/smaller/sim",
    "slice/larger/slice/smaller/strict",
    "cache/mem",
    "cache/file",
    "cache/strict",
    "cache/sim",
    "through/strict",
    "through/sim",
    "overlay/mem",
    "overlay/strict",
    "mirror/mem",
    "mirror/strict",
    "mirror/sim",
    "sim/strict",
    "sim/file",
    "stats/strict",
    "stats/uring",
    "stats/sim",
    "trace/strict",
    "trace/file",
    "trace/sim",
    "slice/cache/smaller/sim",
    "stats/slice/trace/smaller/sim",
    "trace/sim/cache/strict",
    "cache/overlay/slice/sim",
    "larger/mirror/cache/file",
    "overlay/cache/mirror/strict",
    "slice/nbd",
    "smaller/nbd",
    "cache/mirror/nbd",
};

/* What the property runs; set before the search forks. */
static const char *stack;
static const struct rule *rule;

static bool holds(struct tape *tape)
{
    struct rig rig;
    rig_open(&rig, stack);
    bool held = !rule->applies(&rig) || (rule->holds(&rig, tape) && rig_matches(&rig, tape));
    rig_close(&rig);
    return held;
}

static bool applies(void)
{
    struct rig rig;
    rig_open(&rig, stack);
    bool does = rule->applies(&rig);
    rig_close(&rig);
    return does;
}

static void print_broken(const struct tape_found *found)
{
    printf("\n%s breaks %s; replay: test-block-contract '%s' %s ", stack, rule->name, stack,
           rule->name);
    for (size_t i = 0; i < found->len; i++)
        printf("%02x", found->bytes[i]);
    printf("\n%-34s", "");
}

/* One cell of the table; false: the rule is broken. */
static bool cell(void)
{
    static struct tape_found found;
    struct tape_options options = { .runs = RUNS };
    const char *text = "-";
    found.outcome = TAPE_HELD;
    if (applies()) {
        tape_search(holds, &options, &found);
        text = found.outcome == TAPE_HELD ? "ok" : "BROKEN";
        if (found.outcome != TAPE_HELD) print_broken(&found);
    }
    printf(" %-*s", (int)strlen(rule->name), text);
    return found.outcome == TAPE_HELD;
}

static int table(void)
{
    bool all = true;
    printf("%-34s", "");
    for (size_t i = 0; i < rule_count; i++)
        printf(" %s", rules[i].name);
    for (size_t i = 0; i < sizeof stacks / sizeof *stacks; i++) {
        printf("\n%-34s", stack = stacks[i]);
        const char *lacks = rig_lacks(stack);
        if (lacks) printf(" skip: %s", lacks);
        if (lacks) continue;
        for (size_t j = 0; j < rule_count; j++) {
            rule = &rules[j];
            fflush(stdout);
            if (!cell()) all = false;
        }
    }
    printf("\n");
    return all ? 0 : 1;
}

static int replay(char **argv)
{
    char program[] = "contract", name[] = "holds";
    const struct tape_case only = { name, holds };
    stack = argv[1];
    for (size_t i = 0; i < rule_count; i++)
        if (!strcmp(rules[i].name, argv[2])) rule = &rules[i];
    if (!rule) return 2;
    return tape_main(3, (char *[]){ program, name, argv[3], NULL }, &only, 1);
}

int main(int argc, char **argv)
{
    if (argc == 1) return table();
    if (argc == 4) return replay(argv);
    fprintf(stderr, "usage: %s [STACK RULE HEX]\n", argv[0]);
    return 2;
}
