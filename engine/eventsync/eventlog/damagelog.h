// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/metrics.h>
#include <eventsync/base/result.h>

#include <set>
#include <string>

namespace eventsync::eventlog {

/// Reports damage of a store to the operator: each place once in the program's log, however often it is read, and in two
/// metrics. Errors of EventStore name document and event, so equal messages mean the same place. Owner only.
class DamageLog
{
public:
    explicit DamageLog(Metrics *metrics); ///< may be null, outlives it otherwise

    void note(const Error &error); ///< ignores errors other than Corrupt

private:
    std::set<std::string> m_said;
    Counter *m_places = nullptr, *m_reads = nullptr;
};

} // namespace eventsync::eventlog
