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

/// A submission that is being processed: it is in the queues of all its documents until it is first in all of them, then in a
/// commit, then answered.
struct Job
{
    Submission submission;
    EventId id;     ///< of the event of a write, or of the transaction
    int tries = 0;  ///< lost races
    bool ended = false;
};
using JobPtr = std::shared_ptr<Job>;

/// The stored snapshot that was requested last. It does not change while it is sent in parts.
struct StoredSnapshot
{
    std::shared_ptr<const Snapshot> snapshot;
    Digest sha256; ///< of its state
};

/// Data about a core that is on the worker's thread.
struct AwayCore
{
    std::optional<CollectionName> collection;
    std::optional<std::int64_t> firstUnflushed; ///< as DocumentCore::firstUnflushed(), if its derived rows lag
    bool rulesChanged = false;                  ///< meanwhile
};

/// One document in use: its core, its waiting submissions and its state. Code outside the engine refers to documents by
/// pointer, and keeps the ones that it needs in memory with a DocumentPin. Owner only.
class LiveDocument
{
public:
    enum class Stage {
        Unloaded,   ///< not read yet, or could not be read
        Loading,
        Idle,       ///< memory and store agree
        LookingUp,  ///< the ids of waiting submissions are looked up, then these are validated
        Away,       ///< its core is on the worker's thread
        Committing, ///< a batch is being committed
    };

    LiveDocument(DocumentId id, const std::shared_ptr<MemoryAccount> &memory)
        : m_id(std::move(id)), m_held(memory, MemoryOwner::Documents), m_waiting(memory, MemoryOwner::Commits)
    {
    }

    const DocumentId &id() const { return m_id; }
    bool isIdle() const { return m_stage == Stage::Idle; }
    const DocumentCore *core() const { return m_core.get(); } ///< null while it is not loaded; valid until the event loop runs again
    /// None if it does not exist, or if that is not known at the moment.
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
    std::vector<JobPtr> m_validated;                // in the batch that is being committed
    std::vector<std::function<void()>> m_answers;   // to them
    DocumentCursors m_cursors;
    std::optional<StoredSnapshot> m_stored;
    bool m_writingRows = false;                     // derived rows, a snapshot or a compaction are being written
    std::chrono::milliseconds m_dirtySince{};
    ServerSeq m_rowsTried;                          // the position of the derived rows in the last attempt to write them
    std::uint64_t m_used = 0;
    std::size_t m_pins = 0;
    MemoryCharge m_held;                            // all of it
    MemoryCharge m_waiting;                         // of it, and of its answers: the part that ends with the current commit
};
using DocumentPtr = std::shared_ptr<LiveDocument>;

/// Keeps a document in memory; its recent events and its stored snapshot may still be dropped.
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
