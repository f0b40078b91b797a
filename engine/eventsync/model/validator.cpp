// SPDX-License-Identifier: Apache-2.0
#include <eventsync/model/validator.h>

#include <eventsync/base/limits.h>
#include <eventsync/model/schemaguard.h>
#include <eventsync/model/valijsonregex.h>

#define VALIJSON_USE_EXCEPTIONS 1 // otherwise valijson ends the program; its exceptions are caught where it is called
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
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>
#if defined(__GNUC__)
#pragma GCC diagnostic pop
#endif

#include <exception>

namespace eventsync {

namespace {

using valijson::adapters::BoostJsonAdapter;

// valijson's {"<root>", "[\"gold\"]", "[0]"} -> "/gold/0". Its names are not escaped: what is between the outermost marks
// is the name.
std::string pathOf(const std::vector<std::string> &context)
{
    std::string path;
    for (std::size_t i = 1; i < context.size(); ++i) {
        std::string_view step = context[i];
        if (step.starts_with("[\"") && step.ends_with("\"]") && step.size() >= 4)
            step = step.substr(2, step.size() - 4);
        else if (step.starts_with('[') && step.ends_with(']'))
            step = step.substr(1, step.size() - 2);
        path = childPath(std::move(path), step);
    }
    return path;
}

// What a regular expression may try is bounded for each text; this bounds it for those that are tried letter by letter.
Result<> checkTextLengths(const json::Value &value, const std::string &path)
{
    const auto tooLong = [](std::string_view text) { return text.size() > limits::kPatternTextBytes; };
    if (const auto *text = value.if_string(); text && tooLong(*text))
        return failure(ErrorCode::Invalid, "the text is too long for a schema with patterns", path);
    if (const auto *object = value.if_object()) {
        for (const auto &[name, member] : *object) {
            if (tooLong(name))
                return failure(ErrorCode::Invalid, "a name is too long for a schema with patterns", path);
            if (member.is_structured() || member.is_string())
                EVENTSYNC_CHECK(checkTextLengths(member, childPath(path, name)));
        }
    } else if (const auto *list = value.if_array()) {
        for (std::size_t i = 0; i < list->size(); ++i) {
            if ((*list)[i].is_structured() || (*list)[i].is_string())
                EVENTSYNC_CHECK(checkTextLengths((*list)[i], childPath(path, std::to_string(i))));
        }
    }
    return {};
}

class SchemaValidator final : public Validator
{
public:
    static Result<std::shared_ptr<const Validator>> make(const json::Value &schema)
    {
        EVENTSYNC_TRY(const SchemaTraits traits, examineSchema(schema));
        auto validator = std::make_shared<SchemaValidator>();
        validator->m_hasPatterns = traits.hasPatterns;
        try {
            valijson::SchemaParser(valijson::SchemaParser::kDraft7).populateSchema(BoostJsonAdapter(schema), validator->m_schema);
        } catch (const std::exception &error) {
            return failure(ErrorCode::InvalidValue, std::string("not a JSON Schema: ") + error.what());
        }
        return std::shared_ptr<const Validator>(std::move(validator));
    }

    Result<> validate(const CollectionName &, const json::Value &state) const override
    {
        if (m_hasPatterns)
            EVENTSYNC_CHECK(checkTextLengths(state, {}));
        try {
            // A valijson::Validator keeps compiled patterns and so is not const; the schema, which is shared, is.
            valijson::Validator validator(valijson::Validator::kStrongTypes);
            const BoostJsonAdapter target(state);
            if (validator.validate(m_schema, target, nullptr))
                return {};
            valijson::ValidationResults results; // collecting is slow: only once it is known that there is something
            validator.validate(m_schema, target, &results);
            return toFailure(results);
        } catch (const std::exception &error) {
            return failure(ErrorCode::Invalid, std::string("the schema cannot be checked: ") + error.what());
        }
    }

private:
    // The deepest complaint says most: those above it only repeat that a part is wrong.
    static tl::unexpected<Error> toFailure(valijson::ValidationResults &results)
    {
        valijson::ValidationResults::Error error, deepest;
        while (results.popError(error)) {
            if (deepest.context.empty() || error.context.size() > deepest.context.size())
                deepest = error;
        }
        if (deepest.description.empty())
            deepest.description = "the schema refuses the value"; // what a schema that is `false` does without a word
        return failure(ErrorCode::Invalid, deepest.description, pathOf(deepest.context));
    }

    valijson::Schema m_schema;
    bool m_hasPatterns = false;
};

class FunctionValidator final : public Validator
{
public:
    using Function = std::function<Result<>(const CollectionName &, const json::Value &)>;
    explicit FunctionValidator(Function function) : m_function(std::move(function)) {}

    Result<> validate(const CollectionName &collection, const json::Value &state) const override
    {
        return m_function(collection, state);
    }

private:
    Function m_function;
};

} // namespace

Result<std::shared_ptr<const Validator>> schemaValidator(const json::Value &schema)
{
    return SchemaValidator::make(schema);
}

std::shared_ptr<const Validator> validatorFrom(std::function<Result<>(const CollectionName &, const json::Value &)> function)
{
    return std::make_shared<FunctionValidator>(std::move(function));
}

Result<StateCheck> StateCheck::make(const CollectionName &collection, const CollectionPolicy &policy,
                                    std::shared_ptr<const Validator> code)
{
    StateCheck check;
    check.m_collection = collection;
    check.m_policy = policy;
    check.m_code = std::move(code);
    if (policy.schema()) {
        EVENTSYNC_TRY(check.m_schema, schemaValidator(*policy.schema()));
    }
    return check;
}

bool StateCheck::checksNothing() const
{
    const auto &paths = m_policy.paths();
    return !m_schema && !m_code && std::none_of(paths.begin(), paths.end(), [](const CollectionPolicy::Path &path) {
        return path.rule == json::PathRule::Counter;
    });
}

Result<> StateCheck::check(const json::State &state) const
{
    if (!state)
        return {};
    EVENTSYNC_CHECK(m_policy.checkCounters(*state));
    if (m_schema)
        EVENTSYNC_CHECK(m_schema->validate(m_collection, *state));
    if (m_code)
        EVENTSYNC_CHECK(m_code->validate(m_collection, *state));
    return {};
}

} // namespace eventsync
