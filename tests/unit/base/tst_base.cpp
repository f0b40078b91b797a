// SPDX-License-Identifier: Apache-2.0
#include <eventsync/base/budget.h>
#include <eventsync/base/digest.h>
#include <eventsync/base/guard.h>
#include <eventsync/base/ids.h>
#include <eventsync/base/memoryaccount.h>
#include <eventsync/base/metrics.h>
#include <eventsync/base/random.h>
#include <eventsync/base/timestamp.h>
#include <eventsync/base/uuid.h>

#include <support/fakeclock.h>

#include <QTest>

#include <limits>
#include <set>
#include <stdexcept>

using namespace eventsync;
using namespace std::literals;

namespace {

Result<int> half(int n)
{
    if (n % 2 != 0)
        return failure(ErrorCode::Invalid, "odd", "/n");
    return n / 2;
}

Result<int> quarter(int n)
{
    EVENTSYNC_TRY(const int first, half(n));
    EVENTSYNC_TRY(const int second, half(first));
    return second;
}

Result<> isQuarterable(int n)
{
    EVENTSYNC_CHECK(quarter(n));
    return {};
}

} // namespace

class BaseTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void macrosPassErrorsOn();
    void whatAFunctionThrowsIsInvalid();
    void aBudgetEndsWorkByItsReason_data();
    void aBudgetEndsWorkByItsReason();
    void everyErrorCodeHasOneNameAndAClass();
    void idsFromInput_data();
    void idsFromInput();
    void uuidTextIsStrict_data();
    void uuidTextIsStrict();
    void uuidsOfOneGeneratorAscend();
    void timestampsAreOneFormOnly_data();
    void timestampsAreOneFormOnly();
    void timestampsEndWithTheirYears_data();
    void timestampsEndWithTheirYears();
    void timestampsCompareAsTheirTexts();
    void hexIsStrict();
    void base64UrlIsStrict_data();
    void base64UrlIsStrict();
    void bytesSurviveEncoding();
    void utf8IsStrict_data();
    void utf8IsStrict();
    void digestsAreSha256();
    void seededRandomRepeats();
    void metricsReadAsPrometheusText();
    void memoryIsCountedByOwner();
};

void BaseTest::macrosPassErrorsOn()
{
    QCOMPARE(*quarter(8), 2);
    QCOMPARE(quarter(7).error().toString(), "Invalid: odd (at /n)"s);
    QVERIFY(quarter(6).error().code == ErrorCode::Invalid);
    QVERIFY(isQuarterable(4).has_value());
    QCOMPARE(isQuarterable(6).error().path, "/n"s);
}

void BaseTest::whatAFunctionThrowsIsInvalid()
{
    QCOMPARE(guarded(half, 4).value(), 2);
    QCOMPARE(guarded(half, 3).error(), (Error{ErrorCode::Invalid, "odd", "/n"}));
    QCOMPARE(guarded([] { return 5; }).value(), 5);
    int called = 0;
    QVERIFY(guarded([&](int &count) { ++count; }, called).has_value());
    QCOMPARE(called, 1);
    const auto words = guarded([]() -> Result<int> { throw std::runtime_error("no such field"); });
    QCOMPARE(words.error().code, ErrorCode::Invalid);
    QVERIFY(words.error().message.ends_with("no such field"));
    QCOMPARE(guarded([] { throw 5; }).error().code, ErrorCode::Invalid);
    QVERIFY(isValidUtf8(guarded([] { throw std::runtime_error("\xFF"); }).error().message)); // it travels
    QCOMPARE(guarded([] { throw std::bad_alloc(); }).error().code, ErrorCode::Unavailable);
    QCOMPARE(guarded([] { return std::string(std::string().max_size() + 1, 'x').size(); }).error().code, ErrorCode::TooLarge);
}

void BaseTest::aBudgetEndsWorkByItsReason_data()
{
    QTest::addColumn<Budget>("budget");
    QTest::addColumn<std::uint64_t>("done");
    QTest::addColumn<QByteArray>("reason");

    static const test::FakeClock clock;
    const auto gone = std::make_shared<std::atomic<bool>>(true), there = std::make_shared<std::atomic<bool>>(false);
    using namespace std::chrono_literals;
    QTest::newRow("unlimited") << Budget() << std::uint64_t(10'000) << QByteArray();
    QTest::newRow("few steps") << Budget(100) << std::uint64_t(100) << QByteArray("TooLarge: it takes more work than is allowed");
    QTest::newRow("enough steps") << Budget(10'001) << std::uint64_t(10'000) << QByteArray();
    QTest::newRow("too late") << Budget().until(0ms, clock) << Budget::kProbeInterval - 1 << QByteArray("Timeout: it takes longer than is allowed");
    QTest::newRow("in time") << Budget().until(1ms, clock) << std::uint64_t(10'000) << QByteArray();
    QTest::newRow("gone") << Budget().unless(gone) << Budget::kProbeInterval - 1 << QByteArray("Cancelled: it was cancelled");
    QTest::newRow("there") << Budget().unless(there) << std::uint64_t(10'000) << QByteArray();
}

void BaseTest::aBudgetEndsWorkByItsReason()
{
    QFETCH(Budget, budget);
    QFETCH(std::uint64_t, done);
    QFETCH(QByteArray, reason);

    std::uint64_t steps = 0;
    while (steps < 10'000 && budget.charge())
        ++steps;
    QCOMPARE(steps, done);
    QCOMPARE(budget.isExhausted(), !reason.isEmpty());
    const auto fine = budget.check("it");
    QCOMPARE(QByteArray::fromStdString(fine ? std::string() : fine.error().toString()), reason);
    QCOMPARE(budget.charge(), reason.isEmpty()); // it stays so
}

void BaseTest::everyErrorCodeHasOneNameAndAClass()
{
    std::set<std::string_view> names;
    for (int code = 0; code <= static_cast<int>(ErrorCode::Corrupt); ++code) {
        const auto name = errorName(static_cast<ErrorCode>(code));
        QVERIFY(!name.empty());
        QVERIFY2(names.insert(name).second, name.data());
        QVERIFY(errorCodeFromName(name) == static_cast<ErrorCode>(code));
        QVERIFY(!errorClassName(errorClass(static_cast<ErrorCode>(code))).empty());
    }
    QVERIFY(!errorCodeFromName("invalid"));
    QVERIFY(!errorCodeFromName(""));
    // docs/protocol.md's table
    QVERIFY(errorClass(ErrorCode::PatchFailed) == ErrorClass::Permanent);
    QVERIFY(errorClass(ErrorCode::VersionConflict) == ErrorClass::Conflict);
    QVERIFY(errorClass(ErrorCode::QueueFull) == ErrorClass::Transient);
    QVERIFY(errorClass(ErrorCode::Internal) == ErrorClass::Corrupt);
}

void BaseTest::idsFromInput_data()
{
    QTest::addColumn<QByteArray>("kind");
    QTest::addColumn<std::string>("text");
    QTest::addColumn<QByteArray>("error"); // empty: accepted
    auto row = [](const char *kind, std::string text, const char *error = "") {
        QTest::addRow("%s %s (%d)", kind, text.substr(0, 20).c_str(), int(text.size())) << QByteArray(kind) << text << QByteArray(error);
    };
    row("document", "A-z_0.9~");
    row("document", std::string(128, 'x'));
    row("document", std::string(129, 'x'), "InvalidValue");
    row("document", "", "InvalidValue");
    row("document", "a/b", "InvalidValue");
    row("document", "\xC3\xA4", "InvalidValue");
    row("document", "a\0b"s, "InvalidValue");
    row("collection", "games");
    row("collection", "g0_-");
    row("collection", 'g' + std::string(62, 'x'));
    row("collection", 'g' + std::string(63, 'x'), "InvalidValue");
    row("collection", "Games", "InvalidValue");
    row("collection", "0games", "InvalidValue");
    row("collection", "", "InvalidValue");
    for (const char *reserved : {"events", "snapshots", "state-vectors", "state_vectors", "sync", "stream", "queue", "meta", "tokens"})
        row("collection", reserved, "InvalidValue");
    row("client", "phone.1_a-B");
    row("client", std::string(65, 'x'), "InvalidValue");
    row("client", "a~b", "InvalidValue");
    row("client", "", "InvalidValue");
    row("client", "server", "ClientIdReserved");
    row("client", "external", "ClientIdReserved");
    row("client", "rest:me", "ClientIdReserved");
    row("author", "server");
    row("author", "rest:me");
    row("author", "", "InvalidValue");
}

void BaseTest::idsFromInput()
{
    QFETCH(QByteArray, kind);
    QFETCH(std::string, text);
    QFETCH(QByteArray, error);
    std::string made;
    QByteArray found;
    auto take = [&](const auto &result) {
        if (result)
            made = result->text();
        else
            found = QByteArray::fromStdString(std::string(errorName(result.error().code)));
    };
    if (kind == "document")
        take(documentIdFrom(text));
    else if (kind == "collection")
        take(collectionNameFrom(text));
    else if (kind == "client")
        take(clientIdFrom(text));
    else
        take(authorIdFrom(text));
    QCOMPARE(found, error);
    QCOMPARE(made, error.isEmpty() ? text : std::string());
}

void BaseTest::uuidTextIsStrict_data()
{
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<bool>("isUuid");
    QTest::addColumn<bool>("isEventId");
    QTest::newRow("version 7") << QByteArray("019aa5c1-7d3a-7abc-8def-0123456789ab") << true << true;
    QTest::newRow("version 4") << QByteArray("019aa5c1-7d3a-4abc-8def-0123456789ab") << true << false;
    QTest::newRow("other variant") << QByteArray("019aa5c1-7d3a-7abc-cdef-0123456789ab") << true << false;
    QTest::newRow("upper case") << QByteArray("019AA5C1-7D3A-7ABC-8DEF-0123456789AB") << false << false;
    QTest::newRow("no hyphens") << QByteArray("019aa5c17d3a7abc8def0123456789ab") << false << false;
    QTest::newRow("hyphen elsewhere") << QByteArray("019aa5c-17d3a-7abc-8def-0123456789ab") << false << false;
    QTest::newRow("too long") << QByteArray("019aa5c1-7d3a-7abc-8def-0123456789abc") << false << false;
    QTest::newRow("not hex") << QByteArray("019aa5c1-7d3a-7abc-8def-0123456789ag") << false << false;
    QTest::newRow("empty") << QByteArray() << false << false;
}

void BaseTest::uuidTextIsStrict()
{
    QFETCH(QByteArray, text);
    QFETCH(bool, isUuid);
    QFETCH(bool, isEventId);
    const auto id = Uuid::fromText(text.toStdString());
    QCOMPARE(id.has_value(), isUuid);
    QCOMPARE(eventIdFrom(text.toStdString()).has_value(), isEventId);
    if (id) {
        QCOMPARE(QByteArray::fromStdString(id->toText()), text);
        QVERIFY(*Uuid::fromBytes(id->view()) == *id);
    }
}

void BaseTest::uuidsOfOneGeneratorAscend()
{
    test::FakeClock clock;
    SeededRandom random(1);
    UuidGenerator generator(clock, random);
    Uuid last;
    auto next = [&] {
        const Uuid id = generator.next();
        const bool ascends = last < id;
        last = id;
        return ascends && eventIdFrom(id.toText()).has_value();
    };
    for (int i = 0; i < 10'000; ++i) // more than the counter of one millisecond holds
        QVERIFY(next());
    clock.setWall(Timestamp(test::FakeClock::kStart - 60'000)); // the clock goes back
    for (int i = 0; i < 100; ++i)
        QVERIFY(next());
    clock.setWall(Timestamp(test::FakeClock::kStart + 60'000));
    QVERIFY(next());
    QCOMPARE(last.toText().substr(0, 13), [&] {
        const std::string hex = toHex(std::string_view(last.view()).substr(0, 6));
        return hex.substr(0, 8) + '-' + hex.substr(8);
    }());
    std::int64_t milliseconds = 0;
    for (const char c : last.view().substr(0, 6))
        milliseconds = milliseconds << 8 | static_cast<unsigned char>(c);
    QCOMPARE(milliseconds, test::FakeClock::kStart + 60'000);
}

void BaseTest::timestampsAreOneFormOnly_data()
{
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<bool>("accepted");
    auto row = [](const char *text, bool accepted) { QTest::newRow(text) << QByteArray(text) << accepted; };
    row("1970-01-01T00:00:00.000Z", true);
    row("2026-11-21T09:30:00.123Z", true);
    row("2024-02-29T23:59:59.999Z", true);
    row("0000-01-01T00:00:00.000Z", true);
    row("9999-12-31T23:59:59.999Z", true);
    row("2023-02-29T00:00:00.000Z", false);
    row("2026-13-01T00:00:00.000Z", false);
    row("2026-00-01T00:00:00.000Z", false);
    row("2026-11-31T00:00:00.000Z", false);
    row("2026-11-21T24:00:00.000Z", false);
    row("2026-11-21T23:60:00.000Z", false);
    row("2026-11-21T23:59:60.000Z", false);
    row("2026-11-21T09:30:00Z", false);
    row("2026-11-21T09:30:00.12Z", false);
    row("2026-11-21T09:30:00.1234Z", false);
    row("2026-11-21T09:30:00.123z", false);
    row("2026-11-21 09:30:00.123Z", false);
    row("2026-11-21T09:30:00.123+00:00", false);
    row("+026-11-21T09:30:00.123Z", false);
    row("", false);
}

void BaseTest::timestampsAreOneFormOnly()
{
    QFETCH(QByteArray, text);
    QFETCH(bool, accepted);
    const auto time = timestampFrom(text.toStdString());
    QCOMPARE(time.has_value(), accepted);
    QCOMPARE(isTimestampText(text.toStdString()), accepted);
    if (time)
        QCOMPARE(QByteArray::fromStdString(toText(*time)), text);
    else
        QVERIFY(time.error().code == ErrorCode::InvalidValue);
}

void BaseTest::timestampsEndWithTheirYears_data()
{
    QTest::addColumn<qint64>("milliseconds");
    QTest::addColumn<bool>("accepted");
    QTest::addColumn<QByteArray>("text");
    const auto row = [](const char *name, std::int64_t milliseconds, bool accepted, const char *text) {
        QTest::newRow(name) << qint64(milliseconds) << accepted << QByteArray(text);
    };
    row("the first", kFirstTimestamp.value(), true, "0000-01-01T00:00:00.000Z");
    row("the last", kLastTimestamp.value(), true, "9999-12-31T23:59:59.999Z");
    row("one before the first", kFirstTimestamp.value() - 1, false, "0000-01-01T00:00:00.000Z");
    row("one behind the last", kLastTimestamp.value() + 1, false, "9999-12-31T23:59:59.999Z");
    row("the smallest number", std::numeric_limits<std::int64_t>::min(), false, "0000-01-01T00:00:00.000Z");
    row("the largest number", std::numeric_limits<std::int64_t>::max(), false, "9999-12-31T23:59:59.999Z");
}

void BaseTest::timestampsEndWithTheirYears()
{
    QFETCH(qint64, milliseconds);
    QFETCH(bool, accepted);
    QFETCH(QByteArray, text);
    const auto time = timestampFrom(std::int64_t(milliseconds));
    QCOMPARE(time.has_value(), accepted);
    if (!time)
        QCOMPARE(time.error().code, ErrorCode::InvalidValue);
    QCOMPARE(QByteArray::fromStdString(toText(Timestamp(milliseconds))), text);
}

void BaseTest::timestampsCompareAsTheirTexts()
{
    QCOMPARE(toText(Timestamp(0)), "1970-01-01T00:00:00.000Z"s);
    QCOMPARE(toText(Timestamp(-1)), "1969-12-31T23:59:59.999Z"s);
    QCOMPARE(toText(Timestamp(test::FakeClock::kStart)), "2026-11-21T09:00:00.000Z"s);
    SeededRandom random(2);
    for (int i = 0; i < 1000; ++i) {
        auto any = [&] { return Timestamp(static_cast<std::int64_t>(random.below(253'402'300'800'000))); };
        const Timestamp a = any(), b = any();
        QCOMPARE(a < b, toText(a) < toText(b));
        QVERIFY(*timestampFrom(toText(a)) == a);
    }
}

void BaseTest::hexIsStrict()
{
    QCOMPARE(toHex("\x00\xFF\x1a"sv), "00ff1a"s);
    QCOMPARE(*fromHex("00ff1a"), "\x00\xFF\x1a"s);
    QVERIFY(fromHex("").has_value());
    for (const char *bad : {"0", "0g", "FF", "0 ", "00 "})
        QVERIFY2(!fromHex(bad), bad);
    QVERIFY(!Digest::fromHex("00"));
}

void BaseTest::base64UrlIsStrict_data()
{
    QTest::addColumn<QByteArray>("text");
    for (const char *bad : {"A", "AA==", "AAA=", "AA A", "AA\n", "+/AA", "AB", "AAB", "AAAAA", "A\xC3\xA4" "A"})
        QTest::newRow(bad) << QByteArray(bad);
}

void BaseTest::base64UrlIsStrict()
{
    QFETCH(QByteArray, text);
    const auto bytes = fromBase64Url(text.toStdString());
    QVERIFY(!bytes);
    QVERIFY(bytes.error().code == ErrorCode::InvalidValue);
}

void BaseTest::bytesSurviveEncoding()
{
    QCOMPARE(toBase64Url("\xFB\xFF\xFE"sv), "-__-"s);
    QCOMPARE(toBase64Url("f"), "Zg"s);
    QCOMPARE(toBase64Url("fo"), "Zm8"s);
    QCOMPARE(toBase64Url("foob"), "Zm9vYg"s);
    SeededRandom random(3);
    for (int i = 0; i < 1000; ++i) {
        Bytes bytes(random.below(40), '\0');
        for (char &c : bytes)
            c = static_cast<char>(random.next());
        QCOMPARE(*fromBase64Url(toBase64Url(bytes)), bytes);
        QCOMPARE(*fromHex(toHex(bytes)), bytes);
    }
}

void BaseTest::utf8IsStrict_data()
{
    QTest::addColumn<std::string>("text");
    QTest::addColumn<bool>("valid");
    QTest::newRow("ASCII and NUL") << "a\0z\x7F"s << true;
    QTest::newRow("U+0080") << "\xC2\x80"s << true;
    QTest::newRow("U+07FF") << "\xDF\xBF"s << true;
    QTest::newRow("U+0800") << "\xE0\xA0\x80"s << true;
    QTest::newRow("U+D7FF") << "\xED\x9F\xBF"s << true;
    QTest::newRow("U+E000") << "\xEE\x80\x80"s << true;
    QTest::newRow("U+10000") << "\xF0\x90\x80\x80"s << true;
    QTest::newRow("U+10FFFF") << "\xF4\x8F\xBF\xBF"s << true;
    QTest::newRow("beyond") << "\xF4\x90\x80\x80"s << false;
    QTest::newRow("lead F5") << "\xF5\x80\x80\x80"s << false;
    QTest::newRow("surrogate") << "\xED\xA0\x80"s << false;
    QTest::newRow("overlong 2") << "\xC1\xBF"s << false;
    QTest::newRow("overlong 3") << "\xE0\x9F\xBF"s << false;
    QTest::newRow("overlong 4") << "\xF0\x8F\xBF\xBF"s << false;
    QTest::newRow("continuation alone") << "a\x80"s << false;
    QTest::newRow("cut 2") << "\xC2"s << false;
    QTest::newRow("cut 3") << "\xE2\x82"s << false;
    QTest::newRow("cut 4") << "\xF0\x9F\x98"s << false;
    QTest::newRow("lead twice") << "\xC2\xC2\x80"s << false;
    QTest::newRow("cut behind eight letters") << "abcdefgh\xE2\x82"s << false;
}

void BaseTest::utf8IsStrict()
{
    QFETCH(std::string, text);
    QFETCH(bool, valid);
    QCOMPARE(isValidUtf8(text), valid);
    QCOMPARE(isValidUtf8("0123456789abcdef" + text + "0123456789abcdef"), valid);
}

void BaseTest::digestsAreSha256()
{
    QCOMPARE(sha256("").toHex(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"s);
    QCOMPARE(sha256("abc").toHex(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"s);
    QVERIFY(Sha256().add("a").add("").add("bc").finish() == sha256("abc"));
    QVERIFY(*Digest::fromHex(sha256("abc").toHex()) == sha256("abc"));
    QVERIFY(*Digest::fromBytes(sha256("abc").view()) == sha256("abc"));
    QVERIFY(!Digest::fromBytes("short"));
}

void BaseTest::seededRandomRepeats()
{
    SeededRandom random(0); // SplitMix64's published first number for seed 0
    QCOMPARE(random.next(), std::uint64_t(0xE220A8397B1DCDAFu));
    for (int i = 0; i < 1000; ++i) {
        QVERIFY(random.below(7) < 7);
        const double unit = random.unit();
        QVERIFY(unit >= 0 && unit < 1);
    }
    SeededRandom a(5), b(5), c(6);
    QCOMPARE(a.next(), b.next());
    QVERIFY(a.next() != c.next());
}

void BaseTest::metricsReadAsPrometheusText()
{
    Metrics metrics;
    metrics.counter("b_total", "Things.", R"(code="x")").add(2);
    metrics.counter("b_total", "Things.", R"(code="x")").add();
    metrics.counter("b_total", "Things.", R"(code="y")").add();
    metrics.gauge("a", "Level.").set(-4);
    Histogram &histogram = metrics.histogram("c_ms", "Time.");
    for (const std::uint64_t value : {0u, 1u, 2u, 3u, 1u << 30})
        histogram.observe(value);
    const std::string text = metrics.toPrometheus();
    QVERIFY2(text.starts_with("# HELP a Level.\n# TYPE a gauge\na -4\n"
                              "# HELP b_total Things.\n# TYPE b_total counter\nb_total{code=\"x\"} 3\nb_total{code=\"y\"} 1\n"
                              "# HELP c_ms Time.\n# TYPE c_ms histogram\n"
                              "c_ms_bucket{le=\"1\"} 2\nc_ms_bucket{le=\"2\"} 3\nc_ms_bucket{le=\"4\"} 4\nc_ms_bucket{le=\"8\"} 4\n"),
             text.c_str());
    QVERIFY2(text.ends_with("c_ms_bucket{le=\"+Inf\"} 5\nc_ms_sum 1073741830\nc_ms_count 5\n"), text.c_str());
}

void BaseTest::memoryIsCountedByOwner()
{
    Metrics metrics;
    const auto account = std::make_shared<MemoryAccount>(100, &metrics);
    std::optional<MemoryCharge> document(std::in_place, account, MemoryOwner::Documents);
    document->set(70);
    {
        MemoryCharge cached(account, MemoryOwner::Cache);
        cached.set(20);
        cached.add(11);
        QCOMPARE(account->bytes(), std::size_t(101));
        QVERIFY(account->isOver());
        cached.set(30);
        QVERIFY(!account->isOver());
        account->dropped(MemoryOwner::Cache);
        const std::string text = metrics.toPrometheus();
        for (const char *line : {"eventsync_memory_bytes{owner=\"documents\"} 70\n", "eventsync_memory_bytes{owner=\"cache\"} 30\n",
                                 "eventsync_memory_limit_bytes 100\n", "eventsync_memory_dropped_total{owner=\"cache\"} 1\n"})
            QVERIFY2(text.find(line) != std::string::npos, text.c_str());
    }
    QCOMPARE(account->bytes(MemoryOwner::Cache), std::size_t(0));
    document.reset();
    QCOMPARE(account->bytes(), std::size_t(0));
}

QTEST_GUILESS_MAIN(BaseTest)
#include "tst_base.moc"
