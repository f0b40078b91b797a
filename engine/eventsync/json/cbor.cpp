// SPDX-License-Identifier: Apache-2.0
#include <eventsync/json/cbor.h>

#include <bit>

namespace eventsync::json::cbor {

namespace {

void appendBigEndian(std::string &out, std::uint64_t number, int bytes)
{
    for (int i = bytes - 1; i >= 0; --i)
        out += static_cast<char>(number >> (8 * i));
}

} // namespace

void appendHead(std::string &out, Major major, std::uint64_t argument)
{
    const unsigned top = static_cast<unsigned>(major) << 5;
    const auto head = [&](unsigned info, int bytes) {
        out += static_cast<char>(top | info);
        appendBigEndian(out, argument, bytes);
    };
    if (argument < 24)
        out += static_cast<char>(top | argument);
    else if (argument <= 0xFF)
        head(24, 1);
    else if (argument <= 0xFFFF)
        head(25, 2);
    else if (argument <= 0xFFFF'FFFF)
        head(26, 4);
    else
        head(27, 8);
}

void appendSingle(std::string &out, double number)
{
    out += static_cast<char>(kSingle);
    appendBigEndian(out, std::bit_cast<std::uint32_t>(static_cast<float>(number)), 4);
}

void appendDouble(std::string &out, double number)
{
    out += static_cast<char>(kDouble);
    appendBigEndian(out, std::bit_cast<std::uint64_t>(number), 8);
}

std::optional<std::uint16_t> exactHalf(double number)
{
    constexpr int kLowestNormal = -14, kHighest = 15, kLowest = -24; // exponents of half precision
    constexpr std::uint32_t kHiddenBit = 1u << 23;
    if (!isSingle(number))
        return std::nullopt;
    const auto bits = std::bit_cast<std::uint32_t>(static_cast<float>(number));
    const auto sign = static_cast<std::uint16_t>((bits >> 16) & 0x8000u);
    const int exponent = static_cast<int>((bits >> 23) & 0xFFu) - 127;
    const std::uint32_t mantissa = bits & (kHiddenBit - 1);
    if (exponent >= kLowestNormal && exponent <= kHighest) {
        if (mantissa & 0x1FFFu)
            return std::nullopt;
        return static_cast<std::uint16_t>(sign | static_cast<std::uint32_t>(exponent + 15) << 10 | mantissa >> 13);
    }
    if (exponent < kLowest || exponent > kHighest)
        return std::nullopt;
    const std::uint32_t whole = mantissa | kHiddenBit; // below the normal ones: a multiple of 2^-24
    const int shift = -exponent - 1;
    if (whole & ((1u << shift) - 1))
        return std::nullopt;
    return static_cast<std::uint16_t>(sign | whole >> shift);
}

double fromHalf(std::uint16_t half)
{
    const int exponent = (half >> 10) & 31;
    const double mantissa = half & 0x3FF;
    double value = 0;
    if (exponent == 31)
        value = mantissa == 0 ? HUGE_VAL : std::nan("");
    else if (exponent == 0)
        value = std::ldexp(mantissa, -24);
    else
        value = std::ldexp(mantissa + 1024, exponent - 25);
    return half & 0x8000 ? -value : value;
}

double fromBits(std::uint64_t bits, int bytes)
{
    if (bytes == 2)
        return fromHalf(static_cast<std::uint16_t>(bits));
    if (bytes == 4)
        return static_cast<double>(std::bit_cast<float>(static_cast<std::uint32_t>(bits)));
    return std::bit_cast<double>(bits);
}

} // namespace eventsync::json::cbor
