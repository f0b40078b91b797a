// SPDX-License-Identifier: Apache-2.0
#include <server/config/settings.h>

namespace eventsync::server {

const std::vector<Option> &serverOptions()
{
    static const std::vector<Option> options{
        {"listen", "HOST:PORT", "where to accept connections; port 0 picks a free one (default 127.0.0.1:8080)", true},
        {"port-file", "FILE", "write the port in use there once connections are accepted"},
        {"store", "URL", "memory:, or sqlite:PATH (default: sqlite: in the data folder)"},
        {"data", "DIR", "the data folder (default $STATE_DIRECTORY, else $XDG_DATA_HOME/eventsync)"},
        {"create", "", "begin the store anew if its file is empty, as a damaged file system leaves it", false, true},
        {"durability", "LEVEL", "full: an ack means fsync; normal; off (default full)"},
        {"config", "FILE", "configuration (default /etc/eventsync/server.toml if it is there)"},
        {"check-config", "", "read the configuration, say what is wrong with it, and end", false, true},
        {"origin", "URL", "a foreign web origin that may connect; \"*\" for every one", true},
        {"host-name", "NAME", "a name, without port, under which this server is reached, \"*\" for any (default: localhost)", true},
        {"max-connections", "N", "sockets at a time (default 10000)"},
        {"max-memory", "MIB", "what documents may take in memory, in MiB (default 1024)"},
        {"log-level", "LEVEL", "debug, info, warning or error (default info)"},
        {"log-format", "FORMAT", "text or json (default text)"},
    };
    return options;
}

Settings settingsFromEnvironment(const std::function<std::optional<std::string>(const std::string &)> &variable)
{
    Settings settings;
    for (const Option &option : serverOptions()) {
        if (option.onCommandLineOnly)
            continue;
        std::string name = "EVENTSYNC_";
        for (const char c : option.name)
            name.push_back(c == '-' ? '_' : static_cast<char>(c - 'a' + 'A'));
        const std::optional<std::string> text = variable(name);
        if (!text || text->empty())
            continue;
        std::vector<std::string> &values = settings[std::string(option.name)];
        if (!option.repeatable) {
            values.push_back(*text);
            continue;
        }
        for (std::size_t begin = 0; begin <= text->size();) {
            const std::size_t end = std::min(text->find(',', begin), text->size());
            if (end > begin)
                values.push_back(text->substr(begin, end - begin));
            begin = end + 1;
        }
    }
    return settings;
}

Settings merged(Settings under, const Settings &over)
{
    for (const auto &[name, values] : over)
        under.insert_or_assign(name, values);
    return under;
}

} // namespace eventsync::server
