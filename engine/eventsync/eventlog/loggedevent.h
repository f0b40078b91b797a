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

/// The first half of pushDigestOf(), stored with an id: it distinguishes a repetition from another edit under the same id.
using PushDigest16 = std::array<unsigned char, 16>;
PushDigest16 pushDigest16Of(const Event &pushed);

/// The part of a logged event that is sent: its position, and its canonical bytes, which are encoded once and shared.
/// Immutable; any thread.
struct LogEntry
{
    ServerSeq serverSeq;
    ClientId clientId;
    ClientSeq clientSeq;
    Digest chain;                           ///< up to and including this event
    std::optional<Digest> digest = {};      ///< for an event that can be redacted
    std::shared_ptr<const Bytes> canonical = {};

    /// Whether `chain` follows from the chain value before it and the bytes, that is, whether these are the logged bytes. An
    /// event that can be redacted is parsed for this.
    bool followsFrom(const Digest &before) const;

    /// Whether it fits a frame. Only events of earlier versions may not.
    bool fitsFrame() const;

    static constexpr std::array kColumns = {event::Seq,   event::ClientId, event::ClientSeq,
                                            event::Chain, event::Digest,   event::Body};
    static Result<std::shared_ptr<const LogEntry>> fromRow(const storage::Row &row); ///< a row with these columns; Corrupt
};
using LogEntryPtr = std::shared_ptr<const LogEntry>;

/// An event as it is stored in the log, with its local columns. Immutable; any thread.
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
std::size_t heldBytes(const LoggedEvent &event); ///< as json::heldBytes(): of its bytes and of the parsed event

} // namespace eventsync::eventlog
