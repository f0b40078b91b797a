// SPDX-License-Identifier: Apache-2.0
#include "cbortest.h"

#include "randommessages.h"

#include <eventsync/base/digest.h>
#include <eventsync/base/random.h>
#include <eventsync/protocol/cbor_p.h>

#include <QTest>

#include <bit>
#include <cmath>

using namespace eventsync;
using namespace eventsync::protocol;
using namespace eventsync::test;
using namespace Qt::StringLiterals;

namespace {

constexpr Shape kPlain{.kind = Shape::Kind::Value};
constexpr cbor::Limits kLimits{.bytes = 1 << 20, .depth = 16};

std::string bytes(const QString &hex)
{
    return QByteArray::fromHex(hex.toLatin1()).toStdString();
}

QString written(const json::Value &value, const Shape &shape = kPlain)
{
    std::string out;
    cbor::append(out, value, shape);
    return QString::fromLatin1(QByteArray::fromStdString(out).toHex());
}

QString codeOf(const Result<json::Value> &result)
{
    return result ? QStringLiteral("ok") : QString::fromUtf8(errorName(result.error().code).data());
}

} // namespace

void CborTest::valuesHaveOneEncoding_data()
{
    QTest::addColumn<QString>("json");
    QTest::addColumn<QString>("hex");
    const auto row = [](const char *json, const char *hex) { QTest::newRow(json) << json << hex; };
    row("0", "00");
    row("1", "01");
    row("10", "0a");
    row("23", "17");
    row("24", "1818");
    row("100", "1864");
    row("255", "18ff");
    row("256", "190100");
    row("1000", "1903e8");
    row("65536", "1a00010000");
    row("1000000", "1a000f4240");
    row("4294967296", "1b0000000100000000");
    row("1000000000000", "1b000000e8d4a51000");
    row("9007199254740991", "1b001fffffffffffff");
    row("-1", "20");
    row("-10", "29");
    row("-24", "37");
    row("-25", "3818");
    row("-100", "3863");
    row("-1000", "3903e7");
    row("-9007199254740991", "3b001ffffffffffffe");
    row("9007199254740992", "fa5a000000");
    row("18446744073709551616", "fa5f800000");
    row("1.1", "fb3ff199999999999a");
    row("1.5", "f93e00");
    row("65504.5", "fa477fe080");
    row("3.4028234663852886e38", "fa7f7fffff");
    row("1e300", "fb7e37e43c8800759c");
    row("5.960464477539063e-8", "f90001");
    row("0.00006103515625", "f90400");
    row("-4.1", "fbc010666666666666");
    row("false", "f4");
    row("true", "f5");
    row("null", "f6");
    row(R"("")", "60");
    row(R"("IETF")", "6449455446");
    row(R"("\"\\")", "62225c");
    row(R"("ü")", "62c3bc");
    row(R"("水")", "63e6b0b4");
    row(R"("\ud800\udd51")", "64f0908591");
    row("[]", "80");
    row("[1,[2,3],[4,5]]", "8301820203820405");
    row("{}", "a0");
    row(R"({"a":1,"b":[2,3]})", "a26161016162820203");
    row(R"({"bb":1,"a":2,"c":3,"":4})", "a4600461610261630362626201");
}

void CborTest::valuesHaveOneEncoding()
{
    QFETCH(QString, json);
    QFETCH(QString, hex);
    const auto value = json::parse(json.toStdString());
    QVERIFY(value.has_value());
    QCOMPARE(written(*value), hex);
    const auto back = cbor::read(bytes(hex), kPlain, kLimits);
    QVERIFY2(back.has_value(), back ? "" : back.error().toString().c_str());
    QCOMPARE(json::canonical(*back), json::canonical(*value));
    QCOMPARE(int(back->kind()), int(value->kind()));
}

void CborTest::otherEncodingsAreRefused_data()
{
    QTest::addColumn<QString>("hex");
    const auto row = [](const char *name, const char *hex) { QTest::newRow(name) << hex; };
    row("nothing", "");
    row("23 in two bytes", "1817");
    row("255 in three bytes", "1900ff");
    row("65535 in five bytes", "1a0000ffff");
    row("4294967295 in nine bytes", "1b00000000ffffffff");
    row("-1 in two bytes", "3800");
    row("2^53 as integer", "1b0020000000000000");
    row("-2^53 as integer", "3b001fffffffffffff");
    row("the largest integer", "1bffffffffffffffff");
    row("reserved length 28", "1c");
    row("reserved length 30", "7e");
    row("0.0", "f90000");
    row("-0.0", "f98000");
    row("1.0 as half", "f93c00");
    row("100000.0 as single", "fa47c35000");
    row("2^53-1 as double", "fb433fffffffffffff");
    row("1.5 as single", "fa3fc00000");
    row("1.5 as double", "fb3ff8000000000000");
    row("65504.5 as double", "fb40effc1000000000");
    row("infinity", "f97c00");
    row("-infinity as single", "faff800000");
    row("not a number", "f97e00");
    row("not a number as double", "fb7ff8000000000001");
    row("undefined", "f7");
    row("simple value 16", "f0");
    row("simple value 255", "f8ff");
    row("false in two bytes", "f814");
    row("break", "ff");
    row("a tag", "c001");
    row("a time tag", "c11a514b67b0");
    row("a bignum", "c249010000000000000000");
    row("indefinite text", "7f61616162ff");
    row("indefinite list", "9f01ff");
    row("indefinite map", "bf616101ff");
    row("indefinite bytes", "5f4101ff");
    row("a byte string in a value", "4101");
    row("text length in two bytes", "780161");
    row("text cut short", "6261");
    row("text longer than all", "7bffffffffffffffff61");
    row("list longer than all", "9bffffffffffffffff01");
    row("map longer than all", "bbffffffffffffffff01");
    row("list cut short", "820101" "00");
    row("list one short", "8201");
    row("map without a value", "a16161");
    row("keys in the wrong order", "a2616201616101");
    row("a longer key first", "a262616101616201");
    row("a key twice", "a2616101616102");
    row("a number as key", "a10101");
    row("a key with NUL", "a1610001");
    row("a key that is not UTF-8", "a161ff01");
    row("text that is not UTF-8", "62c328");
    row("an overlong letter", "62c080");
    row("a surrogate", "63eda080");
    row("bytes left over", "0101");
}

void CborTest::otherEncodingsAreRefused()
{
    QFETCH(QString, hex);
    QCOMPARE(codeOf(cbor::read(bytes(hex), kPlain, kLimits)), QStringLiteral("InvalidValue"));
}

void CborTest::everyHalfIsReadAndWritten()
{
    for (unsigned half = 0; half < 0x10000; ++half) {
        const double value = cbor::fromHalf(static_cast<std::uint16_t>(half));
        if (!std::isfinite(value) || value == 0)
            continue;
        const auto back = cbor::exactHalf(value);
        QVERIFY(back.has_value());
        QCOMPARE(unsigned(*back), half);
        QVERIFY(!cbor::exactHalf(value * (1 + 0x1p-12)));
    }
    QCOMPARE(cbor::fromHalf(0x7bff), 65504.0);
    QCOMPARE(cbor::fromHalf(0x0001), 0x1p-24);
    QVERIFY(!cbor::exactHalf(65520.0) && !cbor::exactHalf(0x1p-25) && !cbor::exactHalf(1e300) && !cbor::exactHalf(65536.0));
}

void CborTest::shortestFloatsAreChosen()
{
    SeededRandom random(5);
    for (int i = 0; i < 20'000; ++i) {
        const double value = std::bit_cast<double>(random.next());
        if (!std::isfinite(value) || (std::fabs(value) <= 0x1p53 && value == std::trunc(value)))
            continue;
        for (const double number : {value, static_cast<double>(static_cast<float>(std::fmod(value, 1e30)))}) {
            if (number == std::trunc(number) && std::fabs(number) <= 0x1p53)
                continue;
            std::string out;
            cbor::append(out, json::Value(number), kPlain);
            const bool single = static_cast<double>(static_cast<float>(std::fmod(number, 1e38))) == number;
            QVERIFY(out.size() == 9 || single);
            const auto back = cbor::read(out, kPlain, kLimits);
            QVERIFY(back && std::bit_cast<std::uint64_t>(back->get_double()) == std::bit_cast<std::uint64_t>(number));
        }
    }
}

void CborTest::bytesStandWhereTheShapeSays()
{
    const std::string chain = sha256("x").toHex();
    const json::Object message{{"chain", chain}, {"state", chain}, {"bytes", "AP8"}};
    const QString hex = written(message, messageShape());
    const QString digits = QString::fromStdString(chain), text = QString::fromLatin1(QByteArray::fromStdString(chain).toHex());
    QCOMPARE(hex, QStringLiteral("a3656279746573" "4200ff" "65636861696e" "5820") + digits + QStringLiteral("657374617465" "7840") + text);
    const auto back = cbor::read(bytes(hex), messageShape(), kLimits);
    QVERIFY(back && json::equal(*back, message));

    QCOMPARE(codeOf(cbor::read(bytes(QStringLiteral("a165636861696e6100")), messageShape(), kLimits)), QStringLiteral("InvalidMessage"));
    QCOMPARE(codeOf(cbor::read(bytes(QStringLiteral("a165636861696e4100")), messageShape(), kLimits)), QStringLiteral("InvalidValue"));
    QCOMPARE(codeOf(cbor::read(bytes(QStringLiteral("a16573746174654100")), messageShape(), kLimits)), QStringLiteral("InvalidValue"));
    QCOMPARE(codeOf(cbor::read(bytes(QStringLiteral("a1657374617465a161614100")), messageShape(), kLimits)), QStringLiteral("InvalidValue"));
}

void CborTest::depthIsChargedBeforeItIsEntered()
{
    const auto nested = [](int depth) { return std::string(static_cast<std::size_t>(depth), '\x81') + '\x01'; };
    QCOMPARE(codeOf(cbor::read(nested(16), kPlain, kLimits)), QStringLiteral("ok"));
    QCOMPARE(codeOf(cbor::read(nested(17), kPlain, kLimits)), QStringLiteral("TooDeep"));
    QCOMPARE(codeOf(cbor::read(nested(1'000'000), kPlain, kLimits)), QStringLiteral("TooDeep"));
    QCOMPARE(codeOf(cbor::read(std::string(2'000'000, '\x01'), kPlain, kLimits)), QStringLiteral("TooLarge"));
}

// Lists that each claim all that is left, one inside the other: memory must follow the bytes that are there.
void CborTest::aClaimedLengthCostsNothing()
{
    std::string input;
    for (int i = 0; i < 16; ++i)
        input += bytes(QStringLiteral("9a000f0000"));
    input += std::string(0xF0000, '\x80');
    QCOMPARE(codeOf(cbor::read(input, kPlain, kLimits)), QStringLiteral("TooDeep"));
}

void CborTest::canonicalJsonIsTranscoded()
{
    const auto transcoded = [](const std::string &text) {
        std::string out;
        return cbor::appendCanonical(out, text, kPlain, 16) ? QString::fromLatin1(QByteArray::fromStdString(out).toHex()) : u"refused"_s;
    };
    RandomMessages random(5);
    for (int round = 0; round < 3'000; ++round) {
        const json::Value value = random.value(5);
        const std::string text = json::canonical(value);
        QCOMPARE(transcoded(text), written(value));
    }
    std::string list = "[0";
    std::string object = R"({"a0":0)";
    for (int i = 1; i < 300; ++i) { // heads of more than one byte, names of several lengths
        list += ',' + std::to_string(i);
        object += ",\"" + std::string(std::size_t(1 + i % 7), 'b') + std::to_string(i) + "\":" + std::to_string(i);
    }
    for (const std::string &text : {list + ']', object + '}', std::string(R"("\u0001\b\t\n\f\r\"\\")"), std::string("9007199254740992"),
                                    std::string("-9007199254740991"), std::string("1e+21"), std::string("0.1")}) {
        const auto value = json::parse(text);
        QVERIFY(value.has_value());
        QCOMPARE(transcoded(text), written(*value));
    }
}

void CborTest::otherTextIsNotTranscoded_data()
{
    QTest::addColumn<QString>("text");
    for (const char *text : {"", " 1", "1 ", "[1", "[1,", "[1,]", "{", R"({"a")", R"({"a":})", R"({"a":1,)", R"({a:1})", "\"a", R"("\)", R"("\u12")",
                             R"("\u0041")", R"("\/")", "tru", "nul", "1.0", "1e999", "--1", "+1", "[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]"})
        QTest::newRow(text[0] ? text : "nothing") << QString::fromLatin1(text);
}

void CborTest::otherTextIsNotTranscoded()
{
    QFETCH(QString, text);
    std::string out = "before";
    QVERIFY(!cbor::appendCanonical(out, text.toStdString(), kPlain, 16));
    QCOMPARE(out, std::string("before"));
}
