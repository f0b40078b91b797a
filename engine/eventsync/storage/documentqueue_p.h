// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/ids.h>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <vector>

namespace eventsync::storage {

// Lets one operation at a time at each document, in the order they came: the next one is computed from what the one before it
// committed, instead of conflicting with it. An operation on several documents waits in all their queues at once, and starts
// when it heads them all; since it joined them all together, no two can wait for each other. Owner only.
class DocumentQueue
{
public:
    using Start = std::function<void()>;

    void enter(std::vector<DocumentId> ids, Start start); // may call `start` at once
    void leave(const std::vector<DocumentId> &ids);       // of the operation that started

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
