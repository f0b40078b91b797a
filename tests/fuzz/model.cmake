# SPDX-License-Identifier: Apache-2.0
eventsync_fuzzer(schema SOURCES schema.cpp LIBRARIES EventSync::model)
