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

/// One option of the program: --name on the command line, EVENTSYNC_NAME in the environment, and name in the configuration
/// file.
struct Option
{
    std::string_view name;
    std::string_view value;       ///< the name of its value in the help; empty: a switch
    std::string_view help;
    bool repeatable = false;
    bool onCommandLineOnly = false;
};

/// The options of `serve`, in the order of the help.
const std::vector<Option> &serverOptions();

/// The settings of one source: option -> values, in order. A switch has the value "true".
using Settings = std::map<std::string, std::vector<std::string>, std::less<>>;

/// The settings in EVENTSYNC_LISTEN and so on; a repeatable option is a list with commas.
Settings settingsFromEnvironment(const std::function<std::optional<std::string>(const std::string &)> &variable);

/// `over` takes precedence, option by option.
Settings merged(Settings under, const Settings &over);

} // namespace eventsync::server
