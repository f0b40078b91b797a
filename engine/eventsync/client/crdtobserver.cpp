// SPDX-License-Identifier: Apache-2.0
#include <eventsync/client/crdtobserver_p.h>

#include <eventsync/crdt/document.h>

namespace eventsync::client {

namespace {

json::Pointer pointerTo(const crdt::Document &document, const crdt::Change &change)
{
    std::vector<std::string> tokens;
    for (const crdt::PathStep &step : document.pathOf(change.node)) {
        if (const auto *key = std::get_if<std::string>(&step))
            tokens.push_back(*key);
        else
            tokens.push_back(std::to_string(std::get<std::size_t>(step)));
    }
    if (!change.key.empty())
        tokens.push_back(change.key);
    return json::Pointer(std::move(tokens));
}

} // namespace

bool CrdtObserver::observe(DocumentState &state)
{
    return state.observe([this](const crdt::Document &document, const crdt::Change &change) { observed(document, change); });
}

void CrdtObserver::observed(const crdt::Document &document, const crdt::Change &change)
{
    CrdtChange &seen = m_changes.emplace_back();
    static_cast<crdt::Change &>(seen) = change;
    if (change.kind != crdt::Change::Kind::Text || change.inserted == 0)
        return;
    const crdt::NodeIndex node = document.find(change.node);
    if (node == crdt::kNoNode || document.node(node).kind != crdt::NodeKind::Str)
        return;
    std::u16string units;
    document.node(node).sequence().appendUtf16(units, change.position, change.inserted);
    seen.text = QString::fromStdU16String(units);
}

void CrdtObserver::forget(DocumentState &state)
{
    if (state.kind() == DocumentKind::Crdt)
        observe(state);
    m_changes.clear();
}

void CrdtObserver::loaded(DocumentState &state)
{
    m_wasCrdt = state.kind() == DocumentKind::Crdt;
    forget(state);
}

std::optional<CrdtChanged> CrdtObserver::take(const DocumentId &id, DocumentState &state, DocumentChanges &changes)
{
    const bool isCrdt = state.kind() == DocumentKind::Crdt;
    const bool wasCrdt = std::exchange(m_wasCrdt, isCrdt);
    if (!isCrdt && !wasCrdt)
        return std::nullopt;
    bool reset = isCrdt != wasCrdt;
    if (isCrdt)
        reset = observe(state) || reset;
    CrdtChanged notification{.documentId = id, .changes = std::exchange(m_changes, {}), .reset = reset, .remote = changes.isCausedByOthers()};
    if (reset) {
        notification.changes.clear();
        changes.everythingChanged();
        return notification;
    }
    if (notification.changes.empty())
        return std::nullopt;
    crdt::Id last;
    for (const CrdtChange &change : notification.changes) {
        if (changes.hasManyPaths())
            break;
        if (change.node != last || !change.key.empty())
            changes.contentChanged(pointerTo(state.crdt(), change));
        last = change.node;
    }
    return notification;
}

} // namespace eventsync::client
