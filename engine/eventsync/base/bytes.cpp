// SPDX-License-Identifier: Apache-2.0
#include <eventsync/base/bytes.h>

#include <QByteArray>

#include <cstdint>
#include <cstring>

namespace eventsync {

namespace {

QByteArray view(std::string_view bytes)
{
    return QByteArray::fromRawData(bytes.data(), static_cast<qsizetype>(bytes.size()));
}

int hexDigit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return -1;
}

} // namespace

std::string toHex(std::string_view bytes)
{
    static constexpr char kDigits[] = "0123456789abcdef";
    std::string text;
    text.reserve(bytes.size() * 2);
    for (const unsigned char byte : bytes) {
        text += kDigits[byte >> 4];
        text += kDigits[byte & 15];
    }
    return text;
}

Result<Bytes> fromHex(std::string_view text)
{
    Bytes bytes;
    bytes.reserve(text.size() / 2);
    for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
        const int high = hexDigit(text[i]), low = hexDigit(text[i + 1]);
        if (high < 0 || low < 0)
            return failure(ErrorCode::InvalidValue, "not lower-case hexadecimal");
        bytes += static_cast<char>(high * 16 + low);
    }
    if (text.size() % 2)
        return failure(ErrorCode::InvalidValue, "hexadecimal of odd length");
    return bytes;
}

std::string toBase64Url(std::string_view bytes)
{
    return view(bytes).toBase64(QByteArray::Base64UrlEncoding | QByteArray::OmitTrailingEquals).toStdString();
}

Result<Bytes> fromBase64Url(std::string_view text)
{
    const auto decoded = QByteArray::fromBase64Encoding(
        view(text), QByteArray::Base64UrlEncoding | QByteArray::OmitTrailingEquals | QByteArray::AbortOnBase64DecodingErrors);
    if (!decoded)
        return failure(ErrorCode::InvalidValue, "not base64url");
    Bytes bytes = decoded.decoded.toStdString();
    if (toBase64Url(bytes) != text)
        return failure(ErrorCode::InvalidValue, "not canonical base64url without padding");
    return bytes;
}

namespace {

constexpr std::ptrdiff_t kWord = sizeof(std::uint64_t);

bool isAsciiWord(const unsigned char *bytes)
{
    std::uint64_t word = 0;
    std::memcpy(&word, bytes, sizeof word);
    return (word & 0x8080'8080'8080'8080U) == 0;
}

} // namespace

bool isValidUtf8(std::string_view text)
{
    const auto *p = reinterpret_cast<const unsigned char *>(text.data());
    const auto *end = p + text.size();
    while (p < end) {
        if (end - p >= kWord && isAsciiWord(p)) {
            p += kWord;
            continue;
        }
        if (*p < 0x80) {
            ++p;
            continue;
        }
        const int more = *p >= 0xF0 ? 3 : *p >= 0xE0 ? 2 : 1;
        if (*p < 0xC2 || *p > 0xF4 || end - p <= more)
            return false;
        const unsigned char lowest = *p == 0xE0 ? 0xA0 : *p == 0xF0 ? 0x90 : 0x80;
        const unsigned char highest = *p == 0xED ? 0x9F : *p == 0xF4 ? 0x8F : 0xBF;
        if (p[1] < lowest || p[1] > highest)
            return false;
        for (int i = 2; i <= more; ++i) {
            if ((p[i] & 0xC0) != 0x80)
                return false;
        }
        p += more + 1;
    }
    return true;
}

} // namespace eventsync
