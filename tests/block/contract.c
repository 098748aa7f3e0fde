/* SPDX-License-Identifier: ISC */
/*
 * The contract of BLOCK: each rule holds on each device and stack, or says why it has nothing to
 * say. Without arguments: a table of stacks and rules. --faults: each rule finds the faults that
 * are planted for it. --random COUNT [FIRST]: drawn stacks. --rule RULE: a table of it alone. --on
 * STACK...: a table of these stacks. STACK RULE HEX: a tape again.
 */
#include "rules.h"
#include "stacks.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RUNS 6
#define RUNS_SHORT 2
#define RUNS_LONG 100
#define FAULT_RUNS 200
#define RANDOM_RUNS 20
#define SKIPS_MAX 16
#define WIDTH 34

/* What the property runs; set before the search forks. */
static const char *stack;
static const struct rule *rule;

static const struct rule *rule_named(const char *name)
{
    for (size_t i = 0; i < rule_count; i++)
        if (!strcmp(rules[i].name, name)) return &rules[i];
    return strcmp(rule_any.name, name) != 0 ? NULL : &rule_any;
}

static bool holds(struct tape *tape)
{
    struct rig rig;
    rig_open(&rig, stack);
    bool held = rule->skip(&rig) || (rule->holds(&rig, tape) && rig_matches(&rig, tape));
    rig_close(&rig);
    return held;
}

static const char *skips(void)
{
    struct rig rig;
    rig_open(&rig, stack);
    const char *why = rule->skip(&rig);
    rig_close(&rig);
    return why;
}

static void print_broken(const struct tape_found *found)
{
    printf("\n%s breaks %s; replay: test-block-contract '%s' %s ", stack, rule->name, stack,
           rule->name);
    for (size_t i = 0; i < found->len; i++)
        printf("%02x", found->bytes[i]);
    printf("\n");
}

/* CAIRN_RUNS asks for a longer walk, or a shorter one, here too, though not for so many runs of
 * each cell. */
static uint32_t cell_runs(void)
{
    const char *runs = getenv("CAIRN_RUNS");
    if (!runs) return RUNS;
    return atoi(runs) < RUNS_LONG ? RUNS_SHORT : RUNS_LONG;
}

static enum tape_outcome search(uint32_t runs, uint32_t shrink_s, struct tape_found *found)
{
    struct tape_options options = { .runs = runs, .shrink_s = shrink_s };
    found->outcome = TAPE_HELD;
    fflush(stdout); /* or a child's end prints it again */
    tape_search(holds, &options, found);
    return found->outcome;
}

/* ---- the table ------------------------------------------------------------------------------- */

/* The reasons that cells give by their letters. */
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

/* One cell of the table; false: the rule is broken. */
static bool cell(void)
{
    static struct tape_found found;
    char text[8] = "ok";
    const char *why = skips();
    bool broken = !why && search(cell_runs(), 0, &found) != TAPE_HELD;
    if (why) snprintf(text, sizeof text, "-%c", skip_letter(why));
    if (broken) snprintf(text, sizeof text, "BROKEN");
    if (broken) print_broken(&found);
    printf(" %-*s", (int)strlen(rule->name), text);
    return !broken;
}

/* One rule, or with NULL all of them. */
static bool row(const struct rule *only)
{
    bool all = true;
    printf("%-*s", WIDTH, stack);
    const char *lacks = rig_lacks(stack);
    if (lacks) printf(" skip: %s", lacks);
    for (size_t i = 0; !lacks && i < rule_count; i++) {
        rule = &rules[i];
        if ((!only || only == rule) && !cell()) all = false;
    }
    printf("\n");
    return all;
}

static int table(const struct rule *only, const char *const *names, size_t count)
{
    bool all = true;
    printf("%-*s", WIDTH, "");
    for (size_t i = 0; i < rule_count; i++)
        if (!only || only == &rules[i]) printf(" %s", rules[i].name);
    printf("\n");
    for (size_t i = 0; i < count; i++) {
        stack = names[i];
        if (!row(only)) all = false;
    }
    for (size_t i = 0; skip_whys[i]; i++)
        printf("-%c  %s\n", (int)('a' + i), skip_whys[i]);
    return all ? 0 : 1;
}

/* ---- planted faults -------------------------------------------------------------------------- */

/* Each rule on a stack whose top has no fault, and where no rule finds one that it should not. */
static bool honest_holds(const struct fault *fault)
{
    static struct tape_found found;
    bool all = true;
    for (size_t i = 0; i < rule_count; i++) {
        rule = &rules[i];
        if (!skips() && search(RUNS, 1, &found) != TAPE_HELD) all = false;
    }
    printf("%-16s %-9s %s\n", fault->name, all ? "held" : "BROKEN", "all rules");
    return all;
}

#if defined __SANITIZE_THREAD__
#define HAS_TSAN true
#elif defined __has_feature
#if __has_feature(thread_sanitizer)
#define HAS_TSAN true
#endif
#endif
#ifndef HAS_TSAN
#define HAS_TSAN false
#endif

static bool fault_is_found(const struct fault *fault)
{
    static struct tape_found found;
    rule = rule_named(fault->rule);
    if (!rule) return false;
    if (fault->needs_tsan && !HAS_TSAN) {
        printf("%-16s %-9s this build is without ThreadSanitizer\n", fault->name, "skipped");
        return true;
    }
    enum tape_outcome expected = fault->needs_tsan ? TAPE_CRASHED : TAPE_FAILED;
    bool caught = search(FAULT_RUNS, 1, &found) == expected;
    printf("%-16s %-9s by %s: %s\n", fault->name, caught ? "found" : "MISSED", fault->rule,
           fault->what);
    return caught;
}

static bool rule_has_fault(const struct rule *of)
{
    for (size_t i = 0; i < fault_count; i++)
        if (faults[i].rule && !strcmp(faults[i].rule, of->name)) return true;
    printf("no fault is planted for %s\n", of->name);
    return false;
}

static int find_faults(void)
{
    bool all = true;
    char name[STACK_BYTES];
    stack = name;
    for (size_t i = 0; i < fault_count; i++) {
        snprintf(name, sizeof name, "%s/sim", faults[i].name);
        if (!(faults[i].rule ? fault_is_found : honest_holds)(&faults[i])) all = false;
    }
    for (size_t i = 0; i < rule_count; i++)
        if (!rule_has_fault(&rules[i])) all = false;
    return all ? 0 : 1;
}

/* ---- random stacks --------------------------------------------------------------------------- */

static int random_stacks(uint64_t count, uint64_t first)
{
    static struct tape_found found;
    char name[STACK_BYTES];
    uint64_t broken = 0, skipped = 0;
    stack = name;
    rule = &rule_any;
    if (cell_runs() == RUNS_LONG) count *= 10;
    for (uint64_t i = first; i < first + count; i++) {
        stack_draw(i, name);
        bool lacks = rig_lacks(name) != NULL;
        skipped += lacks;
        if (lacks || search(RANDOM_RUNS, 0, &found) == TAPE_HELD) continue;
        print_broken(&found);
        broken++;
    }
    printf("random stacks %" PRIu64 " to %" PRIu64 ": %" PRIu64 " broken, %" PRIu64 " skipped\n",
           first, first + count - 1, broken, skipped);
    return broken ? 1 : 0;
}

static int replay(char **argv)
{
    char program[] = "contract", name[] = "holds";
    const struct tape_case only = { name, holds };
    stack = argv[1];
    rule = rule_named(argv[2]);
    if (!rule) return 2;
    return tape_main(3, (char *[]){ program, name, argv[3], NULL }, &only, 1);
}

int main(int argc, char **argv)
{
    bool random = argc > 2 && !strcmp(argv[1], "--random");
    if (argc == 1) return table(NULL, stacks, stack_count);
    if (argc == 3 && !strcmp(argv[1], "--rule") && rule_named(argv[2]))
        return table(rule_named(argv[2]), stacks, stack_count);
    if (argc > 2 && !strcmp(argv[1], "--on"))
        return table(NULL, (const char *const *)argv + 2, (size_t)argc - 2);
    if (argc == 2 && !strcmp(argv[1], "--faults")) return find_faults();
    if (random)
        return random_stacks(strtoull(argv[2], NULL, 0), argc > 3 ? strtoull(argv[3], NULL, 0) : 1);
    if (argc == 4) return replay(argv);
    fprintf(stderr,
            "usage: %s [--faults | --random COUNT [FIRST] | --rule RULE | --on STACK... |\n"
            "           STACK RULE HEX]\n",
            argv[0]);
    return 2;
}
