# SPDX-License-Identifier: Apache-2.0
# Installs the libraries of a build into an empty prefix and builds programs against them, as their users do.
#   cmake -D BUILD=... -D SOURCE=... -D WORK=... -D MAKER=... [-D LAUNCHER=...] -P run.cmake
function(run)
    execute_process(COMMAND ${ARGN} RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
    if(NOT status EQUAL 0)
        list(JOIN ARGN " " command)
        message(FATAL_ERROR "${command}\nended with ${status}:\n${output}")
    endif()
    set(output "${output}" PARENT_SCOPE)
endfunction()

function(expect what where)
    string(FIND "${output}" "${what}" found)
    if(found EQUAL -1)
        message(FATAL_ERROR "${where}: \"${what}\" is expected, and this came:\n${output}")
    endif()
endfunction()

set(prefix ${WORK}/prefix)
set(hero [[{"gold":100,"name":"Knight"}]])
file(REMOVE_RECURSE ${WORK})
run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${prefix} --component Development)

# By CMake and by pkg-config; with what only the libraries bring, so not from this tree by accident.
file(GLOB pkgconfig ${prefix}/lib/pkgconfig ${prefix}/lib/*/pkgconfig)
foreach(way IN ITEMS OFF ON)
    set(folder ${WORK}/package-${way})
    run(${CMAKE_COMMAND} -E env PKG_CONFIG_PATH=${pkgconfig} ${CMAKE_COMMAND} -G Ninja -S ${SOURCE}/tests/install/package -B ${folder}
        -DCMAKE_PREFIX_PATH=${prefix} -DUSE_PKG_CONFIG=${way} -DCMAKE_BUILD_TYPE=Debug -DCMAKE_CXX_COMPILER_LAUNCHER=${LAUNCHER})
    run(${CMAKE_COMMAND} --build ${folder})
    run(${folder}/hero)
    expect("${hero}" "the program found by ${way}")
endforeach()

# As a part of another project.
set(folder ${WORK}/subproject)
run(${CMAKE_COMMAND} -G Ninja -S ${SOURCE}/tests/install/subproject -B ${folder} -DEVENTSYNC_SOURCE_DIR=${SOURCE}
    -DCMAKE_CXX_COMPILER_LAUNCHER=${LAUNCHER})
run(${CMAKE_COMMAND} --build ${folder})
run(${folder}/note)
expect([[{"done":false,"text":"milk"}]] "the program with EventSync as a part")
file(GLOB_RECURSE built ${folder}/*.a ${folder}/eventsync-server ${folder}/eventsync-desktop ${folder}/tst_*)
list(FILTER built EXCLUDE REGEX "libeventsync_(base|json|crdt)\\.a$")
if(built)
    message(FATAL_ERROR "also built, although nothing links it: ${built}")
endif()
run(${CMAKE_COMMAND} --install ${folder} --prefix ${WORK}/theirs)
file(GLOB_RECURSE installed RELATIVE ${WORK}/theirs ${WORK}/theirs/*)
if(NOT installed STREQUAL "bin/note")
    message(FATAL_ERROR "installed with the other project: ${installed}")
endif()
