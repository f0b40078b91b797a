// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/model/collectionpolicy.h>

#include <functional>
#include <memory>
#include <vector>

namespace eventsync {

class Diff;
class DocumentState;

/// Decides whether a document's state is valid. The server calls it for the merged result, clients after a pull. Programs can
/// implement it; policies can have a JSON Schema. Implementations are pure functions. Invalid, with path and reason.
class Validator
{
public:
    virtual ~Validator() = default;
    virtual Result<> validate(const CollectionName &collection, const json::Value &state) const = 0;
    /// All violations of the state, if the validator reports more than one at a time, without errors that only repeat that a
    /// part is invalid. None: validate() passes.
    virtual std::vector<Error> complaints(const CollectionName &collection, const json::Value &state) const;
    virtual bool saysEverything() const { return false; } ///< complaints() returns more than the first one
};

/// JSON Schema (draft 7), compiled once. InvalidValue, with path, if the schema is invalid (model/compiledschema_p.h).
Result<std::shared_ptr<const Validator>> schemaValidator(const json::Value &schema);

/// A function as a validator.
std::shared_ptr<const Validator> validatorFrom(std::function<Result<>(const CollectionName &, const json::Value &)> function);

/// The checks of one collection: the policy's counters' bounds, its schema, and the code validator if there is one. Absent
/// states always pass. Construct it once per policy; any thread when const.
class StateCheck
{
public:
    StateCheck() = default;
    static Result<StateCheck> make(const CollectionName &collection, const CollectionPolicy &policy,
                                   std::shared_ptr<const Validator> code = nullptr);
    Result<> check(const json::State &state) const;
    /// Whether a change from `before` to `after` is permitted. A valid state may always follow. An invalid one may follow
    /// another invalid one if the change makes nothing worse: rules may become stricter when documents exist (docs/merging.md).
    Result<> checkChange(const json::State &before, const json::State &after) const;
    /// The same for a change that was just applied and led to `after`; `inverse` is its inverse.
    Result<> checkApplied(const DocumentState &after, const Diff &inverse) const;
    std::vector<Error> complaints(const json::Value &state) const;
    bool checksNothing() const; ///< every state passes

private:
    CollectionName m_collection;
    CollectionPolicy m_policy;
    std::shared_ptr<const Validator> m_schema, m_code;
};

} // namespace eventsync
