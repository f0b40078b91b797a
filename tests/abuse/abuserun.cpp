// SPDX-License-Identifier: Apache-2.0
#include "abuserun.h"

#include "attack.h"

#include <integration/serverprocess.h>

#include <eventsync/json/value.h>

#include <QFile>
#include <QTemporaryDir>
#include <QTest>

#include <algorithm>
#include <csignal>

namespace eventsync::abuse {

namespace {

using namespace std::chrono_literals;
using test::ServerProcess;

constexpr double kMostTimes = 10;       // that the 99th percentile of waiting may be longer than in quiet
constexpr double kBusyElsewhere = 0.25; // processors in use by other programs; above it, the quiet values are not quiet
constexpr int kMoreDescriptors = 8;     // that the store may hold for readers it did not have before
constexpr auto kToCalmDown = 120s;
constexpr auto kCommandTime = 900s;     // verify reads all that was written

const char *const kConfiguration = R"(
log-level = "error"
[collections.guarded]
schema = {type = "object", properties = {items = {type = "array", uniqueItems = true}}}
)";

Waits waitsOf(const OrdinaryClients &clients)
{
    return {.edits = clients.edits.count(), .reads = clients.reads.count(),
            .editMedian = clients.edits.quantile(0.5), .editLate = clients.edits.quantile(0.99),
            .readMedian = clients.reads.quantile(0.5), .readLate = clients.reads.quantile(0.99)};
}

// Each edit that was acknowledged stands in the log once.
std::vector<std::string> faultsOfLog(const QString &data, const std::set<EventId> &edited)
{
    const test::Finished log = test::run(QStringLiteral(EVENTSYNC_SERVER_PROGRAM),
                                         {QStringLiteral("log"), QStringLiteral("--data"), data, QStringLiteral("--json"),
                                          QStringLiteral("--document"), QString::fromLatin1(kSharedDocument)},
                                         {}, kCommandTime);
    if (log.exitCode != 0)
        return {"the log cannot be read: " + log.errors.toStdString()};
    std::map<std::string, int> times;
    for (const QByteArray &line : log.output.split('\n')) {
        const auto event = json::parse(line.toStdString());
        if (event && event->is_object() && event->as_object().contains("id"))
            ++times[std::string(event->at("id").as_string())];
    }
    std::size_t missing = 0, repeated = 0;
    for (const EventId &id : edited) {
        const int found = times[id.toText()];
        missing += found == 0 ? 1 : 0;
        repeated += found > 1 ? 1 : 0;
    }
    std::vector<std::string> faults;
    if (missing > 0)
        faults.push_back(std::to_string(missing) + " acknowledged edits are not in the log");
    if (repeated > 0)
        faults.push_back(std::to_string(repeated) + " edits are in the log more than once");
    return faults;
}

class Run
{
public:
    explicit Run(const AbuseOptions &options) : m_options(options) {}

    AbuseReport make()
    {
        QFile configuration(m_folder.filePath(QStringLiteral("server.toml")));
        const QByteArray memory = "max-memory = \"" + QByteArray::number(static_cast<qlonglong>(m_options.documentMiB)) + "\"\n";
        if (!configuration.open(QIODevice::WriteOnly) || configuration.write(memory + kConfiguration) < 0)
            return broken("the folder cannot be written");
        configuration.close();
        ServerProcess server(data(), {QStringLiteral("--config"), configuration.fileName()});
        if (!server.isReady())
            return broken("the server does not start: " + server.errors().toStdString());
        const auto port = static_cast<std::uint16_t>(server.url().port());
        const ObservedServer observed(server.pid(), port);
        Attacks attacks = preparedAttacks(port);
        {
            OrdinaryClients clients(server.url());
            if (!clients.begin())
                return broken("the ordinary clients do not get their document");
            clients.work(true);
            measureQuiet(clients, observed);
            m_report.before = observed.now();
            attack(std::move(attacks), clients);
            calmDown(clients, observed);
            m_report.failures = clients.failures();
            m_edited = clients.edited();
        }
        if (server.hasEnded())
            fault("the server has ended: " + server.errors().right(2'000).toStdString());
        else if (const auto end = server.terminate(SIGTERM); end.exitCode != 0)
            fault("the server did not stop in order: " + std::to_string(end.exitCode));
        checkReport();
        return std::move(m_report);
    }

private:
    QString data() const { return m_folder.filePath(QStringLiteral("data")); }
    void fault(const std::string &what) { m_report.faults.push_back(what); }
    AbuseReport broken(const std::string &why)
    {
        fault(why);
        return std::move(m_report);
    }

    Waits listen(OrdinaryClients &clients, std::chrono::seconds time)
    {
        clients.edits.clear();
        clients.reads.clear();
        QTest::qWait(static_cast<int>(std::chrono::milliseconds(time).count()));
        return waitsOf(clients);
    }

    void measureQuiet(OrdinaryClients &clients, const ObservedServer &observed)
    {
        const auto before = observed.processorTimeOfOthers();
        m_report.quiet = listen(clients, m_options.quiet);
        m_report.busyElsewhere = std::chrono::duration<double>(observed.processorTimeOfOthers() - before) / m_options.quiet;
    }

    Attacks preparedAttacks(std::uint16_t port) const
    {
        Attacks attacks;
        addHttpAttacks(attacks, port);
        addConnectionAttacks(attacks, port);
        if (!m_options.only.empty())
            std::erase_if(attacks, [this](const auto &one) { return one->name() != m_options.only; });
        for (const auto &one : attacks)
            one->prepare();
        return attacks;
    }

    void attack(Attacks attacks, OrdinaryClients &clients)
    {
        {
            const Gang gang(attacks);
            m_report.abused = listen(clients, m_options.abuse);
        }
        for (const auto &one : attacks)
            m_report.attacks.emplace_back(one->name(), one->outcomes());
    }

    // What the attackers left behind must go by itself.
    void calmDown(OrdinaryClients &clients, const ObservedServer &observed)
    {
        clients.work(false);
        if (!clients.settle())
            fault("edits or lists of ordinary clients were not answered within two minutes of the end");
        m_report.abused = waitsOf(clients); // what was answered later still waited
        const auto isCalm = [&] {
            m_report.after = observed.now();
            return m_report.after.sockets <= m_report.before.sockets && m_report.after.connections <= m_report.before.connections
                   && m_report.after.descriptors <= m_report.before.descriptors + kMoreDescriptors;
        };
        if (!QTest::qWaitFor(isCalm, static_cast<int>(std::chrono::milliseconds(kToCalmDown).count())))
            fault("sockets, connections or descriptors stayed after the attackers had gone");
    }

    void checkReport()
    {
        m_report.edited = m_edited.size();
        if (m_report.after.peakBytes > (m_options.documentMiB + kBesideDocumentsMiB) * kMiB)
            fault("the server took more memory than it may");
        if (m_options.checksTime && m_report.busyElsewhere > kBusyElsewhere)
            fault("other programs kept this machine busy while the quiet values were measured: the times cannot be judged");
        else if (m_options.checksTime && m_report.ratio() > kMostTimes)
            fault("the 99th percentile of the ordinary clients' waiting is more than ten times its quiet value");
        for (const std::string &one : faultsOfLog(data(), m_edited))
            fault(one);
        const auto verified = test::run(QStringLiteral(EVENTSYNC_SERVER_PROGRAM),
                                        {QStringLiteral("verify"), QStringLiteral("--data"), data()}, {}, kCommandTime);
        if (verified.exitCode != 0)
            fault("verify: " + (verified.output + verified.errors).right(2'000).toStdString());
    }

    const AbuseOptions m_options;
    QTemporaryDir m_folder;
    AbuseReport m_report;
    std::set<EventId> m_edited;
};

} // namespace

double AbuseReport::ratio() const
{
    const auto times = [](Milliseconds late, Milliseconds calm) { return calm.count() > 0 ? late.count() / calm.count() : 0; };
    return std::max(times(abused.editLate, quiet.editLate), times(abused.readLate, quiet.readLate));
}

AbuseReport runAbuse(const AbuseOptions &options)
{
    return Run(options).make();
}

} // namespace eventsync::abuse
