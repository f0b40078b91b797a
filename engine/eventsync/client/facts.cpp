// SPDX-License-Identifier: Apache-2.0
#include <eventsync/client/facts.h>

namespace eventsync::client {

template <typename T>
    requires std::constructible_from<FactVariant, std::in_place_type_t<T>, T>
Fact::Fact(T fact) : FactVariant(std::in_place_type<T>, std::move(fact))
{}
template Fact::Fact(DocumentChanged);
template Fact::Fact(CrdtChanged);
template Fact::Fact(EventsApplied);
template Fact::Fact(DocumentSynced);
template Fact::Fact(DocumentDiverged);
template Fact::Fact(DocumentRefused);
template Fact::Fact(DocumentDamaged);
template Fact::Fact(DocumentRevoked);
template Fact::Fact(QueueChanged);
template Fact::Fact(ConflictFound);
template Fact::Fact(DeadLettered);
template Fact::Fact(EditLogged);
template Fact::Fact(ClientIdChanged);
template Fact::Fact(Welcomed);
template Fact::Fact(ConnectionReplaced);
template Fact::Fact(ServerLeaving);
template Fact::Fact(HeadsChanged);
template Fact::Fact(WatchReady);
template Fact::Fact(CursorsChanged);
template Fact::Fact(PresenceChanged);
template Fact::Fact(QueryAnswered);
template Fact::Fact(ServerError);

Fact::Fact() = default;
Fact::Fact(const Fact &other) = default;
Fact::Fact(Fact &&other) noexcept = default;
Fact &Fact::operator=(const Fact &other) = default;
Fact &Fact::operator=(Fact &&other) noexcept = default;
Fact::~Fact() = default;

} // namespace eventsync::client
