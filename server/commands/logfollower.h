// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/eventlog/loggedevent.h>

#include <server/config/configuration.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace eventsync::server {

/// The store was restored: the events after this one (a position, or a serverSeq of the document) are not in the store any
/// more.
struct LogDivergence
{
    std::int64_t after = 0;
    std::string epoch; ///< of the current store
};

/// Follows a store's log: of one document by serverSeq, or of all by position. A restore replaces the store's file by one with
/// another history; the follower detects this by the file, the epoch and the chain value of the last event, returns to the last
/// event in common, and reports it. An event that is not what was logged is reported in its place, and the ones after it are read
/// all the same. Owner only.
class LogFollower
{
public:
    struct Events
    {
        std::function<void(const eventlog::LoggedEvent &)> event;
        std::function<void(const LogDivergence &)> diverged;
        std::function<void(const Error &)> damaged; ///< Corrupt, names the event
    };

    static Result<LogFollower> open(const Configuration &configuration, std::optional<DocumentId> document, std::int64_t after);
    /// Passes on some of the next events; false if there are none now. The receiver may be slow: no read snapshot is held
    /// meanwhile.
    Result<bool> step(const Events &events);

private:
    using File = std::pair<std::uint64_t, std::uint64_t>; // device and inode, which identify the file of a name

    LogFollower(const Configuration &configuration, std::optional<DocumentId> document, std::int64_t after);
    std::optional<File> fileNow() const;
    Result<> reopen();
    Result<> checkHistory(storage::ReadView &view, const Events &events);
    Result<std::int64_t> lastCommon(storage::ReadView &view);
    Result<std::optional<storage::Scan>> scanOf(storage::ReadView &view) const; // none: the document does not exist
    struct Found
    {
        std::int64_t key = 0; // where to continue after it
        Result<eventlog::LoggedPtr> event;
    };
    Result<std::vector<Found>> next(storage::ReadView &view) const;

    const Configuration *m_configuration;
    std::optional<DocumentId> m_document;
    std::int64_t m_after;
    std::optional<Digest> m_chain; // of the event at m_after, once one was read
    std::string m_epoch;
    std::optional<File> m_file;
    std::unique_ptr<storage::Backend> m_backend;
    std::unique_ptr<storage::Backend> m_former; // until it was compared with its successor
};

} // namespace eventsync::server
