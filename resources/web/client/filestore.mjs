// SPDX-License-Identifier: Apache-2.0
//
// A store in one file, for Node: a journal of which each line is one batch of steps behind its checksum. A line is durable
// (fsync) before write() resolves; a line that a crash cut off at the end was never promised to anybody and is removed.
import { createHash } from 'node:crypto';
import { open, readFile, rename, rm, stat, truncate } from 'node:fs/promises';
import { dirname } from 'node:path';
import { EventSyncError, fail } from './values.mjs';
import { applySteps } from './stores.mjs';

const openHere = new Set(); // paths that this process holds
const compactFromBytes = 1024 * 1024;
const checksum = (text) => createHash('sha256').update(text).digest('hex').slice(0, 32);
const lineOf = (steps) => {
    const text = JSON.stringify(steps);
    return `${checksum(text)} ${text}\n`;
};

/** See stores.mjs. One process at a time: a second one gets `StoreLocked`. */
export class FileStore {
    /** @param {string} path of the file; its folder exists */
    constructor(path) {
        this.path = path;
        this.file = undefined;
        this.owner = undefined;
    }

    async open(owner) {
        if (!this.file) {
            await this.#lock();
            try {
                await this.#load();
            } catch (error) {
                await this.#unlock();
                throw error;
            }
        }
        this.owner = owner;
        return structuredClone([...this.rows]);
    }

    async #load() {
        let bytes = Buffer.alloc(0);
        try {
            bytes = await readFile(this.path);
        } catch (error) {
            if (error.code !== 'ENOENT')
                throw new EventSyncError('IoError', error.message);
        }
        this.rows = new Map();
        let good = 0;
        while (good < bytes.length) {
            const end = bytes.indexOf(10, good);
            const text = end < 0 ? '' : bytes.toString('utf8', good, end);
            if (end < 0 || text.slice(0, 32) !== checksum(text.slice(33))) {
                if (end >= 0 && end + 1 < bytes.length)
                    fail('Corrupt', `${this.path} is damaged at byte ${good}`);
                break; // the end of the last batch is missing: it was never durable
            }
            applySteps(this.rows, JSON.parse(text.slice(33)));
            good = end + 1;
        }
        const compact = lineOf([...this.rows].map(([key, value]) => ['put', key, value]));
        if (good > compactFromBytes && compact.length < good / 2) {
            await this.#replace(compact);
        } else if (good < bytes.length) {
            await truncate(this.path, good);
        }
        this.file = await open(this.path, 'a');
        await this.#syncFolder();
    }

    async #replace(text) {
        const next = await open(`${this.path}.new`, 'w');
        await next.writeFile(text);
        await next.sync();
        await next.close();
        await rename(`${this.path}.new`, this.path);
    }

    async #syncFolder() {
        const folder = await open(dirname(this.path), 'r');
        await folder.sync();
        await folder.close();
    }

    // A file with the process id in it. One whose process has ended is taken over.
    async #lock() {
        const lock = `${this.path}.lock`;
        for (let attempt = 0; attempt < 10; ++attempt) {
            try {
                const file = await open(lock, 'wx');
                await file.writeFile(String(process.pid));
                await file.close();
                openHere.add(this.path);
                return;
            } catch (error) {
                if (error.code !== 'EEXIST')
                    throw new EventSyncError('IoError', error.message);
            }
            const holder = Number(await readFile(lock, 'utf8').catch(() => ''));
            if (holder > 0 && holder !== process.pid && isRunning(holder))
                fail('StoreLocked', `process ${holder} has this store open`);
            if (holder === process.pid && openHere.has(this.path))
                fail('StoreLocked', 'this process has this store open already');
            if (holder === 0 && Date.now() - (await stat(lock).catch(() => ({ mtimeMs: 0 }))).mtimeMs < 1000) {
                await new Promise((resolve) => { setTimeout(resolve, 50); }); // its owner has not written it yet
                continue;
            }
            // By a name of its own, so that of two processes that take it over one finds nothing.
            await rename(lock, `${lock}.${process.pid}`).then(() => rm(`${lock}.${process.pid}`)).catch(() => {});
        }
        fail('StoreLocked', 'the lock of this store cannot be taken');
    }

    async #unlock() {
        openHere.delete(this.path);
        await rm(`${this.path}.lock`, { force: true });
    }

    async write(steps, owner) {
        if (!this.file)
            fail('IoError', 'the store is closed');
        if (owner !== this.owner)
            fail('StoreLocked', 'another client has opened this store');
        try {
            await this.file.appendFile(lineOf(steps));
            await this.file.datasync();
        } catch (error) {
            // What was written of it may be half a line: the rest of the file would be lost behind it.
            await this.file.close().catch(() => {});
            this.file = undefined;
            await this.#unlock();
            throw new EventSyncError(error.code === 'ENOSPC' ? 'StoreFull' : 'IoError', error.message);
        }
        applySteps(this.rows, structuredClone(steps));
    }

    async close() {
        if (!this.file)
            return;
        await this.file.close();
        this.file = undefined;
        await this.#unlock();
    }
}

function isRunning(pid) {
    try {
        process.kill(pid, 0);
        return true;
    } catch (error) {
        return error.code === 'EPERM';
    }
}
