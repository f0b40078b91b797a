// SPDX-License-Identifier: Apache-2.0
//
// When an engine connects, waits and gives up: with a connection that the test holds.
import assert from 'node:assert/strict';
import test from 'node:test';
import { MemoryStore } from '../../resources/web/client/eventsync.mjs';
import { sleep, until } from './server.mjs';
import { startClient } from './harness.mjs';

const welcome = (heartbeatMs = 15_000) => ({ type: 'welcome', protocol: 1, epoch: 'e', serverTime: '2026-11-30T00:00:00.000Z', durability: 'full', heartbeatMs,
                                             limits: { documentBytes: 4194304, eventBytes: 1048576, frameBytes: 2097152, inFlight: 64, documentsPerConnection: 2, presenceBytes: 4096 } });

/** Connections by hand: `dials` has each with what was sent on it, and say() and end() of the server. */
function wire() {
    const dials = [];
    return { dials, connect: ({ onOpen, onMessage, onAlive, onClose }) => {
        const dial = { sent: [], closed: false, at: performance.now(), end: (code, reason = '') => onClose({ code, reason }), say: (...messages) => messages.forEach((message) => {
            onAlive();
            onMessage(typeof message === 'string' ? message : JSON.stringify(message));
        }) };
        dials.push(dial);
        setTimeout(onOpen, 0);
        return { send: (messages) => dial.sent.push(...messages), close: () => { dial.closed = true; } };
    } };
}

async function connected(t, options = {}) {
    const { dials, connect } = wire();
    const client = await startClient(t, { connect, online: false, ...options });
    client.goOnline();
    await until(() => dials[0]?.sent.length > 0, 'hello');
    return { client, dials };
}

test('hello comes first, and nothing is sent about documents before welcome', async (t) => {
    const { client, dials } = await connected(t);
    await client.open('g', 'games');
    await sleep(20);
    assert.deepEqual(dials[0].sent.map((message) => message.type), ['hello']);
    dials[0].say(welcome());
    await until(() => dials[0].sent.length === 2, 'subscribe');
    assert.equal(dials[0].sent[1].type, 'subscribe');
});

test('a push leaves only when its edit is durable', async (t) => {
    const store = new MemoryStore();
    const { client, dials } = await connected(t, { store });
    dials[0].say(welcome());
    await client.open('g', 'games');
    dials[0].say({ type: 'synced', documentId: 'g', serverSeq: 0, chain: '0'.repeat(64), horizon: 1, clientSeq: 0, permission: 'write' });
    const write = store.write.bind(store);
    let release;
    store.write = async (...args) => {
        await new Promise((resolve) => { release = resolve; });
        return write(...args);
    };
    const edit = client.create('g', 'games', { gold: 1 });
    await until(() => release, 'the store is asked');
    assert.equal(client.stateNow('g').state.gold, 1); // shown
    assert.equal(client.stateNow('g').unsaved, 1);    // and said not to be saved
    await sleep(30);
    assert.ok(!dials[0].sent.some((message) => message.type === 'push'));
    store.write = write;
    release();
    await edit;
    await until(() => dials[0].sent.some((message) => message.type === 'push'), 'push');
    assert.equal(client.stateNow('g').unsaved, 0);
});

test('retryAfterMs is honoured, and a coming network does not shorten it', async (t) => {
    for (const leave of [(dial) => dial.say({ type: 'goaway', retryAfterMs: 400 }),
                         (dial) => dial.say({ type: 'error', code: 'Unavailable', message: 'later', scope: 'connection', retryAfterMs: 400 })]) {
        const { client, dials } = await connected(t);
        dials[0].say(welcome());
        const left = performance.now();
        leave(dials[0]);
        await until(() => client.status === 'waiting', 'waiting');
        assert.ok(dials[0].closed);
        client.nudge();
        await until(() => dials.length === 2, 'connected again');
        assert.ok(performance.now() - left >= 395, `${performance.now() - left} ms`);
        client.goOffline();
    }
});

test('after a protocol or permission error it does not try again by itself; after Replaced not for a minute', async (t) => {
    for (const [code, scope] of [['UnsupportedProtocol', 'connection'], ['Unauthenticated', 'connection']]) {
        const { client, dials } = await connected(t);
        dials[0].say({ type: 'error', code, message: 'no', scope });
        await until(() => client.status === 'refused', 'refused');
        assert.equal(client.lastError.code, code);
        await sleep(300);
        assert.equal(dials.length, 1);
        client.goOffline();
    }
    const { client, dials } = await connected(t);
    dials[0].say(welcome());
    dials[0].say({ type: 'error', code: 'Replaced', message: 'a newer connection', scope: 'connection' });
    await until(() => client.status === 'waiting', 'waiting');
    assert.ok(client.notBefore - performance.now() > 59_000);
});

test('the waiting time doubles up to a limit, and a lost connection is tried again', async (t) => {
    const { dials, connect } = wire();
    const client = await startClient(t, { connect, online: false, random: () => 1, retryFirstMs: 20, retryLongestMs: 100 });
    client.goOnline();
    for (let i = 0; i < 5; ++i) {
        await until(() => dials.length === i + 1, 'another attempt');
        await sleep(2);
        dials[i].end(1006);
    }
    const waits = dials.slice(1).map((dial, i) => dial.at - dials[i].at);
    assert.ok(waits[0] >= 20 && waits[1] >= 40 && waits[2] >= 80 && waits[3] >= 99 && waits[3] < 2000, `${waits}`);
});

test('a silent server is left after two heartbeats, and is asked before', async (t) => {
    const { client, dials } = await connected(t);
    dials[0].say(welcome(1000));
    await until(() => dials[0].sent.some((message) => message.type === 'ping'), 'a ping');
    await until(() => dials[0].closed, 'it is left');
    assert.equal(client.lastError.code, 'Timeout');
    assert.equal(client.status === 'waiting' || client.status === 'connecting', true);
});

test('what cannot be read is not applied, and the connection is left for a while', async (t) => {
    for (const bad of ['not json', '[]', '{"type":1}', '{"type":"events","documentId":"g","events":[{}],"chain":"x"}', '{"type":"events","documentId":"g"}', '{"type":"snapshot","documentId":"g","bytes":"%%","sha256":"x","part":1,"parts":1}']) {
        const { client, dials } = await connected(t);
        dials[0].say(welcome());
        await client.open('g', 'games');
        dials[0].say(bad);
        await sleep(20);
        assert.equal(client.stateNow('g').serverSeq, 0, bad);
        assert.equal(client.stateNow('g').exists, false, bad);
        assert.ok(dials[0].closed || dials[0].sent.filter((message) => message.type === 'subscribe').length > 1, bad);
        client.goOffline();
    }
    const { client, dials } = await connected(t);
    dials[0].say(welcome(), { type: 'a type of the future', x: 1 }, { type: 'pong', n: 1 });
    await sleep(20);
    assert.equal(client.status, 'online');
});

test('where the server grants few places, documents with edits come first and readers take turns', async (t) => {
    let now = 0;
    const { client, dials } = await connected(t, { steady: () => now });
    dials[0].say(welcome());
    const synced = (id) => dials[0].say({ type: 'synced', documentId: id, serverSeq: 0, chain: '0'.repeat(64), horizon: 1, clientSeq: 0, permission: 'write' });
    const followed = () => {
        const open = new Set();
        for (const message of dials[0].sent) {
            if (message.type === 'subscribe')
                open.add(message.documentId);
            if (message.type === 'unsubscribe')
                open.delete(message.documentId);
        }
        return [...open].sort();
    };
    for (const id of ['a', 'b', 'c'])
        await client.open(id, 'games');
    await until(() => followed().length === 2, 'two places');
    assert.deepEqual(followed(), ['a', 'b']);
    synced('a');
    synced('b');
    await client.create('d', 'games', { gold: 1 });
    await until(() => followed().includes('d'), 'the edit gets a place');
    assert.equal(followed().length, 2);
    now += 31_000;
    client.tick();
    await until(() => followed().includes('c') || dials[0].sent.some((message) => message.type === 'subscribe' && message.documentId === 'c'), 'the waiting reader gets its turn');
    assert.equal(followed().length, 2);
});

test('a transient refusal of a document pauses it; a permanent one makes dead letters of what waits', async (t) => {
    const { client, dials } = await connected(t);
    dials[0].say(welcome());
    await client.create('g', 'games', { gold: 1 });
    await until(() => dials[0].sent.some((message) => message.type === 'subscribe'), 'subscribe');
    dials[0].say({ type: 'error', code: 'StoreFull', message: 'full', scope: 'document', documentId: 'g', retryAfterMs: 300 });
    await until(() => client.facts.some((fact) => fact.type === 'error'), 'told');
    assert.deepEqual((await client.queue()).map((entry) => entry.state), ['waiting']);
    const again = () => dials[0].sent.filter((message) => message.type === 'subscribe').length === 2;
    assert.equal(again(), false);
    await until(again, 'asked again');
    dials[0].say({ type: 'error', code: 'WrongCollection', message: 'another one', scope: 'document', documentId: 'g' });
    await until(async () => (await client.queue())[0].state === 'dead', 'a dead letter');
    assert.equal((await client.queue())[0].reason.code, 'WrongCollection');
    assert.equal(client.stateNow('g').exists, false);
});

test('a revoked document is purged, and edits that were not sent become dead letters', async (t) => {
    const { client, dials } = await connected(t);
    dials[0].say(welcome());
    await client.create('g', 'games', { gold: 1 });
    await until(() => dials[0].sent.some((message) => message.type === 'subscribe'), 'subscribe');
    dials[0].say({ type: 'revoked', documentId: 'g', reason: 'no longer' });
    await until(async () => (await client.queue())[0].state === 'dead', 'a dead letter');
    assert.equal((await client.queue())[0].reason.code, 'PermissionRevoked');
    assert.equal(client.stateNow('g').state, undefined);
    assert.deepEqual([...client.store.rows.keys()].filter((key) => /^(history|acked|undo)\//.test(key)), []);
});
