// SPDX-License-Identifier: Apache-2.0
#include "messageschema.h"

#include <eventsync/base/assert.h>
#include <eventsync/model/jsonfields.h>

#define VALIJSON_USE_EXCEPTIONS 1
#if defined(__GNUC__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wpedantic"
#pragma GCC diagnostic ignored "-Wunused-parameter"
#pragma GCC diagnostic ignored "-Wextra"
#endif
#include <valijson/adapters/boost_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>
#if defined(__GNUC__)
#pragma GCC diagnostic pop
#endif

#include <boost/json/serialize.hpp>

#include <QFile>

#include <algorithm>

namespace eventsync::test {

namespace {

using valijson::adapters::BoostJsonAdapter;

constexpr std::string_view kDefinitions = "#/definitions/";

std::string_view textOf(const json::Object &object, std::string_view name)
{
    const auto *member = object.if_contains(name);
    const auto *text = member ? member->if_string() : nullptr;
    return text ? std::string_view(*text) : std::string_view();
}

const json::Array *listOf(const json::Object &object, std::string_view name)
{
    const auto *member = object.if_contains(name);
    return member ? member->if_array() : nullptr;
}

const json::Object *objectOf(const json::Object &object, std::string_view name)
{
    const auto *member = object.if_contains(name);
    return member ? member->if_object() : nullptr;
}

bool isRequired(const json::Object &schema, std::string_view name)
{
    const auto *list = listOf(schema, "required");
    return list && std::any_of(list->begin(), list->end(), [&](const json::Value &one) { return one.as_string() == name; });
}

} // namespace

struct MessageSchema::Private
{
    json::Value whole;
    std::map<std::string, valijson::Schema, std::less<>> compiled; // by type

    const json::Object &definitions() const { return whole.at("definitions").as_object(); }
    const json::Object &definition(std::string_view name) const { return definitions().at(name).as_object(); }

    // Without the references that lead to it.
    const json::Object &resolved(const json::Object &schema) const
    {
        if (const auto to = textOf(schema, "$ref"); !to.empty())
            return resolved(definition(to.substr(kDefinitions.size())));
        if (const auto *all = listOf(schema, "allOf"); all && all->size() == 1)
            return resolved(all->front().as_object());
        return schema;
    }

    bool allows(const json::Object &schema, const json::Value &value) const
    {
        json::Object members{{"definitions", definitions()}};
        for (const auto &[name, member] : schema)
            members.emplace(name, member);
        const json::Value root(std::move(members));
        valijson::Schema parsed;
        valijson::SchemaParser().populateSchema(BoostJsonAdapter(root), parsed);
        return valijson::Validator(valijson::Validator::kStrongTypes).validate(parsed, BoostJsonAdapter(value), nullptr);
    }

    void unnamed(const json::Object &schema, const json::Value &value, const std::string &path, std::vector<std::string> &found) const
    {
        const json::Object &rule = resolved(schema);
        if (const auto *list = value.if_array()) {
            if (const auto *items = objectOf(rule, "items")) {
                for (std::size_t i = 0; i < list->size(); ++i)
                    unnamed(*items, (*list)[i], childPath(path, std::to_string(i)), found);
            }
            return;
        }
        const auto *object = value.if_object();
        if (!object)
            return;
        std::vector<const json::Object *> forms{&rule};
        const auto *choices = listOf(rule, "oneOf");
        for (std::size_t i = 0; choices && i < choices->size(); ++i) {
            const json::Object &form = resolved((*choices)[i].as_object());
            if (allows(form, value))
                forms.push_back(&form);
        }
        const bool named = std::any_of(forms.begin(), forms.end(), [](const auto *form) { return objectOf(*form, "properties"); });
        for (const auto &[name, member] : *object) {
            const json::Object *property = nullptr;
            for (const auto *form : forms) {
                const auto *properties = objectOf(*form, "properties");
                if (const auto *one = properties ? objectOf(*properties, name) : nullptr; one && !property)
                    property = one;
            }
            if (property)
                unnamed(*property, member, childPath(path, name), found);
            else if (named && &rule != &definition("metadata"))
                found.push_back(childPath(path, name));
        }
    }

    // ---- the page

    static std::string linked(std::string_view name)
    {
        std::string anchor;
        for (const char c : name)
            anchor += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
        return "[`" + std::string(name) + "`](#" + anchor + ')';
    }

    std::string typeOf(const json::Object &schema) const
    {
        if (const auto to = textOf(schema, "$ref"); !to.empty())
            return linked(to.substr(kDefinitions.size()));
        if (const auto *all = listOf(schema, "allOf"))
            return typeOf(all->front().as_object());
        if (const auto *constant = schema.if_contains("const"))
            return '`' + boost::json::serialize(*constant) + '`';
        if (const auto *values = listOf(schema, "enum")) {
            std::string names;
            for (const auto &one : *values)
                names += (names.empty() ? "" : ", ") + ('`' + std::string(one.as_string()) + '`');
            return names;
        }
        const std::string_view type = textOf(schema, "type");
        if (type == "array") {
            const auto *items = schema.if_contains("items");
            if (const auto *each = items ? items->if_object() : nullptr)
                return "list of " + typeOf(*each);
            if (const auto *each = items ? items->if_array() : nullptr) {
                std::string names;
                for (const auto &one : *each)
                    names += (names.empty() ? "" : ", ") + typeOf(one.as_object());
                return '[' + names + ']';
            }
            return "list";
        }
        if (type == "string")
            return "text";
        return type.empty() ? "any" : std::string(type);
    }

    std::string boundOf(const json::Object &schema) const
    {
        const json::Object &rule = resolved(schema);
        std::string bound;
        const auto add = [&](const std::string &text) { bound += (bound.empty() ? "" : ", ") + text; };
        if (const auto *min = rule.if_contains("minimum"))
            add("from " + boost::json::serialize(*min));
        if (const auto *most = rule.if_contains("maxItems"); most && listOf(rule, "items") == nullptr)
            add("at most " + boost::json::serialize(*most));
        if (const auto unit = textOf(schema, "x-unit"); !unit.empty())
            add(std::string(unit));
        return bound;
    }

    std::string rows(const json::Object &schema, const std::string &before = {}) const
    {
        std::string text;
        const auto *properties = objectOf(schema, "properties");
        for (std::size_t i = 0; properties && i < properties->size(); ++i) {
            const auto &[key, value] = *(properties->begin() + static_cast<std::ptrdiff_t>(i));
            const std::string name(key);
            if (name == "type" && before.empty())
                continue;
            const json::Object &property = value.as_object();
            std::string_view description = textOf(property, "description");
            if (description.empty())
                description = textOf(resolved(property), "description");
            const auto *standard = property.if_contains("default");
            std::string left = isRequired(schema, name) ? "required" : "may be left out";
            if (standard)
                left += ": `" + boost::json::serialize(*standard) + '`';
            text += "| `" + before + name + "` | " + typeOf(property) + " | " + left + " | " + boundOf(property) + " | " +
                    std::string(description) + " |\n";
            const auto *items = objectOf(property, "items");
            if (objectOf(property, "properties"))
                text += rows(property, before + name + '.');
            else if (items && objectOf(*items, "properties"))
                text += rows(*items, before + name + "[].");
        }
        return text;
    }

    std::string table(const json::Object &schema) const
    {
        const std::string content = rows(schema);
        return content.empty() ? content : "| field | type | | bound, unit | |\n|---|---|---|---|---|\n" + content + '\n';
    }

    std::string section(std::string_view name) const
    {
        const json::Object &schema = definition(name);
        const std::string_view from = textOf(schema, "x-from");
        std::string text = "### `" + std::string(name) + "`\n\n";
        if (!from.empty())
            text += from == "both" ? "Client and server. " : from == "client" ? "Client to server. " : "Server to client. ";
        text += std::string(textOf(schema, "description")) + "\n\n";
        const std::string_view pattern = textOf(schema, "pattern");
        if (!pattern.empty())
            text += "Text that matches `" + std::string(pattern) + "`.\n\n";
        text += table(schema);
        const auto *choices = listOf(schema, "oneOf");
        for (std::size_t i = 0; choices && i < choices->size(); ++i) {
            const json::Object &choice = (*choices)[i].as_object();
            if (objectOf(choice, "properties"))
                text += "Either: " + std::string(textOf(choice, "description")) + "\n\n" + table(choice);
            else if (const auto *names = listOf(choice, "required"))
                text += "Either with " + listed(*names) + ".\n\n";
        }
        return text;
    }

    static std::string listed(const json::Array &names)
    {
        std::string text;
        for (const auto &one : names)
            text += (text.empty() ? "`" : " and `") + std::string(one.as_string()) + '`';
        return text;
    }
};

MessageSchema::MessageSchema() : d(std::make_unique<Private>()) {}
MessageSchema::MessageSchema(MessageSchema &&) noexcept = default;
MessageSchema::~MessageSchema() = default;

MessageSchema MessageSchema::load()
{
    QFile file(qEnvironmentVariable("EVENTSYNC_SOURCE_DIR", QStringLiteral(".")) + QStringLiteral("/docs/protocol.schema.json"));
    EVENTSYNC_ASSERT(file.open(QIODevice::ReadOnly));
    MessageSchema schema;
    schema.d->whole = boost::json::parse(file.readAll().toStdString()); // the order of the file is the page's
    for (const std::string &type : schema.types()) {
        json::Object one{{"$ref", std::string(kDefinitions) + type}, {"definitions", schema.d->definitions()}};
        const json::Value root(std::move(one));
        valijson::SchemaParser().populateSchema(BoostJsonAdapter(root), schema.d->compiled[type]);
    }
    return schema;
}

std::vector<std::string> MessageSchema::types() const
{
    std::vector<std::string> names;
    for (const auto &[name, definition] : d->definitions()) {
        if (definition.as_object().contains("x-from"))
            names.emplace_back(name);
    }
    return names;
}

bool MessageSchema::allows(const json::Value &message) const
{
    const auto *object = message.if_object();
    const auto found = object ? d->compiled.find(textOf(*object, "type")) : d->compiled.end();
    return found != d->compiled.end()
        && valijson::Validator(valijson::Validator::kStrongTypes).validate(found->second, BoostJsonAdapter(message), nullptr);
}

std::vector<std::string> MessageSchema::unnamedMembers(const json::Value &message) const
{
    std::vector<std::string> found;
    d->unnamed(d->definition(textOf(message.as_object(), "type")), message, {}, found);
    return found;
}

std::string MessageSchema::page() const
{
    std::string text = R"(<!-- SPDX-License-Identifier: Apache-2.0 -->
# Messages, field by field

Every message of the protocol in its JSON form; [The wire](protocol.md) says what they mean and in which order they come. This page is made from
[protocol.schema.json](protocol.schema.json), a JSON Schema (draft 7) that programs can use, by `tst_protocol --write-page docs/protocol-messages.md`;
tests hold both against the codecs.

A receiver ignores fields of a message that it does not know, and refuses unknown fields of an event. Integers go up to 2^53 - 1.

## Messages

)";
    for (const std::string &type : types())
        text += d->section(type);
    text += "## What they are made of\n\n";
    for (const auto &[name, definition] : d->definitions()) {
        if (!definition.as_object().contains("x-from"))
            text += d->section(name);
    }
    text.pop_back();
    return text;
}

} // namespace eventsync::test
