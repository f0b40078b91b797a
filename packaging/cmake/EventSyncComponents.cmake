# SPDX-License-Identifier: Apache-2.0
# The libraries of EventSync under the names that programs link, from its own tree and from an installed copy alike:
# EventSync::Client and so on. Each stands for one module and what that module needs.
set(EVENTSYNC_COMPONENTS Client Server Sync EventLog Storage Crdt CrdtSync)

set(EVENTSYNC_Client_TARGET client)
set(EVENTSYNC_Server_TARGET serverlib)
set(EVENTSYNC_Sync_TARGET sync)
set(EVENTSYNC_EventLog_TARGET eventlog)
set(EVENTSYNC_Storage_TARGET storage)
set(EVENTSYNC_Crdt_TARGET crdt)
set(EVENTSYNC_CrdtSync_TARGET crdtsync)

# Makes the names whose module is there.
foreach(component IN LISTS EVENTSYNC_COMPONENTS)
    set(module ${EVENTSYNC_${component}_TARGET})
    if(TARGET EventSync::${component})
        continue()
    elseif(TARGET eventsync_${module})
        add_library(EventSync::${component} ALIAS eventsync_${module})
    elseif(TARGET EventSync::${module})
        add_library(EventSync::${component} INTERFACE IMPORTED)
        set_target_properties(EventSync::${component} PROPERTIES INTERFACE_LINK_LIBRARIES EventSync::${module})
    endif()
endforeach()
unset(module)
