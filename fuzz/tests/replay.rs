//! Replays every input that is kept.

use std::fs;
use std::path::{Path, PathBuf};

use chatsrv_fuzz::TARGETS;

/// The largest corpus of a target. Every `cargo test` runs it, and people read it.
const CORPUS_FILES_MAX: usize = 300;
const CORPUS_BYTES_MAX: usize = 200 * 1024;

/// The files of a folder beside this package's manifest, in the order of their names.
fn files(folder: &str, target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder).join(target);
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let read = |path: PathBuf| {
        let bytes = fs::read(&path).unwrap();
        (path, bytes)
    };
    paths.into_iter().map(read).collect()
}

#[test]
fn every_input_that_is_kept_holds() {
    for target in TARGETS {
        let inputs = [files("corpus", target.name), files("regressions", target.name)].concat();
        assert!(inputs.len() > 10, "{}: hardly anything is kept", target.name);
        for (path, input) in inputs {
            // The output is shown if the test fails; its last line is the file with the input.
            println!("{}", path.display());
            (target.run)(&input);
        }
    }
}

#[test]
fn the_corpora_are_small() {
    for target in TARGETS {
        let inputs = files("corpus", target.name);
        let bytes: usize = inputs.iter().map(|(_, input)| input.len()).sum();
        assert!(inputs.len() <= CORPUS_FILES_MAX, "{}: {} files", target.name, inputs.len());
        assert!(bytes <= CORPUS_BYTES_MAX, "{}: {bytes} bytes", target.name);
    }
}
