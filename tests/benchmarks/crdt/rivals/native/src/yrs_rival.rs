// SPDX-License-Identifier: Apache-2.0
use crate::bench::*;
use yrs::block::ClientID;
use yrs::updates::decoder::Decode;
use yrs::{Doc, GetString, Map, OffsetKind, Options, ReadTxn, StateVector, Text, TextRef, Transact, TransactionMut, Update};

const NAME: &str = "yrs";

fn doc(client: u64) -> Doc {
    let mut options = Options::with_client_id(ClientID::new(client));
    options.offset_kind = OffsetKind::Utf16;
    Doc::with_options(options)
}

fn apply(text: &TextRef, txn: &mut TransactionMut, edit: &Edit) {
    if edit.deleted > 0 {
        text.remove_range(txn, edit.position as u32, edit.deleted as u32);
    }
    if !edit.text.is_empty() {
        text.insert(txn, edit.position as u32, &edit.text);
    }
}

fn encoded(doc: &Doc, text: &TextRef, edits: &[Edit]) -> Vec<u8> {
    let mut txn = doc.transact_mut();
    for one in edits {
        apply(text, &mut txn, one);
    }
    txn.encode_update_v1()
}

fn receive(doc: &Doc, updates: &[Vec<u8>]) {
    for bytes in updates {
        let update = Update::decode_v1(bytes).unwrap();
        doc.transact_mut().apply_update(update).unwrap();
    }
}

fn content(doc: &Doc) -> String {
    let text = doc.get_or_insert_text("text");
    let content = text.get_string(&doc.transact());
    content
}

fn whole(doc: &Doc) -> Vec<u8> {
    doc.transact().encode_state_as_update_v1(&StateVector::default())
}

fn paper(folder: &str) {
    let (end, edits) = trace(folder, "automerge-paper");
    // A position is looked for from the front, so typing the paper takes long: once is enough, and edits only would take as
    // long as these.
    let author = doc(1);
    let text = author.get_or_insert_text("text");
    let mut updates = Vec::new();
    report(NAME, "typeEncoded", best(1, || (), |_| {
        updates = edits.iter().map(|one| encoded(&author, &text, std::slice::from_ref(one))).collect();
    }));
    assert_eq!(content(&author), end);
    report(NAME, "receive", best(3, || doc(2), |doc| receive(doc, &updates)));
    report(NAME, "receiveBytes", updates.iter().map(Vec::len).sum::<usize>() as f64 / updates.len() as f64);
    let reader = doc(2);
    receive(&reader, &updates);
    assert_eq!(content(&reader), end);
    let saved = whole(&author);
    report(NAME, "savedKb", saved.len() as f64 / 1000.0);
    report(NAME, "save", best(15, || (), |_| {
        whole(&author);
    }));
    report(NAME, "load", best(15, || doc(2), |doc| receive(doc, std::slice::from_ref(&saved))));
    report(NAME, "heapKb", heap_kb(|| {
        let kept = doc(2);
        receive(&kept, &updates);
        kept
    }));
}

fn sessions(folder: &str) {
    let (end, transactions) = concurrent_trace(folder);
    let sent = replay(&transactions, |agent| doc(agent as u64 + 1), |doc, update: &Vec<u8>| receive(doc, std::slice::from_ref(update)),
        |doc, edits| encoded(doc, &doc.get_or_insert_text("text"), edits));
    report(NAME, "concurrent", best(9, || doc(99), |doc| receive(doc, &sent)));
    let reader = doc(99);
    receive(&reader, &sent);
    // Where two insert at one place, each library has its own order: the content is the trace's, the order may not be.
    assert_eq!(sorted(&content(&reader)), sorted(&end));

    let (start, left) = trace(folder, "offline-left");
    let (_, right) = trace(folder, "offline-right");
    let begin = |client: u64, first: &Vec<u8>| {
        let copy = doc(client);
        receive(&copy, std::slice::from_ref(first));
        copy
    };
    let origin = doc(7);
    let first = encoded(&origin, &origin.get_or_insert_text("text"), &[Edit { position: 0, deleted: 0, text: start }]);
    let type_session = |doc: &Doc, edits: &[Edit]| -> Vec<Vec<u8>> {
        let text = doc.get_or_insert_text("text");
        edits.iter().map(|one| encoded(doc, &text, std::slice::from_ref(one))).collect()
    };
    let alice = begin(1, &first);
    let bob = begin(2, &first);
    let from_alice = type_session(&alice, &left);
    let from_bob = type_session(&bob, &right);
    let before = whole(&alice);
    report(NAME, "offline", best(7, || begin(3, &before), |doc| receive(doc, &from_bob)));
    receive(&alice, &from_bob);
    receive(&bob, &from_alice);
    assert_eq!(content(&alice), content(&bob));
}

fn sorted(text: &str) -> Vec<char> {
    let mut all: Vec<char> = text.chars().collect();
    all.sort_unstable();
    all
}

fn keys() {
    let keys: Vec<String> = (0..1000).map(|i| format!("key{i}")).collect();
    let write = |doc: &Doc| -> Vec<Vec<u8>> {
        let map = doc.get_or_insert_map("map");
        (0..100_000)
            .map(|i| {
                let mut txn = doc.transact_mut();
                map.insert(&mut txn, keys[i * 7 % 1000].as_str(), i as i64);
                txn.encode_update_v1()
            })
            .collect()
    };
    report(NAME, "keysLocal", best(5, || doc(1), |doc| {
        write(doc);
    }));
    let updates = write(&doc(1));
    report(NAME, "keysReceived", best(5, || doc(2), |doc| receive(doc, &updates)));
}

pub fn run(folder: &str) {
    paper(folder);
    sessions(folder);
    keys();
}
