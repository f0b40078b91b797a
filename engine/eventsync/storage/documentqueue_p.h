// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/ids.h>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <vector>

namespace eventsync::storage {

// Runs one operation at a time on each document, in the order of arrival, so that each is computed from the committed result of
// the one before it instead of conflicting with it. An operation on several documents waits in all their queues at once, and
// starts when it is first in all of them; since it enters them all together, no two operations can wait for each other. Owner
// only.
class DocumentQueue
{
public:
    using Start = std::function<void()>;

    void enter(std::vector<DocumentId> ids, Start start); // may call `start` at once
    void leave(const std::vector<DocumentId> &ids);       // called when the started operation has ended

private:
    struct Operation
    {
        std::vector<DocumentId> ids;
        Start start;
    };
    bool headsAll(const Operation &operation) const;

    std::map<DocumentId, std::deque<std::shared_ptr<Operation>>> m_queues;
};

} // namespace eventsync::storage
