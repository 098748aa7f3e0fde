# SPDX-License-Identifier: ISC
# The devices behind a network, and probing, each if the header of its library is there; else a file
# in its place that says so when it is needed. Machines that we cross compile for have their headers elsewhere.
set(CAIRN_REMOTE_SOURCES host/open_remote.c host/remote.c)
set(CAIRN_REMOTE_DEFINITIONS "")

if(CAIRN_NBD AND NOT CMAKE_CROSSCOMPILING)
    find_package(PkgConfig REQUIRED)
    pkg_check_modules(LIBNBD libnbd)
endif()
if(LIBNBD_FOUND AND CAIRN_NBD)
    list(APPEND CAIRN_REMOTE_SOURCES
        host/nbd.c host/nbd_api.c host/nbd_ask.c host/nbd_conn.c host/nbd_io.c host/nbd_tls.c)
    list(APPEND CAIRN_REMOTE_DEFINITIONS CAIRN_LIBNBD_VERSION="${LIBNBD_VERSION}")
else()
    list(APPEND CAIRN_REMOTE_SOURCES host/nbd_absent.c)
endif()

if(CAIRN_RBD AND NOT CMAKE_CROSSCOMPILING)
    find_path(CAIRN_LIBRBD_INCLUDE rbd/librbd.h)
endif()
if(CAIRN_LIBRBD_INCLUDE AND CAIRN_RBD)
    list(APPEND CAIRN_REMOTE_SOURCES host/rbd.c host/rbd_api.c host/rbd_io.c host/rbd_name.c)
else()
    list(APPEND CAIRN_REMOTE_SOURCES host/rbd_absent.c)
endif()

if(CAIRN_BLKID AND NOT CMAKE_CROSSCOMPILING)
    find_package(PkgConfig REQUIRED)
    pkg_check_modules(LIBBLKID blkid)
endif()
if(LIBBLKID_FOUND AND CAIRN_BLKID)
    list(APPEND CAIRN_REMOTE_SOURCES host/probe.c host/probe_api.c)
    list(APPEND CAIRN_REMOTE_DEFINITIONS CAIRN_LIBBLKID_VERSION="${LIBBLKID_VERSION}")
else()
    list(APPEND CAIRN_REMOTE_SOURCES host/probe_absent.c)
endif()
