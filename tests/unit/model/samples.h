// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/json/value.h>
#include <eventsync/model/event.h>

#include <QFile>
#include <QString>
#include <QTest>

// Short ways to write what these tests are about. A sample that does not parse is a mistake in the test and stops it.
namespace eventsync::test {

inline json::Value value(std::string_view text)
{
    auto parsed = json::parse(text);
    if (!parsed)
        qFatal("not JSON: %s", std::string(text).c_str());
    return std::move(*parsed);
}

inline json::Patch patch(std::string_view text)
{
    auto parsed = json::Patch::fromJson(value(text));
    if (!parsed)
        qFatal("not a patch: %s", std::string(text).c_str());
    return std::move(*parsed);
}

inline QString text(std::string_view utf8)
{
    return QString::fromUtf8(utf8.data(), static_cast<qsizetype>(utf8.size()));
}

template<class T>
QString outcome(const Result<T> &result)
{
    return result ? QStringLiteral("ok") : text(errorName(result.error().code));
}

// One line of the worked example in docs/protocol.md.
inline std::string example(const char *name)
{
    QFile page(qEnvironmentVariable("EVENTSYNC_SOURCE_DIR", QStringLiteral(".")) + QStringLiteral("/docs/protocol.md"));
    if (!page.open(QIODevice::ReadOnly))
        qFatal("docs/protocol.md cannot be read: set EVENTSYNC_SOURCE_DIR to the project's root");
    const std::string all = page.readAll().toStdString();
    const std::string mark = std::string("<!-- example: ") + name + " -->\n```\n";
    const auto from = all.find(mark);
    if (from == std::string::npos)
        qFatal("docs/protocol.md has no example %s", name);
    const auto begin = from + mark.size();
    return all.substr(begin, all.find('\n', begin) - begin);
}

} // namespace eventsync::test

#define COMPARE_TEXT(actual, expected) QCOMPARE(eventsync::test::text(actual), eventsync::test::text(expected))
// With the error in the message, if there is one.
#define VERIFY_OK(...)                                                                                                 \
    do {                                                                                                               \
        const auto &verified = (__VA_ARGS__);                                                                          \
        QVERIFY2(verified.has_value(), verified ? "" : verified.error().toString().c_str());                           \
    } while (false)
