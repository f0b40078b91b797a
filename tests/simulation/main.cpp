// SPDX-License-Identifier: Apache-2.0
#include "hunt.h"

#include <QCommandLineParser>
#include <QCoreApplication>
#include <QLoggingCategory>

#include <chrono>
#include <cstdio>
#include <map>
#include <thread>

using namespace eventsync;
using namespace eventsync::simulation;

namespace {

int huntAndReport(Hunt settings, int show)
{
    const auto start = std::chrono::steady_clock::now();
    std::uint64_t ended = 0;
    settings.progress = [&](std::uint64_t done) {
        ended = done;
        if (done % 1000 == 0)
            std::fprintf(stderr, "%llu of %llu runs\n", static_cast<unsigned long long>(done), static_cast<unsigned long long>(settings.runs));
    };
    const auto failures = hunt(settings);
    const auto seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    std::printf("%llu runs from seed %llu: %zu violations in %.1f s\n", static_cast<unsigned long long>(ended),
                static_cast<unsigned long long>(settings.first), failures.size(), seconds);
    std::map<std::string, std::vector<std::uint64_t>> kinds;
    for (const Failure &failure : failures)
        kinds[failure.kind].push_back(failure.seed);
    for (const auto &[kind, seeds] : kinds)
        std::printf("  %s: %zu, first at seed %llu\n", kind.c_str(), seeds.size(), static_cast<unsigned long long>(seeds.front()));
    for (int i = 0; i < show && i < static_cast<int>(failures.size()); ++i)
        explain(failures[static_cast<std::size_t>(i)]);
    return failures.empty() ? 0 : 1;
}

} // namespace

int main(int argc, char **argv)
{
    QCoreApplication application(argc, argv);
    QCommandLineParser parser;
    parser.setApplicationDescription(QStringLiteral("Runs the sync engine's real code under a seeded world of clients, networks and crashes."));
    parser.addHelpOption();
    const auto option = [](const char *name, const char *text, const char *value, const char *standard = "") {
        return QCommandLineOption(QString::fromLatin1(name), QString::fromLatin1(text), QString::fromLatin1(value), QString::fromLatin1(standard));
    };
    const auto seed = option("seed", "the first seed", "N", "1"), runs = option("runs", "how many seeds", "N", "2000");
    const auto jobs = option("jobs", "threads", "N");
    const auto replay = option("replay", "one seed, cut down, step by step", "N");
    const auto show = option("show", "how many violations to explain", "N", "1");
    const QCommandLineOption first(QStringLiteral("first"), QStringLiteral("stop at the first violation")),
        whole(QStringLiteral("whole"), QStringLiteral("with --replay: the whole schedule"));
    parser.addOptions({seed, runs, jobs, replay, show, first, whole});
    parser.process(application);
    if (!parser.isSet(replay)) // faults are ordered by the thousand: what the engine logs of them says nothing
        QLoggingCategory::setFilterRules(QStringLiteral("eventsync.*=false"));
    if (parser.isSet(replay)) {
        const std::uint64_t number = parser.value(replay).toULongLong();
        if (parser.isSet(whole))
            return run(number, schedule(number), true) ? 1 : 0;
        if (const auto failure = run(number)) {
            explain(*failure);
            return 1;
        }
        std::printf("seed %llu: no violation\n", static_cast<unsigned long long>(number));
        return 0;
    }
    Hunt settings;
    settings.first = parser.value(seed).toULongLong();
    settings.runs = parser.value(runs).toULongLong();
    settings.jobs = parser.isSet(jobs) ? parser.value(jobs).toInt() : static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
    settings.stopAtFirst = parser.isSet(first);
    return huntAndReport(settings, parser.value(show).toInt());
}
