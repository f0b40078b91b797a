// SPDX-License-Identifier: Apache-2.0
#include <eventsync/crdt/constant.h>

#include <array>

namespace eventsync::crdt {

namespace {

constexpr std::string_view kDataUrl = "data:application/octet-stream;base64,";
constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr auto kValues = [] {
    std::array<std::int8_t, 256> values{};
    values.fill(-1);
    for (std::size_t i = 0; i < kLetters.size(); ++i)
        values[static_cast<unsigned char>(kLetters[i])] = static_cast<std::int8_t>(i);
    return values;
}();

} // namespace

std::string toBase64(std::string_view bytes)
{
    std::string text;
    text.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        std::uint32_t group = 0;
        for (std::size_t j = 0; j < 3; ++j)
            group = group << 8 | (i + j < bytes.size() ? static_cast<std::uint8_t>(bytes[i + j]) : 0u);
        for (int j = 0; j < 4; ++j)
            text.push_back(i + static_cast<std::size_t>(j) <= bytes.size() ? kLetters[group >> (18 - 6 * j) & 63] : '=');
    }
    return text;
}

bool fromBase64(std::string_view text, Bytes &out)
{
    if (text.size() % 4 != 0)
        return false;
    std::size_t padding = 0;
    while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=')
        ++padding;
    out.clear();
    out.reserve(text.size() / 4 * 3);
    for (std::size_t i = 0; i < text.size(); i += 4) {
        std::uint32_t group = 0;
        for (std::size_t j = 0; j < 4; ++j) {
            const bool isPadding = i + j + padding >= text.size();
            const int value = isPadding ? 0 : kValues[static_cast<unsigned char>(text[i + j])];
            if (value < 0)
                return false;
            group = group << 6 | static_cast<std::uint32_t>(value);
        }
        const std::size_t count = i + 4 == text.size() ? 3 - padding : 3;
        for (std::size_t j = 0; j < 3; ++j) {
            const auto byte = static_cast<char>(group >> (16 - 8 * j));
            if (j < count)
                out.push_back(byte);
            else if (byte != 0)
                return false; // stray bits in the last letter
        }
    }
    return true;
}

std::string dataUrl(std::string_view bytes)
{
    return std::string(kDataUrl) + toBase64(bytes);
}

bool fromDataUrl(std::string_view text, Bytes &out)
{
    return text.starts_with(kDataUrl) && fromBase64(text.substr(kDataUrl.size()), out);
}

json::Value viewOf(const Constant &constant)
{
    if (const auto *value = std::get_if<json::Value>(&constant))
        return *value;
    if (const auto *binary = std::get_if<Binary>(&constant))
        return json::Value(dataUrl(binary->bytes));
    return json::Value(nullptr);
}

} // namespace eventsync::crdt
