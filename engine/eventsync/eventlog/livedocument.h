// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/memoryaccount.h>
#include <eventsync/eventlog/documentcore.h>
#include <eventsync/eventlog/documentcursors.h>
#include <eventsync/eventlog/submission.h>

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace eventsync::eventlog {

/// A submission on its way: in the queues of all its documents until it heads them all, then in a commit, then answered.
struct Job
{
    Submission submission;
    EventId id;     ///< of the event of a write, or of the transaction
    int tries = 0;  ///< lost races
    bool ended = false;
};
using JobPtr = std::shared_ptr<Job>;

/// The last stored snapshot that was asked for, which stays what it is while it is sent in parts.
struct StoredSnapshot
{
    std::shared_ptr<const Snapshot> snapshot;
    Digest sha256; ///< of its state
};

/// What is known of a core that is on the worker's thread.
struct AwayCore
{
    std::optional<CollectionName> collection;
    std::optional<std::int64_t> firstUnflushed; ///< as DocumentCore::firstUnflushed(), if its derived rows lag
    bool rulesChanged = false;                  ///< meanwhile
};

/// One document in use: its core, what waits for it, and how far it is. Others see the engine's documents through a pointer, and
/// keep those that they need in memory by a DocumentPin. Owner only.
class LiveDocument
{
public:
    enum class Stage {
        Unloaded,   ///< not read yet, or could not be read
        Loading,
        Idle,       ///< memory and store agree
        LookingUp,  ///< ids of what waits, and then that is validated
        Away,       ///< its core is validated on the worker's thread
        Committing, ///< a batch is out
    };

    LiveDocument(DocumentId id, const std::shared_ptr<MemoryAccount> &memory)
        : m_id(std::move(id)), m_held(memory, MemoryOwner::Documents), m_waiting(memory, MemoryOwner::Commits)
    {
    }

    const DocumentId &id() const { return m_id; }
    bool isIdle() const { return m_stage == Stage::Idle; }
    const DocumentCore *core() const { return m_core.get(); } ///< null while it is not loaded; a pointer for this turn
    /// None if it does not exist, or that is not known now.
    std::optional<CollectionName> collection() const
    {
        return m_core ? m_core->log().collection() : m_away ? m_away->collection : std::nullopt;
    }
    bool isWritingRows() const { return m_writingRows; } ///< a compaction included
    bool isPinned() const { return m_pins > 0; }
    const DocumentCursors &cursors() const { return m_cursors; }
    DocumentCursors &cursors() { return m_cursors; }

private:
    friend class DocumentTable;
    friend class CommitRounds;
    friend class DocumentRows;
    friend class DocumentPin;

    const DocumentId m_id;
    Stage m_stage = Stage::Unloaded;
    std::unique_ptr<DocumentCore> m_core; // unless Unloaded, Loading or Away
    std::optional<AwayCore> m_away;       // in Away only
    std::vector<std::function<void(const Result<> &)>> m_whenLoaded, m_whenIdle, m_whenRowsWritten;
    std::deque<JobPtr> m_jobs;                      // waiting
    std::vector<JobPtr> m_validated;                // in the batch that is out
    std::vector<std::function<void()>> m_answers;   // to them
    DocumentCursors m_cursors;
    std::optional<StoredSnapshot> m_stored;
    bool m_writingRows = false;                     // derived rows, a snapshot or a compaction are on their way to the store
    std::chrono::milliseconds m_dirtySince{};
    ServerSeq m_rowsTried;                          // where the derived rows were to stand the last time they were written
    std::uint64_t m_used = 0;
    std::size_t m_pins = 0;
    MemoryCharge m_held;                            // all of it
    MemoryCharge m_waiting;                         // of that, and of its answers: what ends with the commit that is out
};
using DocumentPtr = std::shared_ptr<LiveDocument>;

/// Keeps a document in memory, whatever else is dropped; its last events and stored snapshot may go.
class DocumentPin
{
public:
    explicit DocumentPin(DocumentPtr document) : m_document(std::move(document)) { ++m_document->m_pins; }
    DocumentPin(DocumentPin &&other) noexcept : m_document(std::move(other.m_document)) {}
    DocumentPin &operator=(DocumentPin &&other) noexcept
    {
        std::swap(m_document, other.m_document);
        return *this;
    }
    ~DocumentPin()
    {
        if (m_document)
            --m_document->m_pins;
    }

    const DocumentPtr &document() const { return m_document; }

private:
    DocumentPtr m_document; // null only after it was moved from
};

} // namespace eventsync::eventlog
