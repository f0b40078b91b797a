// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/json/value.h>

#include <server/enginethread.h>

#include <functional>

namespace eventsync::server {

/// The subcommands that work on a store in use, carried out by its engine: inside a running server, requested through its
/// control socket, or in a process of their own. All on the I/O thread of the engine.
///   {"command": "snapshot", "documentId"}                             -> {documentId, serverSeq, ...}
///   {"command": "compact", "keep" | "before", "documentId"?, "dryRun"?, "vacuum"?} -> {documents, events, givenBack, free}
///   {"command": "ping"}                                                -> {}
struct OperationCalls
{
    std::function<void(const json::Object &progress)> progress; ///< any number of times
    std::function<void(Result<json::Object>)> done;             ///< once, last
};
void runOperation(EngineThread &engine, const json::Value &request, OperationCalls calls);

} // namespace eventsync::server
