// SPDX-License-Identifier: Apache-2.0
#include <eventsync/transport/frame.h>

#include <eventsync/base/assert.h>

#include <mutex>

namespace eventsync::transport {

// The derived forms are made at most once, by the first thread that needs them (std::call_once; later calls take no lock).
struct Frame::Data
{
    Kind kind = Kind::Text;
    Bytes bytes;
    std::string label;

    mutable std::once_flag stringOnce, webSocketOnce, sseOnce;
    mutable QString string;
    mutable QByteArray webSocket, sse;
};

namespace {

constexpr char kFinalText = char(0x81);   // FIN and opcode 1
constexpr char kFinalBinary = char(0x82); // FIN and opcode 2

void appendBigEndian(QByteArray &out, std::uint64_t value, int bytes)
{
    for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8)
        out.append(static_cast<char>((value >> shift) & 0xff));
}

QByteArray webSocketFrame(Frame::Kind kind, std::string_view payload)
{
    QByteArray out;
    out.reserve(static_cast<qsizetype>(payload.size()) + 10);
    out.append(kind == Frame::Kind::Text ? kFinalText : kFinalBinary);
    if (payload.size() < 126) {
        out.append(static_cast<char>(payload.size()));
    } else if (payload.size() <= 0xffff) {
        out.append(char(126));
        appendBigEndian(out, payload.size(), 2);
    } else {
        out.append(char(127));
        appendBigEndian(out, payload.size(), 8);
    }
    out.append(payload.data(), static_cast<qsizetype>(payload.size()));
    return out;
}

// Every line of the data gets its own `data:`; CR, LF and CRLF all end a line for the reader.
QByteArray sseEvent(std::string_view label, std::string_view data)
{
    QByteArray out;
    out.reserve(static_cast<qsizetype>(label.size() + data.size()) + 32);
    if (!label.empty())
        out.append("event: ").append(label.data(), static_cast<qsizetype>(label.size())).append('\n');
    for (;;) {
        const auto end = data.find_first_of("\r\n");
        out.append("data: ").append(data.data(), static_cast<qsizetype>(std::min(end, data.size()))).append('\n');
        if (end == std::string_view::npos)
            break;
        data.remove_prefix(data.substr(end, 2) == "\r\n" ? end + 2 : end + 1);
    }
    return out.append('\n');
}

} // namespace

Frame::Frame()
{
    static const auto empty = std::make_shared<const Data>();
    m_data = empty;
}

Frame Frame::text(Bytes utf8, std::string label)
{
    EVENTSYNC_ASSERT(label.find_first_of("\r\n") == std::string::npos);
    auto data = std::make_shared<Data>();
    data->bytes = std::move(utf8);
    data->label = std::move(label);
    return Frame(std::move(data));
}

Frame Frame::binary(Bytes bytes, std::string label)
{
    EVENTSYNC_ASSERT(label.find_first_of("\r\n") == std::string::npos);
    auto data = std::make_shared<Data>();
    data->kind = Kind::Binary;
    data->bytes = std::move(bytes);
    data->label = std::move(label);
    return Frame(std::move(data));
}

Frame::Kind Frame::kind() const
{
    return m_data->kind;
}

std::string_view Frame::bytes() const
{
    return m_data->bytes;
}

std::string_view Frame::label() const
{
    return m_data->label;
}

const QString &Frame::toQString() const
{
    EVENTSYNC_ASSERT(isText());
    std::call_once(m_data->stringOnce, [d = m_data.get()] {
        d->string = QString::fromUtf8(d->bytes.data(), static_cast<qsizetype>(d->bytes.size()));
    });
    return m_data->string;
}

const QByteArray &Frame::webSocketBytes() const
{
    std::call_once(m_data->webSocketOnce, [d = m_data.get()] { d->webSocket = webSocketFrame(d->kind, d->bytes); });
    return m_data->webSocket;
}

const QByteArray &Frame::sseBytes() const
{
    EVENTSYNC_ASSERT(isText());
    std::call_once(m_data->sseOnce, [d = m_data.get()] { d->sse = sseEvent(d->label, d->bytes); });
    return m_data->sse;
}

} // namespace eventsync::transport
