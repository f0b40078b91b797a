// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/model/statevector.h>
#include <eventsync/storage/backend.h>

#include <map>
#include <set>
#include <utility>
#include <vector>

namespace eventsync::eventlog {

/// How far the clients of one document have applied its log, as stored with its derived rows. A client can invent any number of
/// ids, and each cursor has a clock with an entry per author, so the cursors that have not moved for longest are dropped
/// (limits::kCursorClockEntries). Owner only.
class DocumentCursors
{
public:
    using Cursors = std::map<ClientId, StateVector>;

    const Cursors &all() const { return m_all; }
    void load(const std::vector<StateVector> &stored); ///< a cursor that is here already is newer
    const StateVector &move(StateVector cursor);
    void forget(const ClientId &client); ///< its row is erased elsewhere

    /// The rows that are not stored yet, for the document with this number.
    bool isDirty() const { return !m_dirty.empty(); }
    std::set<ClientId> write(storage::Batch &batch, std::int64_t number);
    void writeFailed(const std::set<ClientId> &clients) { m_dirty.insert(clients.begin(), clients.end()); }

    std::size_t clockEntries() const { return m_entries; } ///< of all cursors, and one for each

private:
    using Age = std::pair<Timestamp, ClientId>;
    void set(StateVector cursor);
    void erase(Cursors::iterator cursor);
    void trim(const ClientId &except);

    Cursors m_all;
    std::set<Age> m_byAge;
    std::size_t m_entries = 0;
    std::set<ClientId> m_dirty;
};

} // namespace eventsync::eventlog
