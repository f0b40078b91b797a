// SPDX-License-Identifier: Apache-2.0
//
// The page in headless Chromium, on a real server. EVENTSYNC_SCREENSHOTS: a folder for pictures of what the tests see.
import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { Browser, chromiumPath } from './browser.mjs';
import { Server, until } from './server.mjs';
import { seen, startClient, untilIdle } from './harness.mjs';

const options = { skip: chromiumPath ? false : 'there is no Chromium on this machine', timeout: 120_000 };
const pictures = process.env.EVENTSYNC_SCREENSHOTS;

async function picture(page, name) {
    if (!pictures)
        return;
    await mkdir(pictures, { recursive: true });
    await page.screenshot(join(pictures, `${name}.png`));
}

const online = (page) => page.wait(`document.querySelector('#status')?.dataset.status === 'online'`, 'the page is online');
const isSaved = (page, state) => page.wait(`document.querySelector('#saved')?.dataset.saved === '${state}'`, `the document is ${state}`);
const field = (page, name) => page.eval(`document.querySelector('#field-${name}')?.value`);
const selected = (page) => page.eval(`location.hash.replace('#game=', '')`);
const entries = (page) => page.eval(`[...document.querySelectorAll('[data-entry]')].map((one) => one.dataset.state)`);

async function createGame(page, name) {
    await page.fill('#new-name', name);
    await page.wait(`document.querySelector('#game-title')?.textContent === ${JSON.stringify(name)}`, 'the new game is shown');
    return selected(page);
}
async function select(page, id) {
    await page.eval(`location.hash = '#game=${id}'`);
    await page.wait(`!!document.querySelector('#field-name')`, 'the game is shown');
}

test('an edit in the page is seen by another client, and the other way round', options, async (t) => {
    const server = await Server.start(t);
    const browser = await Browser.start(t);
    const page = await browser.page(server.url);
    await online(page);
    const id = await createGame(page, 'Dragon');
    await page.fill('#field-gold', '150');
    await isSaved(page, 'done');

    const other = await startClient(t, { url: server.url });
    await other.open(id, 'games');
    await until(() => seen(other, id)?.gold === 150, 'the other client sees the gold');
    await other.update(id, { patch: [{ op: 'inc', path: '/gold', value: 5 }, { op: 'replace', path: '/name', value: '드래곤' }] });
    await page.wait(`document.querySelector('#field-gold').value === '155' && document.querySelector('#game-title').textContent === '드래곤'`);
    assert.match(await page.text('#game-list'), /드래곤/);
    const [created, edited] = await server.events(id);
    assert.deepEqual(created.diff.patch[0].value, { name: 'Dragon', gold: 0, level: 1, experience: 0 });
    assert.deepEqual(edited.diff.patch, [{ op: 'inc', path: '/gold', value: 150 }]);
    assert.deepEqual(page.problems, []);
});
