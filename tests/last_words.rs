//! What a program says before it ends, behind what it has logged: a test with a process, and a
//! standard error, of its own.

use std::io::{self, Read};
use std::thread;

use log::LevelFilter;

#[test]
fn a_panic_is_told_behind_what_was_logged() {
    let (mut reader, writer) = io::pipe().unwrap();
    let before = rustix::io::dup(io::stderr()).unwrap();
    rustix::stdio::dup2_stderr(writer).unwrap();
    let log = chatsrv::log::start(LevelFilter::Info).unwrap();
    for number in 0..100 {
        log::info!("event=before number={number}");
    }
    let worker = thread::Builder::new().name("worker".to_owned());
    let ended = worker.spawn(|| panic!("all is\n{}", "lost")).unwrap().join();
    log::error!("event=after");
    drop(log);
    rustix::stdio::dup2_stderr(before).unwrap();

    assert!(ended.is_err());
    let mut text = String::new();
    reader.read_to_string(&mut text).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert!(
        lines.iter().take(100).enumerate().all(|(number, line)| {
            line.ends_with(&format!(" info  event=before number={number}"))
        })
    );
    assert!(
        lines[100].contains(" error thread 'worker' panicked at tests/last_words.rs:"),
        "{text}"
    );
    assert!(lines[100].ends_with(" all is lost"), "{text}");
    assert!(lines.last().is_some_and(|line| line.ends_with(" error event=after")), "{text}");
}
