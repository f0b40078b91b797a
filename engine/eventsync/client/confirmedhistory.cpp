// SPDX-License-Identifier: Apache-2.0
#include <eventsync/client/confirmedhistory_p.h>

#include <eventsync/base/limits.h>
#include <eventsync/client/limits.h>
#include <eventsync/client/logging_p.h>
#include <eventsync/client/rows_p.h>

#include <algorithm>

namespace eventsync::client {

namespace {

constexpr std::size_t kSmallestBase = 64 * limits::kKiB; // below it, loading a few events costs little
constexpr std::size_t kLongHistory = 4;                  // times the usual length, while a conflict needs items that far back

} // namespace

std::size_t ConfirmedHistory::limit() const
{
    const auto every = static_cast<std::size_t>(std::max<std::int64_t>(m_options.checkpointEvery, 1));
    return std::max<std::size_t>(every * std::max<std::size_t>(m_options.checkpoints, 1), 1);
}

void ConfirmedHistory::advance(const Event &event, const Digest &chain)
{
    m_position = {event.serverSeq, chain};
    m_changes.documentRowChanged();
    setClock(event.clientId, event.clientSeq);
}

void ConfirmedHistory::append(HistoryItem item, Bytes canonical)
{
    m_changes.put("history", rows::historyRow(m_id, item, std::move(canonical)));
    m_bytes += item.bytes;
    m_bytesSinceBase += item.bytes;
    m_items.push_back(std::move(item));
}

void ConfirmedHistory::restart(const Position &position, const VectorClock &clock)
{
    m_position = m_start = position;
    m_items.clear();
    m_bytes = m_bytesSinceBase = 0;
    m_baseIsOutdated = true;
    m_changes.eraseAll("history");
    m_changes.documentRowChanged();
    m_changes.eraseAll("clocks");
    m_clock = VectorClock();
    for (const auto &[client, seq] : clock.entries())
        setClock(client, seq);
}

bool ConfirmedHistory::rollBackTo(ServerSeq common, DocumentState &confirmed)
{
    m_changes.documentRowChanged();
    if (common < m_start.serverSeq || common > m_position.serverSeq)
        return false; // 0: nothing in common. Any other position was not offered by this client; the gap leads to a subscription from the start
    while (!m_items.empty() && m_position.serverSeq > common) {
        const HistoryItem &item = m_items.back();
        if (const auto reverted = confirmed.revert(item.inverse); !reverted) {
            qCWarning(lcClient) << "a document's history cannot be reverted:" << reverted.error().toString().c_str();
            return false;
        }
        setClock(item.event->clientId, item.event->clientSeq.previous());
        m_changes.erase("history", {m_id.text(), item.event->serverSeq.value()});
        m_bytes -= item.bytes;
        m_items.pop_back();
        m_position = m_items.empty() ? m_start : Position{m_items.back().event->serverSeq, m_items.back().chain};
    }
    setCompared();
    m_baseIsOutdated = m_baseIsOutdated || m_base > m_position.serverSeq;
    return true;
}

std::vector<HistoryItem> ConfirmedHistory::trim(ServerSeq wanted)
{
    const std::size_t most = limit();
    std::vector<HistoryItem> removed;
    while (!m_items.empty()) {
        HistoryItem &item = m_items.front();
        const bool over = m_items.size() > most || m_bytes > limits::kClientHistoryBytes;
        const bool looked = item.event->serverSeq > wanted && m_items.size() <= most * kLongHistory
            && m_bytes <= limits::kClientHistoryBytes * kLongHistory;
        if (!over || looked || item.event->serverSeq > m_base)
            break;
        m_changes.erase("history", {m_id.text(), item.event->serverSeq.value()});
        m_changes.documentRowChanged();
        m_start = {item.event->serverSeq, item.chain};
        m_bytes -= item.bytes;
        removed.push_back(std::move(item));
        m_items.pop_front();
    }
    return removed;
}

std::vector<const json::Footprint *> ConfirmedHistory::unseenBy(ServerSeq base, std::int64_t order) const
{
    std::vector<const json::Footprint *> footprints;
    const auto skip = std::max<std::int64_t>(base - m_start.serverSeq, 0);
    for (auto i = static_cast<std::size_t>(skip); i < m_items.size(); ++i) {
        if (m_items[i].isUnseenBy(base, order))
            footprints.push_back(&m_items[i].footprint);
    }
    return footprints;
}

std::optional<DocumentState> ConfirmedHistory::stateAt(ServerSeq seq, const DocumentState &confirmed) const
{
    if (seq < m_start.serverSeq || seq > m_position.serverSeq)
        return std::nullopt;
    DocumentState state = confirmed;
    for (auto it = m_items.rbegin(); it != m_items.rend() && it->event->serverSeq > seq; ++it) {
        if (!state.revert(it->inverse))
            return std::nullopt;
    }
    return state;
}

std::vector<protocol::Checkpoint> ConfirmedHistory::checkpoints() const
{
    std::vector<protocol::Checkpoint> points;
    for (std::size_t back = 1; points.size() < m_options.checkpoints; back *= 2) {
        const bool first = back >= m_items.size();
        const Position at = first ? m_start
                                  : Position{m_items[m_items.size() - 1 - back].event->serverSeq, m_items[m_items.size() - 1 - back].chain};
        if (at.serverSeq.value() == 0 || at.serverSeq >= m_position.serverSeq)
            break;
        points.push_back({at.serverSeq, at.chain});
        if (first)
            break;
    }
    return points;
}

void ConfirmedHistory::setClock(const ClientId &client, ClientSeq seq)
{
    m_clock.set(client, seq);
    if (seq.value() > 0)
        m_changes.put("clocks", {m_id.text(), client.text(), seq.value()});
    else
        m_changes.erase("clocks", {m_id.text(), client.text()});
}

// ---- rows

bool ConfirmedHistory::wantsStateRow(std::size_t stateBytes) const
{
    return m_baseIsOutdated || m_bytesSinceBase > std::max(kSmallestBase, stateBytes)
        || m_position.serverSeq - m_base > static_cast<std::int64_t>(limit() / 2);
}

void ConfirmedHistory::writeState(const DocumentState &confirmed)
{
    const bool crdt = confirmed.kind() == DocumentKind::Crdt;
    m_changes.put("states", {m_id.text(), m_position.serverSeq.value(),
                             confirmed.exists() && !crdt ? storage::Cell(confirmed.canonical()) : storage::Cell()});
    if (crdt)
        m_changes.put("crdts", {m_id.text(), rows::cell(confirmed.toBytes())});
    else if (m_baseIsCrdt)
        m_changes.eraseAll("crdts");
    m_baseIsCrdt = crdt;
    m_base = m_position.serverSeq;
    m_bytesSinceBase = 0;
    m_baseIsOutdated = false;
    m_changes.documentRowChanged();
}

storage::Row ConfirmedHistory::documentCells() const
{
    return {m_position.serverSeq.value(), rows::cell(m_position.chain.view()), m_start.serverSeq.value(), rows::cell(m_start.chain.view())};
}

Result<> ConfirmedHistory::loadDocument(const storage::Row &row, std::size_t column)
{
    for (Position *position : {&m_position, &m_start}) {
        EVENTSYNC_TRY(const std::int64_t seq, rows::integer(row, column++));
        EVENTSYNC_TRY(const Bytes chain, rows::blob(row, column++));
        position->serverSeq = ServerSeq(seq);
        EVENTSYNC_TRY(position->chain, Digest::fromBytes(chain));
    }
    setCompared();
    return {};
}

Result<> ConfirmedHistory::load(HistoryItem item, DocumentState &tree)
{
    if (item.event->serverSeq > m_base) {
        EVENTSYNC_CHECK(tree.apply(*item.event));
        m_bytesSinceBase += item.bytes;
    }
    m_bytes += item.bytes;
    m_items.push_back(std::move(item));
    return {};
}

Result<> ConfirmedHistory::checkLoaded() const
{
    const Position end = m_items.empty() ? m_start : Position{m_items.back().event->serverSeq, m_items.back().chain};
    if (end != m_position || m_base > m_position.serverSeq || m_base < m_start.serverSeq)
        return failure(ErrorCode::Corrupt, "the history of " + m_id.text() + " does not lead to its position");
    return {};
}

} // namespace eventsync::client
