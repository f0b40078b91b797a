// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/eventlog/logverifier.h>
#include <eventsync/model/collectionpolicy.h>

namespace eventsync::eventlog {

/// Which documents, as they stand, do not fit `policies`: findings of the kind Rule, one for each complaint of a schema or a
/// counter's bounds. So rules that became stricter are known before they go live; a document that cannot be read is a finding
/// too. Errors, memory and threads as in verifyLogs().
Result<VerifyReport> verifyRules(storage::ReadView &view, const Policies &policies, const VerifyOptions &options = {});

} // namespace eventsync::eventlog
