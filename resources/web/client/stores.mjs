// SPDX-License-Identifier: Apache-2.0
//
// Where a client keeps its rows. A store has four functions:
//
//   open(owner)    -> all rows, as [key, value] pairs. From then on `owner` alone may write.
//   write(steps)   -> resolves when all steps are durable, all of them or none. A step is ['put', key, value],
//                     ['erase', key] or ['erasePrefix', prefix]. Fails with StoreLocked once another owner has opened it.
//   close()
//   onLost         -> called when the store is taken away while it is open; set by the client
import { EventSyncError, fail } from './values.mjs';

/** Applies steps to a Map. @param {Map<string, any>} rows */
export function applySteps(rows, steps) {
    for (const [kind, key, value] of steps) {
        if (kind === 'put')
            rows.set(key, value);
        else if (kind === 'erase')
            rows.delete(key);
        else
            [...rows.keys()].filter((one) => one.startsWith(key)).forEach((one) => rows.delete(one));
    }
}

/** Keeps rows in memory: for tests, and where nothing else is there. What it holds ends with the program. */
export class MemoryStore {
    constructor() {
        this.rows = new Map();
        this.owner = undefined;
    }

    async open(owner) {
        this.owner = owner;
        return structuredClone([...this.rows]);
    }

    async write(steps, owner) {
        if (owner !== this.owner)
            fail('StoreLocked', 'another client has opened this store');
        applySteps(this.rows, structuredClone(steps));
    }

    async close() {}
}

const storeName = 'rows';
const request = (req) => new Promise((resolve, reject) => {
    req.onsuccess = () => resolve(req.result);
    req.onerror = () => reject(storeError(req.error));
});

function storeError(error) {
    if (error?.name === 'QuotaExceededError')
        return new EventSyncError('StoreFull', 'the browser grants no more storage');
    return error instanceof EventSyncError ? error : new EventSyncError('IoError', `the browser's storage failed: ${error?.message ?? error}`);
}

/**
 * Keeps rows in IndexedDB. The owner is written into the store itself and compared in each transaction: a page that slept
 * while another one took over cannot write any more, whatever it still believes.
 */
export class IndexedDbStore {
    /** @param {string} profile names the database @param {{indexedDB?: IDBFactory}} [options] */
    constructor(profile = 'default', { indexedDB = globalThis.indexedDB } = {}) {
        this.name = `eventsync:${profile}`;
        this.indexedDB = indexedDB;
        this.database = undefined;
        this.onLost = undefined;
    }

    async connect() {
        const opening = this.indexedDB.open(this.name, 1);
        opening.onupgradeneeded = () => opening.result.createObjectStore(storeName);
        this.database = await request(opening);
        const lost = () => {
            if (!this.database)
                return;
            this.database = undefined;
            this.onLost?.(new EventSyncError('IoError', 'the browser has cleared the storage of this site'));
        };
        this.database.onclose = lost;
        this.database.onversionchange = () => { // somebody deletes the database
            this.database?.close();
            lost();
        };
    }

    transaction(mode) {
        if (!this.database)
            fail('IoError', 'the store is closed');
        try {
            const transaction = this.database.transaction(storeName, mode, { durability: 'strict' });
            const done = new Promise((resolve, reject) => {
                transaction.oncomplete = () => resolve();
                transaction.onabort = () => reject(storeError(transaction.error));
            });
            done.catch(() => {}); // whoever waits for it gets the error
            return { rows: transaction.objectStore(storeName), done, transaction };
        } catch (error) {
            throw storeError(error);
        }
    }

    async open(owner) {
        if (!this.database)
            await this.connect();
        const { rows, done } = this.transaction('readwrite');
        rows.put({ owner, at: Date.now() }, 'owner');
        const keys = request(rows.getAllKeys());
        const values = request(rows.getAll());
        const [allKeys, allValues] = await Promise.all([keys, values]);
        await done;
        return allKeys.map((key, i) => [key, allValues[i]]).filter(([key]) => key !== 'owner');
    }

    async write(steps, owner) {
        const { rows, done, transaction } = this.transaction('readwrite');
        let deposed = false;
        const asked = rows.get('owner');
        asked.onsuccess = () => {
            if (asked.result?.owner !== owner) {
                deposed = true;
                transaction.abort();
                return;
            }
            try {
                for (const [kind, key, value] of steps) {
                    if (kind === 'put')
                        rows.put(value, key);
                    else if (kind === 'erase')
                        rows.delete(key);
                    else
                        rows.delete(IDBKeyRange.bound(key, `${key}\uffff`));
                }
            } catch (error) {
                transaction.abort();
                throw error;
            }
        };
        try {
            await done;
        } catch (error) {
            throw deposed ? new EventSyncError('StoreLocked', 'another page has taken over this profile') : error;
        }
    }

    /** The last sign of life of the owner, for pages without Web Locks. */
    async heldSince() {
        if (!this.database)
            await this.connect();
        return request(this.transaction('readonly').rows.get('owner'));
    }

    async renew(owner) { await this.write([['put', 'owner', { owner, at: Date.now() }]], owner); }

    async close() {
        const { database } = this;
        this.database = undefined;
        database?.close();
    }
}
