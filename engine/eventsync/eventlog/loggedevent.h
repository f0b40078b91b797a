// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/json/footprint.h>
#include <eventsync/model/chain.h>
#include <eventsync/model/event.h>
#include <eventsync/storage/backend.h>

#include <array>
#include <memory>

namespace eventsync::eventlog {

// The first half of a pushDigest, kept beside an id: tells another intent under a known id from a repetition.
using PushMark = std::array<unsigned char, 16>;
PushMark pushMarkOf(const Event &pushed);

// An event as it lies in the log: its canonical bytes, encoded once and shared with everybody who is sent it, and its local
// columns. Immutable; any thread.
struct LoggedEvent
{
    ServerSeq serverSeq;
    ClientId clientId;
    ClientSeq clientSeq;
    EventId id;
    EventId firstId;                        // the own id unless it replaced an earlier version of the edit
    Digest chain;                           // up to and with this event
    PushMark pushMark{};
    std::optional<Digest> digest = {};      // of an event that can be redacted
    json::Footprint footprint = {};
    Diff inverse = {};
    std::shared_ptr<const Bytes> canonical = {};
    EventPtr event = {};
    std::int64_t position = 0;              // in the order of arrival; 0 before it is committed

    storage::Row toRow(std::int64_t document) const;
    static Result<std::shared_ptr<const LoggedEvent>> fromRow(const storage::Row &row); // Corrupt
};
using LoggedPtr = std::shared_ptr<const LoggedEvent>;

} // namespace eventsync::eventlog
