// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/result.h>

#include <QLoggingCategory>

#include <functional>
#include <type_traits>

/// \file
/// Where code of ours calls a function that its user gave: an edit, a validator, a resolver, an access policy, a callback, a
/// backend. Nothing of ours throws, but such a function may (Boost.JSON's as_int64() does, on another type), and memory may run
/// out anywhere. Called through guarded() it fails instead, with `Invalid` and the exception's words, or `Unavailable` for want
/// of memory, and its caller goes on as after any other error: what was begun is taken back, gates are left, futures end.
namespace eventsync {

namespace detail {

template<class T>
struct GuardedResult
{
    using Type = Result<T>;
};
template<class T>
struct GuardedResult<Result<T>>
{
    using Type = Result<T>;
};

Error errorOfException(); ///< of the exception that is being handled

} // namespace detail

/// What the function returns as a Result (of nothing, if it returns nothing), or Invalid if it throws. Any thread.
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

/// Calls a callback that only listens: what it throws is logged with `what`, and nothing else happens.
template<class Callback, class... Arguments>
void callListener(const QLoggingCategory &category, const char *what, Callback &&callback, Arguments &&...arguments)
{
    static_assert(std::is_void_v<std::invoke_result_t<Callback, Arguments...>>);
    if (const auto called = guarded(std::forward<Callback>(callback), std::forward<Arguments>(arguments)...); !called)
        qCWarning(category) << what << "failed:" << called.error().message.c_str();
}

} // namespace eventsync
