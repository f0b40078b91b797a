// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/random.h>
#include <eventsync/base/uuid.h>
#include <eventsync/protocol/messages.h>

namespace eventsync::test {

// Messages of every type with random fields; the same seed gives the same messages.
class RandomMessages
{
public:
    explicit RandomMessages(std::uint64_t seed);

    protocol::Message next(std::size_t type); // index in the variant
    json::Value value(int depth);

private:
    class FixedClock final : public Clock
    {
    public:
        Timestamp wall() const override { return Timestamp(1'763'717'400'000); }
        std::chrono::milliseconds steady() const override { return {}; }
    };

    bool maybe() { return m_random.below(2) == 1; }
    std::int64_t number();
    std::string text();
    EventId id() { return m_ids.next(); }
    Digest digest() { return sha256(text()); }
    DocumentId documentId();
    ClientId clientId();
    VectorClock clock();
    Timestamp time();
    json::Pointer pointer();
    std::vector<json::Pointer> pointers();
    json::Filter filter();
    json::Object object(int depth);
    Diff diff();
    Event event(const DocumentId &documentId, EventForm form);
    CollectionPolicy policy();
    protocol::Message documentMessage(std::size_t type);
    protocol::Message otherMessage(std::size_t type);
    protocol::Query query();
    template<class T, class Make>
    std::optional<T> optional(const Make &make)
    {
        return maybe() ? std::optional<T>(make()) : std::nullopt;
    }
    std::optional<std::int64_t> optionalNumber()
    {
        return optional<std::int64_t>([this] { return number(); });
    }
    std::optional<ServerSeq> optionalSeq()
    {
        return optional<ServerSeq>([this] { return ServerSeq(number()); });
    }
    std::optional<std::string> optionalText()
    {
        return optional<std::string>([this] { return text(); });
    }

    SeededRandom m_random;
    FixedClock m_clock;
    UuidGenerator m_ids;
};

} // namespace eventsync::test
