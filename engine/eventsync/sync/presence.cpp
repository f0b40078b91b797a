// SPDX-License-Identifier: Apache-2.0
#include <eventsync/sync/presence_p.h>

#include <eventsync/json/heldbytes.h>
#include <eventsync/sync/limits.h>

#include <utility>
#include <vector>

namespace eventsync::sync {

namespace {

constexpr std::size_t kEntryRoom = 128; // of one entry, beside its names and its state

protocol::OutgoingPtr messageOf(const DocumentId &document, const ClientId &client, const json::Value &state)
{
    return std::make_shared<const protocol::OutgoingMessage>(protocol::Presence{document, client, state});
}

} // namespace

Presence::Presence(const EventBroker &broker, Metrics *metrics)
    : m_broker(broker),
      m_gauge(metrics ? &metrics->gauge("eventsync_presence_bytes", "bytes held of what clients show of themselves") : nullptr)
{
}

void Presence::charge(SessionId session, std::size_t before, std::size_t now)
{
    std::size_t &bytes = m_bytes[session];
    bytes += now - before;
    m_allBytes += now - before;
    if (bytes == 0)
        m_bytes.erase(session);
    if (m_gauge)
        m_gauge->set(static_cast<std::int64_t>(m_allBytes));
}

const Presence::Entries &Presence::of(const DocumentId &document) const
{
    static const Entries kNone;
    const auto found = m_documents.find(document);
    return found == m_documents.end() ? kNone : found->second;
}

// Peers that read too slowly get the next one.
Result<> Presence::show(const DocumentId &document, const ClientId &client, Entry entry)
{
    const SessionId sender = entry.session;
    const Entries &shown = of(document);
    const auto former = shown.find(client);
    const std::size_t before = former == shown.end() ? 0 : former->second.bytes;
    const std::size_t own = former != shown.end() && former->second.session == sender ? before : 0;
    const auto bytes = m_bytes.find(sender);
    entry.bytes = kEntryRoom + document.text().size() + client.text().size() + json::heldBytes(entry.state);
    if ((bytes == m_bytes.end() ? 0 : bytes->second) - own + entry.bytes > limits::kConnectionPresenceBytes
        || m_allBytes - before + entry.bytes > limits::kAllPresenceBytes)
        return failure(ErrorCode::QueueFull, "more presence than can be kept: this one is not shown", "/state");
    if (before > 0)
        charge(former->second.session, before, 0);
    charge(sender, 0, entry.bytes);
    const auto outgoing = messageOf(document, client, entry.state);
    m_documents[document].insert_or_assign(client, std::move(entry));
    for (const SubscriberPtr &other : m_broker.subscribers(document)) {
        if (other->session() != sender && !other->isOverHighWater() && other->mayRead())
            other->send(outgoing);
    }
    return {};
}

void Presence::end(const DocumentId &document, const ClientId &client)
{
    const auto shown = m_documents.find(document);
    if (shown == m_documents.end())
        return;
    const auto found = shown->second.find(client);
    if (found == shown->second.end())
        return;
    const SessionId sender = found->second.session;
    charge(sender, found->second.bytes, 0);
    shown->second.erase(found);
    if (shown->second.empty())
        m_documents.erase(shown);
    const auto outgoing = messageOf(document, client, json::Value());
    for (const SubscriberPtr &other : m_broker.subscribers(document)) {
        if (other->session() != sender && other->mayRead())
            other->send(outgoing);
    }
}

void Presence::endOf(SessionId session, const DocumentId &document, const ClientId &client)
{
    const Entries &entries = of(document);
    const auto found = entries.find(client);
    if (found != entries.end() && found->second.session == session)
        end(document, client);
}

void Presence::endBefore(std::chrono::milliseconds at)
{
    std::vector<std::pair<DocumentId, ClientId>> silent;
    for (const auto &[document, entries] : m_documents) {
        for (const auto &[client, entry] : entries) {
            if (entry.at <= at)
                silent.emplace_back(document, client);
        }
    }
    for (const auto &[document, client] : silent)
        end(document, client);
}

} // namespace eventsync::sync
