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

/// The positions that one event stream has reached in each of its documents, and the token for them: the `id` of SSE, which a
/// browser sends back as Last-Event-ID.
///
/// A position is at first the one of the client's request, then that of the sent events: so there is a token also while a
/// document catches up, and it always contains every document.
///
/// The token holds everything a subscription needs (document, serverSeq, chain), so it is valid for another server process, and
/// after a restore the chain value shows whether the position is in the server's history. It grows with the documents, so it is
/// not sent with every event, but so that it stays a small part of the stream; an older token only repeats some events. Above
/// limits::kResumeTokenBytes there is none, and the client must subscribe. Owner only.
class ResumePositions
{
public:
    /// The position of the client's request. A subscription by vector clock has no position before its first `synced` or
    /// snapshot.
    void subscribed(const protocol::Subscribe &subscribe);
    /// Updates the positions with a sent message; the token is then valid once the peer has received `message`.
    void follow(const protocol::Message &message);
    void forget(const DocumentId &document);
    /// The token to send with a message of `bytes`; empty: none with this one.
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
        std::optional<ServerSeq> reached; // the position that the next events follow: not `place` while the client goes back
    };
    void reach(Document &document, const Position &position);
    std::string token() const;
    std::map<DocumentId, Document> m_documents;
    std::size_t m_bytesSince = 0; // since the last token
    bool m_changed = false;
};

/// The subscriptions that a token stands for. InvalidMessage for another text.
Result<std::vector<protocol::Subscribe>> subscriptionsFrom(std::string_view token);

} // namespace eventsync::server
