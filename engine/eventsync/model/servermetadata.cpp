// SPDX-License-Identifier: Apache-2.0
#include <eventsync/model/servermetadata.h>

namespace eventsync {

Result<> checkClientMetadata(const json::Object &metadata)
{
    if (metadata.contains("transactionId"))
        return failure(ErrorCode::PermissionDenied, "transactions are the server's", "/metadata/transactionId");
    const json::Value *conflict = metadata.if_contains("conflict");
    const json::Value *decidedBy = conflict && conflict->is_object() ? conflict->get_object().if_contains("decidedBy") : nullptr;
    if (decidedBy && decidedBy->is_string() && decidedBy->get_string() == "server")
        return failure(ErrorCode::PermissionDenied, "what the server decided, it says itself", "/metadata/conflict/decidedBy");
    return {};
}

} // namespace eventsync
