// SPDX-License-Identifier: Apache-2.0
#include <eventsync/eventlog/rules.h>

#include <eventsync/base/guard.h>

#include <utility>

namespace eventsync::eventlog {

RulesPtr makeRules(const CollectionName &collection, const Policies &policies, const Validators &validators)
{
    auto made = std::make_shared<Rules>();
    made->policy = policies.of(collection);
    auto check = [&]() -> Result<StateCheck> {
        std::shared_ptr<const Validator> code;
        if (validators) {
            EVENTSYNC_TRY(code, guarded(validators, collection));
        }
        return StateCheck::make(collection, made->policy, std::move(code));
    }();
    if (check)
        made->check = std::move(*check);
    else
        made->check = StateCheck::make(collection, {}, validatorFrom([error = check.error()](const auto &, const auto &) -> Result<> {
                                           return failure(error);
                                       })).value_or(StateCheck());
    return made;
}

} // namespace eventsync::eventlog
