// SPDX-License-Identifier: Apache-2.0
#include <eventsync/json/pointer.h>

#include <eventsync/base/assert.h>
#include <eventsync/base/bytes.h>
#include <eventsync/json/limits.h>

#include <algorithm>
#include <charconv>

namespace eventsync::json {

Result<Pointer> Pointer::parse(std::string_view text)
{
    if (text.empty())
        return Pointer();
    if (text.front() != '/')
        return failure(ErrorCode::InvalidValue, "a JSON Pointer starts with '/'");
    if (!isValidUtf8(text) || text.find('\0') != std::string_view::npos)
        return failure(ErrorCode::InvalidValue, "a JSON Pointer is UTF-8 without NUL");
    if (static_cast<std::size_t>(std::count(text.begin(), text.end(), '/')) > limits::kPointerTokens)
        return failure(ErrorCode::TooDeep, "a JSON Pointer of too many tokens");

    std::vector<std::string> tokens(1);
    for (std::size_t i = 1; i < text.size(); ++i) {
        if (text[i] == '/') {
            tokens.emplace_back();
        } else if (text[i] == '~') {
            ++i;
            if (i == text.size() || (text[i] != '0' && text[i] != '1'))
                return failure(ErrorCode::InvalidValue, "'~' in a JSON Pointer without 0 or 1 behind it");
            tokens.back() += text[i] == '0' ? '~' : '/';
        } else {
            tokens.back() += text[i];
        }
    }
    return Pointer(std::move(tokens));
}

std::string Pointer::toText() const
{
    std::string text;
    for (const std::string &token : m_tokens) {
        text += '/';
        for (const char c : token) {
            if (c == '~')
                text += "~0";
            else if (c == '/')
                text += "~1";
            else
                text += c;
        }
    }
    return text;
}

Pointer Pointer::parent() const
{
    EVENTSYNC_ASSERT(!isRoot());
    return Pointer(std::vector<std::string>(m_tokens.begin(), m_tokens.end() - 1));
}

Pointer Pointer::child(std::string token) const
{
    std::vector<std::string> tokens;
    tokens.reserve(m_tokens.size() + 1);
    tokens = m_tokens;
    tokens.push_back(std::move(token));
    return Pointer(std::move(tokens));
}

bool Pointer::isPrefixOf(const Pointer &other) const
{
    return m_tokens.size() <= other.m_tokens.size() && std::equal(m_tokens.begin(), m_tokens.end(), other.m_tokens.begin());
}

std::optional<std::size_t> arrayIndex(std::string_view token)
{
    if (token.empty() || (token.front() == '0' && token.size() > 1))
        return std::nullopt;
    std::size_t index = 0;
    const auto [end, problem] = std::from_chars(token.data(), token.data() + token.size(), index);
    if (problem != std::errc() || end != token.data() + token.size())
        return std::nullopt;
    return index;
}

const Value *find(const Value &root, const Pointer &pointer)
{
    const Value *at = &root;
    for (const std::string &token : pointer.tokens()) {
        if (const Object *object = at->if_object()) {
            at = object->if_contains(token);
        } else if (const Array *array = at->if_array()) {
            const auto index = arrayIndex(token);
            at = index && *index < array->size() ? &(*array)[*index] : nullptr;
        } else {
            return nullptr;
        }
        if (!at)
            return nullptr;
    }
    return at;
}

Value *find(Value &root, const Pointer &pointer)
{
    return const_cast<Value *>(find(std::as_const(root), pointer));
}

} // namespace eventsync::json
