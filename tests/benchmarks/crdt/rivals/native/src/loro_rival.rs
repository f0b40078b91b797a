// SPDX-License-Identifier: Apache-2.0
use crate::bench::*;
use loro::{ExportMode, LoroDoc, LoroText};
use std::sync::{Arc, Mutex};

const NAME: &str = "loro";

fn doc(peer: u64) -> LoroDoc {
    let doc = LoroDoc::new();
    doc.set_peer_id(peer).unwrap();
    doc
}

fn apply(text: &LoroText, edit: &Edit) {
    if edit.deleted > 0 {
        text.delete_utf16(edit.position, edit.deleted).unwrap();
    }
    if !edit.text.is_empty() {
        text.insert_utf16(edit.position, &edit.text).unwrap();
    }
}

/// What its own subscription sends, which is faster than to export after each commit.
fn updates_of(doc: &LoroDoc, work: impl FnOnce()) -> Vec<Vec<u8>> {
    let updates = Arc::new(Mutex::new(Vec::new()));
    let sink = updates.clone();
    let subscription = doc.subscribe_local_update(Box::new(move |bytes| {
        sink.lock().unwrap().push(bytes.clone());
        true
    }));
    work();
    drop(subscription);
    let all = std::mem::take(&mut *updates.lock().unwrap());
    all
}

fn type_encoded(doc: &LoroDoc, edits: &[Edit]) -> Vec<Vec<u8>> {
    let text = doc.get_text("text");
    updates_of(doc, || {
        for one in edits {
            apply(&text, one);
            doc.commit();
        }
    })
}

fn receive(doc: &LoroDoc, updates: &[Vec<u8>]) {
    for bytes in updates {
        doc.import(bytes).unwrap();
    }
}

fn content(doc: &LoroDoc) -> String {
    doc.get_text("text").to_string()
}

fn paper(folder: &str) {
    let (end, edits) = trace(folder, "automerge-paper");
    let type_all = |doc: &mut LoroDoc| {
        let text = doc.get_text("text");
        for one in &edits {
            apply(&text, one);
        }
        doc.commit();
    };
    report(NAME, "type", best(3, || doc(1), type_all));
    report(NAME, "typeEncoded", best(2, || doc(1), |doc| {
        type_encoded(doc, &edits);
    }));
    let author = doc(1);
    let updates = type_encoded(&author, &edits);
    assert_eq!(content(&author), end);
    report(NAME, "receive", best(2, || doc(2), |doc| receive(doc, &updates)));
    report(NAME, "receiveBytes", updates.iter().map(Vec::len).sum::<usize>() as f64 / updates.len() as f64);
    let reader = doc(2);
    receive(&reader, &updates);
    assert_eq!(content(&reader), end);
    drop(reader);
    let saved = author.export(ExportMode::Snapshot).unwrap();
    report(NAME, "savedKb", saved.len() as f64 / 1000.0);
    // It keeps what it encoded once, so each run gets a document of its own.
    report(NAME, "save", best(3, || {
        let mut typed = doc(1);
        type_all(&mut typed);
        typed
    }, |typed| {
        typed.export(ExportMode::Snapshot).unwrap();
    }));
    // It decodes when first asked, so asking is part of loading.
    report(NAME, "load", best(9, || (), |_| {
        assert_eq!(content(&LoroDoc::from_snapshot(&saved).unwrap()).len(), end.len());
    }));
    report(NAME, "heapKb", heap_kb(|| {
        let mut kept = doc(1);
        type_all(&mut kept);
        kept
    }));
}

fn sessions(folder: &str) {
    let (end, transactions) = concurrent_trace(folder);
    let sent = replay(&transactions, |agent| doc(agent as u64 + 1), |doc, update: &Vec<Vec<u8>>| receive(doc, update),
        |doc, edits| {
            let text = doc.get_text("text");
            updates_of(doc, || {
                edits.iter().for_each(|one| apply(&text, one));
                doc.commit();
            })
        });
    let sent: Vec<Vec<u8>> = sent.into_iter().flatten().collect();
    report(NAME, "concurrent", best(2, || doc(99), |doc| receive(doc, &sent)));
    let reader = doc(99);
    receive(&reader, &sent);
    assert_eq!(content(&reader).chars().count(), end.chars().count());

    let (start, left) = trace(folder, "offline-left");
    let (_, right) = trace(folder, "offline-right");
    let first = type_encoded(&doc(7), &[Edit { position: 0, deleted: 0, text: start }]);
    let begin = |peer: u64| {
        let copy = doc(peer);
        receive(&copy, &first);
        copy
    };
    let alice = begin(1);
    let bob = begin(2);
    let from_alice = type_encoded(&alice, &left);
    type_encoded(&bob, &right);
    // One by one, each import on top of another branch takes it a millisecond and more: a session is sent at once.
    let from_alice_at_once = [alice.export(ExportMode::updates(&bob.oplog_vv())).unwrap()];
    let from_bob_at_once = [bob.export(ExportMode::updates(&alice.oplog_vv())).unwrap()];
    report(NAME, "offline", best(5, || {
        let copy = begin(3);
        receive(&copy, &from_alice);
        copy
    }, |doc| receive(doc, &from_bob_at_once)));
    receive(&alice, &from_bob_at_once);
    receive(&bob, &from_alice_at_once);
    assert_eq!(content(&alice), content(&bob));
}

fn keys() {
    let keys: Vec<String> = (0..1000).map(|i| format!("key{i}")).collect();
    let write = |doc: &LoroDoc| {
        let map = doc.get_map("map");
        updates_of(doc, || {
            for i in 0..100_000 {
                map.insert(&keys[i * 7 % 1000], i as i64).unwrap();
                doc.commit();
            }
        })
    };
    report(NAME, "keysLocal", best(2, || doc(1), |doc| {
        write(doc);
    }));
    let updates = write(&doc(1));
    report(NAME, "keysReceived", best(2, || doc(2), |doc| receive(doc, &updates)));
}

pub fn run(folder: &str) {
    paper(folder);
    sessions(folder);
    keys();
}
