//! `make install`.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

/// Every file and folder below `folder`, with its rights.
fn rights(folder: &Path, found: &mut Vec<(String, u32)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o7777;
        found.push((path.display().to_string(), mode));
        if path.is_dir() {
            rights(&path, found);
        }
    }
}

#[test]
fn what_is_installed_can_be_read_by_everyone_whatever_the_umask_is() {
    let root = tempfile::tempdir().unwrap();
    let built = Path::new(env!("CARGO_BIN_EXE_chatsrv")).parent().unwrap();
    let make = "umask 077 && exec make install PROGRAMS='chatsrv chatclient' BUILT=\"$0\" \
                DESTDIR=\"$1\"";
    let output = Command::new("/bin/sh")
        .args(["-c", make])
        .args([built, root.path()])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut found = Vec::new();
    rights(root.path(), &mut found);
    for (name, mode) in &found {
        let is_program = name.contains("/bin/") || Path::new(name).is_dir();
        assert_eq!(*mode, if is_program { 0o755 } else { 0o644 }, "{name}");
    }
    for name in ["/bin/chatclient", "completions/chatsrv", "/_chatsrv", "/chatsrv.fish"] {
        assert!(found.iter().any(|(path, _)| path.ends_with(name)), "{name} is missing");
    }
    assert!(found.iter().any(|(path, _)| path.ends_with("man8/chatsrv.8")), "{found:?}");
}
