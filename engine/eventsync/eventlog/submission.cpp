// SPDX-License-Identifier: Apache-2.0
#include <eventsync/eventlog/submission.h>

#include <eventsync/json/normalizedpatch.h>

#include <algorithm>

namespace eventsync::eventlog {

namespace {

Result<> normalizeWrite(DocumentWrite &write)
{
    EVENTSYNC_CHECK(authorIdFrom(write.clientId.text()));
    EVENTSYNC_CHECK(documentIdFrom(write.documentId.text()));
    EVENTSYNC_CHECK(collectionNameFrom(write.collection.text()));
    if (write.patch) {
        EVENTSYNC_TRY(write.patch, json::normalized(*write.patch));
    }
    return {};
}

Result<> checkTransaction(const DocumentTransaction &transaction)
{
    std::vector<DocumentId> ids = transaction.documentIds;
    std::sort(ids.begin(), ids.end());
    if (ids.empty() || std::adjacent_find(ids.begin(), ids.end()) != ids.end())
        return failure(ErrorCode::Invalid, "a transaction names each of its documents once");
    EVENTSYNC_CHECK(authorIdFrom(transaction.clientId.text()));
    return {};
}

} // namespace

std::vector<DocumentId> Submission::documents() const
{
    if (const auto *transaction = std::get_if<DocumentTransaction>(&work))
        return transaction->documentIds;
    if (const auto *push = std::get_if<PushedEvents>(&work))
        return {push->documentId};
    if (const auto *write = std::get_if<DocumentWrite>(&work))
        return {write->documentId};
    return {std::get<Barrier>(work).documentId};
}

std::size_t Submission::events() const
{
    const auto *push = std::get_if<PushedEvents>(&work);
    return push ? push->events.size() : 1;
}

Result<> normalize(Submission &submission)
{
    if (auto *write = std::get_if<DocumentWrite>(&submission.work))
        return normalizeWrite(*write);
    if (const auto *transaction = std::get_if<DocumentTransaction>(&submission.work))
        return checkTransaction(*transaction);
    return {};
}

} // namespace eventsync::eventlog
