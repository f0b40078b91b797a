# SPDX-License-Identifier: Apache-2.0
if(TARGET eventsync_serverlib)
    foreach(target http_head websocket_frames)
        eventsync_fuzzer(${target} SOURCES ${target}.cpp LIBRARIES eventsync_serverlib)
    endforeach()
endif()
