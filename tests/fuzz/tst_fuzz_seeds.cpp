// SPDX-License-Identifier: Apache-2.0
// Every fuzz target over its committed seeds, and over every input that once stopped it: a target ends the process when
// something is wrong, so the row that was running names the file.
#include <QDir>
#include <QFile>
#include <QTest>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <string_view>

#define FUZZ_TARGET(name) extern "C" int fuzz_##name(const std::uint8_t *data, std::size_t size);
#include "fuzztargets.inc"
#undef FUZZ_TARGET

namespace {

using Target = int (*)(const std::uint8_t *, std::size_t);

struct NamedTarget
{
    const char *name;
    Target run;
};

constexpr NamedTarget kTargets[] = {
#define FUZZ_TARGET(name) {#name, fuzz_##name},
#include "fuzztargets.inc"
#undef FUZZ_TARGET
};

QString corpusFolder()
{
    return qEnvironmentVariable("EVENTSYNC_SOURCE_DIR") + QStringLiteral("/tests/fuzz/corpus");
}

} // namespace

class FuzzSeedsTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void everyTargetHasSeeds_data();
    void everyTargetHasSeeds();
    void everyCorpusHasATarget();
    void seedsPass_data();
    void seedsPass();
};

void FuzzSeedsTest::everyTargetHasSeeds_data()
{
    QTest::addColumn<QString>("name");
    for (const NamedTarget &target : kTargets)
        QTest::newRow(target.name) << QString::fromLatin1(target.name);
}

void FuzzSeedsTest::everyTargetHasSeeds()
{
    QFETCH(QString, name);
    const QDir folder(corpusFolder() + u'/' + name);
    QVERIFY2(!folder.entryList(QDir::Files).isEmpty(), qPrintable(folder.path()));
}

void FuzzSeedsTest::everyCorpusHasATarget()
{
    for (const QString &folder : QDir(corpusFolder()).entryList(QDir::Dirs | QDir::NoDotAndDotDot)) {
        const bool isKnown = std::any_of(std::begin(kTargets), std::end(kTargets),
                                         [&](const NamedTarget &target) { return folder == QLatin1String(target.name); });
        QVERIFY2(isKnown, qPrintable(folder));
    }
}

void FuzzSeedsTest::seedsPass_data()
{
    QTest::addColumn<Target>("target");
    QTest::addColumn<QString>("path");
    for (const NamedTarget &target : kTargets) {
        const QDir folder(corpusFolder() + u'/' + QLatin1String(target.name));
        for (const QString &file : folder.entryList(QDir::Files, QDir::Name))
            QTest::newRow(qPrintable(QLatin1String(target.name) + u'/' + file)) << target.run << folder.filePath(file);
    }
}

void FuzzSeedsTest::seedsPass()
{
    QFETCH(Target, target);
    QFETCH(QString, path);
    QFile file(path);
    QVERIFY(file.open(QIODevice::ReadOnly));
    const QByteArray bytes = file.readAll();
    const auto *data = reinterpret_cast<const std::uint8_t *>(bytes.constData());
    const auto size = static_cast<std::size_t>(bytes.size());
    QCOMPARE(target(data, size), 0);
    for (const std::size_t part : {std::size_t(0), size / 3, size / 2, size - std::min<std::size_t>(size, 1)})
        QCOMPARE(target(data, part), 0); // cut off
}

QTEST_GUILESS_MAIN(FuzzSeedsTest)
#include "tst_fuzz_seeds.moc"
