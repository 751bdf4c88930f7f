//! What all programs do with a command line, whatever it asks for.

use std::io::Write;
use std::process::{Command, Output, Stdio};

const PROGRAMS: [&str; 2] = [env!("CARGO_BIN_EXE_chatsrv"), env!("CARGO_BIN_EXE_chatclient")];

fn run(program: &str, words: &[&str]) -> Output {
    Command::new(program).args(words).stdin(Stdio::null()).output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[test]
fn help_and_version_go_to_standard_output() {
    for program in PROGRAMS {
        for (option, expected) in [
            ("--help", "Usage: "),
            ("-h", "Usage: "),
            ("--version", env!("CARGO_PKG_VERSION")),
            ("-V", env!("CARGO_PKG_VERSION")),
        ] {
            let output = run(program, &[option]);
            assert_eq!(output.status.code(), Some(0), "{program} {option}");
            assert!(text(&output.stdout).contains(expected), "{program} {option}: {output:?}");
            assert_eq!(text(&output.stderr), "", "{program} {option}");
        }
    }
}

#[test]
fn a_usage_error_goes_to_standard_error_and_is_64() {
    for program in PROGRAMS {
        let output = run(program, &["--nonsense"]);
        assert_eq!(output.status.code(), Some(64), "{program}");
        assert!(text(&output.stderr).contains("--nonsense"), "{program}: {output:?}");
        assert_eq!(text(&output.stdout), "", "{program}");
    }
}

#[test]
fn completions_are_scripts_that_a_shell_can_read() {
    for program in PROGRAMS {
        for shell in ["bash", "zsh", "fish"] {
            let output = run(program, &["--completions", shell]);
            assert_eq!(output.status.code(), Some(0), "{program} {shell}");
            assert!(text(&output.stdout).contains("version"), "{program} {shell}");
        }
        let script = run(program, &["--completions", "bash"]).stdout;
        let mut bash = Command::new("bash").arg("-n").stdin(Stdio::piped()).spawn().unwrap();
        bash.stdin.take().unwrap().write_all(&script).unwrap();
        assert!(bash.wait().unwrap().success(), "{program}");
    }
}
