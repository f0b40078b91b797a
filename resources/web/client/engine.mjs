// SPDX-License-Identifier: Apache-2.0
//
// The core with a store and a connection: each step becomes durable, then its messages leave, then its facts are told.
import { Core } from './core.mjs';
import { EventSyncError, fail, isObject, limits, newId } from './values.mjs';

/** Calls listeners; one that throws does not keep the others from hearing. */
export class Emitter {
    #listeners = new Map();
    /** @param {string} type `*` for every event @param {(fact: any) => void} listener @returns {() => void} removes it */
    on(type, listener) {
        if (!this.#listeners.has(type))
            this.#listeners.set(type, new Set());
        this.#listeners.get(type).add(listener);
        return () => this.#listeners.get(type).delete(listener);
    }
    emit(fact) {
        for (const listener of [...(this.#listeners.get(fact.type) ?? []), ...(this.#listeners.get('*') ?? [])]) {
            try {
                listener(fact);
            } catch (error) {
                queueMicrotask(() => { throw error; });
            }
        }
    }
}

const tickMs = 1000, openTries = 8;
const closeReactions = { 1002: 'never', 1007: 'never', 1008: 'never', 1009: 'later' };

/**
 * One client on one store. Only one may run on a store at a time (tabs.mjs sees to that in browsers).
 *
 * `status`: `offline`, `connecting`, `online`, `waiting` (will connect again), `refused` (will not), `storeLost`, `replaced`.
 */
export class Engine extends Emitter {
    /** @param {{store: object, connect?: Function, resolvers?: object, random?: () => number, retryFirstMs?: number, retryLongestMs?: number}} options */
    constructor(options) {
        super();
        this.options = options;
        this.store = options.store;
        this.owner = newId();
        this.core = undefined;
        this.status = 'offline';
        this.lastError = undefined;
        this.wanted = false;
        this.connection = undefined;
        this.works = [];
        this.batch = [];
        this.committing = false;
        this.recovering = undefined;
        this.retries = 0;
        this.questions = new Map();
        this.heads = new Map();      // collection -> Map(documentId -> {serverSeq, fields})
        this.unsaved = new Map();    // documentId -> edits that are not durable yet
        this.welcome = undefined;
    }

    async start() {
        this.core = new Core(this.options);
        const rows = await this.store.open(this.owner);
        const first = this.core.load(rows);
        if (first.length > 0)
            await this.store.write(first, this.owner);
        this.store.onLost = (error) => void this.recover(error);
        this.ticking = setInterval(() => this.tick(), tickMs);
        this.ticking.unref?.();
        this.resolveKnown();
        return this;
    }

    async stop() {
        clearInterval(this.ticking);
        this.goOffline();
        await this.settled();
        this.store.onLost = undefined;
        this.status = 'offline';
        await this.store.close();
    }

    /** Resolves when everything that was done so far is durable, or has failed. */
    async settled() {
        while (this.committing || this.works.length > 0 || this.recovering)
            await (this.recovering ?? new Promise((resolve) => { setTimeout(resolve, 1); }));
    }

    // ---- steps

    apply(out, done) {
        this.batch.push(...out.writes);
        this.works.push({ messages: out.messages, facts: out.facts, close: out.close, connection: this.connection, done });
        for (const fact of out.facts) { // what is shown changes at once; whether it is saved is told apart
            if (fact.type === 'change' || fact.type === 'queue')
                this.emit(fact);
        }
        void this.commit();
    }

    async commit() {
        if (this.committing || this.recovering)
            return;
        this.committing = true;
        while (this.works.length > 0 && !this.recovering) {
            const works = this.works, batch = this.batch;
            this.works = [];
            this.batch = [];
            try {
                if (batch.length > 0)
                    await this.store.write(batch, this.owner);
            } catch (error) {
                this.works = [...works, ...this.works];
                this.committing = false;
                if (!this.recovering)
                    void this.recover(error);
                return;
            }
            for (const work of works) {
                try {
                    this.finish(work);
                } catch (error) { // a fault of a connection or a resolver: what is durable stays, and the next work follows
                    queueMicrotask(() => { throw error; });
                }
            }
        }
        this.committing = false;
    }

    finish(work) {
        work.done?.resolve();
        if (work.connection && work.connection === this.connection && work.messages.length > 0)
            work.connection.send(work.messages);
        for (const fact of work.facts)
            this.tell(fact);
        if (work.close && work.connection === this.connection)
            this.leave(work.close);
    }

    tell(fact) {
        switch (fact.type) {
        case 'change':
        case 'queue':
            return;
        case 'welcome':
            this.welcome = fact.welcome;
            this.welcomedAt = performance.now();
            this.beatMs = fact.welcome.heartbeatMs;
            this.setStatus('online');
            break;
        case 'heads':
            this.onHeads(fact);
            break;
        case 'result':
            this.answered(fact);
            return;
        case 'wantView':
            void this.fetchView(fact);
            return;
        case 'conflict':
            this.emit(fact);
            this.resolveBy(fact.id);
            return;
        default:
            break;
        }
        this.emit(fact);
    }

    // A store that is being cleared refuses for a moment.
    async openAgain() {
        for (let attempt = 1; ; ++attempt) {
            try {
                return await this.store.open(this.owner);
            } catch (error) {
                if (attempt === openTries)
                    throw error;
                await new Promise((resolve) => { setTimeout(resolve, 100 * attempt); });
            }
        }
    }

    // The store did not take a step. What is shown must not be ahead of it: everything is read again. A store that is empty
    // now (the user cleared the site's data) gets everything that is in memory instead: it is the only copy.
    recover(error) {
        if (this.recovering || this.status === 'replaced')
            return this.recovering;
        this.recovering = (async () => {
            await undefined; // `recovering` is set before anything below makes a step
            while (this.committing) // what is being written succeeds, or joins the works that failed
                await new Promise((resolve) => { setTimeout(resolve, 1); });
            this.drop();
            const works = this.works;
            this.works = [];
            this.batch = [];
            const refuse = (why) => works.forEach((work) => work.done?.reject(why));
            if (error.code === 'StoreLocked') {
                refuse(error);
                this.lastError = error;
                this.setStatus('replaced');
                return;
            }
            try {
                const rows = await this.openAgain();
                if (rows.length === 0) {
                    await this.store.write(this.core.allRows(), this.owner);
                    works.forEach((work) => work.done?.resolve());
                } else {
                    const before = this.core;
                    this.core = new Core(this.options);
                    this.core.load(rows);
                    for (const [id, { readers, collection }] of before.replicas) {
                        if (readers > 0)
                            Object.assign(this.core.replica(id), { readers, collection: this.core.replica(id).collection ?? collection });
                    }
                    this.core.watches = before.watches;
                    this.core.presences = before.presences;
                    refuse(error);
                }
                this.emit({ type: 'storeFailed', error: error.toRow?.() ?? { code: 'IoError', message: String(error) } });
                if (this.wanted)
                    this.retryLater();
            } catch (again) {
                refuse(error);
                this.lastError = again;
                this.setStatus('storeLost'); // what is in memory may be ahead of the store: no edit, no message
            }
            this.emit({ type: 'change', documentId: undefined, remote: false });
        })().finally(() => {
            this.recovering = undefined;
            void this.commit();
        });
        return this.recovering;
    }

    // ---- the connection

    setStatus(status) {
        if (this.status === status || this.status === 'storeLost' || this.status === 'replaced')
            return;
        this.status = status;
        if (status === 'online' || status === 'offline')
            this.lastError = undefined;
        this.emit({ type: 'status', status, error: this.lastError?.toRow() });
    }

    goOnline(connect = this.options.connect) {
        const changed = connect !== this.options.connect;
        this.options.connect = connect;
        if (this.wanted && !changed)
            return;
        this.wanted = true;
        this.notBefore = undefined;
        this.drop();
        this.connect();
    }

    goOffline() {
        this.wanted = false;
        clearTimeout(this.retryTimer);
        this.drop();
        this.setStatus('offline');
    }

    /** The network is back: connects now, unless the server asked for a later time. */
    nudge() {
        if (this.wanted && !this.connection && this.status === 'waiting' && !(this.notBefore > performance.now()))
            this.connect();
    }

    connect() {
        clearTimeout(this.retryTimer);
        if (!this.wanted || this.connection || this.recovering || this.status === 'storeLost' || this.status === 'replaced')
            return;
        if (!this.options.connect) {
            this.lastError = new EventSyncError('Unavailable', 'no server is set');
            this.setStatus('refused');
            return;
        }
        this.setStatus('connecting');
        this.welcomedAt = undefined;
        this.beatMs = limits.heartbeatMs;
        this.heardAt = this.listened = 0;
        this.pinged = 0;
        this.opened = false;
        let current;
        const mine = (act) => (...args) => {
            if (current !== undefined && this.connection === current)
                act(...args);
        };
        try {
            current = this.options.connect({
                onOpen: mine(() => {
                    this.opened = true;
                    this.apply(this.core.connected());
                }),
                onAlive: mine(() => { this.heardAt = this.listened; }),
                onMessage: mine((text) => this.receive(text)),
                onClose: mine((why) => this.closed(why)),
            });
        } catch (error) {
            this.lastError = new EventSyncError('Unavailable', error.message);
            this.setStatus('refused'); // an address that cannot be one: trying again changes nothing
            return;
        }
        this.connection = current;
    }

    receive(text) {
        let message;
        try {
            message = JSON.parse(text);
            if (!isObject(message) || typeof message.type !== 'string')
                fail('InvalidMessage', 'a message is an object with a type');
            this.apply(this.core.receive(message));
        } catch (error) {
            // Whatever a server sends, it is an error of this connection and of nothing else.
            this.leave({ error: new EventSyncError(error.code ?? 'InvalidMessage', `the server sent what cannot be read: ${error.message}`),
                         retryAfterMs: limits.retryLongestMs });
        }
    }

    closed({ code, reason }) {
        this.leave({ error: new EventSyncError('Unavailable', reason || `the connection was closed (${code})`),
                     never: this.opened && closeReactions[code] === 'never',
                     retryAfterMs: closeReactions[code] === 'later' ? limits.retryLongestMs : undefined });
    }

    leave({ error, retryAfterMs, never }) {
        this.lastError = error;
        this.drop();
        if (!this.wanted)
            return;
        if (never)
            this.setStatus('refused');
        else
            this.retryLater(retryAfterMs);
    }

    drop() {
        const { connection } = this;
        if (!connection)
            return;
        this.connection = undefined;
        if (this.welcomedAt !== undefined && performance.now() - this.welcomedAt >= limits.retryHealthyMs)
            this.retries = 0;
        this.welcomedAt = undefined;
        connection.close();
        const open = [...this.questions.values()];
        this.questions.clear();
        for (const question of open)
            question.reject(new EventSyncError('Unavailable', 'the connection was lost'));
        this.apply(this.core.disconnected());
    }

    // A random time below a bound that doubles, and not before `leastMs`. 0: at once.
    retryLater(leastMs) {
        const first = this.options.retryFirstMs ?? limits.retryFirstMs, longest = this.options.retryLongestMs ?? limits.retryLongestMs;
        const bound = Math.min(longest, first * 2 ** Math.min(this.retries, 16));
        ++this.retries;
        let waitMs = (this.options.random ?? Math.random)() * bound;
        if (leastMs === 0)
            waitMs = 0;
        else if (leastMs !== undefined)
            waitMs = Math.max(waitMs, leastMs);
        this.notBefore = leastMs ? performance.now() + leastMs : undefined;
        clearTimeout(this.retryTimer);
        this.retryTimer = setTimeout(() => this.connect(), waitMs);
        this.setStatus('waiting');
    }

    tick() {
        if (this.recovering || !this.core || this.status === 'storeLost' || this.status === 'replaced')
            return;
        this.apply(this.core.tick());
        if (!this.connection)
            return;
        // The time during which this program slept does not count: what arrived meanwhile is read first.
        this.listened += tickMs;
        if (this.listened - this.heardAt >= 2 * this.beatMs) {
            this.leave({ error: new EventSyncError('Timeout', 'the server is silent') });
        } else if (this.opened && this.listened - this.pinged >= this.beatMs) {
            this.pinged = this.listened;
            this.connection.send([{ type: 'ping', n: Math.round(this.listened / tickMs) }]);
        }
        const now = performance.now();
        for (const [requestId, question] of this.questions) {
            if (now > question.until) {
                this.questions.delete(requestId);
                question.reject(new EventSyncError('Timeout', 'the server did not answer in time'));
            }
        }
    }

    // ---- questions

    /** @param {string} kind `events`, `stateAt`, `stateVectors`, `list` or `stats` @param {object} [parameters] */
    query(kind, parameters = {}) {
        if (!this.connection || !this.core.context.welcome)
            return Promise.reject(new EventSyncError('Unavailable', 'there is no connection to the server'));
        const requestId = newId();
        const answer = new Promise((resolve, reject) => {
            this.questions.set(requestId, { resolve, reject, until: performance.now() + limits.requestMs });
        });
        this.connection.send([{ type: 'query', requestId, kind, ...parameters }]);
        return answer;
    }

    answered({ requestId, more, code, reason, content }) {
        const question = this.questions.get(requestId);
        if (!question)
            return;
        if (more) { // a long answer may take long, as long as it comes
            question.until = performance.now() + limits.requestMs;
            return;
        }
        this.questions.delete(requestId);
        if (code)
            question.reject(new EventSyncError(code, reason));
        else
            question.resolve(content);
    }

    async fetchView({ documentId, serverSeq }) {
        let content;
        try {
            content = await this.query('stateAt', { documentId, serverSeq });
        } catch {
            return; // the next change, or the next connection, asks again
        }
        const replica = this.core.replicas.get(documentId);
        if (replica?.kind === 'crdt')
            this.apply(this.core.step(() => replica.setView(serverSeq, content.deleted ? undefined : content.state), replica));
    }

    // ---- interest

    async open(documentId, collection) {
        await this.recovering; // which makes a new core
        this.apply(this.core.open(documentId, collection));
    }
    async close(documentId) {
        await this.recovering;
        this.apply(this.core.close(documentId));
    }
    async presence(documentId, state) {
        await this.recovering;
        this.apply(this.core.presence(documentId, state));
    }

    async watch(collection, parameters) {
        await this.recovering;
        if (!this.heads.has(collection))
            this.heads.set(collection, new Map());
        this.apply(this.core.watch(collection, parameters));
    }
    async unwatch(collection) {
        await this.recovering;
        this.heads.delete(collection);
        this.apply(this.core.unwatch(collection));
    }

    onHeads({ collection, heads }) {
        const known = this.heads.get(collection);
        for (const head of known ? heads : []) {
            if (head.deleted)
                known.delete(head.documentId);
            else
                known.set(head.documentId, { serverSeq: head.serverSeq, fields: head.fields ?? {} });
        }
    }

    /** The documents of a watched collection that the server has, as [{documentId, serverSeq, fields}]. */
    async list(collection) {
        return [...(this.heads.get(collection) ?? [])].map(([documentId, head]) => ({ documentId, ...head }));
    }

    // ---- edits: each resolves when it is durable here, and rejects if nothing was changed or saved

    async edit(documentId, act) {
        if (this.recovering || this.status === 'storeLost' || this.status === 'replaced')
            fail('StoreReadOnly', 'the store of this client takes no edits now');
        const { result, out } = this.core.edit(documentId, act);
        this.unsaved.set(documentId, (this.unsaved.get(documentId) ?? 0) + 1);
        try {
            await new Promise((resolve, reject) => { this.apply(out, { resolve, reject }); });
        } finally {
            const left = this.unsaved.get(documentId) - 1;
            if (left > 0)
                this.unsaved.set(documentId, left);
            else
                this.unsaved.delete(documentId);
            this.emit({ type: 'saved', documentId, id: result });
        }
        return result;
    }

    create(documentId, collection, state, options) { return this.edit(documentId, (replica) => replica.create(collection, state, options)); }
    update(documentId, change, options) { return this.edit(documentId, (replica) => replica.update(change, options)); }
    remove(documentId, options) { return this.edit(documentId, (replica) => replica.remove(options)); }
    undo(documentId, options) { return this.edit(documentId, (replica) => replica.undo(false, options)); }
    redo(documentId, options) { return this.edit(documentId, (replica) => replica.undo(true, options)); }

    async decide(entryId, act, options) {
        const holder = this.core.holderOf(entryId)
            ?? [...this.core.replicas.values()].find((replica) => replica.isDone(options?.id) || replica.ids.get(entryId) === 'givenUp');
        if (!holder)
            fail('NotFound', 'there is no such entry in the queue');
        return this.edit(holder.id, act);
    }
    resolve(entryId, resolution, options) { return this.decide(entryId, (replica) => replica.resolve(entryId, resolution, options), options); }
    discard(entryId) { return this.decide(entryId, (replica) => replica.discard(entryId)); }
    retry(entryId, options) { return this.decide(entryId, (replica) => replica.retry(entryId, options), options); }

    // What waits for a decision since an earlier run, where a resolver is set now.
    resolveKnown() {
        for (const replica of this.core.replicas.values()) {
            for (const entry of replica.entries('conflict'))
                this.resolveBy(entry.id);
        }
    }

    resolveBy(entryId) {
        const view = this.core.holderOf(entryId)?.conflict(entryId);
        const resolver = view?.ready ? this.options.resolvers?.[view.collection] : undefined;
        if (!resolver)
            return;
        const attempt = async () => {
            const resolution = await resolver(view);
            if (resolution)
                await this.resolve(entryId, { decidedBy: 'resolver', ...resolution });
        };
        attempt().catch((error) => this.emit({ type: 'resolverFailed', documentId: view.documentId, id: entryId,
                                               error: error.toRow?.() ?? { code: 'Invalid', message: String(error) } }));
    }

    // ---- what is known

    /** Everything about one document that a view shows; undefined if nothing is known of it. */
    async state(documentId) { return this.stateNow(documentId); }

    stateNow(documentId) {
        const replica = this.core.replicas.get(documentId);
        if (!replica)
            return undefined;
        const { policy, position, kind } = replica;
        const shown = (state) => (state === undefined ? undefined : policy.withEngineFields(state, position.serverSeq));
        const { counts } = replica;
        return { documentId, collection: replica.collection, kind, exists: replica.exists,
                 state: kind === 'crdt' ? replica.view?.state : shown(replica.tree), confirmed: kind === 'crdt' ? replica.view?.state : shown(replica.confirmed),
                 serverSeq: position.serverSeq, chain: position.chain, vectorClock: Object.fromEntries(replica.clock), synced: replica.synced,
                 horizon: replica.horizon, readOnly: replica.readOnly || kind === 'crdt', counts, unsaved: this.unsaved.get(documentId) ?? 0,
                 canUndo: replica.canUndo(false), canRedo: replica.canUndo(true), policy: policy.json, revision: replica.revisionText };
    }

    /** The documents of a collection that are known here or at the server (if it is watched), in short. */
    async overview(collection) {
        const all = new Map();
        for (const [documentId, { serverSeq, fields }] of this.heads.get(collection) ?? [])
            all.set(documentId, { documentId, serverSeq, fields, local: false });
        for (const [documentId, replica] of this.core.replicas) {
            if (replica.collection !== collection || !replica.isKnown)
                continue;
            const { exists, kind, state, serverSeq, counts, unsaved } = this.stateNow(documentId);
            const entries = counts.waiting + counts.sent + counts.conflict + counts.dead;
            if (exists || entries > 0)
                all.set(documentId, { documentId, serverSeq, state, exists, kind, counts, unsaved, local: true });
            else
                all.delete(documentId);
        }
        return [...all.values()];
    }

    async documents() { return [...this.core.replicas.keys()].filter((id) => this.core.replicas.get(id).isKnown); }
    async queue(documentId, selection) { return this.core.queue(documentId, selection); }
    async conflict(entryId) { return this.core.holderOf(entryId)?.conflict(entryId); }
    async history(documentId, last = Infinity) {
        const history = this.core.replicas.get(documentId)?.history ?? [];
        return history.slice(Math.max(0, history.length - last)).map((item) => item.event);
    }
    async about() {
        return { clientId: this.core.context.clientId, status: this.status, error: this.lastError?.toRow(), welcome: this.welcome, queueSize: this.core.context.queueSize };
    }

    /**
     * Compares a document with the server and brings both to one state: asks for everything after our position, and sends
     * what waits. Says what came of it.
     */
    async synchronise(documentId, { timeoutMs = 10_000 } = {}) {
        const replica = this.core.replicas.get(documentId);
        if (!replica)
            fail('NotFound', 'nothing is known of this document');
        if (!this.core.context.welcome)
            fail('Unavailable', 'there is no connection to the server');
        const deadline = performance.now() + timeoutMs;
        const before = this.stateNow(documentId);
        const queued = new Set(replica.entries('waiting', 'sent').map((entry) => entry.id));
        const until = async (condition) => {
            while (!condition()) {
                if (performance.now() > deadline)
                    fail('Timeout', 'the server did not answer in time');
                if (!this.core.context.welcome)
                    fail('Unavailable', 'the connection was lost');
                await new Promise((resolve) => { setTimeout(resolve, 20); });
            }
        };
        await until(() => replica.places.sent.size === 0 || replica.readOnly);
        let diverged = false, snapshot = false;
        const off = [this.on('diverged', (fact) => { diverged ||= fact.documentId === documentId; }),
                     this.on('snapshot', (fact) => { snapshot ||= fact.documentId === documentId; })];
        try {
            this.apply(this.core.step((out) => {
                ++replica.readers; // followed until the answer is here
                replica.refused = false;
                replica.subscribe(out);
            }, replica));
            await until(() => replica.synced || replica.refused);
            if (replica.refused)
                fail('PermissionDenied', 'the server refuses this document');
            await until(() => replica.readOnly || !replica.entries('waiting', 'sent').some((entry) => queued.has(entry.id)));
            await this.settled();
        } finally {
            off.forEach((remove) => remove());
            this.apply(this.core.close(documentId));
        }
        const after = this.stateNow(documentId);
        const logged = [...queued].filter((id) => replica.acked.has(id)).length;
        return { documentId, before: { serverSeq: before.serverSeq, vectorClock: before.vectorClock, counts: before.counts },
                 after: { serverSeq: after.serverSeq, vectorClock: after.vectorClock, chain: after.chain, counts: after.counts },
                 received: Math.max(0, after.serverSeq - before.serverSeq - logged), sent: logged, diverged, snapshot,
                 equal: after.counts.waiting + after.counts.sent + after.counts.conflict + after.counts.dead === 0 };
    }
}

