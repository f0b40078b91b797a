// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/limits.h>
#include <eventsync/base/result.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace eventsync::transport {

struct SseEvent
{
    std::string type; // "message" if the stream named none
    std::string data;
    std::string lastEventId; // of this event, or of the last one before it that had an id
    bool operator==(const SseEvent &) const = default;
};

// Reads text/event-stream (WHATWG HTML, section 9.2.6) from chunks cut anywhere: inside the byte-order mark, between CR and LF,
// inside a character. Comments, unknown fields and events without data are skipped. A line or an event longer than `maxBytes`
// gives TooLarge, after which the parser must not be used any more. Owner only.
class SseParser
{
public:
    explicit SseParser(std::size_t maxBytes = limits::kFrameBytes) : m_maxBytes(maxBytes) {}

    Result<std::vector<SseEvent>> feed(std::string_view bytes);
    const std::string &lastEventId() const { return m_lastEventId; }
    std::optional<std::int64_t> retryMs() const { return m_retryMs; } // the latest `retry:`

private:
    Result<> endLine(std::vector<SseEvent> &events);
    void field(std::string_view name, std::string_view value);

    std::size_t m_maxBytes;
    std::size_t m_bomMatched = 0; // bytes of the byte-order mark seen; 3 or more: past it
    bool m_afterCr = false;
    bool m_hasData = false;
    std::string m_line, m_type, m_data, m_lastEventId, m_pendingId;
    std::optional<std::int64_t> m_retryMs;
};

} // namespace eventsync::transport
