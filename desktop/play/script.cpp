// SPDX-License-Identifier: Apache-2.0
#include <desktop/play/script.h>

#include <eventsync/json/pointer.h>

#include <desktop/limits.h>

#include <QHash>
#include <QKeySequence>
#include <QRegularExpression>

namespace eventsync::desktop {

using namespace Qt::StringLiterals;

namespace {

// What may stand at a place of a command: N a widget's name, T any text, P a JSON Pointer, J JSON, I a whole number,
// C a count such as waiting=2, W a place in a text, S a state of the connection, O on or off, D a duration, K a key; "*" repeats the last.
struct Form
{
    const char *words;
};

const QHash<QString, Form> &commands()
{
    static const QHash<QString, Form> table = {
        {u"click"_s, {"N"}},           {u"trigger"_s, {"N"}},      {u"set-text"_s, {"NT"}},
        {u"key"_s, {"NK"}},            {u"select"_s, {"NT"}},      {u"check"_s, {"N"}},
        {u"uncheck"_s, {"N"}},         {u"edit"_s, {"PJ"}},        {u"offline"_s, {"O"}},
        {u"screenshot"_s, {"T"}},      {u"print"_s, {"T*"}},       {u"print-text"_s, {"N"}},
        {u"print-rows"_s, {"N"}},      {u"report"_s, {""}},        {u"write-file"_s, {"TT"}},
        {u"pause"_s, {"D"}},           {u"quit"_s, {""}},         {u"type"_s, {"NT"}},
        {u"cursor"_s, {"NW"}},
    };
    return table;
}

const QHash<QString, Form> &conditions()
{
    static const QHash<QString, Form> table = {
        {u"connection"_s, {"S"}},  {u"synced"_s, {""}},     {u"queue"_s, {"C*"}},   {u"state"_s, {"PJ"}},
        {u"confirmed"_s, {"PJ"}},  {u"no-state"_s, {"P"}},  {u"text"_s, {"NT"}},    {u"contains"_s, {"NT"}},
        {u"row"_s, {"NT*"}},       {u"no-row"_s, {"NT*"}},  {u"rows"_s, {"NI"}},    {u"visible"_s, {"N"}},
        {u"hidden"_s, {"N"}},      {u"enabled"_s, {"N"}},   {u"disabled"_s, {"N"}}, {u"checked"_s, {"N"}},
        {u"unchecked"_s, {"N"}},   {u"file"_s, {"T"}},      {u"cursor"_s, {"NT"}},
    };
    return table;
}

tl::unexpected<Error> wrong(int line, const QString &text)
{
    return failure(ErrorCode::InvalidValue, u"line %1: %2"_s.arg(line).arg(text).toStdString());
}

std::optional<std::chrono::milliseconds> durationFrom(const QString &text)
{
    static const QRegularExpression form(u"^([0-9]{1,6})(ms|s)$"_s);
    const auto match = form.match(text);
    if (!match.hasMatch())
        return std::nullopt;
    const qint64 number = match.captured(1).toLongLong();
    return std::chrono::milliseconds(match.captured(2) == "s"_L1 ? number * 1000 : number);
}

// Words are separated by blanks; "..." keeps blanks, with \" \\ and \n inside. '...' keeps everything as it is, which suits
// JSON. # begins a comment where a word would begin. ${NAME} is replaced outside of '...'.
class Splitter
{
public:
    Splitter(const QString &text, int line, const Variables &variables) : m_text(text), m_line(line), m_variables(variables) {}

    Result<QStringList> words()
    {
        QStringList words;
        while (true) {
            while (m_at < m_text.size() && m_text[m_at].isSpace())
                ++m_at;
            if (m_at >= m_text.size() || m_text[m_at] == u'#')
                return words;
            QString word;
            while (m_at < m_text.size() && !m_text[m_at].isSpace())
                EVENTSYNC_CHECK(piece(word));
            words += word;
        }
    }

private:
    Result<> piece(QString &word)
    {
        const QChar letter = m_text[m_at];
        if (letter == u'\'') {
            const qsizetype end = m_text.indexOf(u'\'', m_at + 1);
            if (end < 0)
                return wrong(m_line, u"the ' has no end"_s);
            word += QStringView(m_text).mid(m_at + 1, end - m_at - 1);
            m_at = end + 1;
            return {};
        }
        if (letter == u'"')
            return quoted(word);
        return plain(word);
    }

    Result<> quoted(QString &word)
    {
        for (++m_at; m_at < m_text.size();) {
            if (m_text[m_at] == u'"') {
                ++m_at;
                return {};
            }
            if (m_text[m_at] == u'\\' && m_at + 1 < m_text.size()) {
                const QChar next = m_text[m_at + 1];
                word += next == u'n' ? QChar(u'\n') : next;
                m_at += 2;
                continue;
            }
            EVENTSYNC_CHECK(plain(word));
        }
        return wrong(m_line, u"the \" has no end"_s);
    }

    Result<> plain(QString &word)
    {
        if (m_text[m_at] != u'$' || m_at + 1 >= m_text.size() || m_text[m_at + 1] != u'{') {
            word += m_text[m_at++];
            return {};
        }
        const qsizetype end = m_text.indexOf(u'}', m_at);
        if (end < 0)
            return wrong(m_line, u"${ has no }"_s);
        const QString name = m_text.mid(m_at + 2, end - m_at - 2);
        const auto value = m_variables(name);
        if (!value)
            return wrong(m_line, u"the environment has no %1"_s.arg(name));
        word += *value;
        m_at = end + 1;
        return {};
    }

    const QString &m_text;
    int m_line;
    const Variables &m_variables;
    qsizetype m_at = 0;
};

// What is wrong with a word, or an empty text.
QString fault(char kind, const QString &word)
{
    static const QStringList states = {u"online"_s, u"offline"_s, u"waiting"_s, u"connecting"_s, u"refused"_s};
    static const QRegularExpression count(u"^(waiting|sent|conflicts|dead|all)=[0-9]{1,6}$"_s);
    bool number = false;
    switch (kind) {
    case 'N': return word.isEmpty() ? u"a widget's name is missing"_s : QString();
    case 'P': return json::Pointer::parse(word.toStdString()) ? QString() : u"\"%1\" is no JSON Pointer"_s.arg(word);
    case 'J': {
        const auto value = json::parse(word.toStdString());
        return value ? QString() : u"\"%1\" is no JSON: %2"_s.arg(word, QString::fromStdString(value.error().message));
    }
    case 'I':
        static_cast<void>(word.toUInt(&number));
        return number ? QString() : u"\"%1\" is no number"_s.arg(word);
    case 'W':
        static_cast<void>(word.toUInt(&number));
        return number || word == "end"_L1 ? QString() : u"\"%1\" is no place: a number, or end"_s.arg(word);
    case 'C': return count.match(word).hasMatch() ? QString() : u"\"%1\" is no count such as waiting=2"_s.arg(word);
    case 'S': return states.contains(word) ? QString() : u"\"%1\" is none of %2"_s.arg(word, states.join(", "_L1));
    case 'O': return word == "on"_L1 || word == "off"_L1 ? QString() : u"on or off, not \"%1\""_s.arg(word);
    case 'D': return durationFrom(word) ? QString() : u"\"%1\" is no duration such as 500ms or 2s"_s.arg(word);
    case 'K': {
        const QKeySequence keys(word, QKeySequence::PortableText);
        return keys.count() == 1 && keys[0].key() != Qt::Key_unknown ? QString() : u"\"%1\" is no key"_s.arg(word);
    }
    default: return {};
    }
}

Result<> checkWords(int line, const QString &name, const Form &form, const QStringList &words)
{
    QString kinds = QString::fromLatin1(form.words);
    const bool repeats = kinds.endsWith(u'*');
    if (repeats)
        kinds.chop(1);
    if (words.size() < kinds.size() || (words.size() > kinds.size() && !repeats))
        return wrong(line, u"%1 takes %2%3 word(s), not %4"_s.arg(name).arg(kinds.size()).arg(repeats ? u" or more"_s : QString())
                               .arg(words.size()));
    for (qsizetype i = 0; i < words.size(); ++i) {
        const QString text = fault(kinds[std::min(i, kinds.size() - 1)].toLatin1(), words[i]);
        if (!text.isEmpty())
            return wrong(line, text);
    }
    return {};
}

} // namespace

std::optional<QString> environmentVariable(const QString &name)
{
    const QByteArray key = name.toUtf8();
    return qEnvironmentVariableIsSet(key) ? std::optional(qEnvironmentVariable(key)) : std::nullopt;
}

Result<std::optional<PlayStep>> parsePlayLine(const QString &text, int line, const Variables &variables)
{
    EVENTSYNC_TRY(QStringList words, Splitter(text, line, variables).words());
    if (words.isEmpty())
        return std::optional<PlayStep>();
    PlayStep step{.line = line, .command = words.takeFirst()};
    if (words.size() >= 2 && words[words.size() - 2] == "within"_L1) {
        step.within = durationFrom(words.constLast());
        if (!step.within)
            return wrong(line, u"\"%1\" is no duration such as 500ms or 2s"_s.arg(words.constLast()));
        words.resize(words.size() - 2);
    }
    step.words = words;
    if (step.command == "expect"_L1 || step.command == "wait-for"_L1) {
        if (words.isEmpty())
            return wrong(line, u"%1 what?"_s.arg(step.command));
        const auto condition = conditions().constFind(words.constFirst());
        if (condition == conditions().constEnd())
            return wrong(line, u"there is no condition \"%1\""_s.arg(words.constFirst()));
        EVENTSYNC_CHECK(checkWords(line, words.constFirst(), *condition, words.mid(1)));
        return std::optional(step);
    }
    const auto command = commands().constFind(step.command);
    if (command == commands().constEnd())
        return wrong(line, u"there is no command \"%1\""_s.arg(step.command));
    EVENTSYNC_CHECK(checkWords(line, step.command, *command, step.words));
    if (step.command == "pause"_L1)
        step.within = durationFrom(step.words.constFirst());
    return std::optional(step);
}

Result<std::vector<PlayStep>> parsePlayScript(const QString &text, const Variables &variables)
{
    if (std::size_t(text.size()) > limits::kPlayScriptBytes)
        return failure(ErrorCode::TooLarge, "the script is too long");
    std::vector<PlayStep> steps;
    int line = 0;
    for (const QString &content : text.split(u'\n')) {
        EVENTSYNC_TRY(auto step, parsePlayLine(content, ++line, variables));
        if (step)
            steps.push_back(std::move(*step));
    }
    return steps;
}

} // namespace eventsync::desktop
