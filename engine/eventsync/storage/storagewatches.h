// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/storage/storage.h>

#include <functional>
#include <memory>
#include <vector>

namespace eventsync::storage {

/// Those who watch a storage's collections. A watch ends with its handle; its callback runs on its own executor. Owner only, but for
/// the handles.
class StorageWatches
{
public:
    struct Watch
    {
        CollectionName collection;
        Executor *executor = nullptr;
        Storage::Changed changed;
    };
    static std::unique_ptr<WatchHandle> handleOf(std::shared_ptr<Watch> watch); ///< which alone keeps it

    void add(std::weak_ptr<Watch> watch) { m_watches.push_back(std::move(watch)); }
    void announce(const CollectionName &collection, const std::function<StorageChange()> &change); ///< called if it is watched

private:
    std::vector<std::weak_ptr<Watch>> m_watches;
};

} // namespace eventsync::storage
