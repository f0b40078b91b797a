// SPDX-License-Identifier: Apache-2.0
#include <eventsync/client/stagedsnapshot_p.h>

#include <eventsync/client/rows_p.h>

namespace eventsync::client {

void StagedSnapshot::load(protocol::Snapshot part)
{
    const std::int64_t number = part.part;
    m_parts.emplace(number, std::move(part));
}

Result<bool> StagedSnapshot::add(const protocol::Snapshot &part)
{
    const bool formed = part.bytes && part.sha256 && part.part >= 1 && part.part <= part.parts;
    if (!formed || part.part > nextPart()) {
        drop();
        return failure(ErrorCode::InvalidMessage, "a part of a snapshot that does not fit");
    }
    if (!m_parts.empty()) {
        const protocol::Snapshot &first = m_parts.begin()->second;
        if (first.sha256 != part.sha256 || first.parts != part.parts || first.position != part.position)
            drop(); // it belongs to another snapshot
    }
    if (part.part < nextPart()) // a part that is here already: only the known ids may be newer
        m_parts.at(part.part).known = part.known;
    if (part.part != nextPart())
        return false;
    m_changes.put("staging", rows::stagedRow(m_id, part));
    m_parts.emplace(part.part, part);
    return part.part == part.parts;
}

Result<protocol::Snapshot> StagedSnapshot::takeWhole()
{
    protocol::Snapshot whole = m_parts.rbegin()->second;
    Bytes joined;
    whole.known.clear();
    for (const auto &[number, part] : m_parts) {
        joined += *part.bytes;
        whole.known.insert(whole.known.end(), part.known.begin(), part.known.end());
    }
    drop();
    if (sha256(joined) != *whole.sha256)
        return failure(ErrorCode::Corrupt, "a snapshot whose bytes are not what its digest says");
    whole.bytes = std::move(joined);
    return whole;
}

void StagedSnapshot::drop()
{
    if (!m_parts.empty())
        m_changes.eraseAll("staging");
    m_parts.clear();
}

} // namespace eventsync::client
