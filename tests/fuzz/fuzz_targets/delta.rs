//! Any delta on any base: building the object and looking only at what is new
//! agree on whether the delta is sound, and no run of bytes is lost between.
#![no_main]

use keysweep::git::pack::Delta;
use libfuzzer_sys::fuzz_target;

const CONTEXT: usize = 5;
const SEPARATOR: u8 = 0xff;

fuzz_target!(|input: (&[u8], &[u8])| {
    let (base, bytes) = input;
    let Ok(delta) = Delta::parse(bytes) else { return };
    let Ok(whole) = delta.build(base, 1 << 16) else {
        assert!(delta.result_len > 1 << 16 || delta.new_pieces(base, CONTEXT, SEPARATOR).is_err());
        return;
    };
    let pieces = delta.new_pieces(base, CONTEXT, SEPARATOR).expect("the object could be built");
    for run in whole.windows(CONTEXT + 1).filter(|run| !run.contains(&SEPARATOR)) {
        let holds = |bytes: &[u8]| bytes.windows(run.len()).any(|other| other == run);
        assert!(holds(base) || holds(&pieces));
    }
});
