// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/crdt/document.h>

#include <map>
#include <string>

namespace eventsync::crdt {

/// Changes of a document by path: a callback is called for every change at or below its JSON Pointer. Uses the document's
/// observer. Owner only; callbacks may read the document, but not change it.
class Subscriptions
{
public:
    /// `path`: of what changed; for a key or an element with a new value, the container's path and the key or index.
    using Callback = std::function<void(const Change &change, const std::string &path)>;

    explicit Subscriptions(Document &document);
    ~Subscriptions();
    Subscriptions(const Subscriptions &) = delete;
    Subscriptions &operator=(const Subscriptions &) = delete;

    int subscribe(std::string pointer, Callback callback); ///< "": all changes
    void unsubscribe(int subscription);

private:
    void notify(const Change &change) const;

    struct Subscription
    {
        std::string pointer;
        Callback callback;
    };
    Document &m_document;
    std::map<int, Subscription> m_subscriptions;
    int m_next = 1;
};

} // namespace eventsync::crdt
