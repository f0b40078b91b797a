// SPDX-License-Identifier: Apache-2.0
//
// The pure parts: values, the chain, patches, overlap, differences, policies, and one replica without a network.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { applyEvent, applyPatch, diff, everything, mergeFields, overlaps, Policy } from '../../resources/web/client/merge.mjs';
import { canonical, chainNext, chainStart, eventDigest, newId, normalize, idPattern, sha256, toHex, utf8, byteLength, find, parsePointer } from '../../resources/web/client/values.mjs';
import { Core } from '../../resources/web/client/core.mjs';
import { eventParser } from '../../resources/web/client/transports.mjs';
import { strings, preferredLanguage, translator } from '../../resources/web/strings.mjs';
import { randomFrom, randomPatch, randomValue } from './random.mjs';

const code = (name) => (error) => error.code === name;
const root = new URL('../../', import.meta.url);

// ---- values

test('SHA-256 is that of the standard, for every length of a block', () => {
    for (const length of [0, 1, 55, 56, 63, 64, 65, 119, 120, 128, 1000]) {
        const bytes = Uint8Array.from({ length }, (_, i) => i * 7);
        assert.equal(toHex(sha256(bytes)), createHash('sha256').update(bytes).digest('hex'));
        assert.equal(toHex(sha256(bytes.subarray(0, 3), bytes.subarray(3))), createHash('sha256').update(bytes).digest('hex'));
    }
});

test('the worked example of the protocol: digests and chains', async () => {
    const text = await readFile(new URL('docs/protocol.md', root), 'utf8');
    const example = (name) => new RegExp(`<!-- example: ${name} -->\\n\`\`\`\\n(.*)\\n\`\`\``).exec(text)[1];
    assert.equal(chainStart('games', 'hero-1'), example('chain0'));
    const create = JSON.parse(example('create'));
    assert.equal(canonical(create), example('create'));
    assert.equal(toHex(eventDigest(create)), example('digest1'));
    assert.equal(chainNext(example('chain0'), create), example('chain1'));
    assert.equal(chainNext(example('chain1'), JSON.parse(example('logged'))), example('chain2'));
    assert.equal(toHex(eventDigest(JSON.parse(example('salted')))), example('saltedDigest2'));
    assert.equal(chainNext(example('chain1'), JSON.parse(example('salted'))), example('saltedChain2'));
});

test('the canonical form sorts by UTF-16 code units and writes numbers as ECMAScript does', () => {
    assert.equal(canonical({ '\ufb33': 1, '\ud83d\ude00': 2, b: -0, a: 1e21, '€': [1.5, null, true], '\n': '\u001f"' }),
                 '{"\\n":"\\u001f\\"","a":1e+21,"b":0,"€":[1.5,null,true],"\ud83d\ude00":2,"\ufb33":1}');
    assert.equal(byteLength('aé€😀'), 10);
});

test('values outside of the domain are refused, and copies are frozen', () => {
    for (const bad of [NaN, Infinity, undefined, 1n, () => 1, Symbol('x'), new Date(), new Map(), { a: undefined }, [undefined], '\ud800', { '\udc00': 1 }, { 'a\0': 1 }])
        assert.throws(() => normalize(bad), code('InvalidValue'));
    // eslint-disable-next-line no-sparse-arrays
    assert.throws(() => normalize([1, , 2]), code('InvalidValue'));
    let deep = 1;
    for (let i = 0; i < 64; ++i)
        deep = [deep];
    assert.deepEqual(normalize(deep), deep);
    assert.throws(() => normalize([deep]), code('TooDeep'));
    const given = { list: [1, { a: -0 }] };
    const value = normalize(given);
    given.list[1].a = 5;
    assert.ok(Object.isFrozen(value.list[1]));
    assert.ok(Object.is(value.list[1].a, 0));
});

test('the key __proto__ is a key like any other', () => {
    const state = normalize(JSON.parse('{"__proto__": {"x": 1}, "a": 2}'));
    assert.equal(canonical(state), '{"__proto__":{"x":1},"a":2}');
    const changed = applyPatch(state, [{ op: 'replace', path: '/__proto__/x', value: 5 }, { op: 'add', path: '/b', value: 1 }]).state;
    assert.equal(canonical(changed), '{"__proto__":{"x":5},"a":2,"b":1}');
    assert.equal(canonical(applyPatch(changed, [{ op: 'remove', path: '/__proto__' }]).state), '{"a":2,"b":1}');
    assert.deepEqual(diff(state, changed), [{ op: 'replace', path: '/__proto__/x', value: 5 }, { op: 'add', path: '/b', value: 1 }]);
    assert.equal({}.x, undefined);
    assert.equal(find({}, ['__proto__']), undefined);
    assert.equal(find({}, ['constructor']), undefined);
});

test('ids are UUIDs of version 7 that ascend, also within a millisecond', () => {
    let last = '';
    for (let i = 0; i < 10_000; ++i) {
        const id = newId(1_800_000_000_000 + (i >> 13));
        assert.match(id, idPattern);
        assert.ok(id > last);
        last = id;
    }
});

// ---- patches

test('a patch applies as a whole or not at all, and its inverse leads back', () => {
    const random = randomFrom(7);
    let applied = 0;
    for (let i = 0; i < 3000; ++i) {
        const state = normalize({ a: randomValue(random, 3), list: [1, [2], { b: 3 }], n: 5, t: '2026-11-21T09:30:00.000Z' });
        const before = canonical(state);
        const patch = randomPatch(random, state);
        let result;
        try {
            result = applyPatch(state, patch);
        } catch (error) {
            assert.equal(error.code, 'PatchFailed', `${error.stack}`);
            continue;
        } finally {
            assert.equal(canonical(state), before);
        }
        ++applied;
        assert.equal(canonical(applyPatch(result.state, result.inverse).state), before, JSON.stringify({ state, patch, inverse: result.inverse }));
        assert.equal(result.changed, canonical(result.state) !== before);
    }
    assert.ok(applied > 500, `only ${applied} patches fitted`);
});

test('the difference of two values leads from one to the other', () => {
    const random = randomFrom(11);
    for (let i = 0; i < 2000; ++i) {
        const before = normalize(randomValue(random, 4)), after = normalize(random() < 0.5 ? randomValue(random, 4) : mutated(before, random));
        assert.equal(canonical(applyPatch(before, diff(before, after)).state), canonical(after));
    }
    function mutated(value, chance) {
        if (Array.isArray(value))
            return chance() < 0.3 ? [...value, 1] : value.map((one) => mutated(one, chance)).filter(() => chance() > 0.1);
        if (typeof value === 'object' && value !== null)
            return Object.fromEntries(Object.entries(value).filter(() => chance() > 0.1).map(([key, one]) => [key, mutated(one, chance)]));
        return chance() < 0.3 ? chance() : value;
    }
});

test('a difference is fine up to a size, and then replaces what it would rewrite', () => {
    const before = Object.fromEntries(Array.from({ length: 3000 }, (_, i) => [`k${i}`, i]));
    const after = Object.fromEntries(Array.from({ length: 3000 }, (_, i) => [`k${i}`, i + 1]));
    assert.deepEqual(diff({ big: before, x: 1 }, { big: after, x: 2 }).map(({ op, path }) => [op, path]), [['replace', '/big'], ['replace', '/x']]);
    assert.equal(diff({ list: [1, 2, 3, 4] }, { list: [1, 3, 4] })[0].op, 'remove');
});

test('what overlaps: the table of docs/merging.md', () => {
    const state = normalize({ name: 'A', gold: 1, items: { sword: { level: 1 }, bow: { level: 1 } }, tags: ['a', 'b', 'c', 'd'], x: 1, at: '2026-01-01T00:00:00.000Z' });
    const footprint = (...patch) => applyPatch(state, patch).footprint;
    const set = (path, value) => footprint({ op: 'replace', path, value });
    const inc = (value) => footprint({ op: 'inc', path: '/gold', value });
    const cases = [
        [set('/name', 'Dragon'), set('/gold', 7), false],
        [set('/items/sword/level', 2), set('/items/bow/level', 3), false],
        [footprint({ op: 'remove', path: '/items/sword' }), set('/items/sword/level', 3), true],
        [set('/name', 'Dragon'), set('/name', 'Knight'), true],
        [set('/name', 'Dragon'), set('/name', 'Dragon'), false],
        [inc(50), inc(-30), false],
        [inc(50), set('/gold', 0), true],
        [footprint({ op: 'add', path: '/tags/-', value: 'x' }), footprint({ op: 'add', path: '/tags/-', value: 'y' }), true],
        [set('/tags/0', 'x'), set('/tags/3', 'x'), false],
        [footprint({ op: 'add', path: '/tags/-', value: 'x' }), set('/tags/0', 'y'), true],
        [set('/tags/0', 'x'), set('/tags/0', 'x'), true],
        [footprint({ op: 'remove', path: '/x' }), footprint({ op: 'remove', path: '/x' }), true],
        [everything, set('/name', 'B'), true],
        [everything, { entries: [] }, true],
        [footprint({ op: 'test', path: '/name', value: 'A' }), set('/name', 'B'), true],
        [footprint({ op: 'test', path: '/name', value: 'A' }), set('/gold', 3), false],
        [footprint({ op: 'test', path: '/name', value: 'A' }, { op: 'replace', path: '/name', value: 'B' }), set('/name', 'B'), true],
        [footprint({ op: 'max', path: '/at', value: '2026-02-01T00:00:00.000Z' }), footprint({ op: 'max', path: '/at', value: '2026-03-01T00:00:00.000Z' }), false],
        [footprint({ op: 'add', path: '/y', value: { a: 1 } }, { op: 'replace', path: '/y/a', value: 2 }), footprint({ op: 'add', path: '/y', value: { a: 2 } }), true],
    ];
    for (const [a, b, expected] of cases) {
        assert.equal(overlaps(a, b), expected, JSON.stringify([a, b]));
        assert.equal(overlaps(b, a), expected);
    }
});

test('creates, deletes and empty patches follow the rules of events', () => {
    assert.equal(applyEvent({ a: 1 }, { operation: 'delete', diff: { patch: [] } }).state, undefined);
    assert.throws(() => applyEvent(undefined, { operation: 'delete', diff: { patch: [] } }), code('PatchFailed'));
    assert.throws(() => applyEvent({ a: 1 }, { operation: 'create', diff: { patch: [{ op: 'add', path: '', value: 1 }] } }), code('PatchFailed'));
    assert.equal(applyEvent(undefined, { operation: 'update', diff: { patch: [] } }).state, undefined);
    assert.throws(() => applyEvent({ a: 1 }, { operation: 'update', diff: { patch: [{ op: 'remove', path: '' }] } }), code('PatchFailed'));
});

test('fields that only one side changed merge; one value that both changed does not', () => {
    assert.deepEqual(mergeFields({ a: 1, b: 1 }, { a: 2, b: 1 }, { a: 1, b: 3, c: 4 }), { merged: { a: 2, b: 3, c: 4 } });
    assert.equal(mergeFields({ a: 1 }, { a: 2 }, { a: 3 }), undefined);
    assert.deepEqual(mergeFields({ a: 1 }, { a: 2 }, { a: 2 }), { merged: { a: 2 } });
    assert.deepEqual(mergeFields({ a: 1, b: 1 }, { b: 1 }, { a: 1, b: 2 }), { merged: { b: 2 } });
});

test('a policy makes counters count, times grow, and its own fields untouchable', () => {
    const policy = new Policy({ paths: { '/gold': { rule: 'counter', min: 0 }, '/at': { rule: 'latest' }, '/version': { rule: 'engine' }, '/players/*/gold': { rule: 'counter', max: 10 },
                                         '/later': { rule: 'a rule of the future' } } });
    assert.deepEqual(diff({ gold: 100, at: '2026-01-01T00:00:00.000Z', players: { a: { gold: 1 } } },
                          { gold: 150, at: '2026-01-02T00:00:00.000Z', players: { a: { gold: 3 } } }, policy),
                     [{ op: 'inc', path: '/gold', value: 50 }, { op: 'max', path: '/at', value: '2026-01-02T00:00:00.000Z' }, { op: 'inc', path: '/players/a/gold', value: 2 }]);
    assert.throws(() => policy.checkCounters({ gold: -1 }), code('Invalid'));
    policy.checkCounters({ gold: -1 }, { gold: -5 }); // it becomes better
    assert.throws(() => policy.checkCounters({ players: { a: { gold: 11 } } }), code('Invalid'));
    for (const patch of [[{ op: 'replace', path: '/version', value: 1 }], [{ op: 'replace', path: '', value: { version: 1 } }], [{ op: 'move', from: '/version', path: '/x' }], [{ op: 'move', from: '/x', path: '' }]])
        assert.throws(() => policy.checkEnginePaths(patch), code('Invalid'));
    policy.checkEnginePaths([{ op: 'replace', path: '', value: { name: 1 } }, { op: 'test', path: '/version', value: 1 }]);
    assert.deepEqual(policy.withEngineFields({ a: 1 }, 7), { a: 1, version: 7 });
    assert.deepEqual(policy.withoutEngineFields({ a: 1, version: 7 }), { a: 1 });
});

// ---- one replica, its messages by hand

function newCore() {
    const core = new Core({ now: () => 1_800_000_000_000, steady: () => 0 });
    core.load([]);
    core.receive({ type: 'welcome', protocol: 1, limits: {} });
    return core;
}

function logFor(collection, id) {
    const log = { events: [], chain: chainStart(collection, id) };
    log.add = (event) => {
        const logged = { ...event, serverSeq: log.events.length + 1, storedAt: '2026-11-21T09:30:00.120Z' };
        delete logged.onOverlap;
        log.chain = chainNext(log.chain, logged);
        log.events.push(logged);
        return { type: 'events', documentId: id, events: [logged], chain: log.chain };
    };
    log.synced = (clientSeq, more = {}) => ({ type: 'synced', documentId: id, serverSeq: log.events.length, chain: log.chain, horizon: 1, clientSeq, permission: 'write', ...more });
    return log;
}

const other = (id, operation, patch, clientSeq, baseSeq = 0) => ({ id: newId(), documentId: id, collection: 'games', operation, clientId: 'other', clientSeq, baseSeq,
                                                                  timestamp: '2026-11-21T09:30:00.000Z', diff: { patch } });
const create = (value) => [{ op: 'add', path: '', value }];
const states = (core) => core.queue().map((entry) => entry.state);

test('an edit goes from waiting to sent, and leaves with its event; an ack alone changes nothing that is shown', () => {
    const core = newCore(), log = logFor('games', 'g');
    core.edit('g', (replica) => replica.create('games', { gold: 1 }));
    assert.deepEqual(states(core), ['waiting']);
    const { messages: [push] } = core.receive(log.synced(0));
    assert.equal(push.type, 'push');
    assert.deepEqual(states(core), ['sent']);
    core.receive({ type: 'ack', batchId: push.batchId, documentId: 'g', results: [{ id: push.events[0].id, clientSeq: 1, status: 'applied', serverSeq: 1 }] });
    assert.deepEqual(states(core), ['sent']);
    assert.equal(core.replicas.get('g').position.serverSeq, 0);
    core.receive(log.add(push.events[0]));
    assert.deepEqual(states(core), []);
    assert.deepEqual(core.replicas.get('g').confirmed, { gold: 1 });
});

test('an event that overlaps what waits makes a conflict with three sides; what follows it waits too, what does not is sent', () => {
    const core = newCore(), log = logFor('games', 'g');
    core.open('g', 'games');
    core.receive(log.add(other('g', 'create', create({ name: 'A', gold: 1, other: 1 }), 1)));
    const edit = (...patch) => core.edit('g', (replica) => replica.update({ patch })).result;
    const first = edit({ op: 'replace', path: '/name', value: 'mine' });
    edit({ op: 'replace', path: '/name', value: 'mine again' });
    edit({ op: 'replace', path: '/other', value: 2 });
    core.receive(log.add(other('g', 'update', [{ op: 'replace', path: '/name', value: 'theirs' }], 2, 1)));
    assert.deepEqual(states(core), ['conflict', 'conflict', 'waiting']);
    const view = core.replicas.get('g').conflict(first);
    assert.deepEqual([view.base.name, view.ours.name, view.theirs.name, view.theirs.other], ['A', 'mine', 'theirs', 2]);
    assert.deepEqual(core.replicas.get('g').tree, { name: 'theirs', gold: 1, other: 2 });
    const { messages: [push] } = core.receive(log.synced(0));
    assert.deepEqual(push.events.map((event) => event.diff.patch[0].path), ['/other']);
    core.edit('g', (replica) => replica.resolve(first, { decision: 'ours' }));
    const decision = core.queue().at(-1);
    assert.deepEqual(decision.metadata.replaces, [first, first]);
    assert.deepEqual(decision.metadata.conflict.theirs, [{ op: 'replace', path: '/name', value: 'theirs' }]);
    assert.equal(decision.first, first);
});

test('a refusal makes a dead letter, and what stands on it follows; trying again makes a new edit', () => {
    const core = newCore(), log = logFor('games', 'g');
    core.open('g', 'games');
    core.receive(log.add(other('g', 'create', create({ name: 'A', x: 1 }), 1)));
    const edit = (path, value) => core.edit('g', (replica) => replica.update({ patch: [{ op: 'replace', path, value }] }));
    core.receive(log.synced(0));
    const { out: { messages: [push] } } = edit('/name', 'bad');
    edit('/name', 'after bad');
    edit('/x', 2);
    const [bad] = push.events;
    core.receive({ type: 'ack', batchId: push.batchId, documentId: 'g', results: [{ id: bad.id, clientSeq: 1, status: 'rejected', code: 'Invalid', reason: 'no' }] });
    core.receive({ type: 'ack', batchId: 2, documentId: 'g', results: core.queue().filter((e) => e.state === 'sent').map((e) => ({ id: e.id, clientSeq: e.clientSeq, status: 'skipped' })) });
    assert.deepEqual(core.queue().map((entry) => [entry.state, entry.reason?.code]), [['dead', 'Invalid'], ['dead', 'DependsOnRejected'], ['sent', undefined]]);
    assert.deepEqual(core.replicas.get('g').tree, { name: 'A', x: 2 });
    const retried = core.edit('g', (replica) => replica.retry(bad.id)).result;
    assert.notEqual(retried, bad.id);
    assert.equal(core.replicas.get('g').tree.name, 'bad');
    assert.equal(core.holderOf(bad.id), undefined);
});

test('events of another history are not applied: the client asks again; after diverged it goes back and pushes its own events again', () => {
    const core = newCore(), log = logFor('games', 'g');
    core.open('g', 'games');
    core.receive(log.add(other('g', 'create', create({ gold: 1 }), 1)));
    const common = log.chain;
    core.receive(log.synced(0));
    const { out: { messages: [push] } } = core.edit('g', (replica) => replica.update({ patch: [{ op: 'inc', path: '/gold', value: 5 }] }));
    core.receive(log.add(push.events[0]));
    const foreign = other('g', 'update', [{ op: 'inc', path: '/gold', value: 100 }], 2, 2);
    const { messages } = core.receive({ type: 'events', documentId: 'g', events: [{ ...foreign, serverSeq: 3, storedAt: '2026-11-21T09:30:00.120Z' }], chain: 'f'.repeat(64) });
    assert.equal(messages[0].type, 'subscribe');
    assert.deepEqual(messages[0].checkpoints, [[1, common]]);
    assert.equal(core.replicas.get('g').confirmed.gold, 6);
    core.receive({ type: 'diverged', documentId: 'g', commonSeq: 1, serverSeq: 1 });
    assert.equal(core.replicas.get('g').confirmed.gold, 1);
    assert.equal(core.replicas.get('g').tree.gold, 6);
    const again = core.receive({ type: 'synced', documentId: 'g', serverSeq: 1, chain: common, horizon: 1, clientSeq: 0, permission: 'write' }).messages;
    assert.equal(again.at(-1).events[0].id, push.events[0].id);
});

test('a snapshot in parts is verified and is one unseen event; acknowledged edits that it does not know return', () => {
    const core = newCore(), log = logFor('games', 'g');
    core.open('g', 'games');
    core.receive(log.add(other('g', 'create', create({ name: 'A', gold: 1, level: 1 }), 1)));
    core.receive(log.synced(0));
    const { out: { messages: [push] } } = core.edit('g', (replica) => replica.update({ patch: [{ op: 'inc', path: '/level', value: 5 }] }));
    core.receive(log.add(push.events[0]));
    core.edit('g', (replica) => replica.update({ patch: [{ op: 'replace', path: '/name', value: 'mine' }] }));
    core.disconnected();
    core.receive({ type: 'welcome', protocol: 1, limits: {} });
    const bytes = Buffer.from(canonical({ gold: 50, level: 6, name: '다른 이름' }));
    const sha = createHash('sha256').update(bytes).digest('hex');
    const part = (number, from, to) => ({ type: 'snapshot', documentId: 'g', kind: 'json', serverSeq: 9, chain: 'a'.repeat(64), part: number, parts: 2, sha256: sha,
                                          bytes: bytes.subarray(from, to).toString('base64url'), ...(number === 2 ? { vectorClock: { other: 9 } } : {}) });
    const cut = bytes.indexOf(Buffer.from('다')) + 1; // inside a character
    assert.equal(core.receive(part(1, 0, cut)).writes.length, 1);
    core.receive(part(2, cut));
    const replica = core.replicas.get('g');
    assert.deepEqual(replica.confirmed, { gold: 50, level: 6, name: '다른 이름' });
    assert.deepEqual(core.queue().map((entry) => [entry.state, entry.patch[0].path]), [['waiting', '/level'], ['sent', '/name']]);
    assert.equal(core.queue()[0].id, push.events[0].id);
    assert.deepEqual(replica.tree, { gold: 50, level: 11, name: 'mine' });
    core.receive({ type: 'synced', documentId: 'g', serverSeq: 9, chain: 'a'.repeat(64), horizon: 9, clientSeq: 0, permission: 'write' });
    assert.deepEqual(core.queue().map((entry) => [entry.state, entry.patch[0].path]), [['sent', '/level'], ['conflict', '/name']]);
    assert.deepEqual(replica.tree, { gold: 50, level: 11, name: '다른 이름' });
    assert.deepEqual(Object.fromEntries(replica.clock), { other: 9 });
    const damaged = core.receive({ ...part(1, 0, cut), parts: 1 });
    assert.equal(damaged.messages[0].type, 'subscribe'); // its bytes do not have the digest
});

test('what the store holds makes the same replica again', () => {
    const core = newCore(), log = logFor('games', 'g'), rows = new Map();
    const keep = (out) => {
        for (const [kind, key, value] of out.writes) {
            if (kind === 'put')
                rows.set(key, structuredClone(value));
            else if (kind === 'erase')
                rows.delete(key);
            else
                [...rows.keys()].filter((one) => one.startsWith(key)).forEach((one) => rows.delete(one));
        }
        return out;
    };
    keep({ writes: [core.clientRow()] });
    keep(core.open('g', 'games'));
    keep(core.receive(log.add(other('g', 'create', create({ name: 'A', gold: 1 }), 1))));
    keep(core.receive(log.synced(0, { policy: { merge: 'fields', paths: { '/gold': { rule: 'counter', min: 0 } } } })));
    keep(core.edit('g', (replica) => replica.update({ value: { name: 'A', gold: 9 } })).out);
    keep(core.edit('g', (replica) => replica.update({ value: { name: 'B', gold: 9 } })).out);
    keep(core.receive(log.add(other('g', 'update', [{ op: 'replace', path: '/name', value: 'C' }], 2, 1))));
    const again = new Core({ now: () => 1_800_000_000_000 });
    assert.deepEqual(again.load(structuredClone([...rows])), []);
    const a = core.replicas.get('g'), b = again.replicas.get('g');
    for (const what of ['tree', 'confirmed', 'position', 'collection', 'last', 'assigned', 'historyStart'])
        assert.deepEqual(b[what], a[what], what);
    const plain = (one) => one.queue().map(({ ready, ...entry }) => entry);
    assert.deepEqual(plain(again), plain(core));
    assert.deepEqual([...b.clock], [...a.clock]);
    assert.equal(b.undoSteps.length, a.undoSteps.length);
    assert.equal(b.policy.rule(['gold']), 'counter');
    assert.equal(again.context.clientId, core.context.clientId);
    const all = new Map(core.allRows().map(([, key, value]) => [key, value]));
    all.delete('base/g'); // the state before the first event: there is no document
    assert.deepEqual([...all.keys()].sort(), [...rows.keys()].sort());
    assert.deepEqual(all.get('queue/g/2'), rows.get('queue/g/2'));
});

test('undo takes back exactly, keeps what others added, and refuses to overwrite', () => {
    const core = newCore(), log = logFor('games', 'g');
    core.open('g', 'games');
    core.receive(log.add(other('g', 'create', create({ name: 'A', gold: 1 }), 1)));
    const edit = (act) => core.edit('g', act).result;
    edit((replica) => replica.update({ patch: [{ op: 'inc', path: '/gold', value: 10 }] }));
    core.receive(log.add(other('g', 'update', [{ op: 'inc', path: '/gold', value: 100 }], 2, 1)));
    edit((replica) => replica.undo(false));
    assert.equal(core.replicas.get('g').tree.gold, 101);
    edit((replica) => replica.undo(true));
    assert.equal(core.replicas.get('g').tree.gold, 111);
    edit((replica) => replica.update({ patch: [{ op: 'add', path: '/note', value: 'x' }] }));
    edit((replica) => replica.update({ patch: [{ op: 'replace', path: '/note', value: 'y' }] }));
    core.replicas.get('g').tree = { ...core.replicas.get('g').tree, note: 'z' };
    assert.throws(() => edit((replica) => replica.undo(false)), code('Conflict'));
});

test('edits that no server could log are refused at the call and change nothing', () => {
    const core = newCore(), log = logFor('games', 'g');
    core.open('g', 'games');
    core.receive(log.add(other('g', 'create', create({ gold: 1 }), 1)));
    core.receive(log.synced(0, { policy: { paths: { '/gold': { rule: 'counter', min: 0 }, '/version': { rule: 'engine' } } } }));
    const refused = (change, name, options) => assert.throws(() => core.edit('g', (replica) => replica.update(change, options)), code(name));
    refused({ patch: [{ op: 'inc', path: '/gold', value: -2 }] }, 'Invalid');
    refused({ patch: [{ op: 'add', path: '/version', value: 2 }] }, 'Invalid');
    refused({ patch: [{ op: 'add', path: '/big', value: 'x'.repeat(1024 * 1024) }] }, 'TooLarge');
    refused({ patch: [{ op: 'jump', path: '/x' }] }, 'InvalidValue');
    refused({ patch: [{ op: 'remove', path: '/none' }] }, 'PatchFailed');
    refused({ patch: [{ op: 'inc', path: '/gold', value: 1 }] }, 'PermissionDenied', { metadata: { transactionId: 'x' } });
    assert.equal(core.edit('g', (replica) => replica.update({ value: { gold: 1 } })).result, null);
    assert.deepEqual(states(core), []);
    assert.throws(() => core.edit('a/b', (replica) => replica.create('games', {})), code('InvalidValue'));
    assert.throws(() => core.edit('h', (replica) => replica.create('Games', {})), code('InvalidValue'));
    assert.equal(core.replicas.has('h'), false);
});

// ---- the rest

test('server-sent events are read in pieces of any length', () => {
    const text = ': a comment\r\n\r\nevent: open\ndata: {"a":1}\nid: x\n\nevent:events\r\ndata: one\r\ndata: two\r\n\r\ndata: without a type\n\n';
    for (let size = 1; size < text.length; ++size) {
        const events = [];
        const parse = eventParser((type, data) => events.push([type, data]));
        for (let at = 0; at < text.length; at += size)
            parse(text.slice(at, at + size));
        assert.deepEqual(events, [['open', '{"a":1}'], ['events', 'one\ntwo'], [undefined, 'without a type']], `pieces of ${size}`);
    }
});

test('the page has each text in both languages, and uses no other', async () => {
    assert.deepEqual(Object.keys(strings.ko).sort(), Object.keys(strings.en).sort());
    const names = (text) => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]).sort();
    for (const [key, text] of Object.entries(strings.en)) {
        assert.deepEqual(names(strings.ko[key]), names(text), key);
        assert.notEqual(strings.ko[key].trim(), '', key);
        if (!/^(connection\.websocket|change\.(set|add))$/.test(key))
            assert.match(strings.ko[key], /[가-힣]/, key);
    }
    const folder = new URL('resources/web/', root);
    const sources = (await Promise.all(['app.mjs', 'views.mjs'].map((name) => readFile(new URL(name, folder), 'utf8')))).join('\n');
    for (const [, key] of sources.matchAll(/(?:\bt\(|notice\('\w+', )'([a-z]+\.\w+)'/g))
        assert.ok(key in strings.en, `${key} is used, but there is no such text`);
    for (const key of Object.keys(strings.en)) {
        const [group, name] = key.split('.');
        assert.ok(sources.includes(`'${key}'`) || new RegExp(`\`${group}\\.\\$\\{`).test(sources), `${key} is never used (${name})`);
    }
    assert.equal(preferredLanguage(['fr-FR', 'ko-KR', 'en']), 'ko');
    assert.equal(preferredLanguage(['fr']), 'en');
    assert.equal(translator('en')('badge.dead', { count: 3 }), 'Refused: 3');
});

test('the page works without a server: every module that it loads is kept, and every file is in the program', async () => {
    const folder = new URL('resources/web/', root);
    const worker = await readFile(new URL('serviceworker.mjs', folder), 'utf8');
    const kept = [...worker.matchAll(/'(\/web\/[^']+)'/g)].map((match) => match[1]);
    const modules = /\[('core'[^\]]*)\]/.exec(worker)[1].split(',').map((name) => `/web/client/${name.trim().replaceAll("'", '')}.mjs`);
    const needed = new Set();
    const visit = async (path) => {
        if (needed.has(path))
            return;
        needed.add(path);
        const text = await readFile(new URL(path.replace('/web/', ''), folder), 'utf8');
        for (const [, next] of text.matchAll(/^(?:import|export) [^;]*?from '(\.[^']+)';/gms))
            await visit(new URL(next, `http://x${path}`).pathname);
    };
    await visit('/web/app.mjs');
    assert.deepEqual([...needed].filter((path) => ![...kept, ...modules].includes(path)), []);
    const resources = await readFile(new URL('web.qrc', folder), 'utf8');
    for (const path of [...kept, ...modules])
        assert.ok(resources.includes(path.replace('/web/', '')), `${path} is not in web.qrc`);
    for (const name of await readdir(new URL('client/', folder))) {
        if (name.endsWith('.mjs'))
            assert.ok(resources.includes(`client/${name}`), `${name} is not in web.qrc`);
    }
});

test('every module of the page and the client can be parsed', async () => {
    for (const folder of ['resources/web/', 'resources/web/client/']) {
        for (const name of await readdir(new URL(folder, root))) {
            if (!name.endsWith('.mjs'))
                continue;
            const { status, stderr } = spawnSync(process.execPath, ['--check', fileURLToPath(new URL(folder + name, root))], { encoding: 'utf8' });
            assert.equal(status, 0, stderr);
        }
    }
});

test('a pointer is read as RFC 6901 says', () => {
    assert.deepEqual(parsePointer('/a~1b/~0/'), ['a/b', '~', '']);
    for (const bad of ['a', '/~2', '/a~', '/\0'])
        assert.throws(() => parsePointer(bad), code('InvalidValue'));
    assert.equal(utf8('é').length, 2);
});
