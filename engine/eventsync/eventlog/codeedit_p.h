// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/eventlog/documentcore.h>

namespace eventsync::eventlog {

// What an edit by code asks for, on the state as it stands.
struct CodeEdit
{
    Operation operation = Operation::Update;
    Diff diff;
    std::optional<json::Object> metadata = {};
};

// Runs the write's edit or patch. Nothing is changed; an update or create without changes says so by its diff. Invalid (also of
// an edit that threw), PatchFailed, TooLarge, InvalidValue and what the edit returned.
Result<CodeEdit> codeEdit(const CodeWrite &write, const DocumentLog &log, const DocumentState &state, const Rules &rules, Random &random);

} // namespace eventsync::eventlog
