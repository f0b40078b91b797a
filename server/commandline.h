// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <server/config/settings.h>

#include <string>
#include <string_view>
#include <vector>

namespace eventsync::server {

/// A subcommand with its options. Options of the store (--data, --store, --config) and of logging apply to every one.
struct CommandSpec
{
    std::string_view name;
    std::string_view arguments;      ///< "ID", "[ID]", "FILE", ""
    std::string_view help;
    std::vector<Option> options = {}; ///< of its own
    std::size_t minArguments = 0, maxArguments = 0;
};
const std::vector<CommandSpec> &commandSpecs();
const CommandSpec *commandSpec(std::string_view name);

/// A command line that was read: the command, its options and its arguments.
struct Invocation
{
    std::string command = "serve";
    Settings settings;               ///< of the server
    Settings options;                ///< the command's own
    std::vector<std::string> arguments;
    bool wantsHelp = false, wantsAllHelp = false, wantsVersion = false;

    bool has(std::string_view option) const { return options.find(option) != options.end(); }
    std::string value(std::string_view option) const; ///< empty if it was not given
};

/// `words` without the program's name. InvalidValue describes the error in one line.
Result<Invocation> parseCommandLine(const std::vector<std::string> &words);

std::string helpText(const std::string &command, bool all);

} // namespace eventsync::server
