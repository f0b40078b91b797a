// SPDX-License-Identifier: Apache-2.0
//! diamond-types keeps a log of edits and works out ids only where sessions were concurrent. Its patches are made for
//! many edits each, so an offline session is sent as one.
use crate::bench::*;
use diamond_types::list::encoding::{EncodeOptions, ENCODE_PATCH};
use diamond_types::list::ListCRDT;

const NAME: &str = "diamond-types";

fn apply(doc: &mut ListCRDT, agent: u32, edit: &Edit) {
    if edit.deleted > 0 {
        doc.delete_without_content(agent, edit.position..edit.position + edit.deleted);
    }
    if !edit.text.is_empty() {
        doc.insert(agent, edit.position, &edit.text);
    }
}

fn encoded(doc: &mut ListCRDT, agent: u32, edits: &[Edit]) -> Vec<u8> {
    let before = doc.oplog.local_version();
    for one in edits {
        apply(doc, agent, one);
    }
    doc.oplog.encode_from(ENCODE_PATCH, &before)
}

fn receive(doc: &mut ListCRDT, sent: &[Vec<u8>]) {
    for bytes in sent {
        doc.merge_data_and_ff(bytes).unwrap();
    }
}

pub fn run(folder: &str) {
    let (end, edits) = trace(folder, "automerge-paper");
    let type_all = |doc: &mut ListCRDT| {
        let agent = doc.get_or_create_agent_id("alice");
        for one in &edits {
            apply(doc, agent, one);
        }
    };
    report(NAME, "type", best(7, ListCRDT::new, type_all));
    let type_encoded = |doc: &mut ListCRDT| -> Vec<Vec<u8>> {
        let agent = doc.get_or_create_agent_id("alice");
        edits.iter().map(|one| encoded(doc, agent, std::slice::from_ref(one))).collect()
    };
    report(NAME, "typeEncoded", best(3, ListCRDT::new, |doc| {
        type_encoded(doc);
    }));
    let mut doc = ListCRDT::new();
    let sent = type_encoded(&mut doc);
    assert_eq!(doc.branch.content().to_string(), end);
    report(NAME, "receive", best(3, ListCRDT::new, |doc| receive(doc, &sent)));
    report(NAME, "receiveBytes", sent.iter().map(Vec::len).sum::<usize>() as f64 / sent.len() as f64);
    let saved = doc.oplog.encode(EncodeOptions::default());
    report(NAME, "savedKb", saved.len() as f64 / 1000.0);
    report(NAME, "save", best(15, || (), |_| {
        doc.oplog.encode(EncodeOptions::default());
    }));
    report(NAME, "load", best(15, || (), |_| {
        ListCRDT::load_from(&saved).unwrap();
    }));
    assert_eq!(ListCRDT::load_from(&saved).unwrap().branch.content().to_string(), end);
    report(NAME, "heapKb", heap_kb(|| {
        let mut doc = ListCRDT::new();
        type_all(&mut doc);
        doc
    }));

    let (end, transactions) = concurrent_trace(folder);
    let sent = replay(&transactions, |agent| {
        let mut doc = ListCRDT::new();
        let id = doc.get_or_create_agent_id(&format!("agent{agent}"));
        (doc, id)
    }, |(doc, _), bytes: &Vec<u8>| receive(doc, std::slice::from_ref(bytes)), |(doc, id), edits| encoded(doc, *id, edits));
    report(NAME, "concurrent", best(3, ListCRDT::new, |doc| receive(doc, &sent)));
    let mut reader = ListCRDT::new();
    receive(&mut reader, &sent);
    assert_eq!(reader.branch.content().to_string().chars().count(), end.chars().count());

    // What all begin with is in the log once: everybody's first edit is to load it.
    let (start, left) = trace(folder, "offline-left");
    let (_, right) = trace(folder, "offline-right");
    let mut alice = ListCRDT::new();
    let agent = alice.get_or_create_agent_id("alice");
    alice.insert(agent, 0, &start);
    let first = alice.oplog.encode(EncodeOptions::default());
    let begin = |name: &str| {
        let mut doc = ListCRDT::load_from(&first).unwrap();
        let agent = doc.get_or_create_agent_id(name);
        (doc, agent)
    };
    let (mut bob, bob_agent) = begin("bob");
    let (mut alice, alice_agent) = begin("alice");
    let from_bob = encoded(&mut bob, bob_agent, &right);
    let from_alice = encoded(&mut alice, alice_agent, &left);
    report(NAME, "offline", best(5, || {
        let (mut doc, agent) = begin("alice");
        left.iter().for_each(|one| apply(&mut doc, agent, one));
        doc
    }, |doc| receive(doc, std::slice::from_ref(&from_bob))));
    alice.merge_data_and_ff(&from_bob).unwrap();
    bob.merge_data_and_ff(&from_alice).unwrap();
    assert_eq!(alice.branch.content().to_string(), bob.branch.content().to_string());
}
