// SPDX-License-Identifier: Apache-2.0
#include "childprocess.h"

#include "support/backendsuite.h"

#include <eventsync/storage/sqlitebackend.h>

#include <csignal>
#include <cstdio>
#include <sys/resource.h>
#include <thread>
#include <unistd.h>

namespace eventsync::test {

using namespace storage;

namespace {

void say(const std::string &line)
{
    std::fputs((line + "\n").c_str(), stdout);
    std::fflush(stdout);
}

Result<Committed> commitAndWait(Backend &backend, Batch batch)
{
    ManualExecutor executor;
    std::optional<Result<Committed>> answer;
    backend.commit(std::move(batch), executor, [&](Result<Committed> result) { answer = std::move(result); });
    if (!executor.runUntil([&] { return answer.has_value(); }))
        return failure(ErrorCode::Timeout, "the commit was not answered");
    return *answer;
}

// Opens the store, says "open" or the error's name, and waits for a line on stdin.
int hold(const std::string &path)
{
    auto backend = SqliteBackend::open(path, childSchema());
    say(backend ? "open" : std::string(errorName(backend.error().code)) + " " + backend.error().message);
    std::getchar();
    return 0;
}

// Commits for ever, many batches at a time, and says the number of each that was answered with success.
int commitForEver(const std::string &path)
{
    auto backend = SqliteBackend::open(path, childSchema());
    if (!backend)
        return 1;
    ManualExecutor executor;
    int inFlight = 0;
    for (int next = 1;;) {
        for (; inFlight < 40; ++inFlight, ++next) {
            const std::string text(static_cast<std::size_t>(next % 700), 'x');
            (*backend)->commit(Batch().put("log", {null(), text}).put("numbers", {one(next), text}), executor,
                               [&inFlight, next](Result<Committed> result) {
                                   --inFlight;
                                   if (result)
                                       say(std::to_string(next));
                               });
        }
        executor.runUntil([&] { return inFlight < 40; });
    }
}

// As a user without any right: opens, and says how that went, for writing and for reading.
int openAsNobody(const std::string &path)
{
    if (::geteuid() == 0 && (::setegid(65534) != 0 || ::seteuid(65534) != 0))
        return 1;
    auto writing = SqliteBackend::open(path, childSchema());
    say(writing ? "open" : std::string(errorName(writing.error().code)));
    SqliteBackend::Options options;
    options.readOnly = true;
    auto reading = SqliteBackend::open(path, childSchema(), options);
    if (!reading) {
        say(reading.error().toString());
        return 0;
    }
    auto view = (*reading)->view();
    auto row = view ? (*view)->get("numbers", {one(1)}) : Result<std::optional<Row>>();
    say(row && row->has_value() ? "read" : "not read");
    return 0;
}

// Fills the "disk" (the size a file may have) until a commit fails, goes on failing, gets more room, goes on. Says
// "<error> <rows that are there when it failed> <rows at the end> <rows acknowledged>".
int fillDisk(const std::string &path)
{
    std::signal(SIGXFSZ, SIG_IGN);
    auto backend = SqliteBackend::open(path, childSchema());
    if (!backend)
        return 1;
    rlimit limit;
    ::getrlimit(RLIMIT_FSIZE, &limit);
    const rlim_t plenty = limit.rlim_cur;
    limit.rlim_cur = 256 * 1024;
    ::setrlimit(RLIMIT_FSIZE, &limit);
    const auto count = [&] {
        int rows = 0;
        auto view = (*backend)->view();
        if (!view || !(*view)->scan({"numbers"}, [&](const Row &) { return ++rows > 0; }))
            rows = -1;
        return rows;
    };
    int acknowledged = 0;
    std::string error;
    const std::string text(2000, 'x');
    for (int i = 0; i < 100'000 && error.empty(); ++i) {
        auto result = commitAndWait(**backend, Batch().put("numbers", {one(i), text}));
        acknowledged += result ? 1 : 0;
        error = result ? "" : errorName(result.error().code);
    }
    auto again = commitAndWait(**backend, Batch().put("numbers", {one(-1), text}).put("numbers", {one(-2), text}));
    if (again)
        acknowledged += 2;
    const int rowsWhenFull = count();
    limit.rlim_cur = plenty;
    ::setrlimit(RLIMIT_FSIZE, &limit);
    for (int i = 200'000; i < 200'100; ++i)
        acknowledged += commitAndWait(**backend, Batch().put("numbers", {one(i), text})) ? 1 : 0;
    say(error + " " + std::to_string(rowsWhenFull) + " " + std::to_string(count()) + " " + std::to_string(acknowledged));
    return 0;
}

} // namespace

Schema childSchema()
{
    return {1, {{"numbers", {{"number", ColumnType::Integer}, {"text", ColumnType::Text}}},
                {"log", {{"position", ColumnType::Integer}, {"text", ColumnType::Text}}, 1, {}, true}}};
}

std::optional<int> runAsChild(const QStringList &arguments)
{
    if (arguments.size() < 4 || arguments[1] != QStringLiteral("--child"))
        return std::nullopt;
    const std::string path = arguments[3].toStdString();
    if (arguments[2] == QStringLiteral("hold"))
        return hold(path);
    if (arguments[2] == QStringLiteral("commit"))
        return commitForEver(path);
    if (arguments[2] == QStringLiteral("nobody"))
        return openAsNobody(path);
    if (arguments[2] == QStringLiteral("fill"))
        return fillDisk(path);
    return 2;
}

} // namespace eventsync::test
