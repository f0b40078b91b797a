// SPDX-License-Identifier: Apache-2.0
//
// Edits, undo, and decisions on conflicts and dead letters (docs/merging.md, Undo and Resolvers).
import { ReplicaLog } from './replicalog.mjs';
import { isPending } from './replicaqueue.mjs';
import { applyEvent, diff, noFootprint, normalizePatch } from './merge.mjs';
import { canonical, canonicalSize, checkCollection, checkDocumentId, equal, EventSyncError, fail, find, freeze, isObject, limits, normalize, pointerText, sha256, toHex } from './values.mjs';

export class ReplicaEdits extends ReplicaLog {
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
                        tries: replaces ? replaces.tries + 1 : 0, hold: false };
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
}

// What the server alone may say.
function checkMetadata(metadata) {
    if (!isObject(metadata))
        fail('InvalidValue', 'metadata is an object');
    normalize(metadata);
    if (Object.hasOwn(metadata, 'transactionId') || metadata.conflict?.decidedBy === 'server')
        fail('PermissionDenied', 'this metadata is reserved for the server');
}
