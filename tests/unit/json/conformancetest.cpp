// SPDX-License-Identifier: Apache-2.0
#include "conformancetest.h"

#include <eventsync/base/bytes.h>
#include <eventsync/base/limits.h>
#include <eventsync/json/patch.h>

#include <QDir>
#include <QFile>
#include <QTest>

#include <zlib.h>

#include <bit>
#include <charconv>
#include <map>

using namespace eventsync;

namespace {

// The folder of the published data, or "" (see skipWithoutData).
QString dataFolder()
{
    if (qEnvironmentVariableIsSet("EVENTSYNC_CONFORMANCE_DIR"))
        return qEnvironmentVariable("EVENTSYNC_CONFORMANCE_DIR");
    const QDir root(qEnvironmentVariable("EVENTSYNC_SOURCE_DIR", QStringLiteral(".")));
    return root.absoluteFilePath(QStringLiteral("../shared/conformance"));
}

bool hasData(const QString &suite)
{
    return QDir(dataFolder() + QLatin1Char('/') + suite).exists();
}

#define SKIP_WITHOUT_DATA(suite)                                                                                       \
    if (!hasData(QStringLiteral(suite))) {                                                                             \
        if (qEnvironmentVariable("EVENTSYNC_REQUIRE_CONFORMANCE") == QLatin1String("1"))                               \
            QFAIL("conformance data is required but absent: " suite);                                                  \
        QSKIP("no conformance data (set EVENTSYNC_CONFORMANCE_DIR): " suite);                                          \
    }

Bytes contents(const QString &path)
{
    QFile file(path);
    if (!file.open(QIODevice::ReadOnly))
        return {};
    return file.readAll().toStdString();
}

QStringList filesIn(const QString &suite)
{
    return QDir(dataFolder() + QLatin1Char('/') + suite).entryList(QDir::Files, QDir::Name);
}

json::Value parsed(std::string_view text)
{
    auto value = json::parse(text, {.bytes = 16 * limits::kMiB});
    return value ? std::move(*value) : json::Value(nullptr);
}

// The elements of an array, as text: a case with a duplicate member must not take the whole file with it.
std::vector<Bytes> elementsOf(const Bytes &text)
{
    std::vector<Bytes> elements;
    int depth = 0;
    bool inString = false;
    std::size_t start = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (inString) {
            if (c == '\\')
                ++i;
            else if (c == '"')
                inString = false;
        } else if (c == '"') {
            inString = true;
        } else if (c == '{' || c == '[') {
            if (++depth == 2)
                start = i;
        } else if (c == '}' || c == ']') {
            if (--depth == 1)
                elements.push_back(text.substr(start, i + 1 - start));
        }
    }
    return elements;
}

// What json-parsing's suite accepts and EventSync's value domain (G4 in docs/guarantees.md) refuses.
const std::map<std::string, const char *> kRefusedByDomain = {
    {"y_object_duplicated_key.json", "duplicate keys: two readers may see two documents"},
    {"y_object_duplicated_key_and_value.json", "duplicate keys, though equal here"},
    {"y_object_escaped_null_in_key.json", "NUL in a key"},
};

// What its either-way cases do here.
const std::map<std::string, const char *> kTakenByDomain = {
    {"i_number_double_huge_neg_exp.json", "too near to zero: 0"},
    {"i_number_real_underflow.json", "too near to zero: 0"},
    {"i_number_too_big_neg_int.json", "an integer out of range: a double"},
    {"i_number_too_big_pos_int.json", "an integer out of range: a double"},
    {"i_number_very_big_negative_int.json", "an integer out of range: a double"},
};

} // namespace

void ConformanceTest::jsonPatchSuite_data()
{
    QTest::addColumn<QByteArray>("document");
    QTest::addColumn<QByteArray>("patch");
    QTest::addColumn<QByteArray>("expected"); // empty: an error
    SKIP_WITHOUT_DATA("json-patch");
    for (const QString &file : filesIn(QStringLiteral("json-patch"))) {
        int number = 0;
        for (const Bytes &text : elementsOf(contents(dataFolder() + QStringLiteral("/json-patch/") + file))) {
            ++number;
            const auto item = json::parse(text);
            if (!item) { // the suite's own case for a duplicate member ("op" twice): refused before it is a patch
                QVERIFY2(item.error().message.starts_with("duplicate key \"op\""), item.error().toString().c_str());
                QVERIFY(text.find("\"error\"") != Bytes::npos);
                continue;
            }
            const json::Object &row = item->get_object();
            if (!row.contains("patch")) // those the suite calls disabled hold here, so they run
                continue;
            const json::Value *expected = row.if_contains("expected");
            const json::Value *comment = row.if_contains("comment");
            // Without "expected" and "error" a case only says that the patch applies.
            const bool fails = row.contains("error");
            const Bytes want = fails ? Bytes() : expected ? json::canonical(*expected) : Bytes("*");
            QTest::addRow("%s %d %s", qPrintable(file), number, comment ? comment->get_string().c_str() : "")
                << QByteArray::fromStdString(json::canonical(row.at("doc")))
                << QByteArray::fromStdString(json::canonical(row.at("patch"))) << QByteArray::fromStdString(want);
        }
        QVERIFY(number > 10);
    }
}

void ConformanceTest::jsonPatchSuite()
{
    SKIP_WITHOUT_DATA("json-patch");
    QFETCH(QByteArray, document);
    QFETCH(QByteArray, patch);
    QFETCH(QByteArray, expected);
    json::Value value = parsed(document.toStdString());
    auto decoded = json::Patch::fromJson(parsed(patch.toStdString()));
    if (!decoded) {
        QVERIFY2(expected.isEmpty(), decoded.error().toString().c_str());
        QVERIFY(decoded.error().code == ErrorCode::InvalidValue);
        return;
    }
    const auto applied = json::apply(value, *decoded);
    if (expected.isEmpty()) {
        QVERIFY(!applied);
        QVERIFY2(applied.error().code == ErrorCode::PatchFailed, applied.error().toString().c_str());
        QCOMPARE(QByteArray::fromStdString(json::canonical(value)), document);
        return;
    }
    QVERIFY2(applied.has_value(), applied ? "" : applied.error().toString().c_str());
    const QByteArray result = QByteArray::fromStdString(json::canonical(value));
    if (expected != "*")
        QCOMPARE(result, expected);
    QCOMPARE(applied->changed, result != document);
    QCOMPARE(applied->sizeChange, std::ptrdiff_t(result.size() - document.size()));
    QVERIFY(json::apply(value, applied->inverse).has_value());
    QCOMPARE(QByteArray::fromStdString(json::canonical(value)), document);
}

void ConformanceTest::jsonParsingSuite_data()
{
    QTest::addColumn<bool>("accepted");
    SKIP_WITHOUT_DATA("json-parsing");
    for (const QString &file : filesIn(QStringLiteral("json-parsing"))) {
        const std::string name = file.toStdString();
        const bool taken = name.starts_with("y_") ? !kRefusedByDomain.contains(name) : kTakenByDomain.contains(name);
        QTest::addRow("%s", qPrintable(file)) << taken;
    }
}

void ConformanceTest::jsonParsingSuite()
{
    SKIP_WITHOUT_DATA("json-parsing");
    QFETCH(bool, accepted);
    const QString file = QLatin1String(QTest::currentDataTag());
    const auto value = json::parse(contents(dataFolder() + QStringLiteral("/json-parsing/") + file));
    QVERIFY2(value.has_value() == accepted, value ? "accepted" : value.error().toString().c_str());
    if (!value) {
        QVERIFY(value.error().code == ErrorCode::InvalidValue || value.error().code == ErrorCode::TooDeep);
        return;
    }
    const auto text = json::canonical(*value);
    const auto again = json::parse(text);
    QVERIFY2(again.has_value(), text.c_str());
    QCOMPARE(json::canonical(*again), text);
    QVERIFY(json::equal(*again, *value));
}

void ConformanceTest::canonicalFormSuite_data()
{
    QTest::addColumn<QString>("file");
    SKIP_WITHOUT_DATA("json-canonicalization");
    for (const QString &file : filesIn(QStringLiteral("json-canonicalization/input")))
        QTest::addRow("%s", qPrintable(file)) << file;
}

void ConformanceTest::canonicalFormSuite()
{
    SKIP_WITHOUT_DATA("json-canonicalization");
    QFETCH(QString, file);
    const QString folder = dataFolder() + QStringLiteral("/json-canonicalization/");
    const auto value = json::parse(contents(folder + QStringLiteral("input/") + file));
    QVERIFY2(value.has_value(), value ? "" : value.error().toString().c_str());
    const Bytes expected = contents(folder + QStringLiteral("output/") + file);
    QCOMPARE(QByteArray::fromStdString(json::canonical(*value)), QByteArray::fromStdString(expected));
    QCOMPARE(json::canonicalSize(*value), expected.size());
}

void ConformanceTest::numbersAreWrittenAsEcmaScriptDoes()
{
    SKIP_WITHOUT_DATA("json-canonicalization");
    const QByteArray path = QFile::encodeName(dataFolder() + QStringLiteral("/json-canonicalization/es6-numbers.csv.gz"));
    gzFile file = gzopen(path.constData(), "rb");
    QVERIFY(file);
    const auto close = qScopeGuard([&] { gzclose(file); });
    char line[256];
    int lines = 0;
    while (gzgets(file, line, sizeof line)) {
        std::string_view text(line);
        while (text.ends_with('\n') || text.ends_with('\r'))
            text.remove_suffix(1);
        const std::size_t comma = text.find(',');
        QVERIFY(comma != std::string_view::npos);
        std::uint64_t bits = 0;
        std::from_chars(text.data(), text.data() + comma, bits, 16);
        const std::string expected(text.substr(comma + 1));
        const auto number = std::bit_cast<double>(bits);
        QCOMPARE(json::numberText(number), expected);
        // And back: the same bits, whatever their kind in the domain.
        const auto back = json::parse(expected);
        QVERIFY2(back.has_value(), expected.c_str());
        QCOMPARE(back->is_int64() ? static_cast<double>(back->get_int64()) : back->get_double(), number);
        json::Value built(number);
        QVERIFY(json::normalize(built).has_value());
        QVERIFY(json::equal(built, *back));
        ++lines;
    }
    QCOMPARE(lines, 20'000);
}
