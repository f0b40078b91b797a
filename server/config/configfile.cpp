// SPDX-License-Identifier: Apache-2.0
#include <server/config/configfile.h>

#include <eventsync/model/limits.h>
#include <eventsync/model/validator.h>

#include <server/limits.h>

#include <QFile>
#include <QFileInfo>

#include <algorithm>
#include <charconv>
#include <chrono>

#define TOML_EXCEPTIONS 0
#define TOML_HEADER_ONLY 1
#include <toml++/toml.h>

namespace eventsync::server {

namespace {

constexpr int kLongestCount = 100'000; // of any unit of time: far below the range of a clock

tl::unexpected<Error> wrong(const std::string &what)
{
    return failure(ErrorCode::InvalidValue, what);
}

Result<std::string> contentOf(const std::string &path, std::size_t limit)
{
    QFile file(QString::fromStdString(path));
    if (!file.open(QIODevice::ReadOnly))
        return failure(file.exists() ? ErrorCode::IoError : ErrorCode::NotFound,
                       path + ": " + file.errorString().toStdString());
    const QByteArray bytes = file.read(static_cast<qint64>(limit) + 1);
    if (static_cast<std::size_t>(bytes.size()) > limit)
        return failure(ErrorCode::TooLarge, path + " is longer than " + std::to_string(limit) + " bytes");
    return bytes.toStdString();
}

// The JSON form of a TOML value. Policies have no dates.
Result<json::Value> toJson(const toml::node &node, const std::string &where)
{
    if (const auto *text = node.as_string())
        return json::Value(text->get());
    if (const auto *number = node.as_integer())
        return json::Value(number->get());
    if (const auto *number = node.as_floating_point())
        return json::Value(number->get());
    if (const auto *flag = node.as_boolean())
        return json::Value(flag->get());
    if (const auto *list = node.as_array()) {
        json::Array array;
        for (const toml::node &element : *list) {
            EVENTSYNC_TRY(json::Value value, toJson(element, where));
            array.push_back(std::move(value));
        }
        return json::Value(std::move(array));
    }
    if (const auto *table = node.as_table()) {
        json::Object object;
        for (const auto &[key, element] : *table) {
            EVENTSYNC_TRY(json::Value value, toJson(element, where + '.' + std::string(key.str())));
            object.insert_or_assign(key.str(), std::move(value));
        }
        return json::Value(std::move(object));
    }
    return wrong(where + ": a date or time has no meaning here");
}

// "90s", "10m", "1h", "7d".
Result<std::chrono::milliseconds> durationFrom(const std::string &where, const json::Value &value)
{
    static const std::map<char, std::chrono::milliseconds> units{
        {'s', std::chrono::seconds(1)}, {'m', std::chrono::minutes(1)}, {'h', std::chrono::hours(1)}, {'d', std::chrono::hours(24)}};
    const std::string text = value.is_string() ? std::string(value.get_string()) : std::string();
    int count = 0;
    const char *const end = text.data() + text.size();
    const auto [unit, error] = std::from_chars(text.data(), end, count);
    const auto found = error == std::errc() && end - unit == 1 ? units.find(*unit) : units.end();
    if (found == units.end() || count < 1 || count > kLongestCount)
        return wrong(where + " is a time like \"90s\", \"10m\", \"1h\" or \"7d\"");
    return found->second * count;
}

Result<std::int64_t> countFrom(const std::string &where, const json::Value &value, std::int64_t least)
{
    if (!value.is_int64() || value.get_int64() < least)
        return wrong(where + " is a number of events, at least " + std::to_string(least));
    return value.get_int64();
}

// Takes `compact` and `snapshot` out of a collection's table.
Result<eventlog::Maintenance> maintenanceFrom(const std::string &where, json::Object &object)
{
    eventlog::Maintenance maintenance;
    for (const char *part : {"compact", "snapshot"}) {
        json::Value *given = object.if_contains(part);
        if (!given)
            continue;
        const std::string here = where + '.' + part;
        if (!given->is_object())
            return wrong(here + " is a table");
        for (const auto &[key, value] : given->get_object()) {
            const std::string name = here + '.' + std::string(key);
            if (name == where + ".compact.keep") {
                EVENTSYNC_TRY(maintenance.keep, countFrom(name, value, 1));
            } else if (name == where + ".compact.every") {
                EVENTSYNC_TRY(maintenance.every, durationFrom(name, value));
            } else if (name == where + ".snapshot.every") {
                EVENTSYNC_TRY(maintenance.snapshotEvery, countFrom(name, value, 0));
            } else {
                return wrong("there is no " + name);
            }
        }
        object.erase(part);
    }
    return maintenance;
}

Result<CollectionPolicy> policyFrom(const std::string &name, json::Object object, const std::string &folder)
{
    const std::string where = "collections." + name;
    if (const json::Value *given = object.if_contains("schema-file")) {
        if (!given->is_string())
            return wrong(where + ".schema-file is the name of a file");
        const std::string file(given->get_string());
        const std::string path = file.starts_with('/') ? file : folder + '/' + file;
        EVENTSYNC_TRY(const std::string text, contentOf(path, limits::kSchemaBytes));
        auto schema = json::parse(text);
        if (!schema)
            return wrong(path + ": " + schema.error().toString());
        object.insert_or_assign("schema", std::move(*schema));
        object.erase("schema-file");
    }
    json::Value value(std::move(object));
    if (auto fits = json::normalize(value); !fits)
        return wrong(where + ": " + fits.error().toString());
    auto policy = CollectionPolicy::fromJson(value);
    if (!policy)
        return wrong(where + ": " + policy.error().toString());
    if (auto check = StateCheck::make(CollectionName(name), *policy); !check)
        return wrong(where + ": " + check.error().toString());
    return policy;
}

Result<> readCollection(ConfigFile &file, const std::string &name, const toml::node &node, const std::string &folder)
{
    const std::string where = "collections." + name;
    const auto collection = collectionNameFrom(name);
    if (!collection)
        return wrong(where + ": " + collection.error().message);
    if (!node.is_table())
        return wrong(where + " is a table");
    EVENTSYNC_TRY(json::Value value, toJson(node, where));
    json::Object &object = value.as_object();
    const std::size_t all = object.size();
    EVENTSYNC_TRY(const eventlog::Maintenance maintenance, maintenanceFrom(where, object));
    if (object.size() < all)
        file.maintenance.insert_or_assign(*collection, maintenance);
    if (object.empty() && all > 0)
        return {};
    EVENTSYNC_TRY(CollectionPolicy policy, policyFrom(name, std::move(object), folder));
    file.collections.insert_or_assign(*collection, std::move(policy));
    return {};
}

Result<std::string> scalarText(const std::string &name, const toml::node &node)
{
    if (const auto *text = node.as_string())
        return text->get();
    if (const auto *number = node.as_integer())
        return std::to_string(number->get());
    return wrong(name + ": a text or a number is wanted");
}

Result<std::vector<std::string>> valuesFrom(const Option &option, const toml::node &node)
{
    const std::string name(option.name);
    const auto *list = node.as_array();
    if (!list || !option.repeatable) {
        EVENTSYNC_TRY(std::string text, scalarText(name, node));
        return std::vector<std::string>{std::move(text)};
    }
    std::vector<std::string> values;
    for (const toml::node &element : *list) {
        EVENTSYNC_TRY(std::string text, scalarText(name, element));
        values.push_back(std::move(text));
    }
    return values;
}

const Option *optionInFile(std::string_view name)
{
    const auto &options = serverOptions();
    const auto found = std::find_if(options.begin(), options.end(), [&](const Option &option) {
        return option.name == name && !option.onCommandLineOnly && option.name != "config";
    });
    return found == options.end() ? nullptr : &*found;
}

} // namespace

Result<ConfigFile> parseConfigFile(std::string_view text, const std::string &name, const std::string &folder)
{
    const toml::parse_result parsed = toml::parse(text, name);
    if (!parsed) {
        const toml::source_position at = parsed.error().source().begin;
        return wrong(name + ':' + std::to_string(at.line) + ':' + std::to_string(at.column) + ": "
                     + std::string(parsed.error().description()));
    }
    ConfigFile file;
    for (const auto &[key, node] : parsed.table()) {
        const std::string option(key.str());
        if (option == "collections" && node.is_table()) {
            for (const auto &[collectionKey, table] : *node.as_table()) {
                if (auto read = readCollection(file, std::string(collectionKey.str()), table, folder); !read)
                    return wrong(name + ": " + read.error().message);
            }
            continue;
        }
        const Option *known = optionInFile(option);
        if (!known)
            return wrong(name + ": there is no option \"" + option + '"');
        auto values = valuesFrom(*known, node);
        if (!values)
            return wrong(name + ": " + values.error().message);
        file.settings.insert_or_assign(option, std::move(*values));
    }
    return file;
}

Result<ConfigFile> readConfigFile(const std::string &path)
{
    EVENTSYNC_TRY(const std::string text, contentOf(path, limits::kConfigBytes));
    return parseConfigFile(text, path, QFileInfo(QString::fromStdString(path)).absolutePath().toStdString());
}

} // namespace eventsync::server
