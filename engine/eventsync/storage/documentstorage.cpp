// SPDX-License-Identifier: Apache-2.0
#include <eventsync/storage/documentstorage.h>

#include <eventsync/storage/documentedits_p.h>

#include <algorithm>

namespace eventsync::storage {

RecordSet DocumentStorage::recordSet()
{
    return {kDocumentSet,
            {{"id", ColumnType::Text}, {"collection", ColumnType::Text}, {"version", ColumnType::Integer},
             {"state", ColumnType::Text}},
            1,
            {{"by_collection", {"collection"}}}};
}

DocumentStorage::DocumentStorage(Backend &backend, Executor &owner, const Clock &clock, const Options &options)
    : m_core(std::make_shared<DocumentEdits>(backend, owner, clock, options.policies, options.cache))
{
}

DocumentStorage::~DocumentStorage() = default;

namespace {

// An operation on one document whose answer is that document's result.
EditPtr single(const DocumentId &id, const EditOptions &options, const ReplyPtr<EditResult> &reply)
{
    auto operation = std::make_shared<EditOperation>();
    operation->ids = {id};
    operation->options = options;
    operation->answer = [reply](Result<std::vector<EditResult>> results) {
        if (results)
            reply->answer(std::move(results->front()));
        else
            reply->answer(failure(results.error()));
    };
    return operation;
}

// The last round of an editSection().
struct SectionRound
{
    std::optional<json::Value> before;
    json::Value after;
};

Result<bool> editSectionOf(json::Value &document, const json::Pointer &section, const EditFunction &edit, SectionRound &last)
{
    json::Value *const value = json::find(document, section);
    if (!value)
        return failure(ErrorCode::PatchFailed, "no value there", section.toText());
    if (last.before && json::equal(*last.before, *value)) {
        *value = last.after;
        return true;
    }
    json::Value before = *value;
    EVENTSYNC_CHECK(edit(*value));
    EVENTSYNC_CHECK(json::normalize(*value)); // before it is compared
    last = {std::move(before), *value};       // only now: a failed try has no result that could be repeated
    return false;
}

} // namespace

QFuture<Result<StoredDocument>> DocumentStorage::findOne(const DocumentId &id)
{
    const auto reply = std::make_shared<Reply<StoredDocument>>();
    m_core->post([id, reply](DocumentEdits &core) { core.findOne(id, reply); });
    return reply->future();
}

QFuture<Result<FindPage>> DocumentStorage::findMany(const CollectionName &collection, const FindOptions &options)
{
    const auto reply = std::make_shared<Reply<FindPage>>();
    m_core->findMany(collection, options, reply);
    return reply->future();
}

QFuture<Result<EditResult>> DocumentStorage::createOne(const CollectionName &collection, const DocumentId &id,
                                                       json::Value value, const EditOptions &options)
{
    const auto reply = std::make_shared<Reply<EditResult>>();
    auto operation = single(id, options, reply);
    operation->collection = collection;
    operation->change = [value = std::move(value)](std::vector<DocumentDraft> &drafts) -> Result<bool> {
        if (drafts[0].before)
            return failure(ErrorCode::DocumentExists, drafts[0].id.text() + " exists");
        drafts[0].after = value;
        return false;
    };
    m_core->post([operation](DocumentEdits &core) { core.edit(operation); });
    return reply->future();
}

QFuture<Result<EditResult>> DocumentStorage::findOneAndUpdate(const DocumentId &id, EditFunction edit,
                                                              const EditOptions &options)
{
    const auto reply = std::make_shared<Reply<EditResult>>();
    auto operation = single(id, options, reply);
    operation->change = [edit = std::move(edit)](std::vector<DocumentDraft> &drafts) -> Result<bool> {
        EVENTSYNC_CHECK(edit(*drafts[0].after));
        return false;
    };
    m_core->post([operation](DocumentEdits &core) { core.edit(operation); });
    return reply->future();
}

QFuture<Result<EditResult>> DocumentStorage::findOneAndUpsert(const CollectionName &collection, const DocumentId &id,
                                                              json::Value initial, EditFunction edit,
                                                              const EditOptions &options)
{
    const auto reply = std::make_shared<Reply<EditResult>>();
    auto operation = single(id, options, reply);
    operation->collection = collection;
    operation->change = [initial = std::move(initial), edit = std::move(edit)](std::vector<DocumentDraft> &drafts) -> Result<bool> {
        if (!drafts[0].after)
            drafts[0].after = initial;
        EVENTSYNC_CHECK(edit(*drafts[0].after));
        return false;
    };
    m_core->post([operation](DocumentEdits &core) { core.edit(operation); });
    return reply->future();
}

QFuture<Result<EditResult>> DocumentStorage::updateOne(const DocumentId &id, const json::Patch &patch,
                                                       const EditOptions &options)
{
    const auto apply = [patch](json::Value &value) -> Result<> {
        json::ApplyOptions how;
        how.wantInverse = how.wantFootprint = false;
        EVENTSYNC_CHECK(json::apply(value, patch, how));
        return {};
    };
    return findOneAndUpdate(id, apply, options);
}

QFuture<Result<ServerSeq>> DocumentStorage::deleteOne(const DocumentId &id, const EditOptions &options)
{
    const auto reply = std::make_shared<Reply<ServerSeq>>();
    auto operation = single(id, options, nullptr);
    operation->answer = [reply](Result<std::vector<EditResult>> results) {
        if (results)
            reply->answer(results->front().document.version);
        else
            reply->answer(failure(results.error()));
    };
    operation->change = [](std::vector<DocumentDraft> &drafts) -> Result<bool> {
        drafts[0].after.reset();
        return false;
    };
    m_core->post([operation](DocumentEdits &core) { core.edit(operation); });
    return reply->future();
}

QFuture<Result<EditResult>> DocumentStorage::editSection(const DocumentId &id, const json::Pointer &section, EditFunction edit,
                                                         const EditOptions &options)
{
    const auto reply = std::make_shared<Reply<EditResult>>();
    auto operation = single(id, options, reply);
    operation->change = [section, edit = std::move(edit),
                         last = std::make_shared<SectionRound>()](std::vector<DocumentDraft> &drafts) -> Result<bool> {
        return editSectionOf(*drafts[0].after, section, edit, *last);
    };
    m_core->post([operation](DocumentEdits &core) { core.edit(operation); });
    return reply->future();
}

QFuture<Result<std::vector<EditResult>>> DocumentStorage::transaction(const std::vector<DocumentId> &ids,
                                                                      TransactionFunction edit, const EditOptions &options)
{
    const auto reply = std::make_shared<Reply<std::vector<EditResult>>>();
    auto operation = std::make_shared<EditOperation>();
    operation->ids = ids;
    operation->options = options;
    operation->answer = [reply](Result<std::vector<EditResult>> results) { reply->answer(std::move(results)); };
    operation->change = [edit = std::move(edit)](std::vector<DocumentDraft> &drafts) -> Result<bool> {
        std::map<DocumentId, json::Value> values;
        for (const DocumentDraft &one : drafts)
            values.emplace(one.id, *one.after);
        EVENTSYNC_CHECK(edit(values));
        if (values.size() != drafts.size())
            return failure(ErrorCode::Invalid, "a transaction changes the documents it asked for, no others");
        for (DocumentDraft &one : drafts) {
            const auto value = values.find(one.id);
            if (value == values.end())
                return failure(ErrorCode::Invalid, "a transaction changes the documents it asked for, no others");
            one.after = std::move(value->second);
        }
        return false;
    };
    auto unique = ids;
    std::sort(unique.begin(), unique.end());
    if (unique.empty() || std::adjacent_find(unique.begin(), unique.end()) != unique.end())
        reply->answer(failure(ErrorCode::Invalid, "a transaction names each of its documents once"));
    else
        m_core->post([operation](DocumentEdits &core) { core.edit(operation); });
    return reply->future();
}

std::unique_ptr<WatchHandle> DocumentStorage::watch(const CollectionName &collection, Executor &executor, Changed changed)
{
    auto watch = std::make_shared<StorageWatches::Watch>(StorageWatches::Watch{collection, &executor, std::move(changed)});
    m_core->post([weak = std::weak_ptr<StorageWatches::Watch>(watch)](DocumentEdits &core) { core.addWatch(weak); });
    return StorageWatches::handleOf(std::move(watch));
}

} // namespace eventsync::storage
