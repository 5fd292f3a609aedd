//! Fuzzes `harness::inflate`, which says what it must hold.
#![no_main]

#[path = "../harness.rs"]
mod harness;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| harness::inflate(bytes));
