// SPDX-License-Identifier: Apache-2.0
//
// PCRE2 matches on the heap and counts what it tries, unlike std::regex, which recurses for every character and has no limit.
// PCRE2 counts separately for each start position in the text, so the expression is extended to match from the first position
// only, and to skip characters itself. What ECMAScript writes differently is translated; what it does not have, above all
// recursion and PCRE2's own directives, is refused.
#include <eventsync/model/schemapattern_p.h>

#include <eventsync/model/limits.h>

#include <QStringDecoder>

#include <algorithm>

namespace eventsync {

namespace {

using namespace Qt::StringLiterals;

// The spaces of ECMAScript, which PCRE2's \s knows only in part.
constexpr QLatin1StringView kSpaces("\\s\\x{a0}\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}\\x{202f}\\x{205f}\\x{3000}\\x{feff}");

class Translation
{
public:
    explicit Translation(QStringView source) : m_source(source) {}

    Result<QString> run()
    {
        while (m_at < m_source.size()) {
            const QChar c = m_source[m_at++];
            if (c == u'\\') {
                EVENTSYNC_CHECK(takeEscape());
            } else if (m_inClass) {
                takeInClass(c);
            } else if (c == u'[') {
                openClass();
            } else if (c == u'(') {
                EVENTSYNC_CHECK(openGroup());
            } else if (c == u'$') {
                m_out += "\\z"_L1; // the very end: PCRE2's own would also stand before a last line feed
            } else if (c == u'.') {
                m_out += "[^\\n\\r\\x{2028}\\x{2029}]"_L1;
            } else {
                m_out += c;
            }
        }
        return std::move(m_out);
    }

private:
    static tl::unexpected<Error> wrong(const char *reason) { return failure(ErrorCode::InvalidValue, reason); }
    bool take(QStringView next)
    {
        const bool fits = m_source.mid(m_at).startsWith(next);
        if (fits)
            m_at += next.size();
        return fits;
    }

    void openClass()
    {
        if (take(u"^]")) {
            m_out += "[\\s\\S]"_L1;
        } else if (take(u"]")) {
            m_out += "(?!)"_L1;
        } else {
            m_out += take(u"^") ? "[^"_L1 : "["_L1;
            m_inClass = true;
        }
    }
    void takeInClass(QChar c)
    {
        if (c == u'[')
            m_out += u'\\'; // ECMAScript has no [:names:]
        m_out += c;
        m_inClass = c != u']';
    }

    Result<> openGroup()
    {
        m_out += u'(';
        if (m_source.mid(m_at).startsWith(u'*'))
            return wrong("there is nothing to repeat after (");
        if (!m_source.mid(m_at).startsWith(u'?'))
            return {};
        for (const QStringView opening : {u"?:", u"?=", u"?!", u"?<=", u"?<!"}) {
            if (take(opening)) {
                m_out += opening;
                return {};
            }
        }
        if (!take(u"?<"))
            return wrong("a group of an unknown kind");
        m_out += "?<"_L1;
        return {};
    }

    Result<> takeEscape()
    {
        if (m_at == m_source.size())
            return wrong("a backslash at the end");
        const QChar c = m_source[m_at++];
        if (c == u'u' || c == u'x')
            return takeNumber(c);
        if (c >= u'0' && c <= u'9')
            return takeDigits(c);
        if (c == u'v') {
            m_out += "\\x{b}"_L1;
            return {};
        }
        if (c == u's' || c == u'S') {
            takeSpace(c == u's');
            return {};
        }
        const bool isLetter = (c >= u'a' && c <= u'z') || (c >= u'A' && c <= u'Z');
        if (isLetter && !u"dDwWsSbBnrtfcpPk"_s.contains(c))
            return wrong("an unknown letter after a backslash");
        m_out += u'\\';
        m_out += c;
        if (u"dDwW"_s.contains(c))
            takeHyphen();
        return {};
    }
    void takeSpace(bool isSpace)
    {
        if (m_inClass)
            m_out += isSpace ? kSpaces : "\\P{Xps}"_L1; // nearly: a class in a class cannot be negated
        else
            (m_out += isSpace ? "["_L1 : "[^"_L1).append(kSpaces).append(u']');
        takeHyphen();
    }
    // A range cannot begin with a class such as \w: then the hyphen is a character.
    void takeHyphen()
    {
        if (m_inClass && take(u"-"))
            m_out += "\\-"_L1;
    }
    Result<> takeDigits(QChar first)
    {
        if (first == u'0') {
            m_out += "\\x{0}"_L1;
            return {};
        }
        if (m_inClass)
            return wrong("a reference to a group among characters");
        m_out += "\\g{"_L1;
        m_out += first;
        while (m_at < m_source.size() && m_source[m_at] >= u'0' && m_source[m_at] <= u'9')
            m_out += m_source[m_at++];
        m_out += u'}';
        return {};
    }

    // The digits of \xHH, \uHHHH and \u{H...}; two \u of a surrogate pair are one character.
    Result<> takeNumber(QChar kind)
    {
        char32_t number = 0;
        if (kind == u'u' && take(u"{")) {
            const qsizetype end = m_source.indexOf(u'}', m_at);
            if (end < 0 || !takeHex(end - m_at, number) || number > QChar::LastValidCodePoint)
                return wrong("\\u{} takes the number of a character");
            ++m_at;
        } else if (!takeHex(kind == u'u' ? 4 : 2, number)) {
            return wrong("\\x and \\u take two and four hexadecimal digits");
        }
        char32_t low = 0;
        if (QChar::isHighSurrogate(number) && take(u"\\u") && takeHex(4, low) && QChar::isLowSurrogate(low))
            number = QChar::surrogateToUcs4(static_cast<char16_t>(number), static_cast<char16_t>(low));
        if (QChar::isSurrogate(number))
            return wrong("half a character");
        m_out += u"\\x{%1}"_s.arg(static_cast<uint>(number), 0, 16);
        return {};
    }
    bool takeHex(qsizetype digits, char32_t &number)
    {
        const QStringView text = m_source.mid(m_at, digits);
        const auto isHex = [](QChar c) { return (c >= u'0' && c <= u'9') || (c >= u'a' && c <= u'f') || (c >= u'A' && c <= u'F'); };
        if (digits < 1 || digits > 8 || text.size() != digits || !std::all_of(text.begin(), text.end(), isHex))
            return false;
        number = text.toUInt(nullptr, 16);
        m_at += digits;
        return true;
    }

    QStringView m_source;
    qsizetype m_at = 0;
    bool m_inClass = false;
    QString m_out;
};

} // namespace

namespace {

// Converted without QString::fromUtf8(), which would drop U+FEFF at the beginning.
QString charactersOf(std::string_view text)
{
    QStringDecoder decoder(QStringConverter::Utf8, QStringConverter::Flag::Stateless | QStringConverter::Flag::ConvertInitialBom);
    return decoder(QByteArrayView(text.data(), static_cast<qsizetype>(text.size())));
}

// An expression that begins with ^ and has no alternatives matches at the beginning of the text only.
bool isAnchored(std::string_view source)
{
    return source.starts_with('^') && source.find('|') == std::string_view::npos;
}

} // namespace

Result<SchemaPattern> SchemaPattern::compile(std::string_view source)
{
    if (source.size() > limits::kPatternBytes)
        return failure(ErrorCode::InvalidValue, "the regular expression is too long");
    const QString text = charactersOf(source);
    EVENTSYNC_TRY(const QString translated, Translation(text).run());
    Attempts attempts{{{50}, {3'000}, {limits::kPatternSteps}}};
    for (Attempt &attempt : attempts) {
        // Without compiled code the count is the same on every processor.
        const QString bounds =
            u"(*LIMIT_MATCH=%1)(*LIMIT_HEAP=%2)(*NO_JIT)\\A"_s.arg(attempt.steps).arg(limits::kPatternHeapBytes / 1024);
        attempt.expression.setPattern(bounds + (isAnchored(source) ? u"(?:"_s : u"(?s:.*?)(?:"_s) + translated + u')');
    }
    const QRegularExpression alone(translated); // an unmatched parenthesis in it must not close the group around it
    if (!alone.isValid())
        return failure(ErrorCode::InvalidValue, "not a regular expression: " + alone.errorString().toStdString());
    if (const auto &first = attempts.front().expression; !first.isValid())
        return failure(ErrorCode::InvalidValue, "not a regular expression: " + first.errorString().toStdString());
    return SchemaPattern(std::move(attempts));
}

Result<bool> SchemaPattern::isFoundIn(std::string_view text, Budget &budget) const
{
    if (text.size() > limits::kPatternTextBytes)
        return failure(ErrorCode::Invalid, "the text is too long for a regular expression");
    const QString characters = charactersOf(text);
    for (const Attempt &attempt : m_attempts) {
        if (!budget.charge(static_cast<std::uint64_t>(attempt.steps)))
            return false;
        const auto match = attempt.expression.match(characters);
        if (match.isValid())
            return match.hasMatch();
    }
    return failure(ErrorCode::Invalid, "a regular expression takes too long for this text");
}

} // namespace eventsync
