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

/// Of the events read so far, those after this one (a position, or a serverSeq of the document) are not in the store any more.
struct LogDivergence
{
    std::int64_t after = 0;
    std::string epoch; ///< of the store as it is now
};

/// Reads a store's log on and on: of one document by serverSeq, of all by position. A restore puts another file in the store's
/// place, whose history parts from the one read so far; the follower notices by the file, the epoch and the chain value of the
/// last event, goes back to the last event that both have, and says so. Owner only.
class LogFollower
{
public:
    struct Events
    {
        std::function<void(const eventlog::LoggedEvent &)> event;
        std::function<void(const LogDivergence &)> diverged;
    };

    static Result<LogFollower> open(const Configuration &configuration, std::optional<DocumentId> document, std::int64_t after);
    /// The events that come next, some of them; false: there are none now. Whoever takes them may be slow: the store is not held
    /// for that.
    Result<bool> step(const Events &events);

private:
    using File = std::pair<std::uint64_t, std::uint64_t>; // device and inode: what a name leads to may change

    LogFollower(const Configuration &configuration, std::optional<DocumentId> document, std::int64_t after);
    std::optional<File> fileNow() const;
    Result<> reopen();
    Result<> checkHistory(storage::ReadView &view, const Events &events);
    Result<std::int64_t> lastCommon(storage::ReadView &view);
    Result<std::optional<storage::Scan>> scanOf(storage::ReadView &view) const; // none: the document is not there
    Result<std::vector<eventlog::LoggedPtr>> next(storage::ReadView &view) const;

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
