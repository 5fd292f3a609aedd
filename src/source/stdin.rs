//! Standard input as one content.
//!
//! In: the process's standard input. Out: its pieces. Whoever reads keys or
//! ranges from standard input must not ask for this too.

use std::io::{self, Read as _};
use std::sync::Arc;

use super::Sink;
use super::pieces::{self, Stream};
use crate::finding::{Origin, Skip, SkipKind, SourceKind, Tally};
use crate::rule::Prefilter;

/// What standard input is called where a path is shown.
pub const ROOT: &str = "-";

struct Input<'a>(io::StdinLock<'a>);

impl Stream for Input<'_> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.0.read(room) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                done => return done,
            }
        }
    }
}

/// Reads standard input to its end.
pub fn sweep(prefilter: &Prefilter, sink: &dyn Sink) {
    let origin = Arc::new(Origin {
        source: SourceKind::Stdin,
        root: Arc::from(ROOT),
        path: None,
        object: None,
    });
    let (bytes, ended) =
        pieces::deliver(&mut Input(io::stdin().lock()), prefilter, &|| Arc::clone(&origin), sink);
    sink.count(Tally { files: 1, bytes, ..Tally::default() });
    if let Err(error) = ended {
        sink.skip(Skip {
            origin: "standard input".to_owned(),
            kind: SkipKind::Unreadable,
            reason: format!("the read failed after {bytes} bytes: {error}"),
        });
    }
}
