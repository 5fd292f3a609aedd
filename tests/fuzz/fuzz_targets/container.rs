//! Fuzzes `harness::container`, which says what it must hold.
#![no_main]

#[path = "../harness.rs"]
mod harness;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| harness::container(bytes));
