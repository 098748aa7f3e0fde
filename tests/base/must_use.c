/* SPDX-License-Identifier: ISC */
/* Compiled by tests only: a result that nobody looks at must not pass, called by name or through a
 * pointer. LOOKED_AT is the same code as it should be. */
#include <cairn/err.h>

struct operations {
    enum cairn_err (*flush)(int device) CAIRN_MUST_USE;
};

enum cairn_err device_flush(int device) CAIRN_MUST_USE;
enum cairn_err device_sync(const struct operations *operations);

enum cairn_err device_sync(const struct operations *operations)
{
#if defined(LOOKED_AT)
    enum cairn_err err = device_flush(1);
    return err ? err : operations->flush(1);
#elif defined(BY_NAME)
    device_flush(1);
    return operations->flush(1);
#else
    operations->flush(1);
    return device_flush(1);
#endif
}
