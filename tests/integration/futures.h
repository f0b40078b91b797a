// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QFuture>
#include <QTest>

#include <optional>

namespace eventsync::test {

// Waits for a future of the client in the test's event loop. Nothing if it does not come, or was dropped.
template<class T>
std::optional<T> resultOf(QFuture<T> future)
{
    if (!QTest::qWaitFor([&] { return future.isFinished(); }, 60'000) || future.resultCount() == 0)
        return std::nullopt;
    return future.result();
}

} // namespace eventsync::test
