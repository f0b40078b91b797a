// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/bytes.h>

#include <QByteArray>
#include <QString>

#include <memory>
#include <string>
#include <string_view>

namespace eventsync::transport {

/// One message on its way: bytes that are written once and shared by every connection that sends them (architecture
/// decision 11). The forms in which the transports want them (QString, a WebSocket frame, an SSE event) are made on first
/// use and kept, so a broadcast converts once, not once per reader.
/// Immutable, cheap to copy, any thread.
class Frame
{
public:
    enum class Kind { Text, Binary };

    Frame(); ///< an empty text
    /// `label` is the message's type: what SSE says in its `event:` line; no line breaks in it. `utf8` must be valid UTF-8.
    static Frame text(Bytes utf8, std::string label = {});
    static Frame binary(Bytes bytes, std::string label = {});

    Kind kind() const;
    bool isText() const { return kind() == Kind::Text; }
    std::string_view bytes() const;
    std::size_t size() const { return bytes().size(); }
    std::string_view label() const;

    const QString &toQString() const;         ///< of a text
    const QByteArray &webSocketBytes() const; ///< RFC 6455, one whole unmasked frame, as a server sends it
    const QByteArray &sseBytes() const;       ///< of a text: "event: label\ndata: ...\n\n"

    bool operator==(const Frame &other) const { return kind() == other.kind() && bytes() == other.bytes(); }

private:
    struct Data;
    explicit Frame(std::shared_ptr<const Data> data) : m_data(std::move(data)) {}
    std::shared_ptr<const Data> m_data;
};

} // namespace eventsync::transport
