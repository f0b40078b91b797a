// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

// Every bound of EventSync, with its unit and its reason, in one place. Programs may be configured downwards from here
// (Limits below), never upwards: what is stored under a bound must stay readable.
namespace eventsync::limits {

using namespace std::chrono_literals;

constexpr std::size_t kKiB = 1024;
constexpr std::size_t kMiB = 1024 * kKiB;

// Names.
constexpr std::size_t kDocumentIdBytes = 128;
constexpr std::size_t kCollectionNameBytes = 63;
constexpr std::size_t kClientIdBytes = 64;

// Values. Depth counts containers from the document's root: recursion in every reader of JSON stays this shallow.
constexpr int kDepth = 64;
constexpr int kEventDepthExtra = 8;  // an event wraps the value in its patch
constexpr int kFrameDepthExtra = 8;  // a frame wraps the event
constexpr std::size_t kPointerTokens = 128; // deeper than any value, so that a long pointer costs no memory
constexpr std::int64_t kMaxInteger = 9007199254740991; // 2^53 - 1, what every JSON reader keeps exactly (RFC 7493)

// Sizes, in bytes of canonical JSON or of the frame.
constexpr std::size_t kDocumentBytes = 4 * kMiB;
constexpr std::size_t kEventBytes = 1 * kMiB;
constexpr std::size_t kLoggedEventExtraBytes = 1 * kKiB; // serverSeq, storedAt, salt, author: what the server adds
constexpr std::size_t kFrameBytes = 2 * kMiB;        // a largest event and room around it
constexpr std::size_t kCatchUpChunkBytes = 256 * kKiB; // small enough that control messages do not wait behind it
constexpr std::size_t kPresenceBytes = 4 * kKiB;
constexpr std::size_t kPatternTextBytes = 4 * kKiB;  // of a text that a schema's regular expression looks at
constexpr std::size_t kPatternBytes = 4 * kKiB;      // of that expression, which is compiled for each state it judges
constexpr int kPatternSteps = 100'000;               // tries for one text, some milliseconds; a sound expression needs few for a letter
constexpr std::size_t kPatternHeapBytes = 64 * kMiB; // what those steps may remember
// A collection's JSON Schema: the library that runs it recurses along references, so their number and reach are bounded.
constexpr std::size_t kSchemaBytes = 256 * kKiB;
constexpr int kSchemaDepth = 32;
constexpr std::size_t kSchemaReferences = 128;
constexpr int kSchemaSteps = 32;                       // schemas that one value is held to, one inside the other
constexpr std::size_t kPatchOperations = 100'000;
constexpr std::uint64_t kPatchWork = 256 * kMiB;     // bytes one patch may copy or measure, and array elements it may shift:
                                                     // well below a second, whatever its 900 bytes ask for

// Connections.
constexpr std::size_t kUnsentHighWaterBytes = 1 * kMiB; // above it a reader falls back from live to catch-up
constexpr std::size_t kUnsentHardBytes = 8 * kMiB;      // above it the connection is closed (SlowConsumer)
constexpr std::size_t kDocumentsPerConnection = 10'000;
constexpr std::size_t kInFlightEvents = 64;             // unanswered pushed events per document
constexpr std::size_t kCheckpointsPerSubscribe = 16;
// The queue's ids and the kept acknowledged ones: a pair takes 80 bytes of JSON, so that many fit a largest frame beside the
// checkpoints. Ids left out cost a repeated push that is answered `duplicate`, nothing else.
constexpr std::size_t kPendingIdsPerSubscribe = 25'000;
constexpr std::size_t kWaitingPushBytes = 16 * kMiB;     // of one connection's pushes that are not committed yet, as JSON:
                                                         // decoded they take up to ten times as much
constexpr std::size_t kAllWaitingPushBytes = 128 * kMiB; // ... of all connections, those that have gone included
constexpr std::size_t kPageItems = 1'000;
constexpr auto kHeartbeat = 15'000ms;
constexpr auto kPresenceKeep = 30'000ms;
constexpr auto kHeadPoll = 5'000ms;
constexpr auto kHttpRequestTime = 10'000ms;
constexpr auto kHandshakeTime = 10'000ms;               // from dialling to an open connection
constexpr auto kCloseTime = 3'000ms;                    // how long the peer may take to answer a close
constexpr std::size_t kHttpHeadBytes = 16 * kKiB;       // request line and headers
constexpr std::size_t kHttpBodyBytes = 8 * kMiB;        // a largest document written with generous white space
constexpr std::size_t kHttpReadBytes = 64 * kKiB;       // read ahead per socket; the rest waits at the sender
constexpr std::size_t kHttpGzipFromBytes = 2 * kKiB;    // smaller answers fit few packets anyway
constexpr auto kHttpIdleTime = 60'000ms;                // of a kept-alive connection between requests
constexpr auto kHttpLingerTime = 1'000ms;               // unread input is drained so long, that the answer gets through
constexpr std::size_t kServerConnections = 10'000;      // sockets of one HTTP front, of every kind
constexpr std::size_t kSsePostBytes = 512 * kKiB;       // of waiting frames joined into one request
constexpr std::size_t kSsePostFrames = 1'000;           // of one request's list
constexpr auto kDrainTime = 10'000ms;                   // what an orderly stop waits for
constexpr auto kReadyTime = 2'000ms;                    // the engine thread answers within it, or the server is not ready
constexpr auto kExchangeTime = 30'000ms;                // of one POST /api/sync, from its hello to its last answer
constexpr std::size_t kUnhandledBytes = 16 * kMiB;      // of a connection's messages that wait for the engine thread
constexpr std::size_t kResumeTokenBytes = 8 * kKiB;     // it comes back in a header: half of a largest head
constexpr std::size_t kHttpEventsBytes = 4 * kMiB;      // of events in one answer; the next request goes on
constexpr std::size_t kIdempotencyKeyBytes = 255;
constexpr std::size_t kConfigBytes = 1 * kMiB;          // a configuration file
constexpr std::size_t kControlLineBytes = 64 * kKiB;    // of a request on the control socket; documents do not travel there
constexpr std::size_t kImportLineBytes = 8 * kMiB;      // a line of an export: an event and room, or a largest state as text

// Reconnecting: full jitter below a doubling bound; reset only after a connection has been healthy for a while.
constexpr auto kRetryFirst = 500ms;
constexpr auto kRetryLongest = 30'000ms;
constexpr auto kRetryHealthy = 60'000ms;
constexpr auto kRetryReplaced = 60'000ms;

// The client's queue.
constexpr std::size_t kQueueEntries = 100'000;
constexpr int kRebaseTries = 5;
constexpr auto kRequestTime = 30'000ms;                 // until a question to the server fails with Timeout
constexpr std::size_t kUndoEntries = 1'000;             // per document
constexpr std::size_t kAckedEdits = 100'000;            // own logged edits kept per document, however young: they are in memory
constexpr std::size_t kClientHistoryBytes = 8 * kMiB;   // events kept per document to go back to a common point
constexpr std::size_t kConflictRecordBytes = 64 * kKiB; // of a decision's metadata; a larger record says what it left out

// The desktop.
constexpr std::size_t kDesktopFollowed = 500;           // games kept in step without being opened: all of a person's, few of a server's
constexpr std::size_t kDesktopLogEvents = 1'000;        // of the document shown, in the event log's table
constexpr std::size_t kPlayScriptBytes = 1 * kMiB;      // a script of user actions
constexpr auto kPlayStepTime = 10'000ms;                // what a step of a script waits for, unless it says otherwise

// The store.
constexpr int kOptimisticTries = 16;                    // of an edit function before VersionConflict
constexpr std::size_t kCommitRows = 8'192;              // rows of one group commit: bounds the time a reader waits
constexpr auto kStoreBusyWait = 5'000ms;                // for a foreign program that holds SQLite's write lock
constexpr std::size_t kQueuedBatches = 65'536;          // handed to a backend and not committed: above it QueueFull
constexpr std::size_t kQueuedReads = 65'536;            // handed to a backend and not begun: above it QueueFull
constexpr std::size_t kVerifyFindings = 1'000;           // kept by one verification; the rest is counted only
constexpr std::size_t kMissingEventsBytes = 16 * kMiB;  // of canonical events that one answer of missing events holds
constexpr int kWalCheckpointPages = 4'000;               // in the WAL when it is brought into the database: 16 MB of 4 KiB pages
constexpr std::int64_t kWalKeepBytes = 64 * 1024 * 1024; // what the WAL file is cut back to once it was longer
constexpr int kBackupPages = 256;                       // copied between two calls of a backup's progress
constexpr std::size_t kCacheDocuments = 10'000;         // kept by a Storage in memory, the ones used last
constexpr auto kCacheTime = 600'000ms;                  // and believed so long
constexpr int kCacheHotHits = 8;                        // asked for so often: read again before its time ends
constexpr std::size_t kStorageQueue = 65'536;           // operations of a Storage that have not ended: above it QueueFull
constexpr std::int64_t kSnapshotEveryEvents = 1'000;
constexpr std::int64_t kDerivedLagEvents = 1'000;       // derived rows may lag the log by so many events ...
constexpr auto kDerivedLagTime = 1'000ms;               // ... and so long
constexpr std::size_t kTailEvents = 1'024;              // last events of a document kept at hand: unseen ones and gaps lie there
constexpr std::size_t kTailBytes = 1 * kMiB;            // ... and their canonical bytes
constexpr std::int64_t kLookBackEvents = 10'000;        // unseen events that one push is compared with; more: BaseCompacted
constexpr auto kAckedKeep = std::chrono::hours(24 * 30);
constexpr auto kClientExpiry = std::chrono::hours(24 * 30);
constexpr auto kIdempotencyKeep = std::chrono::hours(24);

// JSON CRDT.
constexpr std::uint64_t kCrdtClockJump = 1ull << 32;    // how far ahead of ours a patch's time may be
constexpr std::size_t kCrdtEncodingBytes = 64 * kMiB;   // JSON text of a document with all its ids and tombstones
constexpr int kCrdtEncodingDepth = 1'024;               // containers of that text: several for each node
constexpr std::size_t kCrdtCheckpoint = 256;             // patches of a history that are applied again to show an old state
constexpr std::size_t kCrdtDiffSteps = 1'000;            // edits of a smallest diff; its search takes their square in memory
constexpr std::size_t kCrdtSettleBytes = 256 * kKiB;     // of patches kept beside an encoded document before they go into it
constexpr std::size_t kCrdtUnwanted = 1'024;             // patches taken back that stay in a document until somebody looks
constexpr std::size_t kCrdtUnplaced = 1'000;            // nodes that one patch may make and put nowhere: memory no snapshot shows

// Messages between nodes (pubsub), and documents kept in step by them (crdtsync).
constexpr std::size_t kPubSubMessageBytes = 8 * kMiB;    // a quarter of what Redis buffers for one slow subscriber
constexpr std::size_t kPubSubTopicBytes = 512;
constexpr std::size_t kPubSubQueueBytes = 32 * kMiB;     // handed to a connection and not written: above it QueueFull
constexpr std::size_t kPubSubQueue = 65'536;             // the same in messages
constexpr auto kPubSubConnectTime = 5'000ms;
constexpr auto kPubSubAnswerTime = 10'000ms;             // a broker silent for so long is taken for gone
constexpr auto kPubSubPing = 4'000ms;                    // an idle connection is asked, so that a dead one is noticed
constexpr auto kPeerAnnounce = 1'000ms;                  // between two announcements; three missed: the peer is gone
constexpr int kPeerMissed = 3;
constexpr std::size_t kPeers = 10'000;                   // of one group; further ones are not listed
constexpr std::size_t kPeerAddressBytes = 2 * kKiB;
constexpr auto kCrdtSyncEvery = 2'000ms;                 // between two exchanges of state; also when an unanswered request is repeated
constexpr std::size_t kCrdtSyncVectorRows = 64;          // a longer state vector is not sent: sets are compared instead
constexpr std::size_t kCrdtSyncWaiting = 10'000;         // patches kept that came before what they need
constexpr std::size_t kCrdtSyncWaitingBytes = 64 * kMiB; // ... and their bytes
constexpr std::size_t kCrdtSyncUnstored = 10'000;        // patches not yet durable: above it own edits fail with QueueFull
constexpr std::size_t kCrdtSyncChunkBytes = 256 * kKiB;  // of patches in one answer; the asker asks on
constexpr std::int64_t kCrdtSyncSnapshotFrom = 10'000;   // who lacks so many patches is sent the whole document
constexpr std::size_t kCrdtSyncForks = 1'000;            // copied replicas remembered, so that each is reported once
constexpr std::size_t kCompareRanges = 4'096;            // of one comparison: about 100 KiB; the next one goes on
constexpr std::size_t kCompareRuns = 4'096;

} // namespace eventsync::limits
