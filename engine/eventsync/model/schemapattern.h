// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/result.h>

#include <QRegularExpression>

#include <string_view>

namespace eventsync {

// A regular expression of a JSON Schema: ECMAScript's, over the characters of a text, run by PCRE2. Both the expression and
// the text are input, so its work, its memory and its size are bounded (base/limits.h), and it takes no stack of the caller's.
// Any thread (immutable).
class SchemaPattern
{
public:
    // InvalidValue: not a regular expression, too long, nested too deeply.
    static Result<SchemaPattern> compile(std::string_view source);

    // Where in the text it first matches, if it does. Invalid: finding out would take more than kPatternSteps.
    Result<QRegularExpressionMatch> search(std::string_view text) const;

private:
    explicit SchemaPattern(QRegularExpression expression) : m_expression(std::move(expression)) {}

    QRegularExpression m_expression;
};

} // namespace eventsync
