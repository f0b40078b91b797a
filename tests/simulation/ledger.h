// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/json/footprint.h>
#include <eventsync/model/chain.h>
#include <eventsync/model/documentstate.h>
#include <eventsync/model/event.h>

#include <map>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <vector>

namespace eventsync::simulation {

// A guarantee was broken. Thrown by the checks, caught by the runner: the one place of the tests where an exception is the
// clearest way out of everything that is going on.
class Violation : public std::runtime_error
{
public:
    Violation(std::string kind, const std::string &text) : std::runtime_error(kind + ": " + text), m_kind(std::move(kind)) {}
    const std::string &kind() const { return m_kind; }

private:
    std::string m_kind;
};

// What the checker knows of one version of an edit, on one device. The program under test never sees it.
struct EditNote
{
    EventId id, root;
    ServerSeq made;                  // the position its author's knowledge of others is exact from
    std::vector<std::uint32_t> deps; // own pending edits it overlaps and was made on top of
    std::vector<bool> saw;           // every event its author had applied when making it
    struct Net
    {
        ServerSeq until;
        json::Footprint change, edit;
    };
    std::vector<Net> net;            // what snapshots changed while it waited, and its own footprint then
};

// The omniscient book-keeper: mirrors what the server has committed, and checks each new event the moment it is there.
// Numbers in brackets are those of docs/guarantees.md.
class Ledger
{
public:
    struct Logged
    {
        EventPtr event;
        EventId root;
        json::Footprint footprint;
        std::uint32_t number;
    };
    struct Log
    {
        std::vector<Logged> events;
        std::vector<Digest> chains; // chains[n] after event n; chains[0] the start
        DocumentState state;
        std::map<ClientId, ClientSeq> clients;
    };
    // What a backup of the server brings back.
    struct Saved
    {
        std::map<DocumentId, Log> logs;
        std::int64_t lastPosition = 0;
    };

    std::uint32_t number(const EventId &id);

    // This version of an edit is to others what that one was.
    void isSame(const EventId &version, const EventId &before);

    // A pushed version of an edit, as its author's device sent it.
    void pushed(const Event &event, const EditNote &note);
    // A committed event: [G2] order, [G3] once, [G4] foldable, the chain, no silent conflict, order among own edits.
    void committed(const EventPtr &event);

    const Log *log(const DocumentId &document) const;
    const std::map<DocumentId, Log> &logs() const { return m_logs; }
    // Whether some history of the log had this chain value there.
    bool hadPosition(const DocumentId &document, const Position &position) const;
    ServerSeq head(const DocumentId &document) const;

    Saved save() const { return {m_logs, lastPosition}; }
    void load(const Saved &saved);

    std::int64_t lastPosition = 0; // of the server's `events` set, as far as it was read
    int restores = 0;
    std::set<EventId> edits;       // first ids of all edits that became durable on some device
    std::set<EventId> discarded;   // first ids given up by their user
    std::set<EventId> everLogged;  // first ids and ids that were in some history of the log
    std::map<EventId, std::vector<std::uint32_t>> versions; // of each first id: the events that were in some history of the log

private:
    void checkSilentConflict(const Log &log, const Logged &logged, const EditNote &note) const;
    void checkOrder(const Log &log, const Logged &logged, const EditNote &note) const;

    std::map<DocumentId, Log> m_logs;
    std::map<DocumentId, std::set<std::pair<ServerSeq, Digest>>> m_positions; // of all histories
    std::uint32_t meaning(std::uint32_t number) const;
    bool saw(const EditNote &note, std::uint32_t number) const;
    bool dependsOn(const EditNote &note, std::uint32_t number) const;

    std::unordered_map<EventId, std::uint32_t> m_numbers;
    std::unordered_map<std::uint32_t, std::uint32_t> m_same;
    struct PushKey
    {
        ClientId client;
        ClientSeq seq;
        EventId id;
        auto operator<=>(const PushKey &) const = default;
    };
    std::map<PushKey, std::vector<EditNote>> m_pushed;
};

std::string describe(const Event &event);

} // namespace eventsync::simulation
