# SPDX-License-Identifier: ISC
# cairn_unikernel(NAME SOURCES a.c ... TARGETS unix virtio ... [TABLE table.c]) - an application for
# each of the targets, all of the same objects: NAME-unix, NAME-virtio, ... The table is what
# `cairn unikernel configure` writes of app.yaml. A target that cannot be built here says why, and the
# others are.
include_guard(GLOBAL)

# In the tree a library is called cairn-fat, of an installed package cairn::cairn-fat.
function(cairn_unikernel_library out name)
    set(${out} "" PARENT_SCOPE)
    foreach(target ${name} cairn::${name})
        if(TARGET ${target})
            set(${out} ${target} PARENT_SCOPE)
            return()
        endif()
    endforeach()
endfunction()

# The objects: freestanding, as the core is.
function(cairn_unikernel_objects name)
    cairn_unikernel_library(env cairn-env)
    add_library(${name}-objects OBJECT ${ARGN})
    set_target_properties(${name}-objects PROPERTIES C_STANDARD 11 C_STANDARD_REQUIRED ON
        POSITION_INDEPENDENT_CODE ON)
    target_compile_options(${name}-objects PRIVATE ${CAIRN_FREESTANDING})
    target_link_libraries(${name}-objects PRIVATE ${env})
endfunction()

function(cairn_unikernel_unix name)
    cairn_unikernel_library(target cairn-env-unix)
    if(NOT target)
        message(STATUS "${name}: no target unix, since this build of Cairn is not hosted")
        return()
    endif()
    add_executable(${name}-unix $<TARGET_OBJECTS:${name}-objects>)
    target_link_libraries(${name}-unix PRIVATE ${target})
endfunction()

# Linked by hand: in place of the host's threads and platform stand cairn-base-bare and the machine.
function(cairn_unikernel_virtio name)
    cairn_unikernel_library(target cairn-env-virtio)
    if(NOT target)
        message(STATUS "${name}: no target virtio for ${CMAKE_SYSTEM_PROCESSOR}, or with sanitizers")
        return()
    endif()
    set(archives "")
    foreach(library cairn-env-virtio cairn-env cairn-kv cairn-fat cairn-block cairn-base cairn-base-bare)
        cairn_unikernel_library(archive ${library})
        list(APPEND archives $<TARGET_FILE:${archive}>)
        list(APPEND libraries ${archive})
    endforeach()
    add_executable(${name}-virtio $<TARGET_OBJECTS:${name}-objects>)
    add_dependencies(${name}-virtio ${libraries})
    set_target_properties(${name}-virtio PROPERTIES LINK_DEPENDS "${CAIRN_MACHINE_SCRIPT};${archives}")
    target_link_options(${name}-virtio PRIVATE -nostdlib -static
        -Wl,--build-id=none,-z,noexecstack,-z,max-page-size=4096,-T,${CAIRN_MACHINE_SCRIPT})
    target_link_libraries(${name}-virtio PRIVATE -Wl,--start-group ${archives} -Wl,--end-group)
endfunction()

function(cairn_unikernel name)
    cmake_parse_arguments(U "" "TABLE" "SOURCES;TARGETS" ${ARGN})
    cairn_unikernel_objects(${name} ${U_SOURCES} ${U_TABLE})
    foreach(target ${U_TARGETS})
        cmake_language(CALL cairn_unikernel_${target} ${name})
    endforeach()
endfunction()
