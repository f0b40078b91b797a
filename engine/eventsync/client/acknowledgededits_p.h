// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/client/clientcore.h>
#include <eventsync/client/documentchanges_p.h>

#include <map>
#include <unordered_map>

namespace eventsync::client {

// An own edit that is in the log, kept for limits::kAckedKeep in case the server loses it.
struct AckedEdit
{
    ServerSeq serverSeq;
    std::shared_ptr<const QueueEntry> edit;
    bool otherVersionLogged = false;           // ours was never in the log
    Timestamp at;
};

enum class IdKind { Acknowledged = 1, GivenUp = 2 }; // own ids whose edits are no longer kept

// The own edits of one document that have left the queue: those in the log with their content as long as they are kept, and of
// all others only the id. An own id never becomes unknown, because an unknown event under the own client id means that this
// replica is a copy. Owner only.
class AcknowledgedEdits
{
public:
    using Edits = std::map<std::pair<ServerSeq, EventId>, AckedEdit>;

    AcknowledgedEdits(const DocumentId &id, const ClientOptions &options, DocumentChanges &changes)
        : m_id(id), m_options(options), m_changes(changes) {}

    const Edits &edits() const { return m_edits; } // by position
    void keep(AckedEdit acked);
    void forgetOld(Timestamp now);
    void remove(const AckedEdit &acked);            // it is no longer in the log
    void clear();                                   // their content; the ids stay
    void giveUp(const QueueEntry &edit);             // it will not be logged
    enum class Known { No, Acknowledged, GivenUp };
    Known known(const EventId &id, const EventId &first) const;

    void load(AckedEdit acked);
    void loadId(const EventId &id, IdKind kind) { m_ids.emplace(id, kind); }

private:
    void keepIds(const QueueEntry &edit, IdKind kind);

    const DocumentId &m_id;
    const ClientOptions &m_options;
    DocumentChanges &m_changes;
    Edits m_edits;
    std::unordered_map<EventId, ServerSeq> m_byId;
    std::unordered_map<EventId, IdKind> m_ids;
};

} // namespace eventsync::client
