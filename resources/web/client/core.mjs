// SPDX-License-Identifier: Apache-2.0
//
// All documents of one client and its half of a connection, without input and output: who drives it writes the rows of each
// step, then sends its messages, then tells its facts.
import { Policy } from './merge.mjs';
import { Replica } from './replica.mjs';
import { checkCollection, checkDocumentId, errorClass, EventSyncError, fail, freeze, isObject, limits, newId, normalize, canonicalSize } from './values.mjs';

/**
 * What one step leaves: rows to write, then messages to send, facts to tell, and perhaps a reason to leave the connection.
 * @typedef {{writes: any[], messages: object[], facts: object[], close?: {error: EventSyncError, retryAfterMs?: number, never?: boolean}}} Outcome
 */

function emptyOutcome() { return { writes: [], messages: [], facts: [], close: undefined }; }

class Context {
    constructor(options) {
        this.now = options.now ?? Date.now;
        this.steady = options.steady ?? (() => performance.now());
        this.newId = options.newId ?? (() => newId(this.now()));
        this.validate = options.validate;
        this.wantClocks = options.wantClocks ?? false;
        this.run = this.newId(); // of this program's run
        this.clientId = '';
        this.policies = new Map(Object.entries(options.policies ?? {}).map(([collection, policy]) => [collection, new Policy(freeze(policy))]));
        this.limits = {};      // of the last welcome
        this.lastOrder = this.firstOrder = this.lastBatch = this.queueSize = 0;
        this.welcome = false;
        this.fork = undefined; // set by a replica: this one is a copy, or expired
    }

    // Granted by the server, within our own limits.
    granted(name) { return this.limits[name] > 0 ? Math.min(this.limits[name], limits[name]) : limits[name]; }
}

export class Core {
    /** @param {{now?: () => number, steady?: () => number, newId?: () => string, validate?: Function, policies?: object, wantClocks?: boolean, token?: string, userAgent?: string}} options */
    constructor(options = {}) {
        this.options = options;
        this.context = new Context(options);
        this.clientSecret = '';
        /** @type {Map<string, Replica>} */
        this.replicas = new Map();
        this.watches = new Map();   // collection -> {fields, filter, since, shown: Set, listed, listing}
        this.presences = new Map();
        this.turns = new Map();     // who is subscribed -> since when
        this.lastTicket = 0;        // of those that wait for a place
        this.presenceSent = 0;
        this.pieces = undefined;    // of an answer in parts
    }

    /** @param {Iterable<[string, any]>} rows everything that the store holds; returns the rows of a new profile */
    load(rows) {
        const documents = new Map();
        for (const [key, value] of rows) {
            const [set, id, ...rest] = key.split('/');
            if (set === 'client') {
                this.context.clientId = value.clientId;
                this.clientSecret = value.clientSecret;
            } else if (set === 'policy') {
                this.context.policies.set(id, new Policy(freeze(value)));
            } else if (id !== undefined) {
                if (!documents.has(id))
                    documents.set(id, {});
                const sets = documents.get(id);
                (sets[set] ??= []).push([set === 'history' ? Number(rest[0]) : rest.join('/'), value]);
            }
        }
        for (const [id, sets] of documents)
            this.replica(id).load(sets);
        if (this.context.clientId !== '')
            return [];
        this.context.clientId = this.context.newId();
        this.clientSecret = this.context.newId() + this.context.newId();
        return [this.clientRow()];
    }

    clientRow() { return ['put', 'client', { clientId: this.context.clientId, clientSecret: this.clientSecret }]; }
    allRows() {
        const policies = [...this.context.policies].map(([collection, policy]) => ['put', `policy/${collection}`, policy.json]);
        return [this.clientRow(), ...policies, ...[...this.replicas.values()].flatMap((replica) => replica.allRows())];
    }

    replica(id) {
        let replica = this.replicas.get(id);
        if (!replica)
            this.replicas.set(id, replica = new Replica(this.context, id));
        return replica;
    }

    // ---- steps

    /** @returns {Outcome} */
    step(act, ...replicas) {
        const out = emptyOutcome();
        act(out);
        for (const replica of replicas)
            replica.finish(out);
        return this.end(out);
    }

    end(out) {
        if (this.context.fork) {
            const why = this.context.fork;
            this.context.fork = undefined;
            this.becomeAnother(why, out);
        }
        if (out.close)
            this.leave();
        if (this.context.welcome)
            this.takePlaces(out);
        return out;
    }

    // This replica is a copy, or was forgotten: under a new id it continues with everything that is not in the log.
    becomeAnother(why, out) {
        const before = this.context.clientId;
        this.context.clientId = this.context.newId();
        this.clientSecret = this.context.newId() + this.context.newId();
        out.writes.push(this.clientRow());
        this.context.welcome = false;
        for (const replica of this.replicas.values()) {
            replica.becomeAnother();
            replica.finish(out);
        }
        out.facts.push({ type: 'clientIdChanged', before, now: this.context.clientId, reason: why.toRow() });
        out.close = { error: why, retryAfterMs: 0 };
    }

    leave() {
        this.context.welcome = false;
        this.context.limits = {};
        this.pieces = undefined;
        this.turns.clear();
        for (const replica of this.replicas.values())
            replica.disconnected();
    }

    // Which documents the connection follows: those with edits first, then those that are read, which take turns where the
    // server grants fewer places than there are documents.
    takePlaces(out) {
        const writers = [], readers = [], idle = [];
        let held = 0;
        for (const replica of this.replicas.values()) {
            const need = replica.need;
            if (replica.subscribed) {
                if (need === 'none') {
                    this.turns.delete(replica);
                    replica.unsubscribe(out);
                    continue;
                }
                ++held;
                if (need === 'read' && replica.synced)
                    idle.push(replica);
            } else if (need !== 'none') {
                replica.waitsSince ??= ++this.lastTicket;
                (need === 'write' ? writers : readers).push(replica);
            }
        }
        const longest = (a, b) => a.waitsSince - b.waitsSince;
        writers.sort(longest);
        readers.sort(longest);
        idle.sort((a, b) => (this.turns.get(a) ?? 0) - (this.turns.get(b) ?? 0));
        const now = this.context.steady();
        const places = this.context.granted('documentsPerConnection');
        for (const replica of [...writers, ...readers]) {
            if (held >= places) {
                const over = idle.findIndex((one) => writers.includes(replica) || now - (this.turns.get(one) ?? 0) >= limits.followTurnMs);
                if (over < 0)
                    return;
                const [gone] = idle.splice(over, 1);
                this.turns.delete(gone);
                gone.unsubscribe(out);
                --held;
            }
            replica.subscribe(out);
            replica.waitsSince = undefined;
            this.turns.set(replica, now);
            ++held;
        }
    }

    // ---- the connection

    connected() {
        return this.step((out) => {
            this.leave();
            const hello = { type: 'hello', protocol: 1, clientId: this.context.clientId, clientSecret: this.clientSecret };
            if (this.options.token)
                hello.token = this.options.token;
            if (this.options.userAgent)
                hello.userAgent = this.options.userAgent;
            out.messages.push(hello);
        });
    }

    disconnected() { return this.step(() => this.leave()); }

    tick() {
        const out = emptyOutcome();
        for (const replica of this.replicas.values()) {
            replica.tick(out);
            replica.finish(out);
        }
        if (this.context.welcome && this.context.steady() - this.presenceSent >= 10_000) {
            this.presenceSent = this.context.steady();
            for (const id of this.presences.keys())
                this.sendPresence(id, out);
        }
        return this.end(out);
    }

    sendPresence(id, out) {
        const replica = this.replicas.get(id);
        if (this.context.welcome && replica?.synced && this.presences.has(id))
            out.messages.push({ type: 'presence', documentId: id, clientId: this.context.clientId, state: this.presences.get(id) });
    }

    /** @param {object} message of the server @returns {Outcome} */
    receive(message) {
        const onDocument = (act, after = () => {}) => {
            const replica = this.context.welcome ? this.replicas.get(message.documentId) : undefined;
            const out = emptyOutcome();
            if (replica) {
                act(replica, out);
                replica.finish(out);
                after(out);
            }
            return this.end(out);
        };
        switch (message.type) {
        case 'welcome': return this.onWelcome(message);
        case 'events': return onDocument((replica, out) => replica.onEvents(message, out));
        case 'ack': return onDocument((replica) => replica.onAck(message));
        case 'synced': return onDocument((replica, out) => replica.onSynced(message, out), (out) => this.sendPresence(message.documentId, out));
        case 'snapshot': return onDocument((replica, out) => replica.onSnapshot(message, out));
        case 'diverged': return onDocument((replica) => replica.onDiverged(message));
        case 'revoked': return onDocument((replica) => replica.onRevoked(message));
        case 'heads': return this.step((out) => this.onHeads(message, out));
        case 'watching': return this.step((out) => this.onWatching(message, out));
        case 'result': return this.step((out) => this.onResult(message, out));
        case 'cursors': return this.step((out) => out.facts.push({ type: 'cursors', documentId: message.documentId, cursors: message.cursors }));
        case 'presence': return this.step((out) => out.facts.push({ type: 'presence', documentId: message.documentId, clientId: message.clientId, state: message.state }));
        case 'ping': return this.step((out) => out.messages.push({ type: 'pong', n: message.n }));
        case 'error': return this.onError(message);
        case 'goaway': return this.step((out) => {
            out.close = { error: new EventSyncError('ShuttingDown', 'the server is stopping'), retryAfterMs: message.retryAfterMs };
        });
        default: return this.step(() => {}); // of a newer server, or a pong
        }
    }

    onWelcome(message) {
        this.context.welcome = true;
        this.context.limits = message.limits;
        this.presenceSent = this.context.steady();
        return this.step((out) => {
            out.facts.push({ type: 'welcome', welcome: message });
            for (const [collection, watch] of this.watches)
                this.sendWatch(collection, watch, out);
        }, ...this.replicas.values());
    }

    // Why the server closes decides whether, and when, it is worth connecting again.
    onError({ code, message, scope, documentId, retryAfterMs }) {
        const error = new EventSyncError(code, message, { retryAfterMs });
        return this.step((out) => {
            out.facts.push({ type: 'error', error: error.toRow(), scope, documentId });
            if (scope === 'connection') {
                if (['ClientExpired', 'ClientForked', 'ClientIdInUse', 'ClientSecretWrong'].includes(code))
                    this.context.fork = error;
                else if (code === 'Replaced')
                    out.close = { error, retryAfterMs: Math.max(retryAfterMs ?? 0, limits.retryReplacedMs) };
                else
                    out.close = { error, retryAfterMs, never: !['transient', 'corrupt'].includes(errorClass(code)) && code !== 'SlowConsumer' };
                return;
            }
            if (code === 'ClientExpired') {
                this.context.fork = error;
                return;
            }
            const replica = this.replicas.get(documentId);
            if (!replica)
                return;
            if (scope === 'document')
                replica.onError(error);
            else
                replica.onUnreadable(error);
            replica.finish(out);
        });
    }

    // ---- collections

    sendWatch(collection, watch, out) {
        watch.listed = new Set();
        watch.listing = true;
        const { filter, fields, since } = watch;
        out.messages.push({ type: 'watch', collection, ...(filter ? { filter } : {}), ...(fields ? { fields } : {}), ...(since ? { since } : {}) });
    }

    /** @param {string} collection @param {{filter?: object, fields?: string[]}} parameters */
    watch(collection, { filter, fields } = {}) {
        checkCollection(collection);
        return this.step((out) => {
            const watch = { filter, fields, since: undefined, shown: new Set(), listed: new Set(), listing: false };
            this.watches.set(collection, watch);
            if (this.context.welcome)
                this.sendWatch(collection, watch, out);
        });
    }

    unwatch(collection) {
        return this.step((out) => {
            if (this.watches.delete(collection) && this.context.welcome)
                out.messages.push({ type: 'unwatch', collection });
        });
    }

    onHeads({ collection, heads }, out) {
        const watch = this.watches.get(collection);
        for (const head of watch ? heads : []) {
            if (head.deleted) {
                watch.shown.delete(head.documentId);
                watch.listed.delete(head.documentId);
                continue;
            }
            watch.shown.add(head.documentId);
            if (watch.listing)
                watch.listed.add(head.documentId);
        }
        out.facts.push({ type: 'heads', collection, heads });
    }

    onWatching({ collection, token, full }, out) {
        const watch = this.watches.get(collection);
        if (watch) {
            watch.since = token;
            watch.listing = false;
            const gone = full ? [...watch.shown].filter((id) => !watch.listed.has(id)) : [];
            for (const id of gone)
                watch.shown.delete(id);
            if (gone.length > 0)
                out.facts.push({ type: 'heads', collection, heads: gone.map((documentId) => ({ documentId, serverSeq: 0, deleted: true })) });
        }
        out.facts.push({ type: 'watching', collection, full: full ?? false });
    }

    // What comes in pieces is told when it is whole.
    onResult(message, out) {
        const tell = (content) => out.facts.push({ type: 'result', requestId: message.requestId, more: false, ...content });
        if (message.piece === undefined) {
            const { type, requestId, part, more, code, reason, ...content } = message;
            tell(code ? { code, reason } : { content });
            return;
        }
        if (message.part === 1)
            this.pieces = { requestId: message.requestId, text: '' };
        if (this.pieces?.requestId !== message.requestId)
            return; // of an answer that was given up
        this.pieces.text += message.piece;
        if (this.pieces.text.length > limits.longestAnswer) {
            this.pieces = undefined;
            tell({ code: 'TooLarge', reason: 'the answer is longer than any may be' });
        } else if (message.more) {
            out.facts.push({ type: 'result', requestId: message.requestId, more: true });
        } else {
            const { text } = this.pieces;
            this.pieces = undefined;
            let content;
            try {
                content = JSON.parse(text);
            } catch {
                content = undefined;
            }
            tell(isObject(content) ? { content } : { code: 'InvalidMessage', reason: 'the pieces of the answer do not make one' });
        }
    }

    // ---- interest and edits

    open(id, collection) {
        checkDocumentId(id);
        if (collection !== undefined)
            checkCollection(collection);
        const replica = this.replica(id);
        return this.step(() => {
            if (!replica.collection && collection) {
                replica.collection = collection;
                replica.documentDirty = true;
            }
            ++replica.readers;
            replica.refused = false;
        }, replica);
    }

    close(id) {
        const replica = this.replicas.get(id);
        return this.step((out) => {
            if (!replica || replica.readers === 0)
                return;
            if (--replica.readers === 0 && this.presences.has(id)) {
                this.presences.set(id, null);
                this.sendPresence(id, out);
                this.presences.delete(id);
            }
        }, ...(replica ? [replica] : []));
    }

    presence(id, state) {
        const value = normalize(state);
        if (canonicalSize(value) > limits.presenceBytes)
            fail('TooLarge', 'the presence is too large');
        return this.step((out) => {
            this.presences.set(checkDocumentId(id), value);
            this.sendPresence(id, out);
            if (value === null)
                this.presences.delete(id);
        });
    }

    /**
     * Runs one edit or decision: throws, with nothing changed, or returns its result and the outcome of the step.
     * @template T @param {string} id @param {(replica: Replica) => T} act @returns {{result: T, out: Outcome}}
     */
    edit(id, act) {
        const known = this.replicas.has(checkDocumentId(id));
        const replica = this.replica(id);
        let result;
        try {
            result = act(replica);
        } catch (error) {
            if (!known)
                this.replicas.delete(id);
            throw error;
        }
        return { result, out: this.step(() => {}, replica) };
    }

    holderOf(entryId) {
        for (const replica of this.replicas.values()) {
            if (replica.byId.has(entryId))
                return replica;
        }
        return undefined;
    }

    // ---- what is known

    /** The entries of one document, or of all, in order; only those in some states, and only the first ones, if asked. */
    queue(documentId, { states, limit = Infinity } = {}) {
        const replicas = documentId === undefined ? [...this.replicas.values()] : [this.replicas.get(documentId)].filter(Boolean);
        const first = (replica) => {
            if (states)
                return replica.entries(...states).slice(0, limit);
            const entries = [];
            for (const entry of replica.queue.values()) {
                if (entries.length >= limit)
                    break;
                entries.push(entry);
            }
            return entries;
        };
        return replicas.flatMap((replica) => first(replica).map((entry) => queueView(replica, entry))).sort((a, b) => a.order - b.order).slice(0, limit);
    }
}

function queueView(replica, entry) {
    return { id: entry.id, first: entry.first, order: entry.order, documentId: replica.id, collection: entry.collection, operation: entry.operation,
             patch: entry.diff.patch, state: entry.state, timestamp: entry.timestamp, tries: entry.tries, reason: entry.reason, because: entry.because,
             baseSeq: entry.state === 'waiting' ? replica.position.serverSeq : entry.baseSeq, clientSeq: entry.clientSeq,
             ready: entry.state === 'conflict' && replica.isReady(entry), metadata: entry.metadata };
}
