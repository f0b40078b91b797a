// SPDX-License-Identifier: Apache-2.0
//
// Values, their canonical form, and digests (docs/protocol.md, Values and Events). Everything here is synchronous: the
// chain is verified inside a step, and WebCrypto would let other messages overtake it.

/** @typedef {null|boolean|number|string|Value[]|{[key: string]: Value}} Value One value of the domain (I-JSON). */
/** @typedef {Value|undefined} State A document's value; `undefined`: there is no document. */

export const limits = Object.freeze({
    depth: 64,
    documentBytes: 4 * 1024 * 1024,
    eventBytes: 1024 * 1024,
    eventRoom: 1024,            // what the server adds to an event
    frameBytes: 2 * 1024 * 1024,
    frameRoom: 4096,            // of a frame: the message around the events
    inFlight: 64,
    documentsPerConnection: 10_000,
    presenceBytes: 4096,
    pointerTokens: 128,
    checkpoints: 16,
    pendingIds: 25_000,
    pendingIdBytes: 84,         // of one [first, current] in JSON
    queueEntries: 100_000,
    rebaseTries: 5,
    undoEntries: 1000,
    ackedEdits: 10_000,
    ackedKeepMs: 30 * 24 * 3600 * 1000,
    historyEvents: 1000,        // kept per document, to go back to a common point and to show conflicts
    historyBytes: 4 * 1024 * 1024,
    conflictRecordBytes: 64 * 1024,
    fineDiffBytes: 16 * 1024,
    arrayCells: 1_000_000,
    followTurnMs: 30_000,
    heartbeatMs: 15_000,
    requestMs: 30_000,
    retryFirstMs: 500,
    retryLongestMs: 30_000,
    retryHealthyMs: 60_000,
    retryReplacedMs: 60_000,
    longestAnswer: 16 * 1024 * 1024,
});

// ---- errors

const permanent = 'permanent', transient = 'transient', conflict = 'conflict', corrupt = 'corrupt';
const classes = {
    InvalidMessage: permanent, UnknownMessage: permanent, InvalidValue: permanent, UnknownField: permanent,
    TooLarge: permanent, TooDeep: permanent, Unauthenticated: permanent, TokenExpired: permanent,
    PermissionDenied: permanent, PermissionRevoked: permanent, Compacted: permanent, WrongCollection: permanent,
    NotFound: conflict, DocumentExists: conflict, VersionConflict: conflict, Conflict: conflict, BaseCompacted: conflict,
    PatchFailed: permanent, Invalid: permanent, ClientGap: permanent, DependsOnRejected: permanent, MissingDependency: permanent,
    ClientForked: permanent, ClientExpired: permanent, ClientIdReserved: permanent, ClientIdInUse: permanent,
    ClientSecretWrong: permanent, UnsupportedProtocol: permanent, OriginRefused: permanent, Replaced: permanent,
    SlowConsumer: permanent, Unavailable: transient, Timeout: transient, RateLimited: transient, QueueFull: transient,
    ShuttingDown: transient, Cancelled: transient, StoreFull: transient, StoreReadOnly: transient, StoreLocked: transient,
    IoError: transient, StoreTooNew: permanent, Internal: corrupt, Corrupt: corrupt,
};

/** An error with the name of the protocol's table Errors in `code`. */
export class EventSyncError extends Error {
    /** @param {string} code @param {string} [message] @param {{path?: string, retryAfterMs?: number}} [more] */
    constructor(code, message = '', more = {}) {
        super(message || code);
        this.name = 'EventSyncError';
        this.code = code;
        this.path = more.path ?? '';
        this.retryAfterMs = more.retryAfterMs;
    }
    /** The plain form that is stored in a queue entry. */
    toRow() { return { code: this.code, message: this.message, ...(this.path ? { path: this.path } : {}) }; }
}

export function fail(code, message, path) { throw new EventSyncError(code, message, { path }); }

/** `permanent`, `transient`, `conflict` or `corrupt`; a code of a newer server counts as transient, which loses nothing. */
export function errorClass(code) { return classes[code] ?? transient; }

// ---- values

export function isObject(value) { return typeof value === 'object' && value !== null && !Array.isArray(value); }

/** The members of `object` with one set; `__proto__` is a name like any other. */
export function withMember(object, key, value) { return { ...object, [key]: value }; }
export function withoutMember(object, key) {
    const copy = { ...object };
    delete copy[key];
    return copy;
}
export const has = Object.hasOwn;

const loneSurrogate = /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?:^|[^\uD800-\uDBFF])[\uDC00-\uDFFF]/;

/**
 * The value as it is in the domain, frozen: what code hands in may be changed by that code later.
 * @param {unknown} value @returns {Value}
 */
export function normalize(value, depth = limits.depth, path = '') {
    switch (typeof value) {
    case 'boolean':
        return value;
    case 'string':
        return checkText(value, path);
    case 'number':
        if (!Number.isFinite(value))
            fail('InvalidValue', 'a number is not finite', path);
        return value === 0 ? 0 : value;
    case 'object':
        break;
    default:
        fail('InvalidValue', `a value of type ${typeof value} has no JSON form`, path);
    }
    if (value === null)
        return null;
    if (depth === 0)
        fail('TooDeep', `a value has more than ${limits.depth} levels`, path);
    if (Array.isArray(value)) {
        const list = [];
        for (let i = 0; i < value.length; ++i) // not map(): it skips the holes of a sparse array
            list.push(normalize(value[i], depth - 1, `${path}/${i}`));
        return Object.freeze(list);
    }
    const proto = Object.getPrototypeOf(value);
    if (proto !== null && Object.getPrototypeOf(proto) !== null)
        fail('InvalidValue', `an object of class ${proto.constructor?.name ?? '?'} has no JSON form`, path);
    const entries = Object.entries(value).map(([key, member]) => {
        checkText(key, path);
        if (key.includes('\0'))
            fail('InvalidValue', 'a key contains NUL', path);
        return [key, normalize(member, depth - 1, `${path}/${escapeToken(key)}`)];
    });
    return Object.freeze(Object.fromEntries(entries));
}

function checkText(text, path) {
    if (loneSurrogate.test(text))
        fail('InvalidValue', 'a text is not valid Unicode', path);
    return text;
}

/** Freezes what was parsed from JSON; stops where it is frozen already. */
export function freeze(value) {
    if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
        Object.freeze(value);
        for (const key of Object.keys(value))
            freeze(value[key]);
    }
    return value;
}

export function equal(a, b) {
    if (a === b)
        return true;
    if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null || Array.isArray(a) !== Array.isArray(b))
        return false;
    if (Array.isArray(a))
        return a.length === b.length && a.every((element, i) => equal(element, b[i]));
    const keys = Object.keys(a);
    return keys.length === Object.keys(b).length && keys.every((key) => has(b, key) && equal(a[key], b[key]));
}

/** RFC 8785: members sorted by UTF-16 code units, numbers as ECMAScript writes them, no white space. */
export function canonical(value) {
    if (typeof value !== 'object' || value === null)
        return JSON.stringify(value);
    if (Array.isArray(value))
        return `[${value.map(canonical).join(',')}]`;
    const members = Object.keys(value).sort().map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`);
    return `{${members.join(',')}}`;
}

const encoder = new TextEncoder();
export function utf8(text) { return encoder.encode(text); }

export function byteLength(text) {
    let bytes = text.length;
    for (let i = 0; i < text.length; ++i) {
        const unit = text.charCodeAt(i);
        if (unit >= 0x800)
            bytes += unit >= 0xD800 && unit <= 0xDFFF ? 1 : 2; // a pair of surrogates takes four bytes
        else if (unit >= 0x80)
            bytes += 1;
    }
    return bytes;
}

export function canonicalSize(value) { return byteLength(canonical(value)); }

// ---- pointers

function escapeToken(token) { return token.replaceAll('~', '~0').replaceAll('/', '~1'); }

/** @param {string} text @returns {string[]} */
export function parsePointer(text) {
    if (typeof text !== 'string')
        fail('InvalidValue', 'a JSON Pointer is a text');
    if (text === '')
        return [];
    if (text[0] !== '/' || /~(?![01])/.test(text) || text.includes('\0'))
        fail('InvalidValue', `not a JSON Pointer: ${text}`);
    const tokens = text.slice(1).split('/');
    if (tokens.length > limits.pointerTokens)
        fail('TooDeep', 'a JSON Pointer has too many tokens');
    return tokens.map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** @param {string[]} tokens */
export function pointerText(tokens) { return tokens.map((token) => `/${escapeToken(token)}`).join(''); }

export function arrayIndex(token) { return /^(0|[1-9][0-9]{0,14})$/.test(token) ? Number(token) : undefined; }

/** The value at `tokens`, or undefined. */
export function find(root, tokens) {
    let at = root;
    for (const token of tokens) {
        if (Array.isArray(at)) {
            const index = arrayIndex(token);
            at = index === undefined ? undefined : at[index];
        } else {
            at = isObject(at) && has(at, token) ? at[token] : undefined;
        }
        if (at === undefined)
            return undefined;
    }
    return at;
}

// ---- SHA-256 (FIPS 180-4)

const roundConstants = new Int32Array(64);
const firstHash = new Int32Array(8);
{
    // The first 32 bits of the fractional parts of the roots of the first primes.
    const fraction = (x) => ((x - Math.floor(x)) * 0x100000000) | 0;
    let count = 0;
    for (let n = 2; count < 64; ++n) {
        let prime = true;
        for (let d = 2; d * d <= n && prime; ++d)
            prime = n % d !== 0;
        if (!prime)
            continue;
        if (count < 8)
            firstHash[count] = fraction(Math.sqrt(n));
        roundConstants[count++] = fraction(Math.cbrt(n));
    }
}

/** @param {Uint8Array[]} parts hashed one after another @returns {Uint8Array} */
export function sha256(...parts) {
    const length = parts.reduce((sum, part) => sum + part.length, 0);
    const padded = new Uint8Array(((length + 9 + 63) >> 6) << 6);
    let offset = 0;
    for (const part of parts) {
        padded.set(part, offset);
        offset += part.length;
    }
    padded[length] = 0x80;
    const view = new DataView(padded.buffer);
    view.setUint32(padded.length - 8, Math.floor(length / 0x20000000));
    view.setUint32(padded.length - 4, (length << 3) >>> 0);
    const hash = Int32Array.from(firstHash);
    const w = new Int32Array(64);
    for (let block = 0; block < padded.length; block += 64) {
        for (let i = 0; i < 16; ++i)
            w[i] = view.getInt32(block + 4 * i);
        for (let i = 16; i < 64; ++i) {
            const a = w[i - 15], b = w[i - 2];
            const s0 = ((a >>> 7) | (a << 25)) ^ ((a >>> 18) | (a << 14)) ^ (a >>> 3);
            const s1 = ((b >>> 17) | (b << 15)) ^ ((b >>> 19) | (b << 13)) ^ (b >>> 10);
            w[i] = (w[i - 16] + s0 + w[i - 7] + s1) | 0;
        }
        let a = hash[0], b = hash[1], c = hash[2], d = hash[3], e = hash[4], f = hash[5], g = hash[6], h = hash[7];
        for (let i = 0; i < 64; ++i) {
            const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
            const t1 = (h + s1 + ((e & f) ^ (~e & g)) + roundConstants[i] + w[i]) | 0;
            const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
            const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
            h = g;
            g = f;
            f = e;
            e = (d + t1) | 0;
            d = c;
            c = b;
            b = a;
            a = (t1 + t2) | 0;
        }
        hash[0] += a;
        hash[1] += b;
        hash[2] += c;
        hash[3] += d;
        hash[4] += e;
        hash[5] += f;
        hash[6] += g;
        hash[7] += h;
    }
    const out = new Uint8Array(32);
    const outView = new DataView(out.buffer);
    hash.forEach((word, i) => outView.setInt32(4 * i, word));
    return out;
}

export function toHex(bytes) { return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(''); }
export function fromHex(text) { return Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16)); }

export function fromBase64url(text) {
    const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
    return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}

// ---- the chain

const zero = new Uint8Array(1);

/** Chain 0 of a document. */
export function chainStart(collection, documentId) {
    return toHex(sha256(utf8('eventsync.v1'), zero, utf8(collection), zero, utf8(documentId)));
}

/** The digest of an event as it was logged. */
export function eventDigest(event) {
    if (event.salt === undefined)
        return sha256(utf8(canonical(event)));
    const { diff, metadata, salt, ...rest } = event;
    const body = metadata === undefined ? { diff } : { diff, metadata };
    return sha256(utf8(canonical(rest)), zero, sha256(fromBase64url(salt), utf8(canonical(body))));
}

/** @param {string} chain before @param {object} event as logged @returns {string} the chain after it */
export function chainNext(chain, event) { return toHex(sha256(fromHex(chain), eventDigest(event))); }

// ---- names and ids

export function checkDocumentId(id) {
    if (typeof id !== 'string' || !/^[A-Za-z0-9._~-]{1,128}$/.test(id) || id === '.' || id === '..')
        fail('InvalidValue', 'a document id is 1 to 128 of A-Z a-z 0-9 . _ ~ -');
    return id;
}

export function checkCollection(name) {
    if (typeof name !== 'string' || !/^[a-z][a-z0-9_-]{0,62}$/.test(name))
        fail('InvalidValue', 'a collection is a lower-case letter followed by up to 62 of a-z 0-9 _ -');
    return name;
}

const timePattern = /^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\.[0-9]{3}Z$/;
export function isTime(value) { return typeof value === 'string' && timePattern.test(value) && !Number.isNaN(Date.parse(value)); }

let lastTime = 0, lastCount = 0;

const webCrypto = globalThis.crypto ?? (await import('node:crypto')).webcrypto; // Node 18 has no global one

/** A UUID of version 7. Those of one program ascend. */
export function newId(now = Date.now(), random = (bytes) => webCrypto.getRandomValues(bytes)) {
    const bytes = random(new Uint8Array(16));
    if (now > lastTime) {
        lastTime = now;
        lastCount = ((bytes[6] & 0x07) << 8) | bytes[7]; // half of the range is left to count up in
    } else if (++lastCount > 0xFFF) {
        ++lastTime;
        lastCount = 0;
    }
    new DataView(bytes.buffer).setUint16(0, Math.floor(lastTime / 0x100000000));
    new DataView(bytes.buffer).setUint32(2, lastTime % 0x100000000);
    bytes[6] = 0x70 | (lastCount >> 8);
    bytes[7] = lastCount & 0xFF;
    bytes[8] = 0x80 | (bytes[8] & 0x3F);
    const hex = toHex(bytes);
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

export const idPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
