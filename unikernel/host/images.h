/* SPDX-License-Identifier: ISC */
/* The images of an application's devices. */
#ifndef CAIRN_UNIKERNEL_FRONT_IMAGES_H
#define CAIRN_UNIKERNEL_FRONT_IMAGES_H

#include "unikernel/host/app.h"

#define FRONT_PATH_BYTES 8500u

/* Where the device's image is: `image` of app.yaml, else BUILD/NAME.img. */
void front_image_path(const struct front_device *device, const char *folder, const char *build,
                      char path[FRONT_PATH_BYTES]);

/* Make the device's image, from its folder where it has one, and open what is there. One that
 * exists is kept unless `fresh`; `image` of app.yaml is never made. Errors of cairn_image_scan,
 * _plan and _write and of the store; CAIRN_ERANGE: it is smaller than `least`. */
enum cairn_err front_image_make(const struct front_device *device, const char *folder,
                                const char *build, bool fresh,
                                struct cairn_why *why) CAIRN_MUST_USE;

#endif
