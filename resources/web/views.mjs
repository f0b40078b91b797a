// SPDX-License-Identifier: Apache-2.0
//
// What the page shows, made from the model: pure functions. `act` holds the actions of app.mjs.
import { find, parsePointer, pointerText, equal } from './client/eventsync.mjs';
import { h } from './dom.mjs';

export const fields = ['name', 'gold', 'level', 'experience'];
const steps = { gold: 10, level: 1, experience: 50 };
const shownGames = 500;
export const shownEntries = 200;

const text = (value) => (value === undefined ? '' : typeof value === 'string' ? value : JSON.stringify(value));

export function reasonText(t, strings, error) {
    const key = `error.${error?.code}`;
    return key in strings ? t(key, { message: error.message }) : error?.message || error?.code || '';
}

// ---- the frame

export function page(model, act) {
    const { t } = model;
    return [
        h('a', { key: 'skip', class: 'skip', href: '#detail' }, t('app.skip')),
        header(model, act),
        notices(model, act),
        h('div', { key: 'columns', class: model.selected ? 'columns has-selection' : 'columns' },
          games(model, act),
          h('main', { key: 'detail', id: 'detail', tabindex: '-1' }, ...(model.selected ? game(model, act) : [h('p', { key: 'nothing', class: 'empty' }, t('games.nothing'))])),
          h('aside', { key: 'side', class: 'side', 'aria-label': t('queue.title') }, conflicts(model, act), queue(model, act))),
        footer(model),
    ];
}

function header({ t, about, language, transport, wanted, online }, act) {
    const status = about.status;
    return h('header', { key: 'header', class: 'top' },
        h('div', { key: 'brand', class: 'brand' }, h('img', { src: '/web/icon.svg', alt: '', width: '28', height: '28' }), h('h1', {}, 'EventSync')),
        h('div', { key: 'status', id: 'status', class: `status ${status}`, 'data-status': status, role: 'status' },
          h('span', { class: 'dot', 'aria-hidden': 'true' }), h('span', { class: 'status-text' }, t(`status.${status}`)),
          about.queueSize > 0 && h('span', { class: 'badge pending' }, t('connection.queue', { count: about.queueSize }))),
        h('div', { key: 'controls', class: 'controls', role: 'group', 'aria-label': t('connection.title') },
          h('label', { class: 'inline grows' }, h('span', { class: 'wide-only' }, t('connection.transport')),
            h('select', { id: 'transport', 'aria-label': t('connection.transport'), value: transport, on: { change: (event) => act.setTransport(event.target.value) } },
              h('option', { value: 'websocket' }, t('connection.websocket')), h('option', { value: 'sse' }, t('connection.sse')))),
          h('button', { id: 'online', type: 'button', class: wanted ? '' : 'primary', on: { click: () => act.setOnline(!wanted) } },
            t(wanted ? 'connection.goOffline' : 'connection.goOnline')),
          h('label', { class: 'inline' }, h('span', { class: 'visually-hidden' }, t('app.language')),
            h('select', { id: 'language', value: language, on: { change: (event) => act.setLanguage(event.target.value) } },
              h('option', { value: 'en', lang: 'en' }, 'English'), h('option', { value: 'ko', lang: 'ko' }, '한국어')))));
}

function notices({ t, notices: list, role, about }, act) {
    const all = [...list];
    if (about.status === 'storeLost')
        all.push({ key: 'lost', kind: 'error', text: t('app.storeLost') });
    return h('div', { key: 'notices', class: 'notices', role: 'alert' },
        all.map(({ key, kind, text: message, values }) => h('p', { key, class: `notice ${kind}` }, h('span', {}, values ? t(message, values) : message),
            key !== 'lost' && h('button', { type: 'button', class: 'quiet', 'aria-label': t('app.dismiss'), on: { click: () => act.dismiss(key) } }, '✕'))),
        role === 'follower' && h('p', { key: 'role', class: 'notice info', 'data-role': 'follower' }, t('app.otherTab')));
}

function footer({ t }) {
    const parts = t('server.text', { openapi: '\u0001', metrics: '\u0002', client: '\u0003' }).split(/([\u0001-\u0003])/);
    const links = { '\u0001': '/api/openapi.json', '\u0002': '/metrics', '\u0003': '/web/client/eventsync.mjs' };
    return h('footer', { key: 'footer' }, h('details', {}, h('summary', {}, t('server.title')),
        h('p', {}, parts.map((part) => (links[part] ? h('a', { href: links[part] }, links[part]) : part)))));
}

// ---- the list

function games({ t, overview, selected, drafts }, act) {
    const sorted = [...overview].filter((one) => one.exists !== false || total(one.counts) > 0)
        .sort((a, b) => nameOf(a).localeCompare(nameOf(b)) || (a.documentId < b.documentId ? -1 : 1));
    const shown = sorted.slice(0, shownGames);
    return h('nav', { key: 'games', class: 'games', 'aria-labelledby': 'games-title' },
        h('h2', { id: 'games-title' }, t('games.title')),
        h('form', { key: 'new', id: 'new-game', class: 'new', on: { submit: (event) => { event.preventDefault(); act.create(); } } },
          h('input', { id: 'new-name', type: 'text', required: true, maxlength: '200', autocomplete: 'off', placeholder: t('games.new'), 'aria-label': t('games.name'),
                       value: drafts.get('new') ?? '', on: { input: (event) => act.draft('new', event.target.value) } }),
          h('button', { type: 'submit', class: 'primary' }, t('games.create'))),
        shown.length === 0 && h('p', { key: 'none', class: 'empty' }, t('games.none')),
        h('ul', { key: 'list', id: 'game-list' }, shown.map((one) => h('li', { key: one.documentId },
            h('a', { href: `#game=${one.documentId}`, class: 'game', 'data-id': one.documentId, 'aria-current': one.documentId === selected ? 'true' : false },
              h('span', { class: 'game-name' }, nameOf(one)),
              h('span', { class: 'game-sub' }, one.exists === false ? t('games.deleted') : one.kind === 'crdt' ? t('games.crdt')
                  : t('games.summary', { level: text(valueOf(one, 'level')) || '–', gold: text(valueOf(one, 'gold')) || '–' })),
              badges(t, one.counts))))),
        sorted.length > shown.length && h('p', { key: 'more', class: 'empty' }, t('games.more', { count: sorted.length - shown.length })));
}

const total = (counts) => (counts ? counts.waiting + counts.sent + counts.conflict + counts.dead : 0);
const valueOf = (one, field) => find(one.local ? one.state : one.fields, [field]);
const nameOf = (one) => text(valueOf(one, 'name')) || one.documentId;

function badges(t, counts) {
    if (total(counts) === 0)
        return undefined;
    const pending = counts.waiting + counts.sent;
    return h('span', { class: 'badges' }, pending > 0 && h('span', { class: 'badge pending' }, t('badge.pending', { count: pending })),
        counts.conflict > 0 && h('span', { class: 'badge conflict' }, t('badge.conflicts', { count: counts.conflict })),
        counts.dead > 0 && h('span', { class: 'badge dead' }, t('badge.dead', { count: counts.dead })));
}

// ---- one game

function game(model, act) {
    const { t, view, selected } = model;
    const back = h('a', { key: 'back', class: 'back', href: '#' }, `‹ ${t('game.back')}`);
    if (!view || (!view.exists && !view.canUndo))
        return [back, h('p', { key: 'gone', class: 'empty' }, view?.synced || view?.serverSeq > 0 ? t('game.gone') : t('app.loading'))];
    const title = text(view.state?.name) || selected;
    return [back,
        h('div', { key: 'head', class: 'head' }, h('h2', { id: 'game-title' }, title), saved(t, view)),
        h('p', { key: 'id', class: 'doc-id' }, selected),
        view.kind === 'crdt' && h('p', { key: 'crdt', class: 'notice info' }, t('game.crdtNote')),
        view.kind !== 'crdt' && view.readOnly && h('p', { key: 'readonly', class: 'notice info' }, t('game.readOnly')),
        view.exists ? editor(model, act) : h('p', { key: 'deleted', class: 'empty' }, t('game.gone')),
        actions(model, act),
        h('p', { key: 'result', id: 'sync-result', class: `result ${model.syncResult?.kind ?? ''}`, role: 'status' }, model.syncResult?.text(t) ?? ''),
        h('details', { key: 'document', class: 'card' }, h('summary', {}, t('game.document')), h('pre', { tabindex: '0' }, JSON.stringify(view.state, null, 2) ?? '')),
        log(model, act), clocks(model, act)];
}

function saved(t, { unsaved, counts, synced, kind }) {
    const state = unsaved > 0 ? 'saving' : kind !== 'crdt' && counts.waiting + counts.sent > 0 ? 'local' : counts.conflict > 0 ? 'conflict' : synced ? 'done' : 'unsynced';
    return h('span', { id: 'saved', class: `saved ${state}`, 'data-saved': state, role: 'status' }, t(`save.${state}`));
}

function editor({ t, view, drafts, selected, language }, act) {
    const disabled = view.readOnly;
    return h('div', { key: 'editor', class: 'editor card' }, fields.map((field) => {
        const key = `${selected}/${field}`;
        const value = text(view.state?.[field]);
        const draft = drafts.get(key);
        const number = field !== 'name';
        const id = `field-${field}`;
        const label = t(`game.${field}`);
        const moved = draft !== undefined && !draft.committing && draft.seen !== value;
        return h('div', { key: field, class: 'field' },
            h('label', { for: id }, label),
            h('div', { class: 'field-row' },
              number && h('button', { type: 'button', class: 'step', disabled, 'aria-label': t('game.take', { amount: steps[field], field: label }),
                                      on: { click: () => act.add(field, -steps[field]) } }, `−${steps[field]}`),
              h('input', { id, type: 'text', inputmode: number ? 'numeric' : 'text', autocomplete: 'off', lang: number ? undefined : language, disabled,
                           'aria-describedby': moved ? `${id}-now` : undefined, 'aria-invalid': draft?.invalid ? 'true' : undefined, value: draft?.value ?? value,
                           on: { input: (event) => act.draftField(field, event.target.value, value),
                                 blur: () => act.commit(field),
                                 keydown: (event) => {
                                     if (event.key === 'Enter' && !event.isComposing)
                                         act.commit(field);
                                     else if (event.key === 'Escape')
                                         act.revert(field);
                                 } } }),
              number && h('button', { type: 'button', class: 'step', disabled, 'aria-label': t('game.add', { amount: steps[field], field: label }),
                                      on: { click: () => act.add(field, steps[field]) } }, `+${steps[field]}`)),
            moved && h('p', { id: `${id}-now`, class: 'hint' }, t('game.now', { value })),
            draft?.invalid && h('p', { class: 'hint error' }, t(number ? 'error.number' : 'error.name')));
    }));
}

function actions({ t, view, deleting, synchronising, about }, act) {
    return h('div', { key: 'actions', class: 'actions' },
        h('button', { key: 'sync', id: 'synchronise', type: 'button', class: 'primary', disabled: synchronising || about.status !== 'online', on: { click: act.synchronise } },
          t(synchronising ? 'game.synchronising' : 'game.synchronise')),
        h('button', { key: 'undo', id: 'undo', type: 'button', disabled: !view.canUndo || view.readOnly, on: { click: act.undo } }, t('game.undo')),
        h('button', { key: 'redo', id: 'redo', type: 'button', disabled: !view.canRedo || view.readOnly, on: { click: act.redo } }, t('game.redo')),
        view.exists && !deleting && h('button', { key: 'delete', id: 'delete', type: 'button', class: 'danger', disabled: view.readOnly, on: { click: () => act.askDelete(true) } }, t('game.delete')),
        view.exists && deleting && h('span', { key: 'confirm', class: 'confirm', role: 'group', 'aria-label': t('game.confirmDelete') },
            h('span', {}, t('game.confirmDelete')),
            h('button', { id: 'confirm-delete', type: 'button', class: 'danger', on: { click: act.remove } }, t('game.delete')),
            h('button', { type: 'button', on: { click: () => act.askDelete(false) } }, t('game.cancel'))));
}

// ---- events

export function changeText(t, operation, patch = []) {
    if (operation === 'create' && patch.length > 0)
        return t('log.create');
    if (operation === 'delete')
        return t('log.delete');
    if (patch.length === 0)
        return t('log.nothing');
    const words = patch.filter(({ op }) => op !== 'test').slice(0, 4).map(({ op, path, value }) => {
        const shown = path === '' ? t('conflicts.whole') : parsePointer(path).join('.');
        const short = text(value).slice(0, 60);
        return op === 'remove' ? t('change.remove', { path: shown }) : op === 'inc' ? t('change.add', { path: shown, value: short }) : t('change.set', { path: shown, value: short });
    });
    const left = patch.filter(({ op }) => op !== 'test').length - words.length;
    return words.join(', ') + (left > 0 ? ` ${t('change.more', { count: left })}` : '');
}

const timeText = (iso, language) => {
    const time = new Date(iso);
    return Number.isNaN(time.getTime()) ? iso : time.toLocaleString(language, { dateStyle: 'short', timeStyle: 'medium' });
};
const clientName = (t, id, about) => (id === about.clientId ? t('log.you') : id.length > 13 ? `${id.slice(0, 4)}…${id.slice(-6)}` : id);

function log({ t, events, about, language, view, moreEvents }, act) {
    return h('details', { key: 'log', class: 'card', id: 'log', on: { toggle: (event) => event.target.open && act.openLog() } }, h('summary', {}, t('log.title')),
        events.length === 0 ? !moreEvents && h('p', { class: 'empty' }, t('log.none')) : h('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': t('log.title') },
            h('table', { class: 'stack' }, h('thead', {}, h('tr', {}, ['position', 'time', 'author', 'change'].map((one) => h('th', { scope: 'col' }, t(`log.${one}`))))),
              h('tbody', {}, [...events].reverse().map((event) => h('tr', { key: event.serverSeq },
                  h('td', { class: 'number', 'data-label': t('log.position') }, String(event.serverSeq)),
                  h('td', { 'data-label': t('log.time') }, timeText(event.storedAt, language)),
                  h('td', { 'data-label': t('log.author') }, h('span', { title: event.clientId }, clientName(t, event.clientId, about))),
                  h('td', { 'data-label': t('log.change') }, event.diff.crdt !== undefined ? t('games.crdt') : changeText(t, event.operation, event.diff.patch),
                    event.metadata?.conflict && h('span', { class: 'badge' }, t('log.decision', { strategy: text(event.metadata.conflict.strategy) })))))))),
        moreEvents && view.serverSeq > 0 && h('button', { type: 'button', id: 'older', class: 'quiet', on: { click: () => act.olderEvents() } }, t('log.older')));
}

function clocks({ t, view, about, vectors, language }, act) {
    const clock = Object.entries(view.vectorClock);
    return h('details', { key: 'clocks', class: 'card', id: 'clocks' }, h('summary', {}, t('clocks.title')),
        h('p', {}, t('clocks.position', { seq: view.serverSeq })),
        view.chain !== '' && h('p', { class: 'doc-id' }, `${t('clocks.chain')}: ${view.chain}`),
        h('table', {}, h('thead', {}, h('tr', {}, h('th', { scope: 'col' }, t('clocks.client')), h('th', { scope: 'col' }, t('clocks.count')))),
          h('tbody', {}, clock.map(([client, count]) => h('tr', { key: client }, h('td', {}, h('span', { title: client }, clientName(t, client, about))), h('td', { class: 'number' }, String(count)))))),
        h('h3', {}, t('clocks.server')),
        h('button', { type: 'button', class: 'quiet', disabled: about.status !== 'online', on: { click: act.askVectors } }, t('clocks.ask')),
        vectors && (vectors.length === 0 ? h('p', { class: 'empty' }, t('clocks.none')) : h('table', {},
            h('thead', {}, h('tr', {}, ['clocks.client', 'log.position', 'clocks.at'].map((one) => h('th', { scope: 'col' }, t(one))))),
            h('tbody', {}, vectors.map((one) => h('tr', { key: one.clientId }, h('td', {}, h('span', { title: one.clientId }, clientName(t, one.clientId, about))),
                h('td', { class: 'number' }, String(one.serverSeq)), h('td', {}, timeText(one.at, language))))))));
}

// ---- conflicts

/** The fields of a conflict in which our side differs from theirs: [{path, base, ours, theirs}]; [''] where a side has no document. */
export function conflictFields({ base, ours, theirs }) {
    const found = [];
    const walk = (path, sides) => {
        const [, mine, other] = sides;
        if (mine === other || (mine !== undefined && other !== undefined && equal(mine, other)))
            return;
        const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
        if (!isObject(mine) || !isObject(other)) {
            found.push({ path: pointerText(path), base: sides[0], ours: mine, theirs: other });
            return;
        }
        for (const key of new Set([...Object.keys(mine), ...Object.keys(other)]))
            walk([...path, key], sides.map((side) => (isObject(side) && Object.hasOwn(side, key) ? side[key] : undefined)));
    };
    walk([], [base, ours, theirs]);
    return found;
}

/** Where only the other side changed a field since the base, theirs is the better start. */
export function defaultChoice({ base, ours, theirs }, baseKnown) {
    const same = (a, b) => a === b || (a !== undefined && b !== undefined && equal(a, b));
    return baseKnown && same(base, ours) && !same(base, theirs) ? 'theirs' : 'ours';
}

/** Their document with our values in the chosen fields. */
export function mergedByChoice(view, list, choice) {
    let merged = view.theirs === undefined ? undefined : structuredClone(view.theirs);
    for (const { path, ours } of list) {
        if (choice(path) !== 'ours')
            continue;
        const tokens = parsePointer(path);
        if (tokens.length === 0) {
            merged = ours === undefined ? undefined : structuredClone(ours);
            continue;
        }
        const parent = find(merged, tokens.slice(0, -1));
        if (ours === undefined)
            delete parent[tokens.at(-1)];
        else
            Object.defineProperty(parent, tokens.at(-1), { value: structuredClone(ours), writable: true, enumerable: true, configurable: true });
    }
    return merged;
}

function conflicts({ t, conflicts: list, choices, overview }, act) {
    return h('section', { key: 'conflicts', class: 'card', id: 'conflicts', 'aria-labelledby': 'conflicts-title' },
        h('h2', { id: 'conflicts-title' }, t('conflicts.title')),
        list.length === 0 ? h('p', { class: 'empty' }, t('conflicts.none')) : list.map((view) => conflict(t, view, choices, overview, act)));
}

function conflict(t, view, choices, overview, act) {
    const one = overview.find(({ documentId }) => documentId === view.documentId);
    const name = one ? nameOf(one) : view.documentId;
    const list = conflictFields(view);
    const choice = (path) => choices.get(`${view.id}${path}`) ?? defaultChoice(list.find((field) => field.path === path), view.baseKnown);
    const shown = (value) => (value === undefined ? t('conflicts.absent') : text(value).slice(0, 200));
    return h('article', { key: view.id, class: 'conflict-card', 'data-conflict': view.id, 'aria-label': t('conflicts.of', { document: name }) },
        h('h3', {}, h('a', { href: `#game=${view.documentId}` }, t('conflicts.of', { document: name }))),
        !view.ready ? h('p', { class: 'hint' }, t('conflicts.waits')) : [
            h('p', {}, t('conflicts.intro')),
            !view.baseKnown && h('p', { class: 'hint' }, t('conflicts.unknownBase')),
            list.map((field) => {
                const label = field.path === '' ? t('conflicts.whole') : parsePointer(field.path).join('.');
                const group = `choice-${view.id}-${field.path}`;
                return h('fieldset', { key: field.path, class: 'choice' }, h('legend', {}, h('span', { class: 'visually-hidden' }, t('conflicts.choose', { field: label })), h('span', { 'aria-hidden': 'true' }, label)),
                    view.baseKnown && h('p', { class: 'base' }, `${t('conflicts.base')}: ${shown(field.base)}`),
                    ['ours', 'theirs'].map((side) => h('label', { class: 'side-choice' },
                        h('input', { type: 'radio', name: group, value: side, checked: choice(field.path) === side, 'data-field': field.path, on: { change: () => act.choose(view.id, field.path, side) } }),
                        h('span', { class: 'side-name' }, t(`conflicts.${side}`)), h('span', { class: 'side-value' }, shown(field[side])))));
            }),
            h('div', { class: 'actions' },
              h('button', { type: 'button', class: 'primary decide', on: { click: () => act.decide(view, list, choice) } }, t('conflicts.decide')),
              h('button', { type: 'button', class: 'all-ours', on: { click: () => act.decideAll(view, 'ours') } }, t('conflicts.allOurs')),
              h('button', { type: 'button', class: 'all-theirs', on: { click: () => act.decideAll(view, 'theirs') } }, t('conflicts.allTheirs')))]);
}

// ---- the queue

function queue({ t, queue: shown, about, overview, language, strings }, act) {
    const total = Math.max(about.queueSize, shown.length);
    const names = new Map(overview.map((one) => [one.documentId, nameOf(one)]));
    return h('section', { key: 'queue', class: 'card', id: 'queue', 'aria-labelledby': 'queue-title' },
        h('h2', { id: 'queue-title' }, t('queue.title')),
        total === 0 ? h('p', { class: 'empty' }, t('queue.none')) : h('ol', { class: 'entries' }, shown.map((entry) => {
            const state = entry.state === 'conflict' && !entry.ready ? 'conflictWaits' : entry.state;
            return h('li', { key: entry.id, class: `entry ${entry.state}`, 'data-entry': entry.id, 'data-state': entry.state },
                h('div', { class: 'entry-head' }, h('a', { href: `#game=${entry.documentId}` }, names.get(entry.documentId) ?? entry.documentId),
                  h('span', { class: `badge ${entry.state}` }, t(`queue.${state}`))),
                h('p', { class: 'entry-change' }, changeText(t, entry.operation, entry.patch)),
                h('p', { class: 'entry-time' }, timeText(entry.timestamp, language)),
                entry.state === 'dead' && h('p', { class: 'hint error' }, reasonText(t, strings, entry.reason)),
                entry.state === 'dead' && h('div', { class: 'actions' },
                    h('button', { type: 'button', class: 'retry', on: { click: () => act.retry(entry.id) } }, t('queue.retry')),
                    h('button', { type: 'button', class: 'copy', on: { click: () => act.copy(entry) } }, t('queue.copy')),
                    h('button', { type: 'button', class: 'danger discard', on: { click: () => act.discard(entry.id) } }, t('queue.discard'))),
                entry.state === 'conflict' && h('div', { class: 'actions' },
                    h('button', { type: 'button', class: 'danger discard', on: { click: () => act.discard(entry.id) } }, t('conflicts.discard'))));
        })),
        total > shown.length && h('p', { class: 'empty' }, t('queue.more', { count: total - shown.length })));
}
