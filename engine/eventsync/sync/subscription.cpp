// SPDX-License-Identifier: Apache-2.0
#include <eventsync/sync/subscription_p.h>

#include <eventsync/protocol/limits.h>
#include <eventsync/sync/limits.h>
#include <eventsync/sync/session_p.h>

#include <utility>

namespace eventsync::sync {

using eventlog::DocumentCore;
using eventlog::DocumentPtr;

Subscription::Subscription(Session &session, SyncContext &context, const DocumentId &document)
    : m_session(session), m_context(context), m_sessionId(session.id()), m_id(document)
{
}

SessionId Subscription::session() const
{
    return m_sessionId;
}

std::optional<CollectionName> Subscription::collection() const
{
    const auto known = m_pin ? m_pin->document()->collection() : std::nullopt;
    return known ? known : m_parameters.collection;
}

template<class T>
std::function<void(T)> Subscription::whileCurrent(void (Subscription::*task)(T))
{
    return [weak = weak_from_this(), task, request = m_accepted](T argument) {
        const auto self = weak.lock();
        if (self && self->m_state != State::Ended && self->m_accepted == request)
            ((*self).*task)(std::forward<T>(argument));
    };
}

// ---- requests

void Subscription::request(const protocol::Subscribe &message)
{
    const std::uint64_t request = ++m_newest;
    if (request == 1)
        m_parameters = message;
    m_context.engine.whenLoaded(m_id, [weak = weak_from_this(), message, request](const Result<DocumentPtr> &found) {
        const auto self = weak.lock();
        if (!self || self->m_state == State::Ended || (request != self->m_newest && request != self->m_accepted))
            return;
        if (found)
            self->accept(message, request, *found);
        else
            self->refuseRequest(request, found.error());
    });
}

void Subscription::refuseRequest(std::uint64_t request, const Error &error)
{
    if (request == m_accepted)
        return fail(error);
    m_newest = m_accepted; // the earlier subscription stays
    m_session.peer().sendError(error, protocol::ErrorScope::Document, m_id);
}

void Subscription::accept(const protocol::Subscribe &message, std::uint64_t request, const DocumentPtr &document)
{
    const DocumentCore &core = *document->core();
    Outbox &peer = m_session.peer();
    const Access access =
        m_context.options.access->access(m_session.principal(), core.log().collection() ? core.log().collection() : message.collection, m_id);
    if (access == Access::None) {
        m_session.unsubscribe(m_id);
        return peer.sendError({ErrorCode::PermissionDenied, "no right to read"}, protocol::ErrorScope::Document, m_id);
    }
    if (core.log().collection() && message.collection && *core.log().collection() != *message.collection) {
        if (request == m_accepted)
            m_session.unsubscribe(m_id);
        m_newest = m_accepted;
        return peer.sendError({ErrorCode::WrongCollection, "the document is in another collection"}, protocol::ErrorScope::Document, m_id);
    }
    m_accepted = request;
    m_parameters = message;
    m_state = State::Starting;
    m_announcements.restart();
    m_sent = ServerSeq();
    m_clock.reset();
    m_transfer.reset();
    m_synced = false;
    m_permission = access == Access::Write ? protocol::Permission::Write : protocol::Permission::Read;
    m_pin.emplace(document);
    m_context.broker.add(m_id, shared_from_this());
    findStart(m_context, document, message, m_session.requester(), whileCurrent<const Result<StartPosition> &>(&Subscription::start));
}

void Subscription::start(const Result<StartPosition> &position)
{
    if (!position)
        return fail(position.error());
    const DocumentCore *core = m_pin->document()->core();
    if (position->diverged)
        m_session.peer().send(protocol::Diverged{m_id, position->after, core->log().head().serverSeq});
    m_sent = position->after;
    m_clock.reset();
    if (core && snapshotIsCheaper(m_context, *core, m_parameters, m_sent))
        startSnapshot();
    else
        catchUp();
}

void Subscription::startSnapshot(ServerSeq atLeast)
{
    m_state = State::Starting;
    prepareTransfer(m_context, m_pin->document(), m_parameters, m_session.requester(), atLeast, whileCurrent<Result<SnapshotTransfer>>(&Subscription::startTransfer));
}

void Subscription::startTransfer(Result<SnapshotTransfer> transfer)
{
    if (!transfer)
        return fail(transfer.error());
    m_parameters.snapshotPart.reset();
    m_transfer.emplace(std::move(*transfer));
    m_announcements.restart();
    catchUp();
}

// ---- the end

void Subscription::end()
{
    m_state = State::Ended;
    m_context.broker.remove(m_id, m_sessionId);
    m_context.presence.endOf(m_sessionId, m_id, m_session.client());
    m_pin.reset();
}

// If the store fails for one document the connection stays: the peer subscribes to the document again, and its pushes wait at
// the peer until then. Damage is permanent, and a peer that gets Corrupt does not subscribe again.
void Subscription::refuse(const Error &error)
{
    m_context.store().noteDamage(error);
    m_session.unsubscribe(m_id);
    std::optional<std::chrono::milliseconds> later;
    if (errorClass(error.code) == ErrorClass::Transient)
        later = error.code == ErrorCode::Unavailable ? limits::kRetryFirst : limits::kRetryStore;
    m_session.peer().sendError(error, protocol::ErrorScope::Document, m_id, later);
}

void Subscription::fail(const Error &error)
{
    refuse(error);
    m_session.sendPending();
}

void Subscription::documentUnavailable(const Error &error)
{
    if (m_state == State::Ended)
        return;
    m_session.unsubscribe(m_id);
    m_session.peer().sendError(error, protocol::ErrorScope::Document, m_id);
}

void Subscription::revoke()
{
    if (m_state == State::Ended)
        return;
    m_session.unsubscribe(m_id);
    m_session.peer().send(protocol::Revoked{m_id, "access was withdrawn"});
}

void Subscription::recheckAccess()
{
    const Access access = m_context.options.access->access(m_session.principal(), collection(), m_id);
    m_permission = access == Access::Write ? protocol::Permission::Write : protocol::Permission::Read;
    if (access == Access::None)
        revoke();
}

} // namespace eventsync::sync
