// SPDX-License-Identifier: Apache-2.0
#include <eventsync/model/diff.h>

#include <eventsync/model/jsonfields.h>

namespace eventsync {

Result<Diff> Diff::fromJson(const json::Value &value)
{
    FieldReader read(value);
    Diff diff;
    if (read.has("crdt"))
        diff = Diff(CrdtPatchBytes{read.base64("crdt")});
    else
        diff = Diff(read.take(json::Patch::fromJson(read.required("patch")), "patch"));
    EVENTSYNC_CHECK(read.finish(UnknownFields::Refuse));
    return diff;
}

json::Value Diff::toJson() const
{
    json::Object object;
    if (isCrdt())
        object.emplace("crdt", toBase64Url(crdt()));
    else
        object.emplace("patch", patch().toJson());
    return object;
}

} // namespace eventsync
