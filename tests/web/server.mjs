// SPDX-License-Identifier: Apache-2.0
//
// A real server for the tests, on a free loopback port: EVENTSYNC_SERVER names the binary.
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const serverPath = process.env.EVENTSYNC_SERVER;

export const sleep = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

/** Waits until `condition` gives something that is not false, and returns it. */
export async function until(condition, what = String(condition), timeoutMs = 20_000) {
    const end = performance.now() + timeoutMs;
    for (;;) {
        const value = await condition();
        if (value)
            return value;
        if (performance.now() > end)
            throw new Error(`waited ${timeoutMs} ms in vain for: ${what}`);
        await sleep(10);
    }
}

export async function temporaryFolder(t) {
    const folder = await mkdtemp(join(tmpdir(), 'eventsync-web-'));
    t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }));
    return folder;
}

function freePort() {
    return new Promise((resolve, reject) => {
        const probe = createServer();
        probe.on('error', reject);
        probe.listen(0, '127.0.0.1', () => {
            const { port } = probe.address();
            probe.close(() => resolve(port));
        });
    });
}

export class Server {
    /** @param {import('node:test').TestContext} t */
    static async start(t, options = {}) {
        const server = new Server();
        t.after(() => server.kill()); // before its folder is removed
        server.folder = await temporaryFolder(t);
        server.port = await freePort(); // one port over restarts: the clients know no other
        server.options = options;
        await server.run();
        return server;
    }

    get url() { return `http://127.0.0.1:${this.port}`; }

    async run() {
        const portFile = join(this.folder, 'port');
        await rm(portFile, { force: true });
        this.output = '';
        const config = join(this.folder, 'none.toml');
        await writeFile(config, this.options.config ?? '');
        this.process = spawn(serverPath, ['--listen', `127.0.0.1:${this.port}`, '--data', join(this.folder, 'data'), '--port-file', portFile,
                                          '--config', config, '--log-level', 'warning', ...(this.options.arguments ?? [])],
                             { stdio: ['ignore', 'pipe', 'pipe'] });
        for (const stream of [this.process.stdout, this.process.stderr])
            stream.on('data', (data) => { this.output += data; });
        this.ended = new Promise((resolve) => { this.process.on('exit', resolve); });
        await until(async () => {
            if (this.process.exitCode !== null)
                throw new Error(`the server ended with ${this.process.exitCode}: ${this.output}`);
            return readFile(portFile, 'utf8').catch(() => '');
        }, 'the port file of the server');
    }

    /** SIGKILL: what it acknowledged has to be there afterwards. */
    async kill() {
        if (!this.process)
            return;
        if (this.process.exitCode === null && this.process.signalCode === null)
            this.process.kill('SIGKILL');
        await this.ended;
    }
    async stop() {
        this.process.kill('SIGTERM');
        await this.ended;
    }

    async get(path) {
        const answer = await fetch(this.url + path);
        if (!answer.ok)
            throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
        return answer.json();
    }
    events(documentId) { return this.get(`/api/events/${documentId}?clock=0&limit=1000`); }
    async request(method, path, body, headers = {}) {
        return fetch(this.url + path, { method, headers: { 'Content-Type': 'application/json', ...headers }, body: body === undefined ? undefined : JSON.stringify(body) });
    }
}
