// SPDX-License-Identifier: Apache-2.0
#include <eventsync/eventlog/finding.h>

#include <array>

namespace eventsync::eventlog {

namespace {

constexpr std::array<std::string_view, 17> kNames = {
    "unreadable", "gap", "chain", "identity", "clientSeq", "fold", "inverse", "horizon", "id", "orphan", "size", "rule",
    "document", "snapshot", "vectorClock", "stateVector", "lag"};

} // namespace

std::string_view findingKindName(FindingKind kind)
{
    return kNames[static_cast<std::size_t>(kind)];
}

std::string Finding::toText() const
{
    std::string text(findingKindName(kind));
    if (!documentId.isEmpty())
        text += ": " + documentId.text();
    if (serverSeq > ServerSeq(0))
        text += " at " + std::to_string(serverSeq.value());
    return text + ": " + message;
}

json::Value Finding::toJson() const
{
    json::Object object{{"kind", findingKindName(kind)}, {"message", message}};
    if (!documentId.isEmpty())
        object["documentId"] = documentId.text();
    if (serverSeq > ServerSeq(0))
        object["serverSeq"] = serverSeq.value();
    return object;
}

} // namespace eventsync::eventlog
