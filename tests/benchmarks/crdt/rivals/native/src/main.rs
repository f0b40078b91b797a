// SPDX-License-Identifier: Apache-2.0
// The work of scenarios.cpp with native CRDT libraries, where they have it. Argument: the folder of the flat traces.
// Lines of: rival, work, number.
use std::time::Instant;

struct Edit {
    position: usize,
    deleted: usize,
    text: String,
}

struct Flat {
    data: Vec<u8>,
    at: usize,
}

impl Flat {
    fn open(folder: &str, name: &str) -> Flat {
        let data = std::fs::read(format!("{folder}/{name}.flat")).expect("a flat trace");
        Flat { data, at: 0 }
    }
    fn number(&mut self) -> usize {
        let bytes: [u8; 4] = self.data[self.at..self.at + 4].try_into().unwrap();
        self.at += 4;
        u32::from_le_bytes(bytes) as usize
    }
    fn text(&mut self) -> String {
        let size = self.number();
        self.at += size;
        String::from_utf8(self.data[self.at - size..self.at].to_vec()).unwrap()
    }
    fn trace(folder: &str, name: &str) -> (String, Vec<Edit>) {
        let mut flat = Flat::open(folder, name);
        let end = flat.text();
        let mut edits = Vec::new();
        while flat.at < flat.data.len() {
            let position = flat.number();
            let deleted = flat.number();
            let text = flat.text();
            edits.push(Edit { position, deleted, text });
        }
        (end, edits)
    }
}

fn best<S, P: FnMut() -> S, W: FnMut(&mut S)>(runs: usize, mut prepare: P, mut work: W) -> f64 {
    let mut least = f64::INFINITY;
    for _ in 0..runs {
        let mut state = prepare();
        let start = Instant::now();
        work(&mut state);
        least = least.min(start.elapsed().as_secs_f64() * 1000.0);
    }
    least
}

fn report(rival: &str, work: &str, number: f64) {
    println!("{rival} {work} {number}");
}

mod yrs_rival {
    use super::*;
    use yrs::updates::decoder::Decode;
    use yrs::{Doc, GetString, Map, OffsetKind, Options, ReadTxn, StateVector, Text, Transact, Update};

    fn doc(client: u64) -> Doc {
        let mut options = Options::with_client_id(client);
        options.offset_kind = OffsetKind::Utf16;
        Doc::with_options(options)
    }

    fn edit_encoded(doc: &Doc, edit: &Edit) -> Vec<u8> {
        let text = doc.get_or_insert_text("text");
        let mut txn = doc.transact_mut();
        if edit.deleted > 0 {
            text.remove_range(&mut txn, edit.position as u32, edit.deleted as u32);
        }
        if !edit.text.is_empty() {
            text.insert(&mut txn, edit.position as u32, &edit.text);
        }
        txn.encode_update_v1()
    }

    fn receive(doc: &Doc, updates: &[Vec<u8>]) {
        for update in updates {
            let update = Update::decode_v1(update).unwrap();
            doc.transact_mut().apply_update(update).unwrap();
        }
    }

    pub fn run(folder: &str) {
        let (end, edits) = Flat::trace(folder, "automerge-paper");
        let typing = best(3, || doc(1), |doc| {
            let text = doc.get_or_insert_text("text");
            let mut txn = doc.transact_mut();
            for edit in &edits {
                if edit.deleted > 0 {
                    text.remove_range(&mut txn, edit.position as u32, edit.deleted as u32);
                }
                if !edit.text.is_empty() {
                    text.insert(&mut txn, edit.position as u32, &edit.text);
                }
            }
        });
        report("yrs", "type", typing);
        let author = doc(1);
        let updates: Vec<Vec<u8>> = edits.iter().map(|edit| edit_encoded(&author, edit)).collect();
        let encoded = best(3, || doc(1), |doc| {
            for edit in &edits {
                edit_encoded(doc, edit);
            }
        });
        report("yrs", "typeEncoded", encoded);
        report("yrs", "receive", best(3, || doc(2), |doc| receive(doc, &updates)));
        let bytes: usize = updates.iter().map(Vec::len).sum();
        report("yrs", "receiveBytes", bytes as f64 / updates.len() as f64);
        let text = author.get_or_insert_text("text");
        assert_eq!(text.get_string(&author.transact()), end);
        let saved = author.transact().encode_state_as_update_v1(&StateVector::default());
        report("yrs", "savedKb", saved.len() as f64 / 1000.0);
        report("yrs", "save", best(9, || (), |_| {
            author.transact().encode_state_as_update_v1(&StateVector::default());
        }));
        report("yrs", "load", best(9, || doc(2), |doc| receive(doc, std::slice::from_ref(&saved))));

        let (start, left) = Flat::trace(folder, "offline-left");
        let (_, right) = Flat::trace(folder, "offline-right");
        let alice = doc(1);
        let first = edit_encoded(&alice, &Edit { position: 0, deleted: 0, text: start });
        let bob = doc(2);
        receive(&bob, std::slice::from_ref(&first));
        for edit in &left {
            edit_encoded(&alice, edit);
        }
        let from_bob: Vec<Vec<u8>> = right.iter().map(|edit| edit_encoded(&bob, edit)).collect();
        let whole = alice.transact().encode_state_as_update_v1(&StateVector::default());
        report("yrs", "offline", best(5, || {
            let copy = doc(3);
            receive(&copy, std::slice::from_ref(&whole));
            copy
        }, |doc| receive(doc, &from_bob)));

        let keys: Vec<String> = (0..1000).map(|i| format!("key{i}")).collect();
        let set = |doc: &Doc, i: usize| {
            let map = doc.get_or_insert_map("map");
            let mut txn = doc.transact_mut();
            map.insert(&mut txn, keys[i * 7 % 1000].as_str(), i as i64);
            txn.encode_update_v1()
        };
        report("yrs", "keysLocal", best(3, || doc(1), |doc| {
            for i in 0..100_000 {
                set(doc, i);
            }
        }));
        let author = doc(1);
        let updates: Vec<Vec<u8>> = (0..100_000).map(|i| set(&author, i)).collect();
        report("yrs", "keysReceived", best(3, || doc(2), |doc| receive(doc, &updates)));
    }
}

mod diamond_rival {
    use super::*;
    use diamond_types::list::{ListCRDT, encoding::EncodeOptions};

    pub fn run(folder: &str) {
        let (end, edits) = Flat::trace(folder, "automerge-paper");
        let apply = |doc: &mut ListCRDT, agent, edit: &Edit| {
            if edit.deleted > 0 {
                doc.delete_without_content(agent, edit.position..edit.position + edit.deleted);
            }
            if !edit.text.is_empty() {
                doc.insert(agent, edit.position, &edit.text);
            }
        };
        report("diamond-types", "type", best(5, ListCRDT::new, |doc| {
            let agent = doc.get_or_create_agent_id("alice");
            for edit in &edits {
                apply(doc, agent, edit);
            }
        }));
        let mut doc = ListCRDT::new();
        let agent = doc.get_or_create_agent_id("alice");
        for edit in &edits {
            apply(&mut doc, agent, edit);
        }
        assert_eq!(doc.branch.content().to_string(), end);
        let saved = doc.oplog.encode(EncodeOptions::default());
        report("diamond-types", "savedKb", saved.len() as f64 / 1000.0);
        report("diamond-types", "save", best(9, || (), |_| {
            doc.oplog.encode(EncodeOptions::default());
        }));
        report("diamond-types", "load", best(9, || (), |_| {
            ListCRDT::load_from(&saved).unwrap();
        }));
    }
}

mod cola_rival {
    use super::*;
    use cola::{Deletion, Insertion, Replica};
    use crop::Rope;

    // cola keeps no text, so a rope stands beside it; both count bytes here, which the paper's text allows.
    enum Op {
        Insert(Insertion, String),
        Delete(Deletion),
    }

    fn apply(replica: &mut Replica, rope: &mut Rope, edit: &Edit, mut keep: impl FnMut(Op)) {
        if edit.deleted > 0 {
            let range = edit.position..edit.position + edit.deleted;
            rope.delete(range.clone());
            keep(Op::Delete(replica.deleted(range)));
        }
        if !edit.text.is_empty() {
            rope.insert(edit.position, &edit.text);
            keep(Op::Insert(replica.inserted(edit.position, edit.text.len()), edit.text.clone()));
        }
    }

    pub fn run(folder: &str) {
        let (end, edits) = Flat::trace(folder, "automerge-paper");
        if !end.is_ascii() || edits.iter().any(|edit| !edit.text.is_ascii()) {
            return; // bytes are not characters
        }
        let fresh = || (Replica::new(1, 0), Rope::new());
        report("cola+crop", "type", best(5, fresh, |(replica, rope)| {
            for edit in &edits {
                apply(replica, rope, edit, |_| ());
            }
        }));
        let (mut replica, mut rope) = fresh();
        let other = replica.fork(2);
        let mut ops = Vec::new();
        for edit in &edits {
            apply(&mut replica, &mut rope, edit, |op| ops.push(op));
        }
        assert_eq!(rope.to_string(), end);
        report("cola+crop", "receive", best(5, || (other.fork(3), Rope::new()), |(replica, rope)| {
            for op in &ops {
                match op {
                    Op::Insert(insertion, text) => {
                        if let Some(position) = replica.integrate_insertion(insertion) {
                            rope.insert(position, text);
                        }
                    }
                    Op::Delete(deletion) => {
                        for range in replica.integrate_deletion(deletion).into_iter().rev() {
                            rope.delete(range);
                        }
                    }
                }
            }
        }));
    }
}

fn main() {
    let folder = std::env::args().nth(1).expect("the folder of the flat traces");
    cola_rival::run(&folder);
    diamond_rival::run(&folder);
    yrs_rival::run(&folder);
}
