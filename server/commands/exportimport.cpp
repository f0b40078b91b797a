// SPDX-License-Identifier: Apache-2.0
#include <eventsync/storage/steppedview.h>

#include <server/commands/changestore.h>
#include <server/commands/command.h>
#include <server/limits.h>
#include <server/program.h>
#include <server/store.h>
#include <server/transfer/exporter.h>
#include <server/transfer/importer.h>

#include <QFile>

#include <cstdio>

namespace eventsync::server {

namespace {

constexpr std::int64_t kReportEvery = 10'000; // events

// Writes a line of progress to standard error periodically.
class Reporter
{
public:
    explicit Reporter(const char *verb) : m_verb(verb) {}
    void at(const ExportEnd &soFar)
    {
        if (soFar.events < m_next)
            return;
        m_next = soFar.events + kReportEvery;
        say(soFar);
    }
    void say(const ExportEnd &soFar) const
    {
        std::fprintf(stderr, "%s %lld events of %lld documents\n", m_verb, static_cast<long long>(soFar.events),
                     static_cast<long long>(soFar.documents));
    }

private:
    const char *m_verb;
    std::int64_t m_next = kReportEvery;
};

Result<ExportReport> exportTo(storage::OutputFile &output, const CommandContext &context)
{
    EVENTSYNC_TRY(const auto backend, openStore(context.configuration, StoreUse::ReadOnly));
    const SystemClock clock;
    storage::SteppedView view(*backend, clock);
    const ExportHeader header{.createdAt = clock.wall(), .epoch = storedEpoch(view).value_or("")};
    Reporter report("exported");
    const auto write = [&](const std::string &lines) {
        view.release(); // a pipe may be slow
        return output.write(lines);
    };
    return exportStore(
        view, header, write,
        [&](const ExportEnd &soFar) { report.at(soFar); });
}

Result<ExportEnd> importFrom(QIODevice &device, Importer &importer)
{
    Reporter report("imported");
    for (;;) {
        QByteArray line = device.readLine(static_cast<qint64>(limits::kImportLineBytes) + 2);
        if (line.isEmpty())
            break;
        if (line.endsWith('\n'))
            line.chop(1);
        else if (static_cast<std::size_t>(line.size()) > limits::kImportLineBytes)
            return failure(ErrorCode::TooLarge, "a line is longer than " + std::to_string(limits::kImportLineBytes) + " bytes");
        EVENTSYNC_CHECK(importer.takeLine({line.constData(), static_cast<std::size_t>(line.size())}));
        report.at(importer.soFar());
    }
    return importer.finish();
}

} // namespace

int runExport(const CommandContext &context)
{
    const auto &arguments = context.invocation.arguments;
    const bool toFile = !arguments.empty() && arguments[0] != "-";
    auto output = toFile ? outputOf(context, arguments[0]) : Result<storage::OutputFile>(storage::OutputFile::standardOutput());
    if (!output) {
        complain(output.error().message);
        return exitcode::kFailed;
    }
    auto exported = exportTo(*output, context);
    if (exported) {
        if (auto kept = output->commit(); !kept)
            exported = failure(kept.error());
    }
    if (!exported)
        return storeFailed(exported.error());
    Reporter("exported").say(exported->written);
    if (exported->leftOut == 0)
        return exitcode::kDone;
    for (const eventlog::Finding &finding : exported->findings)
        complain(finding.toText());
    complain(std::to_string(exported->leftOut) + " documents were left out");
    return exitcode::kFailed;
}

int runImport(const CommandContext &context)
{
    const auto &arguments = context.invocation.arguments;
    QFile input;
    const bool opened = arguments.empty() || arguments[0] == "-"
                            ? input.open(stdin, QIODevice::ReadOnly)
                            : (input.setFileName(QString::fromStdString(arguments[0])), input.open(QIODevice::ReadOnly));
    if (!opened) {
        complain(input.fileName().toStdString() + ": " + input.errorString().toStdString());
        return exitcode::kFailed;
    }
    auto store = takeStore(context);
    if (!store)
        return storeFailed(store.error());
    Importer importer(*store->backend, [&](storage::Batch batch) { return commitAndWait(*store->backend, std::move(batch)); });
    const auto imported = importFrom(input, importer);
    if (!imported)
        return storeFailed(imported.error());
    Reporter("imported").say(*imported);
    for (const eventlog::Finding &finding : importer.oversized())
        complain(finding.toText());
    return exitcode::kDone;
}

} // namespace eventsync::server
