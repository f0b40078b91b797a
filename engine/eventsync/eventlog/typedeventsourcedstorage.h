// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/eventlog/eventsourcedstorage.h>
#include <eventsync/storage/typedstorage.h>

namespace eventsync::eventlog {

/// EventSourcedStorage for values of type T, like storage::TypedStorage for Storage. T is a Q_GADGET, or a type with toJson()
/// and fromJson(). Any thread; the storage must outlive this and its futures.
template<class T>
class TypedEventSourcedStorage
{
public:
    using Typed = storage::TypedStorage<T>;
    using Document = typename Typed::Document; ///< {id, version, value, diff}
    using Edit = typename Typed::Edit;

    explicit TypedEventSourcedStorage(EventSourcedStorage &documents)
        : m_documents(documents), m_typed(documents.storage(), documents.collection())
    {
    }

    QFuture<Result<Document>> createDocument(const DocumentId &id, const T &value, const ClientId &client)
    {
        return m_typed.createOne(id, value, {.clientId = client});
    }
    QFuture<Result<Document>> updateDocument(const DocumentId &id, Edit edit, const ClientId &client)
    {
        return m_typed.findOneAndUpdate(id, std::move(edit), {.clientId = client});
    }
    QFuture<Result<ServerSeq>> deleteDocument(const DocumentId &id, const ClientId &client)
    {
        return m_documents.deleteDocument(id, client);
    }
    QFuture<Result<Document>> getDocument(const DocumentId &id) { return m_typed.findOne(id); }
    QFuture<Result<MissingEvents>> getMissingEvents(const DocumentId &id, const VectorClock &known, ServerSeq after = {})
    {
        return m_documents.getMissingEvents(id, known, after);
    }

private:
    EventSourcedStorage &m_documents;
    Typed m_typed;
};

} // namespace eventsync::eventlog
