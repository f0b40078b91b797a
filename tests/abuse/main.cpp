// SPDX-License-Identifier: Apache-2.0
//
// A hostile load beside ordinary clients, against the real server on a free port of the loopback interface (./dev abuse):
//   eventsync-abuse [--minutes N] [--short] [--max-memory MIB] [--only ATTACK]
// Exit codes: 0 the server held, 1 it did not, 2 the command line is wrong.
#include "abuserun.h"

#include <QCommandLineParser>
#include <QCoreApplication>

#include <cstdio>

using namespace eventsync::abuse;
using namespace std::chrono_literals;

namespace {

void printWaits(const char *when, const Waits &waits)
{
    std::printf("%-8s %6zu edits: median %8.1f ms, 99 %% within %9.1f ms   %6zu lists: median %8.1f ms, 99 %% within %9.1f ms\n", when,
                waits.edits, waits.editMedian.count(), waits.editLate.count(), waits.reads, waits.readMedian.count(), waits.readLate.count());
}

void printObservation(const char *when, const Observation &seen)
{
    std::printf("%-8s %6lld MiB resident (peak %lld), %d descriptors, %lld sockets, %lld connections\n", when,
                static_cast<long long>(seen.residentBytes / kMiB), static_cast<long long>(seen.peakBytes / kMiB), seen.descriptors,
                static_cast<long long>(seen.sockets), static_cast<long long>(seen.connections));
}

void print(const AbuseReport &report, const AbuseOptions &options)
{
    std::printf("\nattacks, and what they were answered how often\n");
    for (const auto &[name, outcomes] : report.attacks) {
        std::printf("  %-32s", name.c_str());
        for (const auto &[outcome, times] : outcomes)
            std::printf(" %s: %d ", outcome.c_str(), times);
        std::printf("\n");
    }
    std::printf("\nordinary clients\n");
    printWaits("quiet", report.quiet);
    printWaits("abused", report.abused);
    std::printf("99th percentiles, abused to quiet: %.1f times%s\n", report.ratio(), options.checksTime ? " (bound: 10)" : "");
    std::printf("other programs used %.2f processors while the quiet values were measured\n", report.busyElsewhere);
    for (const auto &[what, times] : report.failures)
        std::printf("  %d times: %s\n", times, what.c_str());
    std::printf("\nserver (max-memory %lld MiB; the process may take %lld MiB more)\n", static_cast<long long>(options.documentMiB),
                static_cast<long long>(kBesideDocumentsMiB));
    printObservation("before", report.before);
    printObservation("after", report.after);
    std::printf("\n%zu ordinary edits looked for in the log\n", report.edited);
    for (const std::string &fault : report.faults)
        std::printf("FAULT: %s\n", fault.c_str());
    std::printf(report.faults.empty() ? "The server held.\n" : "The server did not hold.\n");
}

} // namespace

int main(int argc, char **argv)
{
    const QCoreApplication application(argc, argv);
    QCommandLineParser parser;
    const QCommandLineOption minutes(QStringLiteral("minutes"), QStringLiteral("of abuse (default 10)"), QStringLiteral("N"), QStringLiteral("10"));
    const QCommandLineOption isShort(QStringLiteral("short"), QStringLiteral("a few seconds, and times are not checked"));
    const QCommandLineOption memory(QStringLiteral("max-memory"), QStringLiteral("of the server, in MiB (default 1024; 256 with --short)"),
                                    QStringLiteral("MIB"));
    const QCommandLineOption only(QStringLiteral("only"), QStringLiteral("one attack, by its name in the report"), QStringLiteral("ATTACK"));
    parser.addOptions({minutes, isShort, memory, only});
    parser.addHelpOption();
    parser.process(application);
    AbuseOptions options;
    if (parser.isSet(isShort))
        options = {.quiet = 3s, .abuse = 12s, .documentMiB = 256, .checksTime = false};
    else
        options.abuse = std::chrono::minutes(parser.value(minutes).toInt());
    if (parser.isSet(memory))
        options.documentMiB = parser.value(memory).toLongLong();
    options.only = parser.value(only).toStdString();
    if (options.abuse <= 0s || options.documentMiB <= 0 || !parser.positionalArguments().isEmpty()) {
        std::fprintf(stderr, "%s\n", qPrintable(parser.helpText()));
        return 2;
    }
    const AbuseReport report = runAbuse(options);
    print(report, options);
    std::fflush(stdout); // a report of ten minutes is not lost to a fault at the end of the process
    return report.faults.empty() ? 0 : 1;
}
