// SPDX-License-Identifier: Apache-2.0
//
// One document at one client: its confirmed state and history, its queue of edits, its half of the protocol
// (docs/protocol.md, Rules; docs/merging.md, The client's queue). No input and no output happens here: a step changes the
// replica and leaves the rows to write, the messages to send and the facts to tell in `out`. The messages of a step may
// leave only after its rows are durable.
import { applyEvent, diff, everything, mergeFields, noFootprint, normalizePatch, overlaps, Policy } from './merge.mjs';
import { canonical, canonicalSize, chainNext, chainStart, checkCollection, checkDocumentId, equal, errorClass, EventSyncError, fail,
         find, freeze, fromBase64url, isObject, limits, normalize, pointerText, sha256, toHex } from './values.mjs';

/**
 * An edit in the queue. `state`: `waiting`, `sent`, `conflict` or `dead`. `base` of a waiting entry is the replica's position.
 * @typedef {{id: string, first: string, order: number, documentId: string, collection: string, operation: string, diff: object,
 *   baseSeq: number, timestamp: string, metadata: object, footprint: import('./merge.mjs').Footprint, state: string, tries: number,
 *   onOverlap?: string, clientSeq?: number, reason?: object, because?: string, answered?: number, doom?: string, doomedBy?: string,
 *   wait?: number, missed?: import('./merge.mjs').Footprint[]}} Entry
 */

const nowhere = Number.MIN_SAFE_INTEGER; // an own event with no entry that it settled
const repairsInARow = 3;

const isPending = (entry) => entry.state === 'waiting' || entry.state === 'sent';
const sameDiff = (a, b) => canonical(a) === canonical(b);

export class Replica {
    constructor(context, id) {
        this.context = context;
        this.id = id;
        // durable
        this.collection = undefined;
        this.readOnly = false;
        this.kind = 'json';
        this.confirmed = undefined;         // after the event at `position`
        this.position = { serverSeq: 0, chain: '' };
        this.historyStart = { serverSeq: 0, chain: '', kind: 'json', state: undefined };
        this.history = [];                  // {event, chain, footprint, kind, state, ownOrder, bytes}; state: after the event
        this.last = 0;                      // the server's count of our events
        this.assigned = 0;                  // the highest number given
        /** @type {Map<number, Entry>} */
        this.queue = new Map();             // in order
        this.acked = new Map();             // id -> {serverSeq, edit, standIn, at}
        this.ids = new Map();               // own ids whose edits are no longer kept: 'acked' or 'givenUp'
        this.undoSteps = [];                // {order, redo, edit, operation, patch, absent, state, expected}
        this.staged = [];                   // parts of a snapshot
        this.clock = new Map();
        this.view = undefined;              // of a CRDT document: {serverSeq, state} as the server showed it
        // derived
        this.tree = undefined;              // the optimistic state
        this.unwound = false;               // `tree` has to be made again from `confirmed` and the queue
        this.byId = new Map();
        this.byFirst = new Map();           // first id -> Set of orders
        this.historyBytes = 0;
        this.revision = 0;                  // counts the changes of `tree`
        this.sizeBound = undefined;         // the document is not larger than this
        this.waitingBase = 0;
        // of the connection
        this.readers = 0;                   // who has opened it
        this.subscribed = this.synced = this.halted = this.gap = this.refused = false;
        this.repairs = this.pauses = 0;
        this.cursorSent = 0;
        this.pausedUntil = undefined;
        this.serverHead = undefined;
        this.horizon = undefined;
        // of the step
        this.dirty = new Set();
        this.removed = new Set();
        this.documentDirty = this.queueChanged = this.baseDirty = this.changed = this.changedByOthers = false;
        this.writes = [];
        this.facts = [];
    }

    get policy() { return this.context.policies.get(this.collection) ?? Policy.none; }
    get revisionText() { return `${this.context.run}:${this.revision}`; }
    get exists() { return this.tree !== undefined || this.kind === 'crdt'; }
    get isKnown() { return this.position.serverSeq > 0 || this.queue.size > 0; }

    *entries(...states) {
        for (const entry of this.queue.values()) {
            if (states.includes(entry.state))
                yield entry;
        }
    }

    // ---- the tree

    // A waiting entry that no longer applies or passes becomes a conflict. One in flight keeps its place: its answer decides.
    rewind() {
        if (!this.unwound)
            return;
        this.tree = this.confirmed;
        ++this.revision;
        this.sizeBound = undefined;
        const strictly = this.policy.bounded || this.context.validate !== undefined;
        let validBefore = true;
        for (const entry of this.queue.values()) {
            if (!isPending(entry))
                continue;
            entry.hold = false;
            let applied;
            try {
                if (this.kind === 'crdt' && entry.diff.patch.length > 0)
                    fail('PatchFailed', 'this client does not edit CRDT documents');
                applied = this.kind === 'crdt' ? { state: undefined } : applyEvent(this.tree, entry);
            } catch (error) {
                if (entry.state === 'waiting')
                    this.park(entry, new EventSyncError('Conflict', `no longer applies: ${error.message}`, { path: error.path }));
                continue;
            }
            let validAfter = true;
            if (strictly) {
                try {
                    this.check(applied.state, this.confirmed);
                } catch (error) {
                    validAfter = false;
                    if (entry.state === 'waiting' && validBefore) {
                        this.park(entry, new EventSyncError('Conflict', `no longer passes: ${error.message}`, { path: error.path }));
                        continue;
                    }
                }
            }
            entry.hold = !validAfter; // because of one in flight: what stands behind waits for its answer
            this.tree = applied.state;
            validBefore = validAfter;
        }
        this.unwound = false; // what was parked on the way is not in the tree
    }

    check(after, before) {
        if (after === undefined)
            return;
        this.policy.checkCounters(after, before);
        this.context.validate?.(this.collection, after, before);
    }

    unwind() {
        this.unwound = true;
        this.changed = true;
    }

    // ---- the queue

    insert(entry) {
        this.queue.set(entry.order, entry);
        this.byId.set(entry.id, entry.order);
        if (!this.byFirst.has(entry.first))
            this.byFirst.set(entry.first, new Set());
        this.byFirst.get(entry.first).add(entry.order);
        ++this.context.queueSize;
        this.removed.delete(entry.order);
        this.touch(entry);
    }

    take(entry) {
        if (isPending(entry))
            this.unwind();
        this.queue.delete(entry.order);
        this.byId.delete(entry.id);
        const orders = this.byFirst.get(entry.first);
        orders?.delete(entry.order);
        if (orders?.size === 0)
            this.byFirst.delete(entry.first);
        this.dirty.delete(entry.order);
        this.removed.add(entry.order);
        this.queueChanged = true;
        --this.context.queueSize;
        return entry;
    }

    entry(id) { return this.queue.get(this.byId.get(id)); }
    touch(entry) {
        this.dirty.add(entry.order);
        this.queueChanged = true;
    }

    // The entries that hold the edit of which an event in the log is a version, in queue order.
    holdersOf(id, first) {
        const orders = new Set([...(this.byFirst.get(id) ?? []), ...(this.byFirst.get(first) ?? [])]);
        for (const wanted of [id, first]) { // a later version may be in the queue while the log has an earlier one
            if (this.byId.has(wanted))
                orders.add(this.byId.get(wanted));
        }
        return [...orders].sort((a, b) => a - b).map((order) => this.queue.get(order));
    }

    setState(entry, state) {
        entry.state = state;
        this.touch(entry);
    }

    clear(entry, ...fields) {
        for (const field of fields)
            delete entry[field];
    }

    park(entry, why, base, because) {
        if (isPending(entry))
            this.unwind();
        if (base !== undefined)
            entry.baseSeq = base;
        else if (entry.state === 'waiting')
            entry.baseSeq = this.waitingBase;
        this.clear(entry, 'clientSeq', 'answered', 'doom', 'doomedBy', 'missed', 'wait', 'announced', 'because');
        entry.reason = why.toRow();
        if (because)
            entry.because = because;
        this.setState(entry, 'conflict');
        this.dropUndoOf(entry.id);
        if (!because)
            this.follow(entry, 'conflict');
    }

    bury(entry, why, because) {
        if (isPending(entry))
            this.unwind();
        if (entry.state === 'waiting')
            entry.baseSeq = this.waitingBase;
        this.clear(entry, 'clientSeq', 'answered', 'doom', 'doomedBy', 'missed', 'wait', 'because');
        entry.reason = why.toRow();
        if (because)
            entry.because = because;
        this.facts.push({ type: 'deadLetter', documentId: this.id, id: entry.id, reason: entry.reason });
        this.setState(entry, 'dead');
        this.dropUndoOf(entry.id);
        if (!because)
            this.follow(entry, 'dead');
    }

    // What overlaps an entry that is not applied as written shares its fate, and what overlaps a follower follows that one.
    follow(entry, how) {
        const leaders = [entry];
        for (const behind of [...this.queue.values()]) {
            if (behind.order <= entry.order || !isPending(behind))
                continue;
            const leader = leaders.find((one) => overlaps(one.footprint, behind.footprint));
            if (!leader)
                continue;
            if (behind.state === 'sent') {
                behind.doom = how;
                behind.doomedBy = leader.id;
                this.touch(behind);
                continue;
            }
            if (how === 'conflict')
                this.park(behind, new EventSyncError('Conflict', 'follows an edit that was changed'), undefined, leader.id);
            else
                this.bury(behind, new EventSyncError('DependsOnRejected', 'was made on top of a refused edit'), leader.id);
            leaders.push(behind);
        }
    }

    // Sent, and surely not in the log: it waits again, after the check against everything that came since its base.
    back(entry) {
        const { baseSeq, doom, doomedBy } = entry;
        const unseen = entry.onOverlap ? [] : this.unseenOf(entry);
        const overlapping = unseen.some((footprint) => this.policy.strict || overlaps(entry.footprint, footprint));
        this.unwind();
        this.clear(entry, 'clientSeq', 'answered', 'doom', 'doomedBy', 'missed');
        this.setState(entry, 'waiting');
        if (doom === 'conflict') {
            this.park(entry, new EventSyncError('Conflict', 'follows an edit that was changed'), baseSeq);
            entry.because = doomedBy;
        } else if (doom === 'dead') {
            this.bury(entry, new EventSyncError('DependsOnRejected', 'was made on top of a refused edit'));
            entry.because = doomedBy;
        } else if (overlapping) {
            this.park(entry, new EventSyncError('Conflict', 'overlaps what came while it was in flight'), baseSeq);
        }
    }

    unseenOf(entry) {
        const items = this.history.filter((item) => item.event.serverSeq > entry.baseSeq
                                                    && (item.ownOrder === undefined || item.ownOrder > entry.order));
        return [...(entry.missed ?? []), ...items.map((item) => item.footprint)];
    }

    // What came from others: what waits is checked now; what is in flight when it comes back. `before`: only entries that
    // stand before this place.
    unseen(footprint, what, before = Infinity) {
        for (const entry of [...this.entries('waiting')]) {
            const hit = entry.order < before && !entry.onOverlap && (this.policy.strict || overlaps(entry.footprint, footprint));
            if (hit && entry.state === 'waiting') // it may have followed one before it
                this.park(entry, new EventSyncError('Conflict', `overlaps ${what}`));
        }
    }

    // Of what a sent entry missed one overlapping change is enough to know.
    noteMissed(entry, footprint) {
        if (entry.missed?.[0] && overlaps(entry.missed[0], entry.footprint))
            return;
        if (this.policy.strict || overlaps(footprint, entry.footprint)) {
            entry.missed = [footprint];
            this.touch(entry);
        }
    }

    // Each for the same reason, and none because it follows another.
    buryAll(why, which) {
        for (const entry of [...this.queue.values()].filter(which)) {
            this.bury(entry, why, entry.id); // with a cause, so that nothing that follows it is looked for
            delete entry.because;
        }
    }

    // ---- subscribing

    get need() {
        if (this.refused || (this.pausedUntil !== undefined && !this.subscribed))
            return 'none';
        let pending = false, conflicts = false;
        for (const entry of this.queue.values()) {
            if (entry.state === 'conflict') {
                if (!this.isReady(entry))
                    return 'write';
                conflicts = true;
            } else if (entry.state === 'sent' || (entry.state === 'waiting' && !this.readOnly && !entry.hold)) {
                return 'write';
            }
            pending ||= entry.state === 'waiting';
        }
        return this.readers > 0 || pending || conflicts ? 'read' : 'none';
    }

    isReady(entry) { return this.position.serverSeq >= (entry.wait ?? 0); }

    subscribe(out) {
        const message = { type: 'subscribe', documentId: this.id, afterSeq: this.position.serverSeq };
        if (this.collection)
            message.collection = this.collection;
        if (this.position.serverSeq > 0)
            message.chain = this.position.chain;
        const checkpoints = this.checkpoints();
        if (checkpoints.length > 0)
            message.checkpoints = checkpoints;
        const pending = this.pendingIds();
        if (pending.length > 0)
            message.pending = pending;
        if (this.context.wantClocks)
            message.clocks = true;
        if (this.staged.length > 0)
            message.snapshotPart = this.staged.length + 1;
        out.messages.push(message);
        this.subscribed = true;
        this.synced = this.gap = false;
        this.cursorSent = 0;
    }

    unsubscribe(out) {
        out.messages.push({ type: 'unsubscribe', documentId: this.id });
        this.disconnected();
    }

    disconnected() {
        this.subscribed = this.synced = this.halted = this.gap = this.refused = false;
        this.repairs = this.pauses = 0;
        this.pausedUntil = undefined;
        this.cursorSent = 0;
    }

    // The client id has changed: what is not in the log is numbered anew, under the new id.
    becomeAnother() {
        this.last = this.assigned = 0;
        this.documentDirty = true;
        for (const entry of [...this.entries('sent')])
            this.back(entry);
        this.disconnected();
    }

    // Positions at doubling distances: the common point of a history that was cut off lately is found closely.
    checkpoints() {
        const points = [];
        for (let back = 1; points.length < limits.checkpoints; back *= 2) {
            const start = back >= this.history.length;
            const item = start ? this.historyStart : this.history[this.history.length - 1 - back];
            const serverSeq = start ? item.serverSeq : item.event.serverSeq;
            if (serverSeq === 0 || serverSeq >= this.position.serverSeq)
                break;
            points.push([serverSeq, item.chain]);
            if (start)
                break;
        }
        return points;
    }

    // As many as one frame takes. One that is left out is pushed again and recognised by its id.
    pendingIds() {
        const room = Math.min(limits.pendingIds, Math.floor(this.context.granted('frameBytes') * 0.75 / limits.pendingIdBytes));
        const edits = [...this.entries('sent'), ...[...this.acked.values()].reverse().map((one) => one.edit),
                       ...[...this.queue.values()].filter((entry) => entry.state !== 'sent')];
        return edits.slice(0, room).map((edit) => [edit.first, edit.id]);
    }

    tick(out) {
        this.forgetAcked(this.context.now() - limits.ackedKeepMs);
        if (this.pausedUntil !== undefined && this.context.steady() >= this.pausedUntil) {
            this.pausedUntil = undefined;
            this.refused = false;
        }
        // What earlier steps wrote is durable before this message leaves.
        if (this.subscribed && this.synced && this.cursorSent < this.position.serverSeq) {
            out.messages.push({ type: 'cursor', documentId: this.id, serverSeq: this.position.serverSeq });
            this.cursorSent = this.position.serverSeq;
        }
    }

    // ---- pushing

    pushed(entry, clientSeq = entry.clientSeq) {
        const { id, collection, operation, baseSeq, timestamp, diff: patch, metadata, onOverlap } = entry;
        return { id, documentId: this.id, collection, operation, clientId: this.context.clientId, clientSeq, baseSeq, timestamp, diff: patch,
                 ...(Object.keys(metadata).length > 0 ? { metadata } : {}), ...(onOverlap ? { onOverlap } : {}) };
    }

    pump(out) {
        if (!this.synced || !this.subscribed || !this.context.welcome || this.context.fork || this.pausedUntil !== undefined || this.readOnly)
            return;
        let number = this.last, flying = 0;
        for (const entry of this.entries('sent')) {
            number = Math.max(number, entry.clientSeq);
            flying += entry.answered === undefined ? 1 : 0;
        }
        if (this.halted && flying === 0)
            this.halted = false;
        if (this.halted)
            return;
        const batch = [];
        const most = this.context.granted('inFlight');
        for (const entry of this.entries('waiting')) {
            if (flying + batch.length >= most || entry.hold)
                break;
            batch.push(entry);
        }
        const events = batch.map((entry) => {
            entry.baseSeq = this.position.serverSeq;
            entry.clientSeq = ++number;
            this.clear(entry, 'answered', 'missed', 'reason', 'because');
            this.setState(entry, 'sent');
            return this.pushed(entry);
        });
        if (number > this.assigned && events.length > 0) {
            this.assigned = number;
            this.documentDirty = true;
        }
        this.send(events, out);
    }

    send(events, out) {
        const frame = this.context.granted('frameBytes') - limits.frameRoom;
        let part = [], bytes = 0;
        const flush = () => {
            if (part.length > 0)
                out.messages.push({ type: 'push', batchId: ++this.context.lastBatch, documentId: this.id, events: part });
            part = [];
            bytes = 0;
        };
        for (const event of events) {
            const size = canonicalSize(event) + 1;
            if (bytes + size > frame)
                flush();
            bytes += size;
            part.push(event);
        }
        flush();
    }

    // What was made before this server said how much it takes.
    buryTooLarge() {
        const most = this.context.granted('eventBytes');
        if (most >= limits.eventBytes)
            return;
        for (const entry of [...this.entries('waiting')]) {
            if (canonicalSize(this.pushed(entry, Number.MAX_SAFE_INTEGER)) > most)
                this.bury(entry, new EventSyncError('TooLarge', 'the edit is larger than this server takes'));
        }
    }

    onAck(message) {
        for (const result of message.results) {
            const found = this.entry(result.id);
            const entry = found?.state === 'sent' ? found : undefined;
            if (['applied', 'merged', 'duplicate'].includes(result.status)) {
                if (!entry)
                    continue;
                entry.answered = result.serverSeq ?? 0;
                this.touch(entry);
                if (result.status !== 'duplicate') {
                    this.last = Math.max(this.last, entry.clientSeq);
                    this.documentDirty = true;
                }
                if (entry.answered <= this.position.serverSeq)
                    this.settle({ asked: entry.id, first: entry.id, logged: entry.id, serverSeq: entry.answered, status: result.status });
                continue;
            }
            this.halted = true;
            if (result.status === 'rejected' && ['ClientForked', 'ClientExpired'].includes(result.code)) {
                this.context.fork = new EventSyncError(result.code, result.reason); // with this client id nothing more is taken
                return;
            }
            if (entry)
                this.refuse(entry, result);
        }
    }

    // Only a permanent refusal makes a dead letter. What the server skipped, or cannot judge, waits and is checked here.
    refuse(entry, { status, code = status === 'rejected' ? 'Invalid' : 'Conflict', reason, path, head }) {
        if (status === 'skipped' || ['BaseCompacted', 'ClientGap', 'ClientForked'].includes(code)) {
            this.back(entry);
            return;
        }
        const kind = errorClass(code);
        if (status === 'rejected' && kind === 'permanent') {
            this.bury(entry, new EventSyncError(code, reason, { path }));
        } else if (status === 'rejected' && kind !== 'conflict') {
            this.back(entry); // the moment, or the server, is to blame: again later
            this.pause();
        } else {
            const { baseSeq } = entry;
            this.park(entry, new EventSyncError(code, reason || 'overlaps events that were not seen', { path }), baseSeq);
            entry.wait = head ?? 0;
        }
    }

    pause(retryAfterMs = Math.min(limits.retryFirstMs * 2 ** Math.min(this.pauses++, 6), limits.retryLongestMs)) {
        this.pausedUntil = this.context.steady() + retryAfterMs;
    }

    // Its subscription was refused: nothing can be pushed. A permanent refusal makes dead letters of what waits.
    onError(error) {
        this.subscribed = this.synced = false;
        const kind = errorClass(error.code);
        if (kind === 'transient') {
            this.pause(error.retryAfterMs);
            return;
        }
        this.refused = true;
        this.facts.push({ type: 'refused', documentId: this.id, error: error.toRow() });
        if (kind === 'permanent')
            this.buryAll(error, isPending);
    }

    // The server could not read a push, and does not say which event was at fault: none was taken.
    onUnreadable(error) {
        if (errorClass(error.code) === 'permanent')
            this.buryAll(error, (entry) => entry.state === 'sent' && entry.answered === undefined);
    }

    // ---- what the log brings

    // The log holds an edit of ours: whatever entry holds it leaves the queue. If the log holds another version of it, or did
    // not execute it as written, then what overlaps the entry shares its fate.
    settle(hit) {
        const settled = { any: false, seen: false, order: undefined };
        for (const entry of this.holdersOf(hit.asked, hit.first)) {
            const pending = isPending(entry);
            const same = entry.id === hit.logged;
            const asWritten = same && (!hit.event || sameDiff(hit.event.diff, entry.diff)
                                       || (hit.event.diff.patch?.length === 0 && !entry.onOverlap)); // all of it was there
            if (!asWritten && pending)
                this.follow(entry, 'conflict');
            if (!same)
                this.dropUndoOf(entry.id);
            const promoted = hit.promoted && same;
            const unwound = this.unwound;
            this.take(entry);
            if (promoted)
                this.unwound = unwound;
            settled.any = true;
            if (same)
                settled.order = entry.order;
            if (pending && asWritten) // a parked one was no part of what later entries were made on
                settled.seen = true;
            this.facts.push({ type: 'logged', documentId: this.id, id: entry.id, serverSeq: hit.serverSeq, status: hit.status ?? 'applied' });
            this.keep(hit.serverSeq, entry, !same);
        }
        return settled;
    }

    keep(serverSeq, entry, standIn) {
        if (this.acked.has(entry.id))
            return;
        const { state, clientSeq, answered, doom, doomedBy, missed, wait, hold, announced, reason, because, order, ...edit } = entry;
        const row = { serverSeq, edit, standIn, at: this.context.now() };
        this.acked.set(entry.id, row);
        this.writes.push(['put', `acked/${this.id}/${entry.id}`, row]);
        this.forgetAcked(0);
    }

    // The ids stay known when the edits are no longer kept: one that turns up in the log is no sign of a copy.
    forgetAcked(oldest) {
        for (const [id, { edit, at }] of this.acked) {
            if (this.acked.size <= limits.ackedEdits && at >= oldest)
                break;
            this.forget(id, edit.first);
        }
    }

    forget(id, first) {
        this.remember([id, first], 'acked');
        this.acked.delete(id);
        this.writes.push(['erase', `acked/${this.id}/${id}`]);
    }

    remember(ids, kind) {
        for (const id of ids) {
            if (!this.ids.has(id)) {
                this.ids.set(id, kind);
                this.writes.push(['put', `ids/${this.id}/${id}`, kind]);
            }
        }
    }

    // Own events that the log has lost go back to the head of the queue with their ids, order kept.
    requeue(lost) {
        if (lost.length === 0)
            return;
        const queue = [...this.queue.values()];
        const back = [];
        for (const { edit, standIn } of [...lost].sort((a, b) => b.serverSeq - a.serverSeq)) {
            this.acked.delete(edit.id);
            this.writes.push(['erase', `acked/${this.id}/${edit.id}`]);
            if (this.byId.has(edit.id))
                continue;
            const entry = { ...edit, order: this.context.firstOrder--, state: 'waiting', baseSeq: Math.min(edit.baseSeq, this.position.serverSeq) };
            if (standIn) { // never was in the log itself: a decision
                entry.state = 'conflict';
                entry.reason = { code: 'Conflict', message: 'another version of this edit was logged, and lost' };
            }
            back.push(entry);
            this.insert(entry);
        }
        this.queue = new Map([...back.reverse(), ...queue].map((entry) => [entry.order, entry]));
        this.unwind();
    }

    onEvents(message, out) {
        if (!this.subscribed)
            return;
        let { serverSeq, chain } = this.position;
        const fresh = [];
        let gap = false, last;
        for (const item of message.events) {
            const event = item.event ?? item;
            if (event.documentId !== this.id || event.serverSeq > serverSeq + 1) {
                gap = true;
                break;
            }
            last = event;
            if (event.serverSeq <= serverSeq)
                continue;
            if (event.serverSeq === 1)
                chain = chainStart(event.collection, this.id);
            chain = chainNext(chain, event);
            serverSeq = event.serverSeq;
            fresh.push({ event: freeze(event), chain });
        }
        if (!gap && fresh.length > 0 && fresh.at(-1).event === last && chain !== message.chain) {
            this.repair(new EventSyncError('Corrupt', 'events of another history'), out);
            return;
        }
        for (const { event, chain: after } of fresh) {
            try {
                this.apply(event, after);
            } catch (error) {
                if (!(error instanceof EventSyncError))
                    throw error;
                this.startOver();
                this.repair(error, out);
                return;
            }
        }
        if (fresh.length > 0)
            this.facts.push({ type: 'events', documentId: this.id, events: fresh.map((one) => one.event) });
        if (gap && !this.gap && !this.context.fork) {
            this.subscribe(out);
            this.gap = true; // once: what is still on its way leaves the same gap
        }
    }

    // The confirmed state after one more event.
    folded(event) {
        if (event.diff.crdt !== undefined)
            return { kind: 'crdt', state: undefined, footprint: event.operation === 'create' ? everything : noFootprint };
        if (this.kind === 'crdt') {
            const gone = event.operation === 'delete';
            return { kind: gone ? 'json' : 'crdt', state: undefined, footprint: gone ? everything : noFootprint };
        }
        const { state, footprint } = applyEvent(this.confirmed, event);
        return { kind: 'json', state, footprint };
    }

    apply(event, chain) {
        const { kind, state, footprint } = this.folded(event);
        // Our own event as the first pending entry, as it stands in the tree: what was pending becomes confirmed, and the
        // optimistic state stays. So a long queue drains in linear time.
        let first;
        for (const entry of this.queue.values()) {
            if (isPending(entry)) {
                first = entry;
                break;
            }
        }
        const promoted = !this.unwound && kind === 'json' && this.kind === 'json' && first?.id === event.id && first.hold !== true
            && first.operation === event.operation && sameDiff(first.diff, event.diff);
        if (!promoted)
            this.unwind();
        this.confirmed = state;
        this.kind = kind;
        this.position = { serverSeq: event.serverSeq, chain };
        this.documentDirty = true;
        this.collection = event.collection;
        this.setClock(event.clientId, event.clientSeq);
        const item = { event, chain, footprint, kind, state, bytes: canonicalSize(event) };
        const settled = this.settle({ asked: event.id, first: event.metadata?.replaces?.[0] ?? event.id, logged: event.id,
                                      serverSeq: event.serverSeq, event, promoted });
        if (this.isOwn(event, settled)) {
            item.ownOrder = settled.order ?? nowhere;
            this.unseen(footprint, 'an own edit that was logged first', item.ownOrder);
        } else {
            this.unseen(footprint, `event ${event.id}`);
        }
        this.waitingBase = event.serverSeq;
        this.changed = true;
        this.changedByOthers ||= !settled.any;
        this.writes.push(['put', `history/${this.id}/${event.serverSeq}`, { event, chain, ...(item.ownOrder === undefined ? {} : { ownOrder: item.ownOrder }) }]);
        this.historyBytes += item.bytes;
        this.history.push(item);
    }

    // Whether what stands behind in the queue was made on top of this event. An event under our own client id that we never
    // made shows that this replica is a copy, or was copied.
    isOwn(event, settled) {
        if (event.clientId !== this.context.clientId)
            return settled.seen;
        this.last = Math.max(this.last, event.clientSeq);
        if (settled.any) {
            this.assigned = Math.max(this.assigned, event.clientSeq);
            return settled.seen;
        }
        const first = event.metadata?.replaces?.[0] ?? event.id;
        if (this.acked.has(event.id) || this.ids.get(event.id) === 'acked')
            return true;
        if (this.ids.has(event.id) || this.ids.has(first) || this.acked.has(first))
            return false; // an edit that was given up: nothing behind was made on top of it
        this.context.fork = new EventSyncError('ClientForked', 'an event under the own client id that this replica never made');
        return false;
    }

    setClock(clientId, clientSeq) {
        if (clientSeq > 0) {
            this.clock.set(clientId, clientSeq);
            this.writes.push(['put', `clock/${this.id}/${clientId}`, clientSeq]);
        } else {
            this.clock.delete(clientId);
            this.writes.push(['erase', `clock/${this.id}/${clientId}`]);
        }
    }

    onSynced(message, out) {
        if (!this.subscribed)
            return;
        if (message.policy && this.collection && !equal(message.policy, this.policy.json)) {
            this.context.policies.set(this.collection, new Policy(freeze(message.policy)));
            this.writes.push(['put', `policy/${this.collection}`, message.policy]);
            this.unwind(); // what waits must pass the new rules
        }
        const { serverSeq, chain } = this.position;
        const same = serverSeq === message.serverSeq && (serverSeq === 0 || chain === message.chain);
        if (!same) {
            this.repair(new EventSyncError('Corrupt', 'the server is synced at another position'), out);
            return;
        }
        this.synced = true;
        this.horizon = message.horizon;
        this.readOnly = message.permission === 'read';
        this.halted = this.gap = false;
        this.repairs = this.pauses = 0;
        if (message.clientSeq > this.assigned) {
            this.context.fork = new EventSyncError('ClientForked', 'the server knows later edits of this replica than it made');
            return;
        }
        this.last = message.clientSeq;
        this.documentDirty = true;
        for (const entry of [...this.entries('sent')])
            this.back(entry);
        for (const entry of this.entries('conflict')) {
            if (entry.wait) {
                delete entry.wait;
                this.touch(entry);
            }
        }
        this.buryTooLarge();
        this.facts.push({ type: 'synced', documentId: this.id, serverSeq });
    }

    // Purged: what the user may no longer read goes; what the user wrote becomes dead letters.
    onRevoked(message) {
        this.buryAll(new EventSyncError('PermissionRevoked', message.reason), (entry) => entry.state !== 'dead');
        this.startOver();
        this.dropStaging();
        this.readOnly = false;
        this.refused = true;
        this.subscribed = this.synced = false;
        for (const [id, { edit }] of [...this.acked])
            this.forget(id, edit.first);
        this.undoSteps = [];
        this.writes.push(['erasePrefix', `undo/${this.id}/`]);
        this.facts.push({ type: 'revoked', documentId: this.id, reason: message.reason });
    }

    // ---- when events do not lead on

    onSnapshot(message, out) {
        if (!this.subscribed)
            return;
        if (message.deleted || message.state !== undefined) {
            this.dropStaging();
            this.install(message, message.deleted ? undefined : freeze(message.state), 'json', message.known ?? []);
            return;
        }
        const first = this.staged[0];
        if (first && (first.sha256 !== message.sha256 || first.parts !== message.parts || first.serverSeq !== message.serverSeq))
            this.dropStaging();
        if (typeof message.bytes !== 'string' || typeof message.sha256 !== 'string' || message.part > this.staged.length + 1) {
            this.dropStaging();
            this.repair(new EventSyncError('InvalidMessage', 'a part of a snapshot that does not fit'), out);
            return;
        }
        if (message.part <= this.staged.length) { // again: only what is known may be newer
            this.staged[message.part - 1] = { ...this.staged[message.part - 1], known: message.known };
            return;
        }
        this.staged.push(message);
        this.writes.push(['put', `staged/${this.id}/${message.part}`, message]);
        if (message.part < message.parts)
            return;
        const parts = this.staged.map((part) => fromBase64url(part.bytes));
        const known = this.staged.flatMap((part) => part.known ?? []);
        this.dropStaging();
        if (toHex(sha256(...parts)) !== message.sha256) {
            this.repair(new EventSyncError('Corrupt', 'the bytes of a snapshot do not have its digest'), out);
            return;
        }
        let state;
        if (message.kind === 'json') {
            const text = new TextDecoder('utf-8', { fatal: true });
            state = freeze(JSON.parse(parts.map((part) => text.decode(part, { stream: true })).join('') + text.decode()));
        }
        this.install(message, state, message.kind, known);
    }

    dropStaging() {
        if (this.staged.length > 0)
            this.writes.push(['erasePrefix', `staged/${this.id}/`]);
        this.staged = [];
    }

    // What the snapshot changed is one unseen event.
    differenceTo(kind, state) {
        if (kind === 'crdt' || this.kind === 'crdt')
            return kind === this.kind ? noFootprint : everything;
        if (this.confirmed === undefined && state === undefined)
            return undefined;
        if (this.confirmed === undefined || state === undefined)
            return everything;
        const patch = diff(this.confirmed, state);
        return patch.length === 0 ? undefined : applyEvent(this.confirmed, { operation: 'update', diff: { patch } }).footprint;
    }

    install(message, state, kind, known) {
        this.unwind();
        const asked = new Set();
        for (const [id, logged, serverSeq] of known) {
            asked.add(id);
            this.settle({ asked: id, first: id, logged, serverSeq, status: 'duplicate' });
        }
        this.requeue([...this.acked.values()].filter(({ edit }) => !asked.has(edit.id) && !asked.has(edit.first)));
        const difference = this.differenceTo(kind, state);
        for (const entry of this.entries('sent')) {
            for (const footprint of this.unseenOf(entry))
                this.noteMissed(entry, footprint);
            if (difference)
                this.noteMissed(entry, difference);
        }
        this.confirmed = state;
        this.kind = kind;
        this.position = { serverSeq: message.serverSeq, chain: message.chain };
        if (message.collection)
            this.collection = message.collection;
        this.clearHistory();
        this.replaceClock(message.vectorClock ?? {});
        if (difference)
            this.unseen(difference, 'a snapshot');
        this.waitingBase = message.serverSeq;
        this.changedByOthers = true;
        this.facts.push({ type: 'snapshot', documentId: this.id, serverSeq: message.serverSeq });
    }

    replaceClock(clock) {
        this.writes.push(['erasePrefix', `clock/${this.id}/`]);
        this.clock = new Map();
        for (const [clientId, clientSeq] of Object.entries(clock))
            this.setClock(clientId, clientSeq);
    }

    clearHistory() {
        this.history = [];
        this.historyBytes = 0;
        this.historyStart = { ...this.position, kind: this.kind, state: this.confirmed };
        this.writes.push(['erasePrefix', `history/${this.id}/`]);
        this.baseDirty = this.documentDirty = true;
    }

    onDiverged({ commonSeq }) {
        if (!this.subscribed)
            return;
        this.facts.push({ type: 'diverged', documentId: this.id, commonSeq });
        this.dropStaging();
        this.unwind();
        for (const entry of [...this.entries('sent')])
            this.back(entry); // checked against what came in after its base, though it is gone now
        this.goBackTo(commonSeq);
        for (const entry of this.entries('conflict', 'dead')) {
            if (entry.baseSeq > commonSeq || entry.wait) {
                entry.baseSeq = Math.min(entry.baseSeq, commonSeq);
                delete entry.wait;
                this.touch(entry);
            }
        }
        this.requeue([...this.acked.values()].filter((one) => one.serverSeq > commonSeq));
        this.changedByOthers = true;
    }

    goBackTo(commonSeq) {
        if (commonSeq < this.historyStart.serverSeq || commonSeq > this.position.serverSeq || commonSeq === 0) {
            this.startOver();
            return;
        }
        while (this.history.length > 0 && this.history.at(-1).event.serverSeq > commonSeq) {
            const { event, bytes } = this.history.pop();
            this.historyBytes -= bytes;
            this.setClock(event.clientId, event.clientSeq - 1);
            this.writes.push(['erase', `history/${this.id}/${event.serverSeq}`]);
        }
        const item = this.history.at(-1);
        this.confirmed = item ? item.state : this.historyStart.state;
        this.kind = item ? item.kind : this.historyStart.kind;
        this.position = item ? { serverSeq: item.event.serverSeq, chain: item.chain }
                             : { serverSeq: this.historyStart.serverSeq, chain: this.historyStart.chain };
        this.waitingBase = this.position.serverSeq;
        this.documentDirty = true;
    }

    // The confirmed state is forgotten; the queue and the kept edits are not.
    startOver() {
        this.unwind();
        this.confirmed = undefined;
        this.kind = 'json';
        this.view = undefined;
        this.writes.push(['erase', `view/${this.id}`]);
        this.position = { serverSeq: 0, chain: '' };
        this.waitingBase = 0;
        this.clearHistory();
        this.replaceClock({});
        for (const entry of this.queue.values()) {
            if (entry.state !== 'waiting' && entry.baseSeq > 0) {
                entry.baseSeq = 0;
                this.touch(entry);
            }
        }
    }

    // Asks the server again; after some attempts in vain the connection is left for a while instead.
    repair(why, out) {
        this.facts.push({ type: 'repair', documentId: this.id, error: why.toRow() });
        if (++this.repairs > repairsInARow)
            out.close = { error: why, retryAfterMs: limits.retryLongestMs };
        else
            this.subscribe(out);
    }

    // The history is bounded. A sent entry's check does not need it: what it would have found is noted.
    trimHistory() {
        const over = () => this.history.length > limits.historyEvents || this.historyBytes > limits.historyBytes;
        if (!over())
            return;
        let count = 0;
        while (this.history.length - count > limits.historyEvents / 2 || this.historyBytes > limits.historyBytes / 2) {
            const item = this.history[count++];
            this.historyBytes -= item.bytes;
            this.writes.push(['erase', `history/${this.id}/${item.event.serverSeq}`]);
            for (const entry of this.entries('sent')) {
                if (item.event.serverSeq > entry.baseSeq && (item.ownOrder === undefined || item.ownOrder > entry.order))
                    this.noteMissed(entry, item.footprint);
            }
            this.historyStart = { serverSeq: item.event.serverSeq, chain: item.chain, kind: item.kind, state: item.state };
        }
        this.history.splice(0, count);
        this.baseDirty = this.documentDirty = true;
    }

    // The confirmed state at a position; undefined if the history does not reach back that far.
    stateAt(serverSeq) {
        if (serverSeq < this.historyStart.serverSeq || serverSeq > this.position.serverSeq)
            return undefined;
        let at = this.historyStart;
        for (const item of this.history) {
            if (item.event.serverSeq > serverSeq)
                break;
            at = item;
        }
        return { state: at.state, kind: at.kind };
    }

    // ---- edits

    /** Queues an edit and applies it to the optimistic state, or throws and changes nothing. Returns its id, or null: no change. */
    enqueue({ id, operation = 'update', patch, metadata = {}, replaces, onOverlap, evenIfNothing = false, undoIsRedo }) {
        if (this.readOnly)
            fail('PermissionDenied', 'there is no right to write this document');
        if (this.kind === 'crdt' && (operation !== 'update' || patch.length > 0))
            fail('PermissionDenied', 'this client shows CRDT documents, but does not edit them');
        checkMetadata(metadata);
        if (!replaces && this.context.queueSize >= limits.queueEntries)
            fail('QueueFull', 'the offline queue is full');
        if (!this.collection)
            fail('NotFound', 'nothing is known of this document yet');
        if (operation === 'create' && this.exists)
            fail('DocumentExists', 'the document exists already');
        if (operation !== 'create' && !this.exists && !evenIfNothing)
            fail('NotFound', 'there is no document');
        if (operation === 'update')
            this.policy.checkEnginePaths(patch);
        const before = this.tree;
        const applied = this.kind === 'crdt' ? { state: undefined, inverse: [], footprint: noFootprint, changed: false }
                                             : applyEvent(before, { operation, diff: { patch } });
        if (!applied.changed && !evenIfNothing)
            return null;
        if (applied.changed)
            this.checkEdit(applied.state, before);
        const entry = { id: id ?? this.context.newId(), first: '', order: 0, documentId: this.id, collection: this.collection, operation,
                        diff: { patch }, baseSeq: this.position.serverSeq, timestamp: new Date(this.context.now()).toISOString(),
                        metadata: { ...metadata, madeAt: this.position.serverSeq }, footprint: applied.footprint, state: 'waiting',
                        tries: replaces ? replaces.tries + 1 : 0 };
        entry.first = replaces?.first ?? entry.id;
        if (onOverlap)
            entry.onOverlap = onOverlap;
        const size = canonicalSize(this.pushed(entry, Number.MAX_SAFE_INTEGER));
        if (size + limits.eventRoom > this.context.granted('eventBytes'))
            fail('TooLarge', 'the edit is larger than the server takes');
        this.checkSize(applied.state, size);
        const undo = this.inverseStep(entry, applied, before);
        if (undoIsRedo === undefined)
            this.dropUndo((step) => step.redo);
        if (undo)
            this.pushUndo({ ...undo, redo: undoIsRedo ?? false });
        entry.order = ++this.context.lastOrder;
        freeze(entry.diff);
        freeze(entry.metadata);
        this.tree = applied.state;
        ++this.revision;
        this.insert(entry);
        this.changed = true;
        this.refused = false; // what refused the subscription may be over; a new edit asks again
        return entry.id;
    }

    // A document that breaks the rules already may still be edited, as long as nothing becomes worse.
    checkEdit(after, before) {
        try {
            this.check(after, before);
        } catch (error) {
            throw error instanceof EventSyncError ? error : new EventSyncError('Invalid', error.message);
        }
    }

    checkSize(state, editBytes) {
        const most = this.context.granted('documentBytes');
        this.sizeBound = this.sizeBound === undefined ? Infinity : this.sizeBound + editBytes;
        if (this.sizeBound <= most)
            return;
        this.sizeBound = state === undefined ? 0 : canonicalSize(state);
        if (this.sizeBound > most) {
            this.sizeBound = undefined;
            fail('TooLarge', 'the document would be larger than the server takes');
        }
    }

    /** @param {string} collection @param {import('./values.mjs').Value} state */
    create(collection, state, options = {}) {
        if (this.isDone(options.id))
            return options.id;
        checkDocumentId(this.id);
        checkCollection(collection);
        if (this.exists)
            fail('DocumentExists', 'the document exists already');
        if (this.collection && this.collection !== collection && this.position.serverSeq > 0)
            fail('WrongCollection', `the document belongs to collection ${this.collection}`);
        const before = this.collection;
        this.collection = collection;
        try {
            const value = this.policy.withoutEngineFields(normalize(state));
            const id = this.enqueue({ ...options, operation: 'create', patch: [{ op: 'add', path: '', value }] });
            this.documentDirty = true;
            return id;
        } catch (error) {
            this.collection = before;
            throw error;
        }
    }

    /** By a JSON Patch, or by the value that the document should have. */
    update(change, options = {}) {
        if (this.isDone(options.id))
            return options.id;
        if (options.revision !== undefined && options.revision !== this.revisionText)
            fail('VersionConflict', 'the document has changed since the edit was computed');
        if (change.patch)
            return this.enqueue({ ...options, patch: normalizePatch(change.patch) });
        if (this.tree === undefined)
            fail(this.kind === 'crdt' ? 'PermissionDenied' : 'NotFound',
                 this.kind === 'crdt' ? 'this client shows CRDT documents, but does not edit them' : 'there is no document');
        const after = this.policy.withoutEngineFields(normalize(change.value));
        const patch = diff(this.tree, after, this.policy);
        return patch.length === 0 ? null : this.enqueue({ ...options, patch });
    }

    remove(options = {}) {
        return this.isDone(options.id) ? options.id : this.enqueue({ ...options, operation: 'delete', patch: [] });
    }

    // Whether an edit under this id was made: a call that another tab repeats must not count twice.
    isDone(id) { return id !== undefined && (this.byId.has(id) || this.acked.has(id) || this.ids.has(id)); }

    // ---- undo

    // What takes an edit back that was just applied: its inverse, behind a test of every value that it wrote. An inc is taken
    // back by its negative, and needs none.
    inverseStep(entry, applied, before) {
        const step = { edit: entry.id };
        const whole = () => toHex(sha256(new TextEncoder().encode(canonical(applied.state))));
        if (entry.operation === 'create')
            return { ...step, operation: 'delete', patch: [], expected: whole() };
        if (entry.operation === 'delete')
            return this.kind === 'crdt' ? undefined : { ...step, operation: 'create', patch: [{ op: 'add', path: '', value: before }] };
        if (applied.inverse.length === 0)
            return undefined;
        if (applied.footprint.everything)
            return { ...step, operation: 'update', patch: applied.inverse, expected: whole() };
        const tests = [], absent = [];
        for (const { path, kind } of applied.footprint.entries) {
            if (kind === 'read' || kind === 'inc')
                continue;
            const value = find(applied.state, path);
            if (value === undefined)
                absent.push(path);
            else
                tests.push({ op: 'test', path: pointerText(path), value });
        }
        return { ...step, operation: 'update', patch: [...tests, ...applied.inverse], absent };
    }

    pushUndo(step) {
        step.order = (this.undoSteps.at(-1)?.order ?? 0) + 1;
        this.writes.push(['put', `undo/${this.id}/${step.order}`, step]);
        this.undoSteps.push(step);
        if (this.undoSteps.length > limits.undoEntries)
            this.dropUndo((one) => one === this.undoSteps[0]);
    }

    dropUndo(which) {
        const dropped = this.undoSteps.filter(which);
        for (const step of dropped)
            this.writes.push(['erase', `undo/${this.id}/${step.order}`]);
        if (dropped.length > 0)
            this.undoSteps = this.undoSteps.filter((step) => !dropped.includes(step));
    }

    // An edit that is no longer applied as written cannot be taken back.
    dropUndoOf(id) { this.dropUndo((step) => step.edit === id); }

    canUndo(redo = false) { return this.undoSteps.some((step) => step.redo === redo); }

    undo(redo, options = {}) {
        if (this.isDone(options.id))
            return options.id;
        const step = this.undoSteps.findLast((one) => one.redo === redo);
        if (!step)
            fail('NotFound', redo ? 'there is nothing to redo' : 'there is nothing to undo');
        const refuse = () => fail('Conflict', 'another client has changed it since');
        if (step.operation === 'create' ? this.exists : !this.exists)
            refuse();
        if (step.expected && toHex(sha256(new TextEncoder().encode(canonical(this.tree)))) !== step.expected)
            refuse();
        if (step.absent?.some((path) => find(this.tree, path) !== undefined))
            refuse();
        let id;
        try {
            id = this.enqueue({ ...options, operation: step.operation, patch: step.patch,
                                metadata: { ...options.metadata, [redo ? 'redoes' : 'undoes']: step.edit }, undoIsRedo: !redo });
        } catch (error) {
            throw error.code === 'PatchFailed' ? new EventSyncError('Conflict', 'another client has changed it since', { path: error.path }) : error;
        }
        this.dropUndo((one) => one === step);
        return id;
    }

    // ---- decisions

    /** The three sides of a conflict; undefined where there is no such conflict. */
    conflict(id) {
        const entry = this.entry(id);
        if (entry?.state !== 'conflict')
            return undefined;
        const base = this.stateAt(entry.baseSeq);
        const attempt = (state) => {
            try {
                return { state: applyEvent(state, entry).state };
            } catch {
                return undefined; // it was made on top of own edits that are not there
            }
        };
        const ours = (base && base.kind === 'json' ? attempt(base.state) : undefined) ?? attempt(this.tree) ?? { state: this.tree };
        const unseen = this.history.filter((item) => item.event.serverSeq > entry.baseSeq
                                                     && (item.ownOrder === undefined || item.ownOrder > entry.order));
        return { id: entry.id, first: entry.first, documentId: this.id, collection: entry.collection, operation: entry.operation,
                 patch: entry.diff.patch, paths: entry.footprint.everything ? [''] : entry.footprint.entries.filter((e) => e.kind !== 'read').map((e) => pointerText(e.path)),
                 baseKnown: base !== undefined, base: base?.state, ours: ours.state, theirs: this.tree,
                 unseen: base ? unseen.map((item) => item.event) : [], unseenFrom: entry.baseSeq + 1, unseenTo: this.position.serverSeq,
                 ready: this.isReady(entry), reason: entry.reason, tries: entry.tries, timestamp: entry.timestamp };
    }

    // Our values at the paths we wrote; counters are counted again.
    ourValues(entry, ours) {
        const patch = [], done = new Set();
        let now = this.tree;
        const step = (operation) => {
            try {
                now = applyEvent(now, { operation: 'update', diff: { patch: [operation] } }).state;
                patch.push(operation);
            } catch {
                // The place is gone, and with it the meaning of this operation.
            }
        };
        for (const { path: written, kind } of entry.footprint.entries) {
            if (kind !== 'write' || written.length === 0)
                continue;
            let path = written;
            let value = find(ours, path);
            // Where the container has gone, the nearest one that is there gets our whole member.
            while (value !== undefined && path.length > 1 && find(now, path.slice(0, -1)) === undefined) {
                path = path.slice(0, -1);
                value = find(ours, path);
            }
            const text = pointerText(path);
            if (done.has(text))
                continue;
            done.add(text);
            const theirs = find(now, path);
            if (value !== undefined && (theirs === undefined || !equal(value, theirs)))
                step({ op: theirs === undefined ? 'add' : 'replace', path: text, value });
            else if (value === undefined && theirs !== undefined)
                step({ op: 'remove', path: text });
        }
        for (const operation of entry.diff.patch) {
            if ((operation.op === 'inc' || operation.op === 'max') && !done.has(operation.path))
                step(operation);
        }
        return patch;
    }

    wholePlan(value) {
        if (value === undefined)
            fail('PatchFailed', 'our edit has no state of its own any more');
        return this.exists ? { operation: 'update', patch: [{ op: 'replace', path: '', value }] }
                           : { operation: 'create', patch: [{ op: 'add', path: '', value }] };
    }

    oursPlan(entry, view) {
        if (entry.operation === 'delete')
            return this.exists ? { operation: 'delete', patch: [] } : { operation: 'update', patch: [] }; // gone already
        if (!this.exists || entry.operation === 'create' || entry.footprint.everything)
            return this.wholePlan(view.ours);
        return { operation: 'update', patch: this.ourValues(entry, view.ours) };
    }

    mergedPlan(merged) {
        if (merged === undefined)
            return this.exists ? { operation: 'delete', patch: [] } : { operation: 'update', patch: [] };
        const value = this.policy.withoutEngineFields(normalize(merged));
        return this.exists ? { operation: 'update', patch: diff(this.tree, value, this.policy) } : this.wholePlan(value);
    }

    // The three sides as patches, as the log keeps them.
    conflictRecord(entry, view, strategy, decidedBy) {
        let base = [], ours = entry.diff.patch, truncated = false;
        if (view.baseKnown) {
            try {
                base = applyEvent(view.base, entry).inverse;
            } catch {
                // It was made on top of own edits that the base does not have.
            }
        }
        if (canonicalSize(ours) + canonicalSize(base) > limits.conflictRecordBytes) {
            ours = base = [];
            truncated = true;
        }
        const theirs = [];
        let bytes = 0;
        for (const event of view.unseen) {
            const change = event.operation === 'delete' ? [{ op: 'remove', path: '' }] : event.diff.patch ?? [];
            bytes += canonicalSize(change);
            if (bytes > limits.conflictRecordBytes) {
                truncated = true;
                break;
            }
            theirs.push(...change);
        }
        return { base, ours, theirs, strategy, decidedBy, unseen: [view.unseenFrom, view.unseenTo], ...(truncated ? { truncated } : {}) };
    }

    /**
     * Decides a conflict: a new event at the end of the queue, with the three sides recorded.
     * @param {string} id @param {{decision: 'ours'|'theirs'|'merged', merged?: import('./values.mjs').State, strategy?: string, decidedBy?: string}} resolution
     */
    resolve(id, { decision, merged, strategy = decision, decidedBy = 'user' }, options = {}) {
        if (this.isDone(options.id))
            return options.id;
        const entry = this.entry(id);
        const view = this.conflict(id);
        if (!view)
            fail('NotFound', 'there is no such conflict');
        if (!view.ready)
            fail('Unavailable', 'the events that it conflicts with are not here yet');
        let plan;
        if (decision === 'ours')
            plan = this.oursPlan(entry, view);
        else if (decision === 'theirs')
            plan = { operation: 'update', patch: [] };
        else if (decision === 'merged')
            plan = this.mergedPlan(merged);
        else
            fail('Invalid', 'a decision is ours, theirs or merged');
        const record = this.conflictRecord(entry, view, strategy, decidedBy);
        const metadata = { ...entry.metadata, replaces: [entry.first, entry.id], conflict: record };
        const onOverlap = entry.tries + 1 >= limits.rebaseTries ? (decision === 'theirs' ? 'theirs' : 'ours') : undefined;
        let made;
        try {
            made = this.enqueue({ ...options, ...plan, metadata, replaces: entry, onOverlap, evenIfNothing: true });
        } catch (error) {
            if (error.code !== 'TooLarge')
                throw error;
            const short = { ...record, base: [], ours: [], theirs: [], truncated: true }; // no room beside the edit
            made = this.enqueue({ ...options, ...plan, metadata: { ...metadata, conflict: short }, replaces: entry, onOverlap, evenIfNothing: true });
        }
        this.giveUp(entry);
        this.take(entry);
        return made;
    }

    giveUp(entry) { this.remember([entry.id, entry.first], 'givenUp'); }

    discard(id) {
        const entry = this.entry(id);
        if (!entry && this.ids.get(id) === 'givenUp')
            return;
        if (!entry)
            fail('NotFound', 'there is no such entry');
        if (isPending(entry))
            fail('Conflict', 'the edit is on its way; undo it instead');
        this.giveUp(entry);
        this.take(entry);
    }

    // A refused edit is tried again as a new one, on the state as it is now.
    retry(id, options = {}) {
        if (this.isDone(options.id))
            return options.id;
        const entry = this.entry(id);
        if (!entry)
            fail('NotFound', 'there is no such entry');
        if (entry.state !== 'dead')
            fail('Conflict', 'only a refused edit is tried again');
        const { replaces, ...metadata } = entry.metadata; // it is a new edit
        const made = this.enqueue({ ...options, operation: entry.operation, patch: entry.diff.patch, metadata: { ...metadata, retries: entry.id },
                                    evenIfNothing: true });
        this.giveUp(entry);
        this.take(entry);
        return made;
    }

    // ---- the end of a step

    finish(out) {
        if (!this.context.fork)
            this.rewind();
        this.pump(out);
        this.trimHistory();
        this.flush(out);
        if (this.changed) {
            out.facts.push({ type: 'change', documentId: this.id, remote: this.changedByOthers });
            if (this.kind === 'crdt' && this.synced && this.view?.serverSeq !== this.position.serverSeq)
                out.facts.push({ type: 'wantView', documentId: this.id, serverSeq: this.position.serverSeq });
        }
        out.facts.push(...this.facts);
        if (this.queueChanged)
            out.facts.push({ type: 'queue', documentId: this.id });
        for (const entry of this.entries('conflict')) {
            if (!entry.announced && this.isReady(entry)) {
                entry.announced = true;
                out.facts.push({ type: 'conflict', documentId: this.id, id: entry.id });
            }
        }
        this.changed = this.changedByOthers = this.queueChanged = false;
        this.facts = [];
    }

    flush(out) {
        out.writes.push(...this.writes);
        this.writes = [];
        for (const order of this.removed)
            out.writes.push(['erase', `queue/${this.id}/${order}`]);
        this.removed.clear();
        for (const order of this.dirty) {
            const { hold, announced, ...row } = this.queue.get(order);
            out.writes.push(['put', `queue/${this.id}/${order}`, row]);
        }
        this.dirty.clear();
        if (this.baseDirty) {
            const { serverSeq, chain, kind, state } = this.historyStart;
            out.writes.push(['put', `base/${this.id}`, { serverSeq, chain, kind, ...(state === undefined ? {} : { state }) }]);
        }
        if (this.documentDirty)
            out.writes.push(['put', `document/${this.id}`, this.documentRow()]);
        this.baseDirty = this.documentDirty = false;
    }

    documentRow() {
        return { collection: this.collection ?? null, readOnly: this.readOnly, position: this.position, last: this.last, assigned: this.assigned };
    }

    setView(serverSeq, state) {
        this.view = { serverSeq, ...(state === undefined ? {} : { state: freeze(state) }) };
        this.writes.push(['put', `view/${this.id}`, this.view]);
        this.changed = this.changedByOthers = true;
    }

    // ---- loading

    /** @param {Record<string, [string, any][]>} rows by the first part of their keys; each with the rest of its key */
    load(rows) {
        const { collection, readOnly, position, last, assigned } = rows.document?.[0]?.[1] ?? {};
        this.collection = collection ?? undefined;
        this.readOnly = readOnly ?? false;
        this.last = last ?? 0;
        this.assigned = assigned ?? 0;
        const base = rows.base?.[0]?.[1];
        if (base)
            this.historyStart = { serverSeq: base.serverSeq, chain: base.chain, kind: base.kind, state: freeze(base.state) };
        this.confirmed = this.historyStart.state;
        this.kind = this.historyStart.kind;
        this.position = { serverSeq: this.historyStart.serverSeq, chain: this.historyStart.chain };
        for (const [, { event, chain, ownOrder }] of (rows.history ?? []).sort((a, b) => a[0] - b[0])) {
            if (event.serverSeq !== this.position.serverSeq + 1)
                fail('Corrupt', `the stored history of ${this.id} has a gap`);
            const { kind, state, footprint } = this.folded(freeze(event));
            this.history.push({ event, chain, footprint, kind, state, ownOrder, bytes: canonicalSize(event) });
            this.historyBytes += this.history.at(-1).bytes;
            this.confirmed = state;
            this.kind = kind;
            this.position = { serverSeq: event.serverSeq, chain };
        }
        if (position && !equal(position, this.position))
            fail('Corrupt', `the stored state of ${this.id} is not at its position`);
        this.waitingBase = this.position.serverSeq;
        for (const [, entry] of (rows.queue ?? []).sort((a, b) => a[1].order - b[1].order)) {
            freeze(entry.diff);
            freeze(entry.metadata);
            freeze(entry.footprint);
            this.insert(entry);
            this.context.lastOrder = Math.max(this.context.lastOrder, entry.order);
            this.context.firstOrder = Math.min(this.context.firstOrder, entry.order - 1);
        }
        for (const [, row] of (rows.acked ?? []).sort((a, b) => a[1].at - b[1].at || a[1].serverSeq - b[1].serverSeq))
            this.acked.set(row.edit.id, freeze(row));
        for (const [id, kind] of rows.ids ?? [])
            this.ids.set(id, kind);
        for (const [, step] of (rows.undo ?? []).sort((a, b) => a[1].order - b[1].order))
            this.undoSteps.push(freeze(step));
        for (const [clientId, clientSeq] of rows.clock ?? [])
            this.clock.set(clientId, clientSeq);
        this.staged = (rows.staged ?? []).sort((a, b) => a[1].part - b[1].part).map(([, part]) => part);
        this.view = freeze(rows.view?.[0]?.[1]);
        this.dirty.clear();
        this.queueChanged = false;
        this.unwound = true;
        this.rewind();
    }

    // All rows: for a store that was emptied while this client was running.
    allRows() {
        const rows = [['put', `document/${this.id}`, this.documentRow()]];
        const { serverSeq, chain, kind, state } = this.historyStart;
        rows.push(['put', `base/${this.id}`, { serverSeq, chain, kind, ...(state === undefined ? {} : { state }) }]);
        for (const { event, chain: after, ownOrder } of this.history)
            rows.push(['put', `history/${this.id}/${event.serverSeq}`, { event, chain: after, ...(ownOrder === undefined ? {} : { ownOrder }) }]);
        for (const { hold, announced, ...row } of this.queue.values())
            rows.push(['put', `queue/${this.id}/${row.order}`, row]);
        for (const [id, row] of this.acked)
            rows.push(['put', `acked/${this.id}/${id}`, row]);
        for (const [id, known] of this.ids)
            rows.push(['put', `ids/${this.id}/${id}`, known]);
        for (const step of this.undoSteps)
            rows.push(['put', `undo/${this.id}/${step.order}`, step]);
        for (const [clientId, clientSeq] of this.clock)
            rows.push(['put', `clock/${this.id}/${clientId}`, clientSeq]);
        for (const part of this.staged)
            rows.push(['put', `staged/${this.id}/${part.part}`, part]);
        if (this.view)
            rows.push(['put', `view/${this.id}`, this.view]);
        return rows;
    }
}

// What the server alone may say.
function checkMetadata(metadata) {
    if (!isObject(metadata))
        fail('InvalidValue', 'metadata is an object');
    normalize(metadata);
    if (Object.hasOwn(metadata, 'transactionId') || metadata.conflict?.decidedBy === 'server')
        fail('PermissionDenied', 'this metadata is reserved for the server');
}

// ---- resolvers

/** Decides nothing: the user does. */
export const askResolver = () => () => undefined;
export const oursResolver = () => () => ({ decision: 'ours', strategy: 'ours', decidedBy: 'ours' });
export const theirsResolver = () => () => ({ decision: 'theirs', strategy: 'theirs', decidedBy: 'theirs' });
export const lastWriterWinsResolver = () => () => ({ decision: 'ours', strategy: 'lastWriterWins', decidedBy: 'lastWriterWins' });
/** Takes values that only one side changed from that side; where both changed one value, `otherwise` decides. */
export const fieldMergeResolver = (otherwise = askResolver()) => (view) => {
    const result = view.baseKnown ? mergeFields(view.base, view.ours, view.theirs) : undefined;
    return result ? { decision: 'merged', merged: result.merged, strategy: 'fieldMerge', decidedBy: 'fieldMerge' } : otherwise(view);
};
