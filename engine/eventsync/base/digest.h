// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/bytes.h>

#include <array>
#include <compare>
#include <memory>
#include <string_view>

namespace eventsync {

/// A SHA-256 value: 32 raw bytes; lower-case hexadecimal in JSON.
struct Digest
{
    std::array<unsigned char, 32> bytes{};

    std::string_view view() const { return {reinterpret_cast<const char *>(bytes.data()), bytes.size()}; }
    std::string toHex() const { return eventsync::toHex(view()); }
    static Result<Digest> fromHex(std::string_view text);
    static Result<Digest> fromBytes(std::string_view raw);
    auto operator<=>(const Digest &) const = default;
};

Digest sha256(std::string_view bytes);

/// SHA-256 over pieces. One value per use: add() any number of times, then finish() once. Owner only.
class Sha256
{
public:
    Sha256();
    ~Sha256();
    Sha256(const Sha256 &) = delete;
    Sha256 &operator=(const Sha256 &) = delete;

    Sha256 &add(std::string_view bytes);
    Digest finish();

private:
    struct Context;
    std::unique_ptr<Context> m_context;
};

} // namespace eventsync
