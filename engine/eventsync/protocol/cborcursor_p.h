// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/json/value.h>
#include <eventsync/protocol/cbor_p.h>

#include <cstdint>
#include <string_view>

namespace eventsync::protocol::cbor {

// The first bytes of an item: its major type, and its argument, which for most is a number or a length.
struct ItemHead
{
    Major major = Major::Simple;
    unsigned info = 0;
    std::uint64_t argument = 0;
};

// Reads bytes as deterministic CBOR, item by item. After a function has returned false, at() is the place of the error and
// problem() describes it. Refers to bytes that it does not own; owner only.
class ItemCursor
{
public:
    explicit ItemCursor(std::string_view bytes) : m_bytes(bytes) {}

    std::size_t at() const { return m_at; }
    std::size_t left() const { return m_bytes.size() - m_at; }
    std::string_view since(std::size_t from) const { return m_bytes.substr(from, m_at - from); }
    const char *problem() const { return m_problem; }

    bool take(std::uint64_t count, std::string_view &out);
    bool number(int bytes, std::uint64_t &out); // big-endian
    bool head(ItemHead &out);                       // in its shortest form

private:
    bool fail(const char *problem)
    {
        m_problem = problem;
        return false;
    }

    std::string_view m_bytes;
    std::size_t m_at = 0;
    const char *m_problem = "";
};

// Reads one item of any kind, like read() within a message, inside of `depth` containers. False for every error.
bool readItem(ItemCursor &in, json::Value &out, const Shape &shape, int depth, int maxDepth);

} // namespace eventsync::protocol::cbor
