// SPDX-License-Identifier: Apache-2.0
#include <server/commandline.h>

#include <algorithm>

namespace eventsync::server {

namespace {

tl::unexpected<Error> wrong(const std::string &what)
{
    return failure(ErrorCode::InvalidValue, what);
}

const Option *find(const std::vector<Option> &options, std::string_view name)
{
    const auto found = std::find_if(options.begin(), options.end(), [&](const Option &option) { return option.name == name; });
    return found == options.end() ? nullptr : &*found;
}

// The server's options that apply to subcommands.
bool goesWithCommands(const Option &option)
{
    for (const std::string_view name : {"data", "store", "config", "durability", "log-level", "log-format"}) {
        if (option.name == name)
            return true;
    }
    return false;
}

void appendOption(std::string &text, const Option &option)
{
    std::string left = "  --" + std::string(option.name);
    if (!option.value.empty())
        left += ' ' + std::string(option.value);
    left.resize(std::max<std::size_t>(left.size() + 2, 28), ' ');
    text += left + std::string(option.help) + '\n';
}

void appendCommand(std::string &text, const CommandSpec &spec)
{
    std::string left = "  " + std::string(spec.name) + (spec.arguments.empty() ? "" : " ") + std::string(spec.arguments);
    left.resize(std::max<std::size_t>(left.size() + 2, 28), ' ');
    text += left + std::string(spec.help) + '\n';
}

} // namespace

const std::vector<CommandSpec> &commandSpecs()
{
    static const std::vector<CommandSpec> specs{
        {"serve", "", "run the server in the foreground (what happens without a command)"},
        {"log", "", "print logged events in the order of their arrival",
         {{"follow", "", "go on with events as they arrive"},
          {"document", "ID", "of this document only"},
          {"after", "N", "after serverSeq N of the document; without one after position N of the store"},
          {"json", "", "one logged event per line"}}},
        {"show", "ID", "print a document", {{"at", "N", "as it stood after event N"}}, 1, 1},
        {"verify", "[ID]", "fold the log and compare with state, clocks, snapshots; exit 1 and a list if they differ",
         {{"rules", "FILE", "instead: which documents do not fit the collections' rules of this configuration file"}}, 0, 1},
        {"rebuild", "[ID]", "make derived data from the log again; the server must be stopped", {}, 0, 1},
        {"snapshot", "ID", "store a snapshot now", {}, 1, 1},
        {"compact", "", "remove old events from logs",
         {{"keep", "N", "keep the last N events of each document"},
          {"before", "TIME", "remove events stored before TIME (2026-11-21T09:30:00.000Z)"},
          {"document", "ID", "of this document only"},
          {"dry-run", "", "only say what would go"},
          {"vacuum", "", "then write the store's file anew without the space of what was removed; edits wait meanwhile"}}},
        {"export", "[FILE]", "write everything as NDJSON, to standard output without FILE",
         {{"force", "", "replace FILE if it is there"}}, 0, 1},
        {"import", "[FILE]", "read what export wrote, from standard input without FILE; the server must be stopped", {}, 0, 1},
        {"backup", "FILE", "copy the store into one file, while it is in use or not",
         {{"force", "", "replace FILE if it is there"}}, 1, 1},
        {"restore", "FILE", "put a backup in the store's place and begin a new epoch; the server must be stopped", {}, 1, 1},
        {"stats", "", "numbers about the store", {{"json", "", "as a JSON object"}}},
    };
    return specs;
}

const CommandSpec *commandSpec(std::string_view name)
{
    const auto &specs = commandSpecs();
    const auto found = std::find_if(specs.begin(), specs.end(), [&](const CommandSpec &spec) { return spec.name == name; });
    return found == specs.end() ? nullptr : &*found;
}

std::string Invocation::value(std::string_view option) const
{
    const auto found = options.find(option);
    return found == options.end() || found->second.empty() ? std::string() : found->second.back();
}

Result<Invocation> parseCommandLine(const std::vector<std::string> &words)
{
    Invocation invocation;
    std::size_t at = 0;
    if (!words.empty() && !words[0].starts_with('-')) {
        invocation.command = words[0];
        at = 1;
    }
    const CommandSpec *spec = commandSpec(invocation.command);
    if (!spec)
        return wrong("there is no command \"" + invocation.command + "\"; --help lists them");
    const bool isServe = invocation.command == "serve";
    for (bool onlyArguments = false; at < words.size(); ++at) {
        const std::string &word = words[at];
        if (onlyArguments || !word.starts_with('-') || word == "-") {
            invocation.arguments.push_back(word);
            continue;
        }
        if (word == "--") {
            onlyArguments = true;
            continue;
        }
        if (word == "--help" || word == "-h" || word == "--help-all" || word == "--version") {
            invocation.wantsHelp |= word != "--version";
            invocation.wantsAllHelp |= word == "--help-all";
            invocation.wantsVersion |= word == "--version";
            continue;
        }
        const auto equals = word.find('=');
        const std::string name = word.starts_with("--") ? word.substr(2, equals == std::string::npos ? equals : equals - 2) : std::string();
        const Option *own = find(spec->options, name);
        const Option *option = own ? own : find(serverOptions(), name);
        if (!option || (!own && !isServe && !goesWithCommands(*option)))
            return wrong(invocation.command + " has no option " + word.substr(0, equals) + "; --help lists them");
        std::string value = "true";
        if (option->value.empty()) {
            if (equals != std::string::npos)
                return wrong("--" + name + " takes no value");
        } else if (equals != std::string::npos) {
            value = word.substr(equals + 1);
        } else if (at + 1 < words.size()) {
            value = words[++at];
        } else {
            return wrong("--" + name + " needs " + std::string(option->value));
        }
        std::vector<std::string> &values = (own ? invocation.options : invocation.settings)[name];
        if (!values.empty() && !option->repeatable)
            return wrong("--" + name + " is given twice");
        values.push_back(std::move(value));
    }
    if (invocation.wantsHelp || invocation.wantsVersion)
        return invocation;
    if (invocation.arguments.size() < spec->minArguments)
        return wrong(invocation.command + " needs " + std::string(spec->arguments));
    if (invocation.arguments.size() > spec->maxArguments)
        return wrong(invocation.command + " does not know what to do with \"" + invocation.arguments[spec->maxArguments] + '"');
    return invocation;
}

std::string helpText(const std::string &command, bool all)
{
    const CommandSpec *spec = commandSpec(command);
    std::string text;
    if (command == "serve" || all) {
        text = "eventsync-server [serve] [options]\neventsync-server COMMAND [options] [arguments]\n\n"
               "Keeps JSON documents in step between this server and many clients.\n\nOptions:\n";
        for (const Option &option : serverOptions())
            appendOption(text, option);
        appendOption(text, {"version", "", "say the version and end"});
        appendOption(text, {"help", "", "this; after a command, the command's own"});
        appendOption(text, {"help-all", "", "everything"});
        text += "\nEach option can stand in the configuration file and in the environment (EVENTSYNC_LISTEN); the command line counts\n"
                "before the environment, that before the file.\n\nCommands on the store (--data, --store and --config say which):\n";
        for (const CommandSpec &each : commandSpecs()) {
            appendCommand(text, each);
            if (all) {
                for (const Option &option : each.options)
                    appendOption(text, {option.name, option.value, option.help});
            }
        }
        text += "\nExit codes: 0 done, 1 a check failed, 2 a bad option, 3 a bad configuration, 4 a port is in use,\n"
                "5 the store or the data folder cannot be used.\n";
        return text;
    }
    text = "eventsync-server " + command + (spec->options.empty() ? "" : " [options]")
           + (spec->arguments.empty() ? "" : " " + std::string(spec->arguments)) + "\n\n" + std::string(spec->help) + "\n\nOptions:\n";
    for (const Option &option : spec->options)
        appendOption(text, option);
    for (const Option &option : serverOptions()) {
        if (goesWithCommands(option))
            appendOption(text, option);
    }
    return text;
}

} // namespace eventsync::server
