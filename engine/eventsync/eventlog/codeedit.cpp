// SPDX-License-Identifier: Apache-2.0
#include <eventsync/eventlog/codeedit_p.h>

#include <eventsync/base/guard.h>
#include <eventsync/json/diff.h>
#include <eventsync/model/crdtstate.h>
#include <eventsync/model/eventcheck.h>

namespace eventsync::eventlog {

namespace {

// Metadata from code is checked as every reader of the event does.
Result<std::optional<json::Object>> readableMetadata(const CodeWrite &write)
{
    if (write.author && !isValidUtf8(*write.author))
        return failure(ErrorCode::InvalidValue, "the author's name is not UTF-8", "/author");
    if (write.metadata.empty())
        return std::nullopt;
    json::Value metadata = write.metadata;
    if (auto fine = json::normalize(metadata); !fine)
        return failure(fine.error().code, fine.error().message, "/metadata" + fine.error().path);
    EVENTSYNC_CHECK(checkReplaces(metadata.get_object()));
    return std::optional(std::move(metadata.get_object()));
}

Result<json::State> wantedState(const CodeWrite &write, const DocumentLog &log, const DocumentState &state, const Rules &rules)
{
    json::State wanted = state.jsonState();
    if (write.patch) {
        EVENTSYNC_CHECK(json::apply(wanted, *write.patch, {.size = json::canonicalSize(wanted.value_or(json::Value())),
                                                           .wantInverse = false, .wantFootprint = false}));
        return wanted;
    }
    if (wanted)
        wanted = rules.policy.withEngineFields(std::move(*wanted), log.end().serverSeq);
    EVENTSYNC_CHECK(guarded(write.edit, wanted));
    if (wanted) {
        EVENTSYNC_CHECK(json::normalize(*wanted));
        *wanted = rules.policy.withoutEngineFields(std::move(*wanted));
    }
    return wanted;
}

// From the state as it stands to the one wanted; `operation` is what leads there.
Result<Diff> wantedDiff(const CodeWrite &write, const DocumentLog &log, const DocumentState &state, const Rules &rules, Random &random,
                        Operation &operation)
{
    const DocumentKind kind = log.hasCollection() ? log.kind() : write.kind;
    if (write.patch)
        EVENTSYNC_CHECK(rules.policy.checkEnginePaths(*write.patch));
    if (write.patch && kind == DocumentKind::Json)
        return Diff(*write.patch);
    EVENTSYNC_TRY(json::State wanted, wantedState(write, log, state, rules));
    if (!wanted) {
        if (state.exists())
            operation = Operation::Delete;
        return Diff();
    }
    if (kind == DocumentKind::Crdt && !state.exists()) {
        EVENTSYNC_TRY(Bytes patch, CrdtState::create(crdtSessionOf(write.clientId), *wanted, random.next()));
        return Diff(CrdtPatchBytes{std::move(patch)});
    }
    if (kind == DocumentKind::Crdt)
        return state.editTo(crdtSessionOf(write.clientId), *wanted);
    if (!state.exists()) {
        json::PatchOperation add{.kind = json::OperationKind::Add, .path = {}, .from = {}, .value = std::move(*wanted)};
        return Diff(json::Patch({std::move(add)}));
    }
    return Diff(json::diff(state.view(), *wanted, rules.policy.diffOptions()));
}

} // namespace

Result<CodeEdit> codeEdit(const CodeWrite &write, const DocumentLog &log, const DocumentState &state, const Rules &rules, Random &random)
{
    CodeEdit edit{.operation = state.exists() ? Operation::Update : Operation::Create, .diff = {}};
    EVENTSYNC_TRY(edit.diff, wantedDiff(write, log, state, rules, random, edit.operation));
    if (edit.operation == Operation::Delete || edit.diff.hasChanges()) {
        EVENTSYNC_TRY(edit.metadata, readableMetadata(write));
    }
    return edit;
}

} // namespace eventsync::eventlog
