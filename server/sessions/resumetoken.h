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

/// The positions that one event stream has reached in each of its documents, and the token that says them: what SSE calls an
/// id and a browser brings back as Last-Event-ID.
///
/// A position is first what the client says that it has, then what was sent to it, step by step: so there is a token while a
/// document catches up as well, and a document does not fall out of it between two positions.
///
/// The token holds everything a subscription needs (document, serverSeq, chain), so it outlives this server, and after a restore
/// the chain tells whether the position is one of the server's history. It grows with
/// the documents, so it is not sent with every event but as often as it stays a small part of the stream; an older token
/// only repeats some events. Above limits::kResumeTokenBytes there is none and the client subscribes by itself.
/// Owner only.
class ResumePositions
{
public:
    /// What the client says that it has. A subscription by vector clock has no position before its first `synced` or snapshot.
    void subscribed(const protocol::Subscribe &subscribe);
    /// Follows what the server sends; what the token says afterwards holds once the peer has received `message`.
    void follow(const protocol::Message &message);
    void forget(const DocumentId &document);
    /// The token to send with a message of `bytes`; empty: none this time.
    std::string tokenFor(std::size_t bytes);

private:
    struct Place
    {
        ServerSeq serverSeq;
        std::optional<Digest> chain; // none: the client began at 0 and has not named it
    };
    struct Document
    {
        std::optional<Place> place;       // where a resumed subscription begins
        std::optional<ServerSeq> reached; // what the next events follow: not `place` while the client goes back
    };
    void reach(Document &document, const Position &position);
    std::string token() const;
    std::map<DocumentId, Document> m_documents;
    std::size_t m_bytesSince = 0; // since the last token
    bool m_changed = false;
};

/// The subscriptions that a token stands for. InvalidMessage for one that is none of ours.
Result<std::vector<protocol::Subscribe>> subscriptionsFrom(std::string_view token);

} // namespace eventsync::server
