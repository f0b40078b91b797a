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

if (!chromiumPath)
    console.log('skipped: there is no Chromium on this machine'); // CMakeLists.txt looks for it

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

test('edits made offline survive a reload and the end of the browser, and are sent', options, async (t) => {
    const server = await Server.start(t);
    const browser = await Browser.start(t);
    let page = await browser.page(server.url);
    await online(page);
    const id = await createGame(page, 'Castle');
    await isSaved(page, 'done');
    await page.eval('navigator.serviceWorker.ready.then(() => true)');
    assert.deepEqual((await page.send('Page.getInstallabilityErrors')).installabilityErrors, []);
    assert.deepEqual((await page.send('Page.getAppManifest')).errors, []);
    await page.wait(`caches.open('eventsync-page').then((cache) => cache.keys()).then((keys) => keys.length >= 18)`, 'the page is kept');
    await server.stop(); // no server, not even for the page itself
    await page.wait(`document.querySelector('#status').dataset.status === 'waiting'`, 'the page notices');
    await page.fill('#field-gold', '70');
    await page.fill('#field-level', '4');
    await isSaved(page, 'local'); // also after the first one
    await until(async () => (await entries(page)).length === 2, 'both edits wait');
    assert.deepEqual(await entries(page), ['waiting', 'waiting']);
    await picture(page, 'offline');
    await page.reload();
    await page.wait(`document.querySelector('#field-gold')?.value === '70'`, 'the edit is shown after a reload without a server');
    assert.deepEqual(await entries(page), ['waiting', 'waiting']);
    await browser.kill();
    await browser.run();
    page = await browser.page(`${server.url}/#game=${id}`);
    await page.wait(`document.querySelector('#field-level')?.value === '4'`, 'the edits are there after the browser was killed');
    await server.run();
    await page.wait(`document.querySelector('#saved')?.dataset.saved === 'done'`, 'the edits are confirmed', 60_000);
    assert.deepEqual(await entries(page), []);
    const state = await server.get(`/api/games/${id}`);
    assert.deepEqual([state.gold, state.level], [70, 4]);
    assert.equal((await server.events(id)).length, 3);
});

test('two tabs are one client: they show the same, and when the first is killed the second continues', options, async (t) => {
    const server = await Server.start(t);
    const browser = await Browser.start(t);
    const first = await browser.page(server.url);
    await online(first);
    const id = await createGame(first, 'Tower');
    const second = await browser.page(`${server.url}/#game=${id}`);
    await second.wait(`document.querySelector('#field-name')?.value === 'Tower'`, 'the second tab shows the game');
    await second.wait(`window.eventsync.role === 'follower' && !!document.querySelector('[data-role=follower]')`, 'the second tab works through the first');
    await Promise.all([first.call(async (g) => { for (let i = 0; i < 20; ++i) await window.eventsync.update(g, (x) => { x.gold += 1; }); }, id),
                       second.call(async (g) => { for (let i = 0; i < 20; ++i) await window.eventsync.update(g, (x) => { x.gold += 1; }); }, id)]);
    for (const page of [first, second])
        await page.wait(`document.querySelector('#field-gold').value === '40' && document.querySelector('#saved').dataset.saved === 'done'`, 'both tabs show 40');
    // The first tab is killed with an edit of the second on its way.
    const editing = second.call(async (g) => {
        for (let i = 0; i < 10; ++i)
            await window.eventsync.update(g, { patch: [{ op: 'inc', path: '/gold', value: 1 }] });
        return true;
    }, id);
    await first.crash();
    assert.equal(await editing, true);
    await second.wait(`window.eventsync.role === 'leader'`, 'the second tab leads');
    await online(second);
    await second.wait(`document.querySelector('#field-gold').value === '50' && document.querySelector('#saved').dataset.saved === 'done'`, 'all edits are confirmed');
    const events = await server.events(id);
    assert.equal(new Set(events.map((event) => event.clientId)).size, 1, 'one replica');
    assert.equal(events.length, 51);
    assert.equal((await server.get(`/api/games/${id}`)).gold, 50);
    assert.deepEqual(second.problems, []);
});

test('a conflict is decided in the page, field by field', options, async (t) => {
    const server = await Server.start(t);
    const browser = await Browser.start(t);
    const page = await browser.page(server.url);
    await page.viewport(1280, 1000);
    await online(page);
    const id = await createGame(page, 'Harbour');
    await isSaved(page, 'done');
    const other = await startClient(t, { url: server.url });
    await other.open(id, 'games');
    await until(() => seen(other, id), 'the other client has it');
    await page.click('#online');
    await page.wait(`document.querySelector('#status').dataset.status === 'offline'`);
    await page.call((g) => window.eventsync.update(g, { patch: [{ op: 'replace', path: '/name', value: 'My harbour' }, { op: 'add', path: '/note', value: 'mine' }] }), id);
    await other.update(id, { patch: [{ op: 'replace', path: '/name', value: 'Their harbour' }, { op: 'add', path: '/note', value: 'theirs' }, { op: 'inc', path: '/gold', value: 30 }] });
    await untilIdle(other);
    await page.click('#online');
    await page.wait(`document.querySelectorAll('[data-conflict] fieldset').length === 3`, 'the conflict is shown with its fields');
    assert.equal(await field(page, 'name'), 'Their harbour');
    await picture(page, 'conflict');
    assert.equal(await page.eval(`document.querySelector('input[data-field="/gold"]:checked').value`), 'theirs'); // only they changed it
    await page.click('input[data-field="/name"][value=ours]');
    await page.click('input[data-field="/note"][value=theirs]');
    await page.click('[data-conflict] .decide');
    await page.wait(`document.querySelectorAll('[data-conflict]').length === 0 && document.querySelector('#saved').dataset.saved === 'done'`, 'the decision is confirmed');
    const state = await server.get(`/api/games/${id}`);
    assert.deepEqual([state.name, state.note, state.gold], ['My harbour', 'theirs', 30]);
    const decision = (await server.events(id)).at(-1);
    assert.equal(decision.metadata.conflict.strategy, 'perField');
    assert.equal(decision.metadata.conflict.decidedBy, 'user');
    assert.deepEqual(page.problems, []);
});

test('cleared storage: while the page is open its edits are kept; afterwards it begins anew', options, async (t) => {
    const server = await Server.start(t);
    const browser = await Browser.start(t);
    const page = await browser.page(server.url);
    await online(page);
    const id = await createGame(page, 'Mill');
    await isSaved(page, 'done');
    await page.click('#online');
    await page.fill('#field-gold', '11');
    await isSaved(page, 'local');
    const before = await page.eval('window.eventsync.about().then((one) => one.clientId)');
    await page.send('Storage.clearDataForOrigin', { origin: server.url, storageTypes: 'indexeddb' });
    await page.wait(`[...document.querySelectorAll('.notice')].some((one) => one.textContent.length > 0)`, 'the page says what happened');
    assert.deepEqual(await entries(page), ['waiting']);
    await page.fill('#field-level', '3');
    await page.wait(`document.querySelectorAll('[data-entry]').length === 2 && document.querySelector('#saved').dataset.saved === 'local'`, 'a further edit is saved');
    await page.reload();
    await page.wait(`document.querySelector('#field-level')?.value === '3'`, 'what was in memory is in the store again');
    assert.equal(await page.eval('window.eventsync.about().then((one) => one.clientId)'), before);
    await page.click('#online');
    await isSaved(page, 'done');
    assert.equal((await server.get(`/api/games/${id}`)).gold, 11);
    await page.goto('about:blank').catch(() => {});
    await page.send('Storage.clearDataForOrigin', { origin: server.url, storageTypes: 'all' });
    await page.goto(`${server.url}/#game=${id}`);
    await page.wait(`document.querySelector('#field-gold')?.value === '11'`, 'the server has everything');
    assert.notEqual(await page.eval('window.eventsync.about().then((one) => one.clientId)'), before);
});

test('a refused edit is shown with its reason, and can be tried again or discarded', options, async (t) => {
    const server = await Server.start(t);
    const browser = await Browser.start(t);
    const page = await browser.page(server.url);
    await online(page);
    const id = await createGame(page, 'Farm');
    await isSaved(page, 'done');
    // An edit that the client takes and the server does not: the page was told a wrong rule.
    await page.call((g) => {
        const { context } = window.eventsync.engine.core;
        const { paths, ...rest } = context.policies.get('games').json;
        const Policy = context.policies.get('games').constructor;
        context.policies.set('games', new Policy({ ...rest, paths: { ...paths, '/gold': { rule: 'counter' } } }));
        return window.eventsync.update(g, { patch: [{ op: 'inc', path: '/gold', value: -5 }] });
    }, id);
    await page.wait(`document.querySelectorAll('[data-state=dead]').length === 1`, 'the refused edit is shown');
    assert.match(await page.text('[data-state=dead]'), /below 0/);
    assert.equal(await field(page, 'gold'), '0');
    await page.fill('#field-gold', '20');
    await isSaved(page, 'done');
    await page.click('[data-state=dead] .retry');
    await page.wait(`document.querySelector('#field-gold').value === '15' && document.querySelector('#saved').dataset.saved === 'done'`, 'tried again, it fits');
    assert.deepEqual(await entries(page), []);
    assert.equal((await server.get(`/api/games/${id}`)).gold, 15);
});

test('undo, redo, delete, rename, the log, the clocks, and synchronising', options, async (t) => {
    const server = await Server.start(t);
    const browser = await Browser.start(t);
    const page = await browser.page(server.url);
    await online(page);
    const id = await createGame(page, 'Mine');
    await page.fill('#field-name', 'Gold mine');
    await page.wait(`document.querySelector('#game-title')?.textContent === 'Gold mine'`, 'the new name is shown');
    await isSaved(page, 'done'); // until then the page may move below the mouse
    await page.click('.field:nth-child(2) .step:last-child');
    await page.wait(`document.querySelector('#field-gold').value === '10'`, 'a step was added');
    await page.click('#undo');
    await page.wait(`document.querySelector('#field-gold').value === '0'`, 'undone');
    await page.click('#redo');
    await page.wait(`document.querySelector('#field-gold').value === '10'`, 'done again');
    await isSaved(page, 'done');
    await page.click('#synchronise');
    await page.wait(`document.querySelector('#sync-result').classList.contains('good')`, 'both sides are the same');
    await page.click('#log summary');
    assert.equal(await page.eval(`document.querySelectorAll('#log tbody tr').length`), 5);
    await page.click('#clocks summary');
    // A client reports its position, and the server stores it, some time after the edit: until then the answer lists no client.
    await until(async () => {
        await page.click('#clocks button');
        await new Promise((resolve) => setTimeout(resolve, 100));
        return page.eval(`document.querySelectorAll('#clocks tbody').length === 2`);
    }, 'the answer lists the state vector of this client');
    await page.fill('#field-experience', 'many');
    await page.wait(`document.querySelector('#field-experience').getAttribute('aria-invalid') === 'true'`, 'no number');
    await page.key('Escape');
    await page.wait(`document.querySelector('#field-experience').value === '0'`, 'the draft is given up');
    await page.click('#delete');
    await page.click('#confirm-delete');
    await page.wait(`!document.querySelector('#field-name')`, 'the game is gone');
    await until(async () => (await fetch(`${server.url}/api/games/${id}`)).status === 404, 'for everybody');
    await page.click('#undo');
    await page.wait(`document.querySelector('#field-name')?.value === 'Gold mine'`, 'and back');
    await until(async () => (await fetch(`${server.url}/api/games/${id}`)).status === 200, 'for everybody');
    assert.deepEqual(page.problems, []);
});

test('server-sent events by choice, and the choice is remembered', options, async (t) => {
    const server = await Server.start(t);
    const browser = await Browser.start(t);
    const page = await browser.page(server.url);
    await online(page);
    await page.call(() => {
        const select = document.querySelector('#transport');
        select.value = 'sse';
        select.dispatchEvent(new Event('change', { bubbles: true }));
    });
    await page.wait(`window.eventsync.transport === 'sse' && performance.getEntriesByType('resource').some((one) => one.name.includes('/api/stream'))`, 'the stream is used');
    await online(page);
    const id = await createGame(page, 'Stream');
    await isSaved(page, 'done');
    assert.equal((await server.get(`/api/games/${id}`)).name, 'Stream');
    await page.reload();
    await online(page);
    assert.equal(await page.eval(`document.querySelector('#transport').value`), 'sse');
});

test('in Korean, on a phone, in the dark: nothing is cut off, everything has a name', options, async (t) => {
    const server = await Server.start(t);
    const other = await startClient(t, { url: server.url });
    const names = ['드래곤의 둥지', 'Dragon', '아주 긴 이름을 가진 게임이라서 한 줄에 다 들어가지 않는 그런 게임', 'x'.repeat(80)];
    for (const [i, name] of names.entries())
        await other.create(`g${i}`, 'games', { name, gold: 100 * i, level: i + 1, experience: 50 });
    await untilIdle(other);
    const browser = await Browser.start(t, { language: 'ko-KR' });
    const page = await browser.page(server.url);
    await online(page);
    assert.equal(await page.eval('document.documentElement.lang'), 'ko');
    assert.match(await page.text('#games-title'), /게임/);
    const sound = async (what) => {
        const faults = await page.call(() => {
            const faultsFound = [];
            if (document.documentElement.scrollWidth > document.documentElement.clientWidth)
                faultsFound.push(`the page is ${document.documentElement.scrollWidth} wide in ${document.documentElement.clientWidth}`);
            for (const control of document.querySelectorAll('button, input, select, a')) {
                const name = control.getAttribute('aria-label') || control.textContent.trim() || [...(control.labels ?? [])].map((one) => one.textContent.trim()).join('');
                if (!name)
                    faultsFound.push(`without a name: ${control.outerHTML}`);
            }
            for (const element of document.querySelectorAll('.card > *, .field > *, .field-row > *, .controls > *, .controls select')) {
                const box = element.getBoundingClientRect(), around = element.closest('.card, .top, main, nav').getBoundingClientRect();
                if (box.width > 0 && (box.right > around.right + 1 || (element.localName === 'select' && box.width < 70)))
                    faultsFound.push(`does not fit: ${element.outerHTML.slice(0, 120)}`);
            }
            const ids = [...document.querySelectorAll('[id]')].map((one) => one.id);
            faultsFound.push(...ids.filter((one, i) => ids.indexOf(one) !== i).map((one) => `twice: ${one}`));
            for (const element of document.querySelectorAll('[aria-labelledby], [aria-describedby], label[for]')) {
                for (const one of (element.getAttribute('aria-labelledby') ?? element.getAttribute('aria-describedby') ?? element.getAttribute('for')).split(' ')) {
                    if (!document.getElementById(one))
                        faultsFound.push(`${one} is named and not there`);
                }
            }
            return faultsFound;
        });
        assert.deepEqual(faults, [], what);
    };
    for (const [width, height, mobile] of [[1440, 900, false], [1000, 800, false], [390, 844, true], [320, 640, true]]) {
        await page.viewport(width, height, mobile);
        await page.eval(`location.hash = ''`);
        await page.wait(`document.querySelectorAll('#game-list li').length === 4`, 'the list');
        await sound(`list at ${width}`);
        await picture(page, `ko-list-${width}`);
        await select(page, 'g2');
        await page.eval(`document.querySelectorAll('main details').forEach((one) => { one.open = true; })`);
        await sound(`game at ${width}`);
        await picture(page, `ko-game-${width}`);
        for (const dark of [true, false]) {
            await page.dark(dark);
            const contrast = await page.call(() => {
                const light = (color) => {
                    const [r, g, b] = color.match(/[\d.]+/g).map((one) => Number(one) / 255).map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
                    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
                };
                const back = (element) => {
                    for (let at = element; at; at = at.parentElement) {
                        const color = getComputedStyle(at).backgroundColor;
                        if (!/, 0\)$/.test(color) && color !== 'transparent')
                            return color;
                    }
                    return 'rgb(255,255,255)';
                };
                return [...document.querySelectorAll('#app *')].filter((one) => [...one.childNodes].some((node) => node.nodeType === 3 && node.nodeValue.trim()) && !one.closest(':disabled'))
                    .map((one) => {
                        const [a, b] = [light(getComputedStyle(one).color), light(back(one))];
                        return [(Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), one.outerHTML.slice(0, 100)];
                    }).filter(([ratio]) => ratio < 4.5);
            });
            assert.deepEqual(contrast, [], dark ? 'dark' : 'light');
            if (dark)
                await picture(page, `ko-dark-${width}`);
        }
    }
    await page.viewport(1440, 900);
    await page.call(() => {
        const select = document.querySelector('#language');
        select.value = 'en';
        select.dispatchEvent(new Event('change', { bubbles: true }));
    });
    assert.match(await page.text('#games-title'), /Games/);
    await page.reload();
    await online(page);
    assert.equal(await page.eval('document.documentElement.lang'), 'en');
    await picture(page, 'en-wide');
});

test('everything can be done with the keyboard, and drawing again does not take the focus', options, async (t) => {
    const server = await Server.start(t);
    const browser = await Browser.start(t);
    const page = await browser.page(server.url);
    await online(page);
    const id = await createGame(page, 'Keys');
    const other = await startClient(t, { url: server.url });
    await other.open(id, 'games');
    await until(() => seen(other, id), 'the other client has it');
    await page.eval(`document.querySelector('#field-name').focus()`);
    await page.send('Input.insertText', { text: ' and' });
    await other.update(id, { patch: [{ op: 'inc', path: '/gold', value: 3 }, { op: 'replace', path: '/name', value: 'Locks' }] });
    await page.wait(`document.querySelector('#field-gold').value === '3'`, 'the other edit is shown');
    assert.equal(await page.eval('document.activeElement.id'), 'field-name');
    assert.equal(await field(page, 'name'), 'Keys and');
    assert.match(await page.text('#field-name-now'), /Locks/); // somebody changed it meanwhile
    await page.send('Input.insertText', { text: ' bolts' });
    await page.key('Enter');
    await page.wait(`document.querySelector('#game-title').textContent === 'Keys and bolts'`, 'what was typed counts');
    const visited = new Set();
    await page.eval(`document.activeElement.blur(); window.scrollTo(0, 0)`);
    for (let i = 0; i < 60; ++i) {
        await page.key('Tab');
        visited.add(await page.eval(`document.activeElement.id || document.activeElement.className || document.activeElement.localName`));
    }
    for (const one of ['skip', 'transport', 'online', 'language', 'new-name', 'field-gold', 'synchronise', 'undo', 'delete', 'step'])
        assert.ok(visited.has(one), `${one} is not reached: ${[...visited].join(', ')}`);
    await page.eval(`document.querySelector('#synchronise').focus()`);
    await page.key(' ', 'Space');
    await page.wait(`document.querySelector('#sync-result').textContent.length > 0`, 'synchronised by the keyboard');
});

test('nothing that a document holds is read as HTML, and the policy allows no script beside the files', options, async (t) => {
    const server = await Server.start(t);
    const browser = await Browser.start(t);
    const evil = '<img src=x onerror="window.evil=1"><script>window.evil=1</script>';
    await server.request('POST', '/api/games?id=evil', { name: evil, gold: 1, level: 1, experience: 1, __proto__x: evil });
    const page = await browser.page(`${server.url}/#game=evil`);
    await page.wait(`document.querySelector('#game-title')?.textContent.includes('<img')`, 'the name is shown as it is');
    await page.eval(`document.querySelectorAll('details').forEach((one) => { one.open = true; })`);
    await page.wait(`document.querySelector('#log tbody tr') !== null`, 'the log');
    assert.equal(await page.eval('typeof window.evil'), 'undefined');
    assert.deepEqual(page.problems, []);
    const blocked = await page.eval(`new Promise((resolve) => {
        document.addEventListener('securitypolicyviolation', (event) => resolve(event.violatedDirective), { once: true });
        const script = document.createElement('style');
        script.textContent = 'body { display: none }';
        document.head.append(script);
        setTimeout(() => resolve('nothing'), 2000);
    })`);
    assert.match(blocked, /style-src/);
});

test('a long log is shown in pages, also the part that is only on the server', options, async (t) => {
    const server = await Server.start(t, { arguments: ['--durability', 'off'] });
    const other = await startClient(t, { url: server.url });
    await other.create('long', 'games', { name: 'Long', gold: 0, level: 1, experience: 0 });
    for (let i = 0; i < 1250; ++i)
        await other.update('long', { patch: [{ op: 'inc', path: '/gold', value: 1 }] });
    await untilIdle(other);
    const browser = await Browser.start(t);
    const page = await browser.page(`${server.url}/#game=long`);
    await page.wait(`document.querySelector('#field-gold')?.value === '1250'`, 'the game is here');
    await page.click('#log summary');
    const rows = `document.querySelectorAll('#log tbody tr').length`;
    await page.wait(`${rows} === 100`, 'the newest hundred');
    for (let shown = 200; shown <= 1300; shown += 100) {
        await page.click('#older');
        await page.wait(`${rows} === ${Math.min(shown, 1251)}`, `${shown} events`);
    }
    await page.wait(`document.querySelector('#older') === null`, 'there are no more');
    const positions = await page.eval(`[...document.querySelectorAll('#log tbody tr')].map((row) => Number(row.cells[0].textContent))`);
    assert.deepEqual(positions, Array.from({ length: 1251 }, (_, i) => 1251 - i));
});

test('without storage the page works, and says that edits are not kept', options, async (t) => {
    const server = await Server.start(t);
    const browser = await Browser.start(t);
    const page = await browser.page();
    await page.send('Page.addScriptToEvaluateOnNewDocument', { source: 'Object.defineProperty(window, "indexedDB", { value: undefined })' });
    await page.goto(server.url);
    await online(page);
    assert.match(await page.text('.notices'), /no storage/);
    await createGame(page, 'Memory');
    await isSaved(page, 'done');
});

test('a page from another machine over plain HTTP has no locks: its tabs are one client all the same', options, async (t) => {
    const server = await Server.start(t, { arguments: ['--host-name', 'games.example'] });
    const browser = await Browser.start(t, { hosts: `MAP games.example 127.0.0.1` });
    const url = `http://games.example:${server.port}/`;
    const first = await browser.page(url);
    assert.equal(await first.eval('isSecureContext'), false);
    await online(first);
    const id = await createGame(first, 'Plain');
    const second = await browser.page(`${url}#game=${id}`);
    await second.wait(`document.querySelector('#field-name')?.value === 'Plain'`, 'the second tab shows the game');
    assert.equal(await second.eval('window.eventsync.role'), 'follower');
    await second.fill('#field-gold', '9');
    await until(async () => (await server.get(`/api/games/${id}`)).gold === 9, 'the edit arrives');
    await isSaved(second, 'done');
    await first.crash();
    await second.fill('#field-gold', '10'); // nobody leads for a moment
    await second.fill('#field-gold', '12');
    await second.wait(`window.eventsync.role === 'leader' && document.querySelector('#field-gold').value === '12' && document.querySelector('#saved').dataset.saved === 'done'`, 'the second tab continues');
    const events = await server.events(id);
    assert.equal(events.length, 4);
    assert.equal(new Set(events.map((event) => event.clientId)).size, 1);
});
