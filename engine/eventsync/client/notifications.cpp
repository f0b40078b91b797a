// SPDX-License-Identifier: Apache-2.0
#include <eventsync/client/notifications.h>

namespace eventsync::client {

template <typename T>
    requires std::constructible_from<NotificationVariant, std::in_place_type_t<T>, T>
Notification::Notification(T notification) : NotificationVariant(std::in_place_type<T>, std::move(notification))
{}
template Notification::Notification(DocumentChanged);
template Notification::Notification(CrdtChanged);
template Notification::Notification(EventsApplied);
template Notification::Notification(DocumentSynced);
template Notification::Notification(DocumentDiverged);
template Notification::Notification(DocumentRefused);
template Notification::Notification(DocumentDamaged);
template Notification::Notification(DocumentRevoked);
template Notification::Notification(QueueChanged);
template Notification::Notification(ConflictFound);
template Notification::Notification(DeadLettered);
template Notification::Notification(EditLogged);
template Notification::Notification(ClientIdChanged);
template Notification::Notification(Welcomed);
template Notification::Notification(ConnectionReplaced);
template Notification::Notification(ServerLeaving);
template Notification::Notification(HeadsChanged);
template Notification::Notification(WatchReady);
template Notification::Notification(CursorsChanged);
template Notification::Notification(PresenceChanged);
template Notification::Notification(QueryAnswered);
template Notification::Notification(ServerError);

Notification::Notification() = default;
Notification::Notification(const Notification &other) = default;
Notification::Notification(Notification &&other) noexcept = default;
Notification &Notification::operator=(const Notification &other) = default;
Notification &Notification::operator=(Notification &&other) noexcept = default;
Notification::~Notification() = default;

} // namespace eventsync::client
