# SPDX-License-Identifier: ISC
# io_uring, if liburing is there; else files are read and written by system calls one by one. Machines
# that we cross compile for have their headers elsewhere.
set(CAIRN_URING_SOURCES host/uring_absent.c)
set(CAIRN_URING_DEFINITIONS "")
set(CAIRN_URING_LIBRARIES "")

if(CAIRN_URING AND NOT CMAKE_CROSSCOMPILING)
    find_package(PkgConfig REQUIRED)
    pkg_check_modules(LIBURING liburing)
endif()
if(CAIRN_URING AND LIBURING_FOUND)
    set(CAIRN_URING_SOURCES host/uring.c host/uring_lane.c)
    set(CAIRN_URING_DEFINITIONS CAIRN_LIBURING_VERSION="${LIBURING_VERSION}")
    set(CAIRN_URING_LIBRARIES ${LIBURING_LIBRARIES})
endif()
