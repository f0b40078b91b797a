// SPDX-License-Identifier: Apache-2.0
//
// The page: the model, what a user can do, and when it is drawn again.
import { EventSyncError, MemoryStore, newId, openClient } from './client/eventsync.mjs';
import { h, render } from './dom.mjs';
import { preferredLanguage, strings, translator } from './strings.mjs';
import { mergedByChoice, page, reasonText, shownEntries } from './views.mjs';

const collection = 'games';
const followedGames = 200, eventsAtATime = 100;
const gamesPolicy = { paths: { '/gold': { rule: 'counter', min: 0 }, '/experience': { rule: 'counter' }, '/level': { rule: 'counter' },
                               '/lastUpdated': { rule: 'latest' }, '/version': { rule: 'engine' } } };

// What is remembered of the page itself. A browser may refuse it, and the page works without.
const settings = {
    get(name) {
        try {
            return localStorage.getItem(`eventsync.${name}`);
        } catch {
            return null;
        }
    },
    set(name, value) {
        try {
            localStorage.setItem(`eventsync.${name}`, value);
        } catch {
            // it is only a wish
        }
    },
};

const root = document.getElementById('app');
const announcer = document.getElementById('announcer');
const language = settings.get('language') in strings ? settings.get('language') : preferredLanguage(navigator.languages ?? [navigator.language]);

const model = {
    language, t: translator(language), strings: strings[language],
    transport: settings.get('transport') === 'sse' ? 'sse' : 'websocket',
    wanted: settings.get('online') !== 'no',
    about: { status: 'starting', queueSize: 0, clientId: '' },
    role: 'starting', overview: [], selected: undefined, view: undefined, queue: [], conflicts: [], events: [], older: [], shownEvents: eventsAtATime, moreEvents: false,
    vectors: undefined, syncResult: undefined, synchronising: false, deleting: false, notices: [], drafts: new Map(), choices: new Map(),
};
let client;

function draw() {
    document.documentElement.lang = model.language;
    document.title = model.view?.state?.name ? `${model.view.state.name} – EventSync` : 'EventSync';
    root.classList.remove('loading');
    render(root, page(model, act));
}

function announce(text) { announcer.textContent = text; }

function notice(kind, message, values, key = newId()) {
    model.notices = [...model.notices.filter((one) => one.key !== key), { key, kind, text: message, values }].slice(-5);
    draw();
}

/** Runs what a user asked for; an error becomes a notice. */
async function attempt(action) {
    try {
        return await action();
    } catch (error) {
        if (!(error instanceof EventSyncError))
            console.error(error);
        notice('error', 'error.failed', { reason: reasonText(model.t, model.strings, error) }, 'failed');
        return undefined;
    } finally {
        refresh();
    }
}

// ---- reading

let reading = false, readAgain = false;

/** Reads everything that is shown, and draws it. Calls that come meanwhile become one. */
async function refresh() {
    if (reading || !client) {
        readAgain = true;
        return;
    }
    reading = true;
    do {
        readAgain = false;
        try {
            await read();
        } catch (error) {
            if (error.code !== 'Cancelled')
                console.error(error);
        }
        draw();
        await new Promise((resolve) => { setTimeout(resolve, 30); }); // many changes, one drawing
    } while (readAgain);
    reading = false;
}

async function read() {
    const id = model.selected;
    const [about, overview, queued, open, view, events] = await Promise.all([client.about(), client.overview(collection),
        client.queue(undefined, { limit: shownEntries }), client.queue(undefined, { states: ['conflict', 'dead'], limit: shownEntries }),
        id ? client.state(id) : undefined, id ? client.history(id, model.shownEvents) : []]);
    const queue = [...new Map([...open, ...queued].map((entry) => [entry.id, entry])).values()].sort((a, b) => a.order - b.order);
    const conflicts = await Promise.all(queue.filter((entry) => entry.state === 'conflict').map((entry) => client.conflict(entry.id)));
    if (id !== model.selected)
        return;
    const first = events[0]?.serverSeq ?? (view?.serverSeq ?? 0) + 1;
    const older = model.older.filter((event) => event.serverSeq < first && event.documentId === id);
    const known = [...older, ...events];
    const shown = known.slice(-model.shownEvents);
    Object.assign(model, { about, overview, queue, view, conflicts: conflicts.filter(Boolean), role: client.role, wanted: client.wanted,
                           transport: client.transport ?? model.transport, older, events: shown, moreEvents: (shown[0]?.serverSeq ?? first) > (view?.horizon ?? 1) });
}

function select() {
    const selected = /^#game=([A-Za-z0-9._~-]{1,128})$/.exec(location.hash)?.[1];
    if (selected === model.selected && client)
        return;
    Object.assign(model, { selected, view: undefined, events: [], older: [], shownEvents: eventsAtATime, moreEvents: false, vectors: undefined, syncResult: undefined, deleting: false });
    if (client && selected)
        void client.open(selected, collection).catch(() => {});
    refresh();
}

// Those that are listed are followed: so they are here when the network is not.
async function followListed() {
    const listed = await client.list(collection);
    const missing = listed.map((one) => one.documentId).filter((id) => !Object.hasOwn(client.interests.open, id))
        .slice(0, Math.max(0, followedGames - Object.keys(client.interests.open).length));
    if (missing.length > 0)
        await client.follow(missing, collection);
}

// ---- acting

const integer = (value) => (/^\s*[+-]?[0-9]{1,15}\s*$/.test(value) ? Number(value) : undefined);

const act = {
    setLanguage(chosen) {
        settings.set('language', chosen);
        Object.assign(model, { language: chosen, t: translator(chosen), strings: strings[chosen] });
        draw();
    },
    async setTransport(transport) {
        settings.set('transport', transport);
        model.transport = transport;
        await attempt(() => (model.wanted ? client.goOnline(transport) : undefined));
    },
    async setOnline(wanted) {
        settings.set('online', wanted ? 'yes' : 'no');
        await attempt(() => (wanted ? client.goOnline(model.transport) : client.goOffline()));
    },
    dismiss(key) {
        model.notices = model.notices.filter((one) => one.key !== key);
        draw();
    },
    draft(key, value) {
        model.drafts.set(key, value);
    },
    draftField(field, value, shown) {
        const key = `${model.selected}/${field}`;
        const draft = model.drafts.get(key);
        const seen = draft?.committing ? draft.value : draft?.seen ?? shown;
        model.drafts.set(key, { value, seen, invalid: false });
        draw();
    },
    revert(field) {
        model.drafts.delete(`${model.selected}/${field}`);
        draw();
    },
    async create() {
        const name = (model.drafts.get('new') ?? '').trim();
        if (name === '')
            return;
        await attempt(async () => {
            const id = newId();
            await client.open(id, collection);
            await client.create(id, collection, { name, gold: 0, level: 1, experience: 0 });
            model.drafts.delete('new');
            location.hash = `#game=${id}`;
        });
    },
    // What the user typed, compared with what he saw when he began: a number becomes the difference, which merges with others.
    async commit(field) {
        const key = `${model.selected}/${field}`;
        const draft = model.drafts.get(key);
        if (draft === undefined || draft.committing)
            return;
        if (draft.value === draft.seen) {
            act.revert(field);
            return;
        }
        const number = field === 'name' ? undefined : integer(draft.value);
        if (field === 'name' ? draft.value.trim() === '' : number === undefined) {
            model.drafts.set(key, { ...draft, invalid: true });
            draw();
            return;
        }
        // Shown as it was typed until the document shows it.
        const committing = { ...draft, invalid: false, committing: true };
        model.drafts.set(key, committing);
        const seen = integer(draft.seen), id = model.selected;
        await attempt(async () => {
            await client.update(id, (game) => {
                if (field === 'name')
                    game.name = draft.value.trim();
                else
                    game[field] = Number.isSafeInteger(game[field]) && seen !== undefined ? game[field] + number - seen : number;
            });
            const view = await client.state(id);
            if (id === model.selected)
                model.view = view;
        });
        if (model.drafts.get(key) === committing)
            model.drafts.delete(key);
        draw();
    },
    async add(field, amount) {
        await attempt(() => client.update(model.selected, (game) => {
            game[field] = (Number.isSafeInteger(game[field]) ? game[field] : 0) + amount;
        }));
    },
    async undo() { await attempt(() => client.undo(model.selected)); },
    async redo() { await attempt(() => client.redo(model.selected)); },
    askDelete(deleting) {
        model.deleting = deleting;
        draw();
        document.getElementById(deleting ? 'confirm-delete' : 'delete')?.focus();
    },
    async remove() {
        model.deleting = false;
        await attempt(() => client.remove(model.selected));
    },
    async synchronise() {
        const id = model.selected;
        model.synchronising = true;
        model.syncResult = undefined;
        draw();
        let kind, text;
        try {
            const result = await client.synchronise(id);
            const { counts } = result.after;
            const values = { seq: result.after.serverSeq, sent: result.sent, received: result.received, waiting: counts.waiting + counts.sent,
                             conflicts: counts.conflict, dead: counts.dead };
            kind = result.equal ? 'good' : 'open';
            text = (t) => [t(result.equal ? 'sync.same' : 'sync.differs', values), result.diverged && t('sync.diverged'), result.snapshot && t('sync.snapshot')]
                .filter(Boolean).join(' ');
        } catch (error) {
            kind = 'error';
            text = (t) => t('sync.failed', { reason: reasonText(t, model.strings, error) });
        }
        model.synchronising = false;
        if (id === model.selected)
            model.syncResult = { kind, text };
        refresh();
    },
    async olderEvents(more = eventsAtATime) {
        await attempt(async () => {
            model.shownEvents += more;
            const known = await client.history(model.selected, model.shownEvents);
            const missing = model.shownEvents - model.older.length - known.length;
            if (missing <= 0)
                return;
            const before = (model.older[0] ?? known[0])?.serverSeq;
            const { events } = await client.query('events', { documentId: model.selected, ...(before ? { before } : {}), limit: missing });
            model.older = [...events.map((item) => item.event ?? item), ...model.older];
        });
    },
    // A snapshot brings no events: those are asked for when somebody wants to see them.
    async openLog() {
        if (model.moreEvents && model.about.status === 'online' && model.events.length < eventsAtATime)
            await act.olderEvents(0);
    },
    async askVectors() {
        await attempt(async () => {
            const all = [];
            for (let after; ;) {
                const { stateVectors, next } = await client.query('stateVectors', { documentId: model.selected, ...(after ? { after } : {}) });
                all.push(...stateVectors);
                if (next === undefined)
                    break;
                after = next;
            }
            model.vectors = all;
        });
    },
    choose(id, path, side) {
        model.choices.set(`${id}${path}`, side);
        draw();
    },
    async decide(view, list, choice) {
        const sides = new Set(list.map(({ path }) => choice(path)));
        await attempt(async () => {
            if (sides.size === 1 && sides.has('theirs'))
                await client.resolve(view.id, { decision: 'theirs' });
            else
                await client.resolve(view.id, { decision: 'merged', merged: mergedByChoice(view, list, choice), strategy: 'perField' });
        });
    },
    async decideAll(view, decision) { await attempt(() => client.resolve(view.id, { decision })); },
    async discard(id) { await attempt(() => client.discard(id)); },
    async retry(id) { await attempt(() => client.retry(id)); },
    async copy(entry) {
        const { documentId, operation, patch, reason, timestamp } = entry;
        try {
            await navigator.clipboard.writeText(JSON.stringify({ documentId, operation, patch, reason, timestamp }, null, 2));
            announce(model.t('queue.copied'));
        } catch {
            notice('error', 'queue.copyFailed', {}, 'copy');
        }
    },
};

// ---- starting

async function registerServiceWorker() {
    if (!navigator.serviceWorker || !globalThis.isSecureContext)
        return;
    const policy = globalThis.trustedTypes?.createPolicy('eventsync', { createScriptURL: (url) => url });
    const url = '/web/serviceworker.mjs';
    await navigator.serviceWorker.register(policy ? policy.createScriptURL(url) : url, { scope: '/' });
}

async function open() {
    const options = { transport: model.transport, online: model.wanted, policies: { [collection]: gamesPolicy } };
    try {
        return await openClient(options);
    } catch (error) { // a private window, for instance
        notice('error', error.code === 'StoreLocked' ? 'app.failed' : 'app.memory', { reason: error.message }, 'memory');
        return openClient({ ...options, store: new MemoryStore() });
    }
}

async function start() {
    render(root, [h('p', { class: 'empty' }, model.t('app.loading'))]);
    void registerServiceWorker().catch((error) => console.warn('the page will not work without a server:', error));
    client = await open();
    globalThis.eventsync = client; // for the console
    client.on('*', (fact) => {
        switch (fact.type) {
        case 'storeFailed':
            notice('error', 'app.storeFailed', { reason: fact.error.message }, 'storeFailed');
            break;
        case 'clientIdChanged':
            notice('info', 'app.clientIdChanged', {}, 'clientId');
            break;
        case 'heads':
            void followListed().catch(() => {});
            break;
        default:
            break;
        }
        refresh();
    });
    await client.watch(collection, { fields: ['/name', '/gold', '/level'] });
    if (model.selected)
        await client.open(model.selected, collection);
    await followListed();
    refresh();
}

addEventListener('hashchange', () => {
    select();
    if (model.selected)
        document.getElementById('detail')?.focus({ preventScroll: true });
    scrollTo(0, 0);
});
select();
void start().catch((error) => notice('error', 'app.failed', { reason: error.message }, 'failed'));
