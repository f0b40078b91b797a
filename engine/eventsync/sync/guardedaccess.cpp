// SPDX-License-Identifier: Apache-2.0
#include <eventsync/sync/guardedaccess_p.h>

#include <eventsync/base/guard.h>
#include <eventsync/sync/logging_p.h>

namespace eventsync::sync {

namespace {

class GuardedAccess final : public AccessPolicy
{
public:
    explicit GuardedAccess(std::shared_ptr<const AccessPolicy> policy) : m_policy(std::move(policy)) {}

    Result<Principal> authenticate(const std::optional<std::string> &token, const ClientId &client) const override
    {
        Result<Principal> answer = failure(ErrorCode::Unavailable, "the server cannot check who connects at the moment");
        if (const auto asked = guarded([&] { answer = m_policy->authenticate(token, client); }); !asked)
            qCWarning(lcSync) << "the access policy failed, and the connection is refused:" << asked.error().message.c_str();
        return answer;
    }
    Access access(const Principal &principal, const std::optional<CollectionName> &collection, const DocumentId &document) const override
    {
        return orNone(guarded([&] { return m_policy->access(principal, collection, document); }));
    }
    Access collectionAccess(const Principal &principal, const CollectionName &collection) const override
    {
        return orNone(guarded([&] { return m_policy->collectionAccess(principal, collection); }));
    }

private:
    static Access orNone(const Result<Access> &access)
    {
        if (!access)
            qCWarning(lcSync) << "the access policy failed, and gives no access:" << access.error().message.c_str();
        return access.value_or(Access::None);
    }

    std::shared_ptr<const AccessPolicy> m_policy;
};

} // namespace

std::shared_ptr<const AccessPolicy> guardedAccess(std::shared_ptr<const AccessPolicy> policy)
{
    return std::make_shared<GuardedAccess>(std::move(policy));
}

} // namespace eventsync::sync
