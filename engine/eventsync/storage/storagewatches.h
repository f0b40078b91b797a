// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/storage/storage.h>

#include <functional>
#include <memory>
#include <vector>

namespace eventsync::storage {

/// The watches of a storage. A watch ends with its handle; its callback runs on its own executor. Owner only, except the
/// handles.
class StorageWatches
{
public:
    struct Watch
    {
        CollectionName collection;
        Executor *executor = nullptr;
        Storage::Changed changed;
    };
    static std::unique_ptr<WatchHandle> handleOf(std::shared_ptr<Watch> watch); ///< the only owner of the watch

    void add(std::weak_ptr<Watch> watch) { m_watches.push_back(std::move(watch)); }
    void announce(const CollectionName &collection, const std::function<StorageChange()> &change); ///< `change` is called only if the collection is watched

private:
    std::vector<std::weak_ptr<Watch>> m_watches;
};

} // namespace eventsync::storage
