// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <eventsync/base/limits.h>

/// \file
/// Messages and presence between the nodes of one system.
namespace eventsync::limits {

constexpr std::size_t kPubSubMessageBytes = 8 * kMiB; ///< a quarter of what Redis buffers for one slow subscriber
constexpr std::size_t kPubSubTopicBytes = 512;        ///< of a topic's name
constexpr std::size_t kPubSubQueueBytes = 32 * kMiB;  ///< handed to a connection and not written: above it QueueFull
constexpr std::size_t kPubSubQueue = 65'536;          ///< the same in messages
constexpr auto kPubSubConnectTime = 5'000ms;          ///< from dialling to an open connection
constexpr auto kPubSubAnswerTime = 10'000ms;          ///< a broker silent for so long is considered gone
constexpr auto kPubSubPing = 4'000ms;                 ///< an idle connection is asked, so that a dead one is noticed
constexpr auto kPubSubRetryFirst = 500ms;             ///< before the first new try to connect; it doubles ...
constexpr auto kPubSubRetryLongest = 30'000ms;        ///< ... up to here ...
constexpr auto kPubSubRetryHealthy = 60'000ms;        ///< ... and begins anew after a connection of this length
constexpr auto kPeerAnnounce = 1'000ms;               ///< between two announcements of a peer
constexpr int kPeerMissed = 3;                        ///< announcements missed: the peer is gone
constexpr std::size_t kPeers = 10'000;                ///< of one group; further ones are not listed
constexpr std::size_t kPeerAddressBytes = 2 * kKiB;   ///< of the address that a peer announces

} // namespace eventsync::limits
