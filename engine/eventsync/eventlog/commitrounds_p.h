// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/eventlog/documenttable_p.h>
#include <eventsync/eventlog/validationworker_p.h>

#include <functional>
#include <vector>

namespace eventsync::eventlog {

// The write path. Submissions wait in the queues of their documents. A round takes those of all idle documents, looks up all
// their ids in one read, validates them, and hands one batch per document to the store as one group; submissions that arrive
// meanwhile wait for the next round. So a single push costs two hops between threads, and under load two hops are shared by a
// whole batch. Owner only.
class CommitRounds
{
public:
    CommitRounds(EngineState &state, DocumentTable &documents) : m_state(state), m_documents(documents), m_worker(state) {}

    void add(const JobPtr &job);
    void schedule(const DocumentPtr &document); // the document is idle: its submissions are taken by the next round
    void failJobs(std::vector<JobPtr> jobs, const Error &error);

private:
    // What one document brings to a round.
    struct Lookup
    {
        DocumentPtr document;
        std::vector<EventId> ids;
        struct Span
        {
            ServerSeq after, until;
        };
        std::optional<Span> older; // events that validation needs and that are not in memory
        std::vector<JobPtr> jobs;
    };
    struct Found
    {
        struct Older
        {
            std::vector<LoggedPtr> events = {};
            bool isPostponed = false; // others of this round took the room: the next round looks again
        };
        KnownEvents known;
        std::vector<Older> older; // by lookup
    };
    struct Question
    {
        std::int64_t number;
        std::optional<Lookup::Span> older;
    };
    struct Batch
    {
        std::vector<DocumentPtr> documents;
        JobPtr transaction; // null for a document's own batch
    };

    void post();
    void run();
    bool takeFront(const DocumentPtr &document);
    static Result<Found> readFound(storage::ReadView &view, const std::vector<EventId> &ids, const std::vector<Question> &questions);
    Lookup collect(const DocumentPtr &document) const;
    void lookUp(std::vector<Lookup> lookups);
    void validateAll(std::vector<Lookup> &lookups, const Result<Found> &found);
    void validate(Lookup &lookup, const KnownEvents &known);
    void accept(const DocumentPtr &document, Validated validated);
    void give(const ValidatedJob &one);
    void answerBarrier(const DocumentPtr &document, const JobPtr &job);
    bool tryTransaction(const JobPtr &job);
    Result<std::vector<WrittenDocument>> prepare(const Job &job, const std::vector<DocumentPtr> &documents);
    void putBack(const DocumentPtr &document, std::vector<JobPtr> jobs);
    void charge(const DocumentPtr &document, std::size_t bytes);
    void release(const DocumentPtr &document);
    void giveAnswers(const DocumentPtr &document);
    void commit(Batch batch);
    void committed(const Batch &batch, const std::int64_t *positions);
    void announce(const DocumentPtr &document, const std::vector<LoggedPtr> &events);
    void failed(const Batch &batch, const Error &error);

    EngineState &m_state;
    DocumentTable &m_documents;
    ValidationWorker m_worker;
    std::vector<DocumentPtr> m_ready; // documents with jobs for the next round
    bool m_posted = false;
};

} // namespace eventsync::eventlog
