# SPDX-License-Identifier: ISC
# What `cmake --install` puts where: headers, the static libraries and the shared one, and how others
# find them: a CMake package (find_package(cairn), targets cairn::cairn-fat, cairn::cairn-shared, ...)
# and two pkg-config files (cairn: the shared library; cairn-core: the freestanding archives).
include(CMakePackageConfigHelpers)

get_property(cairn_libraries GLOBAL PROPERTY CAIRN_LIBRARIES)
if(TARGET cairn-shared)
    list(APPEND cairn_libraries cairn-shared)
    target_include_directories(cairn-shared INTERFACE
        $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
endif()
set(cairn_cmake_dir ${CMAKE_INSTALL_LIBDIR}/cmake/cairn)

install(TARGETS ${cairn_libraries} EXPORT cairn-targets
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
foreach(folder base block fat kv unikernel image)
    if(CAIRN_TOOLS OR NOT folder STREQUAL "image")
        install(DIRECTORY ${PROJECT_SOURCE_DIR}/${folder}/include/cairn
            DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
    endif()
endforeach()

# A tree that was built is a package as well, without being installed.
export(EXPORT cairn-targets NAMESPACE cairn:: FILE ${CMAKE_CURRENT_BINARY_DIR}/cairn-targets.cmake)
install(FILES ${PROJECT_SOURCE_DIR}/cmake/unikernel.cmake DESTINATION ${cairn_cmake_dir})
configure_file(${PROJECT_SOURCE_DIR}/cmake/unikernel.cmake unikernel.cmake COPYONLY)
if(CAIRN_MACHINE_SCRIPT)
    install(FILES ${CAIRN_MACHINE_SCRIPT} DESTINATION ${cairn_cmake_dir})
    configure_file(${CAIRN_MACHINE_SCRIPT} machine.ld COPYONLY)
endif()
install(EXPORT cairn-targets NAMESPACE cairn:: DESTINATION ${cairn_cmake_dir})
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/cairn-config.cmake.in cairn-config.cmake
    INSTALL_DESTINATION ${cairn_cmake_dir})
write_basic_package_version_file(cairn-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/cairn-config.cmake
    ${CMAKE_CURRENT_BINARY_DIR}/cairn-config-version.cmake DESTINATION ${cairn_cmake_dir})

set(cairn_pkgconfig_files cairn-core)
if(TARGET cairn-shared)
    list(APPEND cairn_pkgconfig_files cairn)
endif()
# From the files themselves to the prefix, so that an installed tree may be moved.
file(RELATIVE_PATH cairn_prefix_from_pkgconfig /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
foreach(name ${cairn_pkgconfig_files})
    configure_file(${PROJECT_SOURCE_DIR}/cmake/${name}.pc.in ${name}.pc @ONLY)
    install(FILES ${CMAKE_CURRENT_BINARY_DIR}/${name}.pc
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endforeach()
