// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/storage/sqliteconnection.h>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

namespace eventsync::storage {

// Brings SQLite's write-ahead log into the database, on a thread and a connection of its own, while commits go on: it is a long
// write with an fsync at its end, for which every edit would have to wait. What is committed meanwhile stays in the log, which
// begins anew only if nothing is left in it; so the committer does the short rest itself. Any thread.
class WalCheckpointer
{
public:
    static Result<std::unique_ptr<WalCheckpointer>> open(const std::string &path, const char *synchronous);
    ~WalCheckpointer();

    // The log has so many pages after a commit. True if the committer is to do the rest now.
    bool logHas(int pages);
    // Whether an fsync failed: what is said to be in the database may be lost.
    bool lostWrites() const;
    // One checkpoint, which waits for no reader and no writer.
    struct Outcome
    {
        int inLog = 0, inDatabase = 0; // pages
        bool isComplete = false;       // nothing failed, and no other checkpoint was running
        bool lostWrites = false;
    };
    static Outcome checkpoint(SqliteConnection &connection);

private:
    explicit WalCheckpointer(SqliteConnection connection);
    void loop();
    void checkpointMost();

    SqliteConnection m_connection; // of the thread
    mutable std::mutex m_mutex;    // of what follows
    std::condition_variable m_changed;
    bool m_isDue = false, m_isEnding = false; // asked of the thread
    bool m_leavesRest = false;                // asked of the committer
    bool m_lostWrites = false;
    std::thread m_thread;
};

} // namespace eventsync::storage
