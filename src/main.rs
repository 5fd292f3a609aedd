//! Parses the command line, runs one command, ends with its exit code.

fn main() {}
