// SPDX-License-Identifier: Apache-2.0
#include <server/commands/logfollower.h>

#include <eventsync/eventlog/eventstore.h>

#include <server/store.h>

#include <algorithm>
#include <sys/stat.h>

namespace eventsync::server {

namespace {

namespace columns = eventlog::event;

constexpr std::size_t kStepBytes = 1024 * 1024; // of events, between two reads of the store
constexpr std::size_t kDamagedBytes = 1024;      // that a damaged one counts

// The chain value of the one event that `scan` finds at `key`.
Result<std::optional<Digest>> chainAt(storage::ReadView &view, storage::Scan scan, std::int64_t key)
{
    scan.from = storage::Cell(key);
    scan.until = storage::Cell(key + 1);
    scan.columns = {columns::Chain};
    std::optional<Digest> chain;
    std::optional<Error> error;
    EVENTSYNC_CHECK(view.scan(scan, [&](const storage::Row &row) {
        const auto bytes = eventlog::blobOf(row, columns::Chain);
        const auto digest = bytes ? Digest::fromBytes(*bytes) : Result<Digest>(failure(bytes.error()));
        if (digest)
            chain = *digest;
        else
            error = digest.error();
        return false;
    }));
    if (error)
        return failure(*error);
    return chain;
}

} // namespace

LogFollower::LogFollower(const Configuration &configuration, std::optional<DocumentId> document, std::int64_t after)
    : m_configuration(&configuration), m_document(std::move(document)), m_after(after)
{
}

Result<LogFollower> LogFollower::open(const Configuration &configuration, std::optional<DocumentId> document, std::int64_t after)
{
    LogFollower follower(configuration, std::move(document), after);
    follower.m_file = follower.fileNow();
    EVENTSYNC_TRY(follower.m_backend, openStore(configuration, StoreUse::ReadOnly));
    EVENTSYNC_TRY(const auto view, follower.m_backend->view());
    follower.m_epoch = storedEpoch(*view).value_or("");
    return follower;
}

std::optional<LogFollower::File> LogFollower::fileNow() const
{
    struct stat found = {};
    if (::stat(m_configuration->storePath().c_str(), &found) != 0)
        return std::nullopt;
    return File(found.st_dev, found.st_ino);
}

// During a restore there may be no file: the next step tries again.
Result<> LogFollower::reopen()
{
    const auto now = fileNow();
    if (!now || now == m_file)
        return {};
    auto opened = openStore(*m_configuration, StoreUse::ReadOnly);
    if (!opened)
        return opened.error().code == ErrorCode::NotFound ? Result<>() : Result<>(failure(opened.error()));
    if (!m_former)
        m_former = std::move(m_backend);
    m_backend = std::move(*opened);
    m_file = now;
    return {};
}

Result<std::optional<storage::Scan>> LogFollower::scanOf(storage::ReadView &view) const
{
    storage::Scan scan{.set = eventlog::sets::kEvents};
    if (!m_document)
        return scan;
    EVENTSYNC_TRY(const auto row, eventlog::EventStore(view).document(*m_document, false));
    if (!row)
        return std::nullopt;
    scan.index = "order";
    scan.prefix = {row->number};
    return scan;
}

// The last event up to here that is in both logs. 0: none, or the former store cannot be read.
Result<std::int64_t> LogFollower::lastCommon(storage::ReadView &view)
{
    if (!m_former)
        return 0;
    EVENTSYNC_TRY(const auto formerView, m_former->view());
    EVENTSYNC_TRY(auto scan, scanOf(view));
    EVENTSYNC_TRY(const auto formerScan, scanOf(*formerView));
    if (!scan || !formerScan)
        return 0;
    scan->until = storage::Cell(m_after + 1);
    scan->descending = true;
    scan->columns = {columns::Position, columns::Seq, columns::Chain};
    std::int64_t common = 0;
    std::optional<Error> error;
    EVENTSYNC_CHECK(view.scan(*scan, [&](const storage::Row &row) {
        const auto key = eventlog::integerOf(row, m_document ? columns::Seq : columns::Position);
        const auto chain = eventlog::blobOf(row, columns::Chain);
        const auto former = key ? chainAt(*formerView, *formerScan, *key) : Result<std::optional<Digest>>(failure(key.error()));
        if (!key || !chain || !former) {
            error = !key ? key.error() : !chain ? chain.error() : former.error();
            return false;
        }
        if (*former && (*former)->view() == *chain)
            common = *key;
        return common == 0;
    }));
    if (error)
        return failure(*error);
    return common;
}

Result<> LogFollower::checkHistory(storage::ReadView &view, const Events &events)
{
    const std::string epoch = storedEpoch(view).value_or("");
    EVENTSYNC_TRY(const auto scan, scanOf(view));
    std::optional<Digest> chain;
    if (scan && m_chain) {
        EVENTSYNC_TRY(chain, chainAt(view, *scan, m_after));
    }
    const bool isOther = epoch != m_epoch || m_former || (m_chain && chain && chain != m_chain);
    if (!isOther || m_after == 0) {
        m_epoch = epoch;
        m_former.reset();
        return {};
    }
    EVENTSYNC_TRY(const std::int64_t common, lastCommon(view));
    m_former.reset();
    m_epoch = epoch;
    if (common == m_after || (m_chain && chain == m_chain))
        return {};
    m_after = common;
    m_chain.reset();
    events.diverged({common, epoch});
    return {};
}

Result<std::vector<LogFollower::Found>> LogFollower::next(storage::ReadView &view) const
{
    EVENTSYNC_TRY(auto scan, scanOf(view));
    if (!scan)
        return failure(ErrorCode::NotFound, "there is no document " + m_document->text());
    scan->from = storage::Cell(m_after + 1);
    std::vector<Found> found;
    std::size_t bytes = 0;
    Result<> good;
    eventlog::EventStore store(view);
    EVENTSYNC_CHECK(view.scan(*scan, [&](const storage::Row &row) {
        auto event = store.eventIn(row);
        if (!event && event.error().code != ErrorCode::Corrupt) {
            good = failure(event.error());
            return false;
        }
        const std::int64_t before = found.empty() ? m_after : found.back().key;
        const std::int64_t key = eventlog::integerOf(row, m_document ? columns::Seq : columns::Position).value_or(before);
        bytes += event ? (*event)->canonical->size() : kDamagedBytes;
        found.push_back({std::max(key, before + 1), std::move(event)});
        return bytes < kStepBytes;
    }));
    if (!good && found.empty())
        return failure(good.error());
    return found;
}

Result<bool> LogFollower::step(const Events &events)
{
    EVENTSYNC_CHECK(reopen());
    std::vector<Found> read;
    {
        EVENTSYNC_TRY(const auto view, m_backend->view());
        EVENTSYNC_CHECK(checkHistory(*view, events));
        EVENTSYNC_TRY(read, next(*view));
    }
    for (const Found &one : read) {
        if (one.event)
            events.event(**one.event);
        else
            events.damaged(one.event.error());
        m_after = one.key;
        m_chain = one.event ? std::optional((*one.event)->chain) : std::nullopt;
    }
    return !read.empty();
}

} // namespace eventsync::server
