// SPDX-License-Identifier: Apache-2.0
//
// Seeded values and patches.

/** mulberry32: a number from 0 to below 1, the same ones for the same seed. */
export function randomFrom(seed) {
    let state = seed >>> 0;
    return () => {
        state = (state + 0x6D2B79F5) >>> 0;
        let t = state;
        t = Math.imul(t ^ (t >>> 15), t | 1);
        t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
        return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
    };
}

export const pick = (random, list) => list[Math.floor(random() * list.length)];

export function randomValue(random, depth) {
    const kind = Math.floor(random() * (depth > 0 ? 8 : 6));
    switch (kind) {
    case 0: return null;
    case 1: return random() < 0.5;
    case 2: return Math.floor(random() * 5);
    case 3: return random() * 1e6 - 5e5;
    case 4: return pick(random, ['', 'a', '한글', '"\\\n', '2026-11-21T09:30:00.000Z', '😀']);
    case 5: return -Math.floor(random() * 1e15);
    case 6: return Array.from({ length: Math.floor(random() * 4) }, () => randomValue(random, depth - 1));
    default: return Object.fromEntries(Array.from({ length: Math.floor(random() * 4) }, () => [pick(random, ['a', 'b', 'c/d', '~', '', '키']), randomValue(random, depth - 1)]));
    }
}

function paths(value, path = '') {
    const inside = typeof value === 'object' && value !== null
        ? Object.entries(value).flatMap(([key, member]) => paths(member, `${path}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`)) : [];
    const more = Array.isArray(value) ? [`${path}/-`, `${path}/${value.length}`] : typeof value === 'object' && value !== null ? [`${path}/new`] : [];
    return [path, ...more, ...inside];
}

/** One to three operations, most of which fit. */
export function randomPatch(random, state) {
    const all = paths(state).filter((path) => path !== '');
    return Array.from({ length: 1 + Math.floor(random() * 3) }, () => {
        const op = pick(random, ['add', 'replace', 'remove', 'move', 'copy', 'test', 'inc', 'max']);
        const path = pick(random, all);
        if (op === 'move' || op === 'copy')
            return { op, from: pick(random, all), path };
        if (op === 'remove')
            return { op, path };
        return { op, path, value: op === 'inc' ? Math.floor(random() * 9) - 4 : op === 'max' ? (random() < 0.5 ? '2026-12-01T00:00:00.000Z' : Math.floor(random() * 9)) : randomValue(random, 2) };
    });
}
