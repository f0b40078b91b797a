// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>

namespace eventsync {

/// A string type of one kind: a DocumentId cannot be used as a ClientId. The text is UTF-8; the functions in ids.h check which
/// texts are allowed. Immutable; any thread.
template<class Tag>
class StrongString
{
public:
    StrongString() = default;
    explicit StrongString(std::string text) : m_text(std::move(text)) {}

    const std::string &text() const { return m_text; }
    bool isEmpty() const { return m_text.empty(); }
    auto operator<=>(const StrongString &) const = default;

private:
    std::string m_text;
};

/// An integer type of one kind: a ServerSeq cannot be used as a ClientSeq. It can be counted and compared, but not mixed with
/// others.
template<class Tag>
class StrongNumber
{
public:
    constexpr StrongNumber() = default;
    constexpr explicit StrongNumber(std::int64_t value) : m_value(value) {}

    constexpr std::int64_t value() const { return m_value; }
    constexpr StrongNumber next() const { return StrongNumber(m_value + 1); }
    constexpr StrongNumber previous() const { return StrongNumber(m_value - 1); }
    constexpr StrongNumber operator+(std::int64_t n) const { return StrongNumber(m_value + n); }
    constexpr StrongNumber operator-(std::int64_t n) const { return StrongNumber(m_value - n); }
    constexpr std::int64_t operator-(StrongNumber other) const { return m_value - other.m_value; }
    constexpr auto operator<=>(const StrongNumber &) const = default;

private:
    std::int64_t m_value = 0;
};

} // namespace eventsync

#ifndef DOXYGEN // 1.9 cannot place a specialisation of a template of another namespace
template<class Tag>
struct std::hash<eventsync::StrongString<Tag>>
{
    std::size_t operator()(const eventsync::StrongString<Tag> &s) const noexcept { return std::hash<std::string>()(s.text()); }
};

template<class Tag>
struct std::hash<eventsync::StrongNumber<Tag>>
{
    std::size_t operator()(eventsync::StrongNumber<Tag> n) const noexcept { return std::hash<std::int64_t>()(n.value()); }
};
#endif
