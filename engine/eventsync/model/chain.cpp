// SPDX-License-Identifier: Apache-2.0
#include <eventsync/model/chain.h>

namespace eventsync {

Digest chainStart(const CollectionName &collection, const DocumentId &documentId)
{
    constexpr std::string_view kSeparator("\0", 1);
    return Sha256().add("eventsync.v1").add(kSeparator).add(collection.text()).add(kSeparator).add(documentId.text()).finish();
}

Digest chainNext(const Digest &chain, const Digest &eventDigest)
{
    std::array<char, 64> both;
    chain.view().copy(both.data(), 32);
    eventDigest.view().copy(both.data() + 32, 32);
    return sha256({both.data(), both.size()});
}

} // namespace eventsync
