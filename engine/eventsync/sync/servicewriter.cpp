// SPDX-License-Identifier: Apache-2.0
#include <eventsync/sync/servicewriter.h>

namespace eventsync::sync {

void ServiceWriter::write(eventlog::DocumentWrite write, Written done)
{
    if (const auto valid = normalize(write); !valid)
        return done(failure(valid.error()));
    m_service.write({.documentId = std::move(write.documentId), .collection = std::move(write.collection),
                     .clientId = std::move(write.clientId), .author = std::move(write.author), .ifVersion = write.ifVersion,
                     .edit = std::move(write.edit), .patch = std::move(write.patch), .kind = write.kind,
                     .metadata = std::move(write.metadata), .id = write.id},
                    [done = std::move(done)](Result<SyncService::Written> written) {
                        if (!written)
                            return done(failure(written.error()));
                        done(eventlog::WrittenDocument{std::move(written->record), std::move(written->diff), std::move(written->event)});
                    });
}

void ServiceWriter::transact(eventlog::DocumentTransaction transaction, TransactionDone done)
{
    m_service.transact(std::move(transaction), std::move(done));
}

void ServiceWriter::read(const DocumentId &id, std::function<void(Result<DocumentRecord>)> done)
{
    m_service.read(id, std::move(done));
}

void ServiceWriter::snapshot(const DocumentId &id, std::function<void(Result<Snapshot>)> done)
{
    m_service.snapshot(id, std::move(done));
}

} // namespace eventsync::sync
