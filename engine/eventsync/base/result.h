// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/error.h>

#include <tl/expected.hpp>

#include <utility>

namespace eventsync {

/// A value or an Error. Every function that can fail in operation returns one; nothing throws.
template<class T = void>
class [[nodiscard]] Result : public tl::expected<T, Error>
{
    using Base = tl::expected<T, Error>;

public:
    using Base::Base;
    Result(Base base) : Base(std::move(base)) {}
};

/// return failure(ErrorCode::PatchFailed, "no value", "/gold");
inline tl::unexpected<Error> failure(ErrorCode code, std::string message = {}, std::string path = {})
{
    return tl::unexpected<Error>(Error{code, std::move(message), std::move(path)});
}

inline tl::unexpected<Error> failure(Error error)
{
    return tl::unexpected<Error>(std::move(error));
}

} // namespace eventsync

#define EVENTSYNC_JOIN_(a, b) a##b
#define EVENTSYNC_JOIN(a, b) EVENTSYNC_JOIN_(a, b)

/// EVENTSYNC_TRY(auto value, expression): the value of a Result, or return its error from this function.
#define EVENTSYNC_TRY(declaration, ...)                                                                                \
    auto EVENTSYNC_JOIN(result_, __LINE__) = (__VA_ARGS__);                                                            \
    if (!EVENTSYNC_JOIN(result_, __LINE__))                                                                            \
        return ::eventsync::failure(std::move(EVENTSYNC_JOIN(result_, __LINE__)).error());                             \
    declaration = std::move(*EVENTSYNC_JOIN(result_, __LINE__))

/// EVENTSYNC_CHECK(expression): return the error of a Result<void> from this function, if it is one.
#define EVENTSYNC_CHECK(...)                                                                                           \
    if (auto EVENTSYNC_JOIN(result_, __LINE__) = (__VA_ARGS__); !EVENTSYNC_JOIN(result_, __LINE__))                    \
    return ::eventsync::failure(std::move(EVENTSYNC_JOIN(result_, __LINE__)).error())
