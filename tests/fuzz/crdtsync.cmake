# SPDX-License-Identifier: Apache-2.0
if(TARGET eventsync_crdtsync)
    eventsync_fuzzer(crdtsync_messages SOURCES crdtsync_messages.cpp LIBRARIES EventSync::crdtsync)
endif()
