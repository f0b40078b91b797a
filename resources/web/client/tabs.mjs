// SPDX-License-Identifier: Apache-2.0
//
// The pages of one profile. One of them is the leader: it has the store and the connection. The others call it over a
// BroadcastChannel and hear its facts. When the leader ends, the next one reads the store and continues; calls that were
// not answered are made again, and edits carry their ids, so that none counts twice.
import { Emitter, Engine } from './engine.mjs';
import { EventSyncError, fail, newId } from './values.mjs';
import { Policy, diff } from './merge.mjs';
import { normalize } from './values.mjs';

const leaseMs = 5000, renewMs = 1000, updateTries = 100;

/** Methods of the engine that another page may call. */
const callable = new Set(['create', 'update', 'remove', 'undo', 'redo', 'resolve', 'discard', 'retry', 'query', 'list', 'overview', 'state', 'documents', 'queue',
                          'conflict', 'history', 'about', 'synchronise', 'presence']);

/**
 * What a program works with. In a browser the pages of one profile share one client behind it; elsewhere it is a client on
 * its own. All functions are asynchronous; edits resolve when they are durable on this machine.
 *
 * Facts, by on(type, listener): `status`, `change`, `queue`, `saved`, `conflict`, `deadLetter`, `logged`, `events`, `synced`,
 * `heads`, `presence`, `cursors`, `refused`, `revoked`, `clientIdChanged`, `storeFailed`, `error`, `role`.
 */
export class Client extends Emitter {
    /** @param {object} options see openClient() */
    constructor(options) {
        super();
        this.options = options;
        this.tab = newId();
        this.role = 'starting';
        this.engine = undefined;
        this.wanted = options.online ?? true;
        this.transport = typeof options.transport === 'string' ? options.transport : undefined;
        this.connect = options.transportOf(options.transport);
        this.calls = new Map();                             // that have no answer yet
        this.interests = { open: {}, watch: {} };           // of this page
        this.tabs = new Map();                              // of the leader: tab -> interests
        this.stopped = false;
    }

    async start() {
        const { shared, profile = 'default', locks } = this.options;
        if (!shared) {
            await this.lead();
            return this;
        }
        this.name = `eventsync:${profile}`;
        this.channel = new (this.options.BroadcastChannel ?? globalThis.BroadcastChannel)(this.name);
        this.channel.onmessage = ({ data }) => this.hear(data);
        this.channel.unref?.();
        if (locks) {
            // Held while this page lives: so the leader learns that it has ended, however it ended.
            locks.request(`${this.name}:tab:${this.tab}`, () => new Promise((resolve) => { this.releaseTab = resolve; })).catch(() => {});
            void this.standForLock();
        } else {
            this.leasing = setInterval(() => void this.standForLease(), renewMs);
            void this.standForLease();
        }
        this.post({ kind: 'who' });
        await new Promise((resolve, reject) => {
            this.started = { resolve, reject };
            if (this.role !== 'starting')
                resolve();
        });
        return this;
    }

    async stop() {
        this.stopped = true;
        clearInterval(this.leasing);
        await this.probe?.close();
        const { engine } = this;
        this.engine = undefined;
        if (engine) {
            await engine.stop();
            this.post({ kind: 'left' });
        }
        this.releaseLeader?.();
        this.releaseTab?.();
        this.failCalls(new EventSyncError('Cancelled', 'the client was stopped'));
        this.channel?.close();
        this.channel = undefined;
        this.emit({ type: 'stopped' });
    }

    // ---- who leads

    async standForLock() {
        while (!this.stopped) {
            try {
                await this.options.locks.request(this.name, async () => {
                    if (this.stopped)
                        return;
                    await this.lead();
                    await new Promise((resolve) => { this.releaseLeader = resolve; });
                });
            } catch (error) {
                this.fail(error);
                return;
            }
        }
    }

    // This page cannot lead. If no other one does, nothing can be saved here.
    fail(error) {
        this.broken = error;
        this.started?.reject(error);
        this.failCalls(error);
        this.emit({ type: 'status', status: 'storeLost', error: { code: error.code ?? 'IoError', message: error.message } });
    }

    async standForLease() {
        if (this.electing || this.stopped)
            return;
        this.electing = true;
        try {
            if (this.engine) {
                await this.engine.store.renew(this.engine.owner).catch((error) => this.engine?.recover(error));
            } else {
                this.probe ??= this.options.makeStore();
                const held = await this.probe.heldSince();
                if (held === undefined || Date.now() - held.at > leaseMs) {
                    const store = this.probe;
                    this.probe = undefined;
                    await this.lead(store);
                }
            }
        } catch (error) {
            this.probe = undefined;
            if (this.role === 'starting')
                this.fail(error);
        } finally {
            this.electing = false;
        }
    }

    async lead(store = this.options.makeStore()) {
        const engine = new Engine({ ...this.options, store, connect: this.connect });
        engine.on('*', (fact) => {
            if (fact.type === 'status' && fact.status === 'replaced')
                this.stepDown();
            this.emit(fact);
            this.post({ kind: 'fact', fact });
        });
        await engine.start();
        this.engine = engine;
        this.setRole('leader');
        await this.setInterests(this.tab, this.interests);
        if (this.wanted)
            engine.goOnline(this.connect);
        this.post({ kind: 'leader', wanted: this.wanted, transport: this.transport });
        for (const call of [...this.calls.values()])
            void this.perform(call);
        this.started?.resolve();
        this.emit({ type: 'change', documentId: undefined, remote: true });
    }

    // Another page has taken over: while this one slept, for instance.
    stepDown() {
        const { engine } = this;
        this.engine = undefined;
        this.tabs.clear();
        this.setRole('follower');
        void engine?.stop().catch(() => {});
        this.releaseLeader?.();
        this.releaseLeader = undefined;
        this.post({ kind: 'who' });
    }

    setRole(role) {
        if (this.role === role)
            return;
        this.role = role;
        this.emit({ type: 'role', role });
    }

    // ---- between pages

    post(message) { this.channel?.postMessage({ from: this.tab, ...message }); }

    hear(message) {
        if (message.to !== undefined && message.to !== this.tab)
            return;
        switch (message.kind) {
        case 'who':
            if (this.engine)
                this.post({ kind: 'leader', wanted: this.wanted, transport: this.transport, to: message.from });
            break;
        case 'leader':
            if (this.engine)
                break;
            this.takeWish(message);
            this.setRole('follower');
            this.started?.resolve();
            for (const call of this.calls.values())
                this.post({ kind: 'call', call: call.id, method: call.method, args: call.args });
            void this.announce().catch(() => {}); // the next leader hears it again
            this.emit({ type: 'change', documentId: undefined, remote: true });
            break;
        case 'call':
            if (this.engine)
                void this.serve(message);
            break;
        case 'answer': {
            const call = this.calls.get(message.call);
            this.calls.delete(message.call);
            if (message.error)
                call?.reject(new EventSyncError(message.error.code, message.error.message, message.error));
            else
                call?.resolve(message.result);
            break;
        }
        case 'fact':
            if (!this.engine) {
                if (message.fact.type === 'wanted')
                    this.takeWish(message.fact);
                if (message.fact.status !== 'replaced')
                    this.emit(message.fact);
            }
            break;
        default:
            break;
        }
    }

    async serve({ from, call, method, args }) {
        let answer;
        try {
            answer = { result: await this.run(from, method, args) };
        } catch (error) {
            if (error.code === 'StoreLocked')
                return; // the next leader is asked again
            answer = { error: { code: error.code ?? 'Internal', message: error.message, path: error.path, retryAfterMs: error.retryAfterMs } };
        }
        this.post({ kind: 'answer', to: from, call, ...answer });
    }

    async run(tab, method, args) {
        if (method === 'interests')
            return this.setInterests(tab, args[0]);
        if (method === 'online')
            return this.setOnline(args[0], args[1]);
        if (!callable.has(method))
            fail('Invalid', `there is no function ${method}`);
        return this.engine[method](...args);
    }

    call(method, ...args) {
        if (this.stopped || (this.broken && this.role !== 'follower'))
            return Promise.reject(this.broken ?? new EventSyncError('Cancelled', 'the client was stopped'));
        return new Promise((resolve, reject) => {
            const call = { id: newId(), method, args, resolve, reject };
            this.calls.set(call.id, call);
            if (this.engine)
                void this.perform(call);
            else
                this.post({ kind: 'call', call: call.id, method, args });
        });
    }

    async perform(call) {
        try {
            const result = await this.run(this.tab, call.method, call.args);
            this.calls.delete(call.id);
            call.resolve(result);
        } catch (error) {
            if (error.code === 'StoreLocked' && this.options.shared && !this.stopped) {
                if (!this.engine) // another page leads: it is asked instead
                    this.post({ kind: 'call', call: call.id, method: call.method, args: call.args });
                return;
            }
            this.calls.delete(call.id);
            call.reject(error);
        }
    }

    failCalls(error) {
        for (const call of this.calls.values())
            call.reject(error);
        this.calls.clear();
    }

    // ---- interest: of each page, so that one that closes a document does not close it for the others

    announce() { return this.call('interests', this.interests); }

    async setInterests(tab, interests) {
        const before = this.tabs.get(tab) ?? { open: {}, watch: {} };
        const isNew = !this.tabs.has(tab);
        this.tabs.set(tab, structuredClone(interests));
        for (const [id, collection] of Object.entries(interests.open)) {
            if (!Object.hasOwn(before.open, id))
                await this.engine.open(id, collection ?? undefined);
        }
        for (const id of Object.keys(before.open)) {
            if (!Object.hasOwn(interests.open, id))
                await this.engine.close(id);
        }
        for (const [collection, parameters] of Object.entries(interests.watch)) {
            if (!this.engine.heads.has(collection))
                await this.engine.watch(collection, parameters);
        }
        for (const collection of Object.keys(before.watch)) {
            if (![...this.tabs.values()].some(({ watch }) => Object.hasOwn(watch, collection)))
                await this.engine.unwatch(collection);
        }
        if (isNew && tab !== this.tab && this.options.locks) {
            void this.options.locks.request(`${this.name}:tab:${tab}`, async () => {
                if (this.engine && this.tabs.has(tab)) {
                    await this.setInterests(tab, { open: {}, watch: {} });
                    this.tabs.delete(tab);
                }
            }).catch(() => {});
        }
    }

    // What the transport was made of is kept by name: a function does not travel between pages.
    takeWish({ wanted, transport }) {
        this.wanted = wanted;
        if (transport !== undefined && transport !== this.transport) {
            this.transport = transport;
            this.connect = this.options.transportOf(transport);
        }
    }

    setOnline(wanted, transport = this.transport) {
        this.takeWish({ wanted, transport });
        if (wanted)
            this.engine.goOnline(this.connect);
        else
            this.engine.goOffline();
        const fact = { type: 'wanted', wanted, transport: this.transport };
        this.emit(fact);
        this.post({ kind: 'fact', fact });
    }

    // ---- for programs

    /** Follows a document; `collection` is needed where it may not exist yet. */
    async open(documentId, collection) {
        this.interests.open[documentId] = collection ?? null;
        await this.announce();
    }
    /** Follows several documents of one collection. */
    async follow(documentIds, collection) {
        for (const id of documentIds)
            this.interests.open[id] = collection ?? null;
        await this.announce();
    }
    async close(documentId) {
        delete this.interests.open[documentId];
        await this.announce();
    }
    /** Follows the list of a collection's documents, with some of their fields (JSON Pointers). */
    async watch(collection, parameters = {}) {
        this.interests.watch[collection] = parameters;
        await this.announce();
    }
    async unwatch(collection) {
        delete this.interests.watch[collection];
        await this.announce();
    }

    /** @param {'websocket'|'sse'} [transport] another one than before */
    goOnline(transport) { return this.call('online', true, transport); }
    goOffline() { return this.call('online', false); }

    /** @returns {Promise<string>} the id of the edit */
    create(documentId, collection, state, { metadata } = {}) { return this.call('create', documentId, collection, state, { id: newId(), metadata }); }

    /**
     * @param {string} documentId
     * @param {((state: any) => any) | {patch: object[]} | {value: any}} change a function gets a copy of the state, which it
     *   changes or replaces; or a JSON Patch; or the value that the document should have
     * @returns {Promise<string|null>} the id of the edit; null if it changes nothing
     */
    async update(documentId, change, { metadata } = {}) {
        const options = { id: newId(), metadata };
        if (typeof change !== 'function')
            return this.call('update', documentId, change, options);
        for (let attempt = 1; ; ++attempt) {
            const view = this.engine ? this.engine.stateNow(documentId) : await this.call('state', documentId);
            if (view?.state === undefined)
                fail('NotFound', 'there is no document');
            const copy = structuredClone(view.state);
            const value = change(copy) ?? copy;
            const policy = new Policy(view.policy);
            const patch = diff(policy.withoutEngineFields(view.state), policy.withoutEngineFields(normalize(value)), policy);
            if (patch.length === 0)
                return null;
            try {
                return await this.call('update', documentId, { patch }, { ...options, revision: view.revision });
            } catch (error) {
                if (error.code !== 'VersionConflict' || attempt >= updateTries)
                    throw error; // else the document has changed meanwhile: again, on what it is now
            }
        }
    }

    remove(documentId, { metadata } = {}) { return this.call('remove', documentId, { id: newId(), metadata }); }
    undo(documentId) { return this.call('undo', documentId, { id: newId() }); }
    redo(documentId) { return this.call('redo', documentId, { id: newId() }); }

    /** @param {string} entryId @param {{decision: 'ours'|'theirs'|'merged', merged?: any, strategy?: string, decidedBy?: string}} resolution */
    resolve(entryId, resolution) { return this.call('resolve', entryId, resolution, { id: newId() }); }
    discard(entryId) { return this.call('discard', entryId); }
    /** Makes a dead letter anew, on the state as it is now. */
    retry(entryId) { return this.call('retry', entryId, { id: newId() }); }

    state(documentId) { return this.call('state', documentId); }
    documents() { return this.call('documents'); }
    overview(collection) { return this.call('overview', collection); }
    list(collection) { return this.call('list', collection); }
    /** @param {string} [documentId] all documents without it @param {{states?: string[], limit?: number}} [selection] */
    queue(documentId, selection) { return this.call('queue', documentId, selection); }
    conflict(entryId) { return this.call('conflict', entryId); }
    /** The confirmed events that are kept here, oldest first; only the last ones, if `last` says how many. */
    history(documentId, last) { return this.call('history', documentId, last); }
    query(kind, parameters) { return this.call('query', kind, parameters); }
    about() { return this.call('about'); }
    synchronise(documentId, options) { return this.call('synchronise', documentId, options); }
    presence(documentId, state) { return this.call('presence', documentId, state); }
}
