// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/protocol/messages.h>

namespace eventsync::protocol {

/// A message in its JSON form, `type` included: what both codecs write.
json::Object toObject(const Message &message);

} // namespace eventsync::protocol
