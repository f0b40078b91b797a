// SPDX-License-Identifier: Apache-2.0
#include <eventsync/client/statemanager.h>

#include <eventsync/base/guard.h>
#include <eventsync/client/logging_p.h>

#include <QPointer>

#include <algorithm>

namespace eventsync::client {

StateManager::StateManager(SyncClient &client, QObject *parent) : QObject(parent), m_client(client)
{
    connect(&client, &SyncClient::documentChanged, this, &StateManager::onChanged);
}

std::vector<DocumentId> StateManager::documents() const
{
    return m_client.core().documents();
}

json::State StateManager::optimistic(const DocumentId &id) const
{
    const DocumentState *state = m_client.core().optimistic(id);
    if (!state || !state->exists())
        return std::nullopt;
    return m_client.core().policy(id).withEngineFields(state->view(), version(id));
}

json::State StateManager::confirmed(const DocumentId &id) const
{
    const DocumentState *state = m_client.core().confirmed(id);
    if (!state || !state->exists())
        return std::nullopt;
    return m_client.core().policy(id).withEngineFields(state->view(), version(id));
}

const json::Value *StateManager::value(const DocumentId &id, const json::Pointer &path) const
{
    const DocumentState *state = m_client.core().optimistic(id);
    return state && state->exists() ? json::find(state->view(), path) : nullptr;
}

ServerSeq StateManager::version(const DocumentId &id) const
{
    const auto position = m_client.core().position(id);
    return position ? position->serverSeq : ServerSeq();
}

bool StateManager::isPending(const DocumentId &id) const
{
    const QueueCounts counts = m_client.core().queueCounts(id);
    return counts.waiting + counts.sent > 0;
}

int StateManager::watch(const DocumentId &id, const json::Pointer &path, Changed changed, bool atOnce)
{
    const int number = ++m_lastWatch;
    Watch &made = m_watches.emplace(number, Watch{id, path, changed, {}}).first->second;
    static_cast<void>(differs(made)); // remembers the current value
    if (atOnce)
        callListener(lcClient(), "a watch callback", changed, value(id, path));
    return number;
}

void StateManager::unwatch(int watchId)
{
    m_watches.erase(watchId);
}

bool StateManager::differs(Watch &watch) const
{
    const json::Value *now = value(watch.id, watch.path);
    const std::optional<Digest> digest = now ? std::optional(sha256(json::canonical(*now))) : std::nullopt;
    const bool differ = digest != watch.seen;
    watch.seen = digest;
    return differ;
}

void StateManager::onChanged(const DocumentChanged &notification)
{
    const QPointer<StateManager> alive(this);
    Q_EMIT documentChanged(notification.documentId, notification.paths, notification.remote);
    if (!alive)
        return;
    std::vector<int> touched;
    for (const auto &[number, watch] : m_watches) {
        const bool near = std::any_of(notification.paths.begin(), notification.paths.end(), [&](const json::Pointer &path) {
            return path.isPrefixOf(watch.path) || watch.path.isPrefixOf(path);
        });
        if (watch.id == notification.documentId && near)
            touched.push_back(number);
    }
    for (const int number : touched) {
        const auto found = m_watches.find(number); // an earlier one may have unwatched it
        if (found == m_watches.end() || !differs(found->second))
            continue;
        const Changed changed = found->second.changed;
        callListener(lcClient(), "a watch callback", changed, value(notification.documentId, found->second.path));
        if (!alive)
            return;
    }
}

} // namespace eventsync::client
