# SPDX-License-Identifier: Apache-2.0
eventsync_fuzzer(messages SOURCES messages.cpp LIBRARIES EventSync::protocol)
eventsync_fuzzer(patches SOURCES patches.cpp LIBRARIES EventSync::json)
eventsync_fuzzer(values SOURCES values.cpp LIBRARIES EventSync::json)
