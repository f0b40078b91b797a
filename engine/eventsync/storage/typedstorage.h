// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/storage/gadgetjson.h>
#include <eventsync/storage/reply.h>
#include <eventsync/storage/storage.h>

#include <concepts>
#include <utility>

namespace eventsync::storage {

template<class T>
concept JsonConvertible = requires(const T &value, const json::Value &json) {
    { value.toJson() } -> std::convertible_to<json::Value>;
    { T::fromJson(json) } -> std::same_as<Result<T>>;
};

template<class T>
concept Gadget = requires { T::staticMetaObject; } && std::default_initializable<T>;

// The documents of one collection as values of T: a Q_GADGET (gadgetjson.h), or a type with toJson() and fromJson(). Edit functions
// get a T. A stored value that is no T is InvalidValue. Any thread; the storage outlives this and its futures.
template<class T>
    requires JsonConvertible<T> || Gadget<T>
class TypedStorage
{
public:
    struct Document
    {
        DocumentId id;
        ServerSeq version;
        T value;
        Diff diff = {}; // of the edit that led here; empty from findOne
    };
    using Edit = std::function<Result<>(T &)>;

    TypedStorage(Storage &storage, CollectionName collection) : m_storage(storage), m_collection(std::move(collection)) {}

    QFuture<Result<Document>> findOne(const DocumentId &id)
    {
        return m_storage.findOne(id).then([](const Result<StoredDocument> &found) -> Result<Document> {
            if (!found)
                return failure(found.error());
            return typed(*found, {});
        });
    }
    QFuture<Result<Document>> createOne(const DocumentId &id, const T &value, const EditOptions &options = {})
    {
        json::Value json;
        if (auto written = write(value, json); !written)
            return refused(written.error());
        return typed(m_storage.createOne(m_collection, id, std::move(json), options));
    }
    QFuture<Result<Document>> findOneAndUpdate(const DocumentId &id, Edit edit, const EditOptions &options = {})
    {
        return typed(m_storage.findOneAndUpdate(id, onJson(std::move(edit)), options));
    }
    QFuture<Result<Document>> findOneAndUpsert(const DocumentId &id, const T &initial, Edit edit, const EditOptions &options = {})
    {
        json::Value json;
        if (auto written = write(initial, json); !written)
            return refused(written.error());
        return typed(m_storage.findOneAndUpsert(m_collection, id, std::move(json), onJson(std::move(edit)), options));
    }
    QFuture<Result<ServerSeq>> deleteOne(const DocumentId &id, const EditOptions &options = {})
    {
        return m_storage.deleteOne(id, options);
    }

    static Result<T> read(const json::Value &json)
    {
        if constexpr (JsonConvertible<T>) {
            return T::fromJson(json);
        } else {
            T value{};
            EVENTSYNC_CHECK(gadgetFromJson(T::staticMetaObject, &value, json));
            return value;
        }
    }
    static Result<> write(const T &value, json::Value &json)
    {
        if constexpr (JsonConvertible<T>) {
            json = value.toJson();
            return {};
        } else {
            return gadgetToJson(T::staticMetaObject, &value, json);
        }
    }

private:
    static EditFunction onJson(Edit edit)
    {
        return [edit = std::move(edit)](json::Value &json) -> Result<> {
            EVENTSYNC_TRY(T value, read(json));
            EVENTSYNC_CHECK(edit(value));
            return write(value, json);
        };
    }
    static Result<Document> typed(const StoredDocument &document, Diff diff)
    {
        EVENTSYNC_TRY(T value, read(document.value));
        return Document{document.id, document.version, std::move(value), std::move(diff)};
    }
    static QFuture<Result<Document>> typed(QFuture<Result<EditResult>> future)
    {
        return future.then([](const Result<EditResult> &edited) -> Result<Document> {
            if (!edited)
                return failure(edited.error());
            return typed(edited->document, edited->diff);
        });
    }
    static QFuture<Result<Document>> refused(const Error &error)
    {
        Reply<Document> reply;
        reply.answer(failure(error));
        return reply.future();
    }

    Storage &m_storage;
    const CollectionName m_collection;
};

} // namespace eventsync::storage
