// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/eventlog/enginestate_p.h>

#include <functional>
#include <set>

namespace eventsync::eventlog {

// Client ids that server code uses. The first use reserves an id permanently for code; the server's own names need no
// reservation. Owner only.
class AuthorIds
{
public:
    explicit AuthorIds(EngineState &state) : m_state(state) {}

    // ClientIdInUse if a replica has it.
    void reserve(const ClientId &client, std::function<void(const Result<> &)> done);

private:
    void remember(const ClientId &client);
    void insert(const ClientId &client, std::function<void(const Result<> &)> done);

    EngineState &m_state;
    std::set<ClientId> m_known;
};

} // namespace eventsync::eventlog
