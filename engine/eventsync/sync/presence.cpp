// SPDX-License-Identifier: Apache-2.0
#include <eventsync/sync/presence_p.h>

#include <utility>
#include <vector>

namespace eventsync::sync {

namespace {

protocol::OutgoingPtr messageOf(const DocumentId &document, const ClientId &client, const json::Value &state)
{
    return std::make_shared<const protocol::OutgoingMessage>(protocol::Presence{document, client, state});
}

} // namespace

const Presence::Entries &Presence::of(const DocumentId &document) const
{
    static const Entries kNone;
    const auto found = m_documents.find(document);
    return found == m_documents.end() ? kNone : found->second;
}

// Peers that read too slowly get the next one.
void Presence::show(const DocumentId &document, const ClientId &client, Entry entry)
{
    const SessionId sender = entry.session;
    const auto outgoing = messageOf(document, client, entry.state);
    m_documents[document].insert_or_assign(client, std::move(entry));
    for (const SubscriberPtr &other : m_broker.subscribers(document)) {
        if (other->session() != sender && !other->isOverHighWater() && other->mayRead())
            other->send(outgoing);
    }
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
