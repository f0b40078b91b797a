// SPDX-License-Identifier: Apache-2.0
#include <eventsync/base/ids.h>

#include <eventsync/base/limits.h>

#include <algorithm>
#include <array>

namespace eventsync {

namespace {

bool isAlphanumeric(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool consistsOf(std::string_view text, std::string_view extra)
{
    return std::all_of(text.begin(), text.end(),
                       [&](char c) { return isAlphanumeric(c) || extra.find(c) != std::string_view::npos; });
}

bool fits(std::string_view text, std::size_t longest)
{
    return !text.empty() && text.size() <= longest;
}

constexpr std::array<std::string_view, 16> kReservedCollections = {
    "events", "snapshots", "state_vectors", "vector_clocks", "clients", "idempotency", "changes", "cursor_log",
    "queue", "undo", "staging", "tokens", "meta", "sync", "stream", "state-vectors"};

} // namespace

Result<DocumentId> documentIdFrom(std::string_view text)
{
    if (!fits(text, limits::kDocumentIdBytes) || !consistsOf(text, "._~-"))
        return failure(ErrorCode::InvalidValue, "a document id is 1 to 128 of A-Z a-z 0-9 . _ ~ -");
    return DocumentId(std::string(text));
}

Result<> checkNewDocumentId(const DocumentId &id)
{
    EVENTSYNC_CHECK(documentIdFrom(id.text()));
    if (id.text() == "." || id.text() == "..")
        return failure(ErrorCode::InvalidValue, "a document cannot have the id '" + id.text() + "'");
    return {};
}

Result<CollectionName> collectionNameFrom(std::string_view text)
{
    const auto lower = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-'; };
    if (!fits(text, limits::kCollectionNameBytes) || !(text[0] >= 'a' && text[0] <= 'z') ||
        !std::all_of(text.begin(), text.end(), lower))
        return failure(ErrorCode::InvalidValue, "a collection name is a-z, then up to 62 of a-z 0-9 _ -");
    if (std::find(kReservedCollections.begin(), kReservedCollections.end(), text) != kReservedCollections.end())
        return failure(ErrorCode::InvalidValue, "the collection name '" + std::string(text) + "' is used by EventSync itself");
    return CollectionName(std::string(text));
}

Result<ClientId> clientIdFrom(std::string_view text)
{
    if (text == "server" || text == "external" || text.find(':') != std::string_view::npos)
        return failure(ErrorCode::ClientIdReserved, "the client id '" + std::string(text.substr(0, 64)) + "' is the server's own");
    if (!fits(text, limits::kClientIdBytes) || !consistsOf(text, "._-"))
        return failure(ErrorCode::InvalidValue, "a client id is 1 to 64 of A-Z a-z 0-9 . _ -");
    return ClientId(std::string(text));
}

Result<ClientId> authorIdFrom(std::string_view text)
{
    const auto colon = text.find(':');
    const bool prefixed = colon != std::string_view::npos && fits(text.substr(0, colon), 16) &&
                          consistsOf(text.substr(0, colon), "") &&
                          fits(text.substr(colon + 1), limits::kClientIdBytes) && consistsOf(text.substr(colon + 1), "._-");
    if (!prefixed && (!fits(text, limits::kClientIdBytes) || !consistsOf(text, "._-")))
        return failure(ErrorCode::InvalidValue, "a client id is 1 to 64 of A-Z a-z 0-9 . _ -, after a prefix and ':' if it is the server's");
    return ClientId(std::string(text));
}

} // namespace eventsync
