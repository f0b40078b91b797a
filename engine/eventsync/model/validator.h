// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/model/collectionpolicy.h>

#include <functional>
#include <memory>
#include <vector>

namespace eventsync {

class Diff;
class DocumentState;

/// Says whether a document's state is acceptable; run on the merged result by the server and after a pull by clients. Code
/// authors implement it; policies bring a JSON Schema. Implementations are pure functions. Invalid, with path and reason.
class Validator
{
public:
    virtual ~Validator() = default;
    virtual Result<> validate(const CollectionName &collection, const json::Value &state) const = 0;
    /// Everything that is wrong with the state, as far as the validator says more than one thing at a time. What only repeats
    /// that a part is wrong is left out. None: validate() passes.
    virtual std::vector<Error> complaints(const CollectionName &collection, const json::Value &state) const;
    virtual bool saysEverything() const { return false; } ///< complaints() holds more than the first
};

/// JSON Schema (draft 7), compiled once. InvalidValue, with path, if the schema is invalid (model/compiledschema_p.h).
Result<std::shared_ptr<const Validator>> schemaValidator(const json::Value &schema);

/// A function as a validator.
std::shared_ptr<const Validator> validatorFrom(std::function<Result<>(const CollectionName &, const json::Value &)> function);

/// What a state must pass in one collection: the policy's counters' bounds, its schema, and the code validator if there is
/// one. Absent states always pass. Build once per policy; any thread when const.
class StateCheck
{
public:
    StateCheck() = default;
    static Result<StateCheck> make(const CollectionName &collection, const CollectionPolicy &policy,
                                   std::shared_ptr<const Validator> code = nullptr);
    Result<> check(const json::State &state) const;
    /// Whether a change from `before` to `after` may be. A state that passes may always follow. One that does not may follow
    /// one that did not pass either, if the change makes nothing worse: rules become stricter while documents lie there
    /// (docs/merging.md).
    Result<> checkChange(const json::State &before, const json::State &after) const;
    /// The same for what was just applied and led to `after`; `inverse` takes it back.
    Result<> checkApplied(const DocumentState &after, const Diff &inverse) const;
    std::vector<Error> complaints(const json::Value &state) const;
    bool checksNothing() const; ///< every state passes

private:
    CollectionName m_collection;
    CollectionPolicy m_policy;
    std::shared_ptr<const Validator> m_schema, m_code;
};

} // namespace eventsync
