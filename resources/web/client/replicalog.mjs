// SPDX-License-Identifier: Apache-2.0
//
// What a replica and the server tell each other: subscriptions, pushes and their answers, events, snapshots, repairs (docs/protocol.md, Rules).
import { isPending, ReplicaQueue } from './replicaqueue.mjs';
import { applyEvent, diff, everything, noFootprint, overlaps, Policy } from './merge.mjs';
import { canonical, canonicalSize, chainNext, chainStart, equal, errorClass, EventSyncError, fail, freeze, fromBase64url, limits, sha256, toHex } from './values.mjs';

const nowhere = Number.MIN_SAFE_INTEGER; // an own event with no entry that it settled
const repairsInARow = 3;

const sameDiff = (a, b) => canonical(a) === canonical(b);

export class ReplicaLog extends ReplicaQueue {
    // ---- subscribing

    get need() {
        if (this.refused || (this.pausedUntil !== undefined && !this.subscribed))
            return 'none';
        const { waiting, sent, conflict } = this.places;
        if (sent.size > 0 || (!this.readOnly && this.firstWaiting()?.hold === false))
            return 'write';
        for (const order of conflict) {
            if (!this.isReady(this.queue.get(order)))
                return 'write'; // the events that it conflicts with are still to come
        }
        return this.readers > 0 || waiting.size + conflict.size > 0 ? 'read' : 'none';
    }

    firstWaiting() {
        if (this.places.waiting.size === 0)
            return undefined;
        for (const entry of this.queue.values()) {
            if (entry.state === 'waiting')
                return entry;
        }
        return undefined;
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
        for (const entry of this.entries('sent'))
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
        for (const entry of this.places.waiting.size > 0 ? this.queue.values() : []) {
            if (flying + batch.length >= most || (entry.state === 'waiting' && entry.hold) || batch.length === this.places.waiting.size)
                break;
            if (entry.state === 'waiting')
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
        for (const entry of this.entries('waiting')) {
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
        this.changed ||= this.kind === 'crdt'; // its view is asked for again, if the last answer was lost
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
        for (const entry of this.entries('sent'))
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
        const { staged } = this;
        this.dropStaging();
        let state;
        try {
            const parts = staged.map((part) => fromBase64url(part.bytes));
            if (toHex(sha256(...parts)) !== message.sha256)
                fail('Corrupt', 'the bytes of a snapshot do not have its digest');
            if (message.kind === 'json') {
                const decoder = new TextDecoder('utf-8', { fatal: true });
                state = freeze(JSON.parse(parts.map((part) => decoder.decode(part, { stream: true })).join('') + decoder.decode()));
            }
        } catch (error) {
            this.repair(error instanceof EventSyncError ? error : new EventSyncError('Corrupt', `a snapshot cannot be read: ${error.message}`), out);
            return;
        }
        const known = staged.flatMap((part) => part.known ?? []);
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
        for (const entry of this.entries('sent'))
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
}
