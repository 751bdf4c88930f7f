//! The command lines and the environment of the server and the client.

mod support;

use std::fs::File;
use std::process::{Command, Stdio};

use support::{Server, bare_command, finish};

fn client() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chatclient"));
    command.env_clear().stdin(Stdio::null());
    command
}

/// The server with everything that it needs to start, and to be found.
fn server(folder: &tempfile::TempDir) -> Command {
    let mut command = bare_command();
    command.arg("--data").arg(folder.path().join("data")).args(["-l", "127.0.0.1"]);
    command
}

#[test]
fn a_wrong_variable_is_told_by_its_name() {
    for (variable, value, told) in [
        ("CHATSRV_RATE", "bad", "invalid value 'bad' for 'CHATSRV_RATE': invalid digit"),
        ("CHATSRV_REGISTRATION", "perhaps", "invalid value 'perhaps' for 'CHATSRV_REGISTRATION'"),
        ("CHATSRV_PUBLIC_FILES", "perhaps", "invalid value 'perhaps' for 'CHATSRV_PUBLIC_FILES'"),
        ("CHATSRV_TLS_CERT", "cert.pem", "the environment sets CHATSRV_TLS_CERT"),
    ] {
        let mut command = bare_command();
        command.env(variable, value);
        let finished = finish(command);
        assert_eq!(finished.code, Some(64), "{variable}: {}", finished.stderr);
        assert!(finished.stderr.contains(told), "{variable}: {}", finished.stderr);
    }
    let mut command = client();
    command.args(["localhost", "9000", "bob"]).env("CHAT_ACCEPT_FILES", "perhaps");
    let finished = finish(command);
    assert_eq!(finished.code, Some(64), "{}", finished.stderr);
    assert!(finished.stderr.contains("for 'CHAT_ACCEPT_FILES'"), "{}", finished.stderr);
}

#[test]
fn an_empty_variable_counts_as_one_that_is_not_set() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = server(&folder);
    command.args(["-p", "0"]);
    for variable in ["CHATSRV_RATE", "CHATSRV_HISTORY", "CHATSRV_TLS_CERT", "CHATSRV_PUBLIC_FILES"]
    {
        command.env(variable, "");
    }
    Server::spawn(command, folder, &[]).connect();
    let mut command = client();
    command.args(["localhost", "9000"]).env("CHAT_USER", "").env("CHAT_TLS", "");
    let finished = finish(command);
    assert_eq!(finished.code, Some(64), "{}", finished.stderr);
    assert!(finished.stderr.contains("give the name of the user"), "{}", finished.stderr);
}

#[test]
fn the_command_line_goes_before_a_wrong_variable_and_one_that_contradicts_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = server(&folder);
    command.env("CHATSRV_PORT", "bad").arg("0");
    Server::spawn(command, folder, &[]).connect();

    let folder = tempfile::tempdir().unwrap();
    let mut command = server(&folder);
    command.env("CHATSRV_BACKUP", folder.path().join("copy")).arg("--check");
    let finished = finish(command);
    assert_eq!(finished.code, Some(74), "there is no store to check: {}", finished.stderr);
    assert!(!folder.path().join("copy").exists());
}

#[test]
fn a_variable_that_is_no_option_is_warned_of() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = server(&folder);
    command.args(["-p", "0"]).env("CHATSRV_SEND_QUEU", "1MiB");
    let server = Server::spawn(command, folder, &[]);
    server.log().wait_for("event=unknown-variable name=\"CHATSRV_SEND_QUEU\"…");
}

#[test]
fn what_can_not_be_written_to_standard_output_is_told() {
    let folder = tempfile::tempdir().unwrap();
    Server::spawn(
        {
            let mut command = server(&folder);
            command.args(["-p", "0"]);
            command
        },
        tempfile::tempdir().unwrap(),
        &[],
    );
    let check = {
        let mut command = server(&folder);
        command.arg("--check");
        command
    };
    let mut commands = vec![check];
    for words in [&["--help"][..], &["--version"], &["--completions", "bash"]] {
        for mut command in [bare_command(), client()] {
            command.args(words);
            commands.push(command);
        }
    }
    for mut command in commands {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let output = command.stdout(full).stderr(Stdio::piped()).output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(74), "{command:?}: {told}");
        assert!(told.contains("cannot write to standard output"), "{command:?}: {told}");
    }
}
