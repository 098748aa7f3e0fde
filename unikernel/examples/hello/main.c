/* SPDX-License-Identifier: ISC */
/* The least application: no device, only what it was called with. */
#include <cairn/env.h>

int cairn_main(struct cairn_env *env)
{
    cairn_env_print("hello, world\n");
    for (int i = 1; i < env->argc; i++)
        cairn_env_print("argument %d: %s\n", i, env->argv[i]);
    return 0;
}
