// SPDX-License-Identifier: Apache-2.0
//
// Real clients and a real server.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { appendFile, mkdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { applyPatch, overlaps } from '../../resources/web/client/merge.mjs';
import { EventSyncError, fieldMergeResolver, MemoryStore, newId, theirsResolver } from '../../resources/web/client/eventsync.mjs';
import { FileStore } from '../../resources/web/client/filestore.mjs';
import { canonical, normalize } from '../../resources/web/client/values.mjs';
import { Server, serverPath, sleep, temporaryFolder, until } from './server.mjs';
import { counts, kill, seen, startClient, untilIdle } from './harness.mjs';
import { randomFrom, randomPatch, randomValue } from './random.mjs';

for (const kind of ['websocket', 'sse']) {
    test(`an edit of one client is seen by another (${kind})`, async (t) => {
        const server = await Server.start(t);
        const alice = await startClient(t, { url: server.url, kind });
        const bob = await startClient(t, { url: server.url, kind });
        await bob.open('hero-1', 'games');
        await alice.create('hero-1', 'games', { name: 'Zoë', gold: 5, level: 1, experience: 0 });
        await alice.update('hero-1', { patch: [{ op: 'inc', path: '/gold', value: 45 }] });
        await untilIdle(alice);
        await until(() => seen(bob, 'hero-1')?.gold === 50, 'bob sees the gold');
        assert.deepEqual(bob.stateNow('hero-1').state, { name: 'Zoë', gold: 50, level: 1, experience: 0, version: 2 });
        const events = await server.get('/api/events/hero-1?clock=0');
        assert.deepEqual(events.map((event) => event.operation), ['create', 'update']);
        assert.equal(bob.stateNow('hero-1').chain, alice.stateNow('hero-1').chain);
    });
}

function command(server, ...words) {
    const { status, stderr } = spawnSync(serverPath, [...words, '--data', join(server.folder, 'data'), '--config', join(server.folder, 'none.toml')], { encoding: 'utf8' });
    assert.equal(status, 0, stderr);
}
const compact = (server) => command(server, 'compact', '--keep', '1');

const raw = (server, id, event) => server.request('POST', `/api/sync/${id}`, { clientId: event.clientId, push: [event] });
const pushedBy = (clientId, clientSeq, documentId, operation, patch, baseSeq) => ({ id: newId(), documentId, collection: 'notes', operation, clientId, clientSeq, baseSeq,
                                                                                    timestamp: new Date().toISOString(), diff: { patch } });

test('random patches apply as on the server, and pairs of them merge or conflict as the server judges', async (t) => {
    const server = await Server.start(t, { arguments: ['--durability', 'off'] });
    const random = randomFrom(20261130);
    let fitted = 0, merged = 0, conflicts = 0;
    for (let i = 0; i < 80; ++i) {
        const id = `d${i}`;
        const state = normalize({ a: randomValue(random, 3), b: { c: [1, 2, { d: 3 }], n: 5 }, n: 5, t: '2026-11-21T09:30:00.000Z' });
        const [mine, theirs] = [randomPatch(random, state), randomPatch(random, state)];
        const local = [mine, theirs].map((patch) => {
            try {
                return applyPatch(state, patch);
            } catch (error) {
                assert.equal(error.code, 'PatchFailed', error.stack);
                return undefined;
            }
        });
        const push = async (event) => {
            const answer = await raw(server, id, event);
            const body = await answer.json();
            assert.equal(answer.status, 200, JSON.stringify(body));
            return body.ack.results?.[0] ?? body.ack[0];
        };
        assert.equal((await push(pushedBy('maker', 1, id, 'create', [{ op: 'add', path: '', value: state }], 0))).status, 'applied');
        const first = await push(pushedBy('alice', 1, id, 'update', theirs, 1));
        const detail = JSON.stringify({ state, mine, theirs, first });
        assert.equal(first.status === 'applied', local[1] !== undefined, detail);
        if (!local[1])
            continue;
        ++fitted;
        const shown = (await server.get(`/api/notes/${id}`));
        assert.equal(canonical(shown), canonical(local[1].state), detail);
        const second = await push(pushedBy('bob', 1, id, 'update', mine, 1));
        if (!local[0])
            continue;
        if (overlaps(local[0].footprint, local[1].footprint)) {
            ++conflicts;
            assert.equal(second.status, 'conflict', `${detail} ${JSON.stringify(second)}`);
        } else {
            ++merged;
            assert.equal(second.status, 'merged', `${detail} ${JSON.stringify(second)}`);
            const both = canonical(await server.get(`/api/notes/${id}`));
            assert.equal(both, canonical(applyPatch(local[1].state, mine).state), detail);
            assert.equal(both, canonical(applyPatch(local[0].state, theirs).state), detail);
        }
    }
    assert.ok(fitted > 20 && merged > 2 && conflicts > 3, `${fitted} fitted, ${merged} merged, ${conflicts} conflicts`);
});

test('edits made offline are kept, sent in order, and each is once in the log', async (t) => {
    const server = await Server.start(t);
    const client = await startClient(t, { url: server.url, online: false });
    await client.create('trip', 'games', { name: 'Trip', gold: 0, list: [] });
    for (let i = 0; i < 200; ++i)
        await client.update('trip', { patch: [{ op: 'inc', path: '/gold', value: 1 }, { op: 'add', path: '/list/-', value: i }] });
    assert.equal(client.stateNow('trip').state.gold, 200);
    assert.equal(counts(client, 'trip').waiting, 201);
    client.goOnline();
    await untilIdle(client);
    const events = await server.events('trip');
    assert.equal(events.length, 201);
    assert.equal(new Set(events.map((event) => event.id)).size, 201);
    assert.deepEqual(await server.get('/api/games/trip'), { name: 'Trip', gold: 200, list: Array.from({ length: 200 }, (_, i) => i), version: 201 });
});

test('a conflict: three sides, a decision, and the decision in the log', async (t) => {
    const server = await Server.start(t);
    const alice = await startClient(t, { url: server.url });
    const bob = await startClient(t, { url: server.url });
    await alice.open('c', 'games');
    await bob.open('c', 'games');
    await alice.create('c', 'games', { name: 'A', gold: 1 });
    await until(() => seen(bob, 'c'), 'bob has the document');
    bob.goOffline();
    await bob.update('c', { patch: [{ op: 'replace', path: '/name', value: 'Bob' }] });
    await bob.update('c', { patch: [{ op: 'inc', path: '/gold', value: 5 }] });
    await alice.update('c', { patch: [{ op: 'replace', path: '/name', value: 'Alice' }] });
    await untilIdle(alice);
    bob.goOnline();
    await until(() => counts(bob, 'c').conflict === 1 && counts(bob, 'c').waiting + counts(bob, 'c').sent === 0, 'a conflict');
    const [{ id }] = await bob.queue('c');
    const view = await bob.conflict(id);
    assert.deepEqual([view.base.name, view.ours.name, view.theirs.name], ['A', 'Bob', 'Alice']);
    assert.equal(view.unseen[0].clientId, alice.core.context.clientId);
    await bob.resolve(id, { decision: 'merged', merged: { ...view.theirs, name: 'Alice and Bob' }, strategy: 'perField' });
    await untilIdle(bob);
    await until(() => seen(alice, 'c').name === 'Alice and Bob', 'alice sees the decision');
    const decision = (await server.events('c')).find((event) => event.metadata?.conflict);
    assert.deepEqual(decision.metadata.replaces, [id, id]);
    assert.equal(decision.metadata.conflict.strategy, 'perField');
    assert.equal(seen(alice, 'c').gold, 6);
});

test('resolvers decide without the user: values of both sides are kept where they can be', async (t) => {
    const server = await Server.start(t);
    const alice = await startClient(t, { url: server.url });
    const bob = await startClient(t, { url: server.url, resolvers: { games: fieldMergeResolver(theirsResolver()) } });
    await bob.open('r', 'games');
    await alice.create('r', 'games', { a: 1, list: [1] });
    await until(() => seen(bob, 'r'), 'bob has the document');
    bob.goOffline();
    await bob.update('r', { patch: [{ op: 'replace', path: '', value: { a: 2, list: [1] } }] }); // the whole document: overlaps everything
    await bob.update('r', { patch: [{ op: 'add', path: '/list/-', value: 2 }] });
    await alice.update('r', { patch: [{ op: 'add', path: '/b', value: 3 }, { op: 'add', path: '/list/-', value: 9 }] });
    await untilIdle(alice);
    bob.goOnline();
    await until(() => bob.core.queue().length === 0, 'all is decided');
    assert.deepEqual(seen(bob, 'r'), { a: 2, b: 3, list: [1, 9], version: seen(bob, 'r').version });
});

test('a refused edit is a dead letter with its reason; it can be discarded or made anew', async (t) => {
    const schema = join(await temporaryFolder(t), 'schema.json');
    await writeFile(schema, JSON.stringify({ properties: { balance: { type: 'integer', minimum: 0 } } }));
    const server = await Server.start(t, { config: `[collections.accounts]\nschema-file = "${schema}"\n` });
    const client = await startClient(t, { url: server.url, online: false });
    await client.create('k', 'accounts', { balance: 10 });
    await client.update('k', { patch: [{ op: 'replace', path: '/balance', value: -5 }] });
    await client.update('k', { patch: [{ op: 'inc', path: '/balance', value: 1 }] });
    await client.update('k', { patch: [{ op: 'add', path: '/note', value: 'kept' }] });
    client.goOnline();
    await untilIdle(client);
    const queue = await client.queue('k');
    assert.deepEqual(queue.map((entry) => [entry.state, entry.reason.code]), [['dead', 'Invalid'], ['dead', 'DependsOnRejected']]);
    assert.deepEqual(seen(client, 'k'), { balance: 10, note: 'kept' });
    await client.discard(queue[0].id);
    await client.retry(queue[1].id);
    await untilIdle(client);
    assert.deepEqual(seen(client, 'k'), { balance: 11, note: 'kept' });
    assert.equal((await client.queue()).length, 0);
});

test('a server that is killed in the middle loses nothing and logs nothing twice', async (t) => {
    const server = await Server.start(t);
    const client = await startClient(t, { url: server.url });
    await client.create('s', 'games', { gold: 0 });
    let made = 1;
    const editing = (async () => {
        for (let i = 0; i < 150; ++i) {
            await client.update('s', { patch: [{ op: 'inc', path: '/gold', value: 1 }] });
            ++made;
            await sleep(5);
        }
    })();
    for (let i = 0; i < 3; ++i) {
        await sleep(150);
        await server.kill();
        await server.run();
    }
    await editing;
    await untilIdle(client);
    const events = await server.events('s');
    assert.equal(events.length, made);
    assert.equal(new Set(events.map((event) => event.id)).size, made);
    assert.equal((await server.get('/api/games/s')).gold, 150);
    assert.equal(client.stateNow('s').chain, (await (await server.request('POST', '/api/sync/s', {})).json()).chain);
});

test('a killed client starts again from its file and sends what was saved', async (t) => {
    const server = await Server.start(t);
    const path = join(await temporaryFolder(t), 'profile');
    const first = await startClient(t, { url: server.url, store: new FileStore(path) });
    await first.create('f', 'games', { gold: 0 });
    await untilIdle(first);
    await server.stop();
    for (let i = 0; i < 20; ++i)
        await first.update('f', { patch: [{ op: 'inc', path: '/gold', value: 1 }] });
    const { store } = first;
    await assert.rejects(new FileStore(path).open('another'), { code: 'StoreLocked' });
    kill(first);
    await store.close(); // the lock of a process that has ended; this one has not
    await appendFile(path, '0123456789abcdef0123456789abcdef [["put","half'); // a line that the crash cut off
    await server.run();
    const second = await startClient(t, { url: server.url, store: new FileStore(path) });
    assert.equal(second.core.context.clientId, first.core.context.clientId);
    await untilIdle(second);
    assert.equal((await server.get('/api/games/f')).gold, 20);
    assert.equal((await server.events('f')).length, 21);
});

test('a file store: what is in the middle must not be damaged, and it does not grow for ever', async (t) => {
    const path = join(await temporaryFolder(t), 'profile');
    const store = new FileStore(path);
    await store.open('a');
    for (let i = 0; i < 150; ++i)
        await store.write([['put', 'document/x', { text: 'x'.repeat(10_000), i }], ['put', `queue/x/${i}`, i], ['erase', `queue/x/${i - 1}`]], 'a');
    await store.write([['put', 'clock/x/a', 1], ['put', 'clock/xy/a', 2], ['erasePrefix', 'clock/x/']], 'a');
    await assert.rejects(store.write([], 'b'), { code: 'StoreLocked' });
    await store.close();
    const before = (await stat(path)).size;
    const again = new FileStore(path);
    const rows = new Map(await again.open('b'));
    assert.deepEqual([...rows.keys()].sort(), ['clock/xy/a', 'document/x', 'queue/x/149']);
    assert.equal(rows.get('document/x').i, 149);
    await again.close();
    assert.ok(before > 1_000_000 && (await stat(path)).size < 20_000);
    const text = await readFile(path, 'utf8');
    await writeFile(path, `${text.replace('149', '148')}${text}`);
    await assert.rejects(new FileStore(path).open('c'), { code: 'Corrupt' });
});

test('a store that fails: the edit is refused, what is shown is what is durable, and later edits work', async (t) => {
    const server = await Server.start(t);
    const store = new MemoryStore();
    const client = await startClient(t, { url: server.url, store });
    await client.create('w', 'games', { gold: 1 });
    await untilIdle(client);
    const write = store.write.bind(store);
    store.write = async () => { throw Object.assign(new EventSyncError('StoreFull', 'the disk is full')); };
    await assert.rejects(client.update('w', { patch: [{ op: 'inc', path: '/gold', value: 1 }] }), { code: 'StoreFull' });
    store.write = write;
    await until(() => !client.recovering, 'the store was read again');
    assert.equal(client.stateNow('w').state.gold, 1);
    await client.update('w', { patch: [{ op: 'inc', path: '/gold', value: 5 }] });
    await untilIdle(client);
    assert.equal((await server.get('/api/games/w')).gold, 6);
    store.rows.clear(); // the user clears the site's data: what is in memory is the only copy
    store.write = async () => { throw new EventSyncError('IoError', 'the store is closed'); };
    client.goOffline();
    const edit = client.update('w', { patch: [{ op: 'inc', path: '/gold', value: 7 }] });
    store.write = write;
    await edit;
    client.goOnline();
    await untilIdle(client);
    assert.equal((await server.get('/api/games/w')).gold, 13);
    assert.ok(store.rows.has('client'));
});

test('a restored server: the client goes back to the common point and pushes its own edits again', async (t) => {
    const server = await Server.start(t);
    const client = await startClient(t, { url: server.url });
    await client.open('b');
    await client.create('b', 'games', { gold: 0 });
    await client.update('b', { patch: [{ op: 'inc', path: '/gold', value: 1 }] });
    await untilIdle(client);
    const backup = join(server.folder, 'backup');
    command(server, 'backup', backup);
    await client.update('b', { patch: [{ op: 'inc', path: '/gold', value: 10 }] });
    await untilIdle(client);
    await server.stop();
    command(server, 'restore', backup);
    await server.run();
    await server.request('PATCH', '/api/games/b', [{ op: 'inc', path: '/gold', value: 100 }], { 'Content-Type': 'application/json-patch+json' });
    await until(async () => (await server.get('/api/games/b')).gold === 111, 'the edit is in the log again');
    await until(() => seen(client, 'b').gold === 111, 'the client is in step');
    assert.ok(client.facts.some((fact) => fact.type === 'diverged'));
});

test('a copied profile: one copy takes another id, and every edit of both is logged', async (t) => {
    const server = await Server.start(t);
    const store = new MemoryStore();
    const first = await startClient(t, { url: server.url, store });
    await first.create('p', 'games', { gold: 0 });
    await untilIdle(first);
    first.goOffline();
    const copy = new MemoryStore();
    copy.rows = new Map(structuredClone([...store.rows]));
    const second = await startClient(t, { url: server.url, store: copy, online: false });
    for (const [client, amount] of [[first, 1], [second, 10]]) {
        await client.update('p', { patch: [{ op: 'inc', path: '/gold', value: amount }] });
        await client.update('p', { patch: [{ op: 'inc', path: '/gold', value: amount }] });
    }
    first.goOnline();
    await untilIdle(first);
    first.goOffline();
    second.goOnline();
    await until(() => second.facts.some((fact) => fact.type === 'clientIdChanged'), 'the copy has a new id');
    await untilIdle(second);
    assert.equal((await server.get('/api/games/p')).gold, 22);
    assert.notEqual(second.core.context.clientId, first.core.context.clientId);
});

test('a reader behind the horizon gets a snapshot, and its queue survives', async (t) => {
    const server = await Server.start(t);
    const alice = await startClient(t, { url: server.url });
    const bob = await startClient(t, { url: server.url });
    await bob.open('h', 'games');
    await alice.create('h', 'games', { gold: 0, name: 'A', level: 1 });
    await until(() => seen(bob, 'h'), 'bob has the document');
    bob.goOffline();
    await bob.update('h', { patch: [{ op: 'replace', path: '/level', value: 7 }] });
    for (let i = 0; i < 60; ++i)
        await alice.update('h', { patch: [{ op: 'inc', path: '/gold', value: 1 }] });
    await untilIdle(alice);
    alice.goOffline();
    await server.request('POST', '/api/snapshots/h');
    await server.stop();
    compact(server);
    await server.run();
    bob.goOnline();
    await until(() => seen(bob, 'h').gold === 60 && bob.core.queue().length === 0, 'bob is in step');
    assert.equal((await server.get('/api/games/h')).level, 7);
    assert.ok(bob.facts.some((fact) => fact.type === 'snapshot'));
});

test('a large state comes as a snapshot in parts to a new reader', async (t) => {
    const server = await Server.start(t);
    const alice = await startClient(t, { url: server.url });
    await alice.create('large', 'notes', { text: '가'.repeat(200_000) });
    await alice.update('large', { patch: [{ op: 'add', path: '/more', value: '나'.repeat(100_000) }] });
    await alice.update('large', { patch: [{ op: 'add', path: '/end', value: true }] });
    await untilIdle(alice);
    await assert.rejects(alice.update('large', { patch: [{ op: 'add', path: '/x', value: 'x'.repeat(1_100_000) }] }), { code: 'TooLarge' });
    alice.goOffline();
    await server.stop();
    compact(server);
    await server.run();
    for (const kind of ['websocket', 'sse']) {
        const bob = await startClient(t, { url: server.url, kind });
        await bob.open('large', 'notes');
        await until(() => seen(bob, 'large')?.end, 'bob has the text');
        assert.ok(bob.facts.some((fact) => fact.type === 'snapshot'));
        assert.equal(bob.stateNow('large').chain, alice.stateNow('large').chain);
        assert.deepEqual(bob.stateNow('large').vectorClock, alice.stateNow('large').vectorClock);
        assert.equal(canonical(seen(bob, 'large')), canonical(seen(alice, 'large')));
    }
});

test('a CRDT document is shown as the server shows it, and not edited', async (t) => {
    const server = await Server.start(t);
    await server.request('POST', '/api/notes?id=text&kind=crdt', { title: 'A', body: 'text' });
    const client = await startClient(t, { url: server.url });
    await client.open('text', 'notes');
    await until(() => client.stateNow('text')?.state?.title === 'A', 'the view is here');
    assert.equal(client.stateNow('text').kind, 'crdt');
    await server.request('PATCH', '/api/notes/text', { title: 'B' }, { 'Content-Type': 'application/merge-patch+json' });
    await until(() => client.stateNow('text').state.title === 'B', 'the new view is here');
    await assert.rejects(client.update('text', { patch: [{ op: 'replace', path: '/title', value: 'C' }] }), { code: 'PermissionDenied' });
    await server.request('DELETE', '/api/notes/text');
    await until(() => client.stateNow('text').exists === false, 'it is gone');
    await client.create('text', 'notes', { title: 'json now?' });
    await untilIdle(client); // a document keeps its kind: the server refuses, and says so
    assert.deepEqual((await client.queue('text')).map((entry) => entry.state), ['dead']);
});

test('synchronise says what came of it', async (t) => {
    const server = await Server.start(t);
    const client = await startClient(t, { url: server.url });
    await client.create('y', 'games', { gold: 0 });
    await untilIdle(client);
    client.goOffline();
    await assert.rejects(client.synchronise('y'), { code: 'Unavailable' });
    await client.update('y', { patch: [{ op: 'inc', path: '/gold', value: 1 }] });
    await server.request('PATCH', '/api/games/y', [{ op: 'inc', path: '/gold', value: 2 }], { 'Content-Type': 'application/json-patch+json' });
    client.goOnline();
    await until(() => client.status === 'online', 'online');
    const result = await client.synchronise('y');
    assert.equal(result.equal, true);
    assert.equal(result.after.serverSeq, 3);
    assert.equal((await client.synchronise('y')).sent, 0);
    assert.equal(client.stateNow('y').state.gold, 3);
    assert.equal(client.core.queue().length, 0);
});

test('queries, lists and presence', async (t) => {
    const server = await Server.start(t);
    const alice = await startClient(t, { url: server.url, kind: 'sse' });
    const bob = await startClient(t, { url: server.url });
    await alice.watch('games', { fields: ['/name'] });
    await bob.create('q', 'games', { name: 'Q', gold: 0 });
    await until(async () => (await alice.list('games')).some((one) => one.fields.name === 'Q'), 'the list shows it');
    assert.deepEqual((await alice.overview('games')).map((one) => [one.documentId, one.local]), [['q', false]]);
    await alice.open('q', 'games');
    await until(() => alice.stateNow('q').synced && bob.stateNow('q'), 'open');
    await bob.open('q', 'games');
    await until(() => bob.stateNow('q').synced, 'open');
    await bob.presence('q', { cursor: 1 });
    await until(() => alice.facts.some((fact) => fact.type === 'presence' && fact.state?.cursor === 1), 'presence');
    assert.equal((await alice.query('events', { documentId: 'q' })).events.length, 1);
    await assert.rejects(alice.query('nothing', {}), { code: 'InvalidMessage' });
    await bob.remove('q');
    await until(async () => (await alice.list('games')).length === 0, 'the list no longer shows it');
    await bob.undo('q');
    await until(async () => (await alice.list('games')).length === 1, 'it is back');
});

test('the program of docs/web.md runs', async (t) => {
    const server = await Server.start(t);
    const root = new URL('../../', import.meta.url);
    const page = await readFile(new URL('docs/web.md', root), 'utf8');
    const program = /<!-- example: node -->\n```js\n([^]*?)\n```/.exec(page)[1];
    const folder = await temporaryFolder(t);
    await mkdir(join(folder, 'node_modules'));
    await symlink(fileURLToPath(new URL('resources/web/client', root)), join(folder, 'node_modules', 'eventsync'));
    await writeFile(join(folder, 'program.mjs'), program);
    const { status, stdout, stderr } = await new Promise((resolve) => {
        const child = spawn(process.execPath, ['program.mjs'], { cwd: folder, env: { ...process.env, EVENTSYNC_URL: server.url } });
        let out = '', err = '';
        child.stdout.on('data', (data) => { out += data; });
        child.stderr.on('data', (data) => { err += data; });
        child.on('exit', (code) => resolve({ status: code, stdout: out, stderr: err }));
    });
    assert.equal(status, 0, stderr);
    assert.match(stdout, /\{ name: 'Zoe', gold: 50, version: 2 \}/);
    assert.equal((await server.get('/api/games/hero-1')).gold, 50);
});
