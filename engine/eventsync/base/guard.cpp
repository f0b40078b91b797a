// SPDX-License-Identifier: Apache-2.0
#include <eventsync/base/guard.h>

#include <eventsync/base/bytes.h>

#include <exception>
#include <new>
#include <stdexcept>

namespace eventsync {

Error detail::errorOfException()
{
    try {
        throw;
    } catch (const std::bad_alloc &) {
        return {ErrorCode::Unavailable, "there is not enough memory"};
    } catch (const std::length_error &) {
        return {ErrorCode::TooLarge, "larger than memory can hold"};
    } catch (const std::exception &exception) {
        const std::string words = exception.what(); // sent in answers, so it must be UTF-8
        return {ErrorCode::Invalid, "an exception was thrown: " + (isValidUtf8(words) ? words : std::string("its words are not UTF-8"))};
    } catch (...) {
        return {ErrorCode::Invalid, "an exception was thrown that says nothing"};
    }
}

} // namespace eventsync
