// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/client/syncclient.h>

#include <map>

namespace eventsync::client {

/// The documents of a replica, for views: the optimistic and the confirmed states, engine fields included, and signals with the
/// paths that have changed. Owner only.
class StateManager final : public QObject
{
    Q_OBJECT

public:
    explicit StateManager(SyncClient &client, QObject *parent = nullptr);

    std::vector<DocumentId> documents() const;
    json::State optimistic(const DocumentId &id) const; ///< none: absent or unknown
    json::State confirmed(const DocumentId &id) const;
    const json::Value *value(const DocumentId &id, const json::Pointer &path) const; ///< optimistic, without engine fields; null if absent
    ServerSeq version(const DocumentId &id) const;       ///< serverSeq of the confirmed state
    bool isPending(const DocumentId &id) const;          ///< the two states may differ

    /// Calls `changed` whenever the optimistic value at `path`, or below it, has changed; with null if there is no value. Also
    /// at once with the current value, if requested. The returned id is for unwatch().
    using Changed = std::function<void(const json::Value *value)>;
    int watch(const DocumentId &id, const json::Pointer &path, Changed changed, bool atOnce = true);
    void unwatch(int watchId);

Q_SIGNALS:
    void documentChanged(const eventsync::DocumentId &id, const std::vector<eventsync::json::Pointer> &paths, bool remote);

private:
    struct Watch
    {
        DocumentId id;
        json::Pointer path;
        Changed changed;
        std::optional<Digest> seen; // of the canonical value reported last
    };
    void onChanged(const DocumentChanged &notification);
    bool differs(Watch &watch) const;

    SyncClient &m_client;
    std::map<int, Watch> m_watches;
    int m_lastWatch = 0;
};

} // namespace eventsync::client
