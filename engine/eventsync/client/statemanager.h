// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/client/syncclient.h>

#include <map>

namespace eventsync::client {

/// The documents of a replica as views want them: optimistic (with what waits) and confirmed, engine fields included, and
/// signals that say where something changed. Owner only.
class StateManager final : public QObject
{
    Q_OBJECT

public:
    explicit StateManager(SyncClient &client, QObject *parent = nullptr);

    std::vector<DocumentId> documents() const;
    json::State optimistic(const DocumentId &id) const; ///< none: absent or unknown
    json::State confirmed(const DocumentId &id) const;
    const json::Value *value(const DocumentId &id, const json::Pointer &path) const; ///< optimistic, without engine fields; or nullptr
    ServerSeq version(const DocumentId &id) const;       ///< serverSeq of the confirmed state
    bool isPending(const DocumentId &id) const;          ///< the two states may differ

    /// Calls `changed` whenever the optimistic value at `path`, or something below it, is another than before; nullptr when
    /// there is none. At once with the present value, if that is wished. The id unwatches.
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
        std::optional<Digest> seen; // of the canonical value told last
    };
    void onChanged(const DocumentChanged &notification);
    bool differs(Watch &watch) const;

    SyncClient &m_client;
    std::map<int, Watch> m_watches;
    int m_lastWatch = 0;
};

} // namespace eventsync::client
