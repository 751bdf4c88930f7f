//! Runs loadtest and reads its report.

// Each test program uses only a part of this.
#![allow(dead_code)]

pub mod server;

use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

/// Longer than any run of these tests takes.
pub const DEADLINE: Duration = Duration::from_secs(120);

/// Starts loadtest with these arguments.
pub fn start(words: &[&str]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_loadtest"));
    let command = command.args(words).stdin(Stdio::null()).stdout(Stdio::piped());
    command.stderr(Stdio::piped()).spawn().unwrap()
}

/// Waits until it ends, or kills it at the deadline.
pub fn finish(child: Child) -> Output {
    let pid = Pid::from_child(&child);
    let (sender, output) = mpsc::channel();
    thread::spawn(move || sender.send(child.wait_with_output()));
    output.recv_timeout(DEADLINE).map(Result::unwrap).unwrap_or_else(|_| {
        kill_process(pid, Signal::KILL).unwrap();
        panic!("loadtest did not end");
    })
}

/// Runs loadtest with these arguments, until the deadline.
pub fn loadtest(words: &[&str]) -> Output {
    finish(start(words))
}

/// The output of loadtest, for the message of a failed test.
pub fn said(output: &Output) -> String {
    let [out, err] = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes));
    format!("exit {:?}\n{out}{err}", output.status.code())
}

/// Builds the chatsrv beside loadtest from these sources.
pub fn build_server() {
    let program = Path::new(env!("CARGO_BIN_EXE_loadtest"));
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--locked", "--package", "chatsrv", "--bin", "chatsrv"]);
    cargo.current_dir(env!("CARGO_MANIFEST_DIR"));
    cargo.arg("--target-dir").arg(program.ancestors().nth(2).unwrap());
    // The folder has the name of the profile, except for the default one.
    let profile = program.parent().and_then(Path::file_name).unwrap();
    if profile != "debug" {
        cargo.arg("--profile").arg(profile);
    }
    assert!(cargo.status().unwrap().success(), "chatsrv was not built");
}
