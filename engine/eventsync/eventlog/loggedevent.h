// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/eventlog/schema.h>
#include <eventsync/json/footprint.h>
#include <eventsync/model/chain.h>
#include <eventsync/model/event.h>
#include <eventsync/storage/backend.h>

#include <array>
#include <memory>

namespace eventsync::eventlog {

/// The first half of pushDigestOf(), kept beside an id: tells another intent under a known id from a repetition.
using PushDigest16 = std::array<unsigned char, 16>;
PushDigest16 pushDigest16Of(const Event &pushed);

/// As much of a logged event as everybody who is sent it needs: its place, and its canonical bytes, which are encoded once and
/// shared. Immutable; any thread.
struct LogEntry
{
    ServerSeq serverSeq;
    ClientId clientId;
    ClientSeq clientSeq;
    Digest chain;                           ///< up to and with this event
    std::optional<Digest> digest = {};      ///< of an event that can be redacted
    std::shared_ptr<const Bytes> canonical = {};

    /// Whether `chain` is what the bytes make of the chain before it: they are those that were logged. Of an event that can
    /// be redacted they are parsed for it.
    bool followsFrom(const Digest &before) const;

    /// Whether it fits a frame. All do but those that an earlier version let through.
    bool fitsFrame() const;

    static constexpr std::array kColumns = {event::Seq,   event::ClientId, event::ClientSeq,
                                            event::Chain, event::Digest,   event::Body};
    static Result<std::shared_ptr<const LogEntry>> fromRow(const storage::Row &row); ///< of those columns; Corrupt
};
using LogEntryPtr = std::shared_ptr<const LogEntry>;

/// An event as it lies in the log, with its local columns. Immutable; any thread.
struct LoggedEvent : LogEntry
{
    EventId id;
    EventId firstId;                        ///< the own id unless it replaced an earlier version of the edit
    PushDigest16 pushDigest16{};
    json::Footprint footprint = {};
    Diff inverse = {};
    EventPtr event = {};
    std::int64_t position = 0;              ///< in the order of arrival; 0 before it is committed

    storage::Row toRow(std::int64_t document) const;
    static Result<std::shared_ptr<const LoggedEvent>> fromRow(const storage::Row &row); ///< Corrupt
};
using LoggedPtr = std::shared_ptr<const LoggedEvent>;
std::size_t heldBytes(const LoggedEvent &event); ///< as json::heldBytes(): with its bytes and what it was parsed into

} // namespace eventsync::eventlog
