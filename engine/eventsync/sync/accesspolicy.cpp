// SPDX-License-Identifier: Apache-2.0
#include <eventsync/sync/accesspolicy.h>

namespace eventsync::sync {

namespace {

class AllowAll final : public AccessPolicy
{
public:
    Result<Principal> authenticate(const std::optional<std::string> &, const ClientId &) const override { return Principal{}; }
    Access access(const Principal &, const std::optional<CollectionName> &, const DocumentId &) const override
    {
        return Access::Write;
    }
    Access collectionAccess(const Principal &, const CollectionName &) const override { return Access::Write; }
};

} // namespace

std::shared_ptr<const AccessPolicy> allowAll()
{
    static const auto policy = std::make_shared<const AllowAll>();
    return policy;
}

} // namespace eventsync::sync
