/* SPDX-License-Identifier: ISC */
/* Ctrl-C and its like, for verbs that write: a request to stop, so that nothing half-written stays.
 */
#ifndef CAIRN_TOOLS_STOP_H
#define CAIRN_TOOLS_STOP_H

#include <stdbool.h>

/* From here on the first signal asks, the second kills. */
void tool_stop_catch(void);
bool tool_stop_asked(void);
/* End as the signal would have ended us, when one came; all is tidied up by now. */
void tool_stop_finish(void);

#endif
