//! Containers made at run time.
//!
//! In: a kind, an inner name and bytes. Out: a container that holds them.

#![allow(dead_code, reason = "each test file uses its own part of this")]

use std::io::{Cursor, Write as _};

/// The kinds that [`pack`] makes.
pub(crate) const KINDS: [&str; 7] = ["gzip", "bzip2", "xz", "zstd", "tar", "zip", "stored-zip"];

/// Packs one file.
pub(crate) fn pack(kind: &str, name: &str, bytes: &[u8]) -> Vec<u8> {
    match kind {
        "gzip" | "gz" => {
            let mut encoder =
                flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
            encoder.write_all(bytes).expect("memory takes writes");
            encoder.finish().expect("memory takes writes")
        }
        "bzip2" | "bz2" => {
            let mut encoder =
                bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::default());
            encoder.write_all(bytes).expect("memory takes writes");
            encoder.finish().expect("memory takes writes")
        }
        "xz" => {
            let options = lzma_rust2::XzOptions::with_preset(6);
            let mut encoder =
                lzma_rust2::XzWriter::new(Vec::new(), options).expect("sound options");
            encoder.write_all(bytes).expect("memory takes writes");
            encoder.finish().expect("memory takes writes")
        }
        "zstd" | "zst" => {
            ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest)
        }
        "tar" => tar(&[(name, bytes)]),
        "zip" => zip(&[(name, bytes)], zip::CompressionMethod::Deflated),
        "stored-zip" => zip(&[(name, bytes)], zip::CompressionMethod::Stored),
        _ => panic!("bad container {kind}"),
    }
}

/// A tar file of several files.
pub(crate) fn tar(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, name, *bytes).expect("memory takes writes");
    }
    builder.into_inner().expect("memory takes writes")
}

/// A zip file of several files.
pub(crate) fn zip(files: &[(&str, &[u8])], method: zip::CompressionMethod) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default().compression_method(method);
    for (name, bytes) in files {
        writer.start_file(*name, options).expect("memory takes writes");
        writer.write_all(bytes).expect("memory takes writes");
    }
    writer.finish().expect("memory takes writes").into_inner()
}
