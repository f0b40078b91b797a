// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/eventlog/documentwriter.h>
#include <eventsync/sync/syncservice.h>

namespace eventsync::sync {

// A running SyncService as the DocumentWriter of its process: what code changes through EventSyncStorage or EventSourcedStorage
// goes the way of every other write (flow 1), so every subscriber sees it live. The engine's thread; service, backend and
// executor, which are the service's own, outlive it.
class ServiceWriter final : public eventlog::DocumentWriter
{
public:
    ServiceWriter(SyncService &service, storage::Backend &backend, Executor &executor, Policies policies)
        : m_service(service), m_backend(backend), m_executor(executor), m_policies(std::move(policies))
    {
    }

    Executor &executor() override { return m_executor; }
    storage::Backend &backend() override { return m_backend; }
    const CollectionPolicy &policy(const CollectionName &collection) const override { return m_policies.of(collection); }

    void write(eventlog::DocumentWrite write, Written done) override;
    void transact(eventlog::DocumentTransaction transaction, TransactionDone done) override;
    void read(const DocumentId &id, std::function<void(Result<DocumentRecord>)> done) override;
    void snapshot(const DocumentId &id, std::function<void(Result<Snapshot>)> done) override;

private:
    SyncService &m_service;
    storage::Backend &m_backend;
    Executor &m_executor;
    const Policies m_policies;
};

} // namespace eventsync::sync
