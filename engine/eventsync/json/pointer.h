// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/json/value.h>

#include <compare>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace eventsync::json {

/// RFC 6901 JSON Pointer, parsed: a list of unescaped tokens; empty means the whole document. Immutable value.
class Pointer
{
public:
    Pointer() = default;
    explicit Pointer(std::vector<std::string> tokens) : m_tokens(std::move(tokens)) {}

    static Result<Pointer> parse(std::string_view text); ///< InvalidValue unless "" or "/..." with ~0 and ~1 only
    std::string toText() const;

    const std::vector<std::string> &tokens() const { return m_tokens; }
    bool isRoot() const { return m_tokens.empty(); }
    Pointer parent() const;                  ///< of a pointer that is not the root
    const std::string &last() const { return m_tokens.back(); }
    Pointer child(std::string token) const;
    bool isPrefixOf(const Pointer &other) const; ///< equal counts

    auto operator<=>(const Pointer &) const = default;

private:
    std::vector<std::string> m_tokens;
};

/// A token as an array index: decimal digits, no leading zero; nullopt otherwise ("-" included).
std::optional<std::size_t> arrayIndex(std::string_view token);

/// The value at `pointer`, or nullptr.
const Value *find(const Value &root, const Pointer &pointer);
Value *find(Value &root, const Pointer &pointer);

} // namespace eventsync::json
