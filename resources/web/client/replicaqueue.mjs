// SPDX-License-Identifier: Apache-2.0
//
// A replica's fields, its optimistic state, and its queue: entries and their states, and how one follows another (docs/merging.md, The
// client's queue).
import { applyEvent, everything, overlaps, Policy } from './merge.mjs';
import { EventSyncError, fail } from './values.mjs';

/**
 * An edit in the queue. `state`: `waiting`, `sent`, `conflict` or `dead`. `base` of a waiting entry is the replica's position.
 * @typedef {{id: string, first: string, order: number, documentId: string, collection: string, operation: string, diff: object,
 *   baseSeq: number, timestamp: string, metadata: object, footprint: import('./merge.mjs').Footprint, state: string, tries: number,
 *   onOverlap?: string, clientSeq?: number, reason?: object, because?: string, answered?: number, doom?: string, doomedBy?: string,
 *   wait?: number, missed?: import('./merge.mjs').Footprint[]}} Entry
 */

export const isPending = (entry) => entry.state === 'waiting' || entry.state === 'sent';

export class ReplicaQueue {
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
        this.places = { waiting: new Set(), sent: new Set(), conflict: new Set(), dead: new Set() }; // orders by state
        this.historyBytes = 0;
        this.revision = 0;                  // counts the changes of `tree`
        this.sizeBound = undefined;         // the document is not larger than this
        this.waitingBase = 0;
        // of the connection
        this.readers = 0;                   // who has opened it
        this.waitsSince = undefined;        // a ticket, while it waits for a place of the connection
        this.subscribed = this.synced = this.halted = this.gap = this.refused = false;
        this.repairs = this.pauses = 0;
        this.cursorSent = 0;
        this.pausedUntil = undefined;
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

    /** The entries in one of these states, in the order of the queue; the queue may change meanwhile. */
    entries(...states) {
        const orders = states.flatMap((state) => [...this.places[state]]);
        return orders.sort((a, b) => a - b).map((order) => this.queue.get(order));
    }

    get counts() {
        const { waiting, sent, conflict, dead } = this.places;
        return { waiting: waiting.size, sent: sent.size, conflict: conflict.size, dead: dead.size };
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
        this.places[entry.state].add(entry.order);
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
        this.places[entry.state].delete(entry.order);
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
        this.places[entry.state].delete(entry.order);
        this.places[state].add(entry.order);
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
        const { strict } = this.policy;
        for (const entry of this.queue.values()) { // in order
            if (entry.order >= before)
                break;
            if (entry.state === 'waiting' && !entry.onOverlap && (strict || overlaps(entry.footprint, footprint)))
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
}
