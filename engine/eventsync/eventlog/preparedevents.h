// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/eventlog/eventstore.h>

#include <memory>
#include <optional>
#include <vector>

namespace eventsync::eventlog {

/// The events of one document that have their place in its order and are not durable yet: collected, then handed to the store
/// as one batch, then in the log. While that batch is out none is added. After a commit that failed this object is dropped with
/// its document, because what the store holds is not known. Owner only.
class PreparedEvents
{
public:
    using Events = std::vector<std::shared_ptr<LoggedEvent>>;

    const Events &events() const { return m_events; }
    bool isEmpty() const { return m_events.empty(); }
    bool isCommitting() const { return m_committing; }
    std::size_t heldBytes() const { return m_held; }
    std::optional<KnownEvent> find(const EventId &id) const; ///< by its id, or the first id of its edit

    void add(std::shared_ptr<LoggedEvent> event, std::int64_t document);
    void beginCommit();
    std::vector<LoggedPtr> endCommit(const std::int64_t *positions); ///< those that the store gave them, in their order

private:
    Events m_events;
    KnownEvents m_ids;
    std::size_t m_held = 0;
    bool m_committing = false;
};

} // namespace eventsync::eventlog
