// SPDX-License-Identifier: Apache-2.0
#include "hunt.h"

#include <eventsync/base/mutation.h>

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

int listRules()
{
    for (int i = 0; i < kMutations; ++i)
        std::printf("%s\n", std::string(mutationName(static_cast<Mutation>(i))).c_str());
    return 0;
}

#ifdef EVENTSYNC_MUTATIONS
bool breakRule(const QString &name)
{
    const auto mutation = mutationFrom(name.toStdString());
    if (mutation)
        setMutated(*mutation, true);
    return mutation.has_value();
}

// The table of docs/simulation.md: every rule (or those given) broken on purpose, and how soon it is noticed.
int sweep(Hunt settings, const QStringList &rules)
{
    bool all = true;
    std::printf("| broken rule | runs until noticed | as |\n|---|---|---|\n");
    settings.stopAtFirst = true;
    for (int i = 0; i < kMutations; ++i) {
        const auto mutation = static_cast<Mutation>(i);
        const auto name = mutationName(mutation);
        if (!rules.isEmpty() && !rules.contains(QLatin1String(name.data(), static_cast<qsizetype>(name.size()))))
            continue;
        setMutated(mutation, true);
        const auto failures = hunt(settings);
        setMutated(mutation, false);
        all = all && !failures.empty();
        if (failures.empty())
            std::printf("| `%s` | not within %llu | |\n", std::string(mutationName(mutation)).c_str(),
                        static_cast<unsigned long long>(settings.runs));
        else
            std::printf("| `%s` | %llu | %s |\n", std::string(mutationName(mutation)).c_str(),
                        static_cast<unsigned long long>(failures.front().seed - settings.first + 1), failures.front().kind.c_str());
        std::fflush(stdout);
    }
    return all ? 0 : 1;
}
#else
bool breakRule(const QString &)
{
    return false;
}

int sweep(const Hunt &, const QStringList &)
{
    std::fprintf(stderr, "this build has no rules that can be broken: configure with EVENTSYNC_MUTATIONS=ON\n");
    return 2;
}
#endif

int huntAndReport(Hunt settings, int show)
{
    const auto start = std::chrono::steady_clock::now();
    settings.progress = [&](std::uint64_t done) {
        if (done % 1000 == 0)
            std::fprintf(stderr, "%llu of %llu runs\n", static_cast<unsigned long long>(done), static_cast<unsigned long long>(settings.runs));
    };
    const auto failures = hunt(settings);
    const auto seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    std::printf("%llu runs from seed %llu: %zu violations in %.1f s\n", static_cast<unsigned long long>(settings.runs),
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
    const auto jobs = option("jobs", "threads", "N"), mutate = option("mutate", "break a rule on purpose", "RULE");
    const auto replay = option("replay", "one seed, cut down, step by step", "N");
    const auto show = option("show", "how many violations to explain", "N", "1");
    const QCommandLineOption list(QStringLiteral("list"), QStringLiteral("the rules that can be broken")),
        sweepAll(QStringLiteral("sweep"), QStringLiteral("break every rule, or each of --mutate, one by one: is it noticed?")),
        whole(QStringLiteral("whole"), QStringLiteral("with --replay: the whole schedule"));
    parser.addOptions({seed, runs, jobs, mutate, replay, show, list, sweepAll, whole});
    parser.process(application);
    if (parser.isSet(list))
        return listRules();
    if (!parser.isSet(replay)) // faults are ordered by the thousand: what the engine logs of them says nothing
        QLoggingCategory::setFilterRules(QStringLiteral("eventsync.*=false"));
    const QStringList rules = parser.values(mutate);
    for (const QString &rule : rules) {
        if (parser.isSet(sweepAll) ? !mutationFrom(rule.toStdString()) : !breakRule(rule)) {
            std::fprintf(stderr, "no such rule, or this build has none: %s (see --list)\n", qPrintable(rule));
            return 2;
        }
    }
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
    return parser.isSet(sweepAll) ? sweep(settings, rules) : huntAndReport(settings, parser.value(show).toInt());
}
