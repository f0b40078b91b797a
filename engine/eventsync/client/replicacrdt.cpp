// SPDX-License-Identifier: Apache-2.0
//
// Documents of kind crdt: their edits (docs/crdt.md).
#include <eventsync/client/documentreplica.h>

namespace eventsync::client {

const crdt::Document *DocumentReplica::crdtDocument() const
{
    return nullptr;
}

Result<DocumentReplica::Made> DocumentReplica::createCrdt(const CollectionName &collection, json::Value initial,
                                                          json::Object metadata, Outcome &out)
{
    static_cast<void>(collection);
    static_cast<void>(initial);
    static_cast<void>(metadata);
    static_cast<void>(out);
    return failure(ErrorCode::Invalid, "documents of kind crdt are not supported here");
}

Result<DocumentReplica::Made> DocumentReplica::updateCrdt(const ClientCore::CrdtEdit &edit, json::Object metadata, Outcome &out)
{
    static_cast<void>(edit);
    static_cast<void>(metadata);
    static_cast<void>(out);
    return failure(ErrorCode::Invalid, "the document is not of kind crdt");
}

} // namespace eventsync::client
