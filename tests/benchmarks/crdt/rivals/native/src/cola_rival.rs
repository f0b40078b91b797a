// SPDX-License-Identifier: Apache-2.0
//! cola keeps ids and no text: a buffered rope stands beside it. Both count characters. What is sent is the operation and
//! its text in bincode, which is what cola's own serialisation is made for.
use crate::bench::*;
use cola::{Deletion, Insertion, Replica, ReplicaId};
use jumprope::JumpRopeBuf;
use serde::{Deserialize, Serialize};

const NAME: &str = "cola+jumprope";

#[derive(Serialize, Deserialize, Default)]
struct Message {
    deletion: Option<Deletion>,
    insertion: Option<(Insertion, String)>,
}

struct Text {
    replica: Replica,
    rope: JumpRopeBuf,
}

fn fresh(id: ReplicaId, start: &str) -> Text {
    // All replicas are forks of one, as cola wants it.
    let first = Replica::new(1, start.chars().count());
    let replica = if id == 1 { first } else { first.fork(id) };
    Text { replica, rope: JumpRopeBuf::from(start) }
}

fn edit(text: &mut Text, edit: &Edit) -> Message {
    let mut message = Message::default();
    if edit.deleted > 0 {
        let range = edit.position..edit.position + edit.deleted;
        text.rope.remove(range.clone());
        message.deletion = Some(text.replica.deleted(range));
    }
    if !edit.text.is_empty() {
        text.rope.insert(edit.position, &edit.text);
        let length = edit.text.chars().count();
        message.insertion = Some((text.replica.inserted(edit.position, length), edit.text.clone()));
    }
    message
}

fn apply(text: &mut Text, message: &Message) {
    if let Some(deletion) = &message.deletion {
        for range in text.replica.integrate_deletion(deletion).into_iter().rev() {
            text.rope.remove(range);
        }
    }
    if let Some((insertion, inserted)) = &message.insertion {
        if let Some(position) = text.replica.integrate_insertion(insertion) {
            text.rope.insert(position, inserted);
        }
    }
}

fn receive(text: &mut Text, sent: &[Vec<u8>]) {
    for bytes in sent {
        apply(text, &bincode::deserialize(bytes).unwrap());
    }
}

fn encoded(text: &mut Text, one: &Edit) -> Vec<u8> {
    bincode::serialize(&edit(text, one)).unwrap()
}

pub fn run(folder: &str) {
    let (end, edits) = trace(folder, "automerge-paper");
    let type_all = |text: &mut Text| {
        for one in &edits {
            if one.deleted > 0 {
                let range = one.position..one.position + one.deleted;
                text.rope.remove(range.clone());
                let _ = text.replica.deleted(range);
            }
            if !one.text.is_empty() {
                text.rope.insert(one.position, &one.text);
                let _ = text.replica.inserted(one.position, one.text.len());
            }
        }
    };
    report(NAME, "type", best(7, || fresh(1, ""), type_all));
    report(NAME, "typeEncoded", best(7, || fresh(1, ""), |text| {
        for one in &edits {
            encoded(text, one);
        }
    }));
    let mut author = fresh(1, "");
    let sent: Vec<Vec<u8>> = edits.iter().map(|one| encoded(&mut author, one)).collect();
    assert_eq!(author.rope.to_string(), end);
    report(NAME, "receive", best(7, || fresh(2, ""), |text| receive(text, &sent)));
    report(NAME, "receiveBytes", sent.iter().map(Vec::len).sum::<usize>() as f64 / sent.len() as f64);
    let mut reader = fresh(2, "");
    receive(&mut reader, &sent);
    assert_eq!(reader.rope.to_string(), end);
    report(NAME, "heapKb", heap_kb(|| {
        let mut text = fresh(1, "");
        type_all(&mut text);
        text
    }));

    let (end, transactions) = concurrent_trace(folder);
    let sent = replay(&transactions, |agent| fresh(agent as ReplicaId + 2, ""), |text, sent: &Vec<Vec<u8>>| receive(text, sent),
        |text, edits| edits.iter().map(|one| encoded(text, one)).collect::<Vec<_>>());
    let sent: Vec<Vec<u8>> = sent.into_iter().flatten().collect();
    report(NAME, "concurrent", best(9, || fresh(99, ""), |text| receive(text, &sent)));
    let mut reader = fresh(99, "");
    receive(&mut reader, &sent);
    assert_eq!(reader.rope.to_string(), end);

    let (start, left) = trace(folder, "offline-left");
    let (_, right) = trace(folder, "offline-right");
    let mut alice = fresh(1, &start);
    let mut bob = fresh(2, &start);
    let from_alice: Vec<Vec<u8>> = left.iter().map(|one| encoded(&mut alice, one)).collect();
    let from_bob: Vec<Vec<u8>> = right.iter().map(|one| encoded(&mut bob, one)).collect();
    report(NAME, "offline", best(9, || {
        let mut text = fresh(1, &start);
        for one in &left {
            encoded(&mut text, one);
        }
        text
    }, |text| receive(text, &from_bob)));
    receive(&mut alice, &from_bob);
    receive(&mut bob, &from_alice);
    assert_eq!(alice.rope.to_string(), bob.rope.to_string());
}
