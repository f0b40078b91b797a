// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/result.h>
#include <eventsync/eventlog/finding.h>
#include <eventsync/storage/backend.h>

#include <server/transfer/exportlines.h>

#include <functional>
#include <string>
#include <vector>

namespace eventsync::server {

/// The numbers of written lines, and the documents that were left out because they are damaged or could not be imported again.
struct ExportReport
{
    ExportEnd written;
    std::int64_t leftOut = 0;
    std::vector<eventlog::Finding> findings; ///< one for each document left out, the first limits::kVerifyFindings of them
};

/// Writes a whole store as lines (exportlines.h), of one moment, some events at a time in memory. A document is checked before
/// its first line is written: a damaged one is left out and reported, and the others are written. `write` gets some lines, each
/// with its line break, and returns an error if it fails. It is called between two reads and may take long: the view may show a
/// later moment afterwards (storage::SteppedView), and what is exported stays that of the first.
Result<ExportReport> exportStore(storage::ReadView &view, const ExportHeader &header,
                                 const std::function<Result<>(const std::string &lines)> &write,
                                 const std::function<void(const ExportEnd &soFar)> &progress);

} // namespace eventsync::server
