// SPDX-License-Identifier: Apache-2.0
//
// Headless Chromium, driven by the DevTools protocol. EVENTSYNC_CHROMIUM names the binary; otherwise it is looked for.
import { spawn, spawnSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sleep, temporaryFolder, until } from './server.mjs';
import { NodeWebSocket } from './websocket.mjs';

function findChromium() {
    for (const name of [process.env.EVENTSYNC_CHROMIUM, 'chromium', 'chromium-browser', 'google-chrome'].filter(Boolean)) {
        const { status } = spawnSync(name, ['--version'], { stdio: 'ignore', timeout: 30_000 });
        if (status === 0)
            return name;
    }
    return undefined;
}
export const chromiumPath = findChromium();

export class Browser {
    /** @param {import('node:test').TestContext} t */
    static async start(t, { profile, language = 'en-US', hosts } = {}) {
        const browser = new Browser();
        t.after(() => browser.kill()); // before its folder is removed
        browser.profile = profile ?? await temporaryFolder(t);
        browser.language = language;
        browser.hosts = hosts;
        await browser.run();
        return browser;
    }

    async run() {
        // A profile that was in use before has the old port in it.
        await writeFile(join(this.profile, 'DevToolsActivePort'), '');
        this.process = spawn(chromiumPath, ['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--remote-debugging-port=0',
                                            `--user-data-dir=${this.profile}`, '--no-first-run', '--disable-extensions', '--disable-background-networking',
                                            '--disable-component-update', '--disable-sync', '--disable-default-apps', '--hide-scrollbars',
                                            '--force-color-profile=srgb', `--lang=${this.language}`, `--accept-lang=${this.language}`,
                                            ...(this.hosts ? [`--host-resolver-rules=${this.hosts}`] : []), 'about:blank'],
                             { stdio: ['ignore', 'ignore', 'pipe'], detached: true, env: { ...process.env, LANGUAGE: this.language.replace('-', '_') } });
        this.output = '';
        this.process.stderr.on('data', (data) => { this.output += data; });
        this.ended = new Promise((resolve) => { this.process.on('exit', resolve); });
        const [port, path] = await until(async () => {
            if (this.process.exitCode !== null)
                throw new Error(`Chromium ended: ${this.output}`);
            const lines = (await readFile(join(this.profile, 'DevToolsActivePort'), 'utf8').catch(() => '')).split('\n');
            return lines.length >= 2 && lines;
        }, 'the debugging port of Chromium', 60_000);
        this.socket = new NodeWebSocket(`ws://127.0.0.1:${port}${path}`);
        this.commands = new Map();
        this.listeners = new Map();
        this.last = 0;
        this.socket.onmessage = ({ data }) => this.receive(JSON.parse(data));
        this.socket.onclose = () => {
            for (const command of this.commands.values())
                command.reject(new Error('Chromium closed the connection'));
            this.commands.clear();
        };
        await new Promise((resolve) => { this.socket.onopen = resolve; });
    }

    receive(message) {
        const command = this.commands.get(message.id);
        if (command) {
            this.commands.delete(message.id);
            if (message.error)
                command.reject(new Error(`${command.method}: ${message.error.message}`));
            else
                command.resolve(message.result);
            return;
        }
        this.listeners.get(message.sessionId)?.(message.method, message.params);
    }

    send(method, params = {}, sessionId = undefined) {
        const id = ++this.last;
        const sent = new Promise((resolve, reject) => { this.commands.set(id, { resolve, reject, method }); });
        this.socket.send(JSON.stringify({ id, method, params, ...(sessionId ? { sessionId } : {}) }));
        return sent;
    }

    async page(url) {
        const { targetId } = await this.send('Target.createTarget', { url: 'about:blank' });
        const { sessionId } = await this.send('Target.attachToTarget', { targetId, flatten: true });
        const page = new Page(this, targetId, sessionId);
        await page.enable();
        if (url)
            await page.goto(url);
        return page;
    }

    /** As a power failure of the browser: all its processes are killed. */
    async kill() {
        if (!this.process)
            return;
        if (this.process.exitCode === null && this.process.signalCode === null) {
            try {
                process.kill(-this.process.pid, 'SIGKILL'); // its own process group
            } catch {
                this.process.kill('SIGKILL');
            }
        }
        await this.ended;
        await sleep(100); // the profile's files are closed
    }
}

class Page {
    constructor(browser, targetId, sessionId) {
        Object.assign(this, { browser, targetId, sessionId, problems: [] });
    }

    send(method, params) { return this.browser.send(method, params, this.sessionId); }

    async enable() {
        this.browser.listeners.set(this.sessionId, (method, params) => {
            if (method === 'Runtime.exceptionThrown')
                this.problems.push(params.exceptionDetails.exception?.description ?? params.exceptionDetails.text);
            else if (method === 'Log.entryAdded' && params.entry.level === 'error' && params.entry.source !== 'network'
                     && !params.entry.text.includes('Cross-Origin-Opener-Policy header has been ignored')) // over plain HTTP
                this.problems.push(`${params.entry.source}: ${params.entry.text}`);
            else if (method === 'Runtime.consoleAPICalled' && params.type === 'error')
                this.problems.push(params.args.map((one) => one.description ?? one.value).join(' '));
        });
        await this.send('Page.enable');
        await this.send('Runtime.enable');
        await this.send('Log.enable');
        await this.send('Network.enable');
    }

    async goto(url) {
        await this.send('Page.navigate', { url });
        await this.ready();
    }
    async reload() {
        await this.send('Page.reload');
        await sleep(50);
        await this.ready();
    }
    ready() {
        return until(() => {
            if (this.problems.length > 0)
                throw new Error(`the page failed: ${this.problems.join('\n')}`);
            return this.eval(`document.readyState === 'complete' && !!window.eventsync`).catch(() => false);
        }, 'the page is there', 30_000);
    }

    async eval(expression) {
        const { result, exceptionDetails } = await this.send('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true });
        if (exceptionDetails)
            throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
        return result.value;
    }
    /** Calls a function in the page, with plain arguments. */
    call(fn, ...args) { return this.eval(`(${fn})(${args.map((one) => JSON.stringify(one)).join(',')})`); }

    wait(expression, what = expression, timeoutMs = 20_000) {
        return until(() => this.eval(expression).catch((error) => {
            if (/Inspected target navigated|context was destroyed|Cannot find context/.test(error.message))
                return false;
            throw error;
        }), what, timeoutMs).catch(async (error) => {
            throw new Error(`${error.message}\nThe page shows: ${await this.text('#app').catch(() => '?')}\nIts problems: ${this.problems.join('\n')}`);
        });
    }
    text(selector) { return this.call((s) => document.querySelector(s)?.innerText, selector); }
    exists(selector) { return this.call((s) => document.querySelector(s) !== null, selector); }

    /** A real click of the mouse, in the middle of the element. The page may move between the look at it and the click, for
        example when the offline queue becomes empty: a click that missed the element is made again. */
    async click(selector) {
        await until(async () => {
            await this.wait(`(() => { const e = document.querySelector(${JSON.stringify(selector)}); return !!e && !e.disabled; })()`, `${selector} can be clicked`);
            const { x, y } = await this.call((s) => {
                window.clickedOn = undefined;
                document.addEventListener('click', (event) => { window.clickedOn = event.target.closest(s) !== null; }, { capture: true, once: true });
                const element = document.querySelector(s);
                element.scrollIntoView({ block: 'center' });
                const box = element.getBoundingClientRect();
                return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
            }, selector);
            for (const type of ['mousePressed', 'mouseReleased'])
                await this.send('Input.dispatchMouseEvent', { type, x, y, button: 'left', clickCount: 1 });
            // Without a click event nothing was pressed and released on one element. A click that loads another page leaves no answer.
            return this.eval('window.clickedOn === true').catch(() => true);
        }, `a click on ${selector}`);
    }

    async key(key, code = key, more = {}) {
        await this.send('Input.dispatchKeyEvent', { type: 'keyDown', key, code, windowsVirtualKeyCode: { Enter: 13, Tab: 9, Escape: 27, ' ': 32 }[key] ?? 0,
                                                    ...(key === 'Enter' ? { text: '\r' } : key === ' ' ? { text: ' ' } : {}), ...more });
        await this.send('Input.dispatchKeyEvent', { type: 'keyUp', key, code, ...more });
    }

    /** Replaces what is in a field by typing, and leaves it by Enter. */
    async fill(selector, text, { enter = true } = {}) {
        await this.wait(`!!document.querySelector(${JSON.stringify(selector)})`, `${selector} is there`);
        await this.call((s) => { const field = document.querySelector(s); field.focus(); field.select(); }, selector);
        await this.send('Input.insertText', { text });
        if (enter)
            await this.key('Enter');
    }

    async viewport(width, height, mobile = false) { await this.send('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile }); }
    async dark(on) { await this.send('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value: on ? 'dark' : 'light' }] }); }
    async network(online) {
        await this.send('Network.emulateNetworkConditions', { offline: !online, latency: 0, downloadThroughput: -1, uploadThroughput: -1 });
    }
    async screenshot(path, { full = true } = {}) {
        const { data } = await this.send('Page.captureScreenshot', { format: 'png', captureBeyondViewport: full });
        await writeFile(path, Buffer.from(data, 'base64'));
    }
    async close() { await this.browser.send('Target.closeTarget', { targetId: this.targetId }); }
    /** As a tab that the system kills: no event of the page runs. */
    async crash() {
        void this.send('Page.crash').catch(() => {});
        await sleep(200);
        void this.browser.send('Target.closeTarget', { targetId: this.targetId }).catch(() => {});
    }
}
