// SPDX-License-Identifier: Apache-2.0
#include <eventsync/eventlog/ruleverifier.h>

#include <eventsync/eventlog/eventstore.h>
#include <eventsync/eventlog/schema.h>
#include <eventsync/model/validator.h>

#include <map>

namespace eventsync::eventlog {

namespace {

class RuleVerifier
{
public:
    RuleVerifier(storage::ReadView &view, const Policies &policies, const VerifyOptions &options)
        : m_view(view), m_policies(policies), m_options(options)
    {
    }

    Result<VerifyReport> run()
    {
        if (m_options.document) {
            EVENTSYNC_TRY(const auto cells, m_view.get(sets::kDocuments, {m_options.document->text()}));
            if (!cells)
                return failure(ErrorCode::NotFound, "there is no document " + m_options.document->text());
            EVENTSYNC_CHECK(document(*m_options.document));
            return std::move(m_report);
        }
        Result<> good;
        EVENTSYNC_CHECK(m_view.scan({.set = sets::kDocuments, .columns = {document::Id}}, [&](const storage::Row &cells) {
            good = document(DocumentId(std::string(textOf(cells, document::Id).value_or(""))));
            return good.has_value();
        }));
        EVENTSYNC_CHECK(good);
        return std::move(m_report);
    }

private:
    // Through the log, because the document's row may lag.
    Result<> document(const DocumentId &id)
    {
        ++m_report.documents;
        const auto loaded = EventStore(m_view).load(id);
        if (!loaded || !*loaded) {
            found(FindingKind::Unreadable, id, loaded ? "its row is gone" : loaded.error().toString());
            return {};
        }
        EVENTSYNC_TRY(const StateCheck *check, checkOf((*loaded)->row.collection));
        if ((*loaded)->state.exists()) {
            for (const Error &complaint : check->complaints((*loaded)->state.view()))
                found(FindingKind::Rule, id, complaint.path + ": " + complaint.message);
        }
        if (m_options.progress)
            m_options.progress({m_report.documents, m_report.events, m_report.found});
        return {};
    }

    Result<const StateCheck *> checkOf(const CollectionName &collection)
    {
        const auto known = m_checks.find(collection);
        if (known != m_checks.end())
            return &known->second;
        EVENTSYNC_TRY(StateCheck check, StateCheck::make(collection, m_policies.of(collection)));
        return &m_checks.emplace(collection, std::move(check)).first->second;
    }

    void found(FindingKind kind, const DocumentId &id, std::string message)
    {
        ++m_report.found;
        if (m_report.findings.size() < m_options.keepFindings)
            m_report.findings.push_back({kind, id, ServerSeq(0), std::move(message)});
    }

    storage::ReadView &m_view;
    const Policies &m_policies;
    const VerifyOptions &m_options;
    VerifyReport m_report;
    std::map<CollectionName, StateCheck> m_checks;
};

} // namespace

Result<VerifyReport> verifyRules(storage::ReadView &view, const Policies &policies, const VerifyOptions &options)
{
    return RuleVerifier(view, policies, options).run();
}

} // namespace eventsync::eventlog
