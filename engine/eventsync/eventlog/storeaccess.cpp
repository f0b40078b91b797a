// SPDX-License-Identifier: Apache-2.0
#include <eventsync/eventlog/storeaccess.h>

namespace eventsync::eventlog {

void StoreAccess::commit(storage::Batch batch, storage::Backend::CommitDone done)
{
    m_backend.commit(std::move(batch), m_executor,
                     [done = std::move(done), open = std::weak_ptr<int>(m_open)](Result<storage::Committed> result) {
                         if (!open.expired())
                             done(std::move(result));
                     });
}

void StoreAccess::post(std::function<void()> task)
{
    poster()(std::move(task));
}

std::function<void(std::function<void()>)> StoreAccess::poster()
{
    return [open = std::weak_ptr<int>(m_open), posts = &m_executor](std::function<void()> task) {
        posts->post([task = std::move(task), open] {
            if (!open.expired())
                task();
        });
    };
}

} // namespace eventsync::eventlog
