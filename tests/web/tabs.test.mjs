// SPDX-License-Identifier: Apache-2.0
//
// The pages of one profile, without a browser: several clients on one store, with locks that behave as Web Locks, and with
// leases where there are no Web Locks.
import assert from 'node:assert/strict';
import test from 'node:test';
import { Client, MemoryStore } from '../../resources/web/client/eventsync.mjs';
import { canonical } from '../../resources/web/client/values.mjs';
import { Server, sleep, until } from './server.mjs';
import { connectBy } from './harness.mjs';

/** Exclusive locks by name; release(owner) gives back what an ended page held, as a browser does. */
class Locks {
    #queues = new Map();
    of(owner) {
        return { request: (name, act) => new Promise((resolve, reject) => {
            if (!this.#queues.has(name))
                this.#queues.set(name, []);
            const queue = this.#queues.get(name);
            queue.push({ owner, act, resolve, reject });
            if (queue.length === 1)
                this.#run(name);
        }) };
    }
    #run(name) {
        const request = this.#queues.get(name)[0];
        if (!request)
            return;
        const done = () => {
            const queue = this.#queues.get(name);
            if (queue[0] !== request)
                return;
            queue.shift();
            this.#run(name);
        };
        request.end = done;
        Promise.resolve().then(request.act).then(request.resolve, request.reject).finally(done);
    }
    release(owner) {
        for (const [name, queue] of this.#queues) {
            const first = queue[0];
            this.#queues.set(name, [...queue.slice(0, 1), ...queue.slice(1).filter((one) => one.owner !== owner)]);
            if (first?.owner === owner)
                first.end();
        }
    }
}

/** A store that several pages open, as IndexedDB: the last owner may write. */
class SharedStore {
    constructor(rows) { this.store = rows; }
    open(owner) {
        this.store.at = Date.now();
        return this.store.open(owner);
    }
    write(steps, owner) { return this.store.write(steps, owner); }
    async heldSince() { return this.store.owner && { owner: this.store.owner, at: this.store.at }; }
    async renew(owner) {
        await this.store.write([], owner);
        this.store.at = Date.now();
    }
    async close() {}
}

function profile(t, server, { withLocks = true } = {}) {
    const locks = new Locks(), rows = new MemoryStore();
    let count = 0;
    const name = `test-${Math.random()}`;
    return { rows, async page() {
        const owner = `page-${++count}`;
        const client = new Client({ shared: true, profile: name, locks: withLocks ? locks.of(owner) : undefined, transport: 'websocket',
                                    transportOf: () => connectBy('websocket', server.url), makeStore: () => new SharedStore(rows), retryFirstMs: 20, retryLongestMs: 100 });
        client.facts = [];
        client.on('*', (fact) => client.facts.push(fact));
        client.crash = () => { // nothing of it runs any more
            clearInterval(client.leasing);
            clearInterval(client.engine?.ticking);
            client.engine?.connection?.close();
            if (client.engine)
                Object.assign(client.engine, { connection: undefined, wanted: false, store: { open: () => new Promise(() => {}), write: () => new Promise(() => {}), close: async () => {}, renew: async () => {} } });
            client.engine = undefined;
            client.channel?.close();
            client.channel = undefined;
            client.stopped = true;
            locks.release(owner);
        };
        t.after(() => client.crash());
        await client.start();
        return client;
    } };
}

for (const withLocks of [true, false]) {
    const how = withLocks ? 'with locks' : 'with leases';
    test(`one page leads, the others work through it, and they are one replica (${how})`, async (t) => {
        const server = await Server.start(t);
        const { page } = profile(t, server, { withLocks });
        const first = await page(), second = await page(), third = await page();
        assert.deepEqual([first.role, second.role, third.role], ['leader', 'follower', 'follower']);
        await second.open('g', 'games');
        await second.create('g', 'games', { name: 'A', gold: 0 });
        await Promise.all([first, second, third].flatMap((client) => Array.from({ length: 10 }, () => client.update('g', (game) => { game.gold += 1; }))));
        await until(async () => (await third.about()).queueSize === 0, 'the queue is empty');
        const states = await Promise.all([first, second, third].map((client) => client.state('g')));
        assert.equal(new Set(states.map((state) => canonical(JSON.parse(JSON.stringify(state))))).size, 1);
        assert.equal(states[0].state.gold, 30);
        const events = await server.events('g');
        assert.equal(new Set(events.map((event) => event.clientId)).size, 1);
        assert.ok(third.facts.some((fact) => fact.type === 'change'));
        await assert.rejects(third.update('g', { patch: [{ op: 'remove', path: '/none' }] }), { code: 'PatchFailed' });
    });

    test(`the leader ends in the middle: nothing is lost, nothing counts twice (${how})`, async (t) => {
        const server = await Server.start(t);
        const { page } = profile(t, server, { withLocks });
        const first = await page(), second = await page();
        await second.open('g', 'games');
        await second.create('g', 'games', { gold: 0 });
        await until(async () => (await second.about()).queueSize === 0, 'the document is in the log');
        const edits = Array.from({ length: 20 }, () => second.update('g', { patch: [{ op: 'inc', path: '/gold', value: 1 }] }));
        await edits[0];
        first.crash();
        const ids = await Promise.all(edits);
        await until(() => second.role === 'leader', 'the second page leads');
        await until(async () => (await second.about()).queueSize === 0, 'the queue is empty');
        const events = await server.events('g');
        assert.deepEqual(events.slice(1).map((event) => event.id).sort(), [...ids].sort());
        assert.equal((await server.get('/api/games/g')).gold, 20);
        assert.equal((await second.about()).status, 'online');
    });
}

test('a page that slept while another took over cannot write: its edit is made by the new leader', async (t) => {
    const server = await Server.start(t);
    const { page, rows } = profile(t, server, { withLocks: false });
    const first = await page(), second = await page();
    await first.open('g', 'games');
    await first.create('g', 'games', { gold: 0 });
    clearInterval(first.leasing); // asleep
    rows.at = 0;
    await until(() => second.role === 'leader', 'the second page leads');
    const id = await first.update('g', { patch: [{ op: 'inc', path: '/gold', value: 7 }] });
    assert.equal(first.role, 'follower');
    await until(async () => (await server.get('/api/games/g')).gold === 7, 'the edit arrives');
    assert.equal((await server.events('g')).filter((event) => event.id === id).length, 1);
});

test('a document stays followed as long as one page has it open, and a page that ends lets go of it', async (t) => {
    const server = await Server.start(t);
    const { page } = profile(t, server);
    const first = await page(), second = await page(), third = await page();
    await server.request('POST', '/api/games?id=g', { gold: 1 });
    await second.open('g', 'games');
    await third.open('g', 'games');
    await until(async () => (await first.state('g'))?.synced, 'it is followed');
    await second.close('g');
    await sleep(50);
    assert.equal((await first.state('g')).synced, true);
    third.crash();
    await until(async () => !(await first.state('g')).synced, 'nobody follows it');
    await first.goOffline();
    assert.equal((await second.about()).status, 'offline');
    await second.goOnline();
    await until(async () => (await first.about()).status === 'online', 'online again');
});

test('what the leader did without being able to say so is not done twice by the next one', async (t) => {
    const server = await Server.start(t);
    const { page } = profile(t, server);
    const first = await page(), second = await page();
    await second.open('g', 'games');
    await second.create('g', 'games', { gold: 0, level: 1 });
    await second.update('g', { patch: [{ op: 'inc', path: '/level', value: 5 }] });
    await until(async () => (await second.about()).queueSize === 0, 'the document is in the log');
    const post = first.post.bind(first);
    first.post = (message) => message.kind === 'answer' ? undefined : post(message);
    const calls = [second.undo('g'), second.update('g', { patch: [{ op: 'inc', path: '/gold', value: 1 }] }),
                   second.create('h', 'games', { gold: 7 })];
    await until(async () => (await server.events('g')).length === 4 && (await server.request('GET', '/api/games/h')).status === 200, 'the leader did it');
    first.crash();
    const ids = await Promise.all(calls);
    assert.equal(second.role, 'leader');
    await until(async () => (await second.about()).queueSize === 0, 'the queue is empty');
    const events = [...await server.events('g'), ...await server.events('h')];
    assert.equal(events.length, 5);
    for (const id of ids)
        assert.equal(events.filter((event) => event.id === id).length, 1);
    assert.deepEqual((({ gold, level }) => [gold, level])(await server.get('/api/games/g')), [1, 1]);
});
