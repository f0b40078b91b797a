// SPDX-License-Identifier: Apache-2.0
//
// Clients for the tests of the JavaScript client.
import { Engine } from '../../resources/web/client/engine.mjs';
import { MemoryStore } from '../../resources/web/client/stores.mjs';
import { serverSentEventsTransport, webSocketTransport } from '../../resources/web/client/transports.mjs';
import { NodeWebSocket } from './websocket.mjs';
import { until } from './server.mjs';

export function connectBy(kind, url) {
    return kind === 'sse' ? serverSentEventsTransport({ url }) : webSocketTransport({ url, WebSocket: NodeWebSocket });
}

/** An engine on `store`; `facts` is what it has told. Stopped, or killed, at the end of the test. */
export async function startClient(t, { url, kind = 'websocket', store = new MemoryStore(), online = true, ...options } = {}) {
    const client = new Engine({ store, connect: url ? connectBy(kind, url) : undefined, retryFirstMs: 20, retryLongestMs: 200, ...options });
    client.facts = [];
    client.on('*', (fact) => client.facts.push(fact));
    await client.start();
    t.after(() => kill(client));
    if (online && url) {
        client.goOnline();
        await until(() => client.status === 'online', 'the client is online');
    }
    return client;
}

/** As a killed process: nothing is written or sent any more. */
export function kill(client) {
    clearInterval(client.ticking);
    clearTimeout(client.retryTimer);
    client.wanted = false;
    client.connection?.close();
    client.connection = undefined;
    client.store.onLost = undefined;
    client.store = { open: () => new Promise(() => {}), write: () => new Promise(() => {}), close: async () => {} };
}

export const counts = (client, id) => client.stateNow(id)?.counts;
export const idle = (client) => client.core.queue().every((entry) => entry.state === 'conflict' || entry.state === 'dead');
export const untilIdle = (client) => until(() => idle(client), 'the queue is empty');
export const seen = (client, id) => client.stateNow(id)?.confirmed;
