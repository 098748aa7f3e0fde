/* SPDX-License-Identifier: ISC */
/*
 * The contract of KV: each rule holds on each store, or says why it has nothing to say. Without
 * arguments: a table of stores and rules. --faults: each rule finds the faults that are planted for
 * it. --on STORE: one store's row. STORE RULE HEX: a tape again.
 */
#include "rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RUNS 40
#define RUNS_SHORT 5
#define RUNS_LONG 1000
#define FAULT_RUNS 300
#define SKIPS_MAX 16
#define WIDTH 16

/* What the property runs; set before the search forks. */
static const struct store *store;
static const struct rule *rule;
static const struct fault *fault;

static bool holds(struct tape *tape)
{
    struct rig rig;
    rig_open(&rig, store, fault);
    bool held = rule->holds(&rig, tape) && rig_matches(&rig, rig.kv, &rig.model, tape);
    rig_close(&rig);
    return held;
}

static const char *skips(void)
{
    struct rig rig;
    rig_open(&rig, store, NULL);
    const char *why = rule->skip(&rig);
    rig_close(&rig);
    return why;
}

static enum tape_outcome search(uint32_t runs, uint32_t shrink_s, struct tape_found *found)
{
    struct tape_options options = { .runs = runs, .shrink_s = shrink_s };
    found->outcome = TAPE_HELD;
    fflush(stdout); /* or a child's end prints it again */
    tape_search(holds, &options, found);
    return found->outcome;
}

static uint32_t cell_runs(void)
{
    const char *runs = getenv("CAIRN_RUNS");
    uint32_t all = !runs ? RUNS : atoi(runs) < RUNS_LONG ? RUNS_SHORT : RUNS_LONG;
    return strcmp(rule->name, "full") != 0 ? all : (all + 9) / 10; /* it takes long */
}

/* ---- the table ------------------------------------------------------------------------------- */

static const char *skip_whys[SKIPS_MAX];

static char skip_letter(const char *why)
{
    size_t i = 0;
    while (skip_whys[i] && strcmp(skip_whys[i], why) != 0)
        i++;
    if (i == SKIPS_MAX - 1) abort();
    skip_whys[i] = why;
    return (char)('a' + i);
}

static void print_broken(const struct tape_found *found)
{
    printf("\n%s breaks %s; replay: test-kv-contract %s %s ", store->name, rule->name, store->name,
           rule->name);
    for (size_t i = 0; i < found->len; i++)
        printf("%02x", found->bytes[i]);
    printf("\n");
}

static bool cell(void)
{
    static struct tape_found found;
    char text[8] = "ok";
    const char *why = skips();
    bool broken = !why && search(cell_runs(), 10, &found) != TAPE_HELD;
    if (why) snprintf(text, sizeof text, "-%c", skip_letter(why));
    if (broken) snprintf(text, sizeof text, "BROKEN");
    if (broken) print_broken(&found);
    printf(" %-*s", (int)strlen(rule->name), text);
    return !broken;
}

static bool row(void)
{
    bool all = true;
    const char *lacks = store->lacks ? store->lacks() : NULL;
    printf("%-*s", WIDTH, store->name);
    if (lacks) printf(" skip: %s", lacks);
    for (size_t i = 0; !lacks && i < rule_count; i++) {
        rule = &rules[i];
        if (!cell()) all = false;
    }
    printf("\n");
    return all;
}

static int table(const struct store *only)
{
    bool all = true;
    printf("%-*s", WIDTH, "");
    for (size_t i = 0; i < rule_count; i++)
        printf(" %s", rules[i].name);
    printf("\n");
    for (size_t i = 0; i < store_count; i++) {
        store = stores[i];
        if ((!only || store == only) && !row()) all = false;
    }
    for (size_t i = 0; skip_whys[i]; i++)
        printf("-%c  %s\n", (int)('a' + i), skip_whys[i]);
    return all ? 0 : 1;
}

/* ---- planted faults -------------------------------------------------------------------------- */

static const struct rule *rule_named(const char *name)
{
    for (size_t i = 0; i < rule_count; i++)
        if (!strcmp(rules[i].name, name)) return &rules[i];
    return NULL;
}

static bool fault_is_found(void)
{
    static struct tape_found found;
    rule = rule_named(fault->rule);
    bool caught = rule && search(FAULT_RUNS, 1, &found) == TAPE_FAILED;
    printf("%-9s by %-9s: %s\n", caught ? "found" : "MISSED", fault->rule, fault->what);
    return caught;
}

/* Without a fault no rule finds one. */
static bool honest_holds(void)
{
    static struct tape_found found;
    bool all = true;
    for (size_t i = 0; i < rule_count; i++) {
        rule = &rules[i];
        if (!skips() && search(RUNS_SHORT, 1, &found) != TAPE_HELD) all = false;
    }
    printf("%-9s by all rules: %s\n", all ? "held" : "BROKEN", fault->what);
    return all;
}

/* A rule for which this store has nothing to say needs a fault of a store that lasts. */
static bool rule_has_fault(const struct rule *of)
{
    for (size_t i = 0; i < fault_count; i++)
        if (faults[i].rule && !strcmp(faults[i].rule, of->name)) return true;
    rule = of;
    if (skips()) return true;
    printf("no fault is planted for %s\n", of->name);
    return false;
}

static int find_faults(void)
{
    bool all = true;
    store = stores[0];
    for (size_t i = 0; i < fault_count; i++) {
        fault = &faults[i];
        if (!(fault->rule ? fault_is_found : honest_holds)()) all = false;
    }
    for (size_t i = 0; i < rule_count; i++)
        if (!rule_has_fault(&rules[i])) all = false;
    return all ? 0 : 1;
}

/* ---- from the command line ------------------------------------------------------------------- */

static const struct store *store_named(const char *name)
{
    for (size_t i = 0; i < store_count; i++)
        if (!strcmp(stores[i]->name, name)) return stores[i];
    return NULL;
}

static int replay(char **argv)
{
    char program[] = "contract", name[] = "holds";
    const struct tape_case only = { name, holds };
    store = store_named(argv[1]);
    rule = rule_named(argv[2]);
    if (!store || !rule) return 2;
    return tape_main(3, (char *[]){ program, name, argv[3], NULL }, &only, 1);
}

int main(int argc, char **argv)
{
    if (argc == 1) return table(NULL);
    if (argc == 2 && !strcmp(argv[1], "--faults")) return find_faults();
    if (argc == 3 && !strcmp(argv[1], "--on") && store_named(argv[2]))
        return table(store_named(argv[2]));
    if (argc == 4) return replay(argv);
    fprintf(stderr, "usage: %s [--faults | --on STORE | STORE RULE HEX]\n", argv[0]);
    return 2;
}
