// SPDX-License-Identifier: Apache-2.0
#include <eventsync/eventlog/statechecks_p.h>

#include <eventsync/eventlog/limits.h>
#include <eventsync/json/limits.h>
#include <eventsync/model/eventcheck.h>

#include <algorithm>

namespace eventsync::eventlog {

Result<> checkPlace(const DocumentLog &log, const CollectionName &collection)
{
    if (!log.hasCollection())
        return checkNewDocumentId(log.id());
    if (log.firstCollection() != collection)
        return failure(ErrorCode::WrongCollection, "the id belongs to collection " + log.firstCollection().text(), "/collection");
    return {};
}

Result<> checkState(const DocumentState &state, const Rules &rules, const Diff &inverse)
{
    if (state.kind() == DocumentKind::Crdt) {
        const bool mayBeTooLarge = state.canonicalSize() > limits::kDocumentBytes;
        if (mayBeTooLarge && state.toBytes().size() > limits::kDocumentBytes)
            return failure(ErrorCode::TooLarge, "the document with its tombstones is too large");
        if (rules.policy.hasEnginePaths())
            EVENTSYNC_CHECK(rules.policy.checkNoEngineFields(state.view()));
        if (rules.check.checksNothing())
            return {};
    }
    return rules.check.checkApplied(state, inverse);
}

void boundTimes(Diff &diff, const Rules &rules, const DocumentLog &log, const Clock &clock)
{
    if (diff.isCrdt())
        return;
    const Timestamp now = std::max(clock.wall(), log.row().updatedAt);
    const Timestamp latest = now + std::chrono::milliseconds(limits::kLatestAhead).count();
    if (auto bound = rules.policy.withBoundTimes(diff.patch(), now, latest))
        diff = Diff(std::move(*bound));
}

} // namespace eventsync::eventlog
