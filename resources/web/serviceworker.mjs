// SPDX-License-Identifier: Apache-2.0
//
// Keeps the page usable without a server: its files come from the network while that answers, else from the cache. Documents
// are not cached here: the client keeps them in its own store.
const cacheName = 'eventsync-page';
const files = ['/', '/web/app.mjs', '/web/dom.mjs', '/web/strings.mjs', '/web/views.mjs', '/web/style.css', '/web/icon.svg', '/web/icon-128.png',
               '/web/manifest.webmanifest', ...['core', 'engine', 'eventsync', 'merge', 'replica', 'replicaedits', 'replicalog', 'replicaqueue', 'stores', 'tabs', 'transports', 'values']
                   .map((name) => `/web/client/${name}.mjs`)];
const networkMs = 3000;

self.addEventListener('install', (event) => {
    event.waitUntil((async () => {
        const cache = await caches.open(cacheName);
        await cache.addAll(files.map((file) => new Request(file, { cache: 'no-cache' })));
        await self.skipWaiting();
    })());
});

self.addEventListener('activate', (event) => {
    event.waitUntil((async () => {
        for (const name of await caches.keys()) {
            if (name.startsWith('eventsync-') && name !== cacheName)
                await caches.delete(name);
        }
        await self.clients.claim();
    })());
});

async function answer(request, path) {
    const cache = await caches.open(cacheName);
    const kept = await cache.match(path);
    const fresh = fetch(request, { signal: AbortSignal.timeout(kept ? networkMs : 60_000) }).then(async (response) => {
        if (response.ok)
            await cache.put(path, response.clone());
        return response;
    });
    try {
        const response = await fresh;
        return response.ok || !kept ? response : kept;
    } catch (error) {
        if (kept)
            return kept;
        throw error;
    }
}

self.addEventListener('fetch', (event) => {
    const { pathname, origin } = new URL(event.request.url);
    if (event.request.method === 'GET' && origin === self.location.origin && files.includes(pathname))
        event.respondWith(answer(event.request, pathname));
});
