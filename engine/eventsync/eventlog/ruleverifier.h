// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/eventlog/logverifier.h>
#include <eventsync/model/collectionpolicy.h>

namespace eventsync::eventlog {

/// Checks the current documents against `policies`. Each violation of a schema or of a counter's bounds is a finding of the
/// kind Rule, so an operator can check stricter rules before they apply. A document that cannot be read is a finding too.
/// Errors, memory and threads as in verifyLogs().
Result<VerifyReport> verifyRules(storage::ReadView &view, const Policies &policies, const VerifyOptions &options = {});

} // namespace eventsync::eventlog
