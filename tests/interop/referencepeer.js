// SPDX-License-Identifier: Apache-2.0
// The reference implementation as a peer: one JSON request per line on stdin, one JSON answer per line on stdout.
'use strict';
const path = require('path');
const {createRequire} = require('module');
const load = createRequire(path.join(process.argv[2], 'index.js'));
const {Model} = load('json-joy/lib/json-crdt');
const patchBinary = load('json-joy/lib/json-crdt-patch/codec/binary');
const patchCompact = load('json-joy/lib/json-crdt-patch/codec/compact');
const patchVerbose = load('json-joy/lib/json-crdt-patch/codec/verbose');
const structural = (name) => load(`json-joy/lib/json-crdt/codec/structural/${name}`);
const indexed = load('json-joy/lib/json-crdt/codec/indexed/binary');
const sidecar = load('json-joy/lib/json-crdt/codec/sidecar/binary');
const {CborDecoder} = load('@jsonjoy.com/json-pack/lib/cbor/CborDecoder');

const kUrl = 'data:application/octet-stream;base64,';
const base64 = (bytes) => Buffer.from(bytes).toString('base64');
const bytes = (text) => new Uint8Array(Buffer.from(text, 'base64'));

// Binary data in JSON text is a data URL, as the reference's own JSON encoder writes it.
const withUrls = (value) => {
  if (value instanceof Uint8Array) return kUrl + base64(value);
  if (Array.isArray(value)) return value.map((v) => (v === undefined ? null : withUrls(v)));
  if (value && typeof value === 'object') {
    const out = {};
    for (const key of Object.keys(value)) if (value[key] !== undefined) out[key] = withUrls(value[key]);
    return out;
  }
  return value === undefined ? null : value;
};
const withBytes = (value) => {
  if (typeof value === 'string' && value.startsWith(kUrl)) return bytes(value.slice(kUrl.length));
  if (Array.isArray(value)) return value.map(withBytes);
  if (value && typeof value === 'object') {
    const out = {};
    for (const key of Object.keys(value)) out[key] = withBytes(value[key]);
    return out;
  }
  return value;
};

let seed = 1; // mulberry32: the same edits for the same seed
const random = (bound) => {
  seed = (seed + 0x6d2b79f5) | 0;
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) % bound;
};

let model = null;
const words = ['a', 'hello ', '안녕 ', '😀', 'e\u0301👩‍👧', 'x'.repeat(60), '한글 '.repeat(30)];
const keys = ['a', 'b', '10', '2', '한'];

const randomValue = (depth) => {
  switch (random(depth > 2 ? 5 : 8)) {
    case 0: return random(1000) - 500;
    case 1: return random(2) === 0;
    case 2: return null;
    case 3: return words[random(words.length)];
    case 4: return [0.5, 1e21, 0.1, 5e-324, 4294967296, -1e15][random(6)];
    case 5: return new Uint8Array([random(256), 255]);
    case 6: return Array.from({length: random(4)}, () => randomValue(depth + 1));
    default: {
      const object = {};
      for (let n = random(4); n > 0; n--) object[keys[random(keys.length)]] = randomValue(depth + 1);
      return object;
    }
  }
};

const pairSafe = (text, position) => {
  const code = text.charCodeAt(position);
  return position > 0 && position < text.length && code >= 0xdc00 && code < 0xe000 ? position - 1 : position;
};

const editText = (api) => {
  const text = api.view();
  const position = pairSafe(text, random(text.length + 1));
  const end = pairSafe(text, position + random(Math.min(text.length - position, 9) + 1));
  if (random(3) === 0 && end > position) api.del(position, end - position);
  else api.ins(position, words[random(words.length)]);
};

const editList = (api) => {
  const length = api.length();
  const position = random(length + 1);
  if (random(3) === 0 && position < length) api.del(position, 1 + random(length - position));
  else if (random(3) === 0 && position < length) api.upd(position, randomValue(1));
  else api.ins(position, [randomValue(1), randomValue(2)]);
};

const randomNode = () => {
  let node = model.root.node();
  while (node && random(4) !== 0) {
    const children = [];
    node.children((child) => child && children.push(child));
    if (!children.length) break;
    node = children[random(children.length)];
  }
  return node;
};

const edit = () => {
  const node = randomNode();
  if (!node || node.id.sid === 0 || random(40) === 0) {
    model.api.root(randomValue(0));
    return;
  }
  const api = model.api.wrap(node);
  switch (node.name()) {
    case 'val': api.set(randomValue(1)); break;
    case 'obj':
      if (random(4) === 0) api.del([keys[random(keys.length)]]);
      else api.set({[keys[random(keys.length)]]: randomValue(1)});
      break;
    case 'vec': api.set([[random(20), randomValue(1)]]); break;
    case 'str': editText(api); break;
    case 'bin':
      if (random(3) === 0 && api.length() > 0) api.del(random(api.length()), 1);
      else api.ins(random(api.length() + 1), new Uint8Array([1, 2, random(256)]));
      break;
    case 'arr': editList(api); break;
  }
};

const encodings = (m) => {
  const fields = new indexed.Encoder().encode(m);
  const [view, meta] = new sidecar.Encoder().encode(m);
  return {
    view: withUrls(m.view()),
    binary: base64(m.toBinary()),
    compact: JSON.stringify(withUrls(new (structural('compact').Encoder)().encode(m))),
    verbose: JSON.stringify(withUrls(new (structural('verbose').Encoder)().encode(m))),
    indexed: Object.keys(fields).map((name) => [name, base64(fields[name])]),
    sidecar: [base64(view), base64(meta)],
  };
};

const decodeModel = (format, data) => {
  switch (format) {
    case 'binary': return Model.fromBinary(bytes(data));
    case 'compact': return new (structural('compact').Decoder)().decode(withBytes(JSON.parse(data)));
    case 'verbose': return new (structural('verbose').Decoder)().decode(JSON.parse(data));
    case 'indexed': {
      const fields = {};
      for (const [name, field] of data) fields[name] = bytes(field);
      return new indexed.Decoder().decode(fields);
    }
    case 'sidecar': return new sidecar.Decoder().decode(new CborDecoder().decode(bytes(data[0])), bytes(data[1]));
  }
  throw new Error('format');
};

const decodePatch = (format, data) => {
  if (format === 'binary') return patchBinary.decode(bytes(data));
  return format === 'compact' ? patchCompact.decode(withBytes(JSON.parse(data))) : patchVerbose.decode(withBytes(JSON.parse(data)));
};

const commands = {
  start: ({sid, seed: s}) => {
    model = Model.create(undefined, sid);
    seed = s;
    return {};
  },
  edit: ({count}) => {
    for (let i = 0; i < count; i++) edit();
    const patch = model.api.flush();
    if (!patch.ops.length) return {};
    return {
      binary: base64(patchBinary.encode(patch)),
      compact: JSON.stringify(withUrls(patchCompact.encode(patch))),
      verbose: JSON.stringify(withUrls(patchVerbose.encode(patch))),
    };
  },
  apply: ({format, data}) => {
    const patch = decodePatch(format, data);
    model.applyPatch(patch);
    return {binary: base64(patchBinary.encode(patch))};
  },
  state: () => encodings(model),
  decode: ({format, data}) => {
    const decoded = decodeModel(format, data);
    return {view: withUrls(decoded.view()), binary: base64(decoded.toBinary())};
  },
};

require('readline').createInterface({input: process.stdin}).on('line', (line) => {
  let answer;
  try {
    const request = JSON.parse(line);
    answer = commands[request.command](request);
  } catch (error) {
    answer = {error: String((error && error.stack) || error)};
  }
  process.stdout.write(JSON.stringify(answer) + '\n');
});
