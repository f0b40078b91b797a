// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "../workload.h"
#include "websocketpeer.h"

#include <eventsync/protocol/codec.h>

#include <memory>

namespace eventsync::bench {

// A connection to eventsync-server (CBOR) that follows one document. It counts what comes; only what is needed is
// decoded.
class Follower
{
public:
    Follower(int port, Poll &poll, const DocumentId &document, const ClientId &client); // sends hello and subscribe
    void push(std::vector<EventPtr> events);

    bool synced = false;
    std::int64_t eventFrames = 0; // since the beginning, like all of these
    std::int64_t frames = 0, bytes = 0;
    std::int64_t acknowledged = 0;                         // events, applied
    ServerSeq head;                                        // as the acks say
    std::function<void(std::string_view)> eventsCame = {}; // the bytes of an `events` frame
    std::function<void(std::int64_t)> acked = {};          // how many more

private:
    void onFrame(std::string_view frame);

    DocumentId m_document;
    std::unique_ptr<WebSocketPeer> m_peer;
    std::int64_t m_batches = 0;
};

} // namespace eventsync::bench
