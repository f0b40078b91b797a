// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/bytes.h>

#include <QByteArray>
#include <QString>

#include <memory>
#include <string>
#include <string_view>

namespace eventsync::transport {

/// One encoded message: bytes that are written once and shared by all connections that send them. The forms that transports
/// need (QString, a WebSocket frame, an SSE event) are made at the first use and kept, so a message to many readers is
/// converted once. Immutable, cheap to copy, any thread.
class Frame
{
public:
    enum class Kind { Text, Binary };

    Frame(); ///< an empty text
    /// `label` is the message's type, used in the `event:` line of SSE; it has no line breaks. `utf8` must be valid UTF-8.
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
