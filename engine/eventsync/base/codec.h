// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace eventsync {

/// How the messages of one connection are encoded. A connection settles it while it opens (transport/connection.h);
/// protocol/codec.h encodes and decodes.
enum class Codec { Json, Cbor };

} // namespace eventsync
