// SPDX-License-Identifier: Apache-2.0
#include <server/sessions/resumetoken.h>

#include <eventsync/base/bytes.h>
#include <eventsync/base/limits.h>

#include <charconv>

namespace eventsync::server {

namespace {

// "1" then for each document "\n<id> <serverSeq> <chain, 32 bytes as base64url>", the whole as base64url.
constexpr std::string_view kVersion = "1";
constexpr std::size_t kTokenShare = 8; // a token is sent after so many times its own length

} // namespace

void ResumePositions::follow(const protocol::Message &message)
{
    if (const auto *synced = std::get_if<protocol::Synced>(&message)) {
        m_documents[synced->documentId].position = synced->position;
        m_changed = true;
    } else if (const auto *events = std::get_if<protocol::Events>(&message)) {
        const auto found = m_documents.find(events->documentId);
        if (found == m_documents.end() || !found->second.position)
            return; // still catching up: `synced` will tell
        Position &position = *found->second.position;
        position.serverSeq = position.serverSeq + static_cast<std::int64_t>(events->events.size());
        position.chain = events->chain;
        m_changed = true;
    } else if (const auto *snapshot = std::get_if<protocol::Snapshot>(&message)) {
        // Until the last part is there the client stands where it stood, and the events that follow do not count from there.
        auto &position = m_documents[snapshot->documentId].position;
        position.reset();
        if (snapshot->part == snapshot->parts)
            position = snapshot->position;
        m_changed = true;
    } else if (const auto *diverged = std::get_if<protocol::Diverged>(&message)) {
        m_documents[diverged->documentId].position.reset();
        m_changed = true;
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
        if (!document.position)
            continue;
        text += '\n' + id.text() + ' ' + std::to_string(document.position->serverSeq.value()) + ' '
                + toBase64Url(document.position->chain.view());
    }
    return toBase64Url(text);
}

std::string ResumePositions::tokenFor(std::size_t bytes)
{
    m_bytesSince += bytes;
    if (!m_changed)
        return {};
    // About 70 letters a document; with few of them every event has its token.
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
        const auto raw = fromBase64Url(line.substr(second + 1));
        const auto chain = raw ? Digest::fromBytes(*raw) : Result<Digest>(failure(raw.error()));
        if (!id || error != std::errc() || end != digits.data() + digits.size() || seq < 0 || !chain)
            return wrong();
        subscriptions.push_back({.documentId = std::move(*id), .afterSeq = ServerSeq(seq), .chain = *chain});
    }
    return subscriptions;
}

} // namespace eventsync::server
