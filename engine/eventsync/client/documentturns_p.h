// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/client/documentreplica_p.h>
#include <eventsync/client/limits.h>

#include <array>
#include <map>

namespace eventsync::client {

// Which documents one connection follows. A server grants a number of places (limits.documentsPerConnection); a document that
// is open, or has edits that are not settled, wants a place. If more documents want a place than there are places, they take
// turns:
//
//  - a document with something to send takes a free place first, then the place of the one that has been idle longest;
//  - a document that is only read takes the place of an idle one whose turn (ClientOptions::followTurn) is over;
//  - a document that has something to send, or is not in step yet, keeps its place;
//  - a document that wants no place any more gives it back at once.
//
// Every step costs a logarithm of the number of documents. Internal; owner only.
class DocumentTurns
{
public:
    explicit DocumentTurns(std::chrono::milliseconds turn) : m_turn(turn) {}

    // Called after each step of a document: determines whether it wants a place now.
    void place(DocumentReplica &document, std::chrono::milliseconds now);
    void forget(DocumentReplica &document); // before it is destroyed
    // Takes places from the documents that may lose them, and gives them to those that wait.
    void take(std::size_t places, std::chrono::milliseconds now, Changes &out);
    // Called at each tick: at most this many turns end until the next one.
    void tick() { m_turnsLeft = limits::kFollowTurnsPerTick; }

private:
    enum class Kind { Writer, Reader, Leaving, Idle, Busy, None }; // the first two wait for a place; the next three hold one
    struct Candidate
    {
        DocumentReplica *document;
        std::chrono::milliseconds since;
    };
    using Line = std::map<std::uint64_t, Candidate>; // by how long they have waited or held a place
    struct Place
    {
        Kind kind;
        std::uint64_t ticket;
    };

    static Kind kindOf(const DocumentReplica &document);
    Line &line(Kind kind) { return m_lines[static_cast<std::size_t>(kind)]; }
    std::size_t held() { return line(Kind::Leaving).size() + line(Kind::Idle).size() + line(Kind::Busy).size(); }
    bool makeRoom(bool forWriter, std::chrono::milliseconds now, Changes &out);
    void release(DocumentReplica &document, std::chrono::milliseconds now, Changes &out);

    const std::chrono::milliseconds m_turn;
    std::array<Line, static_cast<std::size_t>(Kind::None)> m_lines;
    std::map<const DocumentReplica *, Place> m_places;
    std::uint64_t m_lastTicket = 0;
    std::size_t m_turnsLeft = limits::kFollowTurnsPerTick;
};

} // namespace eventsync::client
