// SPDX-License-Identifier: Apache-2.0
#include <eventsync/crdt/subscriptions.h>

namespace eventsync::crdt {

Subscriptions::Subscriptions(Document &document) : m_document(document)
{
    document.setObserver([this](const Change &change) { notify(change); });
}

Subscriptions::~Subscriptions()
{
    m_document.setObserver({});
}

int Subscriptions::subscribe(std::string pointer, Callback callback)
{
    m_subscriptions.emplace(m_next, Subscription{std::move(pointer), std::move(callback)});
    return m_next++;
}

void Subscriptions::unsubscribe(int subscription)
{
    m_subscriptions.erase(subscription);
}

void Subscriptions::notify(const Change &change) const
{
    if (m_subscriptions.empty())
        return;
    Path path = m_document.pathOf(change.node);
    const NodeIndex node = m_document.find(change.node);
    if (change.kind == Change::Kind::Value && node != kNoNode) {
        const NodeKind kind = m_document.node(node).kind;
        if (kind == NodeKind::Obj)
            path.emplace_back(change.key);
        else if (kind == NodeKind::Vec || kind == NodeKind::Arr)
            path.emplace_back(static_cast<std::size_t>(change.position));
    }
    const std::string pointer = toString(path);
    const auto subscriptions = m_subscriptions; // a callback may subscribe and unsubscribe
    for (const auto &[number, subscription] : subscriptions) {
        const std::string &wanted = subscription.pointer;
        const bool below = pointer.starts_with(wanted) && (pointer.size() == wanted.size() || pointer[wanted.size()] == '/');
        const bool above = wanted.starts_with(pointer) && change.kind == Change::Kind::Value; // what it hangs on was replaced
        if (below || above)
            subscription.callback(change, pointer);
    }
}

} // namespace eventsync::crdt
