// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/ids.h>
#include <eventsync/json/value.h>

#include <map>

namespace eventsync {

/// For one document: client -> the last clientSeq that is included. A client without an entry is at 0; entries of 0 are not
/// kept. On the wire an object {"client": n}. Value type.
class VectorClock
{
public:
    VectorClock() = default;
    explicit VectorClock(std::map<ClientId, ClientSeq> entries);

    static Result<VectorClock> fromJson(const json::Value &value);
    json::Value toJson() const;
    std::size_t canonicalSize() const; ///< at the most: bytes of its canonical JSON

    ClientSeq at(const ClientId &client) const;
    void set(const ClientId &client, ClientSeq seq);
    void advance(const ClientId &client, ClientSeq seq); ///< to the larger one
    void merge(const VectorClock &other);                ///< entry by entry the larger one
    bool covers(const ClientId &client, ClientSeq seq) const { return at(client) >= seq; }
    bool covers(const VectorClock &other) const;         ///< everything the other knows

    const std::map<ClientId, ClientSeq> &entries() const { return m_entries; }
    bool isEmpty() const { return m_entries.empty(); }
    bool operator==(const VectorClock &) const = default;

private:
    std::map<ClientId, ClientSeq> m_entries;
};

/// How two vector clocks compare.
enum class ClockOrder { Equal, Before, After, Concurrent };
ClockOrder compare(const VectorClock &a, const VectorClock &b);

} // namespace eventsync
