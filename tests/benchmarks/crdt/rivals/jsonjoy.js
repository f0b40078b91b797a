// SPDX-License-Identifier: Apache-2.0
// The work of scenarios.cpp with json-joy. Arguments: the folder it is installed in, the folder of the flat traces.
'use strict';
const fs = require('fs');
const path = require('path');
const {createRequire} = require('module');
const load = createRequire(path.join(process.argv[2], 'index.js'));
const {Model} = load('json-joy/lib/json-crdt');
const {encode, decode} = load('json-joy/lib/json-crdt-patch/codec/binary');

const kAlice = 1234567890123;
const kBob = 3234567890123;
const report = (work, number) => console.log(`json-joy ${work} ${number}`);

class Flat {
  constructor(name) {
    this.data = fs.readFileSync(path.join(process.argv[3], name + '.flat'));
    this.at = 0;
  }
  number() {
    this.at += 4;
    return this.data.readUInt32LE(this.at - 4);
  }
  text() {
    const size = this.number();
    this.at += size;
    return this.data.toString('utf8', this.at - size, this.at);
  }
  edit() {
    return [this.number(), this.number(), this.text()];
  }
  get done() {
    return this.at >= this.data.length;
  }
}

const readTrace = (name) => {
  const flat = new Flat(name);
  const trace = {end: flat.text(), edits: []};
  while (!flat.done) trace.edits.push(flat.edit());
  return trace;
};

// The least of several runs, of elapsed and of processor time: the first is too long on a busy machine, and the second has
// the helper threads' work in it.
const best = (runs, prepare, work) => {
  let least = Infinity;
  for (let i = 0; i < runs; i++) {
    const state = prepare();
    const start = process.hrtime.bigint();
    const cpu = process.cpuUsage();
    work(state);
    const used = process.cpuUsage(cpu);
    least = Math.min(least, Number(process.hrtime.bigint() - start) / 1e6, (used.user + used.system) / 1e3);
  }
  return least;
};

const text = (sid, start = '') => {
  const model = Model.create(undefined, sid);
  model.api.root(start);
  return model;
};
const editor = (model) => {
  const str = model.api.str([]);
  return ([position, deleted, inserted]) => {
    if (deleted) str.del(position, deleted);
    if (inserted) str.ins(position, inserted);
  };
};
const check = (right, what) => {
  if (!right) throw new Error(what);
};

const paper = readTrace('automerge-paper');
if (global.gc) {
  global.gc();
  global.gc();
  const before = process.memoryUsage().heapUsed;
  const model = text(kAlice);
  const edit = editor(model);
  for (const one of paper.edits) {
    edit(one);
    model.api.flush();
  }
  global.gc();
  report('heapKb', (process.memoryUsage().heapUsed - before) / 1000);
  check(model.view().length === paper.end.length, 'the kept paper');
}
report('type', best(7, () => text(kAlice), (model) => {
  const edit = editor(model);
  for (const one of paper.edits) edit(one);
}));
report('typeEncoded', best(7, () => text(kAlice), (model) => {
  const edit = editor(model);
  for (const one of paper.edits) {
    edit(one);
    encode(model.api.flush());
  }
}));
const typed = text(kAlice);
const patches = [encode(typed.api.flush())];
{
  const edit = editor(typed);
  for (const one of paper.edits) {
    edit(one);
    patches.push(encode(typed.api.flush()));
  }
}
check(typed.view() === paper.end, 'the paper');
const receive = (list) => (model) => {
  for (const patch of list) model.applyPatch(decode(patch));
};
report('receive', best(5, () => Model.create(undefined, kBob), receive(patches)));
report('receiveBytes', patches.reduce((sum, patch) => sum + patch.length, 0) / patches.length);
const saved = typed.toBinary();
report('savedKb', saved.length / 1000);
report('save', best(15, () => 0, () => typed.toBinary()));
report('load', best(15, () => 0, () => Model.fromBinary(saved)));
{
  const flat = new Flat('friendsforever.concurrent');
  const end = flat.text();
  const start = text(kAlice);
  const first = encode(start.api.flush());
  const list = [first];
  const agents = new Map();
  const transactions = [];
  while (!flat.done) {
    const agent = flat.number();
    const parents = Array.from({length: flat.number()}, () => flat.number());
    const edits = Array.from({length: flat.number()}, () => flat.edit());
    if (!agents.has(agent)) {
      const model = Model.create(undefined, kAlice + 1000 * (agent + 1));
      model.applyPatch(decode(first));
      agents.set(agent, {model, seen: new Set()});
    }
    const {model, seen} = agents.get(agent);
    const missing = [];
    const pending = [...parents];
    while (pending.length) {
      const parent = pending.pop();
      if (seen.has(parent)) continue;
      seen.add(parent);
      missing.push(parent);
      pending.push(...transactions[parent]);
    }
    missing.sort((a, b) => a - b);
    for (const parent of missing) if (list[parent + 1]) model.applyPatch(decode(list[parent + 1]));
    const edit = editor(model);
    for (const one of edits) edit(one);
    seen.add(transactions.length);
    transactions.push(parents);
    const patch = model.api.flush();
    list.push(patch.ops.length ? encode(patch) : null);
  }
  const all = list.filter(Boolean);
  report('concurrent', best(9, () => Model.create(undefined, kBob), receive(all)));
  const model = Model.create(undefined, kBob);
  receive(all)(model);
  check(model.view() === end, 'the concurrent session');
}

{
  const left = readTrace('offline-left');
  const right = readTrace('offline-right');
  const alice = text(kAlice, left.end);
  const start = encode(alice.api.flush());
  const bob = Model.create(undefined, kBob);
  bob.applyPatch(decode(start));
  const session = (model, edits) => {
    const edit = editor(model);
    return edits.map((one) => {
      edit(one);
      return encode(model.api.flush());
    });
  };
  session(alice, left.edits);
  const fromBob = session(bob, right.edits);
  report('offline', best(7, () => alice.clone(), receive(fromBob)));
}

{
  const keys = Array.from({length: 1000}, (_, i) => 'key' + i);
  const list = [];
  const run = (model, keep) => {
    const obj = model.api.obj([]);
    for (let i = 0; i < 100000; i++) {
      obj.set({[keys[(i * 7) % 1000]]: i});
      const patch = encode(model.api.flush());
      if (keep) list.push(patch);
    }
  };
  const map = () => text(kAlice, {});
  report('keysLocal', best(5, map, (model) => run(model, false)));
  const model = map();
  list.push(encode(model.api.flush()));
  run(model, true);
  report('keysReceived', best(5, () => Model.create(undefined, kBob), receive(list)));
}
