// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/model/schemapattern.h>

#include <regex>
#include <string>

// What valijson takes for std::regex: include this before its headers, in the one source that does. Its code stands in the
// namespace valijson and says std::regex, which there means the nearest std: this one. std::regex itself recurses for every
// letter of a text, several times for a nested group, and ends the program once the stack is used up; and it tries for as
// long as there is something left to try. Like std::regex these throw std::regex_error, which validator.cpp catches.
namespace valijson::std {

using namespace ::std;

class regex
{
public:
    explicit regex(const string &source) : m_pattern(orThrow(eventsync::SchemaPattern::compile(source), regex_constants::error_complexity))
    {
    }
    QRegularExpressionMatch search(const string &text) const
    {
        return orThrow(m_pattern.search(text), regex_constants::error_complexity);
    }

private:
    template<class T>
    static T orThrow(eventsync::Result<T> result, regex_constants::error_type type)
    {
        if (!result)
            throw regex_error(type);
        return *::std::move(result);
    }
    eventsync::SchemaPattern m_pattern;
};

class smatch
{
public:
    struct Part
    {
        string text;
        string str() const { return text; }
    };
    Part operator[](size_t group) const { return {m_match.captured(static_cast<int>(group)).toStdString()}; }
    void set(QRegularExpressionMatch match) { m_match = ::std::move(match); }

private:
    QRegularExpressionMatch m_match;
};

inline bool regex_search(const string &text, const regex &expression)
{
    return expression.search(text).hasMatch();
}

// valijson's own expressions, which stand between ^ and $.
inline bool regex_match(const string &text, smatch &match, const regex &expression)
{
    match.set(expression.search(text));
    return match[0].str() == text && !text.empty();
}
inline bool regex_match(const string &text, const regex &expression)
{
    smatch match;
    return regex_match(text, match, expression);
}

} // namespace valijson::std
