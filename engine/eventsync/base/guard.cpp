// SPDX-License-Identifier: Apache-2.0
#include <eventsync/base/guard.h>

#include <eventsync/base/bytes.h>

#include <exception>

namespace eventsync {

Error detail::errorOfException()
{
    try {
        throw;
    } catch (const std::exception &exception) {
        const std::string words = exception.what(); // travels in answers, so it must be text
        return {ErrorCode::Invalid, "an exception was thrown: " + (isValidUtf8(words) ? words : std::string("its words are not UTF-8"))};
    } catch (...) {
        return {ErrorCode::Invalid, "an exception was thrown that says nothing"};
    }
}

} // namespace eventsync
