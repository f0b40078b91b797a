// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/eventlog/enginestate_p.h>
#include <eventsync/eventlog/livedocument.h>

#include <functional>
#include <unordered_map>
#include <vector>

namespace eventsync::eventlog {

// The documents of an engine that are in memory: loads them, reports when they are idle, measures and unloads them. Owner only.
class DocumentTable
{
public:
    using Task = std::function<void(const Result<> &)>;
    struct Hooks
    {
        std::function<void(const DocumentPtr &)> idle;                             // and no task waits for it
        std::function<void(std::vector<JobPtr> jobs, const Error &error)> failJobs; // the jobs of a document that cannot be loaded
    };

    explicit DocumentTable(EngineState &state) : m_state(state) {}
    ~DocumentTable();
    void setHooks(Hooks hooks) { m_hooks = std::move(hooks); }

    DocumentPtr find(const DocumentId &id) const; // null if it is not in use
    DocumentPtr get(const DocumentId &id);        // creates the entry if it is not in use
    void touch(const DocumentPtr &document) { document->m_used = ++m_uses; }
    const std::unordered_map<DocumentId, DocumentPtr> &all() const { return m_documents; }

    void whenLoaded(const DocumentPtr &document, Task task);
    // Readers of a document come before writers: they wait for at most one commit.
    void whenIdle(const DocumentPtr &document, Task task);
    void becameIdle(const DocumentPtr &document); // or may be idle
    void runIdleTasks(const DocumentPtr &document);
    std::unique_ptr<DocumentCore> takeCore(const DocumentPtr &document); // to move it to another thread
    void returnCore(const DocumentPtr &document, std::unique_ptr<DocumentCore> core);
    void setIdle(const DocumentPtr &document) { document->m_stage = LiveDocument::Stage::Idle; }
    void load(const DocumentPtr &document);
    void reload(const DocumentPtr &document); // discards the state in memory
    void loadAgain();                         // documents that could not be read the last time
    void rulesChanged(const std::vector<CollectionName> &collections);

    void measure(const DocumentPtr &document);
    void unload();
    bool isOverfull() const; // enough to look again for documents to unload

private:
    struct Loaded
    {
        std::optional<LoadedDocument> document;
        std::int64_t lastNumber = 0;
    };
    void loaded(const DocumentPtr &document, Result<Loaded> result);
    void loadFailed(const DocumentPtr &document, const Error &error);
    void shorten(std::vector<DocumentPtr> pinned);
    bool isUnused(const DocumentPtr &document) const;

    EngineState &m_state;
    Hooks m_hooks;
    std::unordered_map<DocumentId, DocumentPtr> m_documents;
    std::uint64_t m_uses = 0;
    bool m_memoryIsShort = false; // and the log says so
};

} // namespace eventsync::eventlog
