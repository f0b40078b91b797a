// SPDX-License-Identifier: Apache-2.0
#include <server/config/configuration.h>

#include <eventsync/base/limits.h>

#include <server/config/configfile.h>
#include <server/limits.h>

#include <QDir>
#include <QFileInfo>

#include <charconv>
#include <cstdlib>

namespace eventsync::server {

namespace {

tl::unexpected<Error> wrong(std::string_view option, const std::string &what)
{
    return failure(ErrorCode::InvalidValue, std::string(option) + ": " + what);
}

constexpr std::uint64_t kLeastMemory = 16, kMostMemory = 1'048'576; // MiB

std::optional<std::uint64_t> numberFrom(std::string_view text)
{
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size())
        return std::nullopt;
    return number;
}

// Reads options one by one and keeps the first error.
class Reader
{
public:
    explicit Reader(const Settings &settings) : m_settings(settings) {}

    std::optional<std::string> text(std::string_view name) const
    {
        const auto found = m_settings.find(name);
        if (found == m_settings.end() || found->second.empty())
            return std::nullopt;
        return found->second.back();
    }
    std::vector<std::string> list(std::string_view name) const
    {
        const auto found = m_settings.find(name);
        return found == m_settings.end() ? std::vector<std::string>() : found->second;
    }
    template<class T>
    Result<T> choice(std::string_view name, const std::map<std::string_view, T> &choices, T otherwise) const
    {
        const auto given = text(name);
        if (!given)
            return otherwise;
        if (const auto found = choices.find(*given); found != choices.end())
            return found->second;
        std::string known;
        for (const auto &[word, value] : choices)
            known += (known.empty() ? "" : ", ") + std::string(word);
        return wrong(name, '"' + *given + "\" is none of " + known);
    }

private:
    const Settings &m_settings;
};

std::string defaultDataFolder()
{
    const auto variable = [](const char *name) { return qEnvironmentVariable(name).toStdString(); };
    if (const std::string state = variable("STATE_DIRECTORY"); !state.empty())
        return state.substr(0, state.find(':'));
    if (const std::string data = variable("XDG_DATA_HOME"); !data.empty())
        return data + "/eventsync";
    return variable("HOME") + "/.local/share/eventsync";
}

Result<> readListeners(const Reader &read, Configuration &configuration)
{
    for (const std::string &text : read.list("listen")) {
        EVENTSYNC_TRY(ListenAddress address, listenAddressFrom(text));
        configuration.listen.push_back(std::move(address));
    }
    if (configuration.listen.empty())
        configuration.listen.push_back({QHostAddress(QHostAddress::LocalHost), 8080});
    return {};
}

Result<std::vector<std::string>> hostNames(const Reader &read)
{
    std::vector<std::string> names = read.list("host-name");
    for (const std::string &name : names) {
        const bool isAddress6 = name.starts_with('[') && name.ends_with(']');
        if (name.empty() || (!isAddress6 && name.find_first_of(":/ ") != std::string::npos))
            return wrong("host-name", '"' + name + "\" is no name without scheme and port");
    }
    return names;
}

Result<> readLog(const Reader &read, Configuration &configuration)
{
    EVENTSYNC_TRY(configuration.log.level,
                  read.choice<LogLevel>("log-level",
                                        {{"debug", LogLevel::Debug}, {"info", LogLevel::Info},
                                         {"warning", LogLevel::Warning}, {"error", LogLevel::Error}},
                                        LogLevel::Info));
    EVENTSYNC_TRY(configuration.log.format,
                  read.choice<LogFormat>("log-format", {{"text", LogFormat::Text}, {"json", LogFormat::Json}}, LogFormat::Text));
    return {};
}

} // namespace

std::string Configuration::storePath() const
{
    return store.path.empty() ? dataFolder + "/eventsync.sqlite" : store.path;
}

Policies Configuration::policies() const
{
    Policies policies;
    policies.set(CollectionName("games"), CollectionPolicy::games());
    for (const auto &[name, policy] : collections)
        policies.set(name, policy);
    return policies;
}

std::vector<std::string> warningsOf(const Configuration &configuration, bool isRoot)
{
    std::vector<std::string> warnings;
    for (const ListenAddress &listener : configuration.listen) {
        if (listener.address.isLoopback())
            continue;
        const std::string place = listener.address.toString().toStdString() + ':' + std::to_string(listener.port);
        warnings.push_back("everybody who reaches " + place
                           + " may read and write everything: a proxy must ask who it is, and encrypt");
        if (configuration.origins.hosts.empty())
            warnings.push_back("any name leads to " + place
                               + ", so a page on the web can point its own name here and read and write everything through a"
                                 " browser: host-name says the right names");
    }
    if (isRoot)
        warnings.push_back("the server runs as root, which it does not need: give it a user of its own");
    return warnings;
}

Result<ListenAddress> listenAddressFrom(std::string_view text)
{
    const auto colon = text.rfind(':');
    std::string_view host = text.substr(0, std::min(colon, text.size()));
    const auto port = colon == std::string_view::npos ? std::nullopt : numberFrom(text.substr(colon + 1));
    if (!port || *port > 65535 || host.empty())
        return wrong("listen", '"' + std::string(text) + "\" is not HOST:PORT");
    const bool bracketed = host.front() == '[' && host.back() == ']' && host.size() > 2;
    if (bracketed)
        host = host.substr(1, host.size() - 2);
    ListenAddress listen{.port = static_cast<std::uint16_t>(*port)};
    if (host == "localhost") {
        listen.address = QHostAddress(QHostAddress::LocalHost);
    } else if (host == "*") {
        listen.address = QHostAddress(QHostAddress::Any);
    } else if (!listen.address.setAddress(QString::fromUtf8(host.data(), static_cast<qsizetype>(host.size())))
               || bracketed != (listen.address.protocol() == QAbstractSocket::IPv6Protocol)) {
        return wrong("listen", '"' + std::string(text) + "\": HOST is an IP address ([...] around version 6), localhost or *");
    }
    return listen;
}

Result<StoreLocation> storeLocationFrom(std::string_view url)
{
    if (url == "memory:")
        return StoreLocation{.kind = StoreLocation::Kind::Memory};
    if (url.starts_with("sqlite:"))
        return StoreLocation{.kind = StoreLocation::Kind::Sqlite, .path = std::string(url.substr(7))};
    if (url.starts_with("mongodb:"))
        return wrong("store", "this build has no MongoDB store");
    return wrong("store", '"' + std::string(url) + "\" is neither memory: nor sqlite:PATH");
}

Result<Configuration> configurationFrom(const Settings &settings)
{
    const Reader read(settings);
    Configuration configuration;
    EVENTSYNC_CHECK(readListeners(read, configuration));
    configuration.portFile = read.text("port-file").value_or("");
    configuration.dataFolder = read.text("data").value_or(defaultDataFolder());
    while (configuration.dataFolder.size() > 1 && configuration.dataFolder.ends_with('/'))
        configuration.dataFolder.pop_back();
    if (configuration.dataFolder.empty())
        return wrong("data", "the name of the folder is empty");
    configuration.dataFolder = QDir::current().absoluteFilePath(QString::fromStdString(configuration.dataFolder)).toStdString();
    EVENTSYNC_TRY(configuration.store, storeLocationFrom(read.text("store").value_or("sqlite:")));
    configuration.beginStore = read.text("create").has_value();
    using Durability = storage::SqliteBackend::Durability;
    EVENTSYNC_TRY(configuration.durability,
                  read.choice<Durability>("durability",
                                          {{"full", Durability::Full}, {"normal", Durability::Normal}, {"off", Durability::Off}},
                                          Durability::Full));
    configuration.origins.allowed = read.list("origin");
    EVENTSYNC_TRY(configuration.origins.hosts, hostNames(read));
    if (const auto text = read.text("max-connections")) {
        const auto number = numberFrom(*text);
        if (!number || *number == 0 || *number > limits::kServerConnections)
            return wrong("max-connections", "a number from 1 to " + std::to_string(limits::kServerConnections) + " is wanted");
        configuration.maxConnections = *number;
    }
    if (const auto text = read.text("max-memory")) {
        const auto number = numberFrom(*text);
        if (!number || *number < kLeastMemory || *number > kMostMemory)
            return wrong("max-memory", "a number of MiB from " + std::to_string(kLeastMemory) + " to " +
                                           std::to_string(kMostMemory) + " is wanted");
        configuration.maxMemory = static_cast<std::size_t>(*number) * limits::kMiB;
    }
    EVENTSYNC_CHECK(readLog(read, configuration));
    return configuration;
}

std::optional<std::string> environmentVariable(const std::string &name)
{
    const char *text = std::getenv(name.c_str());
    return text ? std::optional<std::string>(text) : std::nullopt;
}

Result<Configuration> loadConfiguration(const ConfigurationSources &sources)
{
    const Settings environment = settingsFromEnvironment(sources.environment);
    const Settings given = merged(environment, sources.commandLine);
    ConfigFile file;
    if (const auto named = given.find("config"); named != given.end()) {
        EVENTSYNC_TRY(file, readConfigFile(named->second.back()));
    } else if (QFileInfo::exists(QString::fromStdString(sources.defaultFile))) {
        EVENTSYNC_TRY(file, readConfigFile(sources.defaultFile));
    }
    EVENTSYNC_TRY(Configuration configuration, configurationFrom(merged(file.settings, given)));
    configuration.collections = std::move(file.collections);
    configuration.maintenance = std::move(file.maintenance);
    return configuration;
}

} // namespace eventsync::server
