// SPDX-License-Identifier: Apache-2.0
#include <eventsync/storage/documentqueue_p.h>

#include <algorithm>

namespace eventsync::storage {

bool DocumentQueue::headsAll(const Operation &operation) const
{
    return std::all_of(operation.ids.begin(), operation.ids.end(), [&](const DocumentId &id) {
        return m_queues.at(id).front().get() == &operation;
    });
}

void DocumentQueue::enter(std::vector<DocumentId> ids, Start start)
{
    std::sort(ids.begin(), ids.end());
    ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
    auto operation = std::make_shared<Operation>(Operation{std::move(ids), std::move(start)});
    for (const DocumentId &id : operation->ids)
        m_queues[id].push_back(operation);
    if (headsAll(*operation))
        operation->start();
}

void DocumentQueue::leave(const std::vector<DocumentId> &ids)
{
    std::vector<std::shared_ptr<Operation>> next;
    std::vector<DocumentId> left = ids;
    std::sort(left.begin(), left.end());
    left.erase(std::unique(left.begin(), left.end()), left.end());
    for (const DocumentId &id : left) {
        const auto queue = m_queues.find(id);
        queue->second.pop_front();
        if (queue->second.empty())
            m_queues.erase(queue);
        else if (std::find(next.begin(), next.end(), queue->second.front()) == next.end())
            next.push_back(queue->second.front());
    }
    // All are chosen before the first one starts, because an operation that ends at once calls leave() and starts its own
    // successors.
    std::erase_if(next, [this](const auto &operation) { return !headsAll(*operation); });
    for (const auto &operation : next)
        operation->start();
}

} // namespace eventsync::storage
