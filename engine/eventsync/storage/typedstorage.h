// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/storage/gadgetjson.h>
#include <eventsync/storage/reply.h>
#include <eventsync/storage/storage.h>

#include <concepts>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace eventsync::storage {

template<class T>
concept JsonConvertible = requires(const T &value, const json::Value &json) {
    { value.toJson() } -> std::convertible_to<json::Value>;
    { T::fromJson(json) } -> std::same_as<Result<T>>;
};

template<class T>
concept Gadget = requires { T::staticMetaObject; } && std::default_initializable<T>;

template<class T>
concept Typed = JsonConvertible<T> || Gadget<T>;

template<class T>
concept Section = Typed<T> || std::same_as<T, json::Value>;

/// The documents of one collection as values of T: a Q_GADGET (gadgetjson.h), or a type with toJson() and fromJson(). Edit
/// functions get a T. A stored value that is not a T is InvalidValue. Any thread; the storage must outlive this and its
/// futures.
template<Typed T>
class TypedStorage
{
public:
    struct Document
    {
        DocumentId id;
        ServerSeq version;
        T value;
        Diff diff = {}; ///< of the edit that led here; empty from findOne and findMany
    };
    struct Page
    {
        std::vector<Document> documents;
        std::optional<std::string> nextPageToken;
    };
    /// StorageChange, in the order of each document's versions
    struct Change
    {
        DocumentId id;
        ServerSeq version;
        Diff diff;            ///< empty for a delete
        bool deleted = false;
        std::optional<T> value = {};     ///< after the change; none if deleted, or if it is not a T:
        std::optional<Error> error = {}; ///< then why
    };
    using Edit = std::function<Result<>(T &)>;
    /// The map has every requested id; values can be changed, additions and removals are ignored.
    using TransactionEdit = std::function<Result<>(std::map<DocumentId, T> &)>;

    TypedStorage(Storage &storage, CollectionName collection) : m_storage(storage), m_collection(std::move(collection)) {}

    QFuture<Result<Document>> findOne(const DocumentId &id)
    {
        return m_storage.findOne(id).then([](const Result<StoredDocument> &found) -> Result<Document> {
            if (!found)
                return failure(found.error());
            return typed(*found, {});
        });
    }
    /// Whole documents: `fields` is Invalid here. A stored value that is no T fails the page.
    QFuture<Result<Page>> findMany(const FindOptions &options = {})
    {
        if (!options.fields.empty())
            return refused<Page>({ErrorCode::Invalid, "a typed document has all its fields"});
        return m_storage.findMany(m_collection, options).then([](const Result<FindPage> &found) -> Result<Page> {
            if (!found)
                return failure(found.error());
            Page page{{}, found->nextPageToken};
            for (const StoredDocument &document : found->documents) {
                EVENTSYNC_TRY(Document one, typed(document, {}));
                page.documents.push_back(std::move(one));
            }
            return page;
        });
    }
    QFuture<Result<Document>> createOne(const DocumentId &id, const T &value, const EditOptions &options = {})
    {
        json::Value json;
        if (auto written = write(value, json); !written)
            return refused<Document>(written.error());
        return typed(m_storage.createOne(m_collection, id, std::move(json), options));
    }
    QFuture<Result<Document>> findOneAndUpdate(const DocumentId &id, Edit edit, const EditOptions &options = {})
    {
        return typed(m_storage.findOneAndUpdate(id, onJson<T>(std::move(edit)), options));
    }
    QFuture<Result<Document>> findOneAndUpsert(const DocumentId &id, const T &initial, Edit edit, const EditOptions &options = {})
    {
        json::Value json;
        if (auto written = write(initial, json); !written)
            return refused<Document>(written.error());
        return typed(m_storage.findOneAndUpsert(m_collection, id, std::move(json), onJson<T>(std::move(edit)), options));
    }
    QFuture<Result<Document>> updateOne(const DocumentId &id, const json::Patch &patch, const EditOptions &options = {})
    {
        return typed(m_storage.updateOne(id, patch, options));
    }
    QFuture<Result<ServerSeq>> deleteOne(const DocumentId &id, const EditOptions &options = {})
    {
        return m_storage.deleteOne(id, options);
    }
    /// The value at `section` as an S of its own, or as plain JSON: editSection<Stats>(id, pointer, [](Stats &stats) { ... }).
    template<Section S, class F>
    QFuture<Result<Document>> editSection(const DocumentId &id, const json::Pointer &section, F edit, const EditOptions &options = {})
    {
        return typed(m_storage.editSection(id, section, onJson<S>(std::move(edit)), options));
    }
    /// All or none; answers in the order of ids.
    QFuture<Result<std::vector<Document>>> transaction(const std::vector<DocumentId> &ids, TransactionEdit edit,
                                                       const EditOptions &options = {})
    {
        return m_storage.transaction(ids, onJson(std::move(edit)), options)
            .then([](const Result<std::vector<EditResult>> &edited) -> Result<std::vector<Document>> {
                if (!edited)
                    return failure(edited.error());
                std::vector<Document> documents;
                for (const EditResult &one : *edited) {
                    EVENTSYNC_TRY(Document document, typed(one.document, one.diff));
                    documents.push_back(std::move(document));
                }
                return documents;
            });
    }
    /// Calls `changed`, on `executor`, for every change of the collection made through the storage from now on.
    std::unique_ptr<WatchHandle> watch(Executor &executor, std::function<void(const Change &)> changed)
    {
        return m_storage.watch(m_collection, executor, [changed = std::move(changed)](const StorageChange &from) {
            Change change{from.id, from.version, from.diff, from.deleted};
            if (from.value) {
                if (auto value = read(*from.value))
                    change.value = std::move(*value);
                else
                    change.error = std::move(value).error();
            }
            changed(change);
        });
    }

    static Result<T> read(const json::Value &json) { return readAs<T>(json); }
    static Result<> write(const T &value, json::Value &json) { return writeAs(value, json); }

private:
    template<Section S>
    static Result<S> readAs(const json::Value &json)
    {
        if constexpr (std::same_as<S, json::Value>) {
            return json;
        } else if constexpr (JsonConvertible<S>) {
            return S::fromJson(json);
        } else {
            S value{};
            EVENTSYNC_CHECK(gadgetFromJson(S::staticMetaObject, &value, json));
            return value;
        }
    }
    template<Section S>
    static Result<> writeAs(const S &value, json::Value &json)
    {
        if constexpr (std::same_as<S, json::Value>) {
            json = value;
            return {};
        } else if constexpr (JsonConvertible<S>) {
            json = value.toJson();
            return {};
        } else {
            return gadgetToJson(S::staticMetaObject, &value, json);
        }
    }
    template<Section S>
    static EditFunction onJson(std::function<Result<>(S &)> edit)
    {
        return [edit = std::move(edit)](json::Value &json) -> Result<> {
            EVENTSYNC_TRY(S value, readAs<S>(json));
            EVENTSYNC_CHECK(edit(value));
            return writeAs(value, json);
        };
    }
    static TransactionFunction onJson(TransactionEdit edit)
    {
        return [edit = std::move(edit)](std::map<DocumentId, json::Value> &documents) -> Result<> {
            std::map<DocumentId, T> values;
            for (const auto &[id, json] : documents) {
                EVENTSYNC_TRY(T value, read(json));
                values.emplace(id, std::move(value));
            }
            EVENTSYNC_CHECK(edit(values));
            for (auto &[id, json] : documents) {
                if (const auto found = values.find(id); found != values.end())
                    EVENTSYNC_CHECK(write(found->second, json));
            }
            return {};
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
    template<class R>
    static QFuture<Result<R>> refused(const Error &error)
    {
        Reply<R> reply;
        reply.answer(failure(error));
        return reply.future();
    }

    Storage &m_storage;
    const CollectionName m_collection;
};

} // namespace eventsync::storage
