// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/storage/outputfile.h>

#include <server/commandline.h>
#include <server/config/configuration.h>

#include <cstdint>
#include <optional>
#include <string>

namespace eventsync::server {

/// The arguments of a subcommand: its command line and the store. Each returns the program's exit code; results go to standard
/// output, everything else to standard error.
struct CommandContext
{
    const Invocation &invocation;
    const Configuration &configuration;
};

int runServe(const CommandContext &context);
int runLog(const CommandContext &context);
int runShow(const CommandContext &context);
int runVerify(const CommandContext &context);
int runRebuild(const CommandContext &context);
int runSnapshot(const CommandContext &context);
int runCompact(const CommandContext &context);
int runExport(const CommandContext &context);
int runImport(const CommandContext &context);
int runBackup(const CommandContext &context);
int runRestore(const CommandContext &context);
int runStats(const CommandContext &context);

/// The output file of a command. It must not be a file of the store; an existing file is replaced with --force only.
Result<storage::OutputFile> outputOf(const CommandContext &context, const std::string &path);

/// --name as a number from 0; none if it was not given. InvalidValue.
Result<std::optional<std::int64_t>> numberOption(const Invocation &invocation, const char *name);
/// "eventsync-server: text" on standard error.
void complain(const std::string &text);
/// Reports an error of opening or using a store, and returns its exit code.
int storeFailed(const Error &error);

} // namespace eventsync::server
