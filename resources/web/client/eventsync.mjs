// SPDX-License-Identifier: Apache-2.0
//
// EventSync for browsers and Node: docs/web.md.
import { IndexedDbStore, MemoryStore } from './stores.mjs';
import { Client } from './tabs.mjs';
import { serverSentEventsTransport, webSocketTransport } from './transports.mjs';

export { askResolver, fieldMergeResolver, lastWriterWinsResolver, oursResolver, theirsResolver } from './replica.mjs';
export { applyPatch, diff, mergeFields, overlaps, Policy } from './merge.mjs';
export { canonical, chainNext, chainStart, equal, EventSyncError, errorClass, find, newId, parsePointer, pointerText } from './values.mjs';
export { Client, IndexedDbStore, MemoryStore, serverSentEventsTransport, webSocketTransport };
export { Engine } from './engine.mjs';

function transportFrom(transport, url) {
    switch (transport) {
    case 'websocket': return webSocketTransport({ url });
    case 'sse': return serverSentEventsTransport({ url });
    default:
        if (typeof transport === 'function')
            return transport;
        throw new TypeError('a transport is "websocket", "sse" or a function');
    }
}

/**
 * Opens a client.
 *
 * @param {object} [options]
 * @param {string} [options.url] of the server; in a page: its own
 * @param {'websocket'|'sse'|Function} [options.transport]
 * @param {string} [options.profile] names the store; all pages of one profile are one client
 * @param {object} [options.store] instead of IndexedDB: see stores.mjs, filestore.mjs (needed outside of browsers)
 * @param {boolean} [options.online] whether it connects at once; goOnline() and goOffline() change it
 * @param {Record<string, Function>} [options.resolvers] by collection; without one the user decides
 * @param {Record<string, object>} [options.policies] by collection, until the server has told its own
 * @param {Function} [options.validate] (collection, after, before): throws if an edit must not be made
 * @param {string} [options.token] for servers with authentication
 * @returns {Promise<Client>}
 */
export async function openClient({ transport = 'websocket', url, store, profile = 'default', ...options } = {}) {
    const inBrowser = store === undefined && globalThis.indexedDB !== undefined;
    if (store === undefined && !inBrowser)
        throw new TypeError('there is no IndexedDB here: pass a store');
    const client = new Client({
        userAgent: 'eventsync-js', ...options, profile, transport, transportOf: (which) => transportFrom(which, url), shared: inBrowser && globalThis.BroadcastChannel !== undefined,
        locks: inBrowser ? globalThis.navigator?.locks : undefined, makeStore: () => store ?? new IndexedDbStore(profile) });
    await client.start();
    if (inBrowser && globalThis.addEventListener) {
        const nudge = () => client.engine?.nudge();
        const end = new AbortController();
        for (const type of ['online', 'pageshow'])
            globalThis.addEventListener(type, nudge, { signal: end.signal });
        client.on('stopped', () => end.abort());
    }
    return client;
}
