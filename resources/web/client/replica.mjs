// SPDX-License-Identifier: Apache-2.0
//
// One document at one client: its confirmed state and history, its queue of edits, its half of the protocol
// (docs/protocol.md, Rules; docs/merging.md, The client's queue). No input and no output happens here: a step changes the
// replica and leaves the rows to write, the messages to send and the facts to tell in `out`. The messages of a step may
// leave only after its rows are durable.
// What is here: the end of each step, and the rows of the store. The other parts: replicaqueue.mjs, replicalog.mjs, replicaedits.mjs.
import { ReplicaEdits } from './replicaedits.mjs';
import { mergeFields } from './merge.mjs';
import { canonicalSize, equal, fail, freeze } from './values.mjs';

export class Replica extends ReplicaEdits {
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
