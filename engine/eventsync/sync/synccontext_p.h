// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/activetime.h>
#include <eventsync/eventlog/documentengine.h>
#include <eventsync/eventlog/storeaccess.h>
#include <eventsync/sync/clientregistry_p.h>
#include <eventsync/sync/collectionwatches_p.h>
#include <eventsync/sync/eventbroker_p.h>
#include <eventsync/sync/presence_p.h>
#include <eventsync/sync/queryanswers_p.h>

#include <functional>
#include <memory>

namespace eventsync::sync {

class Session;

// State that the sessions of one service share.
struct SyncContext
{
    eventlog::DocumentEngine &engine;
    const ServiceOptions &options; // with every limit filled in
    const Clock &clock;
    EventBroker broker{options.catchUpChunkBytes};
    Presence presence{broker, options.metrics};
    CollectionWatches watches{engine};
    QueryAnswers answers{engine, options, clock};
    ClientRegistry clients{engine, options, clock, answers};
    ActiveTime active{clock};  // waiting times for peers are measured in it
    std::shared_ptr<std::size_t> waitingPushBytes = std::make_shared<std::size_t>(0); // of all sessions
    Counter *pushedEvents = nullptr; // none without Metrics
    Counter *watchesRepeated = nullptr; // the same
    bool stopping = false;           // no more hellos
    std::function<void(Session &)> becameReady; // its client id was checked: older connections of the id are replaced
    std::function<void(SessionId)> ended;       // called when a session is closed and holds nothing any more

    eventlog::StoreAccess &store() const { return engine.store(); }
};

} // namespace eventsync::sync
