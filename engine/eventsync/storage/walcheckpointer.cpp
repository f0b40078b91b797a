// SPDX-License-Identifier: Apache-2.0
#include <eventsync/storage/walcheckpointer_p.h>

#include <eventsync/base/threadpriority.h>
#include <eventsync/storage/limits.h>
#include <eventsync/storage/logging.h>

#include <sqlite3.h>

#include <utility>

namespace eventsync::storage {

namespace {

constexpr int kRounds = 4; // each one brings in what was committed during the one before it

} // namespace

Result<std::unique_ptr<WalCheckpointer>> WalCheckpointer::open(const std::string &path, const char *synchronous)
{
    EVENTSYNC_TRY(SqliteConnection connection, SqliteConnection::open(path, SqliteConnection::Access::ReadWrite));
    EVENTSYNC_CHECK(connection.execute(std::string("PRAGMA synchronous = ") + synchronous));
    return std::unique_ptr<WalCheckpointer>(new WalCheckpointer(std::move(connection)));
}

WalCheckpointer::WalCheckpointer(SqliteConnection connection) : m_connection(std::move(connection)), m_thread([this] { loop(); }) {}

WalCheckpointer::~WalCheckpointer()
{
    {
        const std::lock_guard lock(m_mutex);
        m_isEnding = true;
    }
    m_changed.notify_one();
    m_thread.join();
}

bool WalCheckpointer::logHas(int pages)
{
    if (pages < limits::kWalCheckpointPages)
        return false;
    const std::lock_guard lock(m_mutex);
    const bool isMine = std::exchange(m_leavesRest, false) || pages >= limits::kWalLongestPages;
    if (!isMine && !std::exchange(m_isDue, true))
        m_changed.notify_one();
    return isMine;
}

bool WalCheckpointer::lostWrites() const
{
    const std::lock_guard lock(m_mutex);
    return m_lostWrites;
}

WalCheckpointer::Outcome WalCheckpointer::checkpoint(SqliteConnection &connection)
{
    Outcome outcome;
    const int code = sqlite3_wal_checkpoint_v2(connection.handle(), nullptr, SQLITE_CHECKPOINT_PASSIVE, &outcome.inLog, &outcome.inDatabase);
    outcome.isComplete = code == SQLITE_OK;
    outcome.lostWrites = code == SQLITE_IOERR_FSYNC || code == SQLITE_IOERR_DIR_FSYNC;
    if (!outcome.isComplete && (code & 0xff) != SQLITE_BUSY)
        qCWarning(lcStorage) << connection.error(code, "bring the write-ahead log into the database").message.c_str();
    return outcome;
}

void WalCheckpointer::loop()
{
    lowerThreadPriority();
    for (;;) {
        {
            std::unique_lock lock(m_mutex);
            m_changed.wait(lock, [this] { return m_isDue || m_isEnding; });
            if (m_isEnding)
                return;
        }
        checkpointMost();
        const std::lock_guard lock(m_mutex);
        m_isDue = false;
    }
}

void WalCheckpointer::checkpointMost()
{
    int before = -1;
    for (int round = 0; round < kRounds; ++round) {
        const Outcome outcome = checkpoint(m_connection);
        const std::lock_guard lock(m_mutex);
        m_lostWrites = m_lostWrites || outcome.lostWrites;
        m_leavesRest = outcome.isComplete && outcome.inLog - outcome.inDatabase <= limits::kWalRestPages;
        const bool isHeldBack = outcome.inDatabase == std::exchange(before, outcome.inDatabase); // a reader uses an older state
        if (!outcome.isComplete || m_leavesRest || isHeldBack || m_isEnding)
            return;
    }
}

} // namespace eventsync::storage
