// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/protocol/messages.h>

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace eventsync::server {

// The positions that one event stream has reached in each of its documents, and the token that says them: what SSE calls an
// id and a browser brings back as Last-Event-ID.
//
// The token holds everything a subscription needs (document, serverSeq, chain), so it outlives this server. It grows with
// the documents, so it is not sent with every event but as often as it stays a small part of the stream; an older token
// only repeats some events. Above limits::kResumeTokenBytes there is none and the client subscribes by itself.
// Owner only.
class ResumePositions
{
public:
    // Follows what the server sends; what the token says afterwards holds once the peer has received `message`.
    void follow(const protocol::Message &message);
    void forget(const DocumentId &document);
    // The token to send with a message of `bytes`; empty: none this time.
    std::string tokenFor(std::size_t bytes);

private:
    struct Document
    {
        std::optional<CollectionName> collection;
        std::optional<Position> position; // none until it was said once
    };
    std::string token() const;
    std::map<DocumentId, Document> m_documents;
    std::size_t m_bytesSince = 0; // since the last token
    bool m_changed = false;
};

// The subscriptions that a token stands for. InvalidMessage for one that is none of ours.
Result<std::vector<protocol::Subscribe>> subscriptionsFrom(std::string_view token);

} // namespace eventsync::server
