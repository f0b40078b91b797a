// SPDX-License-Identifier: Apache-2.0
// The files of translations beside the sources: finished, and neither more nor less than the sources say.
#include <QFile>
#include <QLibraryInfo>
#include <QProcess>
#include <QRegularExpression>
#include <QSet>
#include <QTemporaryDir>
#include <QTest>
#include <QXmlStreamReader>

using namespace Qt::StringLiterals;

namespace {

struct Message
{
    QString context, source;
    QStringList translations;
    bool numerus = false, unfinished = false;
};

QList<Message> messagesOf(const QString &path)
{
    QFile file(path);
    QList<Message> messages;
    if (!file.open(QIODevice::ReadOnly))
        return messages;
    QXmlStreamReader xml(&file);
    QString context;
    while (!xml.atEnd()) {
        if (xml.readNext() != QXmlStreamReader::StartElement)
            continue;
        const QStringView name = xml.name();
        if (name == "name"_L1) {
            context = xml.readElementText();
        } else if (name == "message"_L1) {
            messages.append({.context = context, .numerus = xml.attributes().value("numerus"_L1) == "yes"_L1});
        } else if (name == "source"_L1) {
            messages.last().source = xml.readElementText();
        } else if (name == "translation"_L1) {
            messages.last().unfinished = xml.attributes().hasAttribute("type"_L1);
            if (!messages.last().numerus)
                messages.last().translations += xml.readElementText();
        } else if (name == "numerusform"_L1) {
            messages.last().translations += xml.readElementText();
        }
    }
    return messages;
}

QString file(const QString &language)
{
    return qEnvironmentVariable("EVENTSYNC_SOURCE_DIR") + "/resources/translations/eventsync_%1.ts"_L1.arg(language);
}

QSet<QString> placeholders(const QString &text)
{
    static const QRegularExpression form(u"%[1-9n]"_s);
    QSet<QString> found;
    for (const auto &match : form.globalMatch(text))
        found += match.captured();
    return found;
}

} // namespace

class TestTranslations : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void isFinished_data();
    void isFinished();
    void namesEveryTextOfTheSources();
};

void TestTranslations::isFinished_data()
{
    QTest::addColumn<QString>("language");
    QTest::addColumn<int>("plurals");
    QTest::newRow("Korean") << u"ko"_s << 1;
    QTest::newRow("English") << u"en"_s << 2;
}

void TestTranslations::isFinished()
{
    QFETCH(QString, language);
    QFETCH(int, plurals);
    const QList<Message> messages = messagesOf(file(language));
    QVERIFY2(messages.size() > 200, qPrintable(QString::number(messages.size())));
    for (const Message &message : messages) {
        QVERIFY2(!message.unfinished, qPrintable(message.source));
        QCOMPARE(message.translations.size(), message.numerus ? plurals : 1);
        for (const QString &translation : message.translations) {
            QVERIFY2(!translation.isEmpty(), qPrintable(message.source));
            QVERIFY2(placeholders(translation) == placeholders(message.source), qPrintable(message.source));
        }
    }
}

// Reads the sources as a translator's tool does: no text may be missing in the files, none may be left over.
void TestTranslations::namesEveryTextOfTheSources()
{
    const QString tool = QLibraryInfo::path(QLibraryInfo::LibraryExecutablesPath) + "/lupdate"_L1;
    const QString other = QLibraryInfo::path(QLibraryInfo::BinariesPath) + "/lupdate"_L1;
    const QString lupdate = QFile::exists(tool) ? tool : other;
    if (!QFile::exists(lupdate))
        QSKIP("Qt's lupdate is not installed");
    QTemporaryDir folder;
    const QString root = qEnvironmentVariable("EVENTSYNC_SOURCE_DIR");
    const QString fresh = folder.filePath(u"fresh.ts"_s);
    QProcess process;
    process.start(lupdate, {u"-locations"_s, u"none"_s, u"-I"_s, root, u"-I"_s, root + "/engine"_L1, root + "/desktop"_L1,
                            u"-extensions"_s, u"cpp,h"_s, u"-ts"_s, fresh});
    QVERIFY(process.waitForFinished(60'000));
    QSet<QString> inSources, inFile;
    for (const Message &message : messagesOf(fresh))
        inSources += message.context + u"\n"_s + message.source;
    for (const Message &message : messagesOf(file(u"ko"_s)))
        inFile += message.context + u"\n"_s + message.source;
    QVERIFY(inSources.size() > 200);
    QCOMPARE(QStringList((inSources - inFile).values()), QStringList());
    QCOMPARE(QStringList((inFile - inSources).values()), QStringList());
}

QTEST_GUILESS_MAIN(TestTranslations)
#include "tst_translations.moc"
