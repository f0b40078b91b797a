// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/model/collectionpolicy.h>
#include <eventsync/model/validator.h>

#include <functional>
#include <memory>

namespace eventsync::eventlog {

/// What the documents of one collection must obey.
struct Rules
{
    CollectionPolicy policy;
    StateCheck check;
};
using RulesPtr = std::shared_ptr<const Rules>;
using RulesOf = std::function<RulesPtr(const CollectionName &)>;

/// The policy that is set for the collection, with its validator in code, if `validators` (may be null) has one. Under a schema
/// that cannot be compiled no edit passes: a configuration is checked before it gets here.
using Validators = std::function<std::shared_ptr<const Validator>(const CollectionName &)>;
RulesPtr makeRules(const CollectionName &collection, const Policies &policies, const Validators &validators);

} // namespace eventsync::eventlog
