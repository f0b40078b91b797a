// SPDX-License-Identifier: Apache-2.0
#include <server/sessions/resumetoken.h>

#include <eventsync/base/bytes.h>
#include <eventsync/transport/limits.h>

#include <server/limits.h>

#include <charconv>

namespace eventsync::server {

namespace {

// "1" then for each document "\n<id> <serverSeq> <chain, 32 bytes as base64url; at 0 it may be missing>", the whole as base64url.
constexpr std::string_view kVersion = "1";
constexpr std::string_view kNoChain = "-";
constexpr std::size_t kTokenShare = 8; // a token is sent after this many times its own length

} // namespace

void ResumePositions::subscribed(const protocol::Subscribe &subscribe)
{
    Document &document = m_documents[subscribe.documentId] = {};
    m_changed = true;
    if (!subscribe.afterSeq)
        return;
    document.place = {*subscribe.afterSeq, subscribe.chain};
    document.reached = subscribe.afterSeq;
}

void ResumePositions::reach(Document &document, const Position &position)
{
    document.place = {position.serverSeq, position.chain};
    document.reached = position.serverSeq;
    m_changed = true;
}

void ResumePositions::follow(const protocol::Message &message)
{
    if (const auto *synced = std::get_if<protocol::Synced>(&message)) {
        Document &document = m_documents[synced->documentId];
        if (!document.reached || *document.reached == synced->position.serverSeq)
            reach(document, synced->position);
    } else if (const auto *events = std::get_if<protocol::Events>(&message)) {
        const auto found = m_documents.find(events->documentId);
        if (found == m_documents.end() || !found->second.reached || events->events.empty())
            return;
        // As in the client, only the next events count: others belong to an earlier subscription.
        const ServerSeq before = events->last - static_cast<std::int64_t>(events->events.size());
        if (before <= *found->second.reached && events->last > *found->second.reached)
            reach(found->second, {events->last, events->chain});
    } else if (const auto *snapshot = std::get_if<protocol::Snapshot>(&message)) {
        // Until the last part has arrived the client's position stays.
        if (snapshot->part == snapshot->parts)
            reach(m_documents[snapshot->documentId], snapshot->position);
    } else if (const auto *diverged = std::get_if<protocol::Diverged>(&message)) {
        m_documents[diverged->documentId].reached = diverged->commonSeq;
    } else if (const auto *revoked = std::get_if<protocol::Revoked>(&message)) {
        forget(revoked->documentId);
    }
}

void ResumePositions::forget(const DocumentId &document)
{
    m_documents.erase(document);
    m_changed = true;
}

std::string ResumePositions::token() const
{
    std::string text(kVersion);
    for (const auto &[id, document] : m_documents) {
        if (!document.place)
            continue;
        text += '\n' + id.text() + ' ' + std::to_string(document.place->serverSeq.value()) + ' '
                + (document.place->chain ? toBase64Url(document.place->chain->view()) : std::string(kNoChain));
    }
    return toBase64Url(text);
}

std::string ResumePositions::tokenFor(std::size_t bytes)
{
    m_bytesSince += bytes;
    if (!m_changed)
        return {};
    // About 70 characters per document; with few of them every event has its token.
    if (m_documents.size() * 70 * kTokenShare > m_bytesSince && m_documents.size() > kTokenShare)
        return {};
    std::string made = token();
    if (made.size() > limits::kResumeTokenBytes)
        return {};
    m_changed = false;
    m_bytesSince = 0;
    return made;
}

Result<std::vector<protocol::Subscribe>> subscriptionsFrom(std::string_view token)
{
    const auto wrong = [] { return failure(ErrorCode::InvalidMessage, "the Last-Event-ID is not one of this server's"); };
    if (token.size() > limits::kHttpHeadBytes)
        return wrong();
    const auto bytes = fromBase64Url(token);
    if (!bytes || !bytes->starts_with(kVersion))
        return wrong();
    std::string_view rest(*bytes);
    rest.remove_prefix(kVersion.size());
    std::vector<protocol::Subscribe> subscriptions;
    while (!rest.empty()) {
        if (rest.front() != '\n')
            return wrong();
        rest.remove_prefix(1);
        const std::string_view line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(line.size());
        const auto first = line.find(' ');
        const auto second = first == std::string_view::npos ? first : line.find(' ', first + 1);
        if (second == std::string_view::npos)
            return wrong();
        auto id = documentIdFrom(line.substr(0, first));
        const std::string_view digits = line.substr(first + 1, second - first - 1);
        std::int64_t seq = -1;
        const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), seq);
        if (!id || error != std::errc() || end != digits.data() + digits.size() || seq < 0)
            return wrong();
        protocol::Subscribe subscribe{.documentId = std::move(*id), .afterSeq = ServerSeq(seq)};
        if (const std::string_view text = line.substr(second + 1); text != kNoChain || seq > 0) {
            const auto raw = fromBase64Url(text);
            const auto chain = raw ? Digest::fromBytes(*raw) : Result<Digest>(failure(raw.error()));
            if (!chain)
                return wrong();
            subscribe.chain = *chain;
        }
        subscriptions.push_back(std::move(subscribe));
    }
    return subscriptions;
}

} // namespace eventsync::server
