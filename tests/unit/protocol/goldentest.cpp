// SPDX-License-Identifier: Apache-2.0
#include "goldentest.h"

#include "samplemessages.h"

#include <eventsync/protocol/codec.h>

#include <QDir>
#include <QFile>
#include <QSaveFile>
#include <QTest>

#include <set>

using namespace eventsync;
using namespace eventsync::protocol;
using namespace eventsync::test;

namespace {

QString fileName(const QString &folder, const std::string &name, Codec codec)
{
    return folder + QLatin1Char('/') + QString::fromStdString(name) +
           (codec == Codec::Json ? QStringLiteral(".json") : QStringLiteral(".cbor.hex"));
}

QByteArray fileContent(const std::string &bytes, Codec codec)
{
    const QByteArray raw = QByteArray::fromStdString(bytes);
    return (codec == Codec::Json ? raw : raw.toHex()) + '\n';
}

QByteArray goldenFile(const std::string &name, Codec codec)
{
    QFile file(fileName(qEnvironmentVariable("EVENTSYNC_SOURCE_DIR", QStringLiteral(".")) + QStringLiteral("/tests/unit/protocol/golden"),
                        name, codec));
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

std::string goldenBytes(const std::string &name, Codec codec)
{
    const QByteArray content = goldenFile(name, codec).trimmed();
    return (codec == Codec::Json ? content : QByteArray::fromHex(content)).toStdString();
}

void addRows()
{
    QTest::addColumn<int>("sample");
    QTest::addColumn<int>("codec");
    const auto samples = sampleMessages();
    for (std::size_t i = 0; i < samples.size(); ++i) {
        QTest::addRow("%s in JSON", samples[i].name.c_str()) << int(i) << int(Codec::Json);
        QTest::addRow("%s in CBOR", samples[i].name.c_str()) << int(i) << int(Codec::Cbor);
    }
}

} // namespace

bool GoldenTest::write(const QString &folder)
{
    bool written = QDir().mkpath(folder);
    for (const SampleMessage &sample : sampleMessages()) {
        for (const Codec codec : {Codec::Json, Codec::Cbor}) {
            QSaveFile file(fileName(folder, sample.name, codec));
            const QByteArray content = fileContent(encode(sample.message, codec), codec);
            written = written && file.open(QIODevice::WriteOnly) && file.write(content) == content.size() && file.commit();
        }
    }
    return written;
}

void GoldenTest::everyTypeHasASample()
{
    std::set<std::size_t> types;
    for (const SampleMessage &sample : sampleMessages())
        types.insert(sample.message.index());
    QCOMPARE(types.size(), std::variant_size_v<MessageVariant>);
}

void GoldenTest::bytesAreGolden_data()
{
    addRows();
}

void GoldenTest::bytesAreGolden()
{
    QFETCH(int, sample);
    QFETCH(int, codec);
    const SampleMessage one = sampleMessages()[static_cast<std::size_t>(sample)];
    const auto which = static_cast<Codec>(codec);
    QCOMPARE(fileContent(encode(one.message, which), which), goldenFile(one.name, which));
}

void GoldenTest::goldenBytesAreReadBack_data()
{
    addRows();
}

void GoldenTest::goldenBytesAreReadBack()
{
    QFETCH(int, sample);
    QFETCH(int, codec);
    const SampleMessage one = sampleMessages()[static_cast<std::size_t>(sample)];
    const auto message = decode(goldenBytes(one.name, static_cast<Codec>(codec)), static_cast<Codec>(codec));
    QVERIFY2(message.has_value(), message ? "" : message.error().toString().c_str());
    QCOMPARE(message->index(), one.message.index());
    for (const Codec other : {Codec::Json, Codec::Cbor})
        QCOMPARE(fileContent(encode(*message, other), other), goldenFile(one.name, other));
}

void GoldenTest::noPrefixIsAMessage_data()
{
    addRows();
}

void GoldenTest::noPrefixIsAMessage()
{
    QFETCH(int, sample);
    QFETCH(int, codec);
    const std::string whole = goldenBytes(sampleMessages()[static_cast<std::size_t>(sample)].name, static_cast<Codec>(codec));
    QVERIFY(!whole.empty());
    for (std::size_t size = 0; size < whole.size(); ++size) {
        const std::string prefix = whole.substr(0, size); // of its own, so that a sanitizer sees a read beyond it
        const auto message = decode(prefix, static_cast<Codec>(codec));
        QVERIFY2(!message, prefix.c_str());
        QCOMPARE(QString::fromUtf8(errorName(message.error().code).data()), QStringLiteral("InvalidValue"));
    }
}

void GoldenTest::everyChangedByteIsAnAnswer_data()
{
    addRows();
}

// Whatever the change makes of it: a message that is written in the same way again, or one of the errors of decode().
void GoldenTest::everyChangedByteIsAnAnswer()
{
    QFETCH(int, sample);
    QFETCH(int, codec);
    const auto which = static_cast<Codec>(codec);
    static const std::set<ErrorCode> kAllowed = {ErrorCode::InvalidMessage, ErrorCode::UnknownMessage, ErrorCode::InvalidValue,
                                                 ErrorCode::UnknownField,   ErrorCode::TooLarge,       ErrorCode::TooDeep,
                                                 ErrorCode::ClientIdReserved};
    std::string bytes = goldenBytes(sampleMessages()[static_cast<std::size_t>(sample)].name, which);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        const char before = bytes[i];
        for (const int change : {0x01, 0x20, 0x80, 0xFF}) {
            bytes[i] = static_cast<char>(before ^ change);
            const auto message = decode(bytes, which);
            if (message) {
                const auto again = decode(encode(*message, which), which);
                QVERIFY(again && encode(*again, which) == encode(*message, which));
            } else {
                QVERIFY2(kAllowed.count(message.error().code), message.error().toString().c_str());
            }
        }
        bytes[i] = before;
    }
}
