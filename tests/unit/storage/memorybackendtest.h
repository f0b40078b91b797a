// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "support/backendsuite.h"

#include <eventsync/storage/memorybackend.h>

namespace eventsync::test {

class MemoryBackendSuite final : public BackendSuite
{
    Q_OBJECT

protected:
    std::unique_ptr<storage::Backend> makeBackend(const storage::Schema &schema) override
    {
        return std::make_unique<storage::MemoryBackend>(schema);
    }
};

class InFlightMemoryBackendSuite final : public BackendSuite
{
    Q_OBJECT

protected:
    std::unique_ptr<storage::Backend> makeBackend(const storage::Schema &schema) override
    {
        return std::make_unique<storage::MemoryBackend>(schema, storage::MemoryBackend::Completion::InFlight);
    }
};

// What only the memory backend does: crashes, images, faults.
class MemoryBackendTest final : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void crashLosesWhatIsInFlightAndItsAnswers();
    void crashMayLeaveTheOldestBatchesDurable();
    void crashAfterApplyingLosesTheAnswerOnly();
    void restoreBringsBackAnImage();
    void imagesAndViewsDoNotChangeEachOther();
    void orderedFaultsComeBackOnce();
    void answeredFaultIsDurableAllTheSame();
    void answersComeAfterTheBackendIsGone();
};

} // namespace eventsync::test
