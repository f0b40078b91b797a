// SPDX-License-Identifier: Apache-2.0
//
// Random sessions: several JavaScript clients, and the C++ client where its program is there (EVENTSYNC_REPLICA), edit the
// same documents on one server, offline and online, through kills of clients and of the server. At the end all replicas equal
// the server, every edit has one fate, and none is twice in the log. EVENTSYNC_WEB_SEED runs one seed,
// EVENTSYNC_WEB_STEPS sets how many steps it has.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import test from 'node:test';
import { MemoryStore } from '../../resources/web/client/eventsync.mjs';
import { canonical } from '../../resources/web/client/values.mjs';
import { Server, sleep, temporaryFolder, until } from './server.mjs';
import { kill, startClient } from './harness.mjs';
import { pick, randomFrom } from './random.mjs';

const documents = ['hero', 'd1', 'd2'];
const steps = Number(process.env.EVENTSYNC_WEB_STEPS ?? 150), clientCount = 3;

class CppReplica {
    static async start(t, server, folder) {
        const replica = new CppReplica();
        replica.process = spawn(process.env.EVENTSYNC_REPLICA, [join(folder, 'cpp.db'), 'cpp'], { stdio: ['pipe', 'pipe', 'ignore'], env: { ...process.env, QT_QPA_PLATFORM: 'offscreen' } });
        replica.lines = [];
        createInterface({ input: replica.process.stdout }).on('line', (line) => replica.lines.push(line));
        t.after(() => replica.process.kill('SIGKILL'));
        await until(() => replica.lines.includes('ready'), 'the C++ client is ready');
        replica.say(`server ws://127.0.0.1:${server.port}/sync`, 'online');
        return replica;
    }
    say(...lines) { this.process.stdin.write(`${lines.join('\n')}\n`); }
    async ask(line, prefix) {
        const before = this.lines.length;
        this.say(line);
        return until(() => this.lines.slice(before).find((one) => one.startsWith(prefix)), `an answer to ${line}`, 60_000);
    }
}

async function act(random, client, fates) {
    const id = pick(random, documents);
    const view = client.stateNow(id);
    const made = (edit) => edit.then((entry) => entry && fates.made.add(entry)).catch((error) => {
        // Refused at the call: nothing was queued. Everything else is a fault.
        assert.ok(['NotFound', 'DocumentExists', 'Invalid', 'Conflict', 'PatchFailed', 'WrongCollection', 'StoreReadOnly', 'Unavailable'].includes(error.code), error.stack);
    });
    const number = Math.floor(random() * 1000);
    const patch = (...operations) => made(client.update(id, { patch: operations }));
    switch (Math.floor(random() * 14)) {
    case 0: case 1: return patch({ op: 'inc', path: '/gold', value: 1 + (number % 5) });
    case 2: return patch({ op: 'inc', path: '/gold', value: -(number % 5) - 1 });
    case 3: case 4: return patch({ op: 'add', path: '/name', value: `name ${number % 4}` });
    case 5: return patch({ op: 'add', path: `/notes/${number % 6}`, value: number });
    case 6: return patch({ op: 'remove', path: `/notes/${number % 6}` });
    case 7: return view?.state?.list ? patch({ op: 'add', path: '/list/-', value: number }) : patch({ op: 'add', path: '/list', value: [] });
    case 8: return made(client.undo(id));
    case 9: return made(client.redo(id));
    case 10: return id === 'hero' ? undefined : made(view?.exists && random() < 0.3 ? client.remove(id) : client.create(id, 'games', { gold: 5, name: 'new', notes: {} }));
    case 11: return random() < 0.5 ? client.goOffline() : client.goOnline();
    case 12: return decide(random, client, fates);
    default: return made(view?.state ? client.update(id, { value: { ...view.state, level: number % 3, name: random() < 0.3 ? 'whole' : view.state.name } }) : Promise.resolve());
    }
}

async function decide(random, client, fates) {
    const entry = pick(random, (await client.queue()).filter((one) => one.state === 'dead' || (one.state === 'conflict' && one.ready)));
    if (!entry)
        return;
    try {
        if (entry.state === 'dead' && random() < 0.5) {
            fates.made.add(await client.retry(entry.id));
            fates.ended.add(entry.id);
        } else if (entry.state === 'dead' || random() < 0.2) {
            await client.discard(entry.id);
            fates.ended.add(entry.id);
        } else {
            const view = await client.conflict(entry.id);
            const decision = pick(random, ['ours', 'theirs', 'merged']);
            fates.made.add(await client.resolve(entry.id, { decision, ...(decision === 'merged' ? { merged: view.theirs ?? view.ours } : {}) }));
            fates.ended.add(entry.id); // replaced, which the log shows
        }
    } catch (error) {
        assert.ok(['PatchFailed', 'NotFound', 'Invalid', 'DocumentExists', 'Unavailable'].includes(error.code), error.stack);
        if (!['Unavailable'].includes(error.code) && client.core.holderOf(entry.id)) {
            await client.discard(entry.id);
            fates.ended.add(entry.id);
        }
    }
}

const seeds = process.env.EVENTSYNC_WEB_SEED ? [Number(process.env.EVENTSYNC_WEB_SEED)] : [1, 2, 3, 4];
for (const seed of seeds) {
    test(`a random session ends with all replicas equal (seed ${seed})`, { timeout: 240_000 }, async (t) => {
        const random = randomFrom(seed);
        const server = await Server.start(t, { arguments: ['--durability', 'normal'] });
        const folder = await temporaryFolder(t);
        const cpp = process.env.EVENTSYNC_REPLICA ? await CppReplica.start(t, server, folder) : undefined;
        if (!cpp)
            t.diagnostic('without the C++ client');
        const fates = { made: new Set(), ended: new Set() };
        const stores = Array.from({ length: clientCount }, () => new MemoryStore());
        const kinds = ['websocket', 'sse', 'websocket'];
        const start = async (i) => {
            const client = await startClient(t, { url: server.url, kind: kinds[i], store: stores[i], online: false });
            for (const id of documents)
                await client.open(id, 'games');
            client.goOnline();
            return client;
        };
        const clients = [];
        for (let i = 0; i < clientCount; ++i)
            clients.push(await start(i));
        if (cpp)
            assert.equal(await cpp.ask('create', 'created').catch((error) => error.message), 'created');
        else
            await clients[0].create('hero', 'games', { name: 'Hero', gold: 0, notes: {} });
        let cppEdits = 0;
        for (let step = 0; step < steps; ++step) {
            const i = Math.floor(random() * clientCount);
            await act(random, clients[i], fates);
            if (cpp && random() < 0.2) {
                cpp.say(`edit ${cppEdits} 2`);
                cppEdits += 2;
            }
            const chance = random();
            if (chance < 0.02) { // killed: what was not durable is gone, and so is its promise
                kill(clients[i]);
                clients[i] = await start(i);
            } else if (chance < 0.03) {
                await server.kill();
                await server.run();
            } else if (chance < 0.4) {
                await sleep(Math.floor(random() * 30));
            }
        }
        // The end: everybody is online and every conflict is decided, until nothing moves any more.
        const settled = () => clients.every((client) => client.status === 'online' && documents.every((id) => client.stateNow(id)?.synced)
            && client.core.queue().every((entry) => entry.state === 'dead'));
        for (let round = 0; round < 400 && !settled(); ++round) {
            for (const client of clients) {
                client.goOnline();
                client.nudge();
                await decide(random, client, fates);
            }
            await sleep(50);
        }
        const left = () => JSON.stringify(clients.map((client) => [client.status, client.lastError, client.core.queue(), documents.map((id) => client.stateNow(id)?.synced)]));
        assert.ok(settled(), left());
        if (cpp) {
            await cpp.ask('settle', 'settled');
            const promised = new Set(cpp.lines.filter((line) => line.startsWith('promised')));
            assert.equal(promised.size, cppEdits);
        }
        const logged = new Set(), replaced = new Set();
        for (const id of documents) {
            const answer = await server.request('POST', `/api/sync/${id}`, {});
            if (answer.status === 404)
                continue;
            const { events, chain } = await answer.json();
            await until(() => clients.every((client) => client.stateNow(id).chain === chain || events.length === 0), `all are at the end of ${id}`);
            assert.deepEqual(events.map((event) => event.serverSeq), events.map((_, n) => n + 1));
            for (const event of events) {
                assert.ok(!logged.has(event.id), `${event.id} is twice in the log`);
                logged.add(event.id);
                (event.metadata?.replaces ?? []).forEach((one) => replaced.add(one));
            }
            const now = await server.request('GET', `/api/games/${id}`);
            const state = now.status === 200 ? canonical(await now.json()) : undefined;
            for (const client of clients) {
                const shown = client.stateNow(id).state;
                assert.equal(shown === undefined ? undefined : canonical(shown), state, id);
            }
            if (cpp && id === 'hero') {
                const shown = JSON.parse(await cpp.ask('show', '{'));
                const { version, ...withoutVersion } = JSON.parse(state);
                assert.equal(canonical(shown.state), canonical(withoutVersion));
                assert.equal(shown.version, version);
            }
        }
        const dead = new Set(clients.flatMap((client) => client.core.queue().map((entry) => entry.id)));
        const lost = [...fates.made].filter((id) => !logged.has(id) && !replaced.has(id) && !fates.ended.has(id) && !dead.has(id));
        assert.deepEqual(lost, [], 'edits that were saved and have no fate');
        t.diagnostic(`${fates.made.size} edits, ${logged.size} events, ${fates.ended.size} decisions, ${dead.size} dead letters, ${cppEdits} edits of the C++ client`);
    });
}
