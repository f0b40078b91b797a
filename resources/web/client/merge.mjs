// SPDX-License-Identifier: Apache-2.0
//
// Patches, their footprints, differences and policies: the rules of docs/merging.md. All functions are pure.
import { arrayIndex, canonical, canonicalSize, equal, fail, find, has, isObject, isTime, limits, normalize, parsePointer, pointerText,
         sha256, toHex, utf8, withMember, withoutMember } from './values.mjs';

/**
 * What one patch read and wrote. `value`: the digest of the value finally at the path, where "same value" can count.
 * @typedef {{path: string[], kind: 'read'|'write'|'inc'|'max', guarded?: boolean, inArray?: boolean, value?: string}} FootprintEntry
 * @typedef {{everything?: boolean, entries: FootprintEntry[]}} Footprint
 * @typedef {{op: string, path: string, from?: string, value?: import('./values.mjs').Value}} Operation
 */

export const everything = Object.freeze({ everything: true, entries: Object.freeze([]) });

// ---- patches

/** Checks the form of a patch that code hands in, and freezes a copy. @returns {Operation[]} */
export function normalizePatch(patch) {
    if (!Array.isArray(patch))
        fail('InvalidValue', 'a patch is a list of operations');
    return Object.freeze(patch.map((operation) => {
        const { op, path, from, value } = operation ?? {};
        parsePointer(path);
        switch (op) {
        case 'remove':
            return Object.freeze({ op, path });
        case 'move':
        case 'copy':
            parsePointer(from);
            return Object.freeze({ op, from, path });
        case 'add':
        case 'replace':
        case 'test':
        case 'inc':
        case 'max':
            if (op === 'inc' && !Number.isSafeInteger(value))
                fail('InvalidValue', 'inc adds an integer', path);
            if (op === 'max' && !Number.isSafeInteger(value) && !isTime(value))
                fail('InvalidValue', 'max needs an integer or a time', path);
            return Object.freeze({ op, path, value: normalize(value) });
        default:
            return fail('InvalidValue', `there is no operation ${JSON.stringify(op)}`, path);
        }
    }));
}

// Where a path leads: the containers on the way, and the place in the last one.
function locate(root, tokens, wantsInsertion) {
    const refuse = (why) => fail('PatchFailed', why, pointerText(tokens));
    if (root === undefined)
        refuse('there is no document');
    const parents = [];
    let at = root;
    let inArray = false;
    for (let i = 0; ; ++i) {
        const last = i + 1 === tokens.length;
        const place = { parents, inArray, container: at, key: tokens[i], target: undefined };
        let next;
        if (Array.isArray(at)) {
            place.inArray = inArray = true;
            place.index = last && wantsInsertion && tokens[i] === '-' ? at.length : arrayIndex(tokens[i]);
            if (place.index === undefined)
                refuse(`"${tokens[i]}" is no index of an array`);
            if (place.index < at.length)
                next = at[place.index];
            else if (!last || !wantsInsertion || place.index > at.length)
                refuse('there is no such element');
        } else if (isObject(at)) {
            next = has(at, tokens[i]) ? at[tokens[i]] : undefined;
        } else {
            refuse('the parent is no container');
        }
        if (last) {
            place.target = next;
            if (next === undefined && !wantsInsertion)
                refuse('there is no value');
            return place;
        }
        if (next === undefined)
            refuse('there is no parent');
        parents.push({ container: at, key: place.index ?? tokens[i] });
        at = next;
    }
}

// The root with another container at the end of `parents`. Everything beside that way is shared.
function rebuilt(parents, container) {
    let value = Object.freeze(container);
    for (let i = parents.length; i-- > 0;) {
        const { container: parent, key } = parents[i];
        value = Object.freeze(Array.isArray(parent) ? parent.with?.(key, value) ?? parent.map((e, at) => (at === key ? value : e))
                                                    : withMember(parent, key, value));
    }
    return value;
}

function resolved(tokens, place) { return place.index === undefined ? tokens : [...tokens.slice(0, -1), String(place.index)]; }

class Applier {
    constructor(state) {
        this.state = state;
        this.inverse = [];   // of each step; the last one first when it is read
        this.notes = [];
        this.tests = new Set();
        this.all = false;
    }

    note(tokens, kind, inArray, canBeSame = false) { this.notes.push({ path: tokens, kind, inArray, canBeSame }); }

    noteWrite(tokens, place, structural, canBeSame) {
        if (tokens.length === 0)
            this.all = true;
        else if (structural)
            this.note(tokens.slice(0, -1), 'write', true);
        else
            this.note(tokens, 'write', place.inArray, canBeSame && !place.inArray);
    }

    // Puts a value at a path; notes how to take it back. `insert`: an element of an array comes in between.
    put(tokens, value, insert) {
        if (tokens.length === 0) {
            const before = this.state;
            this.state = value;
            this.inverse.push(before === undefined ? { op: 'remove', path: '' } : { op: 'replace', path: '', value: before });
            return { inArray: false };
        }
        const place = locate(this.state, tokens, insert);
        if (insert && place.index === undefined && place.target === undefined && place.key.includes('\0'))
            fail('InvalidValue', 'a key contains NUL');
        const { container, index } = place;
        let changed;
        if (index === undefined)
            changed = withMember(container, place.key, value);
        else
            changed = [...container.slice(0, index), value, ...container.slice(insert ? index : index + 1)];
        this.state = rebuilt(place.parents, changed);
        const path = pointerText(resolved(tokens, place));
        const overwrites = place.target !== undefined && !(insert && index !== undefined);
        this.inverse.push(overwrites ? { op: 'replace', path, value: place.target } : { op: 'remove', path });
        return place;
    }

    take(tokens) {
        if (tokens.length === 0) {
            this.inverse.push({ op: 'add', path: '', value: this.state });
            this.state = undefined;
            return { inArray: false };
        }
        const place = locate(this.state, tokens, false);
        const { container, index } = place;
        this.state = rebuilt(place.parents, index === undefined ? withoutMember(container, place.key)
                                                                : [...container.slice(0, index), ...container.slice(index + 1)]);
        this.inverse.push({ op: 'add', path: pointerText(tokens), value: place.target });
        return place;
    }

    existing(tokens) {
        if (tokens.length > 0)
            return locate(this.state, tokens, false);
        if (this.state === undefined)
            fail('PatchFailed', 'there is no document');
        return { inArray: false, target: this.state };
    }

    step({ op, path, from, value }, mayBeAbsent) {
        const tokens = parsePointer(path);
        switch (op) {
        case 'add': {
            if (tokens.length === 0 && this.state === undefined && !mayBeAbsent)
                fail('PatchFailed', 'there is no document');
            const place = this.put(tokens, value, true);
            this.noteWrite(tokens, place, place.index !== undefined, true);
            break;
        }
        case 'replace': {
            if (!(tokens.length === 0 && mayBeAbsent && this.state === undefined))
                this.existing(tokens);
            this.noteWrite(tokens, this.put(tokens, value, false), false, true);
            break;
        }
        case 'remove': {
            if (tokens.length === 0 && !mayBeAbsent)
                fail('PatchFailed', 'the root cannot be removed');
            this.existing(tokens);
            const place = this.take(tokens);
            this.noteWrite(tokens, place, place.index !== undefined, false);
            break;
        }
        case 'move': {
            const fromTokens = parsePointer(from);
            const source = this.existing(fromTokens);
            const moved = source.target;
            this.note(fromTokens, 'read', source.inArray);
            this.noteWrite(fromTokens, source, source.index !== undefined, false);
            if (from === path) {
                this.noteWrite(tokens, source, source.index !== undefined, false);
                break;
            }
            if (fromTokens.length < tokens.length && fromTokens.every((token, i) => token === tokens[i]))
                fail('PatchFailed', 'a value cannot move into itself');
            this.take(fromTokens);
            const target = this.put(tokens, moved, true);
            this.noteWrite(tokens, target, target.index !== undefined, false);
            break;
        }
        case 'copy': {
            const fromTokens = parsePointer(from);
            const source = this.existing(fromTokens);
            this.note(fromTokens, 'read', source.inArray);
            const target = this.put(tokens, source.target, true);
            this.noteWrite(tokens, target, target.index !== undefined, false);
            break;
        }
        case 'test': {
            const place = this.existing(tokens);
            if (!equal(place.target, value))
                fail('PatchFailed', 'the value is another', path);
            this.tests.add(pointerText(tokens));
            this.note(tokens, 'read', place.inArray);
            break;
        }
        case 'inc': {
            const place = this.existing(tokens);
            const sum = place.target + value;
            if (!Number.isSafeInteger(place.target) || !Number.isSafeInteger(value) || !Number.isSafeInteger(sum))
                fail('PatchFailed', 'inc needs two integers and a sum in the range of integers', path);
            this.put(tokens, sum === 0 ? 0 : sum, false);
            this.inverse.pop();
            if (value !== 0)
                this.inverse.push({ op: 'inc', path, value: -value });
            this.note(tokens, 'inc', place.inArray);
            break;
        }
        case 'max': {
            const place = this.existing(tokens);
            const integers = Number.isSafeInteger(place.target) && Number.isSafeInteger(value);
            if (!integers && !(isTime(place.target) && isTime(value)))
                fail('PatchFailed', 'max needs two integers or two times', path);
            this.note(tokens, 'max', place.inArray);
            if (value > place.target)
                this.put(tokens, value, false);
            break;
        }
        default:
            fail('PatchFailed', `there is no operation ${JSON.stringify(op)}`, path);
        }
    }

    footprint() {
        if (this.all)
            return everything;
        const joined = new Map();
        for (const note of this.notes) {
            const key = `${note.kind} ${pointerText(note.path)}`;
            const known = joined.get(key);
            if (known) {
                known.inArray ||= note.inArray;
                known.canBeSame = false;
            } else {
                joined.set(key, { ...note });
            }
        }
        const notes = [...joined.values()];
        // A write at, above or below another one cannot be "the only write".
        const writes = new Map();
        for (const note of notes) {
            if (note.kind !== 'read') {
                const text = pointerText(note.path);
                writes.set(text, [...(writes.get(text) ?? []), note]);
            }
        }
        for (const [, group] of writes) {
            if (group.length > 1)
                group.forEach((note) => { note.canBeSame = false; });
            for (let depth = 0; depth < group[0].path.length; ++depth) {
                const above = writes.get(pointerText(group[0].path.slice(0, depth)));
                for (const note of above ? [...above, ...group] : [])
                    note.canBeSame = false;
            }
        }
        return Object.freeze({ entries: Object.freeze(notes.map(({ path, kind, inArray, canBeSame }) => {
            const entry = { path, kind };
            if (this.tests.has(pointerText(path)))
                entry.guarded = true;
            if (inArray)
                entry.inArray = true;
            const value = canBeSame ? find(this.state, path) : undefined;
            if (value !== undefined)
                entry.value = toHex(sha256(utf8(canonical(value))));
            return Object.freeze(entry);
        })) });
    }
}

/**
 * Applies a patch to an immutable state. Throws, with nothing changed, if it does not fit.
 * @param {import('./values.mjs').State} state @param {Operation[]} patch
 * @returns {{state: import('./values.mjs').State, inverse: Operation[], footprint: Footprint, changed: boolean}}
 */
export function applyPatch(state, patch, mayBeAbsent = false) {
    const applier = new Applier(state);
    for (const operation of patch)
        applier.step(operation, mayBeAbsent);
    return { state: applier.state, inverse: applier.inverse.reverse(), footprint: applier.footprint(),
             changed: !equal(state, applier.state) };
}

export const noFootprint = Object.freeze({ entries: Object.freeze([]) });

/**
 * Applies what one event does (docs/protocol.md, Events).
 * @param {import('./values.mjs').State} state
 * @param {{operation: string, diff: {patch?: Operation[]}}} event
 */
export function applyEvent(state, { operation, diff }) {
    const patch = diff.patch;
    if (patch === undefined)
        fail('PatchFailed', 'a patch of a CRDT document does not fit here');
    if (operation === 'delete') {
        if (patch.length > 0)
            fail('PatchFailed', 'a delete has an empty patch');
        if (state === undefined)
            fail('PatchFailed', 'there is no document');
        return { state: undefined, inverse: [{ op: 'add', path: '', value: state }], footprint: everything, changed: true };
    }
    if (patch.length === 0) // what merging turned into nothing
        return { state, inverse: [], footprint: noFootprint, changed: false };
    if (operation === 'create') {
        if (state !== undefined)
            fail('PatchFailed', 'the document exists already');
        const applied = applyPatch(undefined, patch, true);
        if (applied.state === undefined)
            fail('PatchFailed', 'a create sets the whole document');
        return { ...applied, inverse: [{ op: 'remove', path: '' }], footprint: everything, changed: true };
    }
    if (state === undefined)
        fail('PatchFailed', 'there is no document');
    return applyPatch(state, patch);
}

// ---- overlap

const isWrite = (entry) => entry.kind !== 'read';

function agree(a, b) {
    if (a.kind !== b.kind)
        return false; // at least one is a write, and inc or max agree with nothing but themselves
    if (a.kind !== 'write')
        return true;
    return a.value !== undefined && a.value === b.value && !a.inArray && !b.inArray && !a.guarded && !b.guarded;
}

/** @type {WeakMap<Footprint, object>} */
const trees = new WeakMap();

function treeOf(footprint) {
    let root = trees.get(footprint);
    if (!root) {
        root = { here: [], below: new Map(), writes: false };
        for (const entry of footprint.entries) {
            let node = root;
            for (const token of entry.path) {
                node.writes ||= isWrite(entry);
                let next = node.below.get(token);
                if (!next)
                    node.below.set(token, next = { here: [], below: new Map(), writes: false });
                node = next;
            }
            node.writes ||= isWrite(entry);
            node.here.push(entry);
        }
        trees.set(footprint, root);
    }
    return root;
}

function meets(tree, entry) {
    let node = tree;
    for (const token of entry.path) {
        if (node.here.some((above) => isWrite(above) || isWrite(entry)))
            return true;
        node = node.below.get(token);
        if (!node)
            return false;
    }
    if (node.here.some((other) => !agree(entry, other)))
        return true;
    for (const below of node.below.values()) {
        if (isWrite(entry) || below.writes)
            return true;
    }
    return false;
}

/** Whether two patches, made without knowledge of each other, must not be merged silently. Symmetric. */
export function overlaps(a, b) {
    if (a.everything || b.everything)
        return true;
    const [fewer, more] = a.entries.length <= b.entries.length ? [a, b] : [b, a];
    const tree = treeOf(more);
    return fewer.entries.some((entry) => meets(tree, entry));
}

// ---- differences

/**
 * The difference of two values as a patch: objects member by member, arrays by a longest common subsequence.
 * @param {Policy} [policy] @returns {Operation[]}
 */
export function diff(before, after, policy = Policy.none) {
    const operations = [];
    diffValues(before, after, [], policy, operations);
    return operations;
}

const wholeRoom = 1024; // the value around a replaced one is not replaced for the sake of a few bytes

function diffValues(before, after, path, policy, out) {
    const objects = isObject(before) && isObject(after);
    if (before === after)
        return;
    if (!objects && !(Array.isArray(before) && Array.isArray(after))) {
        if (!equal(before, after))
            out.push(changeOf(before, after, path, policy));
        return;
    }
    const inside = [];
    if (objects)
        diffObjects(before, after, path, policy, inside);
    else
        diffArrays(before, after, path, policy, inside);
    if (inside.length > 1) {
        const cost = inside.reduce((sum, operation) => sum + canonicalSize(operation) + 1, 0);
        if (cost > limits.fineDiffBytes) {
            const whole = { op: 'replace', path: pointerText(path), value: after };
            if (cost > canonicalSize(whole) + wholeRoom && (!policy.rulesBelow(path) || cost > limits.eventBytes / 2)) {
                out.push(whole);
                return;
            }
        }
    }
    for (const operation of inside) // not push(...inside): an argument list has a limit
        out.push(operation);
}

function changeOf(before, after, tokens, policy) {
    const path = pointerText(tokens);
    const rule = policy.rule(tokens);
    if (rule === 'counter' && Number.isSafeInteger(before) && Number.isSafeInteger(after) && Number.isSafeInteger(after - before))
        return { op: 'inc', path, value: after - before };
    if (rule === 'latest' && after > before
        && ((Number.isSafeInteger(before) && Number.isSafeInteger(after)) || (isTime(before) && isTime(after))))
        return { op: 'max', path, value: after };
    return { op: 'replace', path, value: after };
}

function diffObjects(before, after, path, policy, out) {
    for (const key of Object.keys(before)) {
        if (has(after, key))
            diffValues(before[key], after[key], [...path, key], policy, out);
        else
            out.push({ op: 'remove', path: pointerText([...path, key]) });
    }
    for (const key of Object.keys(after)) {
        if (!has(before, key))
            out.push({ op: 'add', path: pointerText([...path, key]), value: after[key] });
    }
}

function diffArrays(before, after, path, policy, out) {
    let head = 0;
    while (head < before.length && head < after.length && equal(before[head], after[head]))
        ++head;
    let tail = 0;
    while (head + tail < before.length && head + tail < after.length
           && equal(before[before.length - 1 - tail], after[after.length - 1 - tail]))
        ++tail;
    const n = before.length - tail - head, m = after.length - tail - head;
    let position = head; // in the patched array
    const gap = (wasFrom, wasTo, isFrom, isTo) => {
        let was = wasFrom, is = isFrom;
        for (; was < wasTo && is < isTo; ++was, ++is)
            diffValues(before[was], after[is], [...path, String(position++)], policy, out);
        for (; was < wasTo; ++was)
            out.push({ op: 'remove', path: pointerText([...path, String(position)]) });
        for (; is < isTo; ++is)
            out.push({ op: 'add', path: pointerText([...path, String(position++)]), value: after[is] });
    };
    if (n === 0 || m === 0 || n * m > limits.arrayCells) {
        gap(head, head + n, head, head + m);
        return;
    }
    const numbers = new Map();
    const numberOf = (value) => {
        const text = canonical(value);
        if (!numbers.has(text))
            numbers.set(text, numbers.size);
        return numbers.get(text);
    };
    const a = before.slice(head, head + n).map(numberOf), b = after.slice(head, head + m).map(numberOf);
    const width = m + 1;
    const length = new Uint32Array((n + 1) * width); // of the longest common subsequence of a from i and b from j
    for (let i = n; i-- > 0;) {
        for (let j = m; j-- > 0;) {
            length[i * width + j] = a[i] === b[j] ? length[(i + 1) * width + j + 1] + 1
                                                  : Math.max(length[(i + 1) * width + j], length[i * width + j + 1]);
        }
    }
    let i = 0, j = 0, gone = 0, come = 0;
    while (i < n && j < m) {
        if (a[i] === b[j]) {
            gap(head + gone, head + i, head + come, head + j);
            ++position;
            gone = ++i;
            come = ++j;
        } else if (length[(i + 1) * width + j] >= length[i * width + j + 1]) {
            ++i;
        } else {
            ++j;
        }
    }
    gap(head + gone, head + n, head + come, head + m);
}

/**
 * What both sides made of `base`, member by member; undefined where both changed one value. Each side may be undefined
 * (no document).
 * @returns {{merged: import('./values.mjs').State}|undefined}
 */
export function mergeFields(base, ours, theirs) {
    const same = (a, b) => a === b || (a !== undefined && b !== undefined && equal(a, b));
    if (same(base, ours))
        return { merged: theirs };
    if (same(base, theirs) || same(ours, theirs))
        return { merged: ours };
    if (!isObject(base) || !isObject(ours) || !isObject(theirs))
        return undefined;
    let merged = {};
    for (const key of new Set([...Object.keys(theirs), ...Object.keys(ours)])) {
        const member = (side) => (has(side, key) ? side[key] : undefined);
        const result = mergeFields(member(base), member(ours), member(theirs));
        if (!result)
            return undefined;
        if (result.merged !== undefined)
            merged = withMember(merged, key, result.merged);
    }
    return { merged };
}

// ---- policies

const matchesFirst = (pattern, tokens, count) => pattern.slice(0, count).every((token, i) => token === '*' || token === tokens[i]);

/** A collection's rules as `synced` brings them. Unknown rules and fields are ignored. Immutable. */
export class Policy {
    /** @param {{merge?: string, paths?: object, schema?: object}} [json] */
    constructor(json = {}) {
        this.json = json;
        this.strict = json.merge === 'strict';
        this.paths = Object.entries(isObject(json.paths) ? json.paths : {}).map(([pointer, { rule, min, max }]) => ({
            tokens: parsePointer(pointer), rule: ['counter', 'latest', 'engine'].includes(rule) ? rule : 'plain', min, max }));
        this.bounded = this.paths.some(({ rule, min, max }) => rule === 'counter' && (min !== undefined || max !== undefined));
    }

    rule(tokens) {
        let best;
        const stars = (path) => path.tokens.filter((token) => token === '*').length;
        for (const path of this.paths) {
            if (path.rule === 'engine' && tokens.length >= path.tokens.length && matchesFirst(path.tokens, tokens, path.tokens.length))
                return 'engine';
            if (path.tokens.length === tokens.length && matchesFirst(path.tokens, tokens, tokens.length)
                && (!best || stars(path) < stars(best)))
                best = path;
        }
        return best?.rule ?? 'plain';
    }

    rulesBelow(tokens) {
        return this.paths.some((path) => path.tokens.length > tokens.length && matchesFirst(path.tokens, tokens, tokens.length));
    }

    /** Throws `Invalid` if the patch writes what the server maintains. */
    checkEnginePaths(patch) {
        for (const { tokens: engine } of this.paths.filter((path) => path.rule === 'engine')) {
            for (const { op, path, from, value } of patch) {
                if (op === 'test')
                    continue;
                const tokens = parsePointer(path);
                const covers = (at) => at.length >= engine.length && matchesFirst(engine, at, engine.length);
                let touches = covers(tokens) || (op === 'move' && covers(parsePointer(from)));
                if (!touches && tokens.length < engine.length && matchesFirst(engine, tokens, tokens.length)) {
                    if (op === 'add' || op === 'replace')
                        touches = eachAt(value, engine, tokens.length, [], () => {}) > 0;
                    else
                        touches = op === 'move' || op === 'copy';
                }
                if (touches)
                    fail('Invalid', 'the field is maintained by EventSync', pointerText(engine));
            }
        }
    }

    /** Throws `Invalid` where a counter leaves its bounds further than it was outside before. */
    checkCounters(after, before) {
        for (const { tokens, rule, min, max } of this.paths) {
            if (rule !== 'counter' || (min === undefined && max === undefined) || after === undefined)
                continue;
            eachAt(after, tokens, 0, [], (value, path) => {
                if (typeof value !== 'number')
                    return;
                const was = before === undefined ? undefined : find(before, path);
                const stood = typeof was === 'number' ? was : undefined;
                if (min !== undefined && value < Math.min(min, stood ?? Infinity))
                    fail('Invalid', `the counter is below ${min}`, pointerText(path));
                if (max !== undefined && value > Math.max(max, stood ?? -Infinity))
                    fail('Invalid', `the counter is above ${max}`, pointerText(path));
            });
        }
    }

    withEngineFields(state, version) {
        return this.#editParents(state, (object, key) => withMember(object, key, version));
    }
    withoutEngineFields(state) {
        return this.#editParents(state, (object, key) => (has(object, key) ? withoutMember(object, key) : object));
    }

    #editParents(state, edit) {
        for (const { rule, tokens } of this.paths) {
            if (rule === 'engine')
                state = editParent(state, tokens, 0, edit);
        }
        return state;
    }
}
Policy.none = new Policy();

function eachAt(value, pattern, from, path, visit) {
    if (from === pattern.length) {
        visit(value, path);
        return 1;
    }
    const token = pattern[from];
    const inner = (member, key) => eachAt(member, pattern, from + 1, [...path, key], visit);
    if (Array.isArray(value))
        return value.reduce((sum, element, i) => sum + (token === '*' || token === String(i) ? inner(element, String(i)) : 0), 0);
    if (!isObject(value))
        return 0;
    const keys = token === '*' ? Object.keys(value) : has(value, token) ? [token] : [];
    return keys.reduce((sum, key) => sum + inner(value[key], key), 0);
}

function editParent(value, pattern, from, edit) {
    const token = pattern[from];
    if (isObject(value)) {
        if (from + 1 === pattern.length)
            return edit(value, token);
        let changed = value;
        for (const key of token === '*' ? Object.keys(value) : has(value, token) ? [token] : []) {
            const member = editParent(value[key], pattern, from + 1, edit);
            if (member !== value[key])
                changed = withMember(changed, key, member);
        }
        return changed;
    }
    if (Array.isArray(value) && from + 1 < pattern.length)
        return value.map((element, i) => (token === '*' || token === String(i) ? editParent(element, pattern, from + 1, edit) : element));
    return value;
}
