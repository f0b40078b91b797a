// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/result.h>

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace eventsync::server {

/// One option of the program: known to the command line as --name, to the environment as EVENTSYNC_NAME and to the
/// configuration file as name.
struct Option
{
    std::string_view name;
    std::string_view value;       ///< what the help calls it; empty: a switch
    std::string_view help;
    bool repeatable = false;
    bool onCommandLineOnly = false;
};

/// The options of `serve`, in the order of the help.
const std::vector<Option> &serverOptions();

/// What one source says: option -> values, in order. A switch has the value "true".
using Settings = std::map<std::string, std::vector<std::string>, std::less<>>;

/// EVENTSYNC_LISTEN and the like; of a repeatable option a list with commas.
Settings settingsFromEnvironment(const std::function<std::optional<std::string>(const std::string &)> &variable);

/// `over` wins, option by option.
Settings merged(Settings under, const Settings &over);

} // namespace eventsync::server
