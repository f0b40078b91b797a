// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/model/statevector.h>
#include <eventsync/storage/backend.h>

#include <map>
#include <set>
#include <vector>

namespace eventsync::eventlog {

/// How far the clients of one document have applied its log, as stored with its derived rows. Client ids are invented easily, and
/// each cursor has a clock with an entry for each author: the cursors that moved longest ago go (limits::kCursorClockEntries).
/// Owner only.
class DocumentCursors
{
public:
    using Cursors = std::map<ClientId, StateVector>;

    const Cursors &all() const { return m_all; }
    void load(const std::vector<StateVector> &stored); ///< what is here already is newer
    const StateVector &move(StateVector cursor);
    void forget(const ClientId &client); ///< its row is erased by others

    /// What is not stored yet. The rows are those of the document with this number.
    bool isDirty() const { return !m_dirty.empty(); }
    std::set<ClientId> write(storage::Batch &batch, std::int64_t number);
    void writeFailed(const std::set<ClientId> &clients) { m_dirty.insert(clients.begin(), clients.end()); }

private:
    void trim(const ClientId &except);

    Cursors m_all;
    std::set<ClientId> m_dirty;
};

} // namespace eventsync::eventlog
