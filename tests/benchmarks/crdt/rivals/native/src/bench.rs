// SPDX-License-Identifier: Apache-2.0
//! What every rival's file needs: the flat traces, the clock, the heap, the lines that are printed.

pub struct Edit {
    pub position: usize,
    pub deleted: usize,
    pub text: String,
}

pub struct Transaction {
    pub agent: usize,
    pub parents: Vec<usize>,
    pub edits: Vec<Edit>,
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
    fn edit(&mut self) -> Edit {
        let position = self.number();
        let deleted = self.number();
        Edit { position, deleted, text: self.text() }
    }
    fn done(&self) -> bool {
        self.at >= self.data.len()
    }
}

/// The text it ends with (or, for the offline sessions, begins with), and the edits.
pub fn trace(folder: &str, name: &str) -> (String, Vec<Edit>) {
    let mut flat = Flat::open(folder, name);
    let end = flat.text();
    let mut edits = Vec::new();
    while !flat.done() {
        edits.push(flat.edit());
    }
    (end, edits)
}

pub fn concurrent_trace(folder: &str) -> (String, Vec<Transaction>) {
    let mut flat = Flat::open(folder, "friendsforever.concurrent");
    let end = flat.text();
    let mut transactions = Vec::new();
    while !flat.done() {
        let agent = flat.number();
        let parents = (0..flat.number()).map(|_| flat.number()).collect();
        let edits = (0..flat.number()).map(|_| flat.edit()).collect();
        transactions.push(Transaction { agent, parents, edits });
    }
    (end, transactions)
}

/// Plays the concurrent session again: every agent's own replica writes what it wrote then, having received exactly what it
/// had seen then. `write` gives what one transaction sends; the result is all that was sent, in order.
pub fn replay<R, M>(
    transactions: &[Transaction],
    fresh: impl Fn(usize) -> R,
    mut receive: impl FnMut(&mut R, &M),
    mut write: impl FnMut(&mut R, &[Edit]) -> M,
) -> Vec<M> {
    let agents = transactions.iter().map(|one| one.agent).max().unwrap_or(0) + 1;
    let mut replicas: Vec<R> = (0..agents).map(fresh).collect();
    let mut seen = vec![vec![false; transactions.len()]; agents];
    let mut sent: Vec<M> = Vec::new();
    for (i, transaction) in transactions.iter().enumerate() {
        let known = &mut seen[transaction.agent];
        let mut pending = transaction.parents.clone();
        let mut missing = Vec::new();
        while let Some(parent) = pending.pop() {
            if !std::mem::replace(&mut known[parent], true) {
                missing.push(parent);
                pending.extend(&transactions[parent].parents);
            }
        }
        missing.sort_unstable();
        let replica = &mut replicas[transaction.agent];
        for parent in missing {
            receive(replica, &sent[parent]);
        }
        known[i] = true;
        sent.push(write(replica, &transaction.edits));
    }
    sent
}

/// The processor time of this thread, in milliseconds: what else runs on the machine is not in it.
fn now() -> f64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time) };
    time.tv_sec as f64 * 1e3 + time.tv_nsec as f64 / 1e6
}

/// The least of several runs; `prepare` gives what one run uses up.
pub fn best<S, P: FnMut() -> S, W: FnMut(&mut S)>(runs: usize, mut prepare: P, mut work: W) -> f64 {
    let mut least = f64::INFINITY;
    for _ in 0..runs {
        let mut state = prepare();
        let start = now();
        work(&mut state);
        least = least.min(now() - start);
    }
    least
}

/// How many kilobytes of the heap the thing that `make` makes occupies.
pub fn heap_kb<T>(make: impl FnOnce() -> T) -> f64 {
    let used = || unsafe {
        libc::malloc_trim(0);
        libc::mallinfo2().uordblks as f64
    };
    let before = used();
    let kept = make();
    let after = used();
    drop(kept);
    (after - before) / 1000.0
}

pub fn report(rival: &str, work: &str, number: f64) {
    println!("{rival} {work} {number}");
}
