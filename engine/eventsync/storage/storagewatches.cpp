// SPDX-License-Identifier: Apache-2.0
#include <eventsync/storage/storagewatches.h>

#include <eventsync/base/guard.h>
#include <eventsync/storage/logging.h>

namespace eventsync::storage {

namespace {

class Handle final : public WatchHandle
{
public:
    explicit Handle(std::shared_ptr<StorageWatches::Watch> watch) : m_watch(std::move(watch)) {}

private:
    std::shared_ptr<StorageWatches::Watch> m_watch;
};

} // namespace

std::unique_ptr<WatchHandle> StorageWatches::handleOf(std::shared_ptr<Watch> watch)
{
    return std::make_unique<Handle>(std::move(watch));
}

void StorageWatches::announce(const CollectionName &collection, const std::function<StorageChange()> &change)
{
    std::erase_if(m_watches, [](const auto &watch) { return watch.expired(); });
    std::shared_ptr<const StorageChange> made;
    for (const auto &weak : m_watches) {
        const auto watch = weak.lock();
        if (!watch || watch->collection != collection)
            continue;
        if (!made)
            made = std::make_shared<const StorageChange>(change());
        watch->executor->post([weak, made] {
            if (const auto alive = weak.lock())
                callListener(lcStorage(), "a watch callback", alive->changed, *made);
        });
    }
}

} // namespace eventsync::storage
