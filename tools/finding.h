/* SPDX-License-Identifier: ISC */
/* What check finds, as people and programs read it. */
#ifndef CAIRN_TOOLS_FINDING_H
#define CAIRN_TOOLS_FINDING_H

#include "json.h"
#include "out.h"

#include <cairn/fat_check.h>

struct tool_finding; /* one that is kept until all are known */

#define TOOL_FINDINGS_MOST 20000u /* of each severity: nobody reads on, and memory is bounded */

struct tool_findings {
    bool with_repair;                        /* they say what is done about each */
    struct tool_finding *first[3], **end[3]; /* by severity */
    uint64_t count[3];                       /* of which so many are kept at most */
};

void tool_findings_init(struct tool_findings *findings, bool with_repair);

/* Keep one for tool_findings_print. False: no memory. */
bool tool_finding_keep(struct tool_findings *findings, const struct cairn_fat_finding *finding);
/* All that were kept to standard output, worst first, how many more there were; and forget them. */
void tool_findings_print(struct tool_findings *findings);

/* One as an element of a JSON array. */
void tool_finding_json(struct tool_json *json, const struct cairn_fat_finding *finding,
                       bool with_repair);

/* "no fault", "1 fault", "2 faults". */
const char *tool_faults_text(uint64_t count, char buf[TOOL_TEXT_BYTES]);

/* Faults, without what is only worth knowing. */
static inline uint64_t tool_faults(const struct cairn_fat_check_result *result)
{
    return result->findings[CAIRN_FAT_MINOR] + result->findings[CAIRN_FAT_MAJOR];
}

#endif
