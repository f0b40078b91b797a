// SPDX-License-Identifier: Apache-2.0
#include <eventsync/transport/sseparser_p.h>

#include <charconv>
#include <utility>

namespace eventsync::transport {

namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

} // namespace

Result<std::vector<SseEvent>> SseParser::feed(std::string_view bytes)
{
    std::vector<SseEvent> events;
    while (m_bomMatched < kByteOrderMark.size() && !bytes.empty()) {
        if (bytes.front() != kByteOrderMark[m_bomMatched]) {
            m_line.assign(kByteOrderMark.substr(0, m_bomMatched)); // it was the beginning of a line
            m_bomMatched = kByteOrderMark.size();
            break;
        }
        ++m_bomMatched;
        bytes.remove_prefix(1);
    }
    while (!bytes.empty()) {
        if (std::exchange(m_afterCr, false) && bytes.front() == '\n') {
            bytes.remove_prefix(1);
            continue;
        }
        const auto end = bytes.find_first_of("\r\n");
        const auto part = bytes.substr(0, end);
        if (m_line.size() + part.size() > m_maxBytes)
            return failure(ErrorCode::TooLarge, "a line of the event stream is too long");
        m_line.append(part);
        if (end == std::string_view::npos)
            break;
        m_afterCr = bytes[end] == '\r';
        bytes.remove_prefix(end + 1);
        EVENTSYNC_CHECK(endLine(events));
    }
    return events;
}

Result<> SseParser::endLine(std::vector<SseEvent> &events)
{
    if (!m_line.empty()) {
        const auto colon = m_line.find(':');
        const auto name = std::string_view(m_line).substr(0, colon);
        auto value = colon == std::string::npos ? std::string_view() : std::string_view(m_line).substr(colon + 1);
        if (value.starts_with(' '))
            value.remove_prefix(1);
        if (!name.empty()) // else a comment
            field(name, value);
        m_line.clear();
        if (m_data.size() > m_maxBytes)
            return failure(ErrorCode::TooLarge, "an event of the stream is too long");
        return {};
    }
    m_lastEventId = m_pendingId;
    if (std::exchange(m_hasData, false)) {
        m_data.pop_back(); // the line feed after the last data line
        events.push_back({m_type.empty() ? "message" : std::move(m_type), std::move(m_data), m_lastEventId});
    }
    m_type.clear();
    m_data.clear();
    return {};
}

void SseParser::field(std::string_view name, std::string_view value)
{
    if (name == "data") {
        m_data.append(value).push_back('\n');
        m_hasData = true;
    } else if (name == "event") {
        m_type = value;
    } else if (name == "id") {
        if (value.find('\0') == std::string_view::npos)
            m_pendingId = value;
    } else if (name == "retry") {
        std::int64_t number = 0;
        const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
        if (error == std::errc() && end == value.data() + value.size() && !value.starts_with('-'))
            m_retryMs = number;
    }
}

} // namespace eventsync::transport
