// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <server/commands/command.h>
#include <server/control/controlclient.h>
#include <server/datafolder.h>

#include <eventsync/storage/backend.h>

#include <memory>

namespace eventsync::server {

/// Carries out an operation (control/operations.h): inside the server that runs on the data folder, or in this process if there
/// is none.
Result<json::Object> changeStore(const CommandContext &context, const json::Object &request, const Progress &progress);

/// Opens the store exclusively, for commands that need the server stopped.
struct ExclusiveStore
{
    DataFolder folder;
    std::unique_ptr<storage::Backend> backend;
};
Result<ExclusiveStore> takeStore(const CommandContext &context);

} // namespace eventsync::server
