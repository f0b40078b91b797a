// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "support/executors.h"
#include "support/fakeclock.h"

#include <eventsync/base/metrics.h>
#include <eventsync/storage/documentstorage.h>
#include <eventsync/storage/memorybackend.h>

#include <QObject>

#include <memory>

namespace eventsync::test {

class DocumentStorageTest final : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init();
    void cleanup();

    void editGivesValueDiffAndVersion();
    void editThatChangesNothingWritesNothing();
    void editsOfOneDocumentQueueUp();
    void editIsComputedAgainWhenAnotherWriterWasFirst();
    void triesAreBounded();
    void editsErrorComesBackAndChangesNothing();
    void whatAnEditThrowsComesBackAndBlocksNothing_data();
    void whatAnEditThrowsComesBackAndBlocksNothing();
    void aWatchThatThrowsHearsTheNextChange();
    void whatABackendThrowsEndsTheEdit();
    void namesThatCannotBeReadAgainAreRefused();
    void ifVersionIsNotRetried();
    void versionGoesOnAfterDeleteAndCreate();
    void sectionIsNotEditedAgainForChangesElsewhere();
    void transactionIsAllOrNothing();
    void listsFilterSortAndPage();
    void aPageEndsAtItsBytes();
    void watchTellsChangesInOrder();
    void cacheAnswersUntilItsTimeIsOver();
    void hotDocumentIsReadAgainBeforeItsTimeIsOver();
    void cacheStaysSmall();
    void cacheIsBoundedInHeldBytesAndByTheAccount();
    void everyFutureEndsWhenTheStorageGoes();
    void typedStorageEditsAGadget();
    void gadgetRefusesWhatDoesNotFit();

private:
    template<class T>
    Result<T> wait(QFuture<Result<T>> future)
    {
        if (!m_executor.runUntil([&] { return future.isFinished(); }, std::chrono::milliseconds(2'000)))
            return failure(ErrorCode::Timeout, "the future did not end");
        return future.result();
    }
    // Another program's write: the backend changes behind the storage's back.
    void writeBehind(const char *id, int version, const char *json);
    std::size_t stored(const char *id, std::string *json = nullptr);

    FakeClock m_clock;
    Metrics m_metrics;
    ManualExecutor m_executor;
    std::unique_ptr<storage::MemoryBackend> m_backend;
    std::unique_ptr<storage::DocumentStorage> m_storage;
};

} // namespace eventsync::test
