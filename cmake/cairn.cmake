# SPDX-License-Identifier: ISC
# How Cairn's libraries are built. Two kinds: core (freestanding: the compiler's own headers only)
# and hosted. Each is a static library lib<name>.a; all but those that stand ALONE are together one
# shared libcairn.so, which exports what carries CAIRN_API.
include(GNUInstallDirs)

set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
set(CMAKE_ARCHIVE_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib)
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib)

set(CAIRN_WARNINGS
    -Wall -Wextra -Wpedantic -Werror -Wshadow -Wconversion -Wsign-conversion -Wstrict-prototypes
    -Wmissing-prototypes -Wvla -Wcast-qual -Wpointer-arith -Wwrite-strings -Wswitch-enum -Wundef
    -Wformat=2 -Wnull-dereference -Wimplicit-fallthrough)

if(CAIRN_SANITIZE)
    add_compile_options(-fsanitize=${CAIRN_SANITIZE} -fno-sanitize-recover=all
                        -fno-omit-frame-pointer)
    add_link_options(-fsanitize=${CAIRN_SANITIZE})
endif()
if(CAIRN_FUZZ)
    add_compile_options(-fsanitize=fuzzer-no-link)
endif()

# The compiler's own headers (stdint.h, stddef.h, stdarg.h), all that the core may include.
execute_process(COMMAND ${CMAKE_C_COMPILER} -print-file-name=include
                OUTPUT_VARIABLE CAIRN_COMPILER_INCLUDE OUTPUT_STRIP_TRAILING_WHITESPACE)
set(CAIRN_FREESTANDING -ffreestanding -nostdinc -isystem ${CAIRN_COMPILER_INCLUDE})
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
    list(APPEND CAIRN_FREESTANDING -mno-red-zone)
endif()
if(CMAKE_SYSTEM_PROCESSOR STREQUAL "aarch64" AND CMAKE_C_COMPILER_ID STREQUAL "GNU")
    list(APPEND CAIRN_FREESTANDING -mno-outline-atomics) # no helpers of libgcc's
endif()

set_property(GLOBAL PROPERTY CAIRN_LIBRARIES "")
set_property(GLOBAL PROPERTY CAIRN_OBJECTS "")
set_property(GLOBAL PROPERTY CAIRN_LINKS "")

function(cairn_library name)
    cmake_parse_arguments(L "HOSTED;ALONE" "" "SOURCES;LIBS;SYSTEM" ${ARGN})
    add_library(${name} STATIC ${L_SOURCES})
    target_include_directories(${name} PUBLIC
        $<BUILD_INTERFACE:${CMAKE_CURRENT_SOURCE_DIR}/include>
        $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
    target_compile_options(${name} PRIVATE ${CAIRN_WARNINGS})
    target_link_libraries(${name} PUBLIC ${L_LIBS} PRIVATE ${L_SYSTEM})
    if(L_HOSTED)
        target_compile_definitions(${name} PRIVATE _GNU_SOURCE _FILE_OFFSET_BITS=64)
    else()
        target_compile_options(${name} PRIVATE ${CAIRN_FREESTANDING})
    endif()
    set_property(GLOBAL APPEND PROPERTY CAIRN_LIBRARIES ${name})
    if(NOT L_ALONE)
        set_property(GLOBAL APPEND PROPERTY CAIRN_OBJECTS $<TARGET_OBJECTS:${name}>)
        set_property(GLOBAL APPEND PROPERTY CAIRN_LINKS ${L_SYSTEM})
    endif()
endfunction()

# cairn_core_library(cairn-fat SOURCES a.c b.c LIBS cairn-block)
function(cairn_core_library name)
    cairn_library(${name} ${ARGN})
endfunction()

# cairn_host_library(cairn-image SOURCES a.c LIBS cairn-fat SYSTEM archive)
function(cairn_host_library name)
    cairn_library(${name} HOSTED ${ARGN})
endfunction()

# libcairn.so of every library above.
function(cairn_shared_library)
    get_property(objects GLOBAL PROPERTY CAIRN_OBJECTS)
    get_property(links GLOBAL PROPERTY CAIRN_LINKS)
    list(REMOVE_DUPLICATES links)
    add_library(cairn-shared SHARED ${objects})
    set_target_properties(cairn-shared PROPERTIES OUTPUT_NAME cairn LINKER_LANGUAGE C
        VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR})
    target_link_libraries(cairn-shared PRIVATE ${links})
    if(NOT CAIRN_SANITIZE)
        target_link_options(cairn-shared PRIVATE -Wl,-z,defs)
    endif()
endfunction()
