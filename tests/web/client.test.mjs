// SPDX-License-Identifier: Apache-2.0
//
// Real clients and a real server.
import assert from 'node:assert/strict';
import test from 'node:test';
import { Server, until } from './server.mjs';
import { seen, startClient, untilIdle } from './harness.mjs';

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
