// SPDX-License-Identifier: Apache-2.0
//! The work of scenarios.cpp with native CRDT libraries, where they have it. Arguments: the folder of the flat traces, the
//! rivals to measure. Lines of: rival, work, number. A rival that ends with another text than the trace stops the program.
mod bench;
mod cola_rival;
mod diamond_rival;
mod loro_rival;
mod yrs_rival;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().expect("the folder of the flat traces");
    for rival in arguments {
        match rival.as_str() {
            "cola" => cola_rival::run(&folder),
            "diamond-types" => diamond_rival::run(&folder),
            "loro" => loro_rival::run(&folder),
            "yrs" => yrs_rival::run(&folder),
            other => panic!("no rival {other}"),
        }
    }
}
