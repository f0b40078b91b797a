# SPDX-License-Identifier: Apache-2.0
if(TARGET eventsync_serverlib)
    eventsync_fuzzer(import_file SOURCES import_file.cpp LIBRARIES eventsync_serverlib)
endif()
