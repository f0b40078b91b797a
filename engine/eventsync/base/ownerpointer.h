// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/assert.h>

#include <memory>
#include <thread>
#include <utility>

namespace eventsync {

/// The private part of an object that belongs to the thread that created it: access from another thread fails an assertion.
template<class T>
class OwnerPointer
{
public:
    explicit OwnerPointer(std::unique_ptr<T> object) : m_object(std::move(object)) {}
    T *operator->() const { return &**this; }
    T &operator*() const
    {
        EVENTSYNC_ASSERT(std::this_thread::get_id() == m_owner);
        return *m_object;
    }

private:
    std::unique_ptr<T> m_object;
    std::thread::id m_owner = std::this_thread::get_id();
};

} // namespace eventsync
