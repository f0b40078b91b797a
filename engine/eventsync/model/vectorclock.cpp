// SPDX-License-Identifier: Apache-2.0
#include <eventsync/model/vectorclock.h>

#include <eventsync/model/jsonfields.h>

#include <algorithm>

namespace eventsync {

VectorClock::VectorClock(std::map<ClientId, ClientSeq> entries) : m_entries(std::move(entries))
{
    std::erase_if(m_entries, [](const auto &entry) { return entry.second.value() <= 0; });
}

Result<VectorClock> VectorClock::fromJson(const json::Value &value)
{
    const auto *object = value.if_object();
    if (!object)
        return failure(ErrorCode::InvalidMessage, "a vector clock is an object");
    VectorClock clock;
    for (const auto &[name, count] : *object) {
        auto client = authorIdFrom(name);
        if (!client)
            return failure(client.error().code, client.error().message, childPath({}, name));
        const auto *seq = count.if_int64();
        if (!seq || *seq < 0)
            return failure(ErrorCode::InvalidMessage, "a vector clock counts in integers from 0", childPath({}, name));
        clock.set(*client, ClientSeq(*seq));
    }
    return clock;
}

json::Value VectorClock::toJson() const
{
    json::Object object;
    object.reserve(m_entries.size());
    for (const auto &[client, seq] : m_entries)
        object.emplace(client.text(), seq.value());
    return object;
}

std::size_t VectorClock::canonicalSize() const
{
    constexpr std::size_t kLongestNumber = 16;
    std::size_t bytes = 2;
    for (const auto &[client, seq] : m_entries)
        bytes += client.text().size() + kLongestNumber + 4; // two quotes, a colon and a comma
    return bytes;
}

ClientSeq VectorClock::at(const ClientId &client) const
{
    const auto found = m_entries.find(client);
    return found == m_entries.end() ? ClientSeq() : found->second;
}

void VectorClock::set(const ClientId &client, ClientSeq seq)
{
    if (seq.value() > 0)
        m_entries[client] = seq;
    else
        m_entries.erase(client);
}

void VectorClock::advance(const ClientId &client, ClientSeq seq)
{
    if (seq > at(client))
        m_entries[client] = seq;
}

void VectorClock::merge(const VectorClock &other)
{
    for (const auto &[client, seq] : other.m_entries)
        advance(client, seq);
}

bool VectorClock::covers(const VectorClock &other) const
{
    return std::all_of(other.m_entries.begin(), other.m_entries.end(),
                       [this](const auto &entry) { return covers(entry.first, entry.second); });
}

ClockOrder compare(const VectorClock &a, const VectorClock &b)
{
    const bool aCovers = a.covers(b), bCovers = b.covers(a);
    if (aCovers)
        return bCovers ? ClockOrder::Equal : ClockOrder::After;
    return bCovers ? ClockOrder::Before : ClockOrder::Concurrent;
}

} // namespace eventsync
