# SPDX-License-Identifier: Apache-2.0
if(TARGET eventsync_serverlib)
    eventsync_fuzzer(http_head SOURCES http_head.cpp LIBRARIES eventsync_serverlib)
endif()
