// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "support/executors.h"
#include "support/fakeclock.h"

#include <eventsync/storage/documentstorage.h>
#include <eventsync/storage/memorybackend.h>

#include <QObject>

#include <memory>

namespace eventsync::test {

class TypedStorageTest final : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init();
    void cleanup();

    void listsGiveValuesAndTheNextPage();
    void listOfSomeFieldsIsRefused();
    void patchGivesTheValueAfterIt();
    void sectionIsEditedAsATypeOfItsOwn();
    void sectionOfAnotherShapeIsRefused();
    void transactionEditsValuesTogether();
    void transactionThatFailsChangesNothing();
    void watchGivesValuesAndDeletes();
    void watchTellsOfWhatIsNoValue();

private:
    template<class T>
    Result<T> wait(QFuture<Result<T>> future)
    {
        if (!m_executor.runUntil([&] { return future.isFinished(); }, std::chrono::milliseconds(20'000)))
            return failure(ErrorCode::Timeout, "the future did not end");
        return future.result();
    }

    FakeClock m_clock;
    ManualExecutor m_executor;
    std::unique_ptr<storage::MemoryBackend> m_backend;
    std::unique_ptr<storage::DocumentStorage> m_storage;
};

} // namespace eventsync::test
