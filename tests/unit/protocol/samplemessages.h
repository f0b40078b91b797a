// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/protocol/messages.h>

#include <string>
#include <vector>

namespace eventsync::test {

struct SampleMessage
{
    std::string name; // of its golden files
    protocol::Message message;
};

// Every type of message, fully and sparsely filled: what the golden files hold.
std::vector<SampleMessage> sampleMessages();

} // namespace eventsync::test
