# SPDX-License-Identifier: Apache-2.0
foreach(target patch document fields apply)
    eventsync_fuzzer(crdt_${target} SOURCES crdt_${target}.cpp LIBRARIES EventSync::crdt)
endforeach()
