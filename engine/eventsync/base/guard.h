// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/result.h>

#include <QLoggingCategory>

#include <functional>
#include <type_traits>

/// \file
/// The exception boundary for functions that the user of the library provides: an edit, a validator, a resolver, an access
/// policy, a callback, a backend. EventSync's code throws nothing, but such a function may (Boost.JSON's as_int64() does, for
/// another type), and memory may run out anywhere. Called through guarded() it fails instead, with `Invalid` and the
/// exception's text, or with `Unavailable` if there is no memory, and its caller continues as after any other error: changes
/// are reverted, queues continue, futures end.
namespace eventsync {

namespace detail {

/// The Result that a guarded call of a function with this result has.
template<class T>
struct GuardedResult
{
    using Type = Result<T>;
};
/// The Result that a guarded call of a function with this result has.
template<class T>
struct GuardedResult<Result<T>>
{
    using Type = Result<T>;
};

Error errorOfException(); ///< of the current exception

} // namespace detail

/// Calls the function and returns its value as a Result, or an error if it throws. Any thread.
template<class Function, class... Arguments>
auto guarded(Function &&function, Arguments &&...arguments) ->
    typename detail::GuardedResult<std::invoke_result_t<Function, Arguments...>>::Type
{
    try {
        if constexpr (std::is_void_v<std::invoke_result_t<Function, Arguments...>>) {
            std::invoke(std::forward<Function>(function), std::forward<Arguments>(arguments)...);
            return {};
        } else {
            return std::invoke(std::forward<Function>(function), std::forward<Arguments>(arguments)...);
        }
    } catch (...) {
        return failure(detail::errorOfException());
    }
}

/// Calls a callback whose result is not used: an exception is logged with `what`, and has no other effect.
template<class Callback, class... Arguments>
void callListener(const QLoggingCategory &category, const char *what, Callback &&callback, Arguments &&...arguments)
{
    static_assert(std::is_void_v<std::invoke_result_t<Callback, Arguments...>>);
    if (const auto called = guarded(std::forward<Callback>(callback), std::forward<Arguments>(arguments)...); !called)
        qCWarning(category) << what << "failed:" << called.error().message.c_str();
}

} // namespace eventsync
