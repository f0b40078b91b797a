// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/result.h>
#include <eventsync/storage/backend.h>

#include <server/transfer/exportlines.h>

#include <functional>
#include <string>

namespace eventsync::server {

// Writes a whole store as lines (exportlines.h), of one moment, one event at a time in memory. `write` takes a line with its
// line break and says whether it could. Gives what was written.
Result<ExportEnd> exportStore(storage::ReadView &view, const ExportHeader &header,
                              const std::function<Result<>(const std::string &line)> &write,
                              const std::function<void(const ExportEnd &soFar)> &progress);

} // namespace eventsync::server
