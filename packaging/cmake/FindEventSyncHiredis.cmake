# SPDX-License-Identifier: Apache-2.0
# hiredis, as the target EventSyncHiredis: the distributions' packages of it have no CMake files that all of them share.
find_path(EVENTSYNC_HIREDIS_INCLUDE hiredis/hiredis.h)
find_library(EVENTSYNC_HIREDIS_LIBRARY hiredis)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(EventSyncHiredis REQUIRED_VARS EVENTSYNC_HIREDIS_LIBRARY EVENTSYNC_HIREDIS_INCLUDE
    REASON_FAILURE_MESSAGE "its package is called libhiredis-dev")
if(EventSyncHiredis_FOUND AND NOT TARGET EventSyncHiredis)
    add_library(EventSyncHiredis UNKNOWN IMPORTED GLOBAL)
    set_target_properties(EventSyncHiredis PROPERTIES IMPORTED_LOCATION ${EVENTSYNC_HIREDIS_LIBRARY}
        INTERFACE_INCLUDE_DIRECTORIES ${EVENTSYNC_HIREDIS_INCLUDE})
endif()
