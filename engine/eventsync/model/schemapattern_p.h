// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/budget.h>

#include <QRegularExpression>

#include <array>
#include <string_view>

namespace eventsync {

// A regular expression of a JSON Schema: ECMAScript's, over the characters of a text, run by PCRE2. Both the expression and the
// text are input, so its work, its memory and its size are bounded (model/limits.h), and matching does not recurse on the
// stack. Immutable; any thread.
class SchemaPattern
{
public:
    // InvalidValue: not a regular expression, too long, nested too deeply.
    static Result<SchemaPattern> compile(std::string_view source);

    // Whether it matches anywhere in the text. Invalid: the text is longer than kPatternTextBytes, or the match takes more than
    // kPatternSteps attempts. The attempts are charged; once the budget is exhausted the result has no meaning.
    Result<bool> isFoundIn(std::string_view text, Budget &budget) const;

private:
    // The same expression with increasing limits. Most texts need few attempts, so most matches are charged the lowest limit.
    struct Attempt
    {
        int steps = 0;
        QRegularExpression expression = {};
    };
    using Attempts = std::array<Attempt, 3>;
    explicit SchemaPattern(Attempts attempts) : m_attempts(std::move(attempts)) {}

    Attempts m_attempts;
};

} // namespace eventsync
